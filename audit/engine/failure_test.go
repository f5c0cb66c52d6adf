package engine_test

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"runtime"
	"slices"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/proffer-audit/proffer/audit/engine"
	"github.com/proffer-audit/proffer/audit/evidence"
)

var errNo = errors.New("no")

func fails(context.Context, engine.Input) (engine.Output, error) { return engine.Output{}, errNo }

// TestFailedStep: what needs it is skipped and names it, the rest runs.
func TestFailedStep(t *testing.T) {
	for _, n := range []int{1, 8} {
		var l log
		slow := func(ctx context.Context, in engine.Input) (engine.Output, error) {
			time.Sleep(5 * time.Millisecond)
			return fails(ctx, in)
		}
		steps := []engine.Step{
			step("late", l.joins, "slow", "quick"), step("last", l.joins, "late", "fine"),
			step("slow", slow), step("quick", fails), step("fine", l.joins), step("also", l.joins, "fine"),
		}
		out := run(t, engine.Local(evidence.NewMemory(), newMemoryCache(), engine.Limits{n, n, n}, clock()), steps)
		got := map[string]string{}
		for id, err := range out.Errors {
			got[id] = err.Error()
		}
		want := map[string]string{
			"slow":  "step slow: no",
			"quick": "step quick: no",
			// Of two failed needs, always the first in the step's order.
			"late": "step late was skipped: it needs slow: step slow: no",
			"last": "step last was skipped: it needs late: step late was skipped: it needs slow: step slow: no",
		}
		if diff := cmp.Diff(want, got); diff != "" {
			t.Errorf("%d at once (-want +got):\n%s", n, diff)
		}
		var se *engine.SkippedError
		if !errors.As(out.Errors["late"], &se) || se.Need != "slow" || !errors.Is(se, errNo) {
			t.Errorf("late: %#v", out.Errors["late"])
		}
		if got := l.sorted(); !slices.Equal(got, []string{"also", "fine"}) {
			t.Errorf("ran %v", got)
		}
	}
}

// TestErrorIsNotRemembered: a step without a verdict runs again.
func TestErrorIsNotRemembered(t *testing.T) {
	var calls atomic.Int32
	s := step("s", func(context.Context, engine.Input) (engine.Output, error) {
		if calls.Add(1) == 1 {
			return engine.Output{}, errNo
		}
		return engine.Output{}, nil
	})
	r := engine.Local(evidence.NewMemory(), newMemoryCache(), engine.Limits{}, clock())
	if out := run(t, r, []engine.Step{s}); !errors.Is(out.Errors["s"], errNo) {
		t.Errorf("first: %v", out.Errors)
	}
	if out := run(t, r, []engine.Step{s}); out.Errors["s"] != nil || out.Cached["s"] {
		t.Errorf("second: %v", out.Errors)
	}
	if out := run(t, r, []engine.Step{s}); !out.Cached["s"] || calls.Load() != 2 {
		t.Errorf("third: %v, %d calls", out.Errors, calls.Load())
	}
}

func TestTransientIsNotRemembered(t *testing.T) {
	var calls atomic.Int32
	var l log
	steps := []engine.Step{step("s", func(_ context.Context, in engine.Input) (engine.Output, error) {
		calls.Add(1)
		out, err := keep(in.Store, "out", "nothing obtained")
		out.Transient = true
		return out, err
	}), step("t", l.joins, "s")}
	r := engine.Local(evidence.NewMemory(), newMemoryCache(), engine.Limits{}, clock())
	for i := range 2 {
		out := run(t, r, steps)
		if len(out.Results) != 2 || out.Cached["s"] || out.Cached["t"] != (i == 1) {
			t.Errorf("%+v", out)
		}
	}
	if calls.Load() != 2 || len(l.ran) != 1 {
		t.Errorf("%d calls of the transient step, %d of the next", calls.Load(), len(l.ran))
	}
}

