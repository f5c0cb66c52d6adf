package evidence_test

import (
	"bytes"
	"crypto/rand"
	"errors"
	"io"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"sync"
	"testing"
	"testing/iotest"

	"github.com/proffer-audit/proffer/audit/evidence"
)

func openStore(t *testing.T, dir string) *evidence.Store {
	t.Helper()
	s, err := evidence.OpenStore(dir)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := s.Close(); err != nil && !errors.Is(err, os.ErrClosed) {
			t.Error(err)
		}
	})
	return s
}

func put(t *testing.T, w evidence.Writer, data string) evidence.Digest {
	t.Helper()
	d, err := w.PutBytes([]byte(data))
	if err != nil {
		t.Fatal(err)
	}
	return d
}

func blobFile(dir string, d evidence.Digest) string {
	return filepath.Join(dir, "blobs", "sha256", d.Hex()[:2], d.Hex())
}

// overwrite changes a blob behind the store's back.
func overwrite(t *testing.T, file string, data string) {
	t.Helper()
	if err := os.Chmod(file, 0o600); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(file, []byte(data), 0o600); err != nil {
		t.Fatal(err)
	}
}

// mustBeEmpty holds that no temporary file was left.
func mustBeEmpty(t *testing.T, dir string) {
	t.Helper()
	left, err := os.ReadDir(filepath.Join(dir, "tmp"))
	if err != nil || len(left) != 0 {
		t.Errorf("temporary files left: %v, %v", left, err)
	}
}

// full is everything that keeps blobs here can do.
type full interface {
	evidence.ReadWriter
	evidence.Opener
	evidence.Putter
	evidence.Sizer
}

// readWriters are all the ways to keep blobs; what holds for one holds for all.
func readWriters(t *testing.T) map[string]full {
	return map[string]full{
		"store":   openStore(t, t.TempDir()),
		"memory":  evidence.NewMemory(),
		"overlay": evidence.NewOverlay(evidence.NewMemory(), evidence.NewMemory()),
	}
}

func TestKeepAndGive(t *testing.T) {
	for name, s := range readWriters(t) {
		t.Run(name, func(t *testing.T) {
			for _, data := range []string{"", "a", "some evidence", strings.Repeat("long ", 1<<18)} {
				d, n, err := s.Put(iotest.HalfReader(strings.NewReader(data)), 0)
				if err != nil || d != evidence.Of([]byte(data)) || n != int64(len(data)) {
					t.Fatalf("Put %d bytes: %s, %d, %v", len(data), d, n, err)
				}
				if again := put(t, s, data); again != d {
					t.Errorf("PutBytes gives %s, Put gave %s", again, d)
				}
				got, err := s.Read(d, 0)
				if err != nil || string(got) != data {
					t.Errorf("Read: %d bytes, %v", len(got), err)
				}
				if n, ok := s.Size(d); !ok || n != int64(len(data)) || !s.Has(d) {
					t.Errorf("Size %d, %v; Has %v", n, ok, s.Has(d))
				}
				r, n, err := s.Open(d)
				if err != nil || n != int64(len(data)) {
					t.Fatalf("Open: %d bytes, %v", n, err)
				}
				got, err = io.ReadAll(iotest.OneByteReader(io.LimitReader(r, 100)))
				if want := data[:min(len(data), 100)]; err != nil || string(got) != want {
					t.Errorf("stream: %q, %v", got, err)
				}
				if err := errors.Join(drain(r), r.Close()); err != nil {
					t.Error(err)
				}
			}
		})
	}
}

func drain(r io.Reader) error {
	_, err := io.Copy(io.Discard, r)
	return err
}

