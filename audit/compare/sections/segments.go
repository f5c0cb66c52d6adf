package sections

import "fmt"

// segmentHeaders maps the program headers. Where a segment starts and ends is
// said by sections, so that a table that follows its sections is told from one
// that maps more than they hold.
func (e *elfFile) segmentHeaders() {
	seen := map[uint32]int{}
	w := e.width()
	for _, s := range e.segments {
		seen[s.kind]++
		key := fmt.Sprintf("program header %s %d", elfSegmentName(s.kind), seen[s.kind])
		fields := []field{{4, Fixed, "type"}, {4, Mapping, "flags"}, {w, Address, "offset"}, {2 * w, Address, "address"}, {w, Address, "length in the file"}, {w, Address, "length in memory"}, {w, Fixed, "alignment"}}
		if !e.wide {
			fields = []field{{4, Fixed, "type"}, {w, Address, "offset"}, {2 * w, Address, "address"}, {w, Address, "length in the file"}, {w, Address, "length in memory"}, {4, Mapping, "flags"}, {w, Fixed, "alignment"}}
		}
		file, memory := e.span(s), e.memory(s)
		for _, r := range divide(s.at, key, fields) {
			switch r.Key {
			case key + ": offset", key + ": length in the file":
				r.Anchor = file
			case key + ": address", key + ": length in memory":
				r.Anchor = memory
			}
			e.put(r)
		}
	}
}

// span is what a segment holds of the file.
func (e *elfFile) span(s elfSegment) string {
	if s.filesz == 0 {
		return "nothing"
	}
	return fmt.Sprintf("from %s to %s", e.fileAnchor(s.off, true), e.fileAnchor(s.off+s.filesz, false))
}

// fileAnchor names an offset: the start of a section, or the end of one.
func (e *elfFile) fileAnchor(off int64, start bool) string {
	if off == 0 {
		return "the file header"
	}
	for _, s := range e.sections {
		if s.kind == 0 || s.kind == elfNobits || s.size == 0 {
			continue
		}
		if start && s.off == off {
			return "the start of " + s.name
		}
		if !start && s.off+s.size == off {
			return "the end of " + s.name
		}
	}
	for _, s := range e.segments {
		if s.at == off {
			return "the program headers"
		}
	}
	if n := int64(len(e.segments)); !start && n > 0 && e.segments[n-1].at+(e.segments[n-1].at-e.segments[0].at)/max(n-1, 1) == off {
		return "the end of the program headers"
	}
	return e.loose(off, start)
}

// loose names an offset that is at no edge: by how far it is from one, or from
// the edge of a page.
func (e *elfFile) loose(off int64, start bool) string {
	best, name := int64(-1), ""
	for _, s := range e.sections {
		if s.kind == 0 || s.kind == elfNobits || s.size <= 0 {
			continue
		}
		edge := s.off
		if !start {
			edge = s.off + s.size
		}
		if edge <= off && edge > best {
			best, name = edge, s.name
		}
	}
	if best >= 0 {
		return fmt.Sprintf("%d bytes behind an edge of %s", off-best, name)
	}
	return fmt.Sprintf("offset %d", off)
}

// memory is where a segment lies, by the addresses of its sections.
func (e *elfFile) memory(s elfSegment) string {
	if s.vaddr == 0 && s.mem == 0 {
		return "nowhere"
	}
	same := ""
	if s.paddr != s.vaddr {
		same = ", loaded elsewhere"
	}
	return fmt.Sprintf("from %s to %s%s", e.addrAnchor(s, s.vaddr, true), e.addrAnchor(s, s.vaddr+s.mem, false), same)
}

func (e *elfFile) addrAnchor(seg elfSegment, addr uint64, start bool) string {
	if start && seg.off == 0 {
		return "the file header"
	}
	best, name := uint64(0), ""
	for _, s := range e.sections {
		if s.flags&elfAlloc == 0 || s.size == 0 {
			continue
		}
		edge := s.addr
		if !start {
			edge += uint64(s.size)
		}
		if edge == addr {
			return fmt.Sprintf("an edge of %s", s.name)
		}
		if edge < addr && edge > best {
			best, name = edge, s.name
		}
	}
	if name != "" {
		return fmt.Sprintf("%d bytes behind an edge of %s", addr-best, name)
	}
	return fmt.Sprintf("%#x", addr)
}

func elfSegmentName(kind uint32) string {
	switch kind {
	case 1:
		return "LOAD"
	case 2:
		return "DYNAMIC"
	case 3:
		return "INTERP"
	case 4:
		return "NOTE"
	case 6:
		return "PHDR"
	case 7:
		return "TLS"
	case 0x6474e550:
		return "EH_FRAME"
	case 0x6474e551:
		return "STACK"
	case 0x6474e552:
		return "RELRO"
	}
	return fmt.Sprintf("%#x", kind)
}
