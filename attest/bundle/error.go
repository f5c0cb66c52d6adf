package bundle

import (
	"fmt"
	"strings"

	"github.com/proffer-audit/proffer/reports/safetext"
)

// Code is the stable word for why a bundle was refused.
type Code string

// The codes of what a bundle is.
const (
	Unreadable     Code = "unreadable"      // not JSON with one reading, or not a bundle's
	TooLarge       Code = "too-large"       // more bytes, entries or timestamps than the limit
	UnknownVersion Code = "unknown-version" // a media type other than those of v0.1 to v0.3
	BadCertificate Code = "bad-certificate" // not an X.509 certificate of one signer
)

// The codes of who signed what.
const (
	BadSignature    Code = "bad-signature"           // not the signature of this key over this
	UntrustedSigner Code = "untrusted-signer"        // a key where a certificate is due, or the reverse
	WrongIdentity   Code = "wrong-identity"          // a trusted root, another name or issuer
	ArtifactNeeded  Code = "artifact-needed"         // a message signature, and nothing to hold it against
	DigestMismatch  Code = "message-digest-mismatch" // the digest that the bundle names is not the artifact's
	BadStatement    Code = "bad-statement"           // the payload is not a statement with one reading
	SubjectMismatch Code = "subject-mismatch"        // the statement is about something else
)

// The codes of a certificate.
const (
	UntrustedRoot         Code = "untrusted-root"            // no authority of the root issued it
	WrongUsage            Code = "wrong-key-usage"           // not issued for code signing
	CertificateExpired    Code = "certificate-expired"       // an observer saw the signature after its end
	CertificateNotYet     Code = "certificate-not-yet-valid" // an observer saw the signature before its start
	AuthorityNotValid     Code = "authority-not-valid"       // an observer saw the signature outside the authority's time
	SCTMissing            Code = "sct-missing"               // fewer certificate timestamps than demanded
	SCTBroken             Code = "sct-broken"                // not a list of certificate timestamps
	SCTUnknownLog         Code = "sct-unknown-log"           // of a certificate log that the root does not have
	SCTOutsideLog         Code = "sct-outside-log-validity"  // of a time when the log's key was not valid
	SCTBadSignature       Code = "sct-bad-signature"         // not the log's signature over this certificate
	CertificateTimeNeeded Code = "time-missing"              // nobody says when it was signed
)

// The codes of a log entry.
const (
	LogMissing           Code = "log-entry-missing"         // fewer logs than demanded
	UnknownLog           Code = "unknown-log"               // of a log that the root does not have
	LogNotValid          Code = "log-not-valid"             // of a time when the log's key was not valid
	BadEntry             Code = "bad-log-entry"             // an entry of unknown kind, or broken
	DuplicateEntry       Code = "duplicate-log-entry"       // the same entry, or the same log, twice
	InclusionMissing     Code = "inclusion-missing"         // without the proof or promise that is due
	BadPromise           Code = "bad-inclusion-promise"     // not the log's promise of this entry
	BadInclusion         Code = "bad-inclusion-proof"       // the proof does not lead from entry to root
	BadCheckpoint        Code = "bad-checkpoint"            // not a signed note of a tree's size and root
	CheckpointOrigin     Code = "checkpoint-origin"         // of a log with another name
	CheckpointSignature  Code = "checkpoint-signature"      // not signed by the log
	CheckpointMismatch   Code = "checkpoint-mismatch"       // of another tree than the proof
	EntryOtherSignature  Code = "entry-other-signature"     // about another signature
	EntryOtherKey        Code = "entry-other-key"           // about another certificate or key
	EntryOtherPayload    Code = "entry-other-payload"       // about another payload or artifact
	EntryOtherKind       Code = "entry-other-kind"          // of a kind that does not go with the content
	EntryOutsideValidity Code = "entry-outside-certificate" // integrated when the certificate was not valid
)

// The codes of a timestamp.
const (
	TimestampMissing     Code = "timestamp-missing"             // fewer observers than demanded
	BadTimestamp         Code = "bad-timestamp"                 // not a granted RFC 3161 response
	TimestampSignature   Code = "timestamp-signature"           // not signed by its authority
	TimestampOther       Code = "timestamp-other-signature"     // about another signature
	UntrustedTimestamper Code = "untrusted-timestamp-authority" // of no authority of the root
	TimestampUsage       Code = "timestamp-wrong-key-usage"     // signed with a certificate for something else
	TimestamperNotValid  Code = "timestamp-authority-not-valid" // of a time when the authority was not valid
	TimestamperTwice     Code = "duplicate-timestamp-authority" // the same authority again
	UncheckableMaterial  Code = "unexpected-material"           // entries or timestamps, and no root to check them
)

// The codes of a mistake that is not the bundle's.
const (
	BadRoot   Code = "bad-root"   // not a trusted_root.json that can be used
	BadDemand Code = "bad-demand" // a demand that cannot be met, or that demands nothing
)

// Error says why a bundle was refused. Its text is safe to show.
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
// reason, which goes into reports: it may hold local times, or differ from one
// version of the library to the next.
func refuseBy(code Code, err error, format string, args ...any) *Error {
	return &Error{Code: code, Reason: safetext.Sprintf(format, args...), Err: err}
}
