package strictyaml

import (
	"encoding/base64"
	"encoding/hex"
	"io/fs"
	"regexp"
	"slices"
	"strings"
)

// Digest algorithms, as they stand before the value.
const (
	H1     = "h1"          // Go's hash of a module: base64 of 32 bytes
	SHA256 = "sha256"      // lower-case hex
	SHA512 = "sha512"      // lower-case hex, or npm's own "sha512-" and base64
	Tree   = "tree-sha256" // our digest of a tree of files, lower-case hex
)

const digestHint = "write h1:<base64>, sha256:<hex>, sha512:<hex>, sha512-<base64> or tree-sha256:<hex>"

// CheckDigest says what is wrong with a digest, which must be of one of the
// algorithms given. There is one way to write each digest.
func CheckDigest(s string, algorithms ...string) *Problem {
	alg, value, found := strings.Cut(s, ":")
	isNPM := false
	if !found {
		alg, value, found = strings.Cut(s, "-")
		isNPM = true
	}
	if !found || !slices.Contains([]string{H1, SHA256, SHA512, Tree}, alg) || (isNPM && alg != SHA512) {
		return Problemf(digestHint, "%s is not a digest", Quote(s))
	}
	if !slices.Contains(algorithms, alg) {
		return Problemf("allowed here: "+strings.Join(algorithms, ", "), "a digest of kind %s does not fit here", alg)
	}
	var ok bool
	switch {
	case isNPM:
		ok = isBase64(value, 64)
	case alg == H1:
		ok = isBase64(value, 32)
	case alg == SHA512:
		ok = IsHex(value, 64)
	default:
		ok = IsHex(value, 32)
	}
	if !ok {
		return Problemf(digestHint, "%s is not a whole %s digest", Quote(s), alg)
	}
	return nil
}

// IsHex reports whether s is size bytes in lower-case hex.
func IsHex(s string, size int) bool {
	raw, err := hex.DecodeString(s)
	return err == nil && len(raw) == size && s == strings.ToLower(s)
}

// isBase64 reports whether s is the one padded base64 form of size bytes.
func isBase64(s string, size int) bool {
	raw, err := base64.StdEncoding.Strict().DecodeString(s)
	return err == nil && len(raw) == size && base64.StdEncoding.EncodeToString(raw) == s
}

var namePattern = regexp.MustCompile(`^[a-z0-9][a-z0-9._-]{0,63}$`)

// CheckName says what is wrong with a name that becomes part of a check's id.
func CheckName(s string) *Problem {
	if namePattern.MatchString(s) {
		return nil
	}
	return Problemf("lower-case letters, digits, dot, dash and underscore, at most 64, and no dash or dot first", "%s is not a name", Quote(s))
}

// maxPath bounds a path in a document.
const maxPath = 1024

// CheckRelative says what is wrong with a path that must stay inside a folder.
// Paths have slashes on every system.
func CheckRelative(s string) *Problem {
	const hint = "write it relative, with slashes, without . and .."
	switch {
	case len(s) > maxPath:
		return Problemf("", "a path of %d bytes; at most %d", len(s), maxPath)
	case strings.ContainsAny(s, "\\\n\t"), s == ".", !fs.ValidPath(s), len(s) > 1 && s[1] == ':':
		return Problemf(hint, "%s is not a relative, clean path", Quote(s))
	}
	return nil
}

// CheckAbsolute says what is wrong with a path that must be absolute and clean,
// in the manner of Unix.
func CheckAbsolute(s string) *Problem {
	rel, ok := strings.CutPrefix(s, "/")
	if !ok || rel == "" || CheckRelative(rel) != nil {
		return Problemf("write it as /build/agent, without . and .. and a slash at the end", "%s is not an absolute, clean path", Quote(s))
	}
	return nil
}
