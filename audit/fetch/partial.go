package fetch

import (
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
)

// A partial is a transfer on disk: the bytes so far, and beside them the strong
// entity tag that they were served under. Without such a tag nothing can be
// resumed, since nothing says that the rest belongs to the same content.
type partial struct {
	file *os.File
	path string
	size int64
}

// openPartial opens the partial file of a transfer, kept under a name made of
// address and pin, so that another run goes on where this one stopped.
func openPartial(scratch, address string, pin string) (*partial, error) {
	if err := os.MkdirAll(scratch, 0o700); err != nil {
		return nil, fmt.Errorf("make the scratch directory: %w", err)
	}
	sum := sha256.Sum256([]byte(address + "\n" + pin))
	path := filepath.Join(scratch, "transfer-"+hex.EncodeToString(sum[:16]))
	f, err := os.OpenFile(path, os.O_RDWR|os.O_CREATE, 0o600)
	if err != nil {
		return nil, fmt.Errorf("open a partial transfer: %w", err)
	}
	size, err := f.Seek(0, io.SeekEnd)
	if err != nil {
		return nil, errors.Join(fmt.Errorf("measure a partial transfer: %w", err), f.Close())
	}
	return &partial{file: f, path: path, size: size}, nil
}

// tag is the entity tag that the bytes so far belong to, or "" when they cannot
// be gone on with.
func (p *partial) tag() string {
	if p.size == 0 {
		return ""
	}
	raw, err := os.ReadFile(p.path + ".etag")
	if err != nil || !strongTag(string(raw)) {
		return ""
	}
	return string(raw)
}

// restart empties the file and remembers the tag of what is coming.
func (p *partial) restart(tag string) error {
	if err := remove(p.path + ".etag"); err != nil {
		return err
	}
	if err := p.file.Truncate(0); err != nil {
		return fmt.Errorf("empty a partial transfer: %w", err)
	}
	p.size = 0
	if !strongTag(tag) {
		return nil
	}
	if err := os.WriteFile(p.path+".etag", []byte(tag), 0o600); err != nil {
		return fmt.Errorf("keep an entity tag: %w", err)
	}
	return nil
}

// append adds at most limit bytes of r and says how many there were. It returns
// errOverLimit when r has more.
func (p *partial) append(r io.Reader, limit int64) (int64, error) {
	if _, err := p.file.Seek(p.size, io.SeekStart); err != nil {
		return 0, fmt.Errorf("go to the end of a partial transfer: %w", err)
	}
	n, err := io.Copy(diskWriter{p.file}, io.LimitReader(r, limit))
	p.size += n
	if err != nil || n < limit {
		return n, err
	}
	var one [1]byte
	switch m, err := io.ReadFull(r, one[:]); {
	case m > 0:
		return n, errOverLimit
	case errors.Is(err, io.EOF):
		return n, nil
	default:
		return n, err
	}
}

var (
	errOverLimit = errors.New("more bytes than allowed")
	errDisk      = errors.New("write to the scratch directory")
)

// diskWriter marks errors of our own disk, so that no server is blamed for them.
type diskWriter struct{ w io.Writer }

func (d diskWriter) Write(b []byte) (int, error) {
	n, err := d.w.Write(b)
	if err != nil {
		err = fmt.Errorf("%w: %w", errDisk, err)
	}
	return n, err
}

// drop closes the file and forgets it.
func (p *partial) drop() error {
	return errors.Join(p.file.Close(), remove(p.path), remove(p.path+".etag"))
}

// keep closes the file for a later attempt, or forgets it when none could go on
// with it.
func (p *partial) keep() error {
	if p.tag() == "" {
		return p.drop()
	}
	return p.file.Close()
}

func remove(path string) error {
	if err := os.Remove(path); err != nil && !errors.Is(err, fs.ErrNotExist) {
		return fmt.Errorf("remove a partial transfer: %w", err)
	}
	return nil
}

// strongTag reports whether an entity tag is a strong one: quoted, without W/.
func strongTag(tag string) bool {
	if len(tag) < 3 || len(tag) > 256 || tag[0] != '"' || tag[len(tag)-1] != '"' {
		return false
	}
	inner := tag[1 : len(tag)-1]
	return !strings.ContainsFunc(inner, func(r rune) bool { return r <= ' ' || r == '"' || r > '~' })
}
