package engine_test

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"runtime"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/proffer-audit/proffer/audit/engine"
	"github.com/proffer-audit/proffer/audit/evidence"
)

// clock goes one second on whenever it is asked.
func clock() func() time.Time {
	var n atomic.Int64
	return func() time.Time { return time.Unix(n.Add(1), 0) }
}

// memoryCache is a Cache without files.
type memoryCache struct {
	mu      sync.Mutex
	results map[evidence.Digest]engine.Result
	getErr  error
	putErr  error
}

func newMemoryCache() *memoryCache {
	return &memoryCache{results: map[evidence.Digest]engine.Result{}}
}

func (c *memoryCache) Get(key evidence.Digest) (engine.Result, bool, error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	r, ok := c.results[key]
	return r, ok, c.getErr
}

func (c *memoryCache) Put(r engine.Result) error {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.putErr != nil {
		return c.putErr
	}
	c.results[r.Key] = r
	return nil
}

// log is what a plan's steps did, in the order in which they ended.
type log struct {
	mu  sync.Mutex
	ran []string
}

func (l *log) add(id string) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.ran = append(l.ran, id)
}

func (l *log) sorted() []string {
	l.mu.Lock()
	defer l.mu.Unlock()
	return slices.Sorted(slices.Values(l.ran))
}

func (l *log) reset() { l.mu.Lock(); l.ran = nil; l.mu.Unlock() }

// joins is a Func whose one output is its parameters and the content of all that
// it needs.
func (l *log) joins(_ context.Context, in engine.Input) (engine.Output, error) {
	text := string(in.Step.Params)
	for _, id := range slices.Sorted(maps.Keys(in.Needs)) {
		data, err := in.Store.Read(in.Needs[id]["out"].Digest, 0)
		if err != nil {
			return engine.Output{}, err
		}
		text += "(" + string(data) + ")"
	}
	l.add(in.Step.ID)
	return keep(in.Store, "out", text)
}

func keep(store evidence.Writer, name, text string) (engine.Output, error) {
	d, err := store.PutBytes([]byte(text))
	return engine.Output{Outputs: []evidence.Descriptor{{Name: name, MediaType: "text/plain", Digest: d, Size: int64(len(text))}}}, err
}

func step(id string, run engine.Func, needs ...string) engine.Step {
	return engine.Step{ID: id, Kind: "test", Params: json.RawMessage(fmt.Sprintf("%q", id)), Class: engine.CPU, Needs: needs, Run: run}
}

// diamonds is a plan of n layers of three steps, each needing all of the last.
func diamonds(n int, run engine.Func) []engine.Step {
	classes := []engine.Class{engine.Network, engine.CPU, engine.Rebuild}
	var steps []engine.Step
	var last []string
	for layer := range n {
		var ids []string
		for i, class := range classes {
			s := step(fmt.Sprintf("%02d%c", layer, 'a'+i), run, last...)
			s.Class = class
			steps, ids = append(steps, s), append(ids, s.ID)
		}
		last = ids
	}
	return steps
}

func run(t *testing.T, r *engine.Runner, steps []engine.Step) engine.Outcome {
	t.Helper()
	out, err := r.Run(context.Background(), steps, nil)
	if err != nil {
		t.Fatal(err)
	}
	return out
}

func TestRunAndRunAgain(t *testing.T) {
	var l log
	store, cache := evidence.NewMemory(), newMemoryCache()
	steps := diamonds(4, l.joins)
	r := engine.Local(store, cache, engine.Limits{Network: 2, CPU: 2, Rebuild: 1}, clock())
	first := run(t, r, steps)
	if len(first.Results) != 12 || len(first.Errors) != 0 || len(first.Cached) != 0 || len(first.Took) != 12 || len(l.ran) != 12 {
		t.Fatalf("%d results, errors %v, cached %v, %d ran", len(first.Results), first.Errors, first.Cached, len(l.ran))
	}
	l.reset()
	second := run(t, r, steps)
	if diff := cmp.Diff(first.Results, second.Results); diff != "" || len(second.Cached) != 12 || len(l.ran) != 0 || len(second.Took) != 0 {
		t.Errorf("again: %d cached, ran %v\n%s", len(second.Cached), l.ran, diff)
	}
	// A change runs what it changes, and nothing else: 02b and the last layer.
	steps[7].Version++
	third := run(t, r, steps)
	if got := l.sorted(); !slices.Equal(got, []string{"02b"}) {
		t.Errorf("after a change without effect ran %v", got)
	}
	l.reset()
	steps[7].Params = json.RawMessage(`"new"`)
	run(t, r, steps)
	if got := l.sorted(); !slices.Equal(got, []string{"02b", "03a", "03b", "03c"}) {
		t.Errorf("after a change ran %v", got)
	}
	if len(third.Cached) != 11 {
		t.Errorf("%d cached", len(third.Cached))
	}
}

