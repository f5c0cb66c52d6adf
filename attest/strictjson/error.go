package strictjson

import (
	"bytes"
	"fmt"
)

// Code is the stable word for why a document was refused.
type Code string

// The codes of an Error.
const (
	TooLarge     Code = "too-large"        // more bytes than Limits.Bytes
	TooDeep      Code = "too-deep"         // more nesting than Limits.Depth
	BadUTF8      Code = "bad-utf8"         // bytes that are not UTF-8
	Syntax       Code = "syntax"           // not JSON
	Trailing     Code = "trailing-data"    // something after the one value
	HalfChar     Code = "lone-surrogate"   // an escape that names half a character
	NumberRange  Code = "number-range"     // a number that two readers would round apart
	DuplicateKey Code = "duplicate-key"    // one key twice in an object
	CaseVariant  Code = "case-variant-key" // two keys, or a key and a field, that differ only by case
	UnknownField Code = "unknown-field"    // a key that no field has
	WrongType    Code = "wrong-type"       // a value that the field cannot hold
)

// Error says why and where a document was refused.
type Error struct {
	Code    Code
	Line    int // from 1
	Column  int // bytes of the line, from 1
	Offset  int // bytes of the document, from 0
	Message string
}

// Error reads "line 3, column 7: …".
func (e *Error) Error() string {
	return fmt.Sprintf("line %d, column %d: %s", e.Line, e.Column, e.Message)
}

// IsJSON reports whether the document is JSON by RFC 8259 all the same, and was
// refused because it is ambiguous, too big, or not what the caller asked for.
func (e *Error) IsJSON() bool {
	return e.Code != BadUTF8 && e.Code != Syntax && e.Code != Trailing
}

func errorAt(data []byte, offset int, code Code, format string, args ...any) *Error {
	offset = min(offset, len(data))
	before := data[:offset]
	return &Error{
		Code:    code,
		Line:    bytes.Count(before, []byte{'\n'}) + 1,
		Column:  offset - bytes.LastIndexByte(before, '\n'),
		Offset:  offset,
		Message: fmt.Sprintf(format, args...),
	}
}
