// Package safetext holds Text, the one type through which words that a vendor
// chose reach any output of proffer: the report, its renderings, a terminal.
//
// A Text is harmless to show. Controls, bidirectional marks, zero-width and
// other invisible runes are written out as U+XXXX, broken UTF-8 is written out
// byte by byte, and length is capped. It is not escaped for a markup: the
// renderer of each format still does that.
package safetext

import (
	"encoding/json"
	"fmt"
	"strings"
	"unicode"
	"unicode/utf8"
)

// MaxBytes caps the visible form of one Text; what is longer is cut at a rune
// and ends in Ellipsis.
const MaxBytes = 2048

// Ellipsis ends a Text that was cut.
const Ellipsis = "…[cut]"

// Text is vendor-chosen text in a form that is safe to show. The zero value is
// the empty text.
type Text struct{ shown string }

// Of makes any string safe. Of(Of(s).String()) equals Of(s).
func Of(s string) Text {
	if plain(s) {
		return Text{s}
	}
	var b strings.Builder
	for i := 0; i < len(s); {
		r, n := utf8.DecodeRuneInString(s[i:])
		var piece string
		switch {
		case r == utf8.RuneError && n == 1:
			piece = fmt.Sprintf("[byte %02X]", s[i])
		case visible(r):
			piece = s[i : i+n]
		default:
			piece = fmt.Sprintf("[U+%04X]", r)
		}
		if b.Len()+len(piece) > MaxBytes-len(Ellipsis) && b.Len()+len(piece)+rest(s[i+n:]) > MaxBytes {
			b.WriteString(Ellipsis)
			break
		}
		b.WriteString(piece)
		i += n
	}
	return Text{b.String()}
}

// Sprintf formats as fmt.Sprintf does and makes the result safe.
func Sprintf(format string, args ...any) Text { return Of(fmt.Sprintf(format, args...)) }

// String is the safe form.
func (t Text) String() string { return t.shown }

// IsZero reports the empty text, so that `omitzero` leaves it out of JSON.
func (t Text) IsZero() bool { return t.shown == "" }

// MarshalJSON writes the safe form as a JSON string.
func (t Text) MarshalJSON() ([]byte, error) { return json.Marshal(t.shown) }

// UnmarshalJSON reads a JSON string and makes it safe again, so that a report
// that another program wrote cannot carry what Of would have changed.
func (t *Text) UnmarshalJSON(data []byte) error {
	var s string
	if err := json.Unmarshal(data, &s); err != nil {
		return fmt.Errorf("read text: %w", err)
	}
	*t = Of(s)
	return nil
}

func plain(s string) bool {
	if len(s) > MaxBytes {
		return false
	}
	for i, r := range s {
		if r == utf8.RuneError {
			if _, n := utf8.DecodeRuneInString(s[i:]); n == 1 {
				return false
			}
		}
		if !visible(r) {
			return false
		}
	}
	return true
}

// visible says whether a rune shows as itself. Spaces other than U+0020 do not:
// they are told apart from it by nobody.
func visible(r rune) bool {
	if r == ' ' {
		return true
	}
	if unicode.Is(unicode.Other_Default_Ignorable_Code_Point, r) || unicode.Is(unicode.Variation_Selector, r) {
		return false
	}
	return unicode.IsPrint(r)
}

// rest bounds from below what the remainder of a text still needs; it only has
// to be exact enough to tell "fits" from "does not fit".
func rest(s string) int {
	n := 0
	for i := 0; i < len(s) && n <= MaxBytes; {
		r, size := utf8.DecodeRuneInString(s[i:])
		switch {
		case r == utf8.RuneError && size == 1:
			n += len("[byte 00]")
		case visible(r):
			n += size
		default:
			n += len(fmt.Sprintf("[U+%04X]", r))
		}
		i += size
	}
	return n
}
