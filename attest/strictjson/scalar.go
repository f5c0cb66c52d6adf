package strictjson

import (
	"encoding/base64"
	"strconv"
	"strings"
	"unicode"
	"unicode/utf16"
	"unicode/utf8"
)

// maxInteger is the largest whole number below which every one is a double.
// Readers that hold JSON numbers as doubles would round what lies above it.
const maxInteger = 1<<53 - 1

// number reads a number by the grammar of RFC 8259 and refuses one that readers
// would hold as different values.
func (s *scanner) number() error {
	start, whole := s.pos, true
	if s.peek() == '-' {
		s.pos++
	}
	if s.peek() == '0' {
		s.pos++
	} else if err := s.digits(); err != nil {
		return err
	}
	if s.peek() == '.' {
		whole = false
		s.pos++
		if err := s.digits(); err != nil {
			return err
		}
	}
	if c := s.peek(); c == 'e' || c == 'E' {
		whole = false
		s.pos++
		if c := s.peek(); c == '+' || c == '-' {
			s.pos++
		}
		if err := s.digits(); err != nil {
			return err
		}
	}
	text := string(s.data[start:s.pos])
	if whole {
		if n, err := strconv.ParseInt(text, 10, 64); err != nil || n > maxInteger || n < -maxInteger {
			return s.fail(start, NumberRange, "whole number %.40s is beyond ±%d; write it as a string", text, int64(maxInteger))
		}
	} else if _, err := strconv.ParseFloat(text, 64); err != nil {
		return s.fail(start, NumberRange, "number %.40s is beyond a double", text)
	}
	return nil
}

func (s *scanner) digits() error {
	if c := s.peek(); c < '0' || c > '9' {
		return s.unexpected("a digit")
	}
	for c := s.peek(); '0' <= c && c <= '9'; c = s.peek() {
		s.pos++
	}
	return nil
}

// text reads a string value; where encoding/json would read base64, only its
// one strict spelling passes. Other values are only looked at: a document may be
// one long string, which must not be kept twice.
func (s *scanner) text(want *shape) error {
	start := s.pos
	if want.kind != kindBytes {
		return s.skip()
	}
	v, err := s.str()
	if err != nil {
		return err
	}
	if _, err := base64.StdEncoding.Strict().DecodeString(v); err != nil || strings.ContainsAny(v, "\r\n") {
		return s.fail(start, WrongType, "text where strict base64 is due")
	}
	return nil
}

// skip reads a string and keeps nothing of it.
func (s *scanner) skip() error {
	start := s.pos
	for s.pos++; s.pos < len(s.data); {
		switch c := s.data[s.pos]; {
		case c == '"':
			s.pos++
			return nil
		case c < 0x20:
			return s.control(c)
		case c == '\\':
			if _, err := s.escape(); err != nil {
				return err
			}
		default:
			s.pos++
		}
	}
	return s.endless(start)
}

func (s *scanner) control(c byte) error {
	return s.fail(s.pos, Syntax, "control character U+%04X inside a string", c)
}

func (s *scanner) endless(start int) error {
	return s.fail(start, Syntax, "a string that does not end")
}

// str reads a string and returns what it stands for.
func (s *scanner) str() (string, error) {
	start := s.pos
	s.pos++
	from, b := s.pos, []byte(nil)
	for {
		if s.pos == len(s.data) {
			return "", s.endless(start)
		}
		switch c := s.data[s.pos]; {
		case c == '"':
			tail := s.data[from:s.pos]
			s.pos++
			if b == nil {
				return string(tail), nil
			}
			return string(append(b, tail...)), nil
		case c < 0x20:
			return "", s.control(c)
		case c == '\\':
			b = append(b, s.data[from:s.pos]...)
			r, err := s.escape()
			if err != nil {
				return "", err
			}
			b = utf8.AppendRune(b, r)
			from = s.pos
		default:
			s.pos++
		}
	}
}

// short gives the rune of a two-character escape.
func short(c byte) (rune, bool) {
	switch c {
	case '"', '\\', '/':
		return rune(c), true
	case 'b':
		return '\b', true
	case 'f':
		return '\f', true
	case 'n':
		return '\n', true
	case 'r':
		return '\r', true
	case 't':
		return '\t', true
	}
	return 0, false
}

func (s *scanner) escape() (rune, error) {
	start := s.pos
	s.pos++ // the backslash
	if r, ok := short(s.peek()); ok {
		s.pos++
		return r, nil
	}
	if s.peek() != 'u' {
		return 0, s.fail(start, Syntax, "an escape that JSON does not have")
	}
	hi, err := s.hex4()
	if err != nil || !utf16.IsSurrogate(hi) {
		return hi, err
	}
	if s.pos+1 < len(s.data) && s.data[s.pos] == '\\' && s.data[s.pos+1] == 'u' {
		s.pos++
		lo, err := s.hex4()
		if err != nil {
			return 0, err
		}
		if r := utf16.DecodeRune(hi, lo); r != unicode.ReplacementChar {
			return r, nil
		}
	}
	return 0, s.fail(start, HalfChar, "escape \\u%04X is half a character", hi)
}

// hex4 reads the "u" ahead and four hexadecimal digits.
func (s *scanner) hex4() (rune, error) {
	start := s.pos - 1
	s.pos++
	if s.pos+4 > len(s.data) {
		return 0, s.fail(start, Syntax, "an escape that does not end")
	}
	var r rune
	for _, c := range s.data[s.pos : s.pos+4] {
		d := strings.IndexByte("0123456789abcdef", lower(c))
		if d < 0 {
			return 0, s.fail(start, Syntax, "an escape without four hexadecimal digits")
		}
		r = r<<4 | rune(d)
	}
	s.pos += 4
	return r, nil
}

func lower(c byte) byte {
	if 'A' <= c && c <= 'F' {
		return c + 'a' - 'A'
	}
	return c
}

// fold maps all spellings of a key that encoding/json takes for one another to
// one text: each rune becomes the least of its case orbit, so that ſ is s and
// the Kelvin sign is k.
func fold(s string) string {
	return strings.Map(func(r rune) rune {
		least := r
		for next := unicode.SimpleFold(r); next != r; next = unicode.SimpleFold(next) {
			least = min(least, next)
		}
		return least
	}, s)
}
