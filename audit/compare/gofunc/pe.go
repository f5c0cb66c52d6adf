package gofunc

import (
	"bytes"
	"debug/pe"
	"encoding/binary"
	"slices"
)

// loadPE lays out the sections of a PE32+ file at its preferred base.
func loadPE(raw []byte) (*image, error) {
	f, err := pe.NewFile(bytes.NewReader(raw))
	if err != nil {
		return nil, err
	}
	opt, ok := f.OptionalHeader.(*pe.OptionalHeader64)
	if !ok {
		return nil, &Error{What: "a PE file that is not PE32+", Reason: ErrUnsupported}
	}
	im := &image{format: "pe"}
	switch f.Machine {
	case pe.IMAGE_FILE_MACHINE_AMD64:
		im.arch = "amd64"
	case pe.IMAGE_FILE_MACHINE_ARM64:
		im.arch = "arm64"
	}
	for _, s := range f.Sections {
		// Debug sections of a Go file lie behind the image in memory too.
		seg := segment{
			addr: opt.ImageBase + uint64(s.VirtualAddress), size: uint64(max(s.VirtualSize, 1)),
			off: uint64(s.Offset), exec: s.Characteristics&pe.IMAGE_SCN_MEM_EXECUTE != 0,
			write: s.Characteristics&pe.IMAGE_SCN_MEM_WRITE != 0, name: s.Name,
		}
		if s.VirtualAddress == 0 || s.Characteristics&pe.IMAGE_SCN_MEM_DISCARDABLE != 0 && s.Name != ".reloc" {
			continue
		}
		if err := im.add(raw, seg, uint64(min(s.Size, s.VirtualSize))); err != nil {
			return nil, err
		}
	}
	slices.SortFunc(im.segs, func(a, b segment) int { return cmpUint(a.addr, b.addr) })
	im.peImports(opt)
	im.peSymbols(f, opt.ImageBase)
	return im, nil
}

// peImports finds the address tables that the loader fills (PE format, "The
// .idata Section").
func (im *image) peImports(opt *pe.OptionalHeader64) {
	dir := opt.DataDirectory[pe.IMAGE_DIRECTORY_ENTRY_IMPORT]
	rows := im.bytes(opt.ImageBase+uint64(dir.VirtualAddress), uint64(dir.Size))
	for ; len(rows) >= 20 && len(im.imports) < 4096; rows = rows[20:] {
		thunk := binary.LittleEndian.Uint32(rows[16:])
		if thunk == 0 {
			break
		}
		from := opt.ImageBase + uint64(thunk)
		to := from
		for to-from < 1<<20 {
			w, ok := im.word(to)
			to += 8
			if !ok || w == 0 {
				break
			}
		}
		im.imports = append(im.imports, span{from, to})
	}
}

func (im *image) peSymbols(f *pe.File, base uint64) {
	if len(f.Symbols) > maxRows {
		return
	}
	for _, s := range f.Symbols {
		if s.SectionNumber < 1 || int(s.SectionNumber) > len(f.Sections) || s.Name == "" {
			continue
		}
		sect := f.Sections[s.SectionNumber-1]
		code := s.Type == 0x20 || sect.Characteristics&pe.IMAGE_SCN_MEM_EXECUTE != 0
		im.symbols = append(im.symbols, symbol{s.Name, base + uint64(sect.VirtualAddress) + uint64(s.Value), 0, code})
	}
	im.sizeSymbols()
}

// sizeSymbols gives symbols of formats that do not store sizes the room up to
// the next one.
func (im *image) sizeSymbols() {
	slices.SortStableFunc(im.symbols, func(a, b symbol) int { return cmpUint(a.addr, b.addr) })
	for i := range im.symbols {
		s := &im.symbols[i]
		end := s.addr
		if seg := im.segment(s.addr); seg != nil {
			end = seg.end()
		}
		if i+1 < len(im.symbols) {
			end = min(end, im.symbols[i+1].addr)
		}
		s.size = max(end, s.addr) - s.addr
	}
}