// TestParallelismDoesNotShow: the results are the same whatever runs at once.
func TestParallelismDoesNotShow(t *testing.T) {
	var want map[string]engine.Result
	for _, n := range []int{0, 1, 2, 16} {
		for range 5 {
			var l log
			jitter := func(ctx context.Context, in engine.Input) (engine.Output, error) {
				for range len(in.Step.ID) * n {
					runtime.Gosched()
				}
				return l.joins(ctx, in)
			}
			out := run(t, engine.Local(evidence.NewMemory(), newMemoryCache(), engine.Limits{n, n, n}, clock()), diamonds(4, jitter))
			if want == nil {
				want = out.Results
			}
			if diff := cmp.Diff(want, out.Results); diff != "" {
				t.Fatalf("%d at once:\n%s", n, diff)
			}
		}
	}
}

func TestLimits(t *testing.T) {
	var running, most [3]atomic.Int32
	classes := []engine.Class{engine.Network, engine.CPU, engine.Rebuild}
	work := func(_ context.Context, in engine.Input) (engine.Output, error) {
		i := slices.Index(classes, in.Step.Class)
		n := running[i].Add(1)
		for {
			m := most[i].Load()
			if n <= m || most[i].CompareAndSwap(m, n) {
				break
			}
		}
		time.Sleep(2 * time.Millisecond)
		running[i].Add(-1)
		return engine.Output{}, nil
	}
	var steps []engine.Step
	for i := range 30 {
		s := step(fmt.Sprint(i), work)
		s.Class = classes[i%3]
		steps = append(steps, s)
	}
	run(t, engine.Local(evidence.NewMemory(), nil, engine.Limits{Network: 4, CPU: 2, Rebuild: -1}, clock()), steps)
	for i, limit := range []int32{4, 2, 1} {
		if m := most[i].Load(); m > limit || m < 1 {
			t.Errorf("%s: %d at once, limit %d", classes[i], m, limit)
		}
	}
	if most[0].Load() < 2 {
		t.Error("nothing ran at once")
	}
}

func TestInputsReachTheFunc(t *testing.T) {
	store := evidence.NewMemory()
	in, err := keep(store, "file", "content")
	if err != nil {
		t.Fatal(err)
	}
	s := step("s", func(_ context.Context, in engine.Input) (engine.Output, error) {
		if in.Inputs["file"].Digest != evidence.Of([]byte("content")) || string(in.Step.Params) != `{"a":1,"b":2}` || in.Events == nil {
			return engine.Output{}, fmt.Errorf("inputs %v, parameters %s", in.Inputs, in.Step.Params)
		}
		return engine.Output{}, nil
	})
	s.Inputs, s.Params = in.Outputs, json.RawMessage(`{ "b":2, "a":1.0 }`)
	out := run(t, engine.Local(store, nil, engine.Limits{}, clock()), []engine.Step{s})
	if out.Errors["s"] != nil || out.Results["s"].Outputs == nil {
		t.Errorf("%v, %+v", out.Errors["s"], out.Results["s"])
	}
}

