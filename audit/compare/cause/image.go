package cause

import (
	"bytes"
	"debug/elf"
	"debug/macho"
	"debug/pe"
	"encoding/binary"
	"errors"
	"slices"
	"strings"
)

// section is a part of a program that is in memory when it runs.
type section struct {
	name string
	addr uint64
	data []byte // as in the file; shorter than size where the rest is zero
	size uint64
}

// image is a program, whatever its format.
type image struct {
	format       string // elf, pe, macho
	goos, goarch string // goos is the format's usual one
	order        binary.ByteOrder
	wide         bool // 64 bits
	sections     []section
	names        []string // of all sections
	symbols      bool
	debug        bool
	debugPlain   bool // ELF: debug data is not compressed
	gui          bool // PE: no console
	pie          bool
	read         *table // by pclntab; nil before
	room         int    // bytes that sections may still hold
}

// Limits of a program: sections may lie over each other, and a hostile one would
// have thousands over the whole file.
const (
	maxSections = 256
	maxTables   = 8 // places that look like a pclntab, in one section
)

var errNoProgram = errors.New("not an ELF, PE or Mach-O program")

// openImage reads the frame of a program. Nothing is copied.
func openImage(data []byte) (*image, error) {
	var im *image
	var err error
	switch {
	case bytes.HasPrefix(data, []byte(elf.ELFMAG)):
		im, err = openELF(data)
	case bytes.HasPrefix(data, []byte("MZ")):
		im, err = openPE(data)
	case len(data) >= 4 && slices.Contains([]uint32{macho.Magic32, macho.Magic64}, binary.LittleEndian.Uint32(data)):
		im, err = openMachO(data)
	default:
		err = errNoProgram
	}
	return im, err
}

func openELF(data []byte) (*image, error) {
	f, err := elf.NewFile(bytes.NewReader(data))
	if err != nil {
		return nil, err
	}
	im := &image{format: "elf", room: 2 * len(data), goos: "linux", order: f.ByteOrder, wide: f.Class == elf.ELFCLASS64, pie: f.Type == elf.ET_DYN}
	switch f.OSABI {
	case elf.ELFOSABI_FREEBSD:
		im.goos = "freebsd"
	case elf.ELFOSABI_NETBSD:
		im.goos = "netbsd"
	case elf.ELFOSABI_OPENBSD:
		im.goos = "openbsd"
	}
	im.goarch = map[elf.Machine]string{
		elf.EM_X86_64: "amd64", elf.EM_AARCH64: "arm64", elf.EM_386: "386", elf.EM_ARM: "arm", elf.EM_RISCV: "riscv64",
		elf.EM_S390: "s390x", elf.EM_LOONGARCH: "loong64",
	}[f.Machine]
	for _, s := range f.Sections {
		im.names = append(im.names, s.Name)
		im.symbols = im.symbols || s.Type == elf.SHT_SYMTAB
		if dwarf, zipped := strings.HasPrefix(s.Name, ".debug_"), strings.HasPrefix(s.Name, ".zdebug_"); dwarf || zipped {
			im.debug = true
			im.debugPlain = im.debugPlain || dwarf && s.Flags&elf.SHF_COMPRESSED == 0 && s.Name != ".debug_gdb_scripts" && s.FileSize > 4096
		}
		if s.Flags&elf.SHF_ALLOC == 0 {
			continue
		}
		size := s.FileSize
		if s.Type == elf.SHT_NOBITS {
			size = 0
		}
		im.add(s.Name, s.Addr, s.Size, cut(data, s.Offset, size))
	}
	return im, nil
}

