package strictyaml

import (
	"fmt"
	"unicode/utf8"

	"github.com/proffer-audit/proffer/reports/safetext"
)

// Code says why a document was refused. Codes are stable: scripts and test
// vectors name them. A package that validates further may add codes of its own.
type Code string

// The codes of this package.
const (
	TooLarge          Code = "too-large"          // more than MaxBytes
	TooDeep           Code = "too-deep"           // nested deeper than MaxDepth
	TooMany           Code = "too-many"           // more than MaxNodes values
	Encoding          Code = "encoding"           // not UTF-8, or with a byte order mark
	ControlCharacter  Code = "control-character"  // a character that hides or reorders text
	Syntax            Code = "syntax"             // not YAML
	Directive         Code = "directive"          // %YAML, %TAG
	MultipleDocuments Code = "multiple-documents" // a second document
	Anchor            Code = "anchor"             // &name
	Alias             Code = "alias"              // *name
	Tag               Code = "tag"                // !name
	Merge             Code = "merge"              // <<
	DuplicateKey      Code = "duplicate-key"      // one key twice in a mapping
	CaseVariantKey    Code = "case-variant-key"   // Digest beside, or instead of, digest
	UnknownKey        Code = "unknown-key"        // a key that the format does not have
	WrongType         Code = "wrong-type"         // a number where a string belongs
	Missing           Code = "missing"            // a key, or its content, that must be there
	InvalidValue      Code = "invalid-value"      // of the right type, but not allowed
)

// An Error is the refusal of a document. Message and Hint are safe to show:
// what the document's author chose passed through safetext.
type Error struct {
	Code    Code
	File    string // as the caller named it
	Line    int    // from 1; 0 when the error belongs to no place
	Column  int    // from 1, in characters
	Path    string // of the value, such as artifacts[0].digest; empty for the whole
	Message string
	Hint    string // what to do about it; may be empty
}

// Error is "file:line:column: message", without the hint.
func (e *Error) Error() string {
	file := safetext.Of(e.File).String()
	if e.Line == 0 {
		return file + ": " + e.Message
	}
	return fmt.Sprintf("%s:%d:%d: %s", file, e.Line, e.Column, e.Message)
}

// Refusal gives the three parts that a command prints, so that a caller can ask
// for them through an interface of its own.
func (e *Error) Refusal() (code, message, hint string) {
	return string(e.Code), e.Error(), e.Hint
}

// A Problem is what is wrong with one value, before its place is known. An
// UnmarshalText method may return one to give its refusal a hint.
type Problem struct{ Message, Hint string }

// Error is the message.
func (p *Problem) Error() string { return p.Message }

// Problemf makes a Problem; the message is made safe to show.
func Problemf(hint, format string, args ...any) *Problem {
	return &Problem{Message: safetext.Sprintf(format, args...).String(), Hint: safetext.Of(hint).String()}
}

// shownRunes bounds how much of a value a message repeats.
const shownRunes = 80

// Quote shows a value inside a message: in quotes, made safe, and cut when long.
func Quote(s string) string { return `"` + show(s) + `"` }

func show(s string) string {
	if utf8.RuneCountInString(s) > shownRunes {
		s = string([]rune(s)[:shownRunes]) + "…"
	}
	return safetext.Of(s).String()
}
