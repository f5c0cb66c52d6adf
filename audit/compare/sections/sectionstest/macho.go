package sectionstest

import "encoding/binary"

// MachO is a small 64-bit program: a text segment that holds the headers and
// their padding, a data segment, symbols.
type MachO struct {
	Text, Data  []byte
	UUID        [16]byte
	HeaderPad   []byte // written between the load commands and the text
	TextPadding []byte // written after the text, within its segment
	Symbols     []byte // multiple of 16 bytes
	Signature   []byte
	Overlay     []byte
	Library     string // one more LC_LOAD_DYLIB
	Protection  uint32 // of the data segment; 0 is read and write
	Entry       uint64 // offset in the text
}

const machPage = 0x1000

// Bytes writes the program.
func (m MachO) Bytes() []byte {
	le := binary.LittleEndian
	const textAt = 0x800
	textSeg := align(textAt+len(m.Text), machPage)
	dataSeg := align(len(m.Data), machPage)
	linkAt := textSeg + dataSeg
	linkLen := len(m.Symbols) + len(m.Signature)
	protection := m.Protection
	if protection == 0 {
		protection = 3
	}
	commands := [][]byte{
		segment("__TEXT", 0, textSeg, 5, "__text", textAt, len(m.Text), 0x80000400),
		segment("__DATA", textSeg, dataSeg, protection, "__data", textSeg, len(m.Data), 0),
		segment("__LINKEDIT", linkAt, linkLen, 1, "", 0, 0, 0),
		append(command(0x1b, 24), m.UUID[:]...),
		words(command(2, 24), uint32(linkAt), uint32(len(m.Symbols)/16), uint32(linkAt+len(m.Symbols)), 0),
		words(command(0x80000028, 24), textAt+uint32(m.Entry), 0, 0, 0),
	}
	if m.Library != "" {
		n := align(24+len(m.Library)+1, 8)
		c := words(command(0xc, uint32(n)), 24, 0, 0, 0)
		c = append(c, m.Library...)
		commands = append(commands, append(c, make([]byte, n-len(c))...))
	}
	if m.Signature != nil {
		commands = append(commands, words(command(0x1d, 16), uint32(linkAt+len(m.Symbols)), uint32(len(m.Signature))))
	}
	head := words(nil, 0xfeedfacf, 0x01000007, 3, 2, uint32(len(commands)), 0, 0x85, 0)
	for _, c := range commands {
		head = append(head, c...)
	}
	le.PutUint32(head[20:], uint32(len(head)-32))
	out := make([]byte, linkAt)
	copy(out, head)
	copy(out[len(head):textAt], m.HeaderPad)
	copy(out[textAt:], m.Text)
	copy(out[textAt+len(m.Text):textSeg], m.TextPadding)
	copy(out[textSeg:], m.Data)
	out = append(append(out, m.Symbols...), m.Signature...)
	return append(out, m.Overlay...)
}

func command(cmd, n uint32) []byte { return words(nil, cmd, n) }

func words(b []byte, list ...uint32) []byte {
	for _, w := range list {
		b = binary.LittleEndian.AppendUint32(b, w)
	}
	return b
}

func name16(s string) []byte { return append([]byte(s), make([]byte, 16-len(s))...) }

// segment is a segment command with at most one section.
func segment(name string, off, n int, protection uint32, section string, at, size int, flags uint32) []byte {
	le := binary.LittleEndian
	count, length := uint32(0), uint32(72)
	if section != "" {
		count, length = 1, 152
	}
	c := append(command(0x19, length), name16(name)...)
	for _, v := range []uint64{0x100000000 + uint64(off), uint64(n), uint64(off), uint64(n)} {
		c = le.AppendUint64(c, v)
	}
	c = words(c, 7, protection, count, 0)
	if section == "" {
		return c
	}
	c = append(append(c, name16(section)...), name16(name)...)
	c = le.AppendUint64(le.AppendUint64(c, 0x100000000+uint64(at)), uint64(size))
	return words(c, uint32(at), 4, 0, 0, flags, 0, 0, 0)
}