func openPE(data []byte) (*image, error) {
	f, err := pe.NewFile(bytes.NewReader(data))
	if err != nil {
		return nil, err
	}
	defer f.Close()
	im := &image{format: "pe", room: 2 * len(data), goos: "windows", order: binary.LittleEndian}
	im.goarch = map[uint16]string{
		pe.IMAGE_FILE_MACHINE_AMD64: "amd64", pe.IMAGE_FILE_MACHINE_ARM64: "arm64", pe.IMAGE_FILE_MACHINE_I386: "386",
	}[f.Machine]
	base := uint64(0)
	switch h := f.OptionalHeader.(type) {
	case *pe.OptionalHeader64:
		base, im.wide, im.gui = h.ImageBase, true, h.Subsystem == pe.IMAGE_SUBSYSTEM_WINDOWS_GUI
	case *pe.OptionalHeader32:
		base, im.gui = uint64(h.ImageBase), h.Subsystem == pe.IMAGE_SUBSYSTEM_WINDOWS_GUI
	}
	im.symbols = f.NumberOfSymbols > 0
	for _, s := range f.Sections {
		im.names = append(im.names, s.Name)
		if dwarf, zipped := strings.HasPrefix(s.Name, ".debug_"), strings.HasPrefix(s.Name, ".zdebug_"); dwarf || zipped {
			im.debug = true
		}
		im.add(s.Name, base+uint64(s.VirtualAddress), uint64(s.VirtualSize), cut(data, uint64(s.Offset), uint64(min(s.Size, s.VirtualSize))))
	}
	return im, nil
}

func openMachO(data []byte) (*image, error) {
	f, err := macho.NewFile(bytes.NewReader(data))
	if err != nil {
		return nil, err
	}
	defer f.Close()
	im := &image{format: "macho", room: 2 * len(data), goos: "darwin", order: f.ByteOrder, wide: f.Magic == macho.Magic64, pie: f.Flags&macho.FlagPIE != 0}
	im.goarch = map[macho.Cpu]string{macho.CpuAmd64: "amd64", macho.CpuArm64: "arm64"}[f.Cpu]
	im.symbols = f.Symtab != nil && slices.ContainsFunc(f.Symtab.Syms, func(s macho.Symbol) bool { return s.Name == "_runtime.text" || s.Name == "runtime.text" })
	for _, s := range f.Sections {
		im.names = append(im.names, s.Name)
		if s.Seg == "__DWARF" {
			im.debug = true
			continue
		}
		im.add(s.Name, s.Addr, s.Size, cut(data, uint64(s.Offset), s.Size))
	}
	return im, nil
}

func (im *image) add(name string, addr, size uint64, data []byte) {
	if addr+size < addr || len(im.sections) == maxSections || len(data) > im.room {
		return // wraps around, or holds more than the file: no program has such sections
	}
	im.room -= len(data)
	im.sections = append(im.sections, section{name, addr, data, size})
}

// cut is data[off:off+size], or nothing where that is out of bounds.
func cut(data []byte, off, size uint64) []byte {
	if off > uint64(len(data)) || size > uint64(len(data))-off {
		return nil
	}
	return data[off : off+size]
}

// section finds a section by one of its names.
func (im *image) section(names ...string) *section {
	for i, s := range im.sections {
		if slices.Contains(names, s.name) {
			return &im.sections[i]
		}
	}
	return nil
}

func (im *image) text() *section { return im.section(".text", "__text") }

// at is n bytes at an address; zeros where the file holds none, nil outside.
func (im *image) at(addr, n uint64) []byte {
	for _, s := range im.sections {
		if addr < s.addr || addr-s.addr >= s.size || n > s.size-(addr-s.addr) {
			continue
		}
		if b := cut(s.data, addr-s.addr, n); b != nil {
			return b
		}
		if n <= 4096 {
			return make([]byte, n)
		}
	}
	return nil
}

// stringAt reads a Go string by the address of its header; ok is false where
// there can be none.
func (im *image) stringAt(header uint64) (string, bool) {
	if !im.wide {
		return "", false
	}
	b := im.at(header, 16)
	if b == nil {
		return "", false
	}
	ptr, n := im.order.Uint64(b), im.order.Uint64(b[8:])
	if n == 0 {
		return "", true
	}
	if n > maxString {
		return "", false
	}
	s := im.at(ptr, n)
	return string(s), s != nil
}

// maxString is how long a string variable may be to be read back, in bytes.
const maxString = 1024
