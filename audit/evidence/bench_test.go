package evidence_test

import (
	"io"
	"os"
	"path/filepath"
	"testing"

	"github.com/proffer-audit/proffer/audit/evidence"
)

// pattern is endless content that costs next to nothing to make.
type pattern struct{ seed byte }

func (p pattern) Read(b []byte) (int, error) {
	for i := range b {
		b[i] = p.seed
	}
	return len(b), nil
}

// BenchmarkDossier writes and opens a dossier of 256 MiB in four blobs; the time
// of an audit's evidence is that of hashing it.
func BenchmarkDossier(b *testing.B) {
	const size = 64 << 20
	store, err := evidence.OpenStore(b.TempDir())
	if err != nil {
		b.Fatal(err)
	}
	defer store.Close()
	var c evidence.Contents
	for i := range 4 {
		d, n, err := store.Put(io.LimitReader(pattern{byte(i)}, size), 0)
		if err != nil {
			b.Fatal(err)
		}
		c.Evidence = append(c.Evidence, evidence.Descriptor{Name: string(rune('a' + i)), MediaType: "a/b", Digest: d, Size: n})
	}
	c.Report = c.Evidence[0]
	path := filepath.Join(b.TempDir(), "dossier.oci.tar")
	b.Run("write", func(b *testing.B) {
		b.SetBytes(4 * size)
		for b.Loop() {
			f, err := os.Create(path)
			if err != nil {
				b.Fatal(err)
			}
			if _, err := evidence.WriteDossier(f, store, c); err != nil {
				b.Fatal(err)
			}
			if err := f.Close(); err != nil {
				b.Fatal(err)
			}
		}
	})
	b.Run("open", func(b *testing.B) {
		b.SetBytes(4 * size)
		b.ReportAllocs()
		for b.Loop() {
			d, err := evidence.OpenDossier(path)
			if err != nil {
				b.Fatal(err)
			}
			if err := d.Close(); err != nil {
				b.Fatal(err)
			}
		}
	})
}
