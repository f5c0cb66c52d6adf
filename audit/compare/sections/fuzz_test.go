package sections_test

import (
	"bytes"
	"errors"
	"testing"

	"github.com/proffer-audit/proffer/audit/compare/sections"
)

// fuzz maps data that starts like a format and holds the map to its promise.
func fuzz(f *testing.F, magic string, formats ...sections.Format) {
	all := samples(f)
	for _, format := range formats {
		f.Add(all[format])
		f.Add(all[format][:len(all[format])/2])
	}
	f.Fuzz(func(t *testing.T, data []byte) {
		if !bytes.HasPrefix(data, []byte(magic)) {
			data = append([]byte(magic), data...)
		}
		l, err := sections.Of(data, sections.NewBudget(sections.Limits{Output: 4 << 20, Members: 2000}))
		var limit *sections.LimitError
		if errors.As(err, &limit) {
			return
		}
		if err != nil {
			t.Fatal(err)
		}
		tiles(t, data, l)
		for _, m := range l.Members {
			if _, err := m.Content(); err != nil && err.Error() == "" {
				t.Fatal("an error without words")
			}
		}
	})
}

func FuzzELF(f *testing.F)   { fuzz(f, "\x7fELF", sections.ELF) }
func FuzzPE(f *testing.F)    { fuzz(f, "MZ", sections.PE) }
func FuzzMachO(f *testing.F) { fuzz(f, "\xcf\xfa\xed\xfe", sections.MachO) }
func FuzzFat(f *testing.F)   { fuzz(f, "\xca\xfe\xba\xbe", sections.Fat) }
func FuzzZip(f *testing.F)   { fuzz(f, "PK\x03\x04", sections.Zip) }
func FuzzTar(f *testing.F)   { fuzz(f, "", sections.Tar) }
func FuzzGzip(f *testing.F)  { fuzz(f, "\x1f\x8b\x08", sections.Gzip) }
func FuzzXz(f *testing.F)    { fuzz(f, "\xfd7zXZ\x00", sections.Xz) }
func FuzzZstd(f *testing.F)  { fuzz(f, "\x28\xb5\x2f\xfd", sections.Zstd) }
func FuzzAr(f *testing.F)    { fuzz(f, "!<arch>\n", sections.Ar) }
func FuzzRPM(f *testing.F)   { fuzz(f, "\xed\xab\xee\xdb", sections.RPM) }
func FuzzCpio(f *testing.F)  { fuzz(f, "07070", sections.Cpio) }
