package sectionstest

import (
	"bytes"
	"encoding/binary"
)

// ELF is a small 64-bit program: a read-only segment with the headers, notes and
// constants, an executable one whose last page is not full, a writable one.
type ELF struct {
	Text, Rodata, Data []byte
	BuildID            [20]byte
	Comment            string
	Debug              []byte // .debug_info
	Gap                []byte // written into the rest of the last executable page
	Overlay            []byte
	Extra              []byte // a section of unknown purpose
	ExtraAlloc         []byte // a mapped section .extra
	Entry              uint64 // offset in the text
	DataFlags          uint32 // of the writable segment; 0 is read and write
	MoreText           uint64 // bytes that the executable segment maps beyond the text
	NoSections         bool
}

type elfPart struct {
	name        string
	kind        uint32
	flags, addr uint64
	off         int
	data        []byte
}

const (
	elfBase = 0x400000
	elfPage = 0x1000
)

// Bytes writes the program.
func (e ELF) Bytes() []byte {
	le := binary.LittleEndian
	note := le.AppendUint32(nil, 4)
	note = le.AppendUint32(note, 20)
	note = le.AppendUint32(note, 3)
	note = append(append(note, "GNU\x00"...), e.BuildID[:]...)
	const heads = 64 + 4*56
	textAt := pages(heads + len(note) + len(e.Rodata))
	dataAt := textAt + pages(len(e.Text))
	parts := []elfPart{
		{".note.gnu.build-id", 7, 2, elfBase + heads, heads, note},
		{".rodata", 1, 2, uint64(elfBase + heads + len(note)), heads + len(note), e.Rodata},
		{".text", 1, 6, uint64(elfBase + textAt), textAt, e.Text},
		{".data", 1, 3, uint64(elfBase + dataAt), dataAt, e.Data},
	}
	at := dataAt + len(e.Data)
	if e.ExtraAlloc != nil {
		parts = append(parts, elfPart{".extra", 1, 2, uint64(elfBase + at), at, e.ExtraAlloc})
		at += len(e.ExtraAlloc)
	}
	dataLen := at - dataAt
	for _, p := range []struct {
		name string
		data []byte
	}{{".comment", []byte(e.Comment)}, {".debug_info", e.Debug}, {".blob", e.Extra}} {
		if len(p.data) > 0 {
			parts = append(parts, elfPart{p.name, 1, 0, 0, at, p.data})
			at += len(p.data)
		}
	}
	names := []byte{0}
	var nameAt []uint32
	for _, p := range append(parts, elfPart{name: ".shstrtab"}) {
		nameAt = append(nameAt, uint32(len(names)))
		names = append(append(names, p.name...), 0)
	}
	parts = append(parts, elfPart{".shstrtab", 3, 0, 0, at, names})
	shoff := (at + len(names) + 7) &^ 7
	if e.NoSections {
		shoff = dataAt + len(e.Data)
	}
	out := make([]byte, shoff)
	for _, p := range parts {
		if p.off+len(p.data) <= len(out) {
			copy(out[p.off:], p.data)
		}
	}
	copy(out[textAt+len(e.Text):dataAt], e.Gap)
	e.heads(out, textAt, dataAt, dataLen, shoff, len(parts)+1)
	if !e.NoSections {
		out = append(out, make([]byte, 64)...)
		for i, p := range parts {
			out = append(out, sectionHeader(p, nameAt[i])...)
		}
	}
	return append(out, e.Overlay...)
}

// heads writes the file header and the program headers.
func (e ELF) heads(out []byte, textAt, dataAt, dataLen, shoff, count int) {
	le := binary.LittleEndian
	copy(out, "\x7fELF\x02\x01\x01")
	if e.NoSections {
		shoff, count = 0, 0
	}
	le.PutUint16(out[16:], 2)
	le.PutUint16(out[18:], 62)
	le.PutUint32(out[20:], 1)
	le.PutUint64(out[24:], uint64(elfBase+textAt)+e.Entry)
	le.PutUint64(out[32:], 64)
	le.PutUint64(out[40:], uint64(shoff))
	for i, v := range []uint16{64, 56, 4, 64, uint16(count), uint16(max(count-1, 0))} {
		le.PutUint16(out[52+2*i:], v)
	}
	flags := e.DataFlags
	if flags == 0 {
		flags = 6
	}
	const heads = 64 + 4*56
	for i, s := range []struct {
		kind, flags uint32
		off, length uint64
	}{
		{1, 4, 0, uint64(heads + 36 + len(e.Rodata))},
		{1, 5, uint64(textAt), uint64(len(e.Text)) + e.MoreText},
		{1, flags, uint64(dataAt), uint64(dataLen)},
		{0x6474e551, 6, 0, 0},
	} {
		p := out[64+i*56:]
		le.PutUint32(p, s.kind)
		le.PutUint32(p[4:], s.flags)
		if s.length > 0 {
			le.PutUint64(p[8:], s.off)
			le.PutUint64(p[16:], elfBase+s.off)
			le.PutUint64(p[24:], elfBase+s.off)
			le.PutUint64(p[32:], s.length)
			le.PutUint64(p[40:], s.length)
		}
		le.PutUint64(p[48:], elfPage)
	}
}

func sectionHeader(p elfPart, name uint32) []byte {
	var b bytes.Buffer
	for _, v := range []any{name, p.kind, p.flags, p.addr, uint64(p.off), uint64(len(p.data)), uint64(0), uint64(1), uint64(0)} {
		// Writing to a buffer does not fail.
		_ = binary.Write(&b, binary.LittleEndian, v)
	}
	return b.Bytes()
}

func pages(n int) int { return (n + elfPage - 1) &^ (elfPage - 1) }
