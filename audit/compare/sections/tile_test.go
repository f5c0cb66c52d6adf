package sections_test

import (
	"archive/tar"
	"archive/zip"
	"bytes"
	"compress/gzip"
	"errors"
	"testing"

	"github.com/klauspost/compress/zstd"
	"github.com/ulikunitz/xz"

	"github.com/proffer-audit/proffer/audit/compare/sections"
	"github.com/proffer-audit/proffer/audit/compare/sections/sectionstest"
)

// tiles holds a layout to its promise, also inside its records.
func tiles(t *testing.T, data []byte, l *sections.Layout) {
	t.Helper()
	at := int64(0)
	for _, r := range l.Regions {
		if r.From != at || r.To <= r.From {
			t.Fatalf("%s: %q spans %d to %d, and %d was to come", l.Format, r.Key, r.From, r.To, at)
		}
		if r.Member < 0 || r.Member > len(l.Members) {
			t.Fatalf("%s: %q has member %d of %d", l.Format, r.Key, r.Member, len(l.Members))
		}
		inner := r.From
		for _, f := range l.Fields(r) {
			if f.From != inner || f.To <= f.From || f.Role == sections.Record {
				t.Fatalf("%s: field %q of %q spans %d to %d, and %d was to come", l.Format, f.Key, r.Key, f.From, f.To, inner)
			}
			inner = f.To
		}
		if inner != r.To {
			t.Fatalf("%s: the fields of %q end at %d, the record at %d", l.Format, r.Key, inner, r.To)
		}
		at = r.To
	}
	if at != int64(len(data)) {
		t.Fatalf("%s: the regions end at %d of %d", l.Format, at, len(data))
	}
}

// samples are one small file of each format.
func samples(t testing.TB) map[sections.Format][]byte {
	t.Helper()
	check := func(err error) {
		t.Helper()
		if err != nil {
			t.Fatal(err)
		}
	}
	content := bytes.Repeat([]byte("agent "), 40)
	var tb, zb, gb, xb bytes.Buffer
	tw := tar.NewWriter(&tb)
	check(tw.WriteHeader(&tar.Header{Name: "a", Mode: 0o755, Size: int64(len(content)), Format: tar.FormatPAX, PAXRecords: map[string]string{"comment": "x"}}))
	_, err := tw.Write(content)
	check(err)
	check(tw.Close())
	zw := zip.NewWriter(&zb)
	f, err := zw.Create("a")
	check(err)
	_, err = f.Write(content)
	check(err)
	check(zw.Close())
	gw := gzip.NewWriter(&gb)
	gw.Name = "a"
	_, err = gw.Write(content)
	check(err)
	check(gw.Close())
	xw, err := xz.WriterConfig{DictCap: 1 << 16}.NewWriter(&xb)
	check(err)
	_, err = xw.Write(content)
	check(err)
	check(xw.Close())
	sw, err := zstd.NewWriter(nil)
	check(err)
	file := sectionstest.File{Name: "a", Content: content}
	mach := sectionstest.MachO{Text: content, Data: content, Symbols: make([]byte, 32), Signature: []byte("s")}.Bytes()
	fat := append([]byte("\xca\xfe\xba\xbe\x00\x00\x00\x01\x01\x00\x00\x07\x00\x00\x00\x03\x00\x00\x10\x00"), byte(len(mach)>>24), byte(len(mach)>>16), byte(len(mach)>>8), byte(len(mach)), 0, 0, 0, 12)
	fat = append(append(fat, make([]byte, 0x1000-len(fat))...), mach...)
	return map[sections.Format][]byte{
		sections.ELF:   sectionstest.ELF{Text: content, Rodata: content, Data: content, Comment: "c", Debug: content}.Bytes(),
		sections.PE:    sectionstest.PE{Text: content, Data: content, Certificate: content, Checksum: true}.Bytes(),
		sections.MachO: mach, sections.Fat: fat,
		sections.Zip: zb.Bytes(), sections.Tar: tb.Bytes(), sections.Gzip: gb.Bytes(), sections.Xz: xb.Bytes(),
		sections.Zstd: sw.EncodeAll(content, nil), sections.Ar: sectionstest.Ar(file, file), sections.Cpio: sectionstest.Cpio(file),
		sections.RPM:   sectionstest.RPM{Payload: gb.Bytes(), BuildHost: "b", Modes: []uint16{0o644}}.Bytes(),
		sections.Plain: content,
	}
}

