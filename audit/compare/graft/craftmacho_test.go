package graft_test

import (
	"crypto/sha256"
	"encoding/binary"
	"slices"
	"testing"

	"github.com/proffer-audit/proffer/audit/compare/graft/signtest"
)

var be = binary.BigEndian

const entitlements = `<?xml version="1.0" encoding="UTF-8"?>
<plist version="1.0"><dict><key>com.apple.security.network.client</key><true/></dict></plist>
`

// planMachO says what a code signature holds beside the signature.
type planMachO struct {
	adHoc        bool
	entitlements string
	message      func(*signtest.Message)
	slack        []byte // behind the SuperBlob
	gap          []byte // between two blobs
	slot         uint32 // of one blob more
	extra        []byte // that blob
	directory    func(cd []byte) []byte
	behindCMS    []byte
	appended     []byte
	padding      byte
	requirements []byte // behind the requirements' vector, in its blob
	reserve      int
	swap         []byte // entitlements exchanged after they were hashed
}

// machParts are the offsets in a 64-bit image that a signer needs.
type machParts struct{ signature, linkedit, text int }

func machOf(data []byte) machParts {
	var p machParts
	at := 32
	for range get32(data, 16) {
		switch get32(data, at) {
		case 0x1d:
			p.signature = at
		case 0x19:
			switch string(data[at+8 : at+18]) {
			case "__LINKEDIT":
				p.linkedit = at
			case "__TEXT\x00\x00\x00\x00":
				p.text = at
			}
		}
		at += int(get32(data, at+4))
	}
	return p
}

func blobOf(magic uint32, body []byte) []byte {
	return append(be.AppendUint32(be.AppendUint32(nil, magic), uint32(8+len(body))), body...)
}

// signMachO signs as Apple's signer does: a signature that the linker made is
// replaced, otherwise a load command is added.
func signMachO(t testing.TB, s *signtest.Signer, unsigned []byte, plan planMachO) []byte {
	t.Helper()
	out := slices.Clone(unsigned)
	p := machOf(out)
	if p.signature == 0 {
		p.signature = 32 + int(get32(out, 20))
		put32(out, 16, get32(out, 16)+1)
		put32(out, 20, get32(out, 20)+16)
		put32(out, p.signature, 0x1d)
		put32(out, p.signature+4, 16)
	} else {
		out = out[:get32(out, p.signature+8)]
	}
	for len(out)%16 != 0 {
		out = append(out, plan.padding)
	}
	limit := len(out)
	reserve := plan.reserve
	if reserve == 0 {
		reserve = 0x5000 + 32*(limit/4096)
	}
	put32(out, p.signature+8, uint32(limit))
	put32(out, p.signature+12, uint32(reserve))
	size := uint64(limit+reserve) - binary.LittleEndian.Uint64(out[p.linkedit+40:])
	binary.LittleEndian.PutUint64(out[p.linkedit+48:], size)
	binary.LittleEndian.PutUint64(out[p.linkedit+32:], (size+0x3fff)&^0x3fff)
	sig := superBlob(t, s, out, p, plan)
	if len(sig)+len(plan.slack) > reserve {
		t.Fatalf("%d bytes of signature", len(sig))
	}
	sig = append(sig, plan.slack...)
	out = append(out, sig...)
	out = append(out, make([]byte, reserve-len(sig))...)
	return append(out, plan.appended...)
}

func superBlob(t testing.TB, s *signtest.Signer, code []byte, p machParts, plan planMachO) []byte {
	t.Helper()
	text := plan.entitlements
	if text == "" {
		text = entitlements
	}
	requirements := blobOf(0xfade0c01, append(be.AppendUint32(nil, 0), plan.requirements...))
	ent := blobOf(0xfade7171, []byte(text))
	flags := uint32(0)
	if plan.adHoc {
		flags = 2
	}
	cd := codeDirectory(code, p, flags, requirements, ent)
	if plan.directory != nil {
		cd = plan.directory(cd)
		be.PutUint32(cd[4:], uint32(len(cd)))
	}
	if plan.swap != nil {
		ent = blobOf(0xfade7171, plan.swap)
	}
	type entry struct {
		slot uint32
		data []byte
	}
	entries := []entry{{0, cd}, {2, requirements}, {5, ent}}
	if plan.extra != nil {
		entries = append(entries, entry{plan.slot, plan.extra})
	}
	if !plan.adHoc {
		m := signtest.Message{ContentType: signtest.OID(1, 2, 840, 113549, 1, 7, 1), Content: cd, Detached: true}
		if plan.message != nil {
			plan.message(&m)
		}
		raw, err := s.CMS(m)
		if err != nil {
			t.Fatal(err)
		}
		entries = append(entries, entry{0x10000, blobOf(0xfade0b01, append(raw, plan.behindCMS...))})
	}
	at := 12 + 8*len(entries)
	index, body := be.AppendUint32(nil, uint32(len(entries))), []byte{}
	for i, e := range entries {
		if i == 1 {
			body = append(body, plan.gap...)
		}
		index = be.AppendUint32(be.AppendUint32(index, e.slot), uint32(at+len(body)))
		body = append(body, e.data...)
	}
	return blobOf(0xfade0cc0, append(index, body...))
}

