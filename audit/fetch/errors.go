package fetch

import (
	"errors"
	"fmt"
	"strings"
	"time"

	"github.com/proffer-audit/proffer/reports/safetext"
)

// Code is the stable word for why something was refused or not obtained.
type Code string

// Codes of requests and pins that cannot be used as they stand.
const (
	BadPURL     Code = "bad-purl"     // not a package address this package reads
	BadPin      Code = "bad-pin"      // not a digest this package checks
	BadLocation Code = "bad-location" // not a place this package reads
	BadConfig   Code = "bad-config"   // the reviewer's own registry settings cannot be read
	BadGoSum    Code = "bad-go-sum"   // go.sum does not read as one
)

// Codes of transfers that gave nothing.
const (
	Offline        Code = "offline"         // the network may not be used
	NotAvailable   Code = "not-available"   // this kind of place is not read here
	NotFound       Code = "not-found"       // the place answers that it has no such thing
	Status         Code = "http-status"     // any other answer that is not the content
	Transport      Code = "transport"       // no answer, or one that broke off
	TooLarge       Code = "too-large"       // more bytes than the cap
	RefusedAddress Code = "refused-address" // a private, loopback or special address
	RefusedURL     Code = "refused-url"     // scheme, user name or host not allowed
	Redirects      Code = "redirects"       // too many redirects
	Downgrade      Code = "downgrade"       // a redirect from https to http
	BadRange       Code = "bad-range"       // an answer to a Range request that does not fit it
	BadZip         Code = "bad-zip"         // a module zip that is not one
	Unreadable     Code = "unreadable"      // a local file that cannot be read
	Mismatch       Code = "mismatch"        // the bytes are not the pinned ones
	BadDocument    Code = "bad-document"    // a registry's document does not read as one
)

// Codes of proofs. The first four say why an observation has none.
const (
	ProofDisabled    Code = "proof-disabled"    // GOSUMDB=off, or the module is under GONOSUMDB
	ProofUnavailable Code = "proof-unavailable" // no proxy speaks for the database, or it did not answer
	ProofAbsent      Code = "proof-absent"      // the database does not know the module
	ProofRefused     Code = "proof-refused"     // the database answered, and its answer does not verify
	ProofMissing     Code = "proof-missing"     // the observation carries no proof, or not for this module
	ProofMalformed   Code = "proof-malformed"   // the proof does not read as one, or holds more than it needs
	ProofUnknownLog  Code = "proof-unknown-log" // the log is not one that the policy names
	ProofInvalid     Code = "proof-invalid"     // signature, tile or record do not verify
	ProofMismatch    Code = "proof-mismatch"    // the log proves another digest than the pin
)

// An Error is a refusal or a failed transfer. Its text is safe to show.
type Error struct {
	Code   Code
	Where  string // what it is about: a purl, a location without its secrets
	Detail string
	Hint   string // what a person can do, or ""
	Err    error  // the cause, or nil

	again bool          // worth another attempt at the same place
	after time.Duration // what the server asked to wait, 0 if nothing
}

// Error says where, what and what to do.
func (e *Error) Error() string {
	var b strings.Builder
	if e.Where != "" {
		b.WriteString(safetext.Of(e.Where).String() + ": ")
	}
	b.WriteString(safetext.Of(e.Detail).String())
	if e.Err != nil {
		b.WriteString(": " + safetext.Of(e.Err.Error()).String())
	}
	if e.Hint != "" {
		b.WriteString(" (" + e.Hint + ")")
	}
	return b.String()
}

// Unwrap gives the cause.
func (e *Error) Unwrap() error { return e.Err }

// CodeOf is the code of an error of this package, or "" for any other.
func CodeOf(err error) Code {
	if e, ok := errors.AsType[*Error](err); ok {
		return e.Code
	}
	return ""
}

func refuse(code Code, where, format string, args ...any) *Error {
	return &Error{Code: code, Where: where, Detail: fmt.Sprintf(format, args...)}
}

func (e *Error) hint(format string, args ...any) *Error {
	e.Hint = fmt.Sprintf(format, args...)
	return e
}

func (e *Error) because(err error) *Error {
	e.Err = err
	return e
}

func (e *Error) retry() *Error {
	e.again = true
	return e
}
