package engine

import (
	"context"
	"errors"
	"fmt"
	"runtime/debug"
	"sync"

	"github.com/proffer-audit/proffer/audit/evidence"
)

// job is the work on one step, in a goroutine of its own. It reads nothing of
// the walk that changes while it works.
type job struct {
	*Runner
	step  Step
	key   evidence.Digest
	input Input
	slot  chan struct{}
	watch serial
}

func (w *walk) job(s Step, key evidence.Digest) job {
	in := Input{
		Step: s, Store: w.store,
		Inputs: named(s.Inputs),
		Needs:  make(map[string]map[string]evidence.Descriptor, len(s.Needs)),
	}
	for _, id := range s.Needs {
		in.Needs[id] = named(w.out.Results[id].Outputs)
	}
	return job{Runner: w.Runner, step: s, key: key, input: in, slot: w.slots[s.Class], watch: w.watch}
}

func named(list []evidence.Descriptor) map[string]evidence.Descriptor {
	byName := make(map[string]evidence.Descriptor, len(list))
	for _, d := range list {
		byName[d.Name] = d
	}
	return byName
}

// do comes to the step's result: replayed, remembered, or made.
func (j job) do(ctx context.Context) finish {
	if ctx.Err() != nil {
		return j.failed(context.Cause(ctx))
	}
	if j.step.Observe && j.observed != nil {
		result, err := j.replay()
		if err != nil {
			return j.failed(err)
		}
		return j.done(finish{result: result})
	}
	result, ok, err := j.recall()
	if err != nil {
		return j.failed(err)
	}
	if ok {
		return j.done(finish{result: result, cached: true})
	}
	select {
	case j.slot <- struct{}{}:
		defer func() { <-j.slot }()
		return j.run(ctx)
	case <-ctx.Done():
		return j.failed(context.Cause(ctx))
	}
}

// run runs the step in the slot that it has.
func (j job) run(ctx context.Context) finish {
	j.watch.send(Event{Step: j.step.ID, Phase: Started})
	began := j.now()
	result, err := j.make(ctx)
	f := finish{result: result, ran: true, took: j.now().Sub(began)}
	if err != nil {
		return j.fail(f, err)
	}
	return j.done(f)
}

// make runs the Func, holds its output against the rules, and remembers it.
func (j job) make(ctx context.Context) (Result, error) {
	out, err := j.call(ctx)
	if err != nil {
		return Result{}, err
	}
	result, err := j.result(out.Outputs)
	if err != nil {
		return Result{}, fmt.Errorf("its outputs: %w", err)
	}
	if j.cache != nil && !out.Transient {
		if err := j.cache.Put(result); err != nil {
			return Result{}, fmt.Errorf("to remember its result: %w", err)
		}
	}
	return result, nil
}

// call runs the Func within its time. What it returns after its time, or after
// the end of the run, may be cut short, and is no answer.
func (j job) call(parent context.Context) (Output, error) {
	ctx := parent
	if j.step.Timeout > 0 {
		limited, cancel := context.WithTimeout(parent, j.step.Timeout)
		defer cancel()
		ctx = limited
	}
	out, err := j.guarded(ctx)
	switch {
	case parent.Err() != nil:
		return Output{}, errors.Join(context.Cause(parent), err)
	case ctx.Err() != nil:
		return Output{}, &TimeoutError{Limit: j.step.Timeout, Err: err}
	}
	return out, err
}

// guarded runs the Func in a goroutine, so that neither a panic nor the end of
// the goroutine ends more than the step.
func (j job) guarded(ctx context.Context) (out Output, err error) {
	over := make(chan struct{})
	note, mute := j.notes()
	defer mute()
	err = &PanicError{Value: "the step ended its goroutine"}
	go func() {
		defer close(over)
		defer func() {
			if v := recover(); v != nil {
				err = &PanicError{Value: v, Stack: debug.Stack()}
			}
		}()
		in := j.input
		in.Events = note
		out, err = j.step.Run(ctx, in)
	}()
	<-over
	return out, err
}

// notes is the Events of a Func: it can tell of progress and leave records, of
// its own step, until it returns.
func (j job) notes() (note func(Event), mute func()) {
	var mu sync.Mutex
	muted := false
	note = func(e Event) {
		mu.Lock()
		defer mu.Unlock()
		if muted {
			return
		}
		e.Step = j.step.ID
		if e.Phase != Recorded && e.Record == nil {
			e.Phase = Progress
		} else {
			e.Phase = Recorded
		}
		j.watch.send(e)
	}
	return note, func() {
		mu.Lock()
		defer mu.Unlock()
		muted = true
	}
}

// result makes the step's Result of outputs that stand up to the rules.
func (j job) result(outputs []evidence.Descriptor) (Result, error) {
	sorted, err := normalise(outputs)
	if err != nil {
		return Result{}, err
	}
	if err := held(j.store, sorted); err != nil {
		return Result{}, err
	}
	return Result{ID: j.step.ID, Kind: j.step.Kind, Key: j.key, Observe: j.step.Observe, Outputs: sorted}, nil
}

// recall is the remembered result, if the store still has all of its outputs.
func (j job) recall() (Result, bool, error) {
	if j.cache == nil {
		return Result{}, false, nil
	}
	old, ok, err := j.cache.Get(j.key)
	if err != nil || !ok || old.Kind != j.step.Kind || old.Key != j.key {
		return Result{}, false, err
	}
	result, err := j.result(old.Outputs)
	// What is not whole any more is made again.
	return result, err == nil, nil
}

// replay is the recorded result of a step that observes.
func (j job) replay() (Result, error) {
	old, ok := j.observed[j.step.ID]
	switch {
	case !ok:
		return Result{}, &ReplayError{NotRecorded, "the dossier holds no observation of this step"}
	case old.Key != j.key || old.Kind != j.step.Kind || !old.Observe:
		return Result{}, &ReplayError{OtherInputs, fmt.Sprintf("the observation was made under %s, the step stands under %s", old.Key, j.key)}
	}
	result, err := j.result(old.Outputs)
	if err != nil {
		return Result{}, &ReplayError{MissingEvidence, "the observation's outputs: " + err.Error()}
	}
	return result, nil
}

func (j job) done(f finish) finish {
	f.id, f.key = j.step.ID, j.key
	j.watch.send(Event{Step: f.id, Phase: Done, Cached: f.cached, Took: f.took})
	return f
}

func (j job) failed(err error) finish { return j.fail(finish{}, err) }

func (j job) fail(f finish, err error) finish {
	f.id, f.key = j.step.ID, j.key
	f.err = &StepError{Step: f.id, Err: err}
	j.watch.send(Event{Step: f.id, Phase: Failed, Err: f.err, Took: f.took})
	return f
}
