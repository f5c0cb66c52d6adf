package sections

import (
	"bytes"
	"crypto/hmac"
	"crypto/sha256"
	"encoding/base64"
	"encoding/binary"
	"strings"
)

const (
	goIDStart = "\xff Go build ID: \""
	goIDEnd   = "\"\n \xff"
	maxGoID   = 512
)

// goIdentity reads the Go build ID of a program and recomputes what follows from
// it and from the file (cmd/internal/buildid): the last part of the ID is the
// hash of the file with every copy of the ID and the host's own ID taken as
// zeros; the GNU build ID and the Mach-O UUID are the hash of the ID as the
// linker knew it, with its first part in the place of the last.
func goIdentity(l *Layout) {
	id := goBuildID(l)
	if id == "" {
		return
	}
	l.Program.GoBuildID = id
	parts := strings.Split(id, "/")
	if len(parts) < 2 {
		return
	}
	content := goContentID(l, id) == parts[len(parts)-1]
	parts[len(parts)-1] = parts[0]
	hosts := hostIDs(strings.Join(parts, "/"))
	for i, r := range l.Regions {
		b := l.Bytes(r)
		switch {
		case r.Role == Identity && r.Key == "section .note.go.buildid":
			l.Regions[i].Valid = content && len(b) >= 16 && strings.TrimRight(string(b[16:]), "\x00") == id
		case r.Role == Identity && r.Key == "section .note.gnu.build-id":
			l.Regions[i].Valid = content && len(b) == 36 && anyPrefix(hosts, b[16:])
		case r.Role == Identity && r.Key == uuidKey:
			l.Regions[i].Valid = content && (bytes.Equal(b, goUUID(hosts[0])) || bytes.Equal(b, goUUID(hosts[1])))
		case r.Role == Identity && r.Key == goIDKey:
			l.Regions[i].Valid = content
		}
	}
}

// hostIDs are the hashes that the linker makes of the ID: SHA-256 with its first
// byte inverted (cmd/internal/hash, Go 1.24), or with all of them (before it).
func hostIDs(id string) [2][32]byte {
	first := sha256.Sum256([]byte(id))
	all := first
	first[0] ^= 0xff
	for i := range all {
		all[i] ^= 0xff
	}
	return [2][32]byte{first, all}
}

func anyPrefix(sums [2][32]byte, b []byte) bool {
	return bytes.HasPrefix(sums[0][:], b) || bytes.HasPrefix(sums[1][:], b)
}

func goUUID(sum [32]byte) []byte {
	u := sum[:16]
	u[6] = u[6]&0x0f | 0x30
	u[8] = u[8]&0x3f | 0xc0
	return u
}

// goIDKey and uuidKey are the keys of identities outside of ELF notes.
const (
	goIDKey = "Go build ID"
	uuidKey = "UUID"
)

// goBuildID finds the ID: in its note, or at the start of the text.
func goBuildID(l *Layout) string {
	for _, r := range l.Regions {
		if r.Key == "section .note.go.buildid" && r.Len() > 16 {
			return strings.TrimRight(string(l.Bytes(r)[16:]), "\x00")
		}
		if r.Key == goIDKey {
			_, id, _ := goIDIn(l.Bytes(r))
			return id
		}
	}
	return ""
}

// goIDIn finds an ID as the linker writes it before the first function, and how
// long it is with its marks.
func goIDIn(b []byte) (at int, id string, length int) {
	at = bytes.Index(b, []byte(goIDStart))
	if at < 0 {
		return 0, "", 0
	}
	rest := b[at+len(goIDStart):]
	end := bytes.Index(rest[:min(len(rest), maxGoID)], []byte(goIDEnd))
	if end < 0 {
		return 0, "", 0
	}
	return at, string(rest[:end]), len(goIDStart) + end + len(goIDEnd)
}

// goContentID is the last part of the ID, recomputed. The file is not copied: it
// may be large.
func goContentID(l *Layout, id string) string {
	h := sha256.New()
	at := int64(0)
	zero := make([]byte, 4096)
	hide := func(from, to int64) {
		h.Write(l.data[at:from])
		for n := to - from; n > 0; n -= min(n, int64(len(zero))) {
			h.Write(zero[:min(n, int64(len(zero)))])
		}
		at = to
	}
	hidden := hiddenFromID(l)
	for at < int64(len(l.data)) {
		next := int64(len(l.data))
		if len(hidden) > 0 {
			next = hidden[0].From
		}
		// An ID cannot reach into what is hidden, and is looked for up to there.
		if i := bytes.Index(l.data[at:next], []byte(id)); i >= 0 {
			hide(at+int64(i), at+int64(i+len(id)))
			continue
		}
		if len(hidden) == 0 {
			h.Write(l.data[at:])
			break
		}
		hide(hidden[0].From, hidden[0].To)
		hidden = hidden[1:]
	}
	return base64.RawURLEncoding.EncodeToString(h.Sum(nil)[:15])
}

