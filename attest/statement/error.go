package statement

import "fmt"

// Code is the stable word for why a statement was refused.
type Code string

// The codes of an Error.
const (
	BadJSON          Code = "bad-json"           // no single reading; wraps a *strictjson.Error
	BadType          Code = "bad-type"           // _type is not that of a statement
	BadPredicateType Code = "bad-predicate-type" // absent, or not a URI
	BadPredicate     Code = "bad-predicate"      // not an object
	BadSubject       Code = "bad-subject"        // none, too many, or without a digest
	BadDigest        Code = "bad-digest"         // wrong length, not lower-case hexadecimal, misspelt algorithm
	NoMatch          Code = "no-match"           // no subject is the artifact
	DigestConflict   Code = "digest-conflict"    // one digest agrees, another of the same subject does not
)

// Error says why a statement was refused. Its text is safe to show.
type Error struct {
	Code    Code
	Message string
	Err     error // what lies beneath, or nil
}

// Error reads "statement: …".
func (e *Error) Error() string { return "statement: " + e.Message }

// Unwrap gives the error beneath.
func (e *Error) Unwrap() error { return e.Err }

func refuse(code Code, format string, args ...any) *Error {
	return &Error{Code: code, Message: fmt.Sprintf(format, args...)}
}
