package evidence

import (
	"bytes"
	"io"
	"sync"
)

// Memory keeps blobs in memory: for tests, and for what a replay makes.
// It is safe for several goroutines.
type Memory struct {
	mu    sync.RWMutex
	blobs map[Digest][]byte
}

// NewMemory is an empty Memory.
func NewMemory() *Memory { return &Memory{blobs: map[Digest][]byte{}} }

// Has reports whether the blob is there.
func (m *Memory) Has(d Digest) bool {
	_, ok := m.get(d)
	return ok
}

// Size is the blob's, in bytes.
func (m *Memory) Size(d Digest) (int64, bool) {
	data, ok := m.get(d)
	return int64(len(data)), ok
}

// Read returns a copy of the blob, hashed; see Reader.
func (m *Memory) Read(d Digest, limit int64) ([]byte, error) {
	data, ok := m.get(d)
	if !ok {
		return nil, blobError(d, ErrNotFound)
	}
	if err := checkSize(d, int64(len(data)), limit); err != nil {
		return nil, err
	}
	return readWhole(bytes.NewReader(data), d, int64(len(data)))
}

// Open streams the blob; see Opener.
func (m *Memory) Open(d Digest) (io.ReadCloser, int64, error) {
	data, ok := m.get(d)
	if !ok {
		return nil, 0, blobError(d, ErrNotFound)
	}
	return newVerifying(io.NopCloser(bytes.NewReader(data)), d, int64(len(data))), int64(len(data)), nil
}

// PutBytes keeps a copy of data.
func (m *Memory) PutBytes(data []byte) (Digest, error) {
	d := Of(data)
	m.mu.Lock()
	defer m.mu.Unlock()
	if _, ok := m.blobs[d]; !ok {
		m.blobs[d] = bytes.Clone(data)
	}
	return d, nil
}

// Put keeps what r gives; see Putter.
func (m *Memory) Put(r io.Reader, limit int64) (Digest, int64, error) {
	var buf bytes.Buffer
	n, err := copyLimited(&buf, r, limit)
	if err != nil {
		return "", 0, err
	}
	d, err := m.PutBytes(buf.Bytes())
	return d, n, err
}

func (m *Memory) get(d Digest) ([]byte, bool) {
	m.mu.RLock()
	defer m.mu.RUnlock()
	data, ok := m.blobs[d]
	return data, ok
}
