package envelope

import "fmt"

// Code is the stable word for why a file was refused, or a signature was.
type Code string

// The codes of an Error.
const (
	TooLarge      Code = "too-large"      // more bytes than Limits.Bytes, or an item of more than Limits.ItemBytes
	TooMany       Code = "too-many"       // more items than Limits.Items, or signatures than MaxSignatures
	BadJSON       Code = "bad-json"       // no single reading; wraps a *strictjson.Error
	Unknown       Code = "unknown-format" // JSON, and none of the files that are known
	Ambiguous     Code = "ambiguous"      // the marks of two kinds, in one object or in one file
	BlankLine     Code = "blank-line"     // a line without a value
	Empty         Code = "empty"          // no attestation in it
	BadEnvelope   Code = "bad-envelope"   // a DSSE envelope with a part missing or broken
	BadLink       Code = "bad-link"       // an in-toto link with a part missing or broken
	BadDocument   Code = "bad-document"   // an attestations document with a part missing or broken
	Mislabelled   Code = "mislabelled"    // a document calls a statement by another type than was signed
	Elsewhere     Code = "elsewhere"      // a document names an attestation that it does not hold
	NotVerifiable Code = "not-verifiable" // no signature here that a bare key can verify, or a key of another kind
	BadSignature  Code = "bad-signature"  // none of the signatures is that of the key
)

// Error says why and where.
type Error struct {
	Code    Code
	Place   string // "" for the file, or such as "line 3" or "attestations[1]"
	Message string
	Hint    string // what to do about it, or ""
	Err     error  // what lies beneath, or nil
}

// Error reads "attestation file: line 3: …", with the hint on a line of its own.
func (e *Error) Error() string {
	text := "attestation file: "
	if e.Place != "" {
		text += e.Place + ": "
	}
	text += e.Message
	if e.Hint != "" {
		text += "\nhint: " + e.Hint
	}
	return text
}

// Unwrap gives the error beneath.
func (e *Error) Unwrap() error { return e.Err }

func refuse(code Code, place, format string, args ...any) *Error {
	return &Error{Code: code, Place: place, Message: fmt.Sprintf(format, args...)}
}

// refuseFor is refuse with an error of our own beneath; its text ends the message.
func refuseFor(code Code, place string, err error) *Error {
	return &Error{Code: code, Place: place, Message: err.Error(), Err: err}
}
