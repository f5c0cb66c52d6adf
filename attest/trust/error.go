package trust

import (
	"errors"
	"fmt"
)

// Code is the stable word for why a key, principal, role or root was refused.
type Code string

// The codes of an Error.
const (
	BadKey           Code = "bad-key"           // not a key in the form that is read
	WeakKey          Code = "weak-key"          // a key of a kind or size that is not trusted
	PassphraseNeeded Code = "passphrase-needed" // the key is encrypted
	WrongPassphrase  Code = "wrong-passphrase"
	BadPrincipal     Code = "bad-principal" // contradicts itself, or lacks something
	WideMatch        Code = "wide-match"    // a pattern that anybody matches
	BadRole          Code = "bad-role"
	BadRoot          Code = "bad-root" // not a trusted_root.json
)

// Error says why something cannot be trusted or used.
type Error struct {
	Code    Code
	Message string
	Hint    string // what to do about it, or ""
	Err     error  // what lies beneath, or nil
}

// Error is the message, and the hint where there is one.
func (e *Error) Error() string {
	if e.Hint == "" {
		return e.Message
	}
	return e.Message + "\nhint: " + e.Hint
}

// Unwrap gives the error beneath.
func (e *Error) Unwrap() error { return e.Err }

func refuse(code Code, format string, args ...any) *Error {
	return &Error{Code: code, Message: fmt.Sprintf(format, args...)}
}

// within says what an *Error is about, and keeps its code and hint.
func within(err error, format string, args ...any) error {
	var e *Error
	if !errors.As(err, &e) {
		return err
	}
	about := fmt.Sprintf(format, args...)
	return &Error{Code: e.Code, Message: about + ": " + e.Message, Hint: e.Hint, Err: e.Err}
}
