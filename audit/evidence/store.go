package evidence

import (
	"crypto/sha256"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path"
	"strconv"
	"sync"
	"sync/atomic"
)

// Where things lie in a store's folder.
const (
	blobDir  = "blobs/sha256" // blobDir/ab/<the whole hex digest>
	tempDir  = "tmp"          // blobs being written
	lockName = "lock"
	blobMode = 0o444
)

// A Store keeps blobs in a folder: DIR/blobs/sha256/ab/<hex>, mode 0444. A blob
// appears under its name whole, on the disk, or not at all. One process has a
// store open at a time; within it, a Store is safe for several goroutines.
type Store struct {
	dir     string
	disk    disk
	lock    io.Closer
	temps   atomic.Uint64
	publish sync.Mutex // one at a time decides whether a blob must be replaced
}

// OpenStore opens the store in dir, which it makes if need be, and removes what
// a process that was ended left half-written. If another process has it open,
// the error is ErrLocked.
func OpenStore(dir string) (*Store, error) {
	s, err := openStore(dir)
	if err != nil && !errors.Is(err, ErrLocked) {
		err = fmt.Errorf("evidence store %s: %w", dir, err)
	}
	return s, err
}

func openStore(dir string) (*Store, error) {
	if err := os.MkdirAll(dir, 0o700); err != nil {
		return nil, err
	}
	root, err := os.OpenRoot(dir)
	if err != nil {
		return nil, err
	}
	lock, err := takeLock(root, dir)
	if err != nil {
		return nil, errors.Join(err, root.Close())
	}
	s := &Store{dir: dir, disk: rootDisk{root}, lock: lock}
	if err := s.prepare(root); err != nil {
		return nil, errors.Join(err, s.Close())
	}
	return s, nil
}

func takeLock(root *os.Root, dir string) (*os.File, error) {
	f, err := root.OpenFile(lockName, os.O_RDWR|os.O_CREATE, 0o600)
	if err != nil {
		return nil, err
	}
	got, err := lockFile(f)
	switch {
	case err != nil:
		err = fmt.Errorf("lock: %w", err)
	case !got:
		err = &LockedError{Dir: dir}
	default:
		return f, nil
	}
	return nil, errors.Join(err, f.Close())
}

// prepare makes the folders and empties the one for temporary files.
func (s *Store) prepare(root *os.Root) error {
	for _, name := range []string{path.Dir(blobDir), blobDir, tempDir} {
		if err := s.folder(name); err != nil {
			return err
		}
	}
	leftovers, err := fs.ReadDir(root.FS(), tempDir)
	if err != nil {
		return err
	}
	for _, l := range leftovers {
		if err := s.disk.Remove(path.Join(tempDir, l.Name())); err != nil {
			return fmt.Errorf("left over from a run that was ended: %w", err)
		}
	}
	return nil
}

// folder makes a folder unless it is there; a link to one is refused.
func (s *Store) folder(name string) error {
	info, err := s.disk.Lstat(name)
	if errors.Is(err, fs.ErrNotExist) {
		if err := s.disk.Mkdir(name); err != nil && !errors.Is(err, fs.ErrExist) {
			return err
		}
		return s.disk.SyncDir(path.Dir(name))
	}
	if err == nil && !info.IsDir() {
		err = fmt.Errorf("%s: is not a folder", name)
	}
	return err
}

// Close gives the store back. Blobs stay.
func (s *Store) Close() error { return errors.Join(s.disk.Close(), s.lock.Close()) }

// Dir is the store's folder.
func (s *Store) Dir() string { return s.dir }

// Put keeps what r gives, at most limit bytes (0: DefaultLimit), and returns its
// digest and its size. It is hashed while it is written; a blob that is there
// already stays, unless it has been damaged: then it is replaced.
func (s *Store) Put(r io.Reader, limit int64) (Digest, int64, error) {
	hash := sha256.New()
	var size int64
	temp, err := s.spool(func(w io.Writer) (err error) {
		size, err = copyLimited(io.MultiWriter(w, hash), r, limit)
		return err
	})
	if err != nil {
		return "", 0, fmt.Errorf("keep a blob: %w", err)
	}
	d := sum(hash)
	if err := s.keep(temp, d, size); err != nil {
		return "", 0, err
	}
	return d, size, nil
}

// PutBytes keeps data; see Put.
func (s *Store) PutBytes(data []byte) (Digest, error) {
	d, size := Of(data), int64(len(data))
	if s.intact(d, size) {
		return d, nil
	}
	temp, err := s.spool(func(w io.Writer) error { return writeAll(w, data) })
	if err != nil {
		return "", blobError(d, err)
	}
	if err := s.keep(temp, d, size); err != nil {
		return "", err
	}
	return d, nil
}

