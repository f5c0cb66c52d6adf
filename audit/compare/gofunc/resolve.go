package gofunc

import (
	"bytes"
	"strings"
)

// A comparison holds what has been found out about places in both programs.
type comparison struct {
	a, b *side
	// vars says which variable of b is which of a, by address.
	vars *variables
	// contents remembers which data were found equal; a pair that is being
	// compared counts as equal, so that rings end.
	contents map[[2]uint64]bool
	depth    int
}

// Data that refers to data is followed this deep; what lies deeper counts as
// different.
const maxDepth = 2000

// sameRef reports whether two operands refer to the same thing. codeA is the
// shipped function's code from the referring instruction on.
func (c *comparison) sameRef(x, y ref, codeA []byte) bool {
	if x.weak && (c.a.im.exact || x.target < 1<<16 || y.target < 1<<16) {
		return false // plain numbers
	}
	if !c.samePlace(x.target, y.target) {
		return false
	}
	if !x.branch && c.a.im.segment(x.target) != nil && !c.a.isWritable(x.target) {
		return c.sameLength(x.target, y.target, codeA)
	}
	return true
}

// sameLength compares a string as far as a length nearby in the code says, when
// other references cut it into pieces.
func (c *comparison) sameLength(x, y uint64, code []byte) bool {
	have := min(c.a.extent(x), c.b.extent(y))
	for range 8 {
		if len(code) == 0 {
			break
		}
		s := c.a.dec(code, 0, 0)
		if l := uint64(s.imm); s.ims && s.imm > 0 && l > have && l < 1<<20 && c.a.isStart(x+l) && c.b.isStart(y+l) { //nolint:gosec // positive
			return bytes.Equal(c.a.im.bytes(x, l), c.b.im.bytes(y, l))
		}
		code = code[s.n:]
	}
	return true
}

// samePlace reports whether two addresses mean the same thing.
func (c *comparison) samePlace(x, y uint64) bool {
	i, j := c.a.funcAt(x), c.b.funcAt(y)
	if i >= 0 || j >= 0 {
		return i >= 0 && j >= 0 && c.a.match[i] == int32(j) && x-c.a.funcs[i].entry == y-c.b.funcs[j].entry //nolint:gosec // below maxRows
	}
	opaqueA, opaqueB := c.a.opaque(x), c.b.opaque(y)
	if opaqueA || opaqueB {
		return opaqueA && opaqueB && c.sameVariable(x, y)
	}
	return c.sameContent(x, y)
}

// opaque reports whether what is at an address is known by its identity: a
// variable, foreign code, what the loader writes, no place at all.
func (s *side) opaque(addr uint64) bool {
	seg := s.im.segment(addr)
	if seg == nil || seg.exec || s.isWritable(addr) || s.isTable(addr) || addr-seg.addr >= uint64(len(seg.data)) {
		return true
	}
	for _, i := range s.im.imports {
		if i.has(addr) {
			return true
		}
	}
	return false
}

// sameVariable compares by symbol, or else by what all other functions agree
// on, or else, for what only data refers to, by content.
func (c *comparison) sameVariable(x, y uint64) bool {
	if sx, ok := c.a.im.symbolAt(x); ok {
		if sy, ok := c.b.im.symbolAt(y); ok && stable(sx.name) && stable(sy.name) {
			return sx.name == sy.name && x-sx.addr == y-sy.addr
		}
	}
	if to, ok := c.vars.forward[x]; ok {
		return to == y
	}
	if _, ok := c.vars.back[y]; ok {
		return false
	}
	return c.sameContent(x, y)
}

// stable reports whether a symbol's name says what it is: the compiler numbers
// unnamed data, so that one more moves the numbers of the others.
func stable(name string) bool {
	return !strings.Contains(name, "..stmp_") && !strings.Contains(name, "..dict") && !strings.Contains(name, ".jump")
}

// sameContent compares data that is known by its content.
func (c *comparison) sameContent(x, y uint64) bool {
	key := [2]uint64{x, y}
	if same, ok := c.contents[key]; ok {
		return same
	}
	if c.depth >= maxDepth {
		return false
	}
	c.contents[key] = true
	c.depth++
	same := c.compareContent(x, y)
	c.depth--
	c.contents[key] = same
	return same
}

func (c *comparison) compareContent(x, y uint64) bool {
	if derived(c.a.im.bytes(x, 16)) && derived(c.b.im.bytes(y, 16)) {
		return true
	}
	if tx, ok := c.a.typeAt(x); ok {
		ty, ok := c.b.typeAt(y)
		return ok && tx == ty
	}
	n := min(c.a.extent(x), c.b.extent(y))
	return c.sameBytes(x, y, n)
}

// derived reports whether data is a record that the linker makes from the rest
// of the file: the build information and the checksum of the FIPS module.
func derived(b []byte) bool {
	return bytes.HasPrefix(b, []byte("\xff Go buildinf:")) || bytes.HasPrefix(b, []byte("\xff Go fipsinfo"))
}

// sameBytes compares n bytes, words that are pointers by what they point to.
func (c *comparison) sameBytes(x, y, n uint64) bool {
	a, b := c.a.im.bytes(x, n), c.b.im.bytes(y, n)
	if len(a) != len(b) {
		return false
	}
	head := min(-x&7, uint64(len(a)))
	if x&7 != y&7 || len(a) < 8 {
		return bytes.Equal(a, b)
	}
	if !bytes.Equal(a[:head], b[:head]) {
		return false
	}
	i := head
	for ; i+8 <= uint64(len(a)); i += 8 {
		v, w := leWord(a[i:]), leWord(b[i:])
		if c.a.im.pointer(x+i, v) && c.b.im.pointer(y+i, w) {
			if !c.samePlace(v, w) || !c.sameString(v, w, a[i:], b[i:]) {
				return false
			}
			continue
		}
		if v != w {
			return false
		}
	}
	return bytes.Equal(a[i:], b[i:])
}

// sameString compares what a pointer with a length behind it points to, over
// the whole length.
func (c *comparison) sameString(v, w uint64, a, b []byte) bool {
	if len(a) < 16 {
		return true
	}
	l := leWord(a[8:])
	if l == 0 || l >= 1<<24 || l != leWord(b[8:]) || !c.a.isStart(v+l) || !c.b.isStart(w+l) || l <= c.a.extent(v) {
		return true
	}
	if c.a.opaque(v) || c.b.opaque(w) || c.a.funcAt(v) >= 0 {
		return true
	}
	x, y := c.a.im.bytes(v, l), c.b.im.bytes(w, l)
	return bytes.Equal(x, y) || c.sameBytes(v, w, l)
}