func TestRefusedPlans(t *testing.T) {
	var l log
	ok := step("ok", l.joins)
	with := func(change func(s *engine.Step)) []engine.Step {
		s := step("bad", l.joins)
		change(&s)
		return []engine.Step{ok, s}
	}
	for name, tc := range map[string]struct {
		steps []engine.Step
		want  string
	}{
		"no id":         {with(func(s *engine.Step) { s.ID = "" }), "no id"},
		"no kind":       {with(func(s *engine.Step) { s.Kind = "" }), "no kind"},
		"no class":      {with(func(s *engine.Step) { s.Class = "" }), "want network, cpu or rebuild"},
		"other class":   {with(func(s *engine.Step) { s.Class = "gpu" }), "gpu"},
		"no Func":       {with(func(s *engine.Step) { s.Run = nil }), "nothing to run"},
		"no observer":   {with(func(s *engine.Step) { s.Run = nil; s.Observe = true }), "nothing to run"},
		"timeout":       {with(func(s *engine.Step) { s.Timeout = -1 }), "timeout"},
		"parameters":    {with(func(s *engine.Step) { s.Params = json.RawMessage("{") }), "parameters"},
		"large number":  {with(func(s *engine.Step) { s.Params = json.RawMessage("9007199254740993") }), "as a string"},
		"input twice":   {with(func(s *engine.Step) { s.Inputs = []evidence.Descriptor{blob("a", "a"), blob("a", "b")} }), "two are named"},
		"input digest":  {with(func(s *engine.Step) { s.Inputs = []evidence.Descriptor{{Name: "a"}} }), "digest"},
		"input size":    {with(func(s *engine.Step) { i := blob("a", "a"); i.Size = -1; s.Inputs = []evidence.Descriptor{i} }), "size"},
		"id twice":      {[]engine.Step{ok, ok}, "two steps"},
		"unknown need":  {with(func(s *engine.Step) { s.Needs = []string{"absent"} }), `"absent"`},
		"need twice":    {with(func(s *engine.Step) { s.Needs = []string{"ok", "ok"} }), "twice"},
		"itself":        {with(func(s *engine.Step) { s.Needs = []string{"bad"} }), "bad → bad"},
		"cycle":         {[]engine.Step{ok, step("a", l.joins, "b", "ok"), step("b", l.joins, "c"), step("c", l.joins, "a")}, "a → b → c → a"},
		"beyond cycles": {[]engine.Step{step("z", l.joins, "a"), step("a", l.joins, "b"), step("b", l.joins, "a")}, "a → b → a"},
	} {
		out, err := engine.Local(evidence.NewMemory(), nil, engine.Limits{}, clock()).Run(context.Background(), tc.steps, nil)
		var pe *engine.PlanError
		if !errors.As(err, &pe) || !strings.Contains(err.Error(), tc.want) || out.Results != nil {
			t.Errorf("%s: %v, want %q", name, err, tc.want)
		}
	}
	if len(l.ran) > 0 {
		t.Errorf("ran: %v", l.ran)
	}
	if out := run(t, engine.Local(evidence.NewMemory(), nil, engine.Limits{}, clock()), nil); len(out.Results)+len(out.Errors) != 0 {
		t.Errorf("an empty plan: %+v", out)
	}
}

// TestEvents: one at a time, in order for each step, and of no other step.
func TestEvents(t *testing.T) {
	var late func(engine.Event)
	tells := func(_ context.Context, in engine.Input) (engine.Output, error) {
		in.Events(engine.Event{Step: "forged", Phase: engine.Done, Note: "half", Bytes: 1, Total: 2})
		in.Events(engine.Event{Record: in.Step.ID})
		late = in.Events
		return engine.Output{}, nil
	}
	fails := func(context.Context, engine.Input) (engine.Output, error) {
		return engine.Output{}, errors.New("no")
	}
	steps := []engine.Step{step("a", tells), step("b", fails, "a"), step("c", tells, "b"), step("d", tells, "c")}
	cache := newMemoryCache()
	for _, want := range []string{
		"a:started a:progress:half:1/2 a:recorded:a a:done:1s b:started b:failed:1s c:skipped d:skipped",
		"a:cached b:started b:failed:1s c:skipped d:skipped",
	} {
		var got []string
		watch := func(e engine.Event) { got = append(got, describe(e)) } // no lock: events come one at a time
		if _, err := engine.Local(evidence.NewMemory(), cache, engine.Limits{4, 4, 4}, clock()).Run(context.Background(), steps, watch); err != nil {
			t.Fatal(err)
		}
		late(engine.Event{Note: "after the end"})
		if s := strings.Join(got, " "); s != want {
			t.Errorf("events:\n%s\nwant:\n%s", s, want)
		}
	}
}

func describe(e engine.Event) string {
	switch e.Phase {
	case engine.Started:
		return e.Step + ":started"
	case engine.Progress:
		return fmt.Sprintf("%s:progress:%s:%d/%d", e.Step, e.Note, e.Bytes, e.Total)
	case engine.Recorded:
		return fmt.Sprintf("%s:recorded:%v", e.Step, e.Record)
	case engine.Done:
		if e.Cached {
			return e.Step + ":cached"
		}
		return fmt.Sprintf("%s:done:%v", e.Step, e.Took)
	case engine.Failed:
		return fmt.Sprintf("%s:failed:%v", e.Step, e.Took)
	case engine.Skipped:
		return e.Step + ":skipped"
	}
	return "unknown phase"
}

func TestEventsOfManyStepsAreSerial(t *testing.T) {
	chatty := func(_ context.Context, in engine.Input) (engine.Output, error) {
		var wg sync.WaitGroup
		for range 4 {
			wg.Go(func() { in.Events(engine.Event{Note: "x"}) })
		}
		wg.Wait()
		return engine.Output{}, nil
	}
	var steps []engine.Step
	for i := range 20 {
		steps = append(steps, step(fmt.Sprint(i), chatty))
	}
	n := 0
	if _, err := engine.Local(evidence.NewMemory(), nil, engine.Limits{8, 8, 8}, clock()).Run(context.Background(), steps, func(engine.Event) { n++ }); err != nil {
		t.Fatal(err)
	}
	if n != 20*6 {
		t.Errorf("%d events", n)
	}
}
