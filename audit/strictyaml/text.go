package strictyaml

import (
	"bytes"
	"fmt"
	"strings"
	"unicode/utf8"
)

// MaxBytes bounds a document.
const MaxBytes = 1 << 20

// scan refuses what no reading of the text could make harmless, before any
// parser sees it, and notes where exclamation marks stand.
func scan(file string, data []byte) (bangs map[Position]bool, refused *Error) {
	if len(data) > MaxBytes {
		return nil, &Error{
			Code: TooLarge, File: file, Line: 1, Column: 1,
			Message: fmt.Sprintf("the document has %d bytes; at most %d are read", len(data), MaxBytes),
			Hint:    "long lists belong into files that the document names by digest",
		}
	}
	bangs = map[Position]bool{}
	line, column := 1, 1
	for i := 0; i < len(data); {
		r, n := utf8.DecodeRune(data[i:])
		refuse := func(code Code, hint, format string, args ...any) (map[Position]bool, *Error) {
			return nil, &Error{
				Code: code, File: file, Line: line, Column: column,
				Message: fmt.Sprintf(format, args...), Hint: hint,
			}
		}
		switch {
		case r == utf8.RuneError && n == 1:
			return refuse(Encoding, "save the file as UTF-8", "byte %02X is not UTF-8", data[i])
		case r == '\uFEFF':
			return refuse(Encoding, "save the file as UTF-8 without a byte order mark", "a byte order mark (U+FEFF)")
		case r == '\r' && !bytes.HasPrefix(data[i+n:], []byte("\n")):
			return refuse(ControlCharacter, "end lines with LF or CR LF", "a carriage return (U+000D) that ends no line")
		case deceives(r):
			return refuse(ControlCharacter, fmt.Sprintf(`remove it, or write it as "\u%04x" in double quotes`, r), "the character U+%04X hides or reorders text", r)
		}
		if r == '!' {
			bangs[Position{line, column}] = true
		}
		i += n
		column++
		if r == '\n' {
			line, column = line+1, 1
		}
	}
	return bangs, checkDirective(file, data)
}

// deceives tells characters by which a text reads differently to a person and
// to a parser: controls, line breaks that editors do not show as such, and the
// controls that reorder what follows them.
func deceives(r rune) bool {
	switch {
	case r < ' ':
		return r != '\t' && r != '\n' && r != '\r'
	case r >= 0x7F && r <= 0x9F: // DEL and C1, next line (U+0085) among them
		return true
	case r == 0x2028 || r == 0x2029: // line and paragraph separator
		return true
	case r >= 0x202A && r <= 0x202E, r >= 0x2066 && r <= 0x2069: // bidirectional controls
		return true
	}
	return false
}

// checkDirective refuses %YAML and %TAG, which the parser would obey without
// leaving a trace in the tree. They can stand only before the first content.
func checkDirective(file string, data []byte) *Error {
	line := 0
	for text := range strings.Lines(string(data)) {
		line++
		trimmed := strings.TrimSpace(text)
		if trimmed == "" || strings.HasPrefix(trimmed, "#") {
			continue
		}
		if strings.HasPrefix(text, "%") {
			return &Error{
				Code: Directive, File: file, Line: line, Column: 1,
				Message: "a directive", Hint: "remove the line: the document is read by one fixed grammar",
			}
		}
		return nil
	}
	return nil
}
