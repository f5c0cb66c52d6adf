package evidence

import (
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path"
)

// disk is what a Store asks of the file system. Names are slash-separated and
// relative to the store's folder, which they cannot leave.
type disk interface {
	Create(name string) (diskFile, error) // must not exist yet
	Open(name string) (diskFile, error)
	Lstat(name string) (fs.FileInfo, error)
	Mkdir(name string) error
	Rename(from, to string) error
	Remove(name string) error
	SyncDir(name string) error
	Close() error
}

// diskFile is an open file of a disk.
type diskFile interface {
	io.Reader
	io.Writer
	io.Closer
	Stat() (fs.FileInfo, error)
	Chmod(fs.FileMode) error
	Sync() error
}

// rootDisk is the real one.
type rootDisk struct{ root *os.Root }

func (r rootDisk) Create(name string) (diskFile, error) {
	return r.root.OpenFile(name, os.O_WRONLY|os.O_CREATE|os.O_EXCL, 0o600)
}
func (r rootDisk) Open(name string) (diskFile, error)     { return r.root.Open(name) }
func (r rootDisk) Lstat(name string) (fs.FileInfo, error) { return r.root.Lstat(name) }
func (r rootDisk) Mkdir(name string) error                { return r.root.Mkdir(name, 0o700) }
func (r rootDisk) Rename(from, to string) error           { return r.root.Rename(from, to) }
func (r rootDisk) Remove(name string) error               { return r.root.Remove(name) }
func (r rootDisk) SyncDir(name string) error              { return syncDir(r.root, name) }
func (r rootDisk) Close() error                           { return r.root.Close() }

// ReplaceFile writes a small file so that whatever happens, even a loss of
// power, the old file or the whole new one stands under name; it lies in root,
// in a folder that exists. The temporary file beside it is called name and
// TempSuffix; two writers of one name must take turns.
func ReplaceFile(root *os.Root, name string, data []byte, mode fs.FileMode) error {
	tmp := name + TempSuffix
	if err := root.Remove(tmp); err != nil && !errors.Is(err, fs.ErrNotExist) {
		return fmt.Errorf("left over from a run that was ended: %w", err)
	}
	d := rootDisk{root}
	f, err := d.Create(tmp)
	if err != nil {
		return err
	}
	if err := finish(f, mode, func(w io.Writer) error { return writeAll(w, data) }); err != nil {
		return errors.Join(err, root.Remove(tmp))
	}
	if err := root.Rename(tmp, name); err != nil {
		return errors.Join(err, root.Remove(tmp))
	}
	return d.SyncDir(path.Dir(name))
}

// TempSuffix ends the names of files that ReplaceFile has not finished.
const TempSuffix = ".tmp"

// finish fills a new file and sees it safely onto the disk. It closes f.
func finish(f diskFile, mode fs.FileMode, fill func(io.Writer) error) error {
	err := fill(f)
	if err == nil {
		err = f.Sync()
	}
	if err == nil {
		err = f.Chmod(mode)
	}
	return errors.Join(err, f.Close())
}

func writeAll(w io.Writer, data []byte) error {
	n, err := w.Write(data)
	if err == nil && n < len(data) {
		err = io.ErrShortWrite
	}
	return err
}
