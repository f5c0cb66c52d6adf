//go:build !linux

package sandbox

import (
	"context"
	"errors"
	"runtime"
)

func open(context.Context, Options) (*Sandbox, error) {
	err := errors.New("there is no sandbox for " + runtime.GOOS)
	return nil, &UnavailableError{
		Refusals: []Refusal{{Tier: Namespaces, Stage: "start", Err: err}, {Tier: Landlock, Stage: "start", Err: err}},
		Hint:     "run this command on Linux (a virtual machine will do); what executes nothing of the vendor's works here",
	}
}

func confined() error { return errors.New("there is no sandbox for " + runtime.GOOS) }

func child(map[string]Worker) (int, bool) { return 0, false }
