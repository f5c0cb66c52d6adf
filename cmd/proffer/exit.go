package main

import (
	"errors"
	"fmt"

	"github.com/proffer-audit/proffer/reports"
	"github.com/proffer-audit/proffer/reports/safetext"
)

// The exit codes, which scripts rely on. When several hold, the one that stands
// first in precedence counts.
const (
	exitDone        = 0
	exitNotMet      = 1
	exitInvalid     = 2
	exitIncomplete  = 3
	exitRefused     = 4
	exitNotIsolated = 5
)

// results are the words that `--json` uses for the exit codes.
var results = [...]reports.Result{
	exitDone: reports.Met, exitNotMet: reports.NotMet, exitInvalid: reports.Invalid,
	exitIncomplete: reports.ResultIncomplete, exitRefused: reports.Refused, exitNotIsolated: reports.NotIsolated,
}

// precedence orders the exit codes, the one that wins first.
var precedence = [...]int{exitInvalid, exitRefused, exitNotIsolated, exitNotMet, exitIncomplete, exitDone}

// worst picks the exit code that wins.
func worst(codes ...int) int {
	for _, p := range precedence {
		for _, c := range codes {
			if c == p {
				return p
			}
		}
	}
	return exitDone
}

// failure is an error that knows its exit code and what to do about it.
type failure struct {
	exit int
	code string // stable word
	err  error
	hint string
}

func (f *failure) Error() string { return f.err.Error() }
func (f *failure) Unwrap() error { return f.err }

func usage(format string, args ...any) error {
	return &failure{exit: exitInvalid, code: "usage", err: fmt.Errorf(format, args...), hint: "see `proffer help`"}
}

// exitOf classifies any error. An error of nobody's is a failure to read or to
// write: exit 2 says that nothing was decided.
func exitOf(err error) *failure {
	var f *failure
	if errors.As(err, &f) {
		return f
	}
	f = &failure{exit: exitInvalid, code: "failed", err: err}
	classify(err, f)
	return f
}

// message is the error as a person reads it.
func (f *failure) message() string {
	text := "proffer: " + safetext.Of(f.err.Error()).String()
	if f.hint != "" {
		text += "\nhint: " + safetext.Of(f.hint).String()
	}
	return text
}
