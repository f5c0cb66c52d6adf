package attest

import (
	"bytes"
	"context"
	"crypto/rand"
	"encoding/base64"
	"fmt"

	"github.com/proffer-audit/proffer/attest/statement"
	"github.com/proffer-audit/proffer/attest/strictjson"
	"github.com/proffer-audit/proffer/attest/trust"
)

// MaxOwn caps a bundle of our own, in bytes: a report can be long.
const MaxOwn = 128 << 20

const mediaType = "application/vnd.dev.sigstore.bundle.v0.3+json"

// ownBundle is a sigstore bundle as Sign writes it, and nothing more: a DSSE
// envelope with one signature, and the name of the key.
type ownBundle struct {
	MediaType string `json:"mediaType"`
	Material  struct {
		PublicKey struct {
			Hint string `json:"hint"`
		} `json:"publicKey"`
	} `json:"verificationMaterial"`
	Envelope ownEnvelope `json:"dsseEnvelope"`
}

type ownEnvelope struct {
	Payload     []byte         `json:"payload"`
	PayloadType string         `json:"payloadType"`
	Signatures  []ownSignature `json:"signatures"`
}

type ownSignature struct {
	Sig []byte `json:"sig"`
}

// hint names a key as sigstore's own tools do: base64 of the SHA-256 of its
// SubjectPublicKeyInfo.
func hint(p *trust.Public) string {
	sum := p.Fingerprint()
	return base64.StdEncoding.EncodeToString(sum[:])
}

// Sign signs payload and returns a sigstore bundle v0.3 in canonical JSON. A
// payload of statement.PayloadType must be a statement that we would read, in
// canonical form.
func Sign(ctx context.Context, key *trust.Key, payloadType string, payload []byte) ([]byte, error) {
	if err := ctx.Err(); err != nil {
		return nil, fmt.Errorf("sign: %w", err)
	}
	if err := signable(payloadType, payload); err != nil {
		return nil, fmt.Errorf("sign: %w", err)
	}
	pub := key.Public()
	hash, signed := trust.HashOf(pub.Key), pae(payloadType, payload)
	if hash != 0 {
		h := hash.New()
		h.Write(signed)
		signed = h.Sum(nil)
	}
	sig, err := key.Signer().Sign(rand.Reader, signed, hash)
	if err != nil {
		return nil, fmt.Errorf("sign: %w", err)
	}
	if sig, err = lowS(pub.Key, sig); err != nil {
		return nil, fmt.Errorf("sign: %w", err)
	}
	b := ownBundle{MediaType: mediaType, Envelope: ownEnvelope{
		Payload: payload, PayloadType: payloadType, Signatures: []ownSignature{{sig}},
	}}
	b.Material.PublicKey.Hint = hint(pub)
	out, err := statement.Canonical(b)
	if err != nil {
		return nil, fmt.Errorf("sign: %w", err)
	}
	if len(out) > MaxOwn {
		return nil, fmt.Errorf("sign: bundle has %d bytes, the limit is %d", len(out), MaxOwn)
	}
	return out, nil
}

// signable refuses what a reader of ours would refuse, before it is signed.
func signable(payloadType string, payload []byte) error {
	if payloadType == "" || len(payload) == 0 {
		return fmt.Errorf("nothing to sign: payload type %q, %d bytes", payloadType, len(payload))
	}
	if payloadType != statement.PayloadType {
		return nil
	}
	if _, err := statement.Parse(payload); err != nil {
		return err
	}
	if !statement.IsCanonical(payload) {
		return fmt.Errorf("statement is not in canonical form")
	}
	return nil
}

// VerifyOwn verifies a bundle that Sign made, with the signer's public key as
// PEM, and returns what was signed. It refuses every change of any byte: the
// bundle must be its own canonical writing, name this very key, and carry the
// one form of the signature. The error is an *Error; the payload of a bundle
// that does not verify is never returned.
func VerifyOwn(data, public []byte) (payloadType string, payload []byte, err error) {
	if len(data) > MaxOwn {
		return "", nil, refuse(TooLarge, "bundle has %d bytes, the limit is %d", len(data), MaxOwn)
	}
	pub, err := trust.ParsePublic(public)
	if err != nil {
		return "", nil, refuseFor(BadPolicy, err, "public key")
	}
	b, err := readOwn(data)
	if err != nil {
		return "", nil, err
	}
	if b.Material.PublicKey.Hint != hint(pub) {
		return "", nil, refuse(UntrustedSigner, "bundle names another key than %s", pub.ID())
	}
	sig := b.Envelope.Signatures[0].Sig
	if low, err := lowS(pub.Key, sig); err != nil || !bytes.Equal(low, sig) {
		return "", nil, refuse(NotCanonical, "signature is not in its one form")
	}
	return verifyKey(data, MaxOwn, pub)
}

// readOwn reads a bundle of ours and holds it to its canonical form.
func readOwn(bundle []byte) (*ownBundle, error) {
	var b ownBundle
	if err := strictjson.Unmarshal(bundle, &b, strictjson.Limits{Bytes: MaxOwn}); err != nil {
		return nil, refuseFor(Unreadable, err, "not a bundle of ours")
	}
	if b.MediaType != mediaType {
		return nil, refuse(Unreadable, "media type is %.80q, not %s", b.MediaType, mediaType)
	}
	if n := len(b.Envelope.Signatures); n != 1 {
		return nil, refuse(Unreadable, "%d signatures where one is due", n)
	}
	again, err := statement.Canonical(b)
	if err != nil || !bytes.Equal(again, bundle) {
		return nil, refuse(NotCanonical, "bundle is not in its canonical form")
	}
	return &b, nil
}
