package gofunc

import (
	"bytes"
	"debug/macho"
	"strings"
)

// The section type of zero-filled memory (mach-o/loader.h, S_ZEROFILL).
const machoZeroFill = 1

// loadMachO lays out the sections of a 64-bit Mach-O file.
func loadMachO(raw []byte) (*image, error) {
	f, err := macho.NewFile(bytes.NewReader(raw))
	if err != nil {
		return nil, err
	}
	im := &image{format: "macho"}
	switch f.Cpu {
	case macho.CpuAmd64:
		im.arch = "amd64"
	case macho.CpuArm64:
		im.arch = "arm64"
	}
	for _, l := range f.Loads {
		if b := l.Raw(); len(b) >= 4 && f.ByteOrder.Uint32(b) == 0x80000034 {
			return nil, &Error{
				What: "a Mach-O file with chained fixups", Reason: ErrUnsupported,
				Hint: "build it with Go's own linker (CGO_ENABLED=0)",
			}
		}
	}
	for _, s := range f.Sections {
		if s.Seg == "__DWARF" || s.Size == 0 {
			continue
		}
		filesz := s.Size
		if s.Flags&0xff == machoZeroFill {
			filesz = 0
		}
		exec := s.Seg == "__TEXT" && (s.Name == "__text" || strings.Contains(s.Name, "stub"))
		if err := im.add(raw, segment{addr: s.Addr, size: s.Size, off: uint64(s.Offset), exec: exec, write: s.Seg == "__DATA", name: s.Seg + "," + s.Name}, filesz); err != nil {
			return nil, err
		}
	}
	im.machoSymbols(f)
	return im, nil
}

func (im *image) machoSymbols(f *macho.File) {
	if f.Symtab == nil || len(f.Symtab.Syms) > maxRows {
		return
	}
	for _, s := range f.Symtab.Syms {
		const debug, mask, section = 0xe0, 0x0e, 0x0e
		if s.Type&debug != 0 || s.Type&mask != section || int(s.Sect) > len(f.Sections) || s.Sect == 0 || s.Name == "" {
			continue
		}
		code := f.Sections[s.Sect-1].Name == "__text"
		im.symbols = append(im.symbols, symbol{strings.TrimPrefix(s.Name, "_"), s.Value, 0, code})
	}
	im.sizeSymbols()
}
