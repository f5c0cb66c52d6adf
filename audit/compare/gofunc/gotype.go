package gofunc

import "unicode/utf8"

// A goType is what makes a type descriptor that of a type: the compiler's hash
// of the linker's name for it, and its name (internal/abi, Type).
type goType struct {
	hash uint32
	name string
}

const typeLen = 48

// typeAt reads the descriptor at an address, if there is one.
func (s *side) typeAt(addr uint64) (goType, bool) {
	if s.md == nil || addr < s.md.types || addr >= s.md.after || addr%8 != 0 {
		return goType{}, false
	}
	b := s.im.bytes(addr, typeLen)
	if len(b) < typeLen {
		return goType{}, false
	}
	// Kinds are 1 to 26, the flags above them are of older versions; an
	// alignment is a small power of two.
	kind, align, field := b[23]&31, b[21], b[22]
	if kind == 0 || kind > 26 || align == 0 || align > 64 || align&(align-1) != 0 || field == 0 || field > 64 || field&(field-1) != 0 {
		return goType{}, false
	}
	size, prefix := leWord(b), leWord(b[8:])
	hash := uint32(leWord(b[16:])) //nolint:gosec // the low half
	if prefix > size || hash == 0 {
		return goType{}, false
	}
	name, ok := s.typeName(uint32(leWord(b[40:]))) //nolint:gosec // the low half
	if !ok {
		return goType{}, false
	}
	return goType{hash, name}, true
}

// typeName reads a name by its offset from the start of the types (abi.Name):
// a byte of flags, the length as a varint, the text.
func (s *side) typeName(off uint32) (string, bool) {
	addr := s.md.types + uint64(off)
	if off == 0 || addr >= s.md.after {
		return "", false
	}
	b := s.im.bytes(addr, 4)
	if len(b) < 4 {
		return "", false
	}
	l, n := uvarint32(b[1:])
	if n == 0 || l == 0 || l > 1<<14 {
		return "", false
	}
	text := s.im.bytes(addr+1+uint64(n), uint64(l))
	if len(text) < int(l) || !utf8.Valid(text) {
		return "", false
	}
	return string(text), true
}
