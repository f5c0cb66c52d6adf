package sign

import (
	"crypto"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rsa"
	"fmt"

	commonpb "github.com/sigstore/protobuf-specs/gen/pb-go/common/v1"

	"github.com/proffer-audit/proffer/attest/trust"
)

// digestHash is the hash that a bundle names an artifact by.
func digestHash(key crypto.PublicKey) (crypto.Hash, commonpb.HashAlgorithm) {
	switch trust.HashOf(key) {
	case crypto.SHA384:
		return crypto.SHA384, commonpb.HashAlgorithm_SHA2_384
	case crypto.SHA512:
		return crypto.SHA512, commonpb.HashAlgorithm_SHA2_512
	}
	return crypto.SHA256, commonpb.HashAlgorithm_SHA2_256
}

// keyDetails is the name of a kind of key in sigstore's registry of algorithms,
// or "" for one that logs do not take.
func keyDetails(key crypto.PublicKey) string {
	switch k := key.(type) {
	case *ecdsa.PublicKey:
		switch k.Curve {
		case elliptic.P256():
			return "PKIX_ECDSA_P256_SHA_256"
		case elliptic.P384():
			return "PKIX_ECDSA_P384_SHA_384"
		case elliptic.P521():
			return "PKIX_ECDSA_P521_SHA_512"
		}
	case *rsa.PublicKey:
		switch n := k.N.BitLen(); n {
		case 2048, 3072, 4096:
			return fmt.Sprintf("PKIX_RSA_PKCS1V15_%d_SHA256", n)
		}
	}
	return ""
}
