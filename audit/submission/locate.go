package submission

import (
	"net/url"
	"strings"

	"github.com/package-url/packageurl-go"
	"github.com/proffer-audit/proffer/audit/strictyaml"
	"golang.org/x/mod/module"
)

// Schemes of a location.
const (
	SchemeHTTPS = "https"     // one file
	SchemeGit   = "git+https" // a repository, #<full commit>
	SchemeOCI   = "oci"       // a registry's blob or manifest, @sha256:<hex>
	SchemeFile  = "file"      // beside the manifest
)

// FilePath gives the path of a file: location, relative to the manifest, with
// slashes, clean and inside the manifest's folder; ok is false for any other
// location.
func FilePath(location string) (path string, ok bool) {
	path, ok = strings.CutPrefix(location, "file:")
	return path, ok && checkFile(path) == nil
}

// Scheme gives the scheme of a location that Parse accepted.
func Scheme(location string) string {
	scheme, _, _ := strings.Cut(location, ":")
	return scheme
}

// checkLocation says what is wrong with a location.
func checkLocation(s string) *strictyaml.Problem {
	switch scheme, rest, _ := strings.Cut(s, ":"); scheme {
	case SchemeFile:
		return checkFile(rest)
	case SchemeHTTPS:
		return checkURL(s, "")
	case SchemeGit:
		return checkURL(s, "git")
	case SchemeOCI:
		return checkURL(s, "oci")
	}
	return strictyaml.Problemf(
		"write https://…, git+https://…#<full commit>, oci://…@sha256:<hex> or file:<path beside the manifest>",
		"%s is not a location", strictyaml.Quote(s))
}

// checkFile keeps a file: location inside the manifest's folder. Characters
// that a URL would decode or cut off are refused, so that the path is the text.
func checkFile(path string) *strictyaml.Problem {
	if strictyaml.CheckRelative(path) != nil || strings.ContainsAny(path, "%?#:*\"<>|") {
		return strictyaml.Problemf("write file:dir/name: relative to the manifest, not above it, without // and the characters % ? # :",
			"%s does not stay beside the manifest", strictyaml.Quote("file:"+path))
	}
	return nil
}

func checkURL(s, kind string) *strictyaml.Problem {
	u, err := url.Parse(s)
	if err != nil || u.Host == "" || u.Hostname() == "" || u.Opaque != "" {
		return strictyaml.Problemf("write https://host/path", "%s is not a URL", strictyaml.Quote(s))
	}
	switch {
	case u.User != nil:
		return strictyaml.Problemf("credentials are the reviewer's own, never a manifest's", "a URL with a user")
	case kind == "git" && !isCommit(u.Fragment):
		return strictyaml.Problemf("end it with # and all 40 or 64 digits of the commit", "a repository without a full commit")
	case kind != "git" && (u.Fragment != "" || strings.HasSuffix(s, "#")):
		return strictyaml.Problemf("", "a URL with a fragment")
	case kind == "oci":
		_, digest, _ := strings.Cut(u.Path, "@")
		if u.RawQuery != "" || strictyaml.CheckDigest(digest, strictyaml.SHA256) != nil {
			return strictyaml.Problemf("end it with @sha256:<hex>; a tag can change", "an OCI reference without a digest")
		}
	}
	return nil
}

// GoModule gives the module path and version of a pkg:golang purl, with the
// case that the vendor wrote: a purl library folds it, Go does not.
func GoModule(purl string) (path, version string, ok bool) {
	rest, ok := strings.CutPrefix(purl, "pkg:golang/")
	if !ok || strings.ContainsAny(rest, "?#") {
		return "", "", false
	}
	path, version, _ = strings.Cut(rest, "@")
	path, errPath := url.PathUnescape(path)
	version, errVersion := url.PathUnescape(version)
	if errPath != nil || errVersion != nil || module.Check(path, version) != nil || module.CanonicalVersion(version) != version {
		return "", "", false
	}
	return path, version, true
}

