package policy

import (
	"net/url"
	"slices"
	"strings"
	"unicode"

	"github.com/proffer-audit/proffer/audit/strictyaml"
)

// RoleNames are the roles, in the order of a supply chain.
func RoleNames() []string { return []string{"vendor", "builder", "rebuilder", "auditor", "agency"} }

// A RoleDemand is one role as plain data: who may speak in it, and how many
// distinct ones must, by the role's threshold or by require.provenance,
// whichever is more.
type RoleDemand struct {
	Name       string
	Threshold  int
	DistinctBy []string
	Principals []PrincipalDemand
}

// A PrincipalDemand is one party of a role. Key is PEM, nil before Resolve and
// for identities; Match is not yet anchored.
type PrincipalDemand struct {
	Name, Organisation, Identity, Match, Issuer, Root string
	Key                                               []byte
	CI                                                CI
}

// Roles lists the roles that the policy defines, in the order of RoleNames.
func (p *Policy) Roles() []RoleDemand {
	var out []RoleDemand
	for _, name := range RoleNames() {
		r, ok := p.Trust.Roles[name]
		if !ok {
			continue
		}
		d := RoleDemand{Name: name, Threshold: p.demanded(name), DistinctBy: p.distinctBy(name)}
		for _, q := range r.Principals {
			d.Principals = append(d.Principals, PrincipalDemand{
				q.Name, q.Organisation, q.Identity, q.Match, q.Issuer, q.Root, slices.Clone(q.PEM), q.CI,
			})
		}
		out = append(out, d)
	}
	return out
}

// Roots maps the names of the trusted roots to their bytes, after Resolve.
func (p *Policy) Roots() map[string][]byte {
	out := map[string][]byte{}
	for _, r := range p.Trust.Roots {
		out[r.Name] = slices.Clone(r.Data)
	}
	return out
}

func (p *Policy) demanded(role string) int {
	return max(p.Trust.Roles[role].Threshold, p.Require.Provenance[role])
}

// distinctBy is in what a role's counted signers must differ. One signer differs
// from nobody, so independence is demanded by default of two and more.
func (p *Policy) distinctBy(role string) []string {
	switch by := p.Trust.Roles[role].DistinctBy; {
	case len(by) > 0:
		return slices.Clone(by)
	case p.demanded(role) > 1:
		return []string{"principal", "organisation", "issuer"}
	}
	return []string{"principal"}
}

func (v *validator) roles() {
	for _, name := range RoleNames() {
		r, defined := v.p.Trust.Roles[name]
		at := strictyaml.Field("trust.roles", name)
		asked := strictyaml.Field("require.provenance", name)
		switch {
		case v.p.Require.Provenance[name] < 0:
			v.refuse(asked, "0 demands nothing", "a negative number of signers")
		case v.p.Require.Provenance[name] > 0 && !defined:
			v.fail(v.p.positions.Errorf(Unsatisfiable, asked, "list its principals under trust.roles", "%s must sign, but the policy trusts nobody in that role", name))
		case defined && r.Threshold < 0:
			v.refuse(strictyaml.Field(at, "threshold"), "0 demands nothing", "a negative threshold")
		}
		if defined {
			v.role(at, name, r)
		}
	}
}

func (v *validator) role(at, name string, r Role) {
	v.unique(strictyaml.Field(at, "distinctBy"), r.DistinctBy)
	names, distinct := map[string]bool{}, v.p.distinctBy(name)
	spellings := map[string]string{}
	for i, q := range r.Principals {
		path := strictyaml.Index(strictyaml.Field(at, "principals"), i)
		v.once(strictyaml.Field(path, "name"), q.Name, names)
		v.principal(path, q)
		v.organisation(path, q.Organisation, spellings)
		if q.Organisation == "" && slices.Contains(distinct, "organisation") {
			v.fail(v.p.positions.Errorf(strictyaml.Missing, path, `add "organisation", or leave it out of the role's distinctBy`,
				"signers must be of distinct organisations, and this one has none"))
		}
	}
	for _, by := range distinct {
		if n := countDistinct(r.Principals, by); n < v.p.demanded(name) {
			v.fail(v.unsatisfiable(name, by, n))
		}
	}
}

