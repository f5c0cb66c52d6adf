package bundle_test

import (
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"strings"
	"testing"
	"time"

	stockbundle "github.com/sigstore/sigstore-go/pkg/bundle"
	stockroot "github.com/sigstore/sigstore-go/pkg/root"
	stockverify "github.com/sigstore/sigstore-go/pkg/verify"
	"github.com/sigstore/sigstore/pkg/signature"

	"github.com/proffer-audit/proffer/attest/bundle"
	"github.com/proffer-audit/proffer/attest/bundle/mint"
	"github.com/proffer-audit/proffer/attest/trust"
)

// question is one verification, put to this package and to sigstore-go alike:
// who signed (a key, or an identity and its issuer), and the SHA-256 of what.
type question struct {
	identity, issuer string
	key              *trust.Public
	sum              [sha256.Size]byte
}

// stock is sigstore-go's full verifier with the demands of Strict, as far as it
// knows them: one certificate timestamp, one log entry, one observer.
type stock struct {
	material *stockroot.TrustedRoot
	verifier *stockverify.Verifier
}

func newStock(t testing.TB, trusted []byte) *stock {
	t.Helper()
	material, err := stockroot.NewTrustedRootFromJSON(trusted)
	check(t, err)
	v, err := stockverify.NewVerifier(material, stockverify.WithSignedCertificateTimestamps(1),
		stockverify.WithTransparencyLog(1), stockverify.WithObserverTimestamps(1))
	check(t, err)
	return &stock{material, v}
}

func (s *stock) verify(data []byte, q question) error {
	var b stockbundle.Bundle
	if err := b.UnmarshalJSON(data); err != nil {
		return err
	}
	about := stockverify.WithArtifactDigest("sha256", q.sum[:])
	if q.key != nil {
		return s.verifyKey(&b, q, about)
	}
	who, err := stockverify.NewShortCertificateIdentity(q.issuer, "", q.identity, "")
	if err != nil {
		return err
	}
	_, err = s.verifier.Verify(&b, stockverify.NewPolicy(about, stockverify.WithCertificateIdentity(who)))
	return err
}

func (s *stock) verifyKey(b *stockbundle.Bundle, q question, about stockverify.ArtifactPolicyOption) error {
	v, err := signature.LoadDefaultVerifier(q.key.Key)
	if err != nil {
		return err
	}
	key := stockroot.NewExpiringKey(v, time.Time{}, time.Time{})
	material := stockroot.TrustedMaterialCollection{
		stockroot.NewTrustedPublicKeyMaterial(func(string) (stockroot.TimeConstrainedVerifier, error) { return key, nil }), s.material,
	}
	verifier, err := stockverify.NewVerifier(material, stockverify.WithTransparencyLog(1), stockverify.WithObserverTimestamps(1))
	if err != nil {
		return err
	}
	_, err = verifier.Verify(b, stockverify.NewPolicy(about, stockverify.WithKey()))
	return err
}

// ours is the same verification by this package.
func ours(root *bundle.Root, data []byte, q question, d bundle.Demand) error {
	about, err := bundle.Digest("sha256:" + hex.EncodeToString(q.sum[:]))
	if err != nil {
		return err
	}
	b, err := bundle.Read(data, 64<<20)
	if err != nil {
		return err
	}
	if q.key != nil {
		_, err := bundle.VerifyKey(b, q.key, root, about, d)
		return err
	}
	v, err := bundle.VerifyCertificate(b, root, about, d)
	if err != nil {
		return err
	}
	return v.Is(q.identity, q.issuer)
}

const commit = "0123456789abcdef0123456789abcdef01234567"

func release() mint.Identity {
	return mint.GitHub("acme/agent", "release.yml", "refs/tags/v1.2.3", commit)
}

// says is a statement about contents.
func says(of string) []byte {
	return fmt.Appendf(nil, `{"_type":"https://in-toto.io/Statement/v1","predicate":{"builder":%q},"predicateType":"https://example.org/p","subject":[{"digest":{"sha256":"%x"},"name":"a"}]}`,
		of, sha256.Sum256([]byte(of)))
}

// asked is the right question to a bundle about contents that release signed.
func asked(of string) question {
	id := release()
	return question{identity: id.Name(), issuer: id.Issuer, sum: sha256.Sum256([]byte(of))}
}

// forms are the forms of bundles that sigstore's clients make: an envelope or a
// message, in Rekor v1 without and with a timestamp, or in Rekor v2 with one.
func forms() []string {
	return []string{"dsse-v1", "dsse-v1-tsa", "dsse-v2-tsa", "message-v1", "message-v1-tsa", "message-v2-tsa"}
}

// request orders a bundle about contents, of the i-th form.
func request(a *mint.Authority, i int, of string) mint.Request {
	form := forms()[i%len(forms())]
	r := mint.Request{Payload: says(of), Identity: release()}
	if strings.HasPrefix(form, "message") {
		r.Payload, r.Message = nil, []byte(of)
	}
	if strings.Contains(form, "v2") {
		r.Via = []*mint.Log{a.Rekor2}
	}
	if !strings.HasSuffix(form, "tsa") {
		r.Stamps = []*mint.TSA{}
	}
	return r
}
