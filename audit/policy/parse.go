package policy

import (
	_ "embed"
	"fmt"
	"maps"
	"slices"
	"strings"

	"github.com/package-url/packageurl-go"
	"github.com/proffer-audit/proffer/audit/strictyaml"
	"golang.org/x/mod/sumdb/note"
)

// Codes of a policy's own refusals, beside those of strictyaml.
const (
	WideMatch      strictyaml.Code = "wide-match"      // a pattern that anybody matches
	Unsatisfiable  strictyaml.Code = "unsatisfiable"   // more signers are demanded than there are
	Unreadable     strictyaml.Code = "unreadable"      // a file that the policy names
	DigestMismatch strictyaml.Code = "digest-mismatch" // a root with other bytes
	BadKey         strictyaml.Code = "bad-key"         // a key file without one usable public key
)

//go:embed defaults.yaml
var defaults []byte

//go:embed policy.schema.json
var schema []byte

// Schema is the JSON Schema (draft 2020-12) of a policy.
func Schema() []byte { return slices.Clone(schema) }

// Parse reads and checks a policy without its files; Resolve brings those in.
// Name is the file's name, for messages. The error is a *strictyaml.Error.
func Parse(name string, data []byte) (*Policy, error) {
	p := new(Policy)
	if err := strictyaml.Unmarshal("defaults.yaml", defaults, p); err != nil {
		return nil, fmt.Errorf("read the built-in defaults: %w", err)
	}
	positions, err := strictyaml.Decode(name, data, p)
	if err != nil {
		return nil, err
	}
	p.positions = positions
	p.AsOf = p.AsOf.UTC()
	v := &validator{p: p}
	for _, section := range []func(){v.header, v.roots, v.toolchains, v.logs, v.roles, v.demands, v.waivers, v.limits} {
		if section(); v.err != nil {
			return nil, v.err
		}
	}
	return p, nil
}

type validator struct {
	p   *Policy
	err error
}

func (v *validator) fail(err error) {
	if v.err == nil {
		v.err = err
	}
}

func (v *validator) refuse(path, hint, format string, args ...any) {
	v.fail(v.p.positions.Errorf(strictyaml.InvalidValue, path, hint, format, args...))
}

func (v *validator) check(path string, problem *strictyaml.Problem) {
	if problem != nil {
		v.fail(v.p.positions.Refuse(path, problem))
	}
}

func (v *validator) once(path, value string, seen map[string]bool) {
	if seen[value] {
		v.refuse(path, "each stands once", "%s stands twice", strictyaml.Quote(value))
	}
	seen[value] = true
}

func (v *validator) header() {
	v.check("id", strictyaml.CheckName(v.p.ID))
	if v.p.Independent < 2 {
		v.refuse("independent", "one party is this auditor's own reproduction, class E3", "independent parties are at least two")
	}
	v.unique("variations", v.p.Variations)
	if v.p.Databases.OSV != nil {
		v.check("databases.osv.digest", strictyaml.CheckDigest(v.p.Databases.OSV.Digest, strictyaml.SHA256))
	}
}

func (v *validator) unique(path string, list []string) {
	seen := map[string]bool{}
	for i, s := range list {
		v.once(strictyaml.Index(path, i), s, seen)
	}
}

func (v *validator) roots() {
	names := map[string]bool{}
	for i, r := range v.p.Trust.Roots {
		at := strictyaml.Index("trust.roots", i)
		v.check(strictyaml.Field(at, "name"), strictyaml.CheckName(r.Name))
		v.once(strictyaml.Field(at, "name"), r.Name, names)
		v.check(strictyaml.Field(at, "file"), checkFile(r.File))
		v.check(strictyaml.Field(at, "digest"), strictyaml.CheckDigest(r.Digest, strictyaml.SHA256))
	}
}

// checkFile keeps a policy's files inside its folder.
func checkFile(s string) *strictyaml.Problem {
	if strictyaml.CheckRelative(s) != nil || strings.Contains(s, ":") {
		return strictyaml.Problemf("write it relative to the policy, not above it", "%s does not stay beside the policy", strictyaml.Quote(s))
	}
	return nil
}

func (v *validator) toolchains() {
	for i, t := range v.p.Trust.Toolchains {
		at := strictyaml.Index("trust.toolchains", i)
		switch {
		case (t.PURL == "") == (t.Digest == ""):
			v.refuse(at, "name one toolchain by its digest, or several by purl and proof", "either purl or digest")
		case t.Digest != "" && t.Proof != "":
			v.refuse(strictyaml.Field(at, "proof"), "a digest needs no proof", "a proof beside a digest")
		case t.Digest != "":
			v.check(strictyaml.Field(at, "digest"), strictyaml.CheckDigest(t.Digest, strictyaml.H1, strictyaml.SHA256, strictyaml.SHA512, strictyaml.Tree))
		case t.Proof == "":
			v.fail(v.p.positions.Errorf(strictyaml.Missing, at, `add "proof: checksum-database"`, "a name alone proves nothing"))
		default:
			v.check(strictyaml.Field(at, "purl"), checkToolchainName(t.PURL))
		}
	}
}

// checkToolchainName wants a Go module without a version: the checksum database
// knows no other kind.
func checkToolchainName(s string) *strictyaml.Problem {
	p, err := packageurl.FromString(s)
	if err != nil || !strings.HasPrefix(s, "pkg:golang/") || p.Version != "" || strings.ContainsAny(s, "@?#") {
		return strictyaml.Problemf("write pkg:golang/golang.org/toolchain, without a version", "%s does not name the modules of a toolchain", strictyaml.Quote(s))
	}
	return nil
}

func (v *validator) logs() {
	names := map[string]bool{}
	for i, l := range v.p.Trust.Logs {
		at := strictyaml.Index("trust.logs", i)
		v.once(strictyaml.Field(at, "name"), l.Name, names)
		verifier, err := note.NewVerifier(l.Key)
		switch {
		case err != nil:
			v.refuse(strictyaml.Field(at, "key"), "write it as name+hash+base64", "not the key of a log: %v", err)
		case verifier.Name() != l.Name:
			v.refuse(strictyaml.Field(at, "key"), "the key carries the log's name", "the key is that of %s", strictyaml.Quote(verifier.Name()))
		}
	}
}

func sorted[V any](m map[string]V) []string { return slices.Sorted(maps.Keys(m)) }
