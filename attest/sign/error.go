package sign

import (
	"errors"
	"fmt"
)

// Code is the stable word for why nothing was signed.
type Code string

// The codes of an Error.
const (
	NoToken      Code = "no-token"      // nothing says who signs
	BadToken     Code = "bad-token"     // not an identity token
	TokenExpired Code = "token-expired" // the token was good until a while ago
	BadConfig    Code = "bad-config"    // the signing configuration does not read as one
	NoService    Code = "no-service"    // the configuration names no service that can be used now
	NoRoot       Code = "no-root"       // nothing to verify against what is signed
	BadAnswer    Code = "bad-answer"    // a service answers something else than what it is there for
	NotVerified  Code = "not-verified"  // what was signed does not verify under the trust root
	BadStatement Code = "bad-statement" // not an in-toto statement in canonical form
	BadPlugin    Code = "bad-plugin"    // the program of the key management service does not do its part
	BadKeyName   Code = "bad-key-name"  // not the name of a key in a key management service
	NotGranted   Code = "not-granted"   // the person did not grant what was asked for
	Unsupported  Code = "unsupported"   // a kind of key or content that the services cannot log
)

// Error says why nothing was signed. Its text holds no secret.
type Error struct {
	Code   Code
	What   string
	Advice string // what a person can do, or ""
	Err    error  // what lies beneath, or nil
}

// Error says what happened.
func (e *Error) Error() string {
	if e.Err != nil {
		return e.What + ": " + e.Err.Error()
	}
	return e.What
}

// Unwrap gives the cause.
func (e *Error) Unwrap() error { return e.Err }

// Hint tells a person what to do about it.
func (e *Error) Hint() string {
	var beneath interface{ Hint() string }
	if e.Advice == "" && errors.As(e.Err, &beneath) {
		return beneath.Hint()
	}
	return e.Advice
}

// CodeOf is the code of an Error, or "".
func CodeOf(err error) Code {
	if e, ok := errors.AsType[*Error](err); ok {
		return e.Code
	}
	return ""
}

func refuse(code Code, format string, args ...any) *Error {
	return &Error{Code: code, What: fmt.Sprintf(format, args...)}
}

func (e *Error) hint(text string) *Error {
	e.Advice = text
	return e
}

func (e *Error) because(err error) *Error {
	e.Err = err
	return e
}
