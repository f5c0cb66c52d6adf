package fetch

import (
	"crypto/sha256"
	"crypto/sha512"
	"encoding/base64"
	"encoding/hex"
	"strings"
)

// Algorithm names what a pin is a digest of, and by what.
type Algorithm string

// The algorithms of a pin.
const (
	H1     Algorithm = "h1"          // the Go module hash over a zip's files
	SHA256 Algorithm = "sha256"      // over the bytes
	SHA512 Algorithm = "sha512"      // over the bytes
	Tree   Algorithm = "tree-sha256" // archive.TreeDigest over a directory
)

// A Pin is the digest that bytes are held to, in one spelling.
type Pin struct {
	Algorithm Algorithm
	value     string
}

// String is the pin's one spelling: h1: and base64, otherwise the algorithm, a
// colon and lower-case hex. npm's sha512-<base64> becomes sha512:<hex>.
func (p Pin) String() string { return string(p.Algorithm) + ":" + p.value }

// ParsePin reads a pin strictly: the right length, no other spelling than those
// of String and npm's own. The error is an *Error with code BadPin.
func ParsePin(s string) (Pin, error) {
	bad := refuse(BadPin, "", "digest %.100q is not one", s).
		hint("want h1:<base64>, sha256:<hex>, sha512:<hex>, sha512-<base64> or tree-sha256:<hex>")
	if b64, ok := strings.CutPrefix(s, "sha512-"); ok {
		raw, err := base64.StdEncoding.Strict().DecodeString(b64)
		if err != nil || len(raw) != sha512.Size {
			return Pin{}, bad
		}
		return Pin{SHA512, hex.EncodeToString(raw)}, nil
	}
	alg, value, _ := strings.Cut(s, ":")
	switch Algorithm(alg) {
	case H1:
		raw, err := base64.StdEncoding.Strict().DecodeString(value)
		if err != nil || len(raw) != sha256.Size || strings.ContainsAny(value, "\r\n") {
			return Pin{}, bad
		}
	case SHA256, Tree:
		if !isHex(value, sha256.Size) {
			return Pin{}, bad
		}
	case SHA512:
		if !isHex(value, sha512.Size) {
			return Pin{}, bad
		}
	default:
		return Pin{}, bad
	}
	return Pin{Algorithm(alg), value}, nil
}

func isHex(s string, size int) bool {
	raw, err := hex.DecodeString(s)
	return err == nil && len(raw) == size && strings.ToLower(s) == s
}