func codeDirectory(code []byte, p machParts, flags uint32, requirements, ent []byte) []byte {
	const header, special = 88, 5
	ident := []byte("org.example.tiny\x00")
	pages := (len(code) + 4095) / 4096
	hashes := header + len(ident) + special*32
	cd := make([]byte, header)
	be.PutUint32(cd, 0xfade0c02)
	for at, v := range map[int]uint32{
		8: 0x20400, 12: flags, 16: uint32(hashes), 20: header, 24: special, 28: uint32(pages), 32: uint32(len(code)),
	} {
		be.PutUint32(cd[at:], v)
	}
	cd[36], cd[37], cd[39] = 32, 2, 12
	be.PutUint64(cd[64:], binary.LittleEndian.Uint64(code[p.text+40:]))
	be.PutUint64(cd[72:], binary.LittleEndian.Uint64(code[p.text+48:]))
	be.PutUint64(cd[80:], 1)
	cd = append(cd, ident...)
	for slot := special; slot > 0; slot-- {
		sum := [32]byte{}
		switch slot {
		case 2:
			sum = sha256.Sum256(requirements)
		case 5:
			sum = sha256.Sum256(ent)
		}
		cd = append(cd, sum[:]...)
	}
	for i := 0; i < len(code); i += 4096 {
		sum := sha256.Sum256(code[i:min(i+4096, len(code))])
		cd = append(cd, sum[:]...)
	}
	be.PutUint32(cd[4:], uint32(len(cd)))
	return cd
}

// tinyMachO is an image with two segments and no signature.
func tinyMachO() []byte {
	m := make([]byte, 0x2105)
	for at, v := range map[int]uint32{0: 0xfeedfacf, 4: 0x01000007, 12: 2, 16: 2, 20: 72 + 80 + 72} {
		put32(m, at, v)
	}
	segment := func(at int, name string, off, size uint64, sections uint32) {
		put32(m, at, 0x19)
		put32(m, at+4, 72+80*sections)
		copy(m[at+8:], name)
		binary.LittleEndian.PutUint64(m[at+32:], (size+0xfff)&^0xfff)
		binary.LittleEndian.PutUint64(m[at+40:], off)
		binary.LittleEndian.PutUint64(m[at+48:], size)
		put32(m, at+64, sections)
	}
	segment(32, "__TEXT", 0, 0x2000, 1)
	copy(m[104:], "__text")
	put32(m, 104+48, 0x1000)
	segment(32+72+80, "__LINKEDIT", 0x2000, 0x105, 0)
	copy(m[0x1000:], "code of the program")
	copy(m[0x2000:], "symbols")
	m[0x2104] = 1
	return m
}

// universal puts slices into a universal binary, each aligned to 16 KiB.
func universal(slicesOf ...[]byte) []byte {
	const page = 1 << 14
	out := be.AppendUint32(be.AppendUint32(nil, 0xcafebabe), uint32(len(slicesOf)))
	at := page
	for _, s := range slicesOf {
		for _, v := range []uint32{get32(s, 4), get32(s, 8), uint32(at), uint32(len(s)), 14} {
			out = be.AppendUint32(out, v)
		}
		at = (at + len(s) + page - 1) &^ (page - 1)
	}
	for _, s := range slicesOf {
		out = append(out, make([]byte, -len(out)&(page-1))...)
		out = append(out, s...)
	}
	return out
}
