package attest

import (
	"crypto"
	"crypto/ecdsa"
	"crypto/x509"
	"errors"

	protobundle "github.com/sigstore/protobuf-specs/gen/pb-go/bundle/v1"
	"github.com/sigstore/sigstore-go/pkg/bundle"
	"github.com/sigstore/sigstore-go/pkg/fulcio/certificate"
	"github.com/sigstore/sigstore/pkg/cryptoutils"

	"github.com/proffer-audit/proffer/attest/strictjson"
)

// MaxBundle caps a bundle before it is parsed, in bytes: sigstore-go needs some
// forty times the size of what it reads.
const MaxBundle = 8 << 20

// opened is a bundle that was read and not yet believed.
type opened struct {
	entity      *bundle.Bundle
	payloadType string
	payload     []byte
	sig         []byte
	leaf        *x509.Certificate // nil where a key signed
	san, issuer string            // of leaf, as it claims
	logEntries  int
	timestamps  int
}

// open reads a bundle around one DSSE envelope with exactly one signature.
func open(data []byte, limit int) (*opened, error) {
	if len(data) > limit {
		return nil, refuse(TooLarge, "bundle has %d bytes, the limit is %d", len(data), limit)
	}
	if err := strictjson.Check(data, strictjson.Limits{Bytes: limit}); err != nil {
		return nil, refuseFor(Unreadable, err, "bundle")
	}
	b := &bundle.Bundle{}
	if err := b.UnmarshalJSON(data); err != nil {
		if errors.Is(err, bundle.ErrUnsupportedMediaType) {
			return nil, refuseBy(Unreadable, err, "media type is not that of a sigstore bundle v0.1 to v0.3")
		}
		return nil, refuseBy(Unreadable, err, "not a sigstore bundle, or with parts of it missing or broken")
	}
	content, ok := b.Content.(*protobundle.Bundle_DsseEnvelope)
	if !ok {
		return nil, refuse(Unreadable, "bundle holds no DSSE envelope")
	}
	env := content.DsseEnvelope
	if n := len(env.GetSignatures()); n != 1 {
		return nil, refuse(Unreadable, "envelope has %d signatures, not exactly one", n)
	}
	if env.GetPayloadType() == "" || len(env.GetPayload()) == 0 || len(env.GetSignatures()[0].GetSig()) == 0 {
		return nil, refuse(Unreadable, "envelope without payload type, payload or signature")
	}
	o := &opened{
		entity: b, payloadType: env.GetPayloadType(), payload: env.GetPayload(), sig: env.GetSignatures()[0].GetSig(),
		logEntries: len(b.VerificationMaterial.GetTlogEntries()),
		timestamps: len(b.VerificationMaterial.GetTimestampVerificationData().GetRfc3161Timestamps()),
	}
	if err := o.readSigner(); err != nil {
		return nil, err
	}
	return o, nil
}

// readSigner reads the certificate, if a certificate signed, and checks the
// envelope against the key in it: the one check that needs no trust.
func (o *opened) readSigner() error {
	content, err := o.entity.VerificationContent()
	if err != nil {
		return refuseBy(Unreadable, err, "verification material is missing or broken")
	}
	leaf := content.Certificate()
	if leaf == nil {
		return nil
	}
	o.leaf = leaf
	summary, err := certificate.SummarizeCertificate(leaf)
	if err != nil {
		return refuseBy(Unreadable, err, "certificate is not one of a sigstore authority")
	}
	o.san, o.issuer = summary.SubjectAlternativeName, summary.Issuer
	if o.signedBy(leaf.PublicKey) != nil {
		return refuse(BadSignature, "the signature is not that of the certificate's key")
	}
	return nil
}

// signedBy checks the envelope with a key. Older clients signed with SHA-256
// under certificates for larger curves, which sigstore-go takes as well.
func (o *opened) signedBy(key crypto.PublicKey) error {
	hash := hashOf(key)
	err := checkSignature(key, hash, o.payloadType, o.payload, o.sig)
	if _, ec := key.(*ecdsa.PublicKey); err != nil && ec && o.leaf != nil && hash != crypto.SHA256 {
		return checkSignature(key, crypto.SHA256, o.payloadType, o.payload, o.sig)
	}
	return err
}

// cleanLeaf is the certificate in a form that crypto/x509 verifies: it does not
// know names of type OtherName and counts them as unhandled. Their value was
// read by SummarizeCertificate.
func (o *opened) cleanLeaf() *x509.Certificate {
	leaf := *o.leaf
	leaf.UnhandledCriticalExtensions = nil
	for _, oid := range o.leaf.UnhandledCriticalExtensions {
		if !oid.Equal(cryptoutils.SANOID) {
			leaf.UnhandledCriticalExtensions = append(leaf.UnhandledCriticalExtensions, oid)
		}
	}
	return &leaf
}
