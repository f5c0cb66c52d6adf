package mint

import (
	"crypto"
	"crypto/ecdsa"
	"crypto/ed25519"
	"crypto/elliptic"
	"crypto/sha256"
	"crypto/sha512"
	"crypto/x509"
	"encoding/pem"
	"fmt"
	"strconv"
)

// Kind is a kind of key.
type Kind string

// The kinds of key that are made from a seed.
const (
	P256    Kind = "P-256"
	P384    Kind = "P-384"
	P521    Kind = "P-521"
	Ed25519 Kind = "Ed25519"
)

// Key is a private key with the hash that sigstore signs with under it.
type Key struct {
	Signer crypto.Signer
	hash   crypto.Hash // 0 for Ed25519
	spki   []byte
}

// NewKey derives a key from a seed.
func NewKey(kind Kind, seed string) *Key {
	if kind == Ed25519 {
		sum := sha256.Sum256([]byte("ed25519 " + seed))
		return KeyOf(ed25519.NewKeyFromSeed(sum[:]))
	}
	curve, size := curveOf(kind)
	for i := 0; ; i++ {
		raw := stretch(string(kind)+" "+strconv.Itoa(i)+" "+seed, size)
		if kind == P521 {
			raw[0] &= 1
		}
		// A number beyond the order of the curve is no key; the next one may be.
		if key, err := ecdsa.ParseRawPrivateKey(curve, raw); err == nil {
			return KeyOf(key)
		}
	}
}

// KeyOf takes a key that was made elsewhere, such as an RSA key.
func KeyOf(s crypto.Signer) *Key {
	k := &Key{Signer: s, hash: crypto.SHA256, spki: must(x509.MarshalPKIXPublicKey(s.Public()))}
	switch pub := s.Public().(type) {
	case ed25519.PublicKey:
		k.hash = 0
	case *ecdsa.PublicKey:
		switch pub.Curve {
		case elliptic.P384():
			k.hash = crypto.SHA384
		case elliptic.P521():
			k.hash = crypto.SHA512
		}
	}
	return k
}

func curveOf(kind Kind) (curve elliptic.Curve, size int) {
	switch kind {
	case P256:
		return elliptic.P256(), 32
	case P384:
		return elliptic.P384(), 48
	case P521:
		return elliptic.P521(), 66
	}
	panic(fmt.Sprintf("mint: no key of kind %q", kind))
}

// stretch makes n bytes of a seed.
func stretch(seed string, n int) []byte {
	var out []byte
	for i := 0; len(out) < n; i++ {
		sum := sha512.Sum512([]byte(strconv.Itoa(i) + " " + seed))
		out = append(out, sum[:]...)
	}
	return out[:n]
}

// PEM is the public key as PKIX PEM.
func (k *Key) PEM() []byte {
	return pem.EncodeToMemory(&pem.Block{Type: "PUBLIC KEY", Bytes: k.spki})
}

// SPKI is the public key as DER SubjectPublicKeyInfo.
func (k *Key) SPKI() []byte { return k.spki }

// ID is the SHA-256 of the SubjectPublicKeyInfo.
func (k *Key) ID() [sha256.Size]byte { return sha256.Sum256(k.spki) }

// Sign signs a message. ECDSA signatures are those of RFC 6979.
func (k *Key) Sign(message []byte) []byte {
	if k.hash == 0 {
		return must(k.Signer.Sign(nil, message, crypto.Hash(0)))
	}
	// No randomness: the signature follows from key and message.
	return must(k.Signer.Sign(nil, k.digest(message), k.hash))
}

// digest is the message hashed for this key; SHA-256 where the key hashes by
// itself.
func (k *Key) digest(message []byte) []byte {
	hash := k.hash
	if hash == 0 {
		hash = crypto.SHA256
	}
	h := hash.New()
	h.Write(message)
	return h.Sum(nil)
}

// details is the key's name in sigstore's protobuf specifications.
func (k *Key) details() string {
	switch pub := k.Signer.Public().(type) {
	case ed25519.PublicKey:
		return "PKIX_ED25519"
	case *ecdsa.PublicKey:
		switch pub.Curve {
		case elliptic.P256():
			return "PKIX_ECDSA_P256_SHA_256"
		case elliptic.P384():
			return "PKIX_ECDSA_P384_SHA_384"
		case elliptic.P521():
			return "PKIX_ECDSA_P521_SHA_512"
		}
	}
	return fmt.Sprintf("PKIX_RSA_PKCS1V15_%d_SHA256", rsaBits(k))
}

// hashName is the hash's name in sigstore's protobuf specifications.
func (k *Key) hashName() string {
	switch k.hash {
	case crypto.SHA384:
		return "SHA2_384"
	case crypto.SHA512:
		return "SHA2_512"
	}
	return "SHA2_256"
}

func must[T any](v T, err error) T {
	if err != nil {
		panic("mint: " + err.Error())
	}
	return v
}
