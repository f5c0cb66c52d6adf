package sign

import (
	"crypto/sha256"
	"time"

	"github.com/sigstore/sigstore-go/pkg/bundle"
	"github.com/sigstore/sigstore-go/pkg/root"
	"github.com/sigstore/sigstore-go/pkg/verify"
	"github.com/sigstore/sigstore/pkg/signature"

	"github.com/proffer-audit/proffer/attest/trust"
)

// check verifies what was signed, as its readers will: by the library of
// sigstore, under the root of the one who signs. What does not verify is not
// handed out.
func (s *Signer) check(raw []byte) error {
	b := &bundle.Bundle{}
	if err := b.UnmarshalJSON(raw); err != nil {
		return refuse(NotVerified, "read the bundle again").because(err)
	}
	if !s.Connects() {
		return s.checkAlone(b)
	}
	material, err := s.material()
	if err != nil {
		return err
	}
	options := []verify.VerifierOption{verify.WithoutStatementPredicate()}
	if n := len(s.opt.Services.Logs); n > 0 {
		options = append(options, verify.WithTransparencyLog(n))
	}
	if n := len(s.opt.Services.Timestamps); n > 0 {
		options = append(options, verify.WithSignedTimestamps(n))
	} else {
		options = append(options, verify.WithObserverTimestamps(1))
	}
	who := verify.WithKey()
	if s.leaf != nil {
		options = append(options, verify.WithSignedCertificateTimestamps(1))
		identity, err := verify.NewShortCertificateIdentity(s.issuer, "", s.identity, "")
		if err != nil {
			return refuse(NotVerified, "the certificate names nobody").because(err)
		}
		who = verify.WithCertificateIdentity(identity)
	}
	v, err := verify.NewVerifier(material, options...)
	if err != nil {
		return refuse(NoRoot, "the trust root cannot verify what the services give").because(err)
	}
	if _, err := v.Verify(b, verify.NewPolicy(s.subject(b), who)); err != nil {
		return refuse(NotVerified, "what was signed does not verify under the trust root").because(err).
			hint("check that --trusted-root and --signing-config are of the same services")
	}
	return nil
}

// subject is what the library is to find signed. The payload of an envelope is
// compared by whoever made it; a file by the digest in its bundle, which the
// signature covers.
func (s *Signer) subject(b *bundle.Bundle) verify.ArtifactPolicyOption {
	m := b.GetMessageSignature()
	if m == nil {
		return verify.WithoutArtifactUnsafe()
	}
	name := "sha256"
	switch len(m.GetMessageDigest().GetDigest()) {
	case sha256.Size + 16:
		name = "sha384"
	case 2 * sha256.Size:
		name = "sha512"
	}
	return verify.WithArtifactDigest(name, m.GetMessageDigest().GetDigest())
}

// material is the root, and beside it the key where a key signs.
func (s *Signer) material() (root.TrustedMaterial, error) {
	r, err := trust.ParseRoot(s.opt.Root)
	if err != nil || s.leaf != nil {
		return r, err
	}
	keys, err := s.keyMaterial()
	if err != nil {
		return nil, err
	}
	return root.TrustedMaterialCollection{keys, r}, nil
}

func (s *Signer) keyMaterial() (root.TrustedMaterial, error) {
	v, err := signature.LoadVerifier(s.key.Public().Key, trust.HashOf(s.key.Public().Key))
	if err != nil {
		return nil, refuse(NotVerified, "the key cannot verify").because(err)
	}
	key := root.NewExpiringKey(v, time.Time{}, time.Time{})
	return root.NewTrustedPublicKeyMaterial(func(string) (root.TimeConstrainedVerifier, error) { return key, nil }), nil
}

// checkAlone verifies a signature that nobody witnessed.
func (s *Signer) checkAlone(b *bundle.Bundle) error {
	keys, err := s.keyMaterial()
	if err != nil {
		return err
	}
	v, err := verify.NewVerifier(keys, verify.WithNoObserverTimestamps())
	if err != nil {
		return refuse(NotVerified, "verify with the key").because(err)
	}
	if _, err := v.Verify(b, verify.NewPolicy(s.subject(b), verify.WithKey())); err != nil {
		return refuse(NotVerified, "what was signed does not verify with the key").because(err)
	}
	return nil
}
