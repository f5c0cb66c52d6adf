package sections

import (
	"encoding/binary"
	"fmt"
	"slices"
)

// headers maps the COFF header, the optional header and the section table.
func (p *peFile) headers() {
	list := divide(p.coff-4, "COFF header", []field{
		{4, Fixed, "magic"},
		{2, Fixed, "machine"},
		{2, Structure, "count of sections"},
		{4, BuildTime, "time"},
		{8, Structure, "symbol table"},
		{2, Structure, "length of the optional header"},
		{2, Mapping, "characteristics"},
	})
	list = append(list, p.optional()...)
	for i := range p.dirCount {
		at := p.dirs + i*8
		r := Region{From: at, To: at + 8, Role: Address, Key: fmt.Sprintf("data directory %d", i)}
		rva, n := int64(u32(p.data, at)), int64(u32(p.data, at+4))
		switch {
		case i == peSecurity:
			r.Role = Structure // what it points to is a region of its own
		case n > 0:
			r.Anchor = p.holder(rva)
		}
		list = append(list, r)
	}
	for _, r := range list {
		p.put(r)
	}
	p.round(p.dirs+p.dirCount*8, p.table, "end of the optional header")
	for _, s := range p.sections {
		for _, r := range divide(s.at, "section header "+s.name, []field{
			{8, Name, "name"}, {16, Structure, "addresses and lengths"}, {12, Structure, "relocations and lines"}, {4, Mapping, "characteristics"},
		}) {
			switch {
			case s.role() == Debug:
				r.Role = Debug
			case r.Role == Name: // it is the key
				r.Role = Structure
			}
			p.put(r)
		}
	}
}

// holder is the name of the section that holds an address.
func (p *peFile) holder(rva int64) string {
	for _, s := range p.sections {
		if rva >= s.vaddr && rva-s.vaddr < max(s.vsize, s.rawSize) {
			return s.name
		}
	}
	return "no section"
}

func (p *peFile) optional() []Region {
	fields := []field{
		{2, Fixed, "magic"}, {2, Toolchain, "linker version"}, {12, Structure, "lengths"}, {4, Entry, "entry point"}, {4, Structure, "base of code"},
	}
	w := int64(4)
	if p.wide {
		w = 8
	} else {
		fields = append(fields, field{4, Structure, "base of data"})
	}
	fields = append(fields,
		field{w, Fixed, "image base"}, field{8, Fixed, "alignments"}, field{16, Fixed, "versions"}, field{8, Structure, "length of image and headers"},
		field{4, Checksum, "checksum"}, field{2, Fixed, "subsystem"}, field{2, Mapping, "DLL characteristics"},
		field{4 * w, Fixed, "stack and heap"}, field{8, Fixed, "count of directories"})
	list := divide(p.opt, "optional header", fields)
	for i, r := range list {
		switch r.Role {
		case Entry:
			rva := int64(u32(p.data, r.From))
			list[i].Anchor, list[i].Target = p.anchor(rva), p.offset(rva)
		case Checksum:
			list[i].Valid = u32(p.data, r.From) == 0 || u32(p.data, r.From) == peChecksum(p.data, r.From)
		}
	}
	return list
}

// peChecksum is the checksum that the loader and imagehlp compute: the sum of the
// file's 16-bit words with carry, without the field itself, plus its length.
func peChecksum(data []byte, field int64) uint32 {
	var sum uint64
	add := func(b []byte) {
		for ; len(b) >= 2; b = b[2:] {
			sum += uint64(binary.LittleEndian.Uint16(b))
		}
		if len(b) == 1 {
			sum += uint64(b[0])
		}
	}
	if field%2 == 0 {
		add(data[:field])
		add(data[field+4:])
	} else {
		without := slices.Clone(data)
		clear(without[field : field+4])
		add(without)
	}
	for sum>>16 != 0 {
		sum = sum&0xffff + sum>>16
	}
	return uint32(sum) + uint32(len(data))
}

// debug cuts the debug directory out of its section: its time, and the identity
// that ties a file to its symbols.
func (p *peFile) debug() {
	if p.dirCount <= peDebug {
		return
	}
	rva, n := int64(u32(p.data, p.dirs+peDebug*8)), int64(u32(p.data, p.dirs+peDebug*8+4))
	at := p.offset(rva)
	if at < 0 || n%peDebugLen != 0 || n > 64*peDebugLen || !within(at, n, p.size) {
		return
	}
	for i := range n / peDebugLen {
		entry := at + i*peDebugLen
		p.cuts = append(p.cuts, divide(entry, fmt.Sprintf("debug directory %d", i), []field{
			{4, Fixed, "flags"}, {4, BuildTime, "time"}, {8, Fixed, "version and type"}, {12, Structure, "where"},
		})...)
		size, raw := int64(u32(p.data, entry+16)), int64(u32(p.data, entry+24))
		if size >= 24 && within(raw, size, p.size) && string(p.data[raw:raw+4]) == "RSDS" {
			p.cuts = append(p.cuts, divide(raw, fmt.Sprintf("debug record %d", i), []field{
				{4, Fixed, "magic"}, {20, Identity, "GUID and age"}, {size - 24, Debug, "path"},
			})...)
		}
	}
	slices.SortFunc(p.cuts, func(a, b Region) int { return cmpInt(a.From, b.From) })
}
