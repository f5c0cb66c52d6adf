package submission

import (
	"net/netip"
	"net/url"
	"regexp"
	"slices"
	"strconv"
	"strings"

	"github.com/proffer-audit/proffer/audit/strictyaml"
)

var (
	country    = regexp.MustCompile(`^[A-Z]{2}$`)
	capability = regexp.MustCompile(`^[A-Z][A-Z0-9_]{0,63}(/[A-Z0-9_]{1,64})?$`)
	identifier = regexp.MustCompile(`^[A-Z][A-Za-z0-9._-]{0,63}$`)
	concern    = regexp.MustCompile(`^[A-Z]{1,4}[0-9]{1,3}$`)
	label      = regexp.MustCompile(`^[a-z0-9_]([a-z0-9_-]{0,61}[a-z0-9_])?$`)
)

// declared checks channels, endpoints and capabilities.
func (v *validator) declared() {
	for i, c := range v.s.Channels {
		at := strictyaml.Index("channels", i)
		v.check(strictyaml.Field(at, "endpoint"), checkEndpoint(c.Endpoint))
		if c.Jurisdiction != "" && !country.MatchString(c.Jurisdiction) {
			v.refuse(strictyaml.Field(at, "jurisdiction"), "two capitals of ISO 3166-1, such as US", "%s is not a country code", strictyaml.Quote(c.Jurisdiction))
		}
	}
	hosts, names := map[string]bool{}, map[string]bool{}
	for i, e := range v.s.Endpoints {
		at := strictyaml.Field(strictyaml.Index("endpoints", i), "host")
		v.check(at, checkHost(e.Host))
		v.once(at, e.Host, hosts)
	}
	for i, c := range v.s.Capabilities {
		at := strictyaml.Field(strictyaml.Index("capabilities", i), "name")
		if !capability.MatchString(c.Name) {
			v.refuse(at, "capitals, such as NETWORK or EXEC", "%s is not the name of a capability", strictyaml.Quote(c.Name))
		}
		v.once(at, c.Name, names)
	}
}

func checkEndpoint(s string) *strictyaml.Problem {
	u, err := url.Parse(s)
	if err != nil || u.Scheme == "" || u.Hostname() == "" || u.User != nil {
		return strictyaml.Problemf("write scheme://host/path, without a user", "%s is not the URL of an endpoint", strictyaml.Quote(s))
	}
	return nil
}

// checkHost takes a name, *.name, or an address, with an optional port. Names
// are in lower case and, beyond ASCII, in their xn-- form, so that equal hosts
// are equal texts.
func checkHost(s string) *strictyaml.Problem {
	problem := strictyaml.Problemf("write host, host:port, *.host or an address, in lower case (xn-- for other alphabets)", "%s is not a host", strictyaml.Quote(s))
	if _, err := netip.ParseAddr(s); err == nil {
		return nil
	}
	if _, err := netip.ParseAddrPort(s); err == nil {
		return nil
	}
	host, port, hasPort := strings.Cut(s, ":")
	if n, err := strconv.ParseUint(port, 10, 16); hasPort && (err != nil || n == 0 || port[0] == '0') {
		return problem
	}
	host = strings.TrimPrefix(host, "*.")
	if len(host) > 253 || slices.ContainsFunc(strings.Split(host, "."), func(l string) bool { return !label.MatchString(l) }) {
		return problem
	}
	return nil
}

// kinds of a check, as they stand before the slash of its id.
func checkKinds() []string {
	return []string{"fetch", "provenance", "rebuild", "inventory", "advisories", "source", "declared", "claims"}
}

func (v *validator) claims() {
	ids := map[string]bool{}
	evidence := v.referable()
	for i, c := range v.s.Claims {
		at := strictyaml.Index("claims", i)
		v.id(strictyaml.Field(at, "id"), c.ID, ids)
		for j, id := range c.Concerns {
			v.check(strictyaml.Index(strictyaml.Field(at, "concerns"), j), checkConcern(id))
		}
		for j, e := range c.Evidence {
			kind, subject, isCheck := strings.Cut(e, "/")
			if evidence[e] || (isCheck && slices.Contains(checkKinds(), kind) && strictyaml.CheckName(subject) == nil) {
				continue
			}
			v.refuse(strictyaml.Index(strictyaml.Field(at, "evidence"), j),
				"name a source, an artifact, a mitigation or a digest of this submission, or a check by kind/subject",
				"%s refers to nothing", strictyaml.Quote(e))
		}
	}
}

// referable collects what a claim may give as its evidence.
func (v *validator) referable() map[string]bool {
	out := map[string]bool{}
	for _, s := range v.s.Sources {
		out[s.Name], out[s.Digest] = true, true
	}
	for _, a := range v.s.Artifacts {
		out[a.Name], out[a.Digest] = true, true
		for _, f := range a.Files {
			out[f.Digest] = true
		}
	}
	for _, a := range v.s.Attestations {
		out[a.Digest] = true
	}
	for _, s := range v.s.SBOMs {
		out[s.Digest] = true
	}
	for _, x := range v.s.VEX {
		out[x.Digest] = true
	}
	for _, d := range v.s.Documents {
		out[d.Digest] = true
	}
	for _, m := range v.s.Mitigations {
		out[m.ID] = true
	}
	return out
}

func (v *validator) mitigations() {
	ids := map[string]bool{}
	for i, m := range v.s.Mitigations {
		at := strictyaml.Index("mitigations", i)
		v.id(strictyaml.Field(at, "id"), m.ID, ids)
		v.check(strictyaml.Field(at, "concern"), checkConcern(m.Concern))
		switch planned := m.Status == "planned"; {
		case planned && m.Due.IsZero():
			v.fail(v.s.positions.Errorf(strictyaml.Missing, at, `add "due"`, "a planned measure without a date"))
		case !planned && !m.Due.IsZero():
			v.refuse(strictyaml.Field(at, "due"), "a measure that is in place has no date to come", "a date on a measure that is in place")
		}
	}
}

func (v *validator) documents() {
	for i, d := range v.s.Documents {
		at := strictyaml.Index("documents", i)
		v.optional(strictyaml.Field(at, "location"), d.Location, checkLocation)
		v.check(strictyaml.Field(at, "digest"), strictyaml.CheckDigest(d.Digest, strictyaml.SHA256, strictyaml.SHA512))
		if d.Location == "" && d.Confidentiality == "public" {
			v.fail(v.s.positions.Errorf(strictyaml.Missing, at, `add "location"`, "a public document that is nowhere"))
		}
	}
}

func (v *validator) id(path, id string, seen map[string]bool) {
	if !identifier.MatchString(id) {
		v.refuse(path, "begin with a capital, such as K1", "%s is not an id", strictyaml.Quote(id))
	}
	v.once(path, id, seen)
}

func checkConcern(s string) *strictyaml.Problem {
	if concern.MatchString(s) {
		return nil
	}
	return strictyaml.Problemf("write the profile's id, such as C8", "%s is not the id of a concern", strictyaml.Quote(s))
}
