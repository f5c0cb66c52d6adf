package claim

import "fmt"

// Code is the stable word for why a claim was refused. The words are those of
// package attest for the same refusals.
type Code string

// The codes of an Error.
const (
	Bad     Code = "bad-statement"     // not the predicate that its type promises, or it contradicts itself
	SaysNo  Code = "predicate-failed"  // it says that something failed
	NotThis Code = "predicate-refused" // it says nothing that the role is asked for
)

// Error says why. Words of the signer in it are quoted and capped.
type Error struct {
	Code    Code
	Message string
	Err     error // what lies beneath, or nil
}

// Error is the message.
func (e *Error) Error() string { return e.Message }

// Unwrap gives the error beneath.
func (e *Error) Unwrap() error { return e.Err }

func refuse(code Code, format string, args ...any) *Error {
	return &Error{Code: code, Message: fmt.Sprintf(format, args...)}
}
