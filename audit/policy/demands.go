package policy

import (
	"regexp"
	"time"

	"github.com/proffer-audit/proffer/audit/strictyaml"
)

var (
	capability = regexp.MustCompile(`^[A-Z][A-Z0-9_]{0,63}(/[A-Z0-9_]{1,64})?$`)
	finding    = regexp.MustCompile(`^[^\s*?]{1,256}$`)
)

func (v *validator) demands() {
	v.positive("require.advisories.maxAge", v.p.Require.Advisories.MaxAge)
	v.capabilities("require.source.deny", v.p.Require.Source.Deny)
	v.capabilities("require.source.mustDeclare", v.p.Require.Source.MustDeclare)
}

func (v *validator) capabilities(path string, list []string) {
	v.unique(path, list)
	for i, name := range list {
		if !capability.MatchString(name) {
			v.refuse(strictyaml.Index(path, i), "capitals, such as NETWORK or EXEC", "%s is not the name of a capability", strictyaml.Quote(name))
		}
	}
}

func (v *validator) waivers() {
	seen := map[string]bool{}
	for i, w := range v.p.Waivers {
		at := strictyaml.Field(strictyaml.Index("waivers", i), "finding")
		v.once(at, w.Finding, seen)
		if !finding.MatchString(w.Finding) {
			v.refuse(at, "waive each finding by its id, as the report prints it", "%s is not the id of one finding", strictyaml.Quote(w.Finding))
		}
	}
}

func (v *validator) limits() {
	v.positive("limits.cpu", v.p.Limits.CPU)
	v.positive("limits.wall", v.p.Limits.Wall)
}

func (v *validator) positive(path string, d time.Duration) {
	if d <= 0 {
		v.refuse(path, "", "a duration must be more than nothing")
	}
}
