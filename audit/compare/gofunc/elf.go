package gofunc

import (
	"bytes"
	"debug/elf"
	"encoding/binary"
	"slices"
)

// loadELF lays out the PT_LOAD segments; section headers are not needed.
func loadELF(raw []byte) (*image, error) {
	f, err := elf.NewFile(bytes.NewReader(raw))
	if err != nil {
		return nil, err
	}
	if f.Class != elf.ELFCLASS64 || f.Data != elf.ELFDATA2LSB {
		return nil, &Error{What: "an ELF file that is not 64 bits little-endian", Reason: ErrUnsupported}
	}
	im := &image{format: "elf", exact: f.Type == elf.ET_DYN}
	switch f.Machine {
	case elf.EM_X86_64:
		im.arch = "amd64"
	case elf.EM_AARCH64:
		im.arch = "arm64"
	}
	var dynamic []byte
	for _, p := range f.Progs {
		switch p.Type {
		case elf.PT_LOAD:
			s := segment{addr: p.Vaddr, size: p.Memsz, off: p.Off, exec: p.Flags&elf.PF_X != 0, write: p.Flags&elf.PF_W != 0, name: "PT_LOAD"}
			if err := im.add(raw, s, p.Filesz); err != nil {
				return nil, err
			}
		case elf.PT_DYNAMIC:
			if p.Off <= uint64(len(raw)) && p.Filesz <= uint64(len(raw))-p.Off {
				dynamic = raw[p.Off : p.Off+p.Filesz]
			}
		}
	}
	slices.SortFunc(im.segs, func(a, b segment) int { return cmpUint(a.addr, b.addr) })
	for _, s := range f.Sections {
		if s.Flags&elf.SHF_ALLOC != 0 {
			im.sections = append(im.sections, s.Addr)
		}
		// The segment of the code begins with the file's own header.
		if to := s.Addr + s.Size; s.Flags&elf.SHF_EXECINSTR != 0 && s.Size > 0 && to > s.Addr && im.segment(s.Addr) != nil {
			im.execs = append(im.execs, span{s.Addr, to})
		}
	}
	if im.exact {
		im.relocate(dynamic)
	}
	im.elfSymbols(f)
	return im, nil
}

// relocate writes the addends of relative relocations (psABI: R_X86_64_RELATIVE,
// R_AARCH64_RELATIVE) to where the loader would. The written segments become
// copies.
func (im *image) relocate(dynamic []byte) {
	var rela, size uint64
	for ; len(dynamic) >= 16; dynamic = dynamic[16:] {
		v := binary.LittleEndian.Uint64(dynamic[8:])
		switch elf.DynTag(binary.LittleEndian.Uint64(dynamic)) { //nolint:gosec // tags are small
		case elf.DT_RELA:
			rela = v
		case elf.DT_RELASZ:
			size = v
		}
	}
	rows := im.bytes(rela, size)
	copied := map[uint64]bool{}
	for ; len(rows) >= 24 && len(im.fixups) < maxRows; rows = rows[24:] {
		at, info, addend := binary.LittleEndian.Uint64(rows), binary.LittleEndian.Uint64(rows[8:]), binary.LittleEndian.Uint64(rows[16:])
		if t := uint32(info); t != uint32(elf.R_X86_64_RELATIVE) && t != uint32(elf.R_AARCH64_RELATIVE) { //nolint:gosec // the low half
			continue
		}
		s := im.segment(at)
		if s == nil || at-s.addr+8 > uint64(len(s.data)) {
			continue
		}
		if !copied[s.addr] {
			s.data = slices.Clone(s.data)
			copied[s.addr] = true
		}
		binary.LittleEndian.PutUint64(s.data[at-s.addr:], addend)
		im.fixups = append(im.fixups, at)
	}
	slices.Sort(im.fixups)
}

func (im *image) elfSymbols(f *elf.File) {
	// A file without, or with a broken, table is one without symbols.
	list, err := f.Symbols()
	if err != nil || len(list) > maxRows {
		return
	}
	for _, s := range list {
		if t := elf.ST_TYPE(s.Info); s.Name == "" || s.Value == 0 || s.Section == elf.SHN_UNDEF || t == elf.STT_TLS || t == elf.STT_FILE || t == elf.STT_SECTION {
			continue
		}
		im.symbols = append(im.symbols, symbol{s.Name, s.Value, s.Size, elf.ST_TYPE(s.Info) == elf.STT_FUNC})
	}
}
