package engine

import (
	"context"
	"fmt"
	"maps"
	"sync"
	"time"

	"github.com/proffer-audit/proffer/audit/evidence"
)

// Limits is how many steps of a class run at once; less than one is one.
type Limits struct{ Network, CPU, Rebuild int }

// A Runner runs plans in this process.
type Runner struct {
	store    evidence.ReadWriter
	cache    Cache // nil: nothing is remembered
	limits   Limits
	now      func() time.Time
	observed map[string]Result // nil: steps observe for themselves
}

// Local is a Runner over a store and a step cache, which may be nil. The clock
// now is asked from several goroutines; it measures how long steps take and has
// no part in a result.
func Local(store evidence.ReadWriter, cache Cache, lim Limits, now func() time.Time) *Runner {
	return &Runner{store: store, cache: cache, limits: lim, now: now}
}

// WithObservations is a Runner that replays: a step that observes never runs,
// but has the result that stands under its id here, provided it was made under
// the same key and the store has its outputs. Otherwise its error is a
// *ReplayError. Other steps run as ever.
func (r *Runner) WithObservations(observed map[string]Result) *Runner {
	replay := *r
	replay.observed = maps.Clone(observed)
	if replay.observed == nil {
		replay.observed = map[string]Result{}
	}
	return &replay
}

// Outcome is what a run came to. Every step of the plan is in Results or in
// Errors; which, and with what, does not depend on how many run at once.
type Outcome struct {
	Results map[string]Result        // by step id
	Errors  map[string]error         // *StepError or *SkippedError
	Cached  map[string]bool          // results that were remembered
	Took    map[string]time.Duration // of the steps that ran, from their start
}

// Run runs a plan to its end: every step whose needs have results, as many at
// once as the limits allow. A step that was done before, under the same key and
// with its outputs still in the store, is not run again, so that a run that was
// ended is resumed by running the plan again.
//
// The error is a *PlanError if the plan is refused, before anything runs, or the
// context's if that ended; steps that fail are in the Outcome. Run returns when
// every Func has returned. The events go to watch, which may be nil, one at a
// time and in order for each step: Started (steps that run, not those remembered
// or replayed), Progress and Recorded, then Done or Failed; or Skipped alone.
// Watch must not block for long, nor call a Func's Events.
func (r *Runner) Run(ctx context.Context, steps []Step, watch func(Event)) (Outcome, error) {
	plan, err := prepare(steps, r.observed != nil)
	if err != nil {
		return Outcome{}, err
	}
	w := newWalk(r, plan, watch)
	for w.start(ctx); w.running > 0; w.start(ctx) {
		w.settle(<-w.finished)
	}
	if err := ctx.Err(); err != nil && len(w.out.Errors) > 0 {
		return w.out, fmt.Errorf("the run was ended: %w", context.Cause(ctx))
	}
	return w.out, nil
}

// walk is one run. Only Run's goroutine touches it, except where it says so.
type walk struct {
	*Runner
	steps    []Step
	out      Outcome
	started  map[string]bool
	flying   map[evidence.Digest]bool // keys that are being worked on
	running  int                      // steps that have been started and not settled
	finished chan finish
	slots    map[Class]chan struct{} // shared: one token for each step that may run
	watch    serial                  // shared
}

// finish is what became of one step.
type finish struct {
	id     string
	key    evidence.Digest
	result Result
	err    error
	cached bool
	ran    bool
	took   time.Duration
}

func newWalk(r *Runner, steps []Step, watch func(Event)) *walk {
	slots := func(n int) chan struct{} { return make(chan struct{}, max(n, 1)) }
	return &walk{
		Runner: r, steps: steps,
		out: Outcome{
			Results: map[string]Result{}, Errors: map[string]error{},
			Cached: map[string]bool{}, Took: map[string]time.Duration{},
		},
		started: map[string]bool{}, flying: map[evidence.Digest]bool{},
		finished: make(chan finish),
		slots:    map[Class]chan struct{}{Network: slots(r.limits.Network), CPU: slots(r.limits.CPU), Rebuild: slots(r.limits.Rebuild)},
		watch:    serial{mu: new(sync.Mutex), to: watch},
	}
}

// start begins every step that can begin now, and skips those that never will.
// A step whose key is being worked on waits for that: then it is remembered.
func (w *walk) start(ctx context.Context) {
	ready := map[string]bool{}
	for _, id := range Ready(w.steps, w.out.Results) {
		ready[id] = true
	}
	for _, s := range w.steps {
		if !ready[s.ID] || w.started[s.ID] {
			continue
		}
		key, err := Key(s, w.out.Results)
		if err == nil && w.flying[key] {
			continue
		}
		w.started[s.ID] = true
		w.running++
		job := w.job(s, key)
		if err == nil {
			w.flying[key] = true
			go func() { w.finished <- job.do(ctx) }()
			continue
		}
		go func() { w.finished <- job.failed(err) }()
	}
	for w.skip() {
	}
}

// skip settles the steps whose needs are all settled, and not all with results.
// It waits for all of them so that the need that it names is always the same.
func (w *walk) skip() bool {
	skipped := false
	for _, s := range w.steps {
		if w.settled(s.ID) {
			continue
		}
		failed, all := "", true
		for _, need := range s.Needs {
			all = all && w.settled(need)
			if failed == "" && w.out.Errors[need] != nil {
				failed = need
			}
		}
		if failed == "" || !all {
			continue
		}
		err := &SkippedError{Step: s.ID, Need: failed, Err: w.out.Errors[failed]}
		w.out.Errors[s.ID] = err
		w.watch.send(Event{Step: s.ID, Phase: Skipped, Err: err})
		skipped = true
	}
	return skipped
}

func (w *walk) settled(id string) bool {
	_, ok := w.out.Results[id]
	return ok || w.out.Errors[id] != nil
}

func (w *walk) settle(f finish) {
	w.running--
	delete(w.flying, f.key)
	if f.ran {
		w.out.Took[f.id] = f.took
	}
	if f.err != nil {
		w.out.Errors[f.id] = f.err
		return
	}
	w.out.Results[f.id] = f.result
	if f.cached {
		w.out.Cached[f.id] = true
	}
}

// serial passes events on one at a time. It is shared between goroutines.
type serial struct {
	mu *sync.Mutex
	to func(Event)
}

func (s serial) send(e Event) {
	if s.to == nil {
		return
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	s.to(e)
}
