package archive

import (
	"archive/tar"
	"archive/zip"
	"bytes"
	"errors"
	"io/fs"
	"testing"
)

func packZip(t *testing.T, names ...string) []byte {
	t.Helper()
	var buf bytes.Buffer
	w := zip.NewWriter(&buf)
	for _, n := range names {
		f, err := w.Create(n)
		if err != nil {
			t.Fatal(err)
		}
		if _, err := f.Write([]byte("content of " + n)); err != nil {
			t.Fatal(err)
		}
	}
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	return buf.Bytes()
}

func packTar(t *testing.T, names ...string) []byte {
	t.Helper()
	var buf bytes.Buffer
	w := tar.NewWriter(&buf)
	for _, n := range names {
		content := []byte("content of " + n)
		if err := w.WriteHeader(&tar.Header{Name: n, Mode: 0o644, Size: int64(len(content)), Format: tar.FormatUSTAR}); err != nil {
			t.Fatal(err)
		}
		if _, err := w.Write(content); err != nil {
			t.Fatal(err)
		}
	}
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	return buf.Bytes()
}

func TestPick(t *testing.T) {
	for format, pack := range map[string]func(*testing.T, ...string) []byte{"zip": packZip, "tar": packTar} {
		t.Run(format, func(t *testing.T) {
			got, err := Pick(pack(t, "a/x", "a/y", "a/z"), "archive", "a/y", Limits{})
			if err != nil || string(got) != "content of a/y" {
				t.Errorf("got %q, %v", got, err)
			}
			if _, err := Pick(pack(t, "a/x"), "archive", "a/y", Limits{}); !errors.Is(err, fs.ErrNotExist) {
				t.Errorf("a file that is not there: %v", err)
			}
			var twice *FormatError
			if _, err := Pick(pack(t, "a/y", "b", "a/y"), "archive", "a/y", Limits{}); !errors.As(err, &twice) {
				t.Errorf("two files of one path: %v", err)
			}
			// One reader's "a//y" is another's "a/y": the two are one path here.
			if _, err := Pick(pack(t, "a/y", "a//y"), "archive", "a/y", Limits{}); err == nil {
				t.Error("two spellings of one path were read as one file")
			}
			if _, err := Pick(pack(t, "a/y"), "archive", "a/y", Limits{PerFile: 3}); err == nil {
				t.Error("a file beyond the limit was read")
			}
		})
	}
	if _, err := Pick([]byte("PK\x05\x06 and no more"), "archive", "a", Limits{}); err == nil {
		t.Error("a broken zip was read")
	}
}
