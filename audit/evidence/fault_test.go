package evidence

import (
	"bytes"
	"errors"
	"io"
	"io/fs"
	"path/filepath"
	"slices"
	"strings"
	"syscall"
	"testing"
)

// faulty is a disk that fails where it is told to.
type faulty struct {
	disk
	fail  func(call, name string) error
	short bool // reads end early, as if the file did
}

func (d *faulty) Create(name string) (diskFile, error) {
	if err := d.fail("create", name); err != nil {
		return nil, err
	}
	f, err := d.disk.Create(name)
	return faultyFile{f, d, name}, err
}

func (d *faulty) Open(name string) (diskFile, error) {
	if err := d.fail("open", name); err != nil {
		return nil, err
	}
	f, err := d.disk.Open(name)
	return faultyFile{f, d, name}, err
}

func (d *faulty) Lstat(name string) (fs.FileInfo, error) {
	if err := d.fail("lstat", name); err != nil {
		return nil, err
	}
	return d.disk.Lstat(name)
}

func (d *faulty) Mkdir(name string) error {
	return errors.Join(d.fail("mkdir", name), d.disk.Mkdir(name))
}

func (d *faulty) Rename(from, to string) error {
	if err := d.fail("rename", to); err != nil {
		return err
	}
	return d.disk.Rename(from, to)
}

func (d *faulty) SyncDir(name string) error {
	return errors.Join(d.fail("syncdir", name), d.disk.SyncDir(name))
}

type faultyFile struct {
	diskFile
	disk *faulty
	name string
}

// Write gets half of it done before the disk is full.
func (f faultyFile) Write(p []byte) (int, error) {
	if err := f.disk.fail("write", f.name); err != nil {
		n, _ := f.diskFile.Write(p[:len(p)/2])
		return n, err
	}
	return f.diskFile.Write(p)
}

func (f faultyFile) Read(p []byte) (int, error) {
	if err := f.disk.fail("read", f.name); err != nil {
		return 0, err
	}
	if f.disk.short {
		return 0, io.EOF
	}
	return f.diskFile.Read(p)
}

func (f faultyFile) Sync() error { return errors.Join(f.disk.fail("sync", f.name), f.diskFile.Sync()) }

func (f faultyFile) Chmod(m fs.FileMode) error {
	return errors.Join(f.disk.fail("chmod", f.name), f.diskFile.Chmod(m))
}

func (f faultyFile) Close() error {
	return errors.Join(f.disk.fail("close", f.name), f.diskFile.Close())
}

func (f faultyFile) Stat() (fs.FileInfo, error) {
	if err := f.disk.fail("stat", f.name); err != nil {
		return nil, err
	}
	return f.diskFile.Stat()
}

// faultyStore is a store on a disk that fails the n-th call of a kind.
func faultyStore(t *testing.T, dir, call string, n int, err error) (*Store, *faulty) {
	t.Helper()
	s, openErr := OpenStore(dir)
	if openErr != nil {
		t.Fatal(openErr)
	}
	seen := 0
	d := &faulty{disk: s.disk, fail: func(c, _ string) error {
		if c != call {
			return nil
		}
		if seen++; seen != n {
			return nil
		}
		return err
	}}
	s.disk = d
	return s, d
}

// TestFullDisk: whatever call of a Put fails, the error is returned, nothing
// stands under the digest but the whole blob, and nothing is left over.
func TestFullDisk(t *testing.T) {
	data := bytes.Repeat([]byte("evidence"), 1<<10)
	ways := map[string]func(s *Store) error{
		"PutBytes": func(s *Store) error { _, err := s.PutBytes(data); return err },
		"Put":      func(s *Store) error { _, _, err := s.Put(bytes.NewReader(data), 0); return err },
	}
	for way, put := range ways {
		for _, call := range []string{"create", "write", "sync", "chmod", "close", "mkdir", "rename", "syncdir"} {
			t.Run(way+"/"+call, func(t *testing.T) {
				dir := t.TempDir()
				s, _ := faultyStore(t, dir, call, 1, syscall.ENOSPC)
				if err := put(s); !errors.Is(err, syscall.ENOSPC) {
					t.Errorf("the error is %v", err)
				}
				if err := s.Close(); err != nil {
					t.Fatal(err)
				}
				mustHoldOnly(t, dir, data)
				again, err := OpenStore(dir)
				if err != nil {
					t.Fatal(err)
				}
				defer again.Close()
				if err := put(again); err != nil {
					t.Errorf("with room on the disk: %v", err)
				}
				if got, err := again.Read(Of(data), 0); err != nil || !bytes.Equal(got, data) {
					t.Errorf("read back: %v", err)
				}
			})
		}
	}
}

