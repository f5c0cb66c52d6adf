package sections

import (
	"bytes"
	"errors"
	"fmt"
	"strings"
)

// Lengths in bytes of the parts of a PE file (Microsoft, "PE Format").
const (
	peCOFFLen    = 20
	peSectionLen = 40
	peSymbolLen  = 18
	peDebugLen   = 28
	peExec       = 0x20000000 // IMAGE_SCN_MEM_EXECUTE
	peSecurity   = 4          // index of the certificate table among the directories
	peDebug      = 6
)

// peFile is a PE file being mapped.
type peFile struct {
	*cover
	data             []byte
	coff, opt, table int64
	optLen           int64
	wide             bool
	dirs             int64 // offset of the data directories
	dirCount         int64
	sections         []peSection
	cuts             []Region // inside sections
	strings          []byte   // of the COFF symbol table
}

type peSection struct {
	name           string
	at             int64
	vsize, vaddr   int64
	rawSize, rawAt int64
	flags          uint32
}

func readPE(data []byte, _ *Budget) (*Layout, error) {
	p := &peFile{cover: newCover(PE, data), data: data}
	bad := errors.New("pe: the headers are malformed or cut off")
	if p.size < 64 {
		return nil, bad
	}
	sig := int64(u32(data, 60))
	p.coff = sig + 4
	if !within(sig, 4+peCOFFLen, p.size) || string(data[sig:sig+4]) != "PE\x00\x00" || sig < 64 {
		return nil, bad
	}
	p.opt, p.optLen = p.coff+peCOFFLen, int64(u16(data, p.coff+16))
	p.table = p.opt + p.optLen
	count := int64(u16(data, p.coff+2))
	if p.optLen < 96 || !within(p.opt, p.optLen, p.size) || !within(p.table, count*peSectionLen, p.size) {
		return nil, bad
	}
	p.wide = u16(data, p.opt) == 0x20b
	p.dirs = p.opt + 96
	if p.wide {
		p.dirs = p.opt + 112
	}
	if p.wide && p.optLen < 112 {
		return nil, bad
	}
	p.dirCount = max(min(int64(u32(data, p.dirs-4)), (p.opt+p.optLen-p.dirs)/8), 0)
	p.symbols()
	for i := range count {
		p.sections = append(p.sections, p.section(p.table+i*peSectionLen))
	}
	p.dos(sig)
	p.headers()
	p.debug()
	p.contents()
	p.certificates()
	p.layout.Program = p.program()
	l := p.close(p.gap)
	goIdentity(l)
	return l, nil
}

// symbols maps the COFF symbol table and the strings after it.
func (p *peFile) symbols() {
	at, n := int64(u32(p.data, p.coff+8)), int64(u32(p.data, p.coff+12))
	if at == 0 || !within(at, n*peSymbolLen+4, p.size) {
		return
	}
	text := at + n*peSymbolLen
	if length := int64(u32(p.data, text)); length >= 4 && within(text, length, p.size) {
		p.strings = p.data[text : text+length]
		p.cuts = append(p.cuts, Region{From: at, To: text + length, Role: Debug, Key: "COFF symbols"})
	}
}

func (p *peFile) section(at int64) peSection {
	s := peSection{
		name: strings.TrimRight(string(p.data[at:at+8]), "\x00"), at: at,
		vsize: int64(u32(p.data, at+8)), vaddr: int64(u32(p.data, at+12)),
		rawSize: int64(u32(p.data, at+16)), rawAt: int64(u32(p.data, at+20)), flags: u32(p.data, at+36),
	}
	if n, ok := number([]byte(strings.TrimPrefix(s.name, "/")), 10); ok && strings.HasPrefix(s.name, "/") && n < int64(len(p.strings)) {
		s.name = tarText(p.strings[n:])
	}
	return s
}

// dos maps the header and the stub of DOS, and what some linkers leave there.
func (p *peFile) dos(sig int64) {
	p.add(0, 60, Fixed, "DOS header")
	p.add(60, 64, Structure, "DOS header: offset")
	stub := p.data[64:sig]
	end := int64(len(stub))
	if rich := int64(bytes.LastIndex(stub, []byte("Rich"))); rich >= 0 && rich+8 <= end {
		if start := p.richStart(stub, rich); start >= 0 {
			p.add(64+start, 64+rich+8, Toolchain, "Rich header")
			p.round(64+rich+8, sig, "after the Rich header")
			end = start
		}
	}
	if end > 0 {
		p.add(64, 64+end, Fixed, "DOS stub")
	}
}

