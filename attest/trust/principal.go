package trust

import (
	"fmt"
	"regexp"
	"strings"
	"unicode"
)

// Principal is one party that may sign, as the policy lists it: by key, by one
// identity, or by a pattern of identities.
type Principal struct {
	Name         string
	Organisation string
	Identity     string // exact subject alternative name
	Match        string // pattern of the whole name, as the policy has it; never with Identity
	Issuer       string // exact OpenID Connect issuer that vouches for Identity or Match
	Root         string // name of the trust root: of the certificate, or of the log and timestamps of a key
	Key          []byte // PEM; never with Identity or Match
	CI           CI     // what the certificate must say of the build that signed; never with Key
}

// maxMatch caps a pattern, in bytes.
const maxMatch = 1024

// Validate reports what a principal lacks or says twice. The error is an *Error.
func (p Principal) Validate() error {
	if p.Name == "" {
		return refuse(BadPrincipal, "a principal has no name")
	}
	ways := 0
	for _, set := range []bool{len(p.Key) > 0, p.Identity != "", p.Match != ""} {
		if set {
			ways++
		}
	}
	if ways != 1 {
		return refuse(BadPrincipal, "principal %.80q: want exactly one of key, identity and match", p.Name)
	}
	for _, s := range []string{p.Name, p.Organisation, p.Identity, p.Issuer, p.Root} {
		if strings.ContainsFunc(s, func(r rune) bool { return !unicode.IsPrint(r) }) {
			return refuse(BadPrincipal, "principal %.80q: %.80q holds characters that do not show", p.Name, s)
		}
	}
	for _, d := range p.CI.Demands() {
		if strings.ContainsFunc(d.Want, func(r rune) bool { return !unicode.IsPrint(r) }) {
			return refuse(BadPrincipal, "principal %.80q: %s holds characters that do not show", p.Name, d.Name)
		}
	}
	if len(p.Key) > 0 {
		if p.Issuer != "" || p.CI != (CI{}) {
			return refuse(BadPrincipal, "principal %.80q: a key has no issuer, and no build is behind it", p.Name)
		}
		_, err := ParsePublic(p.Key)
		return within(err, "principal %.80q", p.Name)
	}
	if p.Issuer == "" || p.Root == "" {
		return refuse(BadPrincipal, "principal %.80q: an identity needs an issuer and a root", p.Name)
	}
	if p.Match != "" {
		_, err := p.Pattern()
		return within(err, "principal %.80q", p.Name)
	}
	return nil
}

// ID names the party: by the digest of its public key, or by identity and
// issuer. Entries with one ID are one principal, whatever they are called.
func (p Principal) ID() (string, error) {
	switch {
	case len(p.Key) > 0:
		pub, err := ParsePublic(p.Key)
		if err != nil {
			return "", within(err, "principal %.80q", p.Name)
		}
		return "key " + pub.ID(), nil
	case p.Identity != "":
		return IdentityID(p.Identity, p.Issuer), nil
	case p.Match != "":
		return fmt.Sprintf("match %q issuer %q", p.Match, p.Issuer), nil
	}
	return "", refuse(BadPrincipal, "principal %.80q has neither key nor identity", p.Name)
}

// IdentityID is the ID of the one party that an issuer knows by this name.
func IdentityID(identity, issuer string) string {
	return fmt.Sprintf("identity %q issuer %q", identity, issuer)
}

// strangers are identities that nobody has: names under .invalid (RFC 2606),
// owners that the forges do not give out, and texts of no shape at all. A
// pattern that lets one of them in lets anybody in.
var strangers = [...]string{
	"", "x", "-", "nobody", "0123456789", strings.Repeat("z", 300), "\x01", "\u4e2d",
	"nobody@stranger.invalid",
	"https://stranger.invalid",
	"https://stranger.invalid/",
	"https://stranger.invalid/a/b/.github/workflows/release.yml@refs/heads/main",
	"https://github.com/-stranger-/-/.github/workflows/release.yml@refs/tags/v1.0.0",
	"https://gitlab.com/-stranger-/-//.gitlab-ci.yml@refs/heads/main",
	"spiffe://stranger.invalid/a",
}

// Pattern gives the anchored form of Match: the whole name must match. The raw
// pattern must compile by itself, so that it cannot close the group it is put
// into, and must not let strangers in.
func (p Principal) Pattern() (string, error) {
	if p.Match == "" || len(p.Match) > maxMatch {
		return "", refuse(BadPrincipal, "match pattern of %d bytes; want 1 to %d", len(p.Match), maxMatch)
	}
	if _, err := regexp.Compile(p.Match); err != nil {
		return "", &Error{Code: BadPrincipal, Message: "match pattern: " + err.Error(), Err: err}
	}
	anchored := `^(?:` + p.Match + `)$`
	re, err := regexp.Compile(anchored)
	if err != nil {
		return "", &Error{Code: BadPrincipal, Message: "match pattern: " + err.Error(), Err: err}
	}
	for _, s := range strangers {
		if re.MatchString(s) {
			return "", &Error{
				Code:    WideMatch,
				Message: fmt.Sprintf("match pattern %.80q lets anybody in, such as %.80q", p.Match, s),
				Hint:    "spell out host and owner, and escape dots",
			}
		}
	}
	return anchored, nil
}
