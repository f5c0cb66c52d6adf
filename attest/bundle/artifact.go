package bundle

import (
	"crypto/sha256"
	"crypto/sha512"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"strings"

	"github.com/proffer-audit/proffer/attest/statement"
)

// Artifact is what a bundle must be about. The zero value is nothing: an
// envelope is then verified for its own sake, and a message signature refused.
type Artifact struct {
	digests map[string][]byte // by algorithm: sha256, sha384, sha512
	content []byte            // nil where only digests are known
}

// Contents is an artifact in memory.
func Contents(data []byte) Artifact {
	a := Artifact{content: data}
	s256, s384, s512 := sha256.Sum256(data), sha512.Sum384(data), sha512.Sum512(data)
	a.digests = map[string][]byte{"sha256": s256[:], "sha384": s384[:], "sha512": s512[:]}
	return a
}

// Stream is an artifact that is read once and not kept. Pure Ed25519, which
// signs contents and not a digest, needs Contents.
func Stream(r io.Reader) (Artifact, error) {
	s256, s384, s512 := sha256.New(), sha512.New384(), sha512.New()
	if _, err := io.Copy(io.MultiWriter(s256, s384, s512), r); err != nil {
		return Artifact{}, fmt.Errorf("read artifact: %w", err)
	}
	return Artifact{digests: map[string][]byte{"sha256": s256.Sum(nil), "sha384": s384.Sum(nil), "sha512": s512.Sum(nil)}}, nil
}

// Digest is an artifact known by one digest, "sha256:", "sha384:" or "sha512:"
// and lower-case hexadecimal.
func Digest(text string) (Artifact, error) {
	alg, value, _ := strings.Cut(text, ":")
	sizes := map[string]int{"sha256": 32, "sha384": 48, "sha512": 64}
	sum, err := hex.DecodeString(value)
	if err != nil || len(sum) == 0 || len(sum) != sizes[alg] || hex.EncodeToString(sum) != value {
		return Artifact{}, fmt.Errorf("%.160q is not sha256:, sha384: or sha512: and a digest in lower-case hexadecimal", text)
	}
	return Artifact{digests: map[string][]byte{alg: sum}}, nil
}

// IsZero reports that there is no artifact to hold a bundle against.
func (a Artifact) IsZero() bool { return len(a.digests) == 0 }

// matches reads the payload in its one reading and finds the artifact among its
// subjects.
func (a Artifact) matches(b *Bundle) (*statement.Statement, error) {
	if b.payloadType != statement.PayloadType {
		return nil, refuse(BadStatement, "payload is %.80q, not a statement", b.payloadType)
	}
	st, err := statement.Parse(b.payload)
	if err != nil {
		return nil, refuseFor(BadStatement, err, "payload")
	}
	want := map[string]string{}
	for alg, sum := range a.digests {
		want[alg] = hex.EncodeToString(sum)
	}
	_, err = st.Match(want)
	var e *statement.Error
	if errors.As(err, &e) {
		return nil, refuseFor(SubjectMismatch, err, "statement")
	}
	return st, err
}
