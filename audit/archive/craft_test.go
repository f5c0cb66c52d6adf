package archive_test

import (
	"archive/tar"
	"archive/zip"
	"bytes"
	"compress/flate"
	"compress/gzip"
	"encoding/binary"
	"hash/crc32"
	"testing"

	"github.com/proffer-audit/proffer/audit/archive"
)

// entry is one member of a crafted archive, with faults to plant.
type entry struct {
	name    string
	content string
	mode    uint32 // st_mode; 0 is a plain file
	local   string // another name in the local header
	crc     uint32 // added to the checksum in the local header
	wrong   uint32 // added to the checksum in both headers
	flags   uint16
	method  uint16
	slack   string // after the compressed stream, within the packed size
	unicode string // in a Unicode path extra field
	at      int    // 1 + index of an earlier entry whose local header to point to
	grow    uint32 // added to the announced size in both headers
}

// craft writes a zip by hand, so that any field can lie.
func craft(entries []entry, gap string) []byte {
	var out, dir bytes.Buffer
	offsets := make([]uint32, len(entries))
	for i, e := range entries {
		packed := deflated(e.content)
		packed = append(packed, e.slack...)
		method := uint16(8)
		if e.method != 0 {
			method = e.method
		}
		sum := crc32.ChecksumIEEE([]byte(e.content)) + e.wrong
		size := uint32(len(e.content)) + e.grow
		offsets[i] = uint32(out.Len())
		if e.at == 0 {
			name := e.name
			if e.local != "" {
				name = e.local
			}
			put(&out, uint32(0x04034b50), uint16(20), e.flags, method, uint16(0), uint16(0), sum+e.crc,
				uint32(len(packed)), size, uint16(len(name)), uint16(0))
			out.WriteString(name)
			out.Write(packed)
			out.WriteString(gap)
		} else {
			offsets[i] = offsets[e.at-1]
		}
		var extra bytes.Buffer
		if e.unicode != "" {
			put(&extra, uint16(0x7075), uint16(5+len(e.unicode)), byte(1), uint32(0))
			extra.WriteString(e.unicode)
		}
		put(&dir, uint32(0x02014b50), byte(20), byte(3), uint16(20), e.flags, method, uint16(0), uint16(0), sum,
			uint32(len(packed)), size, uint16(len(e.name)), uint16(extra.Len()), uint16(0), uint16(0), uint16(0),
			e.mode<<16, offsets[i])
		dir.WriteString(e.name)
		dir.Write(extra.Bytes())
	}
	start := out.Len()
	out.Write(dir.Bytes())
	put(&out, uint32(0x06054b50), uint16(0), uint16(0), uint16(len(entries)), uint16(len(entries)),
		uint32(dir.Len()), uint32(start), uint16(0))
	return out.Bytes()
}

func put(b *bytes.Buffer, values ...any) {
	for _, v := range values {
		if err := binary.Write(b, binary.LittleEndian, v); err != nil {
			panic(err) // fixed-size values into memory
		}
	}
}

func deflated(s string) []byte {
	var b bytes.Buffer
	w, err := flate.NewWriter(&b, flate.BestSpeed)
	if err != nil {
		panic(err)
	}
	w.Write([]byte(s))
	w.Close()
	return b.Bytes()
}

// zipOf, tarOf and gz make honest archives from names and contents in turn.
func zipOf(t testing.TB, pairs ...string) []byte {
	t.Helper()
	var b bytes.Buffer
	w := zip.NewWriter(&b)
	for i := 0; i < len(pairs); i += 2 {
		f, err := w.Create(pairs[i])
		if err != nil {
			t.Fatal(err)
		}
		if _, err := f.Write([]byte(pairs[i+1])); err != nil {
			t.Fatal(err)
		}
	}
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	return b.Bytes()
}

func tarOf(t testing.TB, pairs ...string) []byte {
	t.Helper()
	var hs []tar.Header
	var contents []string
	for i := 0; i < len(pairs); i += 2 {
		hs = append(hs, tar.Header{Name: pairs[i], Mode: 0o644, Size: int64(len(pairs[i+1]))})
		contents = append(contents, pairs[i+1])
	}
	return tarHeaders(t, hs, contents)
}

func tarHeaders(t testing.TB, hs []tar.Header, contents []string) []byte {
	t.Helper()
	var b bytes.Buffer
	w := tar.NewWriter(&b)
	for i := range hs {
		if err := w.WriteHeader(&hs[i]); err != nil {
			t.Fatal(err)
		}
		if i < len(contents) {
			if _, err := w.Write([]byte(contents[i])); err != nil {
				t.Fatal(err)
			}
		}
	}
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	return b.Bytes()
}

func gz(t testing.TB, data []byte) []byte {
	t.Helper()
	var b bytes.Buffer
	w := gzip.NewWriter(&b)
	if _, err := w.Write(data); err != nil {
		t.Fatal(err)
	}
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	return b.Bytes()
}

// seen is what a walk visited.
type seen struct {
	members  []archive.Member
	contents map[string]string
}

func (s *seen) visit(m archive.Member, content []byte) error {
	s.members = append(s.members, m)
	if s.contents == nil {
		s.contents = map[string]string{}
	}
	if m.Kind == archive.File {
		s.contents[m.Path] = string(content)
	}
	return nil
}

func classes(as []archive.Anomaly) map[string]int {
	m := map[string]int{}
	for _, a := range as {
		m[a.Class]++
	}
	return m
}

const symlinkMode = uint32(0o120777)
