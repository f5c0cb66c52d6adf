package engine_test

import (
	"context"
	"errors"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/proffer-audit/proffer/audit/engine"
	"github.com/proffer-audit/proffer/audit/evidence"
)

// observation is a plan of one step that looks at the world and one that thinks.
func observation(l *log) []engine.Step {
	steps := []engine.Step{step("fetch", l.joins), step("think", l.joins, "fetch")}
	steps[0].Observe, steps[0].Class = true, engine.Network
	return steps
}

func TestReplay(t *testing.T) {
	var l log
	dossier := evidence.NewMemory()
	first := run(t, engine.Local(dossier, nil, engine.Limits{}, clock()), observation(&l))
	if !first.Results["fetch"].Observe {
		t.Fatal("the observation is not marked as one")
	}
	l.reset()
	steps := observation(&l)
	steps[0].Run = nil // there is nothing to observe with
	top := evidence.NewMemory()
	cache := newMemoryCache()
	r := engine.Local(evidence.NewOverlay(dossier, top), cache, engine.Limits{}, clock()).
		WithObservations(map[string]engine.Result{"fetch": first.Results["fetch"]})
	second := run(t, r, steps)
	if diff := cmp.Diff(first.Results, second.Results); diff != "" || len(second.Errors) > 0 {
		t.Errorf("%v\n%s", second.Errors, diff)
	}
	if got := l.sorted(); !slices.Equal(got, []string{"think"}) {
		t.Errorf("ran %v", got)
	}
	if len(cache.results) != 1 {
		t.Errorf("%d remembered: an observation that was replayed must not be", len(cache.results))
	}
}

func TestReplayRefusals(t *testing.T) {
	var l log
	dossier := evidence.NewMemory()
	good := run(t, engine.Local(dossier, nil, engine.Limits{}, clock()), observation(&l)).Results["fetch"]
	with := func(change func(r *engine.Result)) map[string]engine.Result {
		r := good
		r.Outputs = slices.Clone(good.Outputs)
		change(&r)
		return map[string]engine.Result{"fetch": r}
	}
	for name, tc := range map[string]struct {
		obs  map[string]engine.Result
		code string
	}{
		"none":            {nil, engine.NotRecorded},
		"of another step": {map[string]engine.Result{"other": good}, engine.NotRecorded},
		"other key":       {with(func(r *engine.Result) { r.Key = evidence.Of(nil) }), engine.OtherInputs},
		"other kind":      {with(func(r *engine.Result) { r.Kind = "other" }), engine.OtherInputs},
		"no observation":  {with(func(r *engine.Result) { r.Observe = false }), engine.OtherInputs},
		"no evidence":     {with(func(r *engine.Result) { r.Outputs[0].Digest = evidence.Of([]byte("absent")) }), engine.MissingEvidence},
		"other size":      {with(func(r *engine.Result) { r.Outputs[0].Size++ }), engine.MissingEvidence},
		"malformed":       {with(func(r *engine.Result) { r.Outputs[0].Name = "" }), engine.MissingEvidence},
	} {
		l.reset()
		// Not even a cache may stand in for the dossier.
		cache := newMemoryCache()
		cache.results[good.Key] = good
		out := run(t, engine.Local(dossier, cache, engine.Limits{}, clock()).WithObservations(tc.obs), observation(&l))
		var re *engine.ReplayError
		if !errors.As(out.Errors["fetch"], &re) || re.Code != tc.code || !strings.HasPrefix(re.Error(), "replay: ") || out.Errors["think"] == nil || len(l.ran) > 0 {
			t.Errorf("%s: %v, ran %v", name, out.Errors, l.ran)
		}
	}
}

// TestCrash ends a run in the middle of each of its steps in turn, as kill -9
// would between two, opens store and cache anew, and runs the plan again: the
// results are those of a run that nothing disturbed, and no step that was
// finished is repeated.
func TestCrash(t *testing.T) {
	var l log
	plan := func(f engine.Func) []engine.Step { return diamonds(3, f) }
	want := run(t, engine.Local(evidence.NewMemory(), nil, engine.Limits{}, clock()), plan(l.joins)).Results
	dir := t.TempDir()
	finished := map[string]int{}
	for _, victim := range plan(l.joins) {
		if finished[victim.ID] > 0 {
			continue // done beside another that was ended
		}
		out, err := crashing(t, dir, victim.ID, &l)
		if err == nil || len(out.Results) == len(want) {
			t.Fatalf("%s: the run was not ended: %v", victim.ID, err)
		}
		count(finished, out)
	}
	out, err := crashing(t, dir, "nobody", &l)
	if err != nil {
		t.Fatal(err)
	}
	count(finished, out)
	if diff := cmp.Diff(want, out.Results); diff != "" {
		t.Error(diff)
	}
	for id := range want {
		if finished[id] != 1 {
			t.Errorf("step %s was finished %d times", id, finished[id])
		}
	}
	if left, err := filepath.Glob(filepath.Join(dir, "steps", "*", "*"+evidence.TempSuffix)); err != nil || len(left) > 0 {
		t.Errorf("left over: %v, %v", left, err)
	}
}

// count counts the steps that ran to a result.
func count(finished map[string]int, out engine.Outcome) {
	for id := range out.Results {
		if !out.Cached[id] {
			finished[id]++
		}
	}
}

// crashing runs the plan in a process of its own, so to say, that ends when the
// victim is at work.
func crashing(t *testing.T, dir, victim string, l *log) (engine.Outcome, error) {
	t.Helper()
	store, err := evidence.OpenStore(filepath.Join(dir, "store"))
	if err != nil {
		t.Fatal(err)
	}
	defer store.Close()
	ctx, cancel := context.WithCancel(context.Background())
	defer cancel()
	work := func(ctx context.Context, in engine.Input) (engine.Output, error) {
		if in.Step.ID == victim {
			if _, err := in.Store.PutBytes([]byte("half of it")); err != nil {
				return engine.Output{}, err
			}
			cancel()
			<-ctx.Done()
			return engine.Output{}, ctx.Err()
		}
		return l.joins(ctx, in)
	}
	r := engine.Local(store, openCache(t, filepath.Join(dir, "steps")), engine.Limits{Network: 2, CPU: 2, Rebuild: 2}, clock())
	out, err := r.Run(ctx, diamonds(3, work), nil)
	for id, err := range out.Errors {
		if !strings.Contains(err.Error(), context.Canceled.Error()) {
			t.Errorf("%s: %v", id, err)
		}
	}
	return out, err
}
