package trust

import "slices"

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
)

// Role is who may speak in one role, and how many of them must.
type Role struct {
	Name      string
	Threshold int // distinct principals; 0 demands nothing
	// DistinctBy says in what the counted principals must differ. Principals
	// always differ from each other; organisation and issuer are demanded on
	// top. A key is its own issuer.
	DistinctBy []string
	Principals []Principal
}

// RoleNames lists the roles, in the order of a supply chain.
func RoleNames() []string { return []string{Vendor, Builder, Rebuilder, Auditor, Agency} }

// Validate reports what makes a role unusable. The error is an *Error.
func (r Role) Validate() error {
	if !slices.Contains(RoleNames(), r.Name) {
		return refuse(BadRole, "role %.80q is not one of %v", r.Name, RoleNames())
	}
	if r.Threshold < 0 {
		return refuse(BadRole, "role %s: threshold %d is negative", r.Name, r.Threshold)
	}
	for _, by := range r.DistinctBy {
		if by != ByPrincipal && by != ByOrganisation && by != ByIssuer {
			return refuse(BadRole, "role %s: distinctBy %.40q is not principal, organisation or issuer", r.Name, by)
		}
	}
	names := map[string]bool{}
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
	}
	return nil
}

// Distinct reports whether counted principals must differ in by.
func (r Role) Distinct(by string) bool { return slices.Contains(r.DistinctBy, by) }
