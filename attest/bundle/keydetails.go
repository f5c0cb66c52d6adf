package bundle

import (
	"crypto"
	"crypto/ecdsa"
	"crypto/ed25519"
	"crypto/elliptic"
	"crypto/rsa"
)

// strong reports the kinds and sizes of key that trust.ParsePublic reads.
func strong(key crypto.PublicKey) bool {
	switch k := key.(type) {
	case *ecdsa.PublicKey:
		return k.Curve == elliptic.P256() || k.Curve == elliptic.P384() || k.Curve == elliptic.P521()
	case *rsa.PublicKey:
		return 2048 <= k.N.BitLen() && k.N.BitLen() <= 8192
	}
	_, ok := key.(ed25519.PublicKey)
	return ok
}

// keyDetails gives the PublicKeyDetails of sigstore's protobuf-specs that Rekor
// v2 enters for a key, and the hash of its entries.
func keyDetails(key crypto.PublicKey) (name string, h crypto.Hash, ok bool) {
	switch k := key.(type) {
	case *ecdsa.PublicKey:
		switch k.Curve {
		case elliptic.P256():
			return "PKIX_ECDSA_P256_SHA_256", crypto.SHA256, true
		case elliptic.P384():
			return "PKIX_ECDSA_P384_SHA_384", crypto.SHA384, true
		case elliptic.P521():
			return "PKIX_ECDSA_P521_SHA_512", crypto.SHA512, true
		}
	case ed25519.PublicKey:
		return "PKIX_ED25519_PH", crypto.SHA512, true
	case *rsa.PublicKey:
		switch k.N.BitLen() {
		case 2048:
			return "PKIX_RSA_PKCS1V15_2048_SHA256", crypto.SHA256, true
		case 3072:
			return "PKIX_RSA_PKCS1V15_3072_SHA256", crypto.SHA256, true
		case 4096:
			return "PKIX_RSA_PKCS1V15_4096_SHA256", crypto.SHA256, true
		}
	}
	return "", 0, false
}