// spool writes a temporary file, and leaves none behind if that fails.
func (s *Store) spool(fill func(io.Writer) error) (string, error) {
	temp := path.Join(tempDir, strconv.FormatUint(s.temps.Add(1), 10))
	f, err := s.disk.Create(temp)
	if err != nil {
		return "", err
	}
	if err := finish(f, blobMode, fill); err != nil {
		return "", errors.Join(err, s.disk.Remove(temp))
	}
	return temp, nil
}

// keep gives a finished temporary file its name, or drops it where the blob is
// there and intact.
func (s *Store) keep(temp string, d Digest, size int64) error {
	shard := path.Dir(blobPath(d))
	if err := s.folder(shard); err != nil {
		return errors.Join(blobError(d, err), s.disk.Remove(temp))
	}
	kept, err := s.rename(temp, d, size)
	if err != nil {
		return errors.Join(blobError(d, err), s.disk.Remove(temp))
	}
	if !kept {
		return s.disk.Remove(temp)
	}
	if err := s.disk.SyncDir(shard); err != nil {
		return blobError(d, err)
	}
	return nil
}

func (s *Store) rename(temp string, d Digest, size int64) (bool, error) {
	s.publish.Lock()
	defer s.publish.Unlock()
	if s.intact(d, size) {
		return false, nil
	}
	// Windows does not rename over a file that is read-only.
	if err := s.disk.Remove(blobPath(d)); err != nil && !errors.Is(err, fs.ErrNotExist) {
		return false, err
	}
	return true, s.disk.Rename(temp, blobPath(d))
}

// intact re-hashes a blob that is there. One that cannot be read counts as
// damaged: what is to take its place is at hand.
func (s *Store) intact(d Digest, size int64) bool {
	r, have, err := s.Open(d)
	if err != nil {
		return false
	}
	_, err = io.CopyBuffer(struct{ io.Writer }{io.Discard}, r, make([]byte, min(size+1, copyBuffer)))
	return errors.Join(err, r.Close()) == nil && have == size
}

// Has reports whether the blob is there, without reading it.
func (s *Store) Has(d Digest) bool {
	_, ok := s.Size(d)
	return ok
}

// Size is the blob's, in bytes, without reading it.
func (s *Store) Size(d Digest) (int64, bool) {
	info, err := s.stat(d)
	if err != nil {
		return 0, false
	}
	return info.Size(), true
}

// Read returns the blob, hashed in the buffer that is returned; see Reader.
func (s *Store) Read(d Digest, limit int64) (data []byte, err error) {
	f, size, err := s.openRaw(d)
	if err != nil {
		return nil, err
	}
	defer func() { err = errors.Join(err, f.Close()) }()
	if err := checkSize(d, size, limit); err != nil {
		return nil, err
	}
	return readWhole(f, d, size)
}

// Open streams the blob; see Opener.
func (s *Store) Open(d Digest) (io.ReadCloser, int64, error) {
	f, size, err := s.openRaw(d)
	if err != nil {
		return nil, 0, err
	}
	return newVerifying(f, d, size), size, nil
}

func (s *Store) openRaw(d Digest) (io.ReadCloser, int64, error) {
	if _, err := s.stat(d); err != nil {
		return nil, 0, err
	}
	f, err := s.disk.Open(blobPath(d))
	if err != nil {
		return nil, 0, blobError(d, err)
	}
	info, err := f.Stat()
	if err != nil {
		return nil, 0, errors.Join(blobError(d, err), f.Close())
	}
	return f, info.Size(), nil
}

// stat finds the file of a blob. A link or anything else that is not a regular
// file is not followed: it is ErrCorrupt.
func (s *Store) stat(d Digest) (fs.FileInfo, error) {
	if _, err := ParseDigest(string(d)); err != nil {
		return nil, err
	}
	shard, err := s.disk.Lstat(path.Dir(blobPath(d)))
	if err == nil && !shard.IsDir() {
		return nil, blobError(d, fmt.Errorf("%w: its folder is not a folder", ErrCorrupt))
	}
	var info fs.FileInfo
	if err == nil {
		info, err = s.disk.Lstat(blobPath(d))
	}
	switch {
	case errors.Is(err, fs.ErrNotExist):
		return nil, blobError(d, ErrNotFound)
	case err != nil:
		return nil, blobError(d, err)
	case !info.Mode().IsRegular():
		return nil, blobError(d, fmt.Errorf("%w: not a regular file", ErrCorrupt))
	}
	return info, nil
}

func blobPath(d Digest) string { return path.Join(blobDir, d.Hex()[:2], d.Hex()) }