func TestTimeout(t *testing.T) {
	waits := func(ctx context.Context, _ engine.Input) (engine.Output, error) {
		<-ctx.Done()
		return engine.Output{}, ctx.Err()
	}
	late := func(ctx context.Context, in engine.Input) (engine.Output, error) {
		<-ctx.Done()
		return keep(in.Store, "out", "cut short") // and no error
	}
	for name, f := range map[string]engine.Func{"error": waits, "answer that comes late": late} {
		s := step("s", f)
		s.Timeout = time.Millisecond
		cache := newMemoryCache()
		out := run(t, engine.Local(evidence.NewMemory(), cache, engine.Limits{}, clock()), []engine.Step{s})
		var te *engine.TimeoutError
		if !errors.As(out.Errors["s"], &te) || te.Limit != s.Timeout || !te.Timeout() || !strings.Contains(te.Error(), "1ms") || len(cache.results) != 0 {
			t.Errorf("%s: %v, %d remembered", name, out.Errors["s"], len(cache.results))
		}
	}
	// In time, with a limit.
	s := step("s", func(context.Context, engine.Input) (engine.Output, error) { return engine.Output{}, nil })
	s.Timeout = time.Minute
	if out := run(t, engine.Local(evidence.NewMemory(), nil, engine.Limits{}, clock()), []engine.Step{s}); len(out.Errors) > 0 {
		t.Errorf("in time: %v", out.Errors)
	}
}

func TestPanic(t *testing.T) {
	for name, tc := range map[string]struct {
		f    engine.Func
		want string
	}{
		"value": {func(context.Context, engine.Input) (engine.Output, error) { panic("boom") }, "boom"},
		"error": {func(context.Context, engine.Input) (engine.Output, error) { panic(errNo) }, "no"},
		"nil map": {func(context.Context, engine.Input) (engine.Output, error) {
			var m map[string]int
			//lint:ignore SA5000 the panic is what is tested
			m["a"]++
			return engine.Output{}, nil
		}, "nil map"},
		"goroutine": {func(context.Context, engine.Input) (engine.Output, error) {
			runtime.Goexit()
			return engine.Output{}, nil
		}, "goroutine"},
	} {
		var l log
		steps := []engine.Step{step("bad", tc.f), step("next", l.joins, "bad"), step("fine", l.joins)}
		out := run(t, engine.Local(evidence.NewMemory(), newMemoryCache(), engine.Limits{}, clock()), steps)
		var (
			pe *engine.PanicError
			se *engine.StepError
		)
		err := out.Errors["bad"]
		if !errors.As(err, &pe) || !errors.As(err, &se) || se.Step != "bad" || !strings.Contains(err.Error(), tc.want) {
			t.Errorf("%s: %v", name, err)
		}
		if out.Errors["next"] == nil || len(l.ran) != 1 {
			t.Errorf("%s: ran %v", name, l.ran)
		}
	}
}

func TestBadOutputs(t *testing.T) {
	in := func(change func(d *evidence.Descriptor)) engine.Func {
		return func(_ context.Context, in engine.Input) (engine.Output, error) {
			out, err := keep(in.Store, "out", "content")
			change(&out.Outputs[0])
			return out, err
		}
	}
	for name, f := range map[string]engine.Func{
		"not in the store": in(func(d *evidence.Descriptor) { d.Digest = evidence.Of([]byte("other")) }),
		"no name":          in(func(d *evidence.Descriptor) { d.Name = "" }),
		"no digest":        in(func(d *evidence.Descriptor) { d.Digest = "" }),
		"wrong size":       in(func(d *evidence.Descriptor) { d.Size++ }),
		"negative size":    in(func(d *evidence.Descriptor) { d.Size = -1 }),
		"name twice": func(_ context.Context, in engine.Input) (engine.Output, error) {
			out, err := keep(in.Store, "out", "content")
			out.Outputs = append(out.Outputs, out.Outputs[0])
			return out, err
		},
	} {
		cache := newMemoryCache()
		out := run(t, engine.Local(evidence.NewMemory(), cache, engine.Limits{}, clock()), []engine.Step{step("s", f)})
		if err := out.Errors["s"]; err == nil || !strings.Contains(err.Error(), "output") || len(cache.results) != 0 {
			t.Errorf("%s: %v", name, err)
		}
	}
	// Outputs come sorted, whatever their order.
	unsorted := func(_ context.Context, in engine.Input) (engine.Output, error) {
		b, err1 := keep(in.Store, "b", "1")
		a, err2 := keep(in.Store, "a", "2")
		return engine.Output{Outputs: append(b.Outputs, a.Outputs...)}, errors.Join(err1, err2)
	}
	out := run(t, engine.Local(evidence.NewMemory(), nil, engine.Limits{}, clock()), []engine.Step{step("s", unsorted)})
	if o := out.Results["s"].Outputs; len(o) != 2 || o[0].Name != "a" {
		t.Errorf("%v", o)
	}
}

