package engine

import (
	"context"
	"encoding/json"
	"time"

	"github.com/proffer-audit/proffer/audit/evidence"
)

// Class says which resource a step occupies while it runs.
type Class string

// The resource classes.
const (
	Network Class = "network"
	CPU     Class = "cpu"
	Rebuild Class = "rebuild"
)

// A Step is one node of a plan.
type Step struct {
	ID      string          // unique in the plan, such as "rebuild/linux-x64"
	Kind    string          // what Func it is, such as "rebuild"
	Version int             // of the step's code: raised when its output changes for the same input
	Tool    string          // digest of rules or tools that its output depends on, or ""
	Params  json.RawMessage // canonicalised for the key
	Needs   []string        // ids of steps whose outputs are inputs
	Inputs  []evidence.Descriptor
	Class   Class
	Timeout time.Duration // 0: none
	// Observe marks a step that looks at the world (a transfer). Its outputs are
	// observations: a replay takes them from the dossier and never repeats them.
	Observe bool
	Run     Func
}

// Func does the work of a step. A negative verdict is an Output like any other;
// an error means that there is no verdict, and is never cached. What it puts out
// may depend only on what the step's key is made of (see Key): not on the step's
// id, class or timeout, the clock or the machine. It must return soon after its
// context ends; what it returns then does not count.
type Func func(ctx context.Context, in Input) (Output, error)

// Input is what a Func may look at.
type Input struct {
	Step   Step
	Inputs map[string]evidence.Descriptor            // by name: the step's own
	Needs  map[string]map[string]evidence.Descriptor // step id, output name
	Store  evidence.ReadWriter
	Events func(Event) // never nil; for progress only
}

// Output is what a Func found.
type Output struct {
	// Outputs have names of their own, in any order, and are in the store.
	Outputs []evidence.Descriptor
	// Transient keeps the output out of the step cache: it holds for this run
	// only (nothing was obtained, a limit was hit).
	Transient bool
}

// Result is an Output with the key it stands under.
type Result struct {
	ID      string                `json:"id"`
	Kind    string                `json:"kind"`
	Key     evidence.Digest       `json:"key"`
	Observe bool                  `json:"observe,omitempty"`
	Outputs []evidence.Descriptor `json:"outputs"` // sorted by name
}

// Event tells a watcher how a run goes. Nothing of it reaches a result.
type Event struct {
	Step   string
	Phase  Phase
	Cached bool          // with Done
	Note   string        // with Progress: what it is doing, already safe to show
	Bytes  int64         // with Progress: transferred so far
	Total  int64         // with Progress: expected, 0 if unknown
	Took   time.Duration // with Done and Failed, by the clock the runner was given
	Err    error         // with Failed
	// Record is a step's note for the run record; its type is the step's.
	Record any
}

// Phase is where a step stands.
type Phase int

// The phases of a step.
const (
	Started Phase = iota
	Progress
	Done
	Failed
	Skipped // a step it needs has failed
	Recorded
)