func (p *peFile) richStart(stub []byte, rich int64) int64 {
	key := u32(stub, rich+4)
	for at := rich - 4; at >= 0; at -= 4 {
		if u32(stub, at)^key == 0x536e6144 { // "DanS"
			return at
		}
	}
	return -1
}

func (p *peFile) round(from, to int64, key string) {
	if from >= to {
		return
	}
	role := Gap
	if zeros(p.data[from:to]) {
		role = Blocking
	}
	p.add(from, to, role, key)
}

// contents maps what the sections hold, and the padding after it.
func (p *peFile) contents() {
	for _, s := range p.sections {
		if s.rawSize == 0 || s.rawAt == 0 {
			continue
		}
		if !within(s.rawAt, s.rawSize, p.size) {
			p.note("section %.40q lies outside the file", s.name)
			continue
		}
		used := s.rawSize
		if s.vsize > 0 {
			used = min(s.vsize, s.rawSize)
		}
		p.pieces(Region{From: s.rawAt, To: s.rawAt + used, Role: s.role(), Key: "section " + s.name})
		if used < s.rawSize {
			pad := Region{From: s.rawAt + used, To: s.rawAt + s.rawSize, Role: Gap, Key: "padding of " + s.name}
			if s.flags&peExec != 0 {
				pad.Role = ExecGap
			}
			p.pieces(pad)
		}
	}
	for _, c := range p.cuts {
		p.put(c)
	}
}

func (s peSection) role() Role {
	switch {
	case s.flags&peExec != 0:
		return Code
	case strings.HasPrefix(s.name, ".debug_"), strings.HasPrefix(s.name, ".zdebug_"), s.name == ".symtab":
		return Debug
	}
	return Data
}

// pieces adds a region without what is cut out of it.
func (p *peFile) pieces(r Region) {
	for _, c := range p.cuts {
		if c.From >= r.From && c.From < r.To {
			if c.From > r.From {
				p.put(Region{From: r.From, To: c.From, Role: r.Role, Key: r.Key})
			}
			r.From, r.Key = min(c.To, r.To), r.Key+" after "+c.Key
		}
	}
	if r.From >= r.To {
		return
	}
	for _, piece := range cutGoID(p.data, r) {
		p.put(piece)
	}
}

// certificates maps the certificate table, which no section holds.
func (p *peFile) certificates() {
	if p.dirCount <= peSecurity {
		return
	}
	at, n := int64(u32(p.data, p.dirs+peSecurity*8)), int64(u32(p.data, p.dirs+peSecurity*8+4))
	if n > 0 && within(at, n, p.size) {
		p.add(at, at+n, Signed, "certificate table")
	}
}

// gap tells what lies between headers and sections from what is appended.
func (p *peFile) gap(from, to int64, after string) []Region {
	if to == p.size {
		return []Region{{From: from, To: to, Role: Trailing, Key: "after the last section"}}
	}
	return []Region{{From: from, To: to, Role: Gap, Key: "gap after " + after}}
}

func (p *peFile) program() *Program {
	out := &Program{Base: uint64(u32(p.data, p.opt+28))}
	if p.wide {
		out.Base = u64(p.data, p.opt+24)
	}
	for _, s := range p.sections {
		if within(s.rawAt, s.rawSize, p.size) {
			out.Sections = append(out.Sections, Section{Name: s.name, Addr: out.Base + uint64(s.vaddr), Off: s.rawAt, Size: s.rawSize, Exec: s.flags&peExec != 0, Load: true})
		}
	}
	return out
}

// offset is where an address relative to the image stands in the file, or -1.
func (p *peFile) offset(rva int64) int64 {
	for _, s := range p.sections {
		if rva >= s.vaddr && rva-s.vaddr < s.rawSize && within(s.rawAt, s.rawSize, p.size) {
			return s.rawAt + rva - s.vaddr
		}
	}
	return -1
}

// anchor says where a relative address is by the section that it lies in.
func (p *peFile) anchor(rva int64) string {
	for _, s := range p.sections {
		if rva >= s.vaddr && rva-s.vaddr < max(s.vsize, s.rawSize) {
			return fmt.Sprintf("%s+%#x", s.name, rva-s.vaddr)
		}
	}
	return fmt.Sprintf("%#x", rva)
}