// TestHitNeedsItsOutputs: a remembered step whose evidence is gone runs again.
func TestHitNeedsItsOutputs(t *testing.T) {
	var l log
	cache := newMemoryCache()
	steps := diamonds(2, l.joins)
	first := run(t, engine.Local(evidence.NewMemory(), cache, engine.Limits{}, clock()), steps)
	store := evidence.NewMemory() // empty
	if _, err := store.PutBytes([]byte(`"00a"`)); err != nil {
		t.Fatal(err)
	}
	l.reset()
	second := run(t, engine.Local(store, cache, engine.Limits{}, clock()), steps)
	if diff := cmp.Diff(first.Results, second.Results); diff != "" {
		t.Error(diff)
	}
	if got := l.sorted(); !slices.Equal(got, []string{"00b", "00c", "01a", "01b", "01c"}) {
		t.Errorf("ran %v", got)
	}
}

func TestFailingCache(t *testing.T) {
	errDisk := errors.New("disk")
	for name, cache := range map[string]*memoryCache{"Get": {getErr: errDisk}, "Put": {putErr: errDisk}} {
		out := run(t, engine.Local(evidence.NewMemory(), cache, engine.Limits{}, clock()), []engine.Step{step("s", new(log).joins)})
		if !errors.Is(out.Errors["s"], errDisk) || len(out.Results) != 0 {
			t.Errorf("%s: %v", name, out.Errors)
		}
	}
}

// TestOneKeyTwice: two steps that are the same work do it once.
func TestOneKeyTwice(t *testing.T) {
	var calls atomic.Int32
	work := func(_ context.Context, in engine.Input) (engine.Output, error) {
		calls.Add(1)
		time.Sleep(time.Millisecond)
		return keep(in.Store, "out", "same")
	}
	var steps []engine.Step
	for i := range 6 {
		s := step(fmt.Sprint(i), work)
		s.Params = json.RawMessage(`"same"`)
		steps = append(steps, s)
	}
	out := run(t, engine.Local(evidence.NewMemory(), newMemoryCache(), engine.Limits{8, 8, 8}, clock()), steps)
	if calls.Load() != 1 || len(out.Results) != 6 || len(out.Cached) != 5 {
		t.Errorf("%d calls, %d results, %d cached", calls.Load(), len(out.Results), len(out.Cached))
	}
	for id, r := range out.Results {
		if r.ID != id {
			t.Errorf("the result of %s says %s", id, r.ID)
		}
	}
}

func TestEndedContext(t *testing.T) {
	ctx, cancel := context.WithCancelCause(context.Background())
	why := errors.New("interrupted")
	var l log
	steps := []engine.Step{
		step("a", l.joins),
		step("b", func(ctx context.Context, in engine.Input) (engine.Output, error) {
			cancel(why)
			<-ctx.Done()
			return l.joins(ctx, in) // finished all the same: does not count
		}, "a"),
		step("c", l.joins, "b"), step("d", l.joins, "a"),
	}
	steps[3].Class, steps[1].Class = engine.Rebuild, engine.Rebuild // d waits for b's slot
	cache := newMemoryCache()
	out, err := engine.Local(evidence.NewMemory(), cache, engine.Limits{}, clock()).Run(ctx, steps, nil)
	if !errors.Is(err, why) || len(out.Results)+len(out.Errors) != 4 {
		t.Fatalf("%v, %+v", err, out)
	}
	if out.Errors["b"] == nil || !errors.Is(out.Errors["c"], why) {
		t.Errorf("%v", out.Errors)
	}
	if k := out.Results["a"].Key; cache.results[k].ID != "a" {
		t.Error("what was finished is not remembered")
	}
	for _, r := range cache.results {
		if r.ID == "b" {
			t.Error("what was cut short is remembered")
		}
	}
	out, err = engine.Local(evidence.NewMemory(), cache, engine.Limits{}, clock()).Run(ctx, steps, nil)
	if !errors.Is(err, why) || len(out.Results) != 0 {
		t.Errorf("begun after the end: %v, %+v", err, out)
	}
}
