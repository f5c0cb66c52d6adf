package sectionstest

import (
	"encoding/binary"
)

// PE is a small 64-bit program with a text and a data section.
type PE struct {
	Text, Data  []byte
	Time        uint32
	Rich        []byte // stands between the DOS stub and the header
	TextPadding []byte // written after the text, within its raw length
	HeaderGap   []byte // written after the section table
	Overlay     []byte
	Certificate []byte
	EntryRVA    uint32 // in the text
	Flags       uint32 // of the data section; 0 is read and write
	Checksum    bool   // computed
	WrongSum    uint32 // written as checksum
}

const (
	peAlign = 0x200
	pePage  = 0x1000
)

// Bytes writes the program.
func (p PE) Bytes() []byte {
	le := binary.LittleEndian
	stub := append([]byte("This program cannot be run in DOS mode.\r\n$\x00\x00\x00\x00\x00"), p.Rich...)
	for (64+len(stub))%8 != 0 {
		stub = append(stub, 0)
	}
	sig := 64 + len(stub)
	table := sig + 24 + 240
	headers := align(table+80, peAlign)
	textRaw, dataRaw := align(len(p.Text)+1, peAlign), align(len(p.Data), peAlign)
	out := make([]byte, headers+textRaw+dataRaw)
	copy(out, "MZ")
	le.PutUint32(out[60:], uint32(sig))
	copy(out[64:], stub)
	copy(out[sig:], "PE\x00\x00")
	coff := out[sig+4:]
	le.PutUint16(coff, 0x8664)
	le.PutUint16(coff[2:], 2)
	le.PutUint32(coff[4:], p.Time)
	le.PutUint16(coff[16:], 240)
	le.PutUint16(coff[18:], 0x22)
	opt := out[sig+24:]
	le.PutUint16(opt, 0x20b)
	le.PutUint32(opt[4:], uint32(textRaw))
	le.PutUint32(opt[8:], uint32(dataRaw))
	le.PutUint32(opt[16:], pePage+p.EntryRVA)
	le.PutUint32(opt[20:], pePage)
	le.PutUint64(opt[24:], 0x140000000)
	le.PutUint32(opt[32:], pePage)
	le.PutUint32(opt[36:], peAlign)
	le.PutUint32(opt[60:], uint32(headers))
	le.PutUint16(opt[68:], 3)
	le.PutUint32(opt[108:], 16)
	flags := p.Flags
	if flags == 0 {
		flags = 0xc0000040
	}
	dataRVA := pePage + align(textRaw, pePage)
	le.PutUint32(opt[56:], uint32(dataRVA+align(dataRaw, pePage)))
	sectionPE(out[table:], ".text", len(p.Text), pePage, textRaw, headers, 0x60000020)
	sectionPE(out[table+40:], ".data", len(p.Data), dataRVA, dataRaw, headers+textRaw, flags)
	copy(out[table+80:headers], p.HeaderGap)
	copy(out[headers:], p.Text)
	copy(out[headers+len(p.Text):headers+textRaw], p.TextPadding)
	copy(out[headers+textRaw:], p.Data)
	if p.Certificate != nil {
		at := len(out)
		entry := le.AppendUint32(nil, uint32(align(8+len(p.Certificate), 8)))
		entry = append(entry, 0, 2, 2, 0)
		entry = append(entry, p.Certificate...)
		out = append(out, append(entry, make([]byte, align(len(entry), 8)-len(entry))...)...)
		le.PutUint32(out[sig+24+112+32:], uint32(at))
		le.PutUint32(out[sig+24+112+36:], uint32(len(out)-at))
	}
	out = append(out, p.Overlay...)
	if p.Checksum {
		le.PutUint32(out[sig+24+64:], checksumPE(out))
	}
	if p.WrongSum != 0 {
		le.PutUint32(out[sig+24+64:], p.WrongSum)
	}
	return out
}

func sectionPE(at []byte, name string, size, rva, raw, off int, flags uint32) {
	le := binary.LittleEndian
	copy(at, name)
	for i, v := range []int{size, rva, raw, off} {
		le.PutUint32(at[8+4*i:], uint32(v))
	}
	le.PutUint32(at[36:], flags)
}

// checksumPE is the sum of all words with carry, plus the length; the field
// itself is still zero.
func checksumPE(b []byte) uint32 {
	sum := uint32(0)
	for i := 0; i < len(b); i += 2 {
		w := uint32(b[i])
		if i+1 < len(b) {
			w |= uint32(b[i+1]) << 8
		}
		sum += w
		sum = sum&0xffff + sum>>16
	}
	return sum + uint32(len(b))
}

func align(n, to int) int { return (n + to - 1) / to * to }
