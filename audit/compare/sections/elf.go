package sections

import (
	"encoding/binary"
	"errors"
	"fmt"
	"strings"
)

// Constants of the System V gABI, chapters 4 and 5.
const (
	elfNobits   = 8
	elfAlloc    = 2
	elfExec     = 4
	elfLoad     = 1
	elfSymtab   = 2
	elfStrtab   = 3
	elfPage     = 4096 // bytes; what is in a page of a segment is mapped with it
	maxSections = 16_384
	maxSegments = 512
)

// elfFile is an ELF file being mapped.
type elfFile struct {
	*cover
	data     []byte
	bo       binary.ByteOrder
	wide     bool // 64 bit
	sections []elfSection
	segments []elfSegment
}

type elfSection struct {
	name                string
	nameAt, kind        uint32
	flags, addr         uint64
	off, size, headerAt int64
}

type elfSegment struct {
	kind, flags       uint32
	off, filesz, at   int64
	vaddr, paddr, mem uint64
}

func readELF(data []byte, _ *Budget) (*Layout, error) {
	e := &elfFile{cover: newCover(ELF, data), data: data, bo: binary.LittleEndian}
	if len(data) < 64 || data[4] != 1 && data[4] != 2 || data[5] != 1 && data[5] != 2 {
		return nil, errors.New("elf: the header is malformed or cut off")
	}
	e.wide = data[4] == 2
	if data[5] == 2 {
		e.bo = binary.BigEndian
	}
	e.layout.order = e.bo
	if err := e.tables(); err != nil {
		return nil, err
	}
	e.header()
	e.segmentHeaders()
	e.contents()
	e.layout.Program = e.program()
	l := e.close(e.gap)
	goIdentity(l)
	settleFIPS(l)
	return l, nil
}

// word reads an address-sized number.
func (e *elfFile) word(at int64) uint64 {
	if e.wide {
		return e.bo.Uint64(e.data[at:])
	}
	return uint64(e.bo.Uint32(e.data[at:]))
}

func (e *elfFile) width() int64 {
	if e.wide {
		return 8
	}
	return 4
}

// tables reads both tables; entries that lie outside the file are errors.
func (e *elfFile) tables() error {
	w := e.width()
	phoff, shoff := int64(e.word(24+w)), int64(e.word(24+2*w))
	n := 24 + 3*w + 4 // of e_ehsize
	half := func(at int64) int64 { return int64(e.bo.Uint16(e.data[at:])) }
	phentsize, phnum, shentsize, shnum, names := half(n+2), half(n+4), half(n+6), half(n+8), half(n+10)
	if phnum > maxSegments || shnum > maxSections {
		return fmt.Errorf("elf: %d segments and %d sections are more than are read", phnum, shnum)
	}
	if phnum > 0 && (phentsize < 32+(w-4)*6 || !within(phoff, phentsize*phnum, e.size)) {
		return errors.New("elf: the program headers lie outside the file")
	}
	for i := range phnum {
		e.segments = append(e.segments, e.segment(phoff+i*phentsize))
	}
	if shnum > 0 && (shentsize < 40+(w-4)*6 || !within(shoff, shentsize*shnum, e.size)) {
		return errors.New("elf: the section headers lie outside the file")
	}
	for i := range shnum {
		e.sections = append(e.sections, e.section(shoff+i*shentsize))
	}
	return e.names(names)
}

func (e *elfFile) segment(at int64) elfSegment {
	w := e.width()
	s := elfSegment{kind: e.bo.Uint32(e.data[at:]), at: at}
	pos := at + 4
	if e.wide {
		s.flags = e.bo.Uint32(e.data[pos:])
		pos += 4
	}
	s.off, s.vaddr, s.paddr, s.filesz, s.mem = int64(e.word(pos)), e.word(pos+w), e.word(pos+2*w), int64(e.word(pos+3*w)), e.word(pos+4*w)
	if !e.wide {
		s.flags = e.bo.Uint32(e.data[pos+5*w:])
	}
	return s
}

func (e *elfFile) section(at int64) elfSection {
	w := e.width()
	return elfSection{
		nameAt: e.bo.Uint32(e.data[at:]), kind: e.bo.Uint32(e.data[at+4:]), flags: e.word(at + 8), addr: e.word(at + 8 + w),
		off: int64(e.word(at + 8 + 2*w)), size: int64(e.word(at + 8 + 3*w)), headerAt: at,
	}
}

// names resolves the names of sections.
func (e *elfFile) names(index int64) error {
	if len(e.sections) == 0 {
		return nil
	}
	if index >= int64(len(e.sections)) {
		return errors.New("elf: the section of names does not exist")
	}
	t := e.sections[index]
	if !within(t.off, t.size, e.size) {
		return errors.New("elf: the section of names lies outside the file")
	}
	text := string(e.data[t.off : t.off+t.size])
	for i, s := range e.sections {
		if int64(s.nameAt) < int64(len(text)) {
			e.sections[i].name, _, _ = strings.Cut(text[s.nameAt:], "\x00")
		}
	}
	return nil
}