func TestRefusals(t *testing.T) {
	for name, s := range readWriters(t) {
		t.Run(name, func(t *testing.T) {
			d := put(t, s, "0123456789")
			absent := evidence.Of([]byte("absent"))
			if _, err := s.Read(absent, 0); !errors.Is(err, evidence.ErrNotFound) || s.Has(absent) {
				t.Errorf("an absent blob: %v", err)
			}
			if _, _, err := s.Open(absent); !errors.Is(err, evidence.ErrNotFound) {
				t.Errorf("an absent blob, streamed: %v", err)
			}
			if _, ok := s.Size(absent); ok {
				t.Error("an absent blob has a size")
			}
			if _, err := s.Read(d, 9); !errors.Is(err, evidence.ErrTooLarge) {
				t.Errorf("10 bytes of at most 9: %v", err)
			}
			if _, err := s.Read(d, 10); err != nil {
				t.Errorf("10 bytes of at most 10: %v", err)
			}
			if _, err := s.Read(d, -1); !errors.Is(err, evidence.ErrTooLarge) {
				t.Errorf("a negative limit: %v", err)
			}
			if _, _, err := s.Put(strings.NewReader("01234567890"), 10); !errors.Is(err, evidence.ErrTooLarge) {
				t.Errorf("Put of 11 bytes of at most 10: %v", err)
			}
			if _, _, err := s.Put(strings.NewReader("9876543210"), 10); err != nil {
				t.Errorf("Put of 10 bytes of at most 10: %v", err)
			}
			broken := errors.New("broken pipe")
			if _, _, err := s.Put(iotest.ErrReader(broken), 0); !errors.Is(err, broken) {
				t.Errorf("Put from a reader that fails: %v", err)
			}
			for _, bad := range []evidence.Digest{"", "sha256:", "sha256:../../../../etc/passwd", "sha512:" + evidence.Digest(d.Hex()), evidence.Digest(strings.ToUpper(string(d)))} {
				if _, err := s.Read(bad, 0); err == nil || s.Has(bad) {
					t.Errorf("digest %q: %v", bad, err)
				}
			}
		})
	}
}

func TestBlobsAreReadOnlyFilesNamedByDigest(t *testing.T) {
	dir := t.TempDir()
	d := put(t, openStore(t, dir), "evidence")
	info, err := os.Lstat(blobFile(dir, d))
	if err != nil {
		t.Fatal(err)
	}
	if info.Mode().Perm() != 0o444 {
		t.Errorf("mode %v, want 0444", info.Mode())
	}
	mustBeEmpty(t, dir)
}

func TestBlobIsNotRewritten(t *testing.T) {
	dir := t.TempDir()
	s := openStore(t, dir)
	d := put(t, s, "evidence")
	before, err := os.Stat(blobFile(dir, d))
	if err != nil {
		t.Fatal(err)
	}
	put(t, s, "evidence")
	if _, _, err := s.Put(strings.NewReader("evidence"), 0); err != nil {
		t.Fatal(err)
	}
	after, err := os.Stat(blobFile(dir, d))
	if err != nil || !os.SameFile(before, after) {
		t.Errorf("the blob was written again: %v", err)
	}
	mustBeEmpty(t, dir)
}

func TestDamagedBlob(t *testing.T) {
	const good = "the evidence"
	for name, bad := range map[string]string{
		"same size": "the evidencE", "shorter": "the", "longer": good + ".", "empty": "",
	} {
		t.Run(name, func(t *testing.T) {
			dir := t.TempDir()
			s := openStore(t, dir)
			d := put(t, s, good)
			for _, heal := range []func() error{
				func() error { _, err := s.PutBytes([]byte(good)); return err },
				func() error { _, _, err := s.Put(strings.NewReader(good), 0); return err },
			} {
				overwrite(t, blobFile(dir, d), bad)
				if data, err := s.Read(d, 0); !errors.Is(err, evidence.ErrCorrupt) || data != nil {
					t.Errorf("Read: %q, %v", data, err)
				}
				r, _, err := s.Open(d)
				if err != nil {
					t.Fatal(err)
				}
				if err := drain(r); !errors.Is(err, evidence.ErrCorrupt) {
					t.Errorf("stream: %v", err)
				}
				if _, err := r.Read(make([]byte, 1)); !errors.Is(err, evidence.ErrCorrupt) {
					t.Errorf("stream, read on: %v", err)
				}
				if err := errors.Join(r.Close(), heal()); err != nil {
					t.Fatal(err)
				}
				if data, err := s.Read(d, 0); err != nil || string(data) != good {
					t.Errorf("after it was put again: %q, %v", data, err)
				}
			}
		})
	}
}

