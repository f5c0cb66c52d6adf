package gofunc

import (
	"bytes"
	"encoding/binary"
	"slices"
	"sort"
)

// A segment is a run of memory that the file fills, wholly or in part.
type segment struct {
	addr, size uint64 // in memory; size >= len(data)
	off        uint64 // of data in the file
	data       []byte
	exec       bool
	write      bool
	name       string
}

func (s *segment) end() uint64 { return s.addr + s.size }

// A symbol is a row of a symbol table.
type symbol struct {
	name       string
	addr, size uint64
	code       bool
}

// An image is a program as it is laid out in memory, without being loaded.
type image struct {
	format, arch string
	raw          []byte
	segs         []segment // sorted by address, not overlapping
	symbols      []symbol  // sorted by address
	// fixups are the addresses of words that the loader relocates, sorted.
	// They are pointers, and with exact fixups nothing else is.
	fixups []uint64
	exact  bool
	// execs are the ranges that hold code.
	execs []span
	// sections are where sections begin, if the file says so.
	sections []uint64
	// imports are address ranges that the loader overwrites.
	imports []span
	last    int // the segment found last
}

type span struct{ from, to uint64 }

func (s span) has(a uint64) bool { return a >= s.from && a < s.to }

// A table of a hostile file must not make a reader allocate more than this many
// rows.
const maxRows = 1 << 22

// load reads an executable of any format.
func load(side string, raw []byte) (*image, error) {
	fail := func(reason error, what, hint string) (*image, error) {
		return nil, &Error{Side: side, What: what, Reason: reason, Hint: hint}
	}
	var im *image
	var err error
	switch {
	case bytes.HasPrefix(raw, []byte("\x7fELF")):
		im, err = loadELF(raw)
	case bytes.HasPrefix(raw, []byte("MZ")):
		im, err = loadPE(raw)
	case len(raw) > 4 && binary.LittleEndian.Uint32(raw) == 0xfeedfacf:
		im, err = loadMachO(raw)
	case len(raw) > 4 && binary.BigEndian.Uint32(raw) == 0xcafebabe:
		return fail(ErrUnsupported, "a universal Mach-O file or a Java class", "compare its slices one by one")
	default:
		return fail(ErrNotGo, "no ELF, PE or Mach-O header", "")
	}
	if err != nil {
		if e, ok := err.(*Error); ok {
			e.Side = side
			return nil, e
		}
		return fail(ErrMalformed, err.Error(), "")
	}
	if im.arch == "" {
		return fail(ErrUnsupported, "a processor that is neither amd64 nor arm64", "")
	}
	im.raw = raw
	slices.SortFunc(im.segs, func(a, b segment) int { return cmpUint(a.addr, b.addr) })
	for i := range im.segs {
		s := &im.segs[i]
		if s.end() < s.addr || i > 0 && im.segs[i-1].end() > s.addr {
			return fail(ErrMalformed, "segments overlap in memory", "")
		}
	}
	slices.SortStableFunc(im.symbols, func(a, b symbol) int { return cmpUint(a.addr, b.addr) })
	if len(im.execs) == 0 {
		for _, s := range im.segs {
			if s.exec {
				im.execs = append(im.execs, span{s.addr, s.addr + uint64(len(s.data))})
			}
		}
	}
	slices.SortFunc(im.execs, func(a, b span) int { return cmpUint(a.from, b.from) })
	end := uint64(0)
	for i := range im.execs {
		x := &im.execs[i]
		x.from = max(x.from, end)
		end = max(x.to, end)
	}
	im.execs = slices.DeleteFunc(im.execs, func(x span) bool { return x.from >= x.to })
	return im, nil
}

func cmpUint(a, b uint64) int {
	if a < b {
		return -1
	}
	if a > b {
		return 1
	}
	return 0
}

// add takes a run of memory whose first filesz bytes are in the file.
func (im *image) add(raw []byte, s segment, filesz uint64) error {
	if s.off > uint64(len(raw)) || filesz > uint64(len(raw))-s.off {
		return &Error{What: "segment " + s.name + " lies outside of the file", Reason: ErrMalformed}
	}
	if s.size < filesz {
		filesz = s.size
	}
	if s.size == 0 {
		return nil
	}
	s.data = raw[s.off : s.off+filesz]
	im.segs = append(im.segs, s)
	return nil
}

// segment finds the segment of an address, nil if there is none.
func (im *image) segment(addr uint64) *segment {
	if im.last < len(im.segs) {
		if s := &im.segs[im.last]; addr >= s.addr && addr < s.end() {
			return s
		}
	}
	i := sort.Search(len(im.segs), func(i int) bool { return im.segs[i].end() > addr })
	if i == len(im.segs) || addr < im.segs[i].addr {
		return nil
	}
	im.last = i
	return &im.segs[i]
}

// bytes gives up to n bytes at an address; fewer at the end of what the file
// fills.
func (im *image) bytes(addr, n uint64) []byte {
	s := im.segment(addr)
	if s == nil || addr-s.addr >= uint64(len(s.data)) {
		return nil
	}
	b := s.data[addr-s.addr:]
	return b[:min(n, uint64(len(b)))]
}

// word reads 8 bytes.
func (im *image) word(addr uint64) (uint64, bool) {
	b := im.bytes(addr, 8)
	if len(b) < 8 {
		return 0, false
	}
	return binary.LittleEndian.Uint64(b), true
}

func (im *image) uint32(addr uint64) (uint32, bool) {
	b := im.bytes(addr, 4)
	if len(b) < 4 {
		return 0, false
	}
	return binary.LittleEndian.Uint32(b), true
}

// pointer reports whether the word of value v at addr is a pointer into the
// image.
func (im *image) pointer(addr, v uint64) bool {
	if len(im.segs) == 0 || v < im.segs[0].addr || v > im.segs[len(im.segs)-1].end() {
		return false
	}
	if im.exact {
		_, ok := slices.BinarySearch(im.fixups, addr)
		return ok
	}
	return im.segment(v) != nil
}

// offset is where in the file the byte at an address is, -1 if it is not.
func (im *image) offset(addr uint64) int64 {
	s := im.segment(addr)
	if s == nil || addr-s.addr >= uint64(len(s.data)) {
		return -1
	}
	return int64(s.off + addr - s.addr) //nolint:gosec // below the file's length
}

// symbolAt is the data symbol that covers an address.
func (im *image) symbolAt(addr uint64) (symbol, bool) {
	i, tries := sort.Search(len(im.symbols), func(i int) bool { return im.symbols[i].addr > addr }), 0
	for i--; i >= 0 && tries < 64; i-- {
		tries++
		s := im.symbols[i]
		if s.size > 0 && addr < s.addr+s.size || s.size == 0 && addr == s.addr {
			return s, true
		}
		// Zero-sized marks such as runtime.data stand before the symbol.
		if s.size > 0 || addr != s.addr {
			break
		}
	}
	return symbol{}, false
}
