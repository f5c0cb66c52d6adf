package trust

import (
	"bytes"
	"crypto"
	"crypto/ecdsa"
	"crypto/ed25519"
	"crypto/elliptic"
	"crypto/rsa"
	"crypto/sha256"
	"crypto/x509"
	"encoding/hex"
	"encoding/pem"

	_ "crypto/sha512" // a hash that HashOf names
)

// The sizes of RSA modulus that are trusted, in bits. The upper one bounds the
// work of a verification.
const (
	minRSA = 2048
	maxRSA = 8192
)

const publicType = "PUBLIC KEY"

// maxPEM caps a key file, in bytes.
const maxPEM = 64 << 10

// Public is a public key that may sign.
type Public struct {
	Key  crypto.PublicKey // *ecdsa.PublicKey, ed25519.PublicKey or *rsa.PublicKey
	spki []byte
}

// ParsePublic reads a public key: one PEM block "PUBLIC KEY" (PKIX) and nothing
// around it but white space; ECDSA on P-256, P-384 or P-521, Ed25519, or RSA of
// 2048 to 8192 bits. A key has one encoding, so that it cannot pass for two.
func ParsePublic(data []byte) (*Public, error) {
	block, err := onePEM(data)
	if err != nil {
		return nil, err
	}
	if block.Type != publicType {
		return nil, refuse(BadKey, "PEM block is %.40q, not %q", block.Type, publicType)
	}
	key, err := x509.ParsePKIXPublicKey(block.Bytes)
	if err != nil {
		return nil, &Error{Code: BadKey, Message: "read public key: " + err.Error(), Err: err}
	}
	p, err := newPublic(key)
	if err != nil {
		return nil, err
	}
	if !bytes.Equal(p.spki, block.Bytes) {
		return nil, refuse(BadKey, "public key is not in its one DER form")
	}
	return p, nil
}

func newPublic(key crypto.PublicKey) (*Public, error) {
	if err := checkKind(key); err != nil {
		return nil, err
	}
	spki, err := x509.MarshalPKIXPublicKey(key)
	if err != nil {
		return nil, &Error{Code: BadKey, Message: "encode public key: " + err.Error(), Err: err}
	}
	return &Public{Key: key, spki: spki}, nil
}

func checkKind(key crypto.PublicKey) error {
	switch k := key.(type) {
	case *ecdsa.PublicKey:
		switch k.Curve {
		case elliptic.P256(), elliptic.P384(), elliptic.P521():
			return nil
		}
		return refuse(WeakKey, "elliptic curve %s is not trusted", k.Curve.Params().Name)
	case ed25519.PublicKey:
		return nil
	case *rsa.PublicKey:
		if n := k.N.BitLen(); n < minRSA || n > maxRSA {
			return refuse(WeakKey, "RSA key of %d bits; %d to %d are trusted", n, minRSA, maxRSA)
		}
		return nil
	}
	return refuse(WeakKey, "key of type %T is not trusted", key)
}

// ID names the key: "sha256:" and the SHA-256 of its SubjectPublicKeyInfo in
// lower-case hexadecimal.
func (p *Public) ID() string {
	sum := p.Fingerprint()
	return "sha256:" + hex.EncodeToString(sum[:])
}

// Fingerprint is the SHA-256 of the SubjectPublicKeyInfo.
func (p *Public) Fingerprint() [sha256.Size]byte { return sha256.Sum256(p.spki) }

// PEM is the key as ParsePublic reads it.
func (p *Public) PEM() []byte {
	return pem.EncodeToMemory(&pem.Block{Type: publicType, Bytes: p.spki})
}

// onePEM reads the one block of a file. encoding/pem itself skips whatever is
// not a block; here that is refused, because another reader may not skip it.
func onePEM(data []byte) (*pem.Block, error) {
	if len(data) > maxPEM {
		return nil, refuse(BadKey, "key file has %d bytes, the limit is %d", len(data), maxPEM)
	}
	data = bytes.Trim(data, " \t\r\n")
	block, rest := pem.Decode(data)
	if block == nil {
		return nil, refuse(BadKey, "no PEM block found")
	}
	if len(rest) > 0 {
		return nil, refuse(BadKey, "more than one PEM block, or text after it")
	}
	if len(block.Headers) > 0 {
		return nil, refuse(BadKey, "PEM block with headers")
	}
	if !bytes.Equal(squeeze(data), squeeze(pem.EncodeToMemory(block))) {
		return nil, refuse(BadKey, "text before or inside the PEM block")
	}
	return block, nil
}

// squeeze drops all white space.
func squeeze(data []byte) []byte { return bytes.Join(bytes.Fields(data), nil) }

// HashOf is the hash that sigstore signs with under a key: of the size of its
// curve, SHA-256 for RSA, and 0 for Ed25519, which hashes by itself.
func HashOf(key crypto.PublicKey) crypto.Hash {
	switch k := key.(type) {
	case ed25519.PublicKey:
		return 0
	case *ecdsa.PublicKey:
		switch k.Curve {
		case elliptic.P384():
			return crypto.SHA384
		case elliptic.P521():
			return crypto.SHA512
		}
	}
	return crypto.SHA256
}