func TestLinksAreNotFollowed(t *testing.T) {
	if runtime.GOOS == "windows" {
		t.Skip("making symbolic links needs a privilege on Windows")
	}
	const data = "the evidence"
	t.Run("blob", func(t *testing.T) {
		dir := t.TempDir()
		s := openStore(t, dir)
		d := put(t, s, data)
		aside := filepath.Join(dir, "aside") // the very same bytes, inside the folder
		if err := errors.Join(os.Rename(blobFile(dir, d), aside), os.Symlink(aside, blobFile(dir, d))); err != nil {
			t.Fatal(err)
		}
		if _, err := s.Read(d, 0); !errors.Is(err, evidence.ErrCorrupt) || s.Has(d) {
			t.Errorf("a link was followed: %v", err)
		}
		put(t, s, data)
		if info, err := os.Lstat(blobFile(dir, d)); err != nil || !info.Mode().IsRegular() {
			t.Errorf("the link was not replaced: %v, %v", info.Mode(), err)
		}
	})
	t.Run("folder of blobs", func(t *testing.T) {
		dir := t.TempDir()
		s := openStore(t, dir)
		d := put(t, s, data)
		shard, aside := filepath.Dir(blobFile(dir, d)), filepath.Join(dir, "aside")
		if err := errors.Join(os.Rename(shard, aside), os.Symlink("../../aside", shard)); err != nil {
			t.Fatal(err)
		}
		if _, err := s.Read(d, 0); !errors.Is(err, evidence.ErrCorrupt) {
			t.Errorf("read through a link: %v", err)
		}
		if _, err := s.PutBytes([]byte(data)); err == nil {
			t.Error("wrote through a link")
		}
		mustBeEmpty(t, dir)
	})
	t.Run("all blobs", func(t *testing.T) {
		dir := t.TempDir()
		if err := os.Symlink(t.TempDir(), filepath.Join(dir, "blobs")); err != nil {
			t.Fatal(err)
		}
		if s, err := evidence.OpenStore(dir); err == nil {
			t.Errorf("opened: %v", s.Close())
		}
	})
}

func TestLock(t *testing.T) {
	dir := t.TempDir()
	first := openStore(t, dir)
	_, err := evidence.OpenStore(dir)
	var locked *evidence.LockedError
	if !errors.Is(err, evidence.ErrLocked) || !errors.As(err, &locked) {
		t.Fatalf("opened twice: %v", err)
	}
	if !strings.Contains(err.Error(), dir) || locked.Hint() == "" {
		t.Errorf("%q names no folder, or hints nothing", err)
	}
	if err := first.Close(); err != nil {
		t.Fatal(err)
	}
	openStore(t, dir)
}

func TestOpenCleansUp(t *testing.T) {
	dir := t.TempDir()
	s := openStore(t, dir)
	d := put(t, s, "evidence")
	if err := s.Close(); err != nil {
		t.Fatal(err)
	}
	for _, name := range []string{"1", "2", "other"} {
		if err := os.WriteFile(filepath.Join(dir, "tmp", name), []byte("half"), 0o444); err != nil {
			t.Fatal(err)
		}
	}
	s = openStore(t, dir)
	mustBeEmpty(t, dir)
	if !s.Has(d) {
		t.Error("the blob is gone")
	}
	put(t, s, "more evidence")
}

func TestOpenRefusesWhatIsNoFolder(t *testing.T) {
	file := filepath.Join(t.TempDir(), "file")
	if err := os.WriteFile(file, nil, 0o600); err != nil {
		t.Fatal(err)
	}
	if _, err := evidence.OpenStore(file); err == nil || !strings.Contains(err.Error(), file) {
		t.Errorf("a file as a store: %v", err)
	}
	dir := t.TempDir()
	if err := os.WriteFile(filepath.Join(dir, "tmp"), nil, 0o600); err != nil {
		t.Fatal(err)
	}
	if _, err := evidence.OpenStore(dir); err == nil {
		t.Error("a file in the place of the folder for temporary files")
	}
}

func TestManyGoroutines(t *testing.T) {
	dir := t.TempDir()
	s := openStore(t, dir)
	data := make([]byte, 1<<16)
	if _, err := rand.Read(data); err != nil {
		t.Fatal(err)
	}
	var wg sync.WaitGroup
	for i := range 16 {
		wg.Go(func() {
			mine := append(bytes.Clone(data), byte(i%4))
			d, _, err := s.Put(bytes.NewReader(mine), 0)
			if err != nil {
				t.Error(err)
			}
			if got, err := s.Read(d, 0); err != nil || !bytes.Equal(got, mine) {
				t.Errorf("read back: %v", err)
			}
		})
	}
	wg.Wait()
	mustBeEmpty(t, dir)
}
