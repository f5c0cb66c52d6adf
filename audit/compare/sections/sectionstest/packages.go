package sectionstest

import (
	"bytes"
	"crypto/md5"
	"crypto/sha1"
	"crypto/sha256"
	"encoding/binary"
	"encoding/hex"
	"fmt"
	"slices"
)

// File is a member of an ar or cpio archive.
type File struct {
	Name    string
	Content []byte
	Mode    uint32 // with the type bits; 0 is a regular file of mode 0644
	Time    int64  // seconds
	Owner   int
}

func (f File) mode() uint32 {
	if f.Mode == 0 {
		return 0o100644
	}
	return f.Mode
}

// Ar writes an ar archive.
func Ar(files ...File) []byte {
	out := []byte("!<arch>\n")
	for _, f := range files {
		out = fmt.Appendf(out, "%-16s%-12d%-6d%-6d%-8o%-10d`\n", f.Name, f.Time, f.Owner, f.Owner, f.mode(), len(f.Content))
		out = append(out, f.Content...)
		if len(f.Content)%2 == 1 {
			out = append(out, '\n')
		}
	}
	return out
}

// Cpio writes a cpio archive in the new ASCII format.
func Cpio(files ...File) []byte {
	var out []byte
	for i, f := range append(slices.Clone(files), File{Name: "TRAILER!!!", Mode: 1}) {
		mode := f.mode()
		if mode == 1 {
			mode = 0
		}
		out = append(out, "070701"...)
		for _, v := range []uint32{uint32(i + 1), mode, uint32(f.Owner), uint32(f.Owner), 1, uint32(f.Time), uint32(len(f.Content)), 0, 0, 0, 0, uint32(len(f.Name) + 1), 0} {
			out = fmt.Appendf(out, "%08x", v)
		}
		out = four(append(append(out, f.Name...), 0))
		out = four(append(out, f.Content...))
	}
	return out
}

func four(b []byte) []byte { return append(b, make([]byte, (4-len(b)%4)%4)...) }

// RPM is a package with the tags that matter to a comparison.
type RPM struct {
	Payload   []byte
	BuildTime uint32
	BuildHost string
	Modes     []uint16
	Caps      []string
	PostIn    string
	Signature []byte // of the header
	Reserved  []byte // of the signature header
}

type rpmTag struct {
	tag, kind uint32
	count     int
	data      []byte
}

// Bytes writes the package.
func (r RPM) Bytes() []byte {
	be := binary.BigEndian
	var modes []byte
	for _, m := range r.Modes {
		modes = be.AppendUint16(modes, m)
	}
	payload := sha256.Sum256(r.Payload)
	main := []rpmTag{
		{1000, 6, 1, text("agent")},
		{1006, 4, 1, be.AppendUint32(nil, r.BuildTime)},
		{1007, 6, 1, text(r.BuildHost)},
		{1030, 3, len(r.Modes), modes},
		{5092, 8, 1, text(hex.EncodeToString(payload[:]))},
	}
	if r.PostIn != "" {
		main = append(main, rpmTag{1024, 6, 1, text(r.PostIn)})
	}
	if r.Caps != nil {
		var all []byte
		for _, c := range r.Caps {
			all = append(all, text(c)...)
		}
		main = append(main, rpmTag{5010, 8, len(r.Caps), all})
	}
	header := rpmHeader(main)
	body := append(slices.Clone(header), r.Payload...)
	s1, s256, m := sha1.Sum(header), sha256.Sum256(header), md5.Sum(body)
	tags := []rpmTag{
		{269, 6, 1, text(hex.EncodeToString(s1[:]))},
		{273, 6, 1, text(hex.EncodeToString(s256[:]))},
		{1000, 4, 1, be.AppendUint32(nil, uint32(len(body)))},
		{1004, 7, 16, m[:]},
		{1008, 7, 32, append(slices.Clone(r.Reserved), make([]byte, 32-len(r.Reserved))...)},
	}
	if r.Signature != nil {
		tags = append(tags, rpmTag{268, 7, len(r.Signature), r.Signature})
	}
	signature := rpmHeader(tags)
	lead := make([]byte, 96)
	copy(lead, "\xed\xab\xee\xdb\x03\x00\x00\x00\x00\x01agent-1.0")
	be.PutUint16(lead[78:], 5)
	out := append(lead, signature...)
	out = append(out, make([]byte, (8-len(out)%8)%8)...)
	return append(out, body...)
}

func text(s string) []byte { return append([]byte(s), 0) }

func rpmHeader(tags []rpmTag) []byte {
	be := binary.BigEndian
	var index, store bytes.Buffer
	for _, t := range tags {
		for store.Len()%4 != 0 {
			store.WriteByte(0)
		}
		for _, v := range []uint32{t.tag, t.kind, uint32(store.Len()), uint32(t.count)} {
			index.Write(be.AppendUint32(nil, v))
		}
		store.Write(t.data)
	}
	out := append([]byte("\x8e\xad\xe8\x01"), 0, 0, 0, 0)
	out = be.AppendUint32(be.AppendUint32(out, uint32(len(tags))), uint32(store.Len()))
	return append(append(out, index.Bytes()...), store.Bytes()...)
}
