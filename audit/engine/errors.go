package engine

import (
	"fmt"
	"time"
)

// A PlanError says why a plan is refused. Nothing of it has run.
type PlanError struct {
	Step   string // the id, or "" for the plan as a whole
	Reason string
}

// Error says which step, and why.
func (e *PlanError) Error() string {
	if e.Step == "" {
		return "plan: " + e.Reason
	}
	return fmt.Sprintf("plan: step %q: %s", e.Step, e.Reason)
}

// A StepError says that a step came to no result. Err is what its Func returned,
// or a *TimeoutError, *PanicError or *ReplayError, or the end of the context.
type StepError struct {
	Step string
	Err  error
}

// Error names the step.
func (e *StepError) Error() string { return fmt.Sprintf("step %s: %v", e.Step, e.Err) }

// Unwrap is the cause.
func (e *StepError) Unwrap() error { return e.Err }

// A SkippedError says that a step did not run because one that it needs came to
// no result: of those, the first in the step's own order.
type SkippedError struct {
	Step, Need string
	Err        error // the need's
}

// Error names the step and the need.
func (e *SkippedError) Error() string {
	return fmt.Sprintf("step %s was skipped: it needs %s: %v", e.Step, e.Need, e.Err)
}

// Unwrap is the need's error.
func (e *SkippedError) Unwrap() error { return e.Err }

// A TimeoutError says that a step took longer than it may.
type TimeoutError struct {
	Limit time.Duration
	Err   error // what the Func returned, or nil: an answer that came late is none
}

// Error says how long it was allowed to take.
func (e *TimeoutError) Error() string {
	return fmt.Sprintf("not done within %v", e.Limit)
}

// Unwrap is what the Func returned.
func (e *TimeoutError) Unwrap() error { return e.Err }

// Timeout is true, as for the errors of package net.
func (e *TimeoutError) Timeout() bool { return true }

// A PanicError says that a Func panicked, or ended its goroutine.
type PanicError struct {
	Value any    // what it panicked with
	Stack []byte // where
}

// Error says with what; the stack is for whoever asks for it.
func (e *PanicError) Error() string { return fmt.Sprintf("panic: %v", e.Value) }

// The codes of a ReplayError.
const (
	NotRecorded     = "not-recorded"     // the dossier has no such observation
	OtherInputs     = "other-inputs"     // it was made from other inputs than the replay's
	MissingEvidence = "missing-evidence" // its outputs are malformed or not in the dossier
)

// A ReplayError says why a recorded observation cannot stand for a step.
type ReplayError struct {
	Code   string
	Reason string
}

// Error says why.
func (e *ReplayError) Error() string { return "replay: " + e.Reason }
