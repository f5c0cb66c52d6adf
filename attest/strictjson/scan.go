package strictjson

import (
	"unicode/utf8"
)

// scanner walks one document, once, left to right.
type scanner struct {
	data  []byte
	pos   int
	depth int
	lim   Limits
}

func scan(data []byte, want *shape, lim Limits) error {
	if len(data) > lim.Bytes {
		return errorAt(data, lim.Bytes, TooLarge, "document has %d bytes, the limit is %d", len(data), lim.Bytes)
	}
	if i := badUTF8(data); i >= 0 {
		return errorAt(data, i, BadUTF8, "byte 0x%02x is not UTF-8", data[i])
	}
	s := &scanner{data: data, lim: lim}
	s.space()
	if err := s.value(want); err != nil {
		return err
	}
	s.space()
	if s.pos < len(data) {
		return s.fail(s.pos, Trailing, "more data after the end of the document")
	}
	return nil
}

func badUTF8(data []byte) int {
	if utf8.Valid(data) {
		return -1
	}
	for i := 0; i < len(data); {
		r, n := utf8.DecodeRune(data[i:])
		if r == utf8.RuneError && n == 1 {
			return i
		}
		i += n
	}
	return -1
}

// fail returns the error type itself behind the interface: callers only ever
// return it, never compare it with nil.
func (s *scanner) fail(offset int, code Code, format string, args ...any) error {
	return errorAt(s.data, offset, code, format, args...)
}

func (s *scanner) space() {
	for s.pos < len(s.data) {
		switch s.data[s.pos] {
		case ' ', '\t', '\n', '\r':
			s.pos++
		default:
			return
		}
	}
}

// peek is the byte ahead; 0, which no JSON value starts with, at the end.
func (s *scanner) peek() byte {
	if s.pos == len(s.data) {
		return 0
	}
	return s.data[s.pos]
}

func (s *scanner) unexpected(wanted string) error {
	if s.pos == len(s.data) {
		return s.fail(s.pos, Syntax, "the document ends where %s is due", wanted)
	}
	r, _ := utf8.DecodeRune(s.data[s.pos:])
	return s.fail(s.pos, Syntax, "%q where %s is due", r, wanted)
}

// value reads one value and holds it against the shape that is wanted.
func (s *scanner) value(want *shape) error {
	start, null := s.pos, want.nullable
	for want.kind == kindPointer {
		want, null = want.elem, true
	}
	got, err := s.read(want)
	if err != nil {
		return err
	}
	if got == jsonNull && !null || got != jsonNull && !fits(got, want) {
		return s.fail(start, WrongType, "%s where %s is due", describe(got), wanted(want))
	}
	return nil
}

// read dispatches on the first byte and names the JSON type that it read.
func (s *scanner) read(want *shape) (jsonType, error) {
	switch c := s.peek(); {
	case c == '{':
		return jsonObject, s.object(want)
	case c == '[':
		return jsonArray, s.array(want)
	case c == '"':
		return jsonString, s.text(want)
	case c == '-' || '0' <= c && c <= '9':
		return jsonNumber, s.number()
	case c == 't':
		return jsonBool, s.word("true")
	case c == 'f':
		return jsonBool, s.word("false")
	case c == 'n':
		return jsonNull, s.word("null")
	}
	return 0, s.unexpected("a value")
}

func (s *scanner) word(w string) error {
	for i := range len(w) {
		if s.peek() != w[i] {
			return s.unexpected(w)
		}
		s.pos++
	}
	return nil
}

func (s *scanner) enter() error {
	if s.depth++; s.depth > s.lim.Depth {
		return s.fail(s.pos, TooDeep, "nested deeper than %d", s.lim.Depth)
	}
	s.pos++
	s.space()
	return nil
}

func (s *scanner) leave() {
	s.depth--
	s.pos++
}

func (s *scanner) array(want *shape) error {
	start, elem, n := s.pos, anything, 0
	if want.kind == kindList {
		elem = want.elem
	}
	if err := s.enter(); err != nil {
		return err
	}
	for s.peek() != ']' {
		if n > 0 {
			if err := s.comma("]"); err != nil {
				return err
			}
		}
		if err := s.value(elem); err != nil {
			return err
		}
		n++
		s.space()
	}
	s.leave()
	if want.length >= 0 && n != want.length {
		return s.fail(start, WrongType, "%d elements where %d are due", n, want.length)
	}
	return nil
}

// comma reads the comma between two elements, and what follows it must not be
// the end.
func (s *scanner) comma(end string) error {
	if s.peek() != ',' {
		return s.unexpected("',' or '" + end + "'")
	}
	s.pos++
	s.space()
	return nil
}

func (s *scanner) object(want *shape) error {
	seen := map[string]string{}
	if err := s.enter(); err != nil {
		return err
	}
	for s.peek() != '}' {
		if len(seen) > 0 {
			if err := s.comma("}"); err != nil {
				return err
			}
		}
		elem, err := s.key(want, seen)
		if err != nil {
			return err
		}
		s.space()
		if s.peek() != ':' {
			return s.unexpected("':'")
		}
		s.pos++
		s.space()
		if err := s.value(elem); err != nil {
			return err
		}
		s.space()
	}
	s.leave()
	return nil
}

// key reads the key of a member, refuses it if it was there before in any case,
// and finds the shape of its value.
func (s *scanner) key(want *shape, seen map[string]string) (*shape, error) {
	start := s.pos
	if s.peek() != '"' {
		return nil, s.unexpected("a key")
	}
	name, err := s.str()
	if err != nil {
		return nil, err
	}
	folded := fold(name)
	if before, ok := seen[folded]; ok {
		if before == name {
			return nil, s.fail(start, DuplicateKey, "key %.80q stands twice in one object", name)
		}
		return nil, s.fail(start, CaseVariant, "keys %.80q and %.80q differ only by case", before, name)
	}
	seen[folded] = name
	switch want.kind {
	case kindMap:
		return want.elem, nil
	case kindObject:
		return s.field(want, start, name, folded)
	}
	return anything, nil
}

func (s *scanner) field(want *shape, start int, name, folded string) (*shape, error) {
	if f, ok := want.fields[name]; ok {
		return f, nil
	}
	if exact, ok := want.folded[folded]; ok {
		return nil, s.fail(start, CaseVariant, "key %.80q differs only by case from %q", name, exact)
	}
	if !s.lim.AllowUnknown {
		return nil, s.fail(start, UnknownField, "key %.80q is not known here", name)
	}
	return anything, nil
}
