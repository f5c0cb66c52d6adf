package gofunc

import (
	"bytes"
	"encoding/binary"
	"slices"
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
	trail    [][2]uint64
	depth    int
	// trusting is set while votes are collected: variables count as the same.
	trusting bool
	work     uint64
	// inForeign is set while code that is not Go's is compared.
	inForeign bool
}

// Data that refers to data is followed this deep; what lies deeper counts as
// different.
const maxDepth = 2000

// maxWork is how many bytes of data are compared in all, those that much refers
// to more than once; what comes later counts as different.
const maxWork = 1 << 32

// sameRef reports whether two operands refer to the same thing. codeA is the
// shipped function's code from the referring instruction on.
func (c *comparison) sameRef(x, y ref, codeA []byte) bool {
	if x.weak && !c.sameNumber(x.target, y.target) {
		return false
	}
	if !c.samePlace(x.target, y.target) {
		return false
	}
	if x.taken && !c.a.opaque(x.target) && c.a.funcAt(x.target) < 0 {
		return c.sameLength(x.target, y.target, codeA)
	}
	return true
}

// sameLength compares a string as far as a length nearby in the code says, when
// instructions that read from the middle of it cut it into pieces.
func (c *comparison) sameLength(x, y uint64, code []byte) bool {
	have, reach := c.a.extent(x), min(c.a.reach(x), c.b.reach(y))
	if _, ok := c.a.typeAt(x); ok || have >= reach || have != c.b.extent(y) {
		return true
	}
	length := uint64(0)
	for range 4 {
		if len(code) == 0 {
			break
		}
		s := c.a.dec(code, 0, 0)
		if l := uint64(s.imm); s.ims && s.imm > 0 && l >= have && l <= reach { //nolint:gosec // positive
			if l == have {
				return true
			}
			length = max(length, l)
		}
		code = code[s.n:]
	}
	return length == 0 || c.sameBytes(x, y, length)
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
	if c.trusting {
		return true
	}
	if sx, ok := c.a.im.symbolAt(x); ok && (sx.addr == x || !c.a.hidden(x)) {
		if sy, ok := c.b.im.symbolAt(y); ok && (sy.addr == y || !c.b.hidden(y)) && stable(sx.name) && stable(sy.name) {
			return sx.name == sy.name && x-sx.addr == y-sy.addr
		}
	}
	if to, ok := c.vars.forward[x]; ok {
		return to == y
	}
	if c.inForeign && c.vars.movedAlike(x, y) {
		return true
	}
	if _, ok := c.vars.back[y]; ok {
		return false
	}
	sx, sy := c.a.im.segment(x), c.b.im.segment(y)
	if sx == nil || sy == nil {
		return false
	}
	filledX, filledY := x-sx.addr < uint64(len(sx.data)), y-sy.addr < uint64(len(sy.data))
	if !filledX && !filledY {
		return true // zero at the start, and nothing else says which it is
	}
	return filledX == filledY && c.sameContent(x, y)
}

// sameNumber reports whether two different numbers in code are addresses. Go's
// compiler makes no such operands.
func (c *comparison) sameNumber(x, y uint64) bool {
	if c.a.im.exact || c.a.tab != nil && !c.inForeign {
		return false
	}
	if c.a.isWritable(x) && c.b.isWritable(y) && (c.trusting || c.vars.movedAlike(x, y)) {
		return true
	}
	return c.a.known(x) && c.b.known(y)
}

// known reports whether an address is one that something surely refers to.
func (s *side) known(addr uint64) bool {
	if i := s.funcAt(addr); i >= 0 {
		return s.funcs[i].entry == addr
	}
	_, ok := slices.BinarySearch(s.taken, addr)
	return ok
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
	before := len(c.trail)
	same := c.compareContent(x, y)
	c.depth--
	if !same {
		// What was found equal on the way may have been so because this was
		// taken to be.
		for _, k := range c.trail[before:] {
			delete(c.contents, k)
		}
		c.trail = c.trail[:before]
		c.contents[key] = false
		return false
	}
	if c.trail = append(c.trail, key); c.depth == 0 {
		c.trail = c.trail[:0]
	}
	return true
}