func TestFormatsTile(t *testing.T) {
	for format, data := range samples(t) {
		l, err := sections.Of(data, sections.NewBudget(sections.Limits{}))
		if err != nil {
			t.Fatalf("%s: %v", format, err)
		}
		if l.Format != format || len(l.Notes) != 0 {
			t.Errorf("%s was read as %s, notes %q", format, l.Format, l.Notes)
		}
		tiles(t, data, l)
		for _, m := range l.Members {
			if _, err := m.Content(); err != nil {
				t.Errorf("%s: %v", format, err)
			}
		}
	}
}

// Whatever is cut off or overwritten, the map tiles the file and says no member
// is longer than the limits.
func TestBrokenFilesTile(t *testing.T) {
	for format, data := range samples(t) {
		for i := 0; i < len(data); i += max(1, len(data)/200) {
			broken := bytes.Clone(data)
			broken[i] ^= 0xff
			for _, b := range [][]byte{broken, data[:i]} {
				l, err := sections.Of(b, sections.NewBudget(sections.Limits{Output: 1 << 20}))
				var limit *sections.LimitError
				if errors.As(err, &limit) {
					continue
				}
				if err != nil {
					t.Fatalf("%s, byte %d: %v", format, i, err)
				}
				tiles(t, b, l)
			}
		}
	}
}

// Tables without end would cost time without end: the file is then not mapped.
func TestTooManySegments(t *testing.T) {
	data := bytes.Clone(samples(t)[sections.ELF])
	data[56], data[57] = 0xff, 0xff
	data = append(data, make([]byte, 64<<16)...)
	l, err := sections.Of(data, sections.NewBudget(sections.Limits{}))
	if err != nil || l.Format != sections.Plain || len(l.Notes) != 1 {
		t.Errorf("%v, %+v", err, l)
	}
}

// A small file that unpacks to a large one is stopped at the limit.
func TestBombs(t *testing.T) {
	zeros := make([]byte, 8<<20)
	var gb, xb, zb bytes.Buffer
	gw := gzip.NewWriter(&gb)
	xw, err := xz.WriterConfig{DictCap: 1 << 16}.NewWriter(&xb)
	if err != nil {
		t.Fatal(err)
	}
	zw := zip.NewWriter(&zb)
	f, err := zw.Create("zeros")
	if err != nil {
		t.Fatal(err)
	}
	for _, w := range []interface{ Write([]byte) (int, error) }{gw, xw, f} {
		if _, err := w.Write(zeros); err != nil {
			t.Fatal(err)
		}
	}
	for _, c := range []interface{ Close() error }{gw, xw, zw} {
		if err := c.Close(); err != nil {
			t.Fatal(err)
		}
	}
	sw, err := zstd.NewWriter(nil)
	if err != nil {
		t.Fatal(err)
	}
	for name, data := range map[string][]byte{"gzip": gb.Bytes(), "xz": xb.Bytes(), "zip": zb.Bytes(), "zstd": sw.EncodeAll(zeros, nil)} {
		for _, lim := range []sections.Limits{{Output: 1 << 20}, {PerFile: 1 << 20}} {
			l, err := sections.Of(data, sections.NewBudget(lim))
			if err == nil {
				_, err = l.Members[0].Content()
			}
			var limit *sections.LimitError
			if !errors.As(err, &limit) {
				t.Errorf("%s with %+v: %v, want a limit", name, lim, err)
			}
		}
	}
	many := sectionstest.Ar(make([]sectionstest.File, 20)...)
	if _, err := sections.Of(many, sections.NewBudget(sections.Limits{Members: 10})); err == nil {
		t.Error("20 members pass a limit of 10")
	}
}
