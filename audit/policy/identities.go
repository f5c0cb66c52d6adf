package policy

import (
	"net/url"
	"regexp"
	"slices"
	"strings"
	"unicode"

	"github.com/proffer-audit/proffer/audit/strictyaml"
)

// ci refuses demands that no certificate could meet: they would look like
// missing signatures.
func (v *validator) ci(at string, c CI) {
	for _, d := range []struct {
		field, value, hint string
		ok                 func(string) bool
	}{
		{"sourceRepository", c.SourceRepository, "write https://host/owner/repository", isPlace},
		{"sourceRepositoryID", c.SourceRepositoryID, "write the forge's number for it", isPlain},
		{"sourceRepositoryDigest", c.SourceRepositoryDigest, "write the full commit in lower-case hexadecimal", isCommit},
		{"sourceRef", c.SourceRef, "write refs/heads/… or refs/tags/…", isRef},
		{"sourceOwner", c.SourceOwner, "write https://host/owner", isPlace},
		{"sourceOwnerID", c.SourceOwnerID, "write the forge's number for it", isPlain},
		{"buildSignerURI", c.BuildSignerURI, "write it as the certificate has it, with the ref", isPlace},
		{"buildSignerDigest", c.BuildSignerDigest, "write the full commit in lower-case hexadecimal", isCommit},
		{"buildConfigURI", c.BuildConfigURI, "write it as the certificate has it, with the ref", isPlace},
		{"buildConfigDigest", c.BuildConfigDigest, "write the full commit in lower-case hexadecimal", isCommit},
		{"buildTrigger", c.BuildTrigger, "write the event, such as push", isPlain},
		{"visibility", c.Visibility, "write public or private", isPlain},
	} {
		if d.value != "" && !d.ok(d.value) {
			v.refuse(strictyaml.Field(at, d.field), d.hint, "no certificate says %s, which is compared exactly", strictyaml.Quote(d.value))
		}
	}
}

func isPlace(s string) bool {
	u, err := url.Parse(s)
	return err == nil && u.Scheme == "https" && u.Host != "" && len(u.Path) > 1 && isPlain(s)
}

func isCommit(s string) bool {
	return (len(s) == 40 || len(s) == 64) && strings.Trim(s, "0123456789abcdef") == ""
}

func isRef(s string) bool { return strings.HasPrefix(s, "refs/") && isPlain(s) }

// isPlain wants one word that is no pattern.
func isPlain(s string) bool {
	return !strings.ContainsAny(s, "*\\^$|") && !strings.ContainsFunc(s, func(r rune) bool { return !unicode.IsGraphic(r) || unicode.IsSpace(r) })
}

// maxPattern bounds a pattern, in bytes.
const maxPattern = 1024

// strangers are identities that nobody has. A pattern that one of them matches
// is matched by parties whom the reviewer cannot have meant: it names neither
// a host nor an owner.
func strangers() []string {
	return []string{
		"nobody-at-all@unrelated.invalid",
		"https://unrelated.invalid/nobody-at-all/nothing/.github/workflows/none.yml@refs/heads/none",
		"https://github.com/nobody-at-all-7f3a/nothing/.github/workflows/none.yml@refs/heads/none",
		"\u0001 proffer: no identity reads like this \u0001",
	}
}

func (v *validator) match(at, pattern string) {
	if len(pattern) > maxPattern {
		v.refuse(at, "", "a pattern of %d bytes; at most %d", len(pattern), maxPattern)
		return
	}
	// Alone first: an unbalanced parenthesis must not undo the anchors.
	if _, err := regexp.Compile(pattern); err != nil {
		v.refuse(at, "write an RE2 expression", "%v", err)
		return
	}
	anchored, err := regexp.Compile(`^(?:` + pattern + `)$`)
	if err != nil {
		v.refuse(at, "write an RE2 expression", "%v", err)
		return
	}
	if slices.ContainsFunc(append(strangers(), ""), anchored.MatchString) {
		v.fail(v.p.positions.Errorf(WideMatch, at, `name the host and the owner, such as https://github\.com/acme/agent/.+`, "strangers match this pattern"))
	}
}
