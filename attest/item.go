package attest

import (
	"crypto/sha256"
	"encoding/base64"
	"encoding/hex"

	"github.com/proffer-audit/proffer/attest/bundle"
	"github.com/proffer-audit/proffer/attest/claim"
	"github.com/proffer-audit/proffer/attest/envelope"
	"github.com/proffer-audit/proffer/attest/statement"
	"github.com/proffer-audit/proffer/attest/trust"
)

// The sizes at which reading stops, in bytes.
const (
	MaxFile   = 64 << 20         // of a file of attestations
	MaxBundle = bundle.MaxBundle // of one attestation in it
)

func digestOf(data []byte) string {
	sum := sha256.Sum256(data)
	return "sha256:" + hex.EncodeToString(sum[:])
}

// offered is a file of the set.
type offered struct {
	Named
	digest string
	items  []*item // at least one
}

// item is one attestation of a file, opened once and asked by every role's
// principals. Only one goroutine asks at a time.
type item struct {
	file  *offered
	place string
	envelope.Item
	bundle *bundle.Bundle // of a sigstore bundle
	err    error          // why it could not be opened

	under  map[*bundle.Root]outcome // what verified under a root
	signed map[string]bool          // by key, whether it made the signature
	said   *saying
}

type outcome struct {
	verified *bundle.Verified
	err      error
}

// openFile splits a file. What cannot be opened is one item with its error.
func openFile(n Named, artifact string) *offered {
	f := &offered{Named: n, digest: digestOf(n.Bytes)}
	if artifact != "" && n.Artifact != artifact {
		f.items = []*item{{file: f, err: refuse(SubjectMismatch, "the submission offers it for artifact %.80q", n.Artifact)}}
		return f
	}
	parts, err := envelope.Open(n.Bytes, envelope.Limits{Bytes: MaxFile, ItemBytes: MaxBundle})
	if err != nil {
		f.items = []*item{{file: f, err: err}}
		return f
	}
	for _, p := range parts {
		f.items = append(f.items, openItem(f, p))
	}
	return f
}

func openItem(f *offered, p envelope.Item) *item {
	it := &item{file: f, place: p.Place, Item: p}
	if p.Kind == envelope.Bundle {
		if it.bundle, it.err = bundle.Read(p.Raw, MaxBundle); it.err == nil {
			if _, _, ok := it.bundle.Envelope(); !ok {
				it.err = refuse(Unreadable, "signs a digest, and holds no statement")
			}
		}
	}
	return it
}

// verify verifies a bundle under a root, as one that a certificate signed.
func (it *item) verify(r *bundle.Root) (*bundle.Verified, error) {
	if known, ok := it.under[r]; ok {
		return known.verified, known.err
	}
	v, err := bundle.VerifyCertificate(it.bundle, r, bundle.Artifact{}, bundle.Strict())
	if it.under == nil {
		it.under = map[*bundle.Root]outcome{}
	}
	it.under[r] = outcome{v, err}
	return v, err
}

// verifyKey verifies an item that a key signed. With a root somebody in it must
// say when, and what the item shows of logs and times must verify; without one
// it may not show any.
func (it *item) verifyKey(pub *trust.Public, r *bundle.Root) (*bundle.Verified, error) {
	if it.bundle != nil {
		demand := bundle.Demand{All: true}
		if r != nil {
			demand.Observers = 1
		}
		return bundle.VerifyKey(it.bundle, pub, r, bundle.Artifact{}, demand)
	}
	if r != nil {
		return nil, refuse(Code(bundle.TimestampMissing), "a %s cannot say when it was signed, which the key's root is for", it.Kind)
	}
	if !it.signedBy(pub) {
		return nil, refuse(BadSignature, "the signature is not that of key %s", pub.ID())
	}
	return &bundle.Verified{KeyID: pub.ID()}, nil
}

// signedBy reports whether the key made the item's signature, whatever else is
// wrong with it.
func (it *item) signedBy(pub *trust.Public) bool {
	id := pub.ID()
	if did, known := it.signed[id]; known {
		return did
	}
	var err error
	if it.bundle == nil {
		err = it.VerifyKey(pub.Key)
	} else {
		// A root that has nothing passes over every entry and timestamp, so that the
		// signature alone is left to fail.
		_, err = bundle.VerifyKey(it.bundle, pub, new(bundle.Root), bundle.Artifact{}, bundle.Demand{})
	}
	if it.signed == nil {
		it.signed = map[string]bool{}
	}
	it.signed[id] = err == nil
	return err == nil
}

// names reports whether the item says of itself that the key signed it.
func (it *item) names(pub *trust.Public) bool {
	sum := pub.Fingerprint()
	inBase64, inHex := base64.StdEncoding.EncodeToString(sum[:]), hex.EncodeToString(sum[:])
	if it.bundle != nil {
		return it.bundle.Hint() == inBase64
	}
	for _, s := range it.Signatures {
		if s.KeyID == inBase64 || s.KeyID == inHex || s.KeyID == "sha256:"+inHex {
			return true
		}
	}
	return false
}

// saying is what an item says, in the one reading that matching, policy and
// report share.
type saying struct {
	subjects []statement.Subject
	read     func() (claim.Claim, error)
}

// statement reads what was signed. Its predicate is read when it is asked for:
// a bad one must not hide that the subject is another.
func (it *item) statement() (*saying, error) {
	if it.said != nil {
		return it.said, nil
	}
	if it.Kind == envelope.Link {
		c, err := claim.ReadLink(it.Link)
		if err != nil {
			return nil, err
		}
		it.said = &saying{c.Subjects, func() (claim.Claim, error) { return c, nil }}
		return it.said, nil
	}
	payloadType, payload := it.PayloadType, it.Payload
	if it.bundle != nil {
		payloadType, payload, _ = it.bundle.Envelope()
	}
	// A sigstore bundle has one word for a statement; older bare envelopes have two.
	if it.bundle == nil && statement.IsPayloadType(payloadType) {
		payloadType = statement.PayloadType
	}
	st, err := parseStatement(payloadType, payload)
	if err != nil {
		return nil, err
	}
	it.said = &saying{st.Subjects, func() (claim.Claim, error) { return claim.Read(st) }}
	return it.said, nil
}

func parseStatement(payloadType string, payload []byte) (*statement.Statement, error) {
	if payloadType != statement.PayloadType {
		return nil, refuse(BadStatement, "payload is %.80q, not a statement", payloadType)
	}
	st, err := statement.Parse(payload)
	if err != nil {
		return nil, refuseFor(BadStatement, err, "payload")
	}
	return st, nil
}
