package evidence

import (
	"bytes"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"hash"
	"io"
)

// DefaultLimit is the most bytes that a Read returns and a Put accepts when the
// caller names no limit: 1 GiB.
const DefaultLimit int64 = 1 << 30

// copyBuffer is the size of the pieces in which blobs are streamed, in bytes:
// large enough that hashing, not system calls, is what a copy costs.
const copyBuffer = 1 << 20

// An Opener streams blobs that are too large to hold.
type Opener interface {
	// Open streams the blob and says how many bytes it will give. The blob is
	// hashed on the way: where it is not the blob that was asked for, the last
	// Read returns ErrCorrupt in the place of io.EOF. Nothing that was read may
	// be relied on before that.
	Open(d Digest) (io.ReadCloser, int64, error)
}

// A Sizer knows the size of its blobs without reading them.
type Sizer interface {
	// Size is in bytes; false if the blob is not there.
	Size(d Digest) (int64, bool)
}

// A Putter keeps what it is streamed.
type Putter interface {
	// Put keeps what r gives, at most limit bytes (0: DefaultLimit), and returns
	// its digest and its size in bytes. More than that is ErrTooLarge.
	Put(r io.Reader, limit int64) (Digest, int64, error)
}

// OpenBlob streams a blob from any Reader; one that is no Opener reads the blob
// into memory first, up to DefaultLimit.
func OpenBlob(r Reader, d Digest) (io.ReadCloser, int64, error) {
	if o, ok := r.(Opener); ok {
		return o.Open(d)
	}
	data, err := r.Read(d, 0)
	if err != nil {
		return nil, 0, err
	}
	return io.NopCloser(bytes.NewReader(data)), int64(len(data)), nil
}

// rawOpener is an Opener whose stream is not hashed, for callers that hash.
type rawOpener interface {
	openRaw(d Digest) (io.ReadCloser, int64, error)
}

// openUnhashed streams a blob for a caller that hashes it.
func openUnhashed(r Reader, d Digest) (io.ReadCloser, int64, error) {
	if o, ok := r.(rawOpener); ok {
		return o.openRaw(d)
	}
	return OpenBlob(r, d)
}

// verifying hashes what it passes on.
type verifying struct {
	io.Closer
	from io.Reader
	hash hash.Hash
	want Digest
	left int64 // bytes still to come
	err  error // sticky
}

func newVerifying(from io.ReadCloser, want Digest, size int64) *verifying {
	return &verifying{Closer: from, from: from, hash: sha256.New(), want: want, left: size}
}

func (v *verifying) Read(p []byte) (int, error) {
	if v.err != nil {
		return 0, v.err
	}
	n, err := v.from.Read(p)
	v.hash.Write(p[:n])
	v.left -= int64(n)
	switch {
	case v.left < 0, errors.Is(err, io.EOF) && sum(v.hash) != v.want:
		v.err = blobError(v.want, ErrCorrupt)
	case errors.Is(err, io.EOF):
		v.err = io.EOF
	case err != nil:
		v.err = blobError(v.want, err)
	}
	return n, v.err
}

// readWhole reads a blob of size bytes into one buffer and hashes that buffer.
func readWhole(from io.Reader, d Digest, size int64) ([]byte, error) {
	data := make([]byte, size)
	if _, err := io.ReadFull(from, data); err != nil {
		if errors.Is(err, io.EOF) || errors.Is(err, io.ErrUnexpectedEOF) {
			return nil, blobError(d, ErrCorrupt)
		}
		return nil, blobError(d, err)
	}
	var more [1]byte
	switch n, err := io.ReadFull(from, more[:]); {
	case n > 0:
		return nil, blobError(d, ErrCorrupt)
	case !errors.Is(err, io.EOF):
		return nil, blobError(d, err)
	}
	if Of(data) != d {
		return nil, blobError(d, ErrCorrupt)
	}
	return data, nil
}

// copyLimited copies at most limit bytes (0: DefaultLimit) and returns how many;
// if there are more it is ErrTooLarge.
func copyLimited(to io.Writer, from io.Reader, limit int64) (int64, error) {
	limit = limitOr(limit)
	n, err := io.CopyBuffer(struct{ io.Writer }{to}, struct{ io.Reader }{io.LimitReader(from, limit)}, make([]byte, copyBuffer))
	if err != nil || n < limit {
		return n, err
	}
	var more [1]byte
	switch extra, err := io.ReadFull(from, more[:]); {
	case extra > 0:
		return n, fmt.Errorf("%w: more than %d bytes", ErrTooLarge, limit)
	case !errors.Is(err, io.EOF):
		return n, err
	}
	return n, nil
}

func limitOr(limit int64) int64 {
	if limit == 0 {
		return DefaultLimit
	}
	return max(limit, 0)
}

// checkSize holds a blob's size against the limit of who asks for it.
func checkSize(d Digest, size, limit int64) error {
	if limit = limitOr(limit); size > limit {
		return fmt.Errorf("blob %s: %w: %d bytes, of at most %d", d, ErrTooLarge, size, limit)
	}
	return nil
}

func sum(h hash.Hash) Digest { return Digest("sha256:" + hex.EncodeToString(h.Sum(nil))) }

func blobError(d Digest, err error) error { return fmt.Errorf("blob %.80s: %w", string(d), err) }