// unsatisfiable points at the demand that no set of signatures can meet.
func (v *validator) unsatisfiable(name, by string, have int) error {
	at := "trust.roles." + name + ".threshold"
	if v.p.Require.Provenance[name] > v.p.Trust.Roles[name].Threshold {
		at = "require.provenance." + name
	}
	return v.p.positions.Errorf(Unsatisfiable, at, "list more principals, or demand fewer",
		"%d distinct by %s are demanded, and the role has %d", v.p.demanded(name), by, have)
}

// organisation refuses a second spelling: two parties of one organisation must
// not become independent by a capital letter.
func (v *validator) organisation(at, name string, spellings map[string]string) {
	same := strings.Map(func(r rune) rune {
		if unicode.IsLetter(r) || unicode.IsDigit(r) {
			return unicode.ToLower(unicode.ToUpper(r))
		}
		return -1
	}, name)
	if first, ok := spellings[same]; ok && first != name {
		v.refuse(strictyaml.Field(at, "organisation"), "write one organisation in one way",
			"%s and %s differ in spelling alone", strictyaml.Quote(name), strictyaml.Quote(first))
	}
	spellings[same] = name
}

// countDistinct bounds from above how many of a role's principals can count
// together. A pattern may stand for any number of identities; which authority
// and logs vouch for a signature is seen only on the signature.
func countDistinct(list []Principal, by string) int {
	seen := map[string]bool{}
	for _, q := range list {
		switch {
		case by == "organisation":
			seen[q.Organisation] = true
		case by == "issuer" && q.Key == "":
			seen["issuer "+q.Issuer] = true
		case q.Key != "" && len(q.PEM) > 0:
			seen["key "+spki(q.PEM)] = true
		case q.Key != "":
			seen["file "+q.Key] = true
		case q.Match != "":
			return len(list) * manyIdentities
		default:
			seen["identity "+q.Identity+" "+q.Issuer] = true
		}
	}
	return len(seen)
}

// manyIdentities is more than any threshold of sense.
const manyIdentities = 1 << 20

func (v *validator) principal(at string, q Principal) {
	given := 0
	for _, s := range []string{q.Identity, q.Match, q.Key} {
		if s != "" {
			given++
		}
	}
	if given != 1 {
		v.refuse(at, "give one of identity, match and key", "a principal is known by exactly one of identity, match and key, not %d", given)
		return
	}
	if q.Key != "" {
		v.check(strictyaml.Field(at, "key"), checkFile(q.Key))
		if q.Issuer != "" {
			v.refuse(at, "leave out issuer", "a key needs nobody to vouch for it")
		}
		if q.CI != (CI{}) {
			v.refuse(strictyaml.Field(at, "ci"), "leave it out", "no certificate says of a key which build it signed in")
		}
		if q.Root != "" {
			v.rootNamed(at, q.Root)
		}
		return
	}
	v.vouched(at, q)
	v.ci(strictyaml.Field(at, "ci"), q.CI)
	if q.Match != "" {
		v.match(strictyaml.Field(at, "match"), q.Match)
	}
	if strings.HasPrefix(q.Identity, "^") || strings.HasSuffix(q.Identity, "$") || strings.ContainsAny(q.Identity, "*|\\") {
		v.refuse(strictyaml.Field(at, "identity"), "write match: for a pattern", "an identity is exact, and this looks like a pattern")
	}
}

// vouched wants the issuer and the root without which an identity is anybody's.
func (v *validator) vouched(at string, q Principal) {
	if q.Issuer == "" {
		v.fail(v.p.positions.Errorf(strictyaml.Missing, at, `add "issuer"`, "an identity without the issuer that vouches for it"))
	} else if u, err := url.Parse(q.Issuer); err != nil || u.Scheme != "https" || u.Host == "" || u.User != nil || u.Fragment != "" {
		v.refuse(strictyaml.Field(at, "issuer"), "write https://…", "%s is not the URL of an issuer", strictyaml.Quote(q.Issuer))
	}
	if q.Root == "" {
		v.fail(v.p.positions.Errorf(strictyaml.Missing, at, `add "root", the name of one of trust.roots`, "an identity without the root under which it is believed"))
	} else {
		v.rootNamed(at, q.Root)
	}
}

func (v *validator) rootNamed(at, name string) {
	if !slices.ContainsFunc(v.p.Trust.Roots, func(r Root) bool { return r.Name == name }) {
		v.refuse(strictyaml.Field(at, "root"), "name one of trust.roots", "there is no root called %s", strictyaml.Quote(name))
	}
}
