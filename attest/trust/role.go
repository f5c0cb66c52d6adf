package trust

import (
	"slices"
	"strings"
	"unicode"
)

// The roles that a policy may fill.
const (
	Vendor    = "vendor"
	Builder   = "builder"
	Rebuilder = "rebuilder"
	Auditor   = "auditor"
	Agency    = "agency"
)

// The values of Role.DistinctBy.
const (
	ByPrincipal    = "principal"
	ByOrganisation = "organisation"
	ByIssuer       = "issuer"
	ByRoot         = "root"
	ByLog          = "log"
)

// Role is who may speak in one role, and how many of them must.
type Role struct {
	Name      string
	Threshold int // distinct principals; 0 demands nothing
	// DistinctBy says in what the counted principals must differ. Principals
	// always differ from each other; the rest is demanded on top: organisation,
	// issuer, root (the root certificate above the signer's, by its digest) and
	// log (no transparency log, by its key, vouches for two). A key is its own
	// issuer and its own root, and what stands in no log shares none.
	DistinctBy []string
	Principals []Principal
}

// RoleNames lists the roles, in the order of a supply chain.
func RoleNames() []string { return []string{Vendor, Builder, Rebuilder, Auditor, Agency} }

// Independences lists the values of DistinctBy.
func Independences() []string {
	return []string{ByPrincipal, ByOrganisation, ByIssuer, ByRoot, ByLog}
}

// Validate reports what makes a role unusable. The error is an *Error.
func (r Role) Validate() error {
	if !slices.Contains(RoleNames(), r.Name) {
		return refuse(BadRole, "role %.80q is not one of %v", r.Name, RoleNames())
	}
	if r.Threshold < 0 {
		return refuse(BadRole, "role %s: threshold %d is negative", r.Name, r.Threshold)
	}
	for _, by := range r.DistinctBy {
		if !slices.Contains(Independences(), by) {
			return refuse(BadRole, "role %s: distinctBy %.40q is not one of %v", r.Name, by, Independences())
		}
	}
	return r.validatePrincipals()
}

func (r Role) validatePrincipals() error {
	names, spellings := map[string]bool{}, map[string]string{}
	for _, p := range r.Principals {
		if err := p.Validate(); err != nil {
			return within(err, "role %s", r.Name)
		}
		if names[p.Name] {
			return refuse(BadRole, "role %s: two principals are called %.80q", r.Name, p.Name)
		}
		names[p.Name] = true
		if r.Distinct(ByOrganisation) && p.Organisation == "" {
			return refuse(BadRole, "role %s: distinctBy organisation, but principal %.80q names none", r.Name, p.Name)
		}
		same := Spelling(p.Organisation)
		if first, ok := spellings[same]; ok && first != p.Organisation {
			return refuse(BadRole, "role %s: organisations %.80q and %.80q differ in spelling alone", r.Name, first, p.Organisation)
		}
		spellings[same] = p.Organisation
	}
	return nil
}

// Spelling is an organisation's name without case, white space and punctuation:
// two names that agree in it are one organisation written twice.
func Spelling(organisation string) string {
	return strings.Map(func(r rune) rune {
		if unicode.IsLetter(r) || unicode.IsDigit(r) {
			return unicode.ToLower(unicode.ToUpper(r))
		}
		return -1
	}, organisation)
}

// Distinct reports whether counted principals must differ in by.
func (r Role) Distinct(by string) bool { return slices.Contains(r.DistinctBy, by) }
