package archive_test

import (
	"archive/zip"
	"bytes"
	"encoding/binary"
	"errors"
	"testing"

	"github.com/proffer-audit/proffer/audit/archive"
)

// TestZipDifferentials plants one fault each in an archive that common readers
// accept, and wants it named by class.
func TestZipDifferentials(t *testing.T) {
	plain := []entry{{name: "a", content: "alpha"}, {name: "b", content: "beta"}}
	honest := craft(plain, "")
	comment := append([]byte(nil), honest...)
	binary.LittleEndian.PutUint16(comment[len(comment)-2:], 22)
	inner := append([]byte("PK\x05\x06"), make([]byte, 18)...)
	count := append([]byte(nil), honest...)
	count[len(count)-12], count[len(count)-14] = 1, 1
	for _, tt := range []struct {
		name, class string
		data        []byte
		members     int
	}{
		{"honest", "", honest, 2},
		{"local name", archive.ZipHeaderDiffers, craft([]entry{{name: "a", local: "b", content: "x"}}, ""), 1},
		{"local checksum", archive.ZipHeaderDiffers, craft([]entry{{name: "a", crc: 1, content: "x"}}, ""), 1},
		{"prefix", archive.ZipPrefix, append([]byte("MZ..program.."), honest...), 2},
		{"trailing", archive.ZipTrailing, append(append([]byte(nil), honest...), "junk"...), 2},
		{"gap", archive.ZipGap, craft(plain, "hidden"), 2},
		{"overlap", archive.ZipOverlap, craft([]entry{{name: "a", content: "x"}, {name: "b", local: "a", content: "x", at: 1}}, ""), 2},
		{"slack", archive.ZipSlack, craft([]entry{{name: "a", content: "x", slack: "hidden"}}, ""), 1},
		{"unicode path", archive.ZipUnicodePath, craft([]entry{{name: "a", content: "x", unicode: "b"}}, ""), 1},
		{"two ends", archive.ZipAmbiguousEnd, append(comment, inner...), 0},
		{"count", archive.ZipCount, count, 2},
		{"symlink", archive.IsSymlink, craft([]entry{{name: "a", content: "/etc/passwd", mode: symlinkMode}}, ""), 1},
		{"set-uid", archive.SetID, craft([]entry{{name: "a", content: "x", mode: 0o104755}}, ""), 1},
		{"device", archive.IsSpecial, craft([]entry{{name: "a", mode: 0o060644}}, ""), 1},
	} {
		t.Run(tt.name, func(t *testing.T) {
			var s seen
			odd, err := archive.Walk(tt.data, "x.zip", archive.Limits{}, s.visit)
			if err != nil {
				t.Fatal(err)
			}
			if len(s.members) != tt.members {
				t.Errorf("%d members, want %d", len(s.members), tt.members)
			}
			if tt.class == "" && len(odd) > 0 || tt.class != "" && classes(odd)[tt.class] == 0 {
				t.Errorf("want %q, got %v", tt.class, odd)
			}
		})
	}
}

func TestZipRefusals(t *testing.T) {
	honest := craft([]entry{{name: "a", content: "alpha"}}, "")
	cut := func(from, to int) []byte {
		return append(append([]byte(nil), honest[:from]...), honest[to:]...)
	}
	poke := func(at int, b byte) []byte {
		d := append([]byte(nil), honest...)
		d[at] = b
		return d
	}
	end := len(honest) - 22
	for _, tt := range []struct {
		name, code string
		data       []byte
	}{
		{"no end", "zip-end", honest[:end]},
		{"only a head", "zip-end", []byte("PK\x03\x04")},
		{"several disks", "zip-end", poke(end+4, 1)},
		{"directory too long", "zip-end", poke(end+14, 0xff)},
		{"directory elsewhere", "zip-end", poke(end+18, 0xff)},
		{"directory cut", "zip-directory", poke(end-47+28, 0xff)},
		{"directory short", "zip-directory", cut(end-1, end)},
		{"no local header", "zip-local", poke(0+1, 'X')},
		{"local name too long", "zip-local", poke(27, 0xff)},
		{"encrypted", "encrypted", craft([]entry{{name: "a", content: "x", flags: 1}}, "")},
		{"method", "method", craft([]entry{{name: "a", content: "x", method: 12}}, "")},
		{"checksum", "content", craft([]entry{{name: "a", content: "x", wrong: 1}}, "")},
		{"size", "content", craft([]entry{{name: "a", content: "x", grow: 1}}, "")},
		{"broken stream", "content", poke(31, 0xff)},
		{"directory with content", "content", craft([]entry{{name: "a/", content: "x"}}, "")},
	} {
		t.Run(tt.name, func(t *testing.T) {
			_, err := archive.Walk(tt.data, "x.zip", archive.Limits{}, new(seen).visit)
			format := new(archive.FormatError)
			if !errors.As(err, &format) || format.Code != tt.code {
				t.Errorf("want %s, got %v", tt.code, err)
			}
		})
	}
}

// TestZip64AndDescriptors reads what the standard library writes in streaming
// mode, and a zip64 end record.
func TestZip64AndDescriptors(t *testing.T) {
	var b bytes.Buffer
	w := zip.NewWriter(&b)
	for range 70_000 { // more than a classic end record can count
		if _, err := w.CreateHeader(&zip.FileHeader{Name: "d/"}); err != nil {
			t.Fatal(err)
		}
	}
	f, err := w.Create("streamed")
	if err != nil {
		t.Fatal(err)
	}
	if _, err := f.Write([]byte("content")); err != nil {
		t.Fatal(err)
	}
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	var s seen
	odd, err := archive.Walk(b.Bytes(), "x.zip", archive.Limits{}, s.visit)
	if err != nil || len(odd) > 0 || len(s.members) != 70_001 || s.contents["streamed"] != "content" {
		t.Errorf("%d members, %v, %v", len(s.members), odd, err)
	}
	wrong := bytes.Replace(zipOf(t, "s", "content"), []byte("PK\x07\x08"), []byte("PK\x07\x09"), 1)
	odd, err = archive.Walk(wrong, "x.zip", archive.Limits{}, s.visit)
	if err != nil || classes(odd)[archive.ZipHeaderDiffers] != 1 {
		t.Errorf("broken descriptor: %v, %v", odd, err)
	}
}
