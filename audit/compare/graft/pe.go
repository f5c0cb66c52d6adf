package graft

import (
	"crypto"
	"encoding/binary"
)

// pe is where a PE image keeps what signing changes (PE Format, "Optional
// Header" and "Attribute Certificate Table"). Offsets are bytes of the file.
type pe struct {
	data     []byte
	checksum int64 // offset of CheckSum
	entry    int64 // offset of the security directory's entry
	table    int64 // offset of the certificate table, 0 if there is none
	size     int64 // bytes of it
	sections int64 // the last section's data ends here

	optional, sectionTable, count int64 // offsets of the optional header and the section table; how many sections
}

const (
	peSecurityIndex = 4
	peAlign         = 8
	peChecksumField = 4
	peEntryField    = 8
	peSectionHeader = 40
)

func parsePE(data []byte, which string) (*pe, error) {
	cut := func(what string) error { return refuse(Malformed, "the %s PE file: %s", which, what) }
	if len(data) < 0x40 {
		return nil, cut("no DOS header")
	}
	head := int64(binary.LittleEndian.Uint32(data[0x3c:]))
	if head+24 > int64(len(data)) || string(data[head:head+4]) != "PE\x00\x00" {
		return nil, cut("no PE header")
	}
	coff := data[head+4:]
	opt, optSize := head+24, int64(binary.LittleEndian.Uint16(coff[16:]))
	if optSize < 2 || opt+optSize > int64(len(data)) {
		return nil, cut("the optional header is cut off")
	}
	var count int64 // offset of NumberOfRvaAndSizes in the optional header
	switch binary.LittleEndian.Uint16(data[opt:]) {
	case 0x10b:
		count = 92
	case 0x20b:
		count = 108
	default:
		return nil, cut("neither PE32 nor PE32+")
	}
	directories := count + 4
	if directories+8*(peSecurityIndex+1) > optSize || binary.LittleEndian.Uint32(data[opt+count:]) <= peSecurityIndex {
		return nil, cut("no room for a security directory")
	}
	p := &pe{data: data, checksum: opt + 64, entry: opt + directories + 8*peSecurityIndex}
	p.table = int64(binary.LittleEndian.Uint32(data[p.entry:]))
	p.size = int64(binary.LittleEndian.Uint32(data[p.entry+4:]))

	p.optional, p.sectionTable, p.count = opt, opt+optSize, int64(binary.LittleEndian.Uint16(coff[2:]))
	if p.sectionTable+p.count*peSectionHeader > int64(len(data)) {
		return nil, cut("the section table is cut off")
	}
	p.sections = p.sectionsEnd()
	return p, p.tableErr(cut)
}

// sectionsEnd is where the last section's data ends, or the section table.
func (p *pe) sectionsEnd() int64 {
	end := p.sectionTable + p.count*peSectionHeader
	for i := range p.count {
		s := p.data[p.sectionTable+i*peSectionHeader:]
		if size, at := int64(binary.LittleEndian.Uint32(s[16:])), int64(binary.LittleEndian.Uint32(s[20:])); size > 0 {
			end = max(end, at+size)
		}
	}
	return end
}

func (p *pe) tableErr(cut func(string) error) error {
	switch {
	case p.table == 0 && p.size == 0:
		return nil
	case p.table == 0 || p.size == 0:
		return cut("half a security directory")
	case p.table+p.size > int64(len(p.data)):
		return cut("the certificate table reaches behind the end of the file")
	case p.table < p.sections:
		return cut("the certificate table lies in a section")
	case p.table%peAlign != 0:
		return cut("the certificate table is not at a multiple of 8")
	}
	return nil
}

// Authentihash is the digest of a PE image that Authenticode signs: everything
// but the checksum, the security directory's entry and the certificate table. An
// unsigned image counts as padded with zeros to a multiple of 8, as signing pads
// it. The error is an *Error with code Malformed.
func Authentihash(image []byte, h crypto.Hash) ([]byte, error) {
	p, err := parsePE(image, "given")
	if err != nil {
		return nil, err
	}
	return p.authentihash(h), nil
}

func (p *pe) authentihash(h crypto.Hash) []byte {
	sum := h.New()
	sum.Write(p.data[:p.checksum])
	sum.Write(p.data[p.checksum+peChecksumField : p.entry])
	if p.table == 0 {
		sum.Write(p.data[p.entry+peEntryField:])
		sum.Write(make([]byte, aligned(int64(len(p.data)), peAlign)-int64(len(p.data))))
		return sum.Sum(nil)
	}
	sum.Write(p.data[p.entry+peEntryField : p.table])
	sum.Write(p.data[p.table+p.size:])
	return sum.Sum(nil)
}

// peChecksum is the sum of IMAGEHLP's CheckSumMappedFile: 16-bit words with the
// carry added back, without the field at, and the length.
func peChecksum(data []byte, at int64) uint32 {
	var sum uint64
	add := func(part []byte) {
		for len(part) >= 4 {
			v := binary.LittleEndian.Uint32(part)
			sum += uint64(v&0xffff) + uint64(v>>16)
			part = part[4:]
		}
		for i := range part {
			sum += uint64(part[i]) << (8 * (i & 1))
		}
	}
	// The field is at a multiple of 2 in any file that a linker writes; where
	// it is not, the words before it shift, as they do for Windows.
	if at%2 != 0 {
		return oddChecksum(data, at)
	}
	add(data[:at])
	add(data[at+peChecksumField:])
	for sum > 0xffff {
		sum = sum&0xffff + sum>>16
	}
	return uint32(sum) + uint32(len(data))
}

func oddChecksum(data []byte, at int64) uint32 {
	copied := append([]byte(nil), data...)
	clear(copied[at : at+peChecksumField])
	var sum uint64
	for i, b := range copied {
		sum += uint64(b) << (8 * (i & 1))
	}
	for sum > 0xffff {
		sum = sum&0xffff + sum>>16
	}
	return uint32(sum) + uint32(len(data))
}

func aligned(n, to int64) int64 { return (n + to - 1) / to * to }
