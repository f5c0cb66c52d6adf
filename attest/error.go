package attest

import (
	"fmt"
	"strings"

	"github.com/proffer-audit/proffer/reports/safetext"
)

// Code is the stable word for why a bundle was refused.
type Code string

// The codes of an Error and of a Refusal.
const (
	Unreadable         Code = "unreadable"          // not a sigstore bundle around one signed DSSE envelope
	TooLarge           Code = "too-large"           // more bytes than MaxBundle
	NotCanonical       Code = "not-canonical"       // not the one form of our own bundles
	BadSignature       Code = "bad-signature"       // the signature is not that of the key it names
	UntrustedSigner    Code = "untrusted-signer"    // no key or identity of the policy made it
	UntrustedRoot      Code = "untrusted-root"      // a certificate of a root that the policy does not trust
	WrongIdentity      Code = "wrong-identity"      // a trusted root, another name or issuer
	NotLogged          Code = "not-logged"          // log entry, timestamp or certificate timestamp missing or false
	UnexpectedMaterial Code = "unexpected-material" // log entries or timestamps that no root of the policy can check
	BadStatement       Code = "bad-statement"       // the payload is not a statement with one reading
	SubjectMismatch    Code = "subject-mismatch"    // speaks of something else, or contradicts itself about it
	PredicateFailed    Code = "predicate-failed"    // says that something failed
	PredicateRefused   Code = "predicate-refused"   // says nothing that the role is asked for
	RoleNotClaimed     Code = "role-not-claimed"    // trusted in another role than the submission claims
	RoleNotTrusted     Code = "role-not-trusted"    // the policy has no such role
	DuplicatePrincipal Code = "duplicate-principal" // the same party again
	NotIndependent     Code = "not-independent"     // shares organisation or issuer with a counted party
	BadPolicy          Code = "bad-policy"          // the policy's role, root or subject cannot be used
)

// Error says why something was not verified. Its text is safe to show.
type Error struct {
	Code   Code
	Reason safetext.Text
	Err    error // what lies beneath, or nil; its text is not safe
}

// Error is the reason.
func (e *Error) Error() string { return e.Reason.String() }

// Unwrap gives the error beneath.
func (e *Error) Unwrap() error { return e.Err }

func refuse(code Code, format string, args ...any) *Error {
	return &Error{Code: code, Reason: safetext.Sprintf(format, args...)}
}

// refuseFor is refuse with an error of our own beneath; its text ends the reason.
func refuseFor(code Code, err error, format string, args ...any) *Error {
	text := strings.ReplaceAll(err.Error(), "\nhint: ", "; hint: ")
	return &Error{Code: code, Reason: safetext.Of(fmt.Sprintf(format, args...) + ": " + text), Err: err}
}

// refuseBy is refuse with a library's error beneath. Its text stays out of the
// reason, which goes into reports: it may hold local times, and protobuf's
// differs from build to build on purpose.
func refuseBy(code Code, err error, format string, args ...any) *Error {
	return &Error{Code: code, Reason: safetext.Sprintf(format, args...), Err: err}
}
