package cms

import (
	"crypto/ecdsa"
	"crypto/ed25519"
	"crypto/rsa"
	"errors"
	"fmt"
	"strings"

	// The digests that DigestAlgorithm names.
	_ "crypto/md5"
	_ "crypto/sha1"
	_ "crypto/sha256"
	_ "crypto/sha512"
)

// unknownAlgorithm is a signature that cannot be checked here.
type unknownAlgorithm struct{ detail string }

func (e unknownAlgorithm) Error() string { return e.detail }

var errValue = errors.New("the value does not verify")

// verifyValue checks a signature value over a digest with the key of the
// certificate. SHA-1 and MD5 are computed too: old signatures exist, and this
// is no statement of trust.
func verifyValue(key any, s *signerInfo, digest []byte) error {
	switch pub := key.(type) {
	case *rsa.PublicKey:
		if pub.N.BitLen() > maxRSA {
			return unknownAlgorithm{fmt.Sprintf("an RSA key of %d bits", pub.N.BitLen())}
		}
		if s.algorithm == oidRSAPSS {
			// RFC 4056, section 3: the digest is the message's own.
			return rsa.VerifyPSS(pub, s.digest, digest, s.value, nil)
		}
		// RFC 8017, 8.2, under the key's own number or one that names a digest.
		if s.algorithm == oidRSA || strings.HasPrefix(s.algorithm, "1.2.840.113549.1.1.") || strings.HasPrefix(s.algorithm, "1.3.14.3.2.") {
			return rsa.VerifyPKCS1v15(pub, s.digest, digest, s.value)
		}
	case *ecdsa.PublicKey:
		if !ecdsa.VerifyASN1(pub, digest, s.value) {
			return errValue
		}
		return nil
	case ed25519.PublicKey:
		return unknownAlgorithm{"Ed25519 signatures are not read here"}
	}
	return unknownAlgorithm{fmt.Sprintf("signature algorithm %s with a key of type %T is not read here", s.algorithm, key)}
}
