package statement

import (
	"maps"
	"slices"
	"strings"
)

// lengths gives the hexadecimal digits of the algorithms that in-toto names; a
// git object has the length of either of git's two hash functions.
func lengths(algorithm string) []int {
	switch algorithm {
	case "md5":
		return []int{32}
	case "sha1", "ripemd160":
		return []int{40}
	case "sha224", "sha3_224", "sha512_224":
		return []int{56}
	case "sha256", "sha3_256", "sha512_256", "blake2s", "sm3", "goModuleH1", "dirHash":
		return []int{64}
	case "sha384", "sha3_384":
		return []int{96}
	case "sha512", "sha3_512", "blake2b":
		return []int{128}
	case "gitCommit", "gitTree", "gitBlob", "gitTag":
		return []int{40, 64}
	}
	return nil
}

// respelt lists the names whose case a signer may get wrong.
var respelt = [...]string{
	"md5", "sha1", "ripemd160", "sha224", "sha256", "sha384", "sha512", "sha512_224", "sha512_256",
	"sha3_224", "sha3_256", "sha3_384", "sha3_512", "blake2s", "blake2b", "sm3",
	"goModuleH1", "dirHash", "gitCommit", "gitTree", "gitBlob", "gitTag",
}

// CheckDigests reports the first of the digests (algorithm to hexadecimal) that
// a statement could not have. The error is an *Error with BadDigest.
func CheckDigests(digests map[string]string) error {
	if err := checkDigests(digests); err != nil {
		return err
	}
	return nil
}

// checkDigests holds every digest to lower-case hexadecimal, and those of a
// known algorithm to its length. An algorithm that in-toto knows under another
// spelling is refused: left unknown, it would never be compared.
func checkDigests(digests map[string]string) *Error {
	for _, alg := range slices.Sorted(maps.Keys(digests)) {
		value := digests[alg]
		if value == "" || len(value)%2 != 0 || strings.Trim(value, "0123456789abcdef") != "" {
			return refuse(BadDigest, "digest %.40q is not lower-case hexadecimal", alg)
		}
		want := lengths(alg)
		if want == nil {
			for _, name := range respelt {
				if plainName(alg) == plainName(name) {
					return refuse(BadDigest, "digest algorithm %.40q is spelt %s", alg, name)
				}
			}
			continue
		}
		if !slices.Contains(want, len(value)) {
			return refuse(BadDigest, "digest %s has %d digits", alg, len(value))
		}
	}
	return nil
}

// plainName drops what spellings of one algorithm differ by.
func plainName(alg string) string {
	return strings.ToLower(strings.NewReplacer("-", "", "_", "", "/", "").Replace(alg))
}

// Match finds the subject that has these digests (algorithm to lower-case
// hexadecimal). Every algorithm that both sides know must agree, and sha256 or
// sha512 must be among them. A subject of which one digest agrees and another
// does not makes the whole statement a contradiction: DigestConflict, even if
// another subject matches. Without a match the code is NoMatch.
func (s *Statement) Match(digests map[string]string) (Subject, error) {
	if err := checkDigests(digests); err != nil {
		return Subject{}, err
	}
	found := -1
	for i, subject := range s.Subjects {
		agree, strong, differ := compare(subject.Digest, digests)
		if agree > 0 && differ != "" {
			return Subject{}, refuse(DigestConflict, "subject %d (%.80q) agrees in part: its %.40s is another", i, subject.Name, differ)
		}
		if strong && found < 0 {
			found = i
		}
	}
	if found < 0 {
		return Subject{}, refuse(NoMatch, "none of %d subjects has the artifact's digest", len(s.Subjects))
	}
	return s.Subjects[found], nil
}

// compare counts the algorithms that agree, says whether one of them is strong,
// and names one that differs.
func compare(a, b map[string]string) (agree int, strong bool, differ string) {
	for _, alg := range slices.Sorted(maps.Keys(a)) {
		other, known := b[alg]
		switch {
		case !known:
		case other != a[alg]:
			differ = alg
		default:
			agree++
			strong = strong || alg == "sha256" || alg == "sha512"
		}
	}
	return agree, strong && differ == "", differ
}
