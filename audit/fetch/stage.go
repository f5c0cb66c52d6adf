package fetch

import (
	"crypto/sha256"
	"crypto/sha512"
	"encoding/hex"
	"errors"
	"fmt"
	"hash"
	"io"
	"os"

	"golang.org/x/mod/module"
	modzip "golang.org/x/mod/zip"

	"github.com/proffer-audit/proffer/audit/evidence"
)

// staged is content on disk that has arrived whole and was not judged yet.
type staged struct {
	file   *os.File
	path   string
	size   int64
	sha256 evidence.Digest
	sha512 string // hex
	tree   string // tree digest, when the content is a packed directory
	drop   func() error
}

// stage hashes a file from its first byte, whatever part of it an earlier run
// had fetched already. drop forgets the file.
func stage(f *os.File, drop func() error) (*staged, error) {
	s := &staged{file: f, path: f.Name(), drop: drop}
	h256, h512 := sha256.New(), sha512.New()
	if _, err := f.Seek(0, io.SeekStart); err != nil {
		return nil, fmt.Errorf("read back a transfer: %w", err)
	}
	n, err := io.Copy(io.MultiWriter(h256, h512), f)
	if err != nil {
		return nil, fmt.Errorf("read back a transfer: %w", err)
	}
	s.size = n
	s.sha256 = evidence.Digest("sha256:" + hex.EncodeToString(h256.Sum(nil)))
	s.sha512 = hex.EncodeToString(h512.Sum(nil))
	return s, nil
}

// moduleHash is the h1: of staged content as the zip of a module. The error has
// code BadZip when it is not such a zip.
func (s *staged) moduleHash(m module.Version) (string, error) {
	h1, err := hashModuleZip(s.file, s.size, m)
	if err != nil {
		return "", err
	}
	if _, err := modzip.CheckZip(m, s.path); err != nil {
		return "", refuse(BadZip, "", "the module zip breaks the go command's rules").because(err)
	}
	return h1, nil
}

// keep streams staged content into the store. What the store hashed while it
// wrote must be what was judged: the file may not have changed in between.
func (c *Client) keep(s *staged, limit int64) (evidence.Digest, error) {
	if _, err := s.file.Seek(0, io.SeekStart); err != nil {
		return "", fmt.Errorf("read back a transfer: %w", err)
	}
	var d evidence.Digest
	var err error
	if p, ok := c.opt.Store.(evidence.Putter); ok {
		d, _, err = p.Put(s.file, max(limit, 1))
	} else {
		var data []byte
		if data, err = io.ReadAll(io.LimitReader(s.file, limit)); err == nil {
			d, err = c.opt.Store.PutBytes(data)
		}
	}
	if err != nil {
		return "", fmt.Errorf("keep a transfer: %w", err)
	}
	if string(d) != string(s.sha256) {
		return "", fmt.Errorf("keep a transfer: the file changed while it was read (%s, then %s)", s.sha256, d)
	}
	return d, nil
}

// keepBytes keeps a small blob and describes it.
func (c *Client) keepBytes(name, media string, data []byte) (*evidence.Descriptor, error) {
	d, err := c.opt.Store.PutBytes(data)
	if err != nil {
		return nil, fmt.Errorf("keep %s: %w", name, err)
	}
	return &evidence.Descriptor{Name: name, MediaType: media, Digest: d, Size: int64(len(data))}, nil
}

// hashBlob streams a blob and gives its digest by a flat algorithm.
func hashBlob(r evidence.Reader, d evidence.Digest, alg Algorithm) (Pin, int64, error) {
	var h hash.Hash
	switch alg {
	case SHA256:
		h = sha256.New()
	case SHA512:
		h = sha512.New()
	default:
		return Pin{}, 0, refuse(BadPin, "", "%s is not a digest over bytes", alg)
	}
	from, _, err := evidence.OpenBlob(r, d)
	if err != nil {
		return Pin{}, 0, err
	}
	n, err := io.Copy(h, from)
	if err := errors.Join(err, from.Close()); err != nil {
		return Pin{}, 0, err
	}
	return Pin{alg, hex.EncodeToString(h.Sum(nil))}, n, nil
}
