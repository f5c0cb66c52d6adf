package gofunc

import (
	"bytes"
	"slices"
	"sort"
)

// A side is one of the two programs with what is known about it.
type side struct {
	im    *image
	tab   *pclntab // nil when the functions come from a symbol table
	md    *moduledata
	funcs []function // by address
	// match is the function of the other side, -1 if there is none.
	match []int32
	// starts are all data addresses that something refers to, sorted. What lies
	// between two of them belongs to the first.
	starts []uint64
	// heads are the starts without those that code only reads from or writes
	// to, which may lie in the middle of something.
	heads []uint64
	// taken are the heads that code knows of.
	taken   []uint64
	buildID span
	fips    span
	dec     decoder
}

// open reads a Go program.
func open(name string, raw []byte) (*side, error) {
	im, err := load(name, raw)
	if err != nil {
		return nil, err
	}
	s := &side{im: im, dec: decoderFor(im.arch)}
	tabs := findPclntabs(im)
	for _, t := range tabs {
		if m := findModuledata(im, t); m != nil {
			s.tab, s.md = t, m
			break
		}
	}
	switch {
	case len(tabs) == 0:
		return nil, &Error{
			Side: name, What: "no function table of Go 1.20 or later was found", Reason: ErrNotGo,
			Hint: "a program of another language with a symbol table can be compared by its symbols",
		}
	case s.tab == nil:
		return nil, &Error{Side: name, What: "the function table was found and the module data that belongs to it was not", Reason: ErrUnsupported}
	}
	if s.funcs, err = s.tab.functions(); err != nil {
		err.(*Error).Side = name //nolint:errorlint,forcetypeassert // made there
		return nil, err
	}
	s.dropBuildID()
	s.findFIPS()
	s.collect()
	return s, nil
}

// dropBuildID takes the record that looks like a function and is none: in files
// without notes the linker puts the build ID before the code.
func (s *side) dropBuildID() {
	for i := range s.funcs {
		if f := &s.funcs[i]; f.name == "go:buildid" && bytes.HasPrefix(s.code(f), []byte("\xff Go build ID: \"")) {
			s.buildID = span{f.entry, f.end}
			s.funcs = slices.Delete(s.funcs, i, i+1)
			return
		}
	}
}

// funcAt finds the function of an address, -1 if there is none.
func (s *side) funcAt(addr uint64) int {
	i := sort.Search(len(s.funcs), func(i int) bool { return s.funcs[i].entry > addr }) - 1
	if i < 0 || addr >= s.funcs[i].end {
		return -1
	}
	return i
}

func (s *side) code(f *function) []byte { return s.im.bytes(f.entry, f.end-f.entry) }

// isTable reports whether an address lies in what the linker wrote about the
// program: it is not compared as data.
func (s *side) isTable(addr uint64) bool {
	return s.inPclntab(addr) || s.md != nil && addr >= s.md.addr && addr < s.md.addr+moduledataLen
}

func (s *side) inPclntab(addr uint64) bool {
	return s.tab != nil && addr >= s.tab.addr && addr < s.tab.end
}

// isWritable reports whether an address is that of a variable.
func (s *side) isWritable(addr uint64) bool {
	if s.md == nil {
		seg := s.im.segment(addr)
		return seg != nil && seg.write
	}
	for _, w := range s.md.writable {
		if w.has(addr) {
			return true
		}
	}
	return false
}

// collect finds the starts: operands of all functions, pointers in all data,
// and the edges of regions.
func (s *side) collect() {
	list, middles := s.operands()
	s.taken = sorted(slices.Clone(list))
	list = s.funcdata(list)
	for i := range s.im.segs {
		if seg := &s.im.segs[i]; !seg.exec {
			list = append(list, seg.addr)
			list = s.pointers(seg, list)
		}
	}
	edges := slices.Clone(s.im.sections)
	if s.md != nil {
		edges = append(edges, s.md.types, s.md.after, s.md.rodata, s.md.gofunc, s.md.addr, s.md.addr+moduledataLen, s.tab.addr, s.tab.end)
		for _, w := range s.md.writable {
			edges = append(edges, w.from, w.to)
		}
	}
	for _, a := range edges {
		if s.isData(a) {
			list = append(list, a)
		}
	}
	s.heads = sorted(list)
	s.starts = sorted(append(middles, s.heads...))
}

func (s *side) isData(addr uint64) bool {
	seg := s.im.segment(addr)
	return seg != nil && !seg.exec
}

// operands lists the data that code refers to: what it takes the address of,
// and what it only reads from or writes to.
func (s *side) operands() (taken, middles []uint64) {
	taken, middles = make([]uint64, 0, 4*len(s.funcs)), make([]uint64, 0, 2*len(s.funcs))
	w := walk{dec: s.dec, arch: s.im.arch}
	var refs []ref
	for i := range s.funcs {
		f := &s.funcs[i]
		refs = w.refs(s.code(f), f.entry, refs[:0])
		for _, r := range refs {
			switch {
			case r.weak || r.branch || !s.isData(r.target):
			case r.taken:
				taken = append(taken, r.target)
			default:
				middles = append(middles, r.target)
			}
		}
	}
	return taken, middles
}