// header maps the file header.
func (e *elfFile) header() {
	w := e.width()
	list := divide(0, "file header", []field{
		{24, Fixed, "identification, type, machine, version"},
		{w, Entry, "entry point"},
		{w, Structure, "offset of program headers"},
		{w, Structure, "offset of section headers"},
		{4, Fixed, "flags"},
		{12, Structure, "sizes and counts"},
	})
	list[1].Anchor, list[1].Target = e.entryAnchor(e.word(24)), e.program().Offset(e.word(24))
	for _, r := range list {
		e.put(r)
	}
	for i, s := range e.sections {
		key := fmt.Sprintf("section header %s", s.name)
		if i == 0 && s.name == "" {
			key = "section header 0"
		}
		e.sectionHeader(s, key)
	}
}

// entryAnchor says where an address is by the section that it lies in.
func (e *elfFile) entryAnchor(addr uint64) string {
	for _, s := range e.sections {
		if s.flags&elfAlloc != 0 && addr >= s.addr && addr-s.addr < uint64(max(s.size, 0)) {
			return fmt.Sprintf("%s+%#x", s.name, addr-s.addr)
		}
	}
	return fmt.Sprintf("%#x", addr)
}

func (e *elfFile) sectionHeader(s elfSection, key string) {
	w := e.width()
	length := 40 + (w-4)*6
	if s.flags&elfAlloc == 0 {
		role := Debug
		if elfRole(s) == Unknown {
			role = Structure
		}
		e.add(s.headerAt, s.headerAt+length, role, key)
		return
	}
	for _, r := range divide(s.headerAt, key, []field{
		{4, Structure, "name"},
		{4, Fixed, "type"},
		{w, Mapping, "flags"},
		{w, Structure, "address"},
		{w, Structure, "offset"},
		{w, Structure, "length"},
		{8, Structure, "links"},
		{2 * w, Fixed, "alignment and entry length"},
	}) {
		e.put(r)
	}
}

// contents maps what the sections hold; without sections, the segments.
func (e *elfFile) contents() {
	if len(e.sections) == 0 {
		for i, s := range e.segments {
			if s.kind != elfLoad || !within(s.off, s.filesz, e.size) {
				continue
			}
			role := Data
			if s.flags&1 != 0 {
				role = Code
			}
			from := s.off
			for _, r := range e.layout.Regions {
				if r.From < s.off+s.filesz && r.To > from {
					from = r.To
				}
			}
			e.add(from, s.off+s.filesz, role, fmt.Sprintf("segment %d", i))
		}
		return
	}
	for _, s := range e.sections {
		if s.kind == elfNobits || s.kind == 0 || s.size <= 0 {
			continue
		}
		if !within(s.off, s.size, e.size) {
			e.note("section %s lies outside the file", s.name)
			continue
		}
		e.add(s.off, s.off+s.size, elfRole(s), "section "+s.name)
	}
}

func elfRole(s elfSection) Role {
	switch {
	case s.name == ".note.go.buildid" || s.name == ".note.gnu.build-id":
		return Identity
	case s.name == ".go.fipsinfo":
		return Checksum
	case s.flags&elfAlloc != 0 && s.flags&elfExec != 0:
		return Code
	case s.flags&elfAlloc != 0:
		return Data
	case s.name == ".comment":
		return Toolchain
	case s.kind == elfSymtab || s.kind == elfStrtab:
		return Debug
	}
	for _, prefix := range [...]string{".debug_", ".zdebug_", ".gdb_index", ".gnu_debug", ".stab", ".note.GNU-stack", ".gnu_debugaltlink"} {
		if strings.HasPrefix(s.name, prefix) {
			return Debug
		}
	}
	return Unknown
}

// gap tells the bytes of no section apart by how they are mapped.
func (e *elfFile) gap(from, to int64, after string) []Region {
	var list []Region
	trailing := to == e.size
	for at := from; at < to; {
		exec, stop := e.execUntil(at, to)
		r := Region{From: at, To: stop, Role: Gap, Key: "gap after " + after}
		switch {
		case exec:
			r.Role = ExecGap
		case trailing:
			r.Role, r.Key = Trailing, "after the last section"
		}
		list = append(list, r)
		at = stop
	}
	return list
}

// execUntil tells whether a byte lies in a page that is mapped executable, and
// up to where that holds.
func (e *elfFile) execUntil(at, to int64) (bool, int64) {
	stop := to
	for _, s := range e.segments {
		if s.kind != elfLoad || s.flags&1 == 0 || s.off < 0 || s.filesz <= 0 || !within(s.off, s.filesz, e.size) {
			continue
		}
		first := s.off &^ (elfPage - 1)
		last := min((s.off+s.filesz+elfPage-1)&^(elfPage-1), e.size)
		if at >= first && at < last {
			return true, min(to, last)
		}
		if first > at {
			stop = min(stop, first)
		}
	}
	return false, stop
}

func (e *elfFile) program() *Program {
	p := &Program{}
	for _, s := range e.sections {
		if s.kind == 0 || s.kind != elfNobits && !within(s.off, s.size, e.size) || s.size < 0 {
			continue
		}
		p.Sections = append(p.Sections, Section{Name: s.name, Addr: s.addr, Off: s.off, Size: s.size, Exec: s.flags&elfExec != 0, Load: s.flags&elfAlloc != 0, Memory: s.kind == elfNobits})
	}
	return p
}