// mustHoldOnly holds that a store's folder has the whole blob or none, and no
// temporary file.
func mustHoldOnly(t *testing.T, dir string, data []byte) {
	t.Helper()
	left, err := filepath.Glob(filepath.Join(dir, "tmp", "*"))
	if err != nil || len(left) > 0 {
		t.Errorf("left over: %v, %v", left, err)
	}
	s, err := OpenStore(dir)
	if err != nil {
		t.Fatal(err)
	}
	defer s.Close()
	if got, err := s.Read(Of(data), 0); err == nil && !bytes.Equal(got, data) || err != nil && !errors.Is(err, ErrNotFound) {
		t.Errorf("%d bytes under its digest, %v", len(got), err)
	}
}

// TestFailingReads: an error of the disk is returned as what it is, and a file
// that ends early is damaged; no bytes come with either.
func TestFailingReads(t *testing.T) {
	data := []byte("evidence")
	for _, tc := range []struct {
		call  string
		n     int
		short bool
		want  error
	}{
		{"read", 1, false, syscall.EIO},
		{"read", 2, false, syscall.EIO}, // the look beyond the end
		{"open", 1, false, syscall.EIO},
		{"stat", 1, false, syscall.EIO},
		{"lstat", 1, false, syscall.EIO},
		{"lstat", 2, false, syscall.EIO},
		{"none", 1, true, ErrCorrupt},
	} {
		t.Run(tc.call, func(t *testing.T) {
			for _, streamed := range []bool{false, true} {
				s, disk := faultyStore(t, t.TempDir(), "none", 1, nil)
				if _, err := s.PutBytes(data); err != nil {
					t.Fatal(err)
				}
				seen := 0
				disk.short = tc.short
				disk.fail = func(c, _ string) error {
					if c == tc.call {
						seen++
					}
					if c == tc.call && seen == tc.n {
						return syscall.EIO
					}
					return nil
				}
				got, err := readEither(s, Of(data), streamed)
				if !errors.Is(err, tc.want) || len(got) > 0 {
					t.Errorf("streamed %v: %q, %v; want %v", streamed, got, err, tc.want)
				}
				disk.fail = func(string, string) error { return nil }
				if err := s.Close(); err != nil {
					t.Error(err)
				}
			}
		})
	}
}

// readEither reads a blob; bytes that came before an error do not count.
func readEither(s *Store, d Digest, streamed bool) ([]byte, error) {
	if !streamed {
		return s.Read(d, 0)
	}
	r, _, err := s.Open(d)
	if err != nil {
		return nil, err
	}
	data, err := io.ReadAll(r)
	if err = errors.Join(err, r.Close()); err != nil {
		return nil, err
	}
	return data, nil
}

// TestUnreadableBlobIsReplaced: a blob on a bad sector is written anew.
func TestUnreadableBlobIsReplaced(t *testing.T) {
	dir := t.TempDir()
	s, disk := faultyStore(t, dir, "none", 1, nil)
	defer s.Close()
	if _, err := s.PutBytes([]byte("evidence")); err != nil {
		t.Fatal(err)
	}
	var renamed []string
	disk.fail = func(call, name string) error {
		switch {
		case call == "read" && len(renamed) == 0 && strings.HasPrefix(name, blobDir):
			return syscall.EIO
		case call == "rename":
			renamed = append(renamed, name)
		}
		return nil
	}
	d, err := s.PutBytes([]byte("evidence"))
	if err != nil || !slices.Equal(renamed, []string{blobPath(d)}) {
		t.Errorf("%v, %v", renamed, err)
	}
}
