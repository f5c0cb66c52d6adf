package main

import (
	"context"
	"errors"
	"io/fs"
	"slices"

	"github.com/proffer-audit/proffer/attest/sign"
	"github.com/proffer-audit/proffer/attest/trust"
	"github.com/proffer-audit/proffer/attest/tuf"
	"github.com/proffer-audit/proffer/attest/wire"
	"github.com/proffer-audit/proffer/audit"
	"github.com/proffer-audit/proffer/audit/decision"
	"github.com/proffer-audit/proffer/audit/fetch"
	"github.com/proffer-audit/proffer/audit/sandbox"
	"github.com/proffer-audit/proffer/audit/strictyaml"
	"github.com/proffer-audit/proffer/reports/safetext"
)

// classify finds the exit code, the stable word and the hint of an error of one
// of the packages below.
func classify(err error, f *failure) {
	var hinted interface{ Hint() string }
	if errors.As(err, &hinted) {
		f.hint = hinted.Hint()
	}
	var yaml *strictyaml.Error
	var refused *audit.VerifyError
	var input *audit.InputError
	var isolation *sandbox.UnavailableError
	var undecided *decision.Error
	var unfetched *tuf.Error
	var unsigned *sign.Error
	var unreached *wire.Error
	var untrusted *trust.Error
	switch {
	case errors.As(err, &yaml):
		f.code, f.hint = string(yaml.Code), yaml.Hint
	case errors.As(err, &refused):
		f.code = refused.Code
		if refused.Code != audit.CodeNotADossier {
			f.exit = exitRefused
		}
	case errors.As(err, &input):
		f.code = input.Code
		if input.Code == audit.CodeOtherVersion {
			f.exit = exitIncomplete
		}
	case errors.As(err, &isolation):
		f.exit, f.code, f.hint = exitNotIsolated, isolation.Code(), isolation.Hint
	case errors.As(err, &undecided):
		f.code = string(undecided.Code)
		if !slices.Contains([]decision.Code{decision.NotADecision, decision.BadDecision, decision.UnknownValue}, undecided.Code) {
			f.exit = exitRefused
		}
	case errors.As(err, &unfetched):
		f.exit, f.code = tufFailure(unfetched), string(unfetched.Code)
	case errors.As(err, &unsigned):
		f.exit, f.code = signFailure(unsigned), string(unsigned.Code)
	case errors.As(err, &unreached):
		f.exit, f.code = exitIncomplete, string(unreached.Code)
	case errors.As(err, &untrusted):
		f.code = string(untrusted.Code) // the hint is in its text
	case fetch.CodeOf(err) != "":
		f.code = string(fetch.CodeOf(err))
	case errors.Is(err, fs.ErrNotExist):
		f.code, f.hint = "unreadable", "name a file that is there"
	case errors.Is(err, context.Canceled):
		f.code, f.hint = "interrupted", "run the same command again: finished steps are not repeated"
	}
}

// text makes any string safe to show.
func text(s string) safetext.Text { return safetext.Of(s) }
