package sections

import (
	"encoding/binary"
	"errors"
	"fmt"
)

// Load commands (Mach-O Reference, mach-o/loader.h).
const (
	lcSegment       = 0x1
	lcSymtab        = 0x2
	lcUnixThread    = 0x5
	lcDysymtab      = 0xb
	lcSegment64     = 0x19
	lcUUID          = 0x1b
	lcCodeSignature = 0x1d
	lcFunctions     = 0x26
	lcDataInCode    = 0x29
	lcSource        = 0x2a
	lcDyldInfo      = 0x22
	lcDyldInfoOnly  = 0x80000022
	lcMain          = 0x80000028
	lcExports       = 0x80000033
	lcFixups        = 0x80000034
	lcVersionMac    = 0x24
	lcVersionIOS    = 0x25
	lcBuildVersion  = 0x32
	maxCommands     = 10_000
)

// machFile is a Mach-O file being mapped.
type machFile struct {
	*cover
	data     []byte
	bo       binary.ByteOrder
	head     int64
	seen     map[uint32]int
	segments []machSegment
	program  Program
}

type machSegment struct {
	name     string
	off, len int64
	exec     bool
}

func readMachO(data []byte, _ *Budget) (*Layout, error) {
	m := &machFile{cover: newCover(MachO, data), data: data, bo: binary.LittleEndian, seen: map[uint32]int{}}
	m.head = 28
	if m.size < 32 {
		return nil, errors.New("mach-o: the header is cut off")
	}
	if u32(data, 0) == 0xfeedfacf {
		m.head = 32
	}
	for _, r := range divide(0, "file header", []field{{16, Fixed, "magic, processor, type"}, {8, Structure, "count and length of commands"}, {4, Mapping, "flags"}, {m.head - 28, Fixed, "reserved"}}) {
		m.put(r)
	}
	at, count := m.head, int64(u32(data, 16))
	if count > maxCommands {
		return nil, errors.New("mach-o: too many load commands")
	}
	for range count {
		if !within(at, 8, m.size) || u32(data, at+4) < 8 || !within(at, int64(u32(data, at+4)), m.size) {
			return nil, errors.New("mach-o: a load command is malformed or cut off")
		}
		n := int64(u32(data, at+4))
		m.command(u32(data, at), at, n)
		at += n
	}
	m.layout.Program = &m.program
	l := m.close(m.gap)
	goIdentity(l)
	settleFIPS(l)
	return l, nil
}

// command maps one load command and what it points to.
func (m *machFile) command(cmd uint32, at, n int64) {
	m.seen[cmd]++
	key := fmt.Sprintf("load command %#x %d", cmd, m.seen[cmd])
	all := func(role Role) { m.add(at, at+n, role, key) }
	switch {
	case cmd == lcSegment64 && n >= 72:
		m.segment(at, n)
	case cmd == lcUUID && n == 24:
		m.add(at, at+8, Fixed, key)
		m.add(at+8, at+24, Identity, uuidKey)
	case cmd == lcCodeSignature && n >= 16:
		all(Structure)
		m.blob(at+8, Signed, "code signature")
	case cmd == lcSymtab && n >= 24:
		all(Structure)
		m.stretch(int64(u32(m.data, at+8)), int64(u32(m.data, at+12))*16, Debug, "symbols")
		m.stretch(int64(u32(m.data, at+16)), int64(u32(m.data, at+20)), Debug, "names of symbols")
	case cmd == lcDysymtab && n >= 80:
		all(Structure)
		m.stretch(int64(u32(m.data, at+56)), int64(u32(m.data, at+60))*4, Data, "indirect symbols")
	case (cmd == lcDyldInfo || cmd == lcDyldInfoOnly) && n >= 48:
		all(Structure)
		for i, name := range [...]string{"rebase", "bind", "weak bind", "lazy bind", "export"} {
			m.blob(at+8+int64(i)*8, Data, name+" table")
		}
	case cmd == lcFunctions && n >= 16:
		all(Structure)
		m.blob(at+8, Debug, "function starts")
	case cmd == lcDataInCode && n >= 16:
		all(Structure)
		m.blob(at+8, Debug, "data in code")
	case (cmd == lcExports || cmd == lcFixups) && n >= 16:
		all(Structure)
		m.blob(at+8, Data, fmt.Sprintf("table of command %#x", cmd))
	case cmd == lcMain && n >= 24:
		m.add(at, at+n, Entry, key)
		m.last().Anchor, m.last().Target = m.anchor(i64(m.data, at+8)), i64(m.data, at+8)
	case cmd == lcUnixThread:
		m.add(at, at+n, Entry, key)
		m.last().Anchor = fmt.Sprintf("%x", m.data[at+8:at+n])
	case cmd == lcSource || cmd == lcBuildVersion || cmd == lcVersionMac || cmd == lcVersionIOS:
		all(Toolchain)
	default: // libraries, search paths, the loader: what is mapped beside the program
		all(Mapping)
	}
}

func (m *machFile) last() *Region { return &m.layout.Regions[len(m.layout.Regions)-1] }

// blob maps what an offset and a length point to.
func (m *machFile) blob(at int64, role Role, key string) {
	m.stretch(int64(u32(m.data, at)), int64(u32(m.data, at+4)), role, key)
}

func (m *machFile) stretch(from, n int64, role Role, key string) {
	if n > 0 && within(from, n, m.size) {
		m.add(from, from+n, role, key)
	}
}