func (c *comparison) compareContent(x, y uint64) bool {
	if c.a.fips.has(x) || c.b.fips.has(y) {
		return c.b.fips.has(y) && x-c.a.fips.from == y-c.b.fips.from
	}
	// Nothing but one pointer of the linker's refers to the build information.
	if magic := []byte("\xff Go buildinf:"); bytes.HasPrefix(c.a.im.bytes(x, 16), magic) && bytes.HasPrefix(c.b.im.bytes(y, 16), magic) {
		return true
	}
	// An address may be that of a field of a descriptor.
	hx, hy := c.a.head(x), c.b.head(y)
	if tx, ok := c.a.typeAt(hx); ok && x-hx < typeLen {
		ty, ok := c.b.typeAt(hy)
		return ok && tx == ty && x-hx == y-hy
	}
	n := min(c.a.extent(x), c.b.extent(y))
	return c.sameBytes(x, y, n)
}

// sameBytes compares n bytes, words that are pointers by what they point to.
func (c *comparison) sameBytes(x, y, n uint64) bool {
	a, b := c.a.im.bytes(x, n), c.b.im.bytes(y, n)
	if c.work += uint64(len(a)); len(a) != len(b) || c.work > maxWork {
		return false
	}
	head := min(-x&7, uint64(len(a)))
	if x&7 != y&7 || len(a) < 8 {
		return bytes.Equal(a, b) || c.a.tab == nil && x&3 == 0 && y&3 == 0 && c.sameDistances(x, y, a, b)
	}
	if !bytes.Equal(a[:head], b[:head]) {
		return false
	}
	i := head
	for ; i+8 <= uint64(len(a)); i += 8 {
		v, w := leWord(a[i:]), leWord(b[i:])
		if c.a.im.pointer(x+i, v) && c.b.im.pointer(y+i, w) {
			if (!c.samePlace(v, w) || !c.sameString(v, w, x+i, y+i)) && (v != w || c.firm(v, x+i)) {
				return false
			}
			continue
		}
		if v != w && !c.sameDistances(x, y, a[i:i+8], b[i:i+8]) {
			return false
		}
	}
	return bytes.Equal(a[i:], b[i:]) || len(a)-int(i) == 4 && c.sameDistances(x, y, a[i:], b[i:]) //nolint:gosec // a length
}

// sameDistances compares rows of a C compiler's jump table: distances from the
// table to places in code. What fills a table up is the same.
func (c *comparison) sameDistances(x, y uint64, a, b []byte) bool {
	for ; len(a) >= 4; a, b = a[4:], b[4:] {
		d, e := signed(binary.LittleEndian.Uint32(a), 32), signed(binary.LittleEndian.Uint32(b), 32)
		if i := c.a.funcAt(x + d); d != e && (i < 0 || !c.samePlace(x+d, y+e)) {
			return false
		}
	}
	return bytes.Equal(a, b)
}

// firm reports whether the word v at an address, which both sides have, is a
// pointer indeed. Without relocations, a number may look like an address of the
// program.
func (c *comparison) firm(v, at uint64) bool {
	if c.a.im.exact || c.a.im.format != "elf" || c.a.known(v) {
		return true
	}
	if _, ok := c.a.typeAt(v); ok {
		return true
	}
	l, ok := c.a.im.word(at + 8)
	seg := c.a.im.segment(v)
	if !ok || seg == nil || seg.exec || c.a.isTable(v) || l == 0 || l > c.a.reach(v) {
		return false
	}
	// Where a string or a slice ends, something else begins.
	for _, size := range []uint64{1, 2, 4, 8, 16, 24, 32} {
		if c.a.isStart(v + l*size) {
			return true
		}
	}
	return false
}

// sameString compares what the pointers v and w, which stand at x and y with a
// length behind them, point to, over the whole length.
func (c *comparison) sameString(v, w, x, y uint64) bool {
	l, ok1 := c.a.im.word(x + 8)
	m, ok2 := c.b.im.word(y + 8)
	if !ok1 || !ok2 || l == 0 || l != m || c.a.opaque(v) || c.b.opaque(w) || c.a.funcAt(v) >= 0 {
		return true
	}
	if l <= min(c.a.extent(v), c.b.extent(w)) || l > min(c.a.reach(v), c.b.reach(w)) {
		return true
	}
	return c.sameBytes(v, w, l)
}
