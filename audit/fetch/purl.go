package fetch

import (
	"net/url"
	"strings"

	"github.com/package-url/packageurl-go"
	"golang.org/x/mod/module"
)

// The package types that this package has a registry protocol for.
const (
	typeGo  = "golang"
	typeNPM = "npm"
)

// A pkg is a package address: type, name with its namespace, version.
type pkg struct{ typ, name, version string }

// parsePURL reads a package address. packageurl-go judges the syntax, but it
// puts Go module paths into lower case, and those are case-sensitive: the names
// are therefore taken from the text itself.
func parsePURL(s string) (pkg, error) {
	bad := func(format string, args ...any) *Error { return refuse(BadPURL, s, format, args...) }
	if _, err := packageurl.FromString(s); err != nil {
		return pkg{}, bad("not a package address").because(err).hint("such as pkg:golang/example.org/mod@v1.2.3")
	}
	if strings.ContainsAny(s, "?#") {
		return pkg{}, bad("a package address here has no qualifiers and no subpath").
			hint("name other places under locations")
	}
	typ, rest, _ := strings.Cut(strings.TrimPrefix(s, "pkg:"), "/")
	at := strings.LastIndex(rest, "@")
	if at < 1 {
		return pkg{}, bad("the package address lacks a version").hint("append @ and the exact version")
	}
	name, err := url.PathUnescape(rest[:at])
	if err != nil {
		return pkg{}, bad("the name is not well escaped").because(err)
	}
	version, err := url.PathUnescape(rest[at+1:])
	if err != nil {
		return pkg{}, bad("the version is not well escaped").because(err)
	}
	return pkg{typ, name, version}, nil
}

// module gives the Go module that a package address names.
func (p pkg) module() (module.Version, error) {
	m := module.Version{Path: p.name, Version: p.version}
	if err := checkModule(m); err != nil {
		return module.Version{}, err
	}
	return m, nil
}

// checkModule holds a module to the go command's own rules for paths and
// canonical versions, so that nothing odd reaches an address or a lookup.
func checkModule(m module.Version) error {
	if err := module.Check(m.Path, m.Version); err != nil {
		return refuse(BadPURL, m.Path+"@"+m.Version, "not a Go module and version").because(err)
	}
	if c := module.CanonicalVersion(m.Version); c != m.Version {
		return refuse(BadPURL, m.Path+"@"+m.Version, "the version is not an exact one")
	}
	return nil
}

// checkNPM holds a name and version to what npm lets be published, as far as an
// address made from them depends on it.
func (p pkg) checkNPM() error {
	where := "pkg:npm/" + p.name + "@" + p.version
	name := p.name
	if scope, base, ok := strings.Cut(p.name, "/"); ok {
		if !strings.HasPrefix(scope, "@") || !npmWord(scope[1:]) {
			return refuse(BadPURL, where, "the scope is not an npm scope")
		}
		name = base
	}
	if !npmWord(name) {
		return refuse(BadPURL, where, "the name is not an npm package name")
	}
	if !npmWord(p.version) || p.version[0] < '0' || p.version[0] > '9' {
		return refuse(BadPURL, where, "the version is not an exact one")
	}
	return nil
}

// npmWord reports whether s is one plain path segment.
func npmWord(s string) bool {
	if s == "" || len(s) > 214 || s[0] == '.' {
		return false
	}
	return strings.Trim(s, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-._~+") == ""
}
