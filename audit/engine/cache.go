package engine

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path"
	"sync"

	"github.com/proffer-audit/proffer/audit/evidence"
)

// A Cache remembers results by key. It is safe for several goroutines.
type Cache interface {
	// Get returns what was remembered under key, and whether anything was.
	Get(key evidence.Digest) (Result, bool, error)
	// Put remembers a result under its key; what was there is replaced.
	Put(Result) error
}

// maxRemembered is the most that a remembered result may have, in bytes.
const maxRemembered = 16 << 20

// files is a Cache of one file for each key.
type files struct {
	dir string
	mu  sync.Mutex // writers take turns
}

// remembered is what a file of the cache holds, in canonical JSON. The file says
// which key it stands for and what its own result hashes to, so that one that
// was damaged or put there under another name is not believed.
type remembered struct {
	Result Result          `json:"result"`
	Sum    evidence.Digest `json:"sum"` // of the canonical result
}

// OpenCache opens the step cache in dir, which it makes if need be:
// DIR/ab/<hex>.json for the key sha256:ab…, written so that whatever happens a
// whole file stands there or none. Caches merge by copying.
func OpenCache(dir string) (Cache, error) {
	if err := os.MkdirAll(dir, 0o700); err != nil {
		return nil, fmt.Errorf("step cache: %w", err)
	}
	return &files{dir: dir}, nil
}

// Get reads the file of a key. One that is not what Put would have written for
// that key counts as none, and the next Put replaces it.
func (c *files) Get(key evidence.Digest) (r Result, ok bool, err error) {
	name, err := fileName(key)
	if err != nil {
		return Result{}, false, err
	}
	root, err := os.OpenRoot(c.dir)
	if err != nil {
		return Result{}, false, fmt.Errorf("step cache: %w", err)
	}
	defer func() { err = errors.Join(err, root.Close()) }()
	raw, err := readSmall(root, name)
	if err != nil {
		return Result{}, false, fmt.Errorf("step cache %s: %w", c.dir, err)
	}
	r, ok = recall(raw, key)
	return r, ok, nil
}

// readSmall reads a regular file of at most maxRemembered bytes; of anything
// else it returns nothing.
func readSmall(root *os.Root, name string) ([]byte, error) {
	info, err := root.Lstat(name)
	if errors.Is(err, fs.ErrNotExist) {
		return nil, nil
	}
	if err != nil || !info.Mode().IsRegular() || info.Size() > maxRemembered {
		return nil, err
	}
	f, err := root.Open(name)
	if err != nil {
		return nil, err
	}
	raw, err := io.ReadAll(io.LimitReader(f, maxRemembered+1))
	return raw, errors.Join(err, f.Close())
}

// recall decodes a remembered result, if these bytes are one for this key.
func recall(raw []byte, key evidence.Digest) (Result, bool) {
	var m remembered
	if err := json.Unmarshal(raw, &m); err != nil || m.Result.Key != key {
		return Result{}, false
	}
	again, err := encode(m.Result)
	return m.Result, err == nil && bytes.Equal(raw, again)
}

// Put writes the file of a result's key.
func (c *files) Put(r Result) (err error) {
	name, err := fileName(r.Key)
	if err != nil {
		return err
	}
	raw, err := encode(r)
	if err != nil {
		return fmt.Errorf("step cache: %w", err)
	}
	if len(raw) > maxRemembered {
		return fmt.Errorf("step cache: the result of %s has %d bytes, of at most %d: keep lists as blobs, not as outputs", r.ID, len(raw), maxRemembered)
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	root, err := os.OpenRoot(c.dir)
	if err != nil {
		return fmt.Errorf("step cache: %w", err)
	}
	defer func() { err = errors.Join(err, root.Close()) }()
	if err := root.Mkdir(path.Dir(name), 0o700); err != nil && !errors.Is(err, fs.ErrExist) {
		return fmt.Errorf("step cache %s: %w", c.dir, err)
	}
	if err := evidence.ReplaceFile(root, name, raw, 0o600); err != nil {
		return fmt.Errorf("step cache %s: %w", c.dir, err)
	}
	return nil
}

func encode(r Result) ([]byte, error) {
	result, err := canonical(r)
	if err != nil {
		return nil, err
	}
	return canonical(remembered{Result: r, Sum: evidence.Of(result)})
}

func fileName(key evidence.Digest) (string, error) {
	if _, err := evidence.ParseDigest(string(key)); err != nil {
		return "", fmt.Errorf("step cache: key: %w", err)
	}
	return path.Join(key.Hex()[:2], key.Hex()+".json"), nil
}