// checkIdentity says what is wrong with a purl that names something to fetch.
func checkIdentity(s string) *strictyaml.Problem {
	p, err := packageurl.FromString(s)
	switch {
	case err != nil || !strings.HasPrefix(s, "pkg:"+p.Type+"/"):
		return strictyaml.Problemf("write pkg:type/namespace/name@version", "%s is not a purl", strictyaml.Quote(s))
	case p.Version == "":
		return strictyaml.Problemf("add @ and the version", "the purl %s has no version", strictyaml.Quote(s))
	case len(p.Qualifiers) > 0 || p.Subpath != "" || strings.ContainsAny(s, "?#"):
		return strictyaml.Problemf("places belong under locations", "the purl %s has qualifiers or a subpath", strictyaml.Quote(s))
	}
	if _, _, ok := GoModule(s); p.Type == packageurl.TypeGolang && !ok {
		return strictyaml.Problemf("write pkg:golang/example.org/agent@v1.2.3", "%s is not a Go module at a version", strictyaml.Quote(s))
	}
	return nil
}

// checkIdentifier says what is wrong with a product's identifier.
func checkIdentifier(s string) *strictyaml.Problem {
	if strings.HasPrefix(s, "pkg:") {
		if _, err := packageurl.FromString(s); err != nil {
			return strictyaml.Problemf("write pkg:type/namespace/name@version", "%s is not a purl", strictyaml.Quote(s))
		}
		return nil
	}
	const components = 13 // cpe, 2.3, and the eleven attributes
	plain := strings.ReplaceAll(strings.ReplaceAll(s, `\\`, ""), `\:`, "")
	if !strings.HasPrefix(s, "cpe:2.3:") || strings.Count(plain, ":") != components-1 || strings.ContainsAny(s, " \t\n") {
		return strictyaml.Problemf("write a purl, or a cpe:2.3 with all eleven attributes", "%s is not an identifier", strictyaml.Quote(s))
	}
	return nil
}

// origin checks what a thing to fetch is pinned by: an identity, places, or
// both, and a digest of the kind that they can be held against.
func (v *validator) origin(path, purl string, locations []string, digest string) {
	v.originAt(path, purl, locations, digest, func(i int) string {
		return strictyaml.Index(strictyaml.Field(path, "locations"), i)
	})
}

func (v *validator) originAt(path, purl string, locations []string, digest string, at func(int) string) {
	atDigest := strictyaml.Field(path, "digest")
	if purl == "" && len(locations) == 0 {
		v.fail(v.s.positions.Errorf(strictyaml.Missing, path, "say what it is (purl) or where it is (locations)", "neither purl nor a location"))
		return
	}
	v.optional(strictyaml.Field(path, "purl"), purl, checkIdentity)
	v.check(atDigest, strictyaml.CheckDigest(digest, strictyaml.H1, strictyaml.SHA256, strictyaml.SHA512, strictyaml.Tree))
	isGo := strings.HasPrefix(purl, "pkg:golang/")
	if isGo && !strings.HasPrefix(digest, strictyaml.H1+":") {
		v.refuse(atDigest, "a Go module is pinned by the h1: of go.sum; leave the purl out where a file is meant", "a Go module with a digest that is not h1:")
	}
	if !isGo && purl != "" && strings.HasPrefix(digest, strictyaml.H1+":") {
		v.refuse(atDigest, "use sha256: or sha512:", "h1: on what is not a Go module")
	}
	seen := map[string]bool{}
	for i, l := range locations {
		v.check(at(i), checkLocation(l))
		v.once(at(i), l, seen)
		if isTree := strings.HasPrefix(digest, strictyaml.Tree+":"); Scheme(l) == SchemeGit && !isTree {
			v.refuse(atDigest, "a commit is pinned by tree-sha256:", "a git location with a digest that is not tree-sha256:")
		}
	}
}

// pinned checks a place and the digest of the file that is there.
func (v *validator) pinned(path, location, digest string) {
	v.check(strictyaml.Field(path, "location"), checkLocation(location))
	v.check(strictyaml.Field(path, "digest"), strictyaml.CheckDigest(digest, strictyaml.SHA256, strictyaml.SHA512))
}
