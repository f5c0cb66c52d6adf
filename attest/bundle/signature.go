package bundle

import (
	"crypto"
	"crypto/ecdsa"
	"crypto/ed25519"
	"crypto/rsa"
	"hash"
	"strconv"

	"github.com/proffer-audit/proffer/attest/trust"
)

// digestName is a hash's name in an Artifact.
func digestName(h crypto.Hash) string {
	switch h {
	case crypto.SHA384:
		return "sha384"
	case crypto.SHA512:
		return "sha512"
	}
	return "sha256"
}

// verifyDigest checks a signature over a digest by h, with ECDSA or RSA.
func verifyDigest(key crypto.PublicKey, h crypto.Hash, digest, sig []byte) bool {
	switch k := key.(type) {
	case *ecdsa.PublicKey:
		return ecdsa.VerifyASN1(k, digest, sig)
	case *rsa.PublicKey:
		return rsa.VerifyPKCS1v15(k, h, digest, sig) == nil
	}
	return false
}

// verifyText checks a signature over a short text with SHA-256 or, for Ed25519,
// with none.
func verifyText(key crypto.PublicKey, text, sig []byte) bool {
	if k, ok := key.(ed25519.PublicKey); ok {
		return ed25519.Verify(k, text, sig)
	}
	return verifyHashed(key, crypto.SHA256, text, sig)
}

// verifyNote checks a signature over a short text with the hash of the key.
func verifyNote(key crypto.PublicKey, text, sig []byte) bool {
	if k, ok := key.(ed25519.PublicKey); ok {
		return ed25519.Verify(k, text, sig)
	}
	return verifyHashed(key, trust.HashOf(key), text, sig)
}

func verifyHashed(key crypto.PublicKey, h crypto.Hash, text, sig []byte) bool {
	sum := h.New()
	sum.Write(text)
	return verifyDigest(key, h, sum.Sum(nil), sig)
}

// paeHead is the pre-authentication encoding of DSSE up to the payload, which
// ends it.
func paeHead(payloadType string, size int) []byte {
	b := make([]byte, 0, len(payloadType)+48)
	b = append(b, "DSSEv1 "...)
	b = strconv.AppendInt(b, int64(len(payloadType)), 10)
	b = append(b, ' ')
	b = append(b, payloadType...)
	b = append(b, ' ')
	b = strconv.AppendInt(b, int64(size), 10)
	return append(b, ' ')
}

// hashPAE hashes what a DSSE signature signs.
func (b *Bundle) hashPAE(h hash.Hash) []byte {
	h.Write(paeHead(b.payloadType, len(b.payload)))
	h.Write(b.payload)
	return h.Sum(nil)
}

// checkContent checks the one signature of the bundle.
func (c *check) checkContent() error {
	if c.bundle.envelope {
		if !c.envelopeSigned() {
			return refuse(BadSignature, "the envelope's signature is not that of key %s", c.result.KeyID)
		}
		return nil
	}
	return c.checkMessage()
}

// envelopeSigned tries the hash of the key and, under certificates for larger
// curves, the SHA-256 of older clients.
func (c *check) envelopeSigned() bool {
	b, h := c.bundle, trust.HashOf(c.key)
	if k, ok := c.key.(ed25519.PublicKey); ok {
		return ed25519.Verify(k, append(paeHead(b.payloadType, len(b.payload)), b.payload...), b.sig)
	}
	if verifyDigest(c.key, h, b.hashPAE(h.New()), b.sig) {
		return true
	}
	_, ec := c.key.(*ecdsa.PublicKey)
	return ec && c.pub == nil && h != crypto.SHA256 && verifyDigest(c.key, crypto.SHA256, b.hashPAE(crypto.SHA256.New()), b.sig)
}

// checkMessage holds artifact, the digest that the bundle names and the
// signature against each other.
func (c *check) checkMessage() error {
	b := c.bundle
	if c.about.IsZero() {
		return refuse(ArtifactNeeded, "a message signature can be verified with its artifact only")
	}
	sum, ok := c.about.digests[b.digestAlg]
	if !ok {
		return refuse(ArtifactNeeded, "the bundle names the %s of its artifact, which is known by another digest", b.digestAlg)
	}
	if string(sum) != string(b.digest) {
		return refuse(DigestMismatch, "the %s that the bundle names is not that of the artifact", b.digestAlg)
	}
	signed, err := c.messageSigned()
	if err == nil && !signed {
		err = refuse(BadSignature, "the signature over the artifact is not that of key %s", c.result.KeyID)
	}
	return err
}

// messageSigned checks the signature over the artifact. Under a certificate
// Ed25519 is the prehashed kind, which logs take; with a key it is the pure one.
func (c *check) messageSigned() (bool, error) {
	sig := c.bundle.sig
	if k, ok := c.key.(ed25519.PublicKey); ok {
		if c.pub == nil {
			sum, ok := c.about.digests["sha512"]
			if !ok {
				return false, refuse(ArtifactNeeded, "Ed25519ph signs the sha512 of an artifact, which is not known")
			}
			return ed25519.VerifyWithOptions(k, sum, sig, &ed25519.Options{Hash: crypto.SHA512}) == nil, nil
		}
		if c.about.content == nil {
			return false, refuse(ArtifactNeeded, "Ed25519 signs contents, and only a digest is known")
		}
		return ed25519.Verify(k, c.about.content, sig), nil
	}
	h := trust.HashOf(c.key)
	sum, ok := c.about.digests[digestName(h)]
	if ok && verifyDigest(c.key, h, sum, sig) {
		return true, nil
	}
	if _, ec := c.key.(*ecdsa.PublicKey); ec && c.pub == nil && h != crypto.SHA256 {
		if s := c.about.digests["sha256"]; s != nil {
			return verifyDigest(c.key, crypto.SHA256, s, sig), nil
		}
	}
	if !ok {
		return false, refuse(ArtifactNeeded, "the key signs the %s of an artifact, which is not known", digestName(h))
	}
	return false, nil
}