// segment maps a 64-bit segment command and its sections.
func (m *machFile) segment(at, n int64) {
	name := tarText(m.data[at+8 : at+24])
	key := "segment " + name
	prot := u32(m.data, at+60)
	s := machSegment{name, i64(m.data, at+40), i64(m.data, at+48), prot&4 != 0}
	if name == "__TEXT" {
		m.program.Base = u64(m.data, at+24)
	}
	if !within(s.off, s.len, m.size) {
		m.note("segment %.20q lies outside the file", name)
	} else if s.len > 0 {
		m.segments = append(m.segments, s)
	}
	count := int64(u32(m.data, at+64))
	for _, r := range divide(at, key, []field{
		{8, Fixed, "command"},
		{16, Fixed, "name"},
		{32, Structure, "addresses and lengths"},
		{8, Mapping, "protection"},
		{4, Structure, "count of sections"},
		{4, Mapping, "flags"},
	}) {
		switch {
		case name == "__DWARF":
			r.Role = Debug
		case r.From == at:
			r.Role = Structure
		}
		m.put(r)
	}
	for i := range min(count, (n-72)/80) {
		m.section(at+72+i*80, name, s.exec)
	}
}

func (m *machFile) section(at int64, segment string, exec bool) {
	name := segment + "," + tarText(m.data[at:at+16])
	for _, r := range divide(at, "section header "+name, []field{
		{32, Fixed, "name"}, {20, Structure, "address and length"}, {4, Fixed, "alignment"}, {8, Structure, "relocations"}, {4, Mapping, "flags"}, {12, Structure, "reserved"},
	}) {
		if segment == "__DWARF" {
			r.Role = Debug
		}
		m.put(r)
	}
	addr, size, off, flags := u64(m.data, at+32), i64(m.data, at+40), int64(u32(m.data, at+48)), u32(m.data, at+64)
	if size <= 0 {
		return
	}
	if flags&0xff == 1 || off == 0 { // zero-filled
		m.program.Sections = append(m.program.Sections, Section{Name: name, Addr: addr, Size: size, Load: true, Memory: true})
		return
	}
	if !within(off, size, m.size) {
		m.note("section %.40q lies outside the file", name)
		return
	}
	role := Data
	switch {
	case flags&0x80000400 != 0: // has instructions
		role = Code
	case segment == "__DWARF":
		role = Debug
	case name == "__DATA,__go_fipsinfo" || name == "__DATA_CONST,__go_fipsinfo":
		role = Checksum
	}
	m.program.Sections = append(m.program.Sections, Section{Name: name, Addr: addr, Off: off, Size: size, Exec: exec && role == Code, Load: role != Debug})
	m.cutID(Region{From: off, To: off + size, Role: role, Key: "section " + name})
}

// cutID takes the Go build ID out of the text, where the linker puts it.
func (m *machFile) cutID(r Region) {
	for _, piece := range cutGoID(m.data, r) {
		m.put(piece)
	}
}

// cutGoID splits a code region around the Go build ID, which stands in the first
// bytes of a program's text where there is no note for it.
func cutGoID(data []byte, r Region) []Region {
	if r.Role != Code {
		return []Region{r}
	}
	const near = 64 << 10 // bytes: the ID is before the first function
	at, _, n := goIDIn(data[r.From:min(r.To, r.From+near)])
	if n == 0 {
		return []Region{r}
	}
	from := r.From + int64(at)
	list := []Region{{From: from, To: from + int64(n), Role: Identity, Key: goIDKey}, {From: from + int64(n), To: r.To, Role: r.Role, Key: r.Key}}
	if at > 0 {
		list = append(list, Region{From: r.From, To: from, Role: r.Role, Key: r.Key + " before the ID"})
	}
	return list
}

// anchor says where an offset in the file is by the section that holds it.
func (m *machFile) anchor(off int64) string {
	for _, s := range m.program.Sections {
		if off >= s.Off && off-s.Off < s.Size {
			return fmt.Sprintf("%s+%#x", s.Name, off-s.Off)
		}
	}
	return fmt.Sprintf("%#x", off)
}

func (m *machFile) gap(from, to int64, after string) []Region {
	for _, s := range m.segments {
		if s.exec && from < s.off+s.len && to > s.off {
			return []Region{{From: from, To: to, Role: ExecGap, Key: "gap after " + after}}
		}
	}
	if to == m.size {
		return []Region{{From: from, To: to, Role: Trailing, Key: "after the last part"}}
	}
	return []Region{{From: from, To: to, Role: Gap, Key: "gap after " + after}}
}

// readFat maps a universal file: one program for each processor.
func readFat(data []byte, b *Budget) (*Layout, error) {
	c := newCover(Fat, data)
	c.layout.order = binary.BigEndian
	if c.size < 8 {
		return nil, errors.New("mach-o universal: the header is cut off")
	}
	count := int64(be32(data, 4))
	if count > 40 { // a Java class has its version there, 45 and up
		return Opaque(data), nil
	}
	if !within(8, count*20, c.size) {
		return nil, errors.New("mach-o universal: the header is cut off")
	}
	c.add(0, 8, Fixed, "universal header")
	for i := range count {
		at := 8 + i*20
		name := fmt.Sprintf("processor %#x/%#x", be32(data, at), be32(data, at+4))
		for _, r := range divide(at, name, []field{{8, Fixed, "processor"}, {8, Structure, "offset and length"}, {4, Fixed, "alignment"}}) {
			c.put(r)
		}
		off, n := int64(be32(data, at+8)), int64(be32(data, at+12))
		if !within(off, n, c.size) {
			return nil, errors.New("mach-o universal: a program lies outside the file")
		}
		if err := b.member(); err != nil {
			return nil, err
		}
		m := c.member(Member{Path: name, Mode: 0o755, open: func() ([]byte, error) { return data[off : off+n], b.spend(n) }})
		if n > 0 {
			c.put(Region{From: off, To: off + n, Role: Stored, Key: "content of " + name, Member: m})
		}
	}
	return c.close(c.plainGap), nil
}
