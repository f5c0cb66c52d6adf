package envelope

import (
	"crypto"
	"crypto/ecdsa"
	"crypto/ed25519"
	"crypto/elliptic"
	"crypto/rsa"

	_ "crypto/sha256" // the hashes that hashOf names
	_ "crypto/sha512"
)

// VerifyKey reports that the key made one of the item's signatures; the key ids
// are not looked at. It is an *Error otherwise: NotVerifiable for a Bundle,
// whose package verifies it, and for keys that are none of ECDSA on P-256, P-384
// or P-521 (ASN.1, SHA-2 of the curve's size), Ed25519 and RSA (SHA-256; PSS as
// in-toto signs, and for DSSE PKCS #1 v1.5 too); BadSignature otherwise.
//
// One key counts once, however many of the signatures it made: who counts
// parties asks for each key in turn.
func (it Item) VerifyKey(key crypto.PublicKey) error {
	if it.Kind != DSSE && it.Kind != Link {
		return refuse(NotVerifiable, it.Place, "a %s is not verified by a bare key here", it.Kind)
	}
	hash, known := hashOf(key)
	if !known {
		return refuse(NotVerifiable, it.Place, "a key of type %T does not sign attestations", key)
	}
	signed := it.Signed()
	if hash != 0 {
		h := hash.New()
		h.Write(signed)
		signed = h.Sum(nil)
	}
	for _, s := range it.Signatures {
		if it.verifies(key, hash, signed, s.Sig) {
			return nil
		}
	}
	return refuse(BadSignature, it.Place, "none of %d signatures is that of the key", len(it.Signatures))
}

func (it Item) verifies(key crypto.PublicKey, hash crypto.Hash, signed, sig []byte) bool {
	switch k := key.(type) {
	case ed25519.PublicKey:
		return ed25519.Verify(k, signed, sig)
	case *ecdsa.PublicKey:
		return ecdsa.VerifyASN1(k, signed, sig)
	case *rsa.PublicKey:
		pss := rsa.VerifyPSS(k, hash, signed, sig, &rsa.PSSOptions{SaltLength: rsa.PSSSaltLengthEqualsHash}) == nil
		return pss || it.Kind == DSSE && rsa.VerifyPKCS1v15(k, hash, signed, sig) == nil
	}
	return false
}

// hashOf is the hash that goes with a key; 0 for Ed25519, which hashes by itself.
func hashOf(key crypto.PublicKey) (crypto.Hash, bool) {
	switch k := key.(type) {
	case ed25519.PublicKey:
		return 0, len(k) == ed25519.PublicKeySize
	case *rsa.PublicKey:
		return crypto.SHA256, true
	case *ecdsa.PublicKey:
		switch k.Curve {
		case elliptic.P256():
			return crypto.SHA256, true
		case elliptic.P384():
			return crypto.SHA384, true
		case elliptic.P521():
			return crypto.SHA512, true
		}
	}
	return 0, false
}
