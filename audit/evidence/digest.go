package evidence

import (
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"strings"
)

// Digest names a blob: "sha256:" and 64 lower-case hexadecimal digits.
type Digest string

// Of is the digest of data.
func Of(data []byte) Digest {
	sum := sha256.Sum256(data)
	return Digest("sha256:" + hex.EncodeToString(sum[:]))
}

// ParseDigest reads a digest strictly: this algorithm, lower case, full length.
func ParseDigest(s string) (Digest, error) {
	h, ok := strings.CutPrefix(s, "sha256:")
	if !ok || len(h) != 64 || strings.ToLower(h) != h {
		return "", fmt.Errorf("digest %.80q: want sha256: and 64 lower-case hex digits", s)
	}
	if _, err := hex.DecodeString(h); err != nil {
		return "", fmt.Errorf("digest %.80q: want sha256: and 64 lower-case hex digits", s)
	}
	return Digest(s), nil
}

// Hex is the digest without its algorithm.
func (d Digest) Hex() string { return strings.TrimPrefix(string(d), "sha256:") }

// Descriptor names one piece of evidence: what it is, and which bytes.
type Descriptor struct {
	Name      string `json:"name"` // unique among its siblings, such as "fetch/source/agent/bytes"
	MediaType string `json:"mediaType"`
	Digest    Digest `json:"digest"`
	Size      int64  `json:"size"` // bytes
}

// A Reader gives blobs by digest, from a store or from a dossier. The bytes it
// returns have been hashed in the buffer that is returned.
type Reader interface {
	// Has reports whether the blob is there, without reading it.
	Has(Digest) bool
	// Read returns the blob, or ErrNotFound, ErrCorrupt or ErrTooLarge
	// (more than limit bytes; limit 0 means DefaultLimit).
	Read(d Digest, limit int64) ([]byte, error)
}

// A Writer keeps blobs.
type Writer interface {
	// PutBytes keeps data and returns its digest.
	PutBytes(data []byte) (Digest, error)
}

// ReadWriter both gives and keeps blobs.
type ReadWriter interface {
	Reader
	Writer
}
