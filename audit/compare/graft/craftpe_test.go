package graft_test

import (
	"crypto/sha256"
	"encoding/binary"
	"slices"
	"testing"

	"github.com/proffer-audit/proffer/audit/compare/graft/signtest"
)

// peOffsets are the checksum field and the security directory's entry.
func peOffsets(pe []byte) (checksum, entry int) {
	opt := int(get32(pe, 0x3c)) + 24
	if binary.LittleEndian.Uint16(pe[opt:]) == 0x20b {
		return opt + 64, opt + 144
	}
	return opt + 64, opt + 128
}

// wordSum is the checksum by its definition, word by word.
func wordSum(pe []byte) uint32 {
	at, _ := peOffsets(pe)
	data := slices.Clone(pe)
	put32(data, at, 0)
	if len(data)%2 == 1 {
		data = append(data, 0)
	}
	sum := uint32(0)
	for i := 0; i < len(data); i += 2 {
		sum += uint32(binary.LittleEndian.Uint16(data[i:]))
		sum = sum&0xffff + sum>>16
	}
	return sum + uint32(len(pe))
}

// tinyPE is an image of one section, small enough for a fuzz target.
func tinyPE() []byte {
	pe := make([]byte, 0x403)
	copy(pe, "MZ")
	put32(pe, 0x3c, 0x40)
	copy(pe[0x40:], "PE\x00\x00\x64\x86\x01\x00")
	binary.LittleEndian.PutUint16(pe[0x54:], 240) // optional header
	binary.LittleEndian.PutUint16(pe[0x58:], 0x20b)
	put32(pe, 0x58+108, 16)
	section := 0x58 + 240
	copy(pe[section:], ".text")
	put32(pe, section+16, 0x200)
	put32(pe, section+20, 0x200)
	copy(pe[0x200:], "code of the program")
	copy(pe[0x400:], "end")
	return pe
}

// planPE says what a signed image holds beside the signature.
type planPE struct {
	message    func(*signtest.Message)
	behind     []byte // behind the message, in its entry
	entry      []byte // behind the entry, in the table
	appended   []byte // behind the table
	padding    byte   // in the place of the zeros before the table
	image      []byte // SpcPeImageData
	keepSum    bool
	digestFlip byte
}

func winCertificate(revision, kind uint16, body []byte) []byte {
	e := binary.LittleEndian.AppendUint32(nil, uint32(8+len(body)))
	e = binary.LittleEndian.AppendUint16(e, revision)
	e = append(binary.LittleEndian.AppendUint16(e, kind), body...)
	return append(e, make([]byte, -len(e)&7)...)
}

func signPE(t testing.TB, s *signtest.Signer, unsigned []byte, plan planPE) []byte {
	t.Helper()
	pe := slices.Clone(unsigned)
	for len(pe)%8 != 0 {
		pe = append(pe, plan.padding)
	}
	checksum, entry := peOffsets(pe)
	sum := sha256.Sum256(slices.Concat(pe[:checksum], pe[checksum+4:entry], pe[entry+8:]))
	sum[0] ^= plan.digestFlip
	image := plan.image
	if image == nil {
		image = []byte{0x30, 0x09, 0x03, 0x01, 0x00, 0xa0, 0x04, 0xa2, 0x02, 0x80, 0x00}
	}
	content := signtest.Seq(
		signtest.Seq(signtest.OID(1, 3, 6, 1, 4, 1, 311, 2, 1, 15), image),
		signtest.Seq(signtest.Seq(signtest.OID(2, 16, 840, 1, 101, 3, 4, 2, 1), signtest.Null()), signtest.Octets(sum[:])),
	)
	m := signtest.Message{ContentType: signtest.OID(1, 3, 6, 1, 4, 1, 311, 2, 1, 4), Content: content}
	if plan.message != nil {
		plan.message(&m)
	}
	raw, err := s.CMS(m)
	if err != nil {
		t.Fatal(err)
	}
	table := append(winCertificate(0x200, 2, append(raw, plan.behind...)), plan.entry...)
	put32(pe, entry, uint32(len(pe)))
	put32(pe, entry+4, uint32(len(table)))
	pe = slices.Concat(pe, table, plan.appended)
	if !plan.keepSum {
		put32(pe, checksum, wordSum(pe))
	}
	return pe
}