// funcdata adds the tables that functions have for the runtime: they follow
// function values without a gap.
func (s *side) funcdata(list []uint64) []uint64 {
	if s.tab == nil {
		return list
	}
	for i := range s.funcs {
		f := &s.funcs[i]
		for k := range f.nfuncdata() {
			if at, ok := s.tab.funcdata(f, k); ok && s.im.segment(at) != nil {
				list = append(list, at)
			}
		}
	}
	return sorted(list)
}

func sorted(list []uint64) []uint64 {
	slices.Sort(list)
	return slices.Clip(slices.Compact(list))
}

// The checksum record of Go's FIPS module (cmd/link/internal/ld, fips140.go):
// magic, sum, its own address, four ranges of addresses. The linker makes it
// from the rest of the file.
const (
	fipsMagic = "\xff Go fipsinfo \xff\x00"
	fipsSelf  = 48
	fipsLen   = 56 + 4*16
)

// findFIPS finds the record, which says itself where it is.
func (s *side) findFIPS() {
	for i := range s.im.segs {
		seg := &s.im.segs[i]
		for at := 0; ; at++ {
			n := bytes.Index(seg.data[at:], []byte(fipsMagic))
			if n < 0 {
				break
			}
			at += n
			addr := seg.addr + uint64(at)
			if self, ok := s.im.word(addr + fipsSelf); ok && self == addr {
				s.fips = span{addr, addr + fipsLen}
				return
			}
		}
	}
}

// pointers adds the targets of a segment's words that are data.
func (s *side) pointers(seg *segment, list []uint64) []uint64 {
	lo, hi := s.im.segs[0].addr, s.im.segs[len(s.im.segs)-1].end()
	at := -seg.addr & 7
	for ; at+8 <= uint64(len(seg.data)); at += 8 {
		v := leWord(seg.data[at:])
		if v < lo || v >= hi {
			continue
		}
		addr := seg.addr + at
		if s.inPclntab(addr) || !s.im.pointer(addr, v) {
			continue
		}
		if to := s.im.segment(v); to != nil && !to.exec {
			list = append(list, v)
		}
	}
	return list
}

func leWord(b []byte) uint64 {
	_ = b[7]
	return uint64(b[0]) | uint64(b[1])<<8 | uint64(b[2])<<16 | uint64(b[3])<<24 |
		uint64(b[4])<<32 | uint64(b[5])<<40 | uint64(b[6])<<48 | uint64(b[7])<<56
}

// extent is how many bytes belong to the data at an address: up to the next
// start, or to the end of what the file fills.
func (s *side) extent(addr uint64) uint64 { return s.upTo(s.starts, addr) }

// reach is how many bytes may belong to the data at an address: up to the next
// head.
func (s *side) reach(addr uint64) uint64 { return s.upTo(s.heads, addr) }

// hidden reports whether only data refers to an address. In formats that do not
// store the sizes of symbols, it may belong to something without a symbol that
// stands behind the one before it.
func (s *side) hidden(addr uint64) bool {
	if s.im.format == "elf" {
		return false
	}
	if _, ok := slices.BinarySearch(s.heads, addr); !ok {
		return false
	}
	_, ok := slices.BinarySearch(s.taken, addr)
	return !ok
}

// visible is how many of a symbol's n bytes come before the first hidden
// address in it.
func (s *side) visible(addr, n uint64) uint64 {
	i, ok := slices.BinarySearch(s.heads, addr)
	if ok {
		i++
	}
	for ; i < len(s.heads) && s.heads[i] < addr+n; i++ {
		if s.hidden(s.heads[i]) {
			return s.heads[i] - addr
		}
	}
	return n
}

// head is the last head at or before an address, or the address itself.
func (s *side) head(addr uint64) uint64 {
	i := sort.Search(len(s.heads), func(i int) bool { return s.heads[i] > addr })
	if i == 0 {
		return addr
	}
	return s.heads[i-1]
}

func (s *side) upTo(list []uint64, addr uint64) uint64 {
	seg := s.im.segment(addr)
	if seg == nil {
		return 0
	}
	end := seg.addr + uint64(len(seg.data))
	if i := sort.Search(len(list), func(i int) bool { return list[i] > addr }); i < len(list) {
		end = min(end, list[i])
	}
	return max(end, addr) - addr
}

// isStart reports whether something refers to the address.
func (s *side) isStart(addr uint64) bool {
	_, ok := slices.BinarySearch(s.starts, addr)
	return ok
}
