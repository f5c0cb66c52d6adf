package attest

import (
	"errors"
	"fmt"
	"strings"

	"github.com/proffer-audit/proffer/attest/bundle"
	"github.com/proffer-audit/proffer/attest/claim"
	"github.com/proffer-audit/proffer/attest/envelope"
	"github.com/proffer-audit/proffer/reports/safetext"
)

// Code is the stable word for why something did not count. Beside the codes here
// it has those of the packages that look at one file, one bundle and one
// statement (envelope.Code, bundle.Code, claim.Code), in their own words.
type Code string

// The codes of an Error and of a Refusal.
const (
	Unreadable         Code = Code(bundle.Unreadable) // not a bundle, or without a statement
	TooLarge           Code = Code(bundle.TooLarge)   // more bytes than MaxFile or MaxBundle
	NotCanonical       Code = "not-canonical"         // not the one form of our own bundles
	BadSignature       Code = Code(bundle.BadSignature)
	UntrustedSigner    Code = Code(bundle.UntrustedSigner) // no key or identity of the policy made it
	UntrustedRoot      Code = Code(bundle.UntrustedRoot)   // a certificate of a root that the policy does not trust
	WrongIdentity      Code = Code(bundle.WrongIdentity)   // a trusted root, another name or issuer
	WrongBuild         Code = "wrong-build"                // the name is right, and the certificate says something else of the build
	UnexpectedMaterial Code = Code(bundle.UncheckableMaterial)
	BadStatement       Code = Code(claim.Bad)              // the payload is not a statement with one reading
	SubjectMismatch    Code = Code(bundle.SubjectMismatch) // speaks of something else, or contradicts itself about it
	PredicateFailed    Code = Code(claim.SaysNo)           // says that something failed
	PredicateRefused   Code = Code(claim.NotThis)          // says nothing that the role is asked for
	RoleNotClaimed     Code = "role-not-claimed"           // trusted in another role than the submission claims
	RoleNotTrusted     Code = "role-not-trusted"           // the policy has no such role
	DuplicatePrincipal Code = "duplicate-principal"        // the same party again
	NotIndependent     Code = "not-independent"            // shares with a counted party what must differ
	BadPolicy          Code = "bad-policy"                 // the policy's role, root or subject cannot be used
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
	return &Error{Code: code, Reason: safetext.Of(fmt.Sprintf(format, args...) + ": " + oneLine(err.Error())), Err: err}
}

func oneLine(text string) string { return strings.ReplaceAll(text, "\nhint: ", "; hint: ") }

// asError finds the *Error, or makes one of the errors of the packages beneath
// under their codes.
func asError(err error) *Error {
	var own *Error
	var ofBundle *bundle.Error
	var ofFile *envelope.Error
	var ofClaim *claim.Error
	switch {
	case errors.As(err, &own):
		return own
	case errors.As(err, &ofBundle):
		return &Error{Code: Code(ofBundle.Code), Reason: ofBundle.Reason, Err: err}
	case errors.As(err, &ofFile):
		text := ofFile.Message
		if ofFile.Hint != "" {
			text += "; hint: " + ofFile.Hint
		}
		return &Error{Code: Code(ofFile.Code), Reason: safetext.Of(oneLine(text)), Err: err}
	case errors.As(err, &ofClaim):
		return &Error{Code: Code(ofClaim.Code), Reason: safetext.Of(oneLine(ofClaim.Error())), Err: err}
	}
	return &Error{Code: Unreadable, Reason: safetext.Of("cannot be verified"), Err: err}
}