// hiddenFromID are the regions that the ID does not speak of: signatures, and
// what the host's linker calls the file.
func hiddenFromID(l *Layout) []Region {
	var list []Region
	for _, r := range l.Regions {
		switch {
		case r.Role == Signed, r.Key == uuidKey:
			list = append(list, r)
		case r.Key == "section .note.gnu.build-id" && r.Len() > 16:
			r.From += 16
			list = append(list, r)
		}
	}
	return list
}

const (
	fipsMagic   = "\xff Go fipsinfo \xff\x00"
	fipsHeadLen = 48
)

// fipsValid recomputes the checksum of the cryptographic module that a Go
// program carries (crypto/internal/fips140/check): over four stretches of it,
// whose addresses follow the sum. offset turns an address into an offset, -1 if
// it is not of the file.
func fipsValid(data, info []byte, bo binary.ByteOrder, offset func(uint64) int64) bool {
	const sects = 4
	if len(info) < fipsHeadLen+8+sects*16 || string(info[:16]) != fipsMagic {
		return false
	}
	h := hmac.New(sha256.New, make([]byte, 32))
	h.Write([]byte("go fips object v1\n"))
	for i := range sects {
		p := fipsHeadLen + 8 + i*16
		from, to := offset(bo.Uint64(info[p:])), offset(bo.Uint64(info[p+8:]))
		if from < 0 || to < from || to > int64(len(data)) {
			return false
		}
		var n [8]byte
		binary.BigEndian.PutUint64(n[:], uint64(to-from))
		h.Write(n[:])
		h.Write(data[from:to])
	}
	return bytes.Equal(h.Sum(nil), info[16:fipsHeadLen])
}

// Offset is where an address of the program stands in the file, -1 if it does
// not.
func (p *Program) Offset(addr uint64) int64 {
	for _, s := range p.Sections {
		// The end of a section is an address of it: a stretch may end there.
		if s.Load && !s.Memory && addr >= s.Addr && addr-s.Addr <= uint64(s.Size) {
			return s.Off + int64(addr-s.Addr)
		}
	}
	return -1
}

// Addr is the address of an offset, false if it is not mapped.
func (p *Program) Addr(off int64) (uint64, bool) {
	for _, s := range p.Sections {
		if s.Load && !s.Memory && off >= s.Off && off-s.Off < s.Size {
			return s.Addr + uint64(off-s.Off), true
		}
	}
	return 0, false
}

// Order is the byte order of the numbers in a program.
func (l *Layout) Order() binary.ByteOrder { return l.order }

// settleFIPS recomputes the module checksum of a Go program.
func settleFIPS(l *Layout) {
	for i, r := range l.Regions {
		if r.Role == Checksum && strings.HasSuffix(r.Key, "go.fipsinfo") || strings.HasSuffix(r.Key, "__go_fipsinfo") {
			l.Regions[i].Valid = fipsValid(l.data, l.Bytes(r), l.order, l.Program.Offset)
		}
	}
}

// WellFormedIdentity reports whether bytes have the form that the identity of a
// key has, so that nothing else can pass for one.
func WellFormedIdentity(key string, b []byte) bool {
	switch key {
	case "section .note.go.buildid":
		return len(b) > 16 && string(b[12:16]) == "Go\x00\x00" && goIDText(strings.TrimRight(string(b[16:]), "\x00"))
	case goIDKey:
		_, id, n := goIDIn(b)
		return n == len(b) && goIDText(id)
	case "section .note.gnu.build-id":
		return len(b) >= 20 && len(b) <= 48 && string(b[12:16]) == "GNU\x00"
	}
	return len(b) <= 20 // UUID; GUID and age
}

// goIDText accepts parts of base64 with slashes between them, or the one word
// that Bazel writes.
func goIDText(id string) bool {
	for _, c := range id {
		if !strings.ContainsRune("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_/", c) {
			return false
		}
	}
	return len(id) <= 4*20+3
}

// SameInputs reports whether two identities that were both recomputed differ only
// in the hash of the content.
func SameInputs(key string, a, b []byte) bool {
	cut := func(id string) string { return id[:strings.LastIndexByte(id, '/')+1] }
	switch key {
	case "section .note.go.buildid":
		return cut(strings.TrimRight(string(a[16:]), "\x00")) == cut(strings.TrimRight(string(b[16:]), "\x00"))
	case goIDKey:
		_, ia, _ := goIDIn(a)
		_, ib, _ := goIDIn(b)
		return cut(ia) == cut(ib)
	}
	return true // the hash of the Go build ID
}
