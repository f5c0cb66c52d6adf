package audit

import (
	"fmt"
	"net/url"
	"slices"
	"strings"

	"github.com/proffer-audit/proffer/audit/assess"
	"github.com/proffer-audit/proffer/audit/evidence"
	"github.com/proffer-audit/proffer/audit/policy"
	"github.com/proffer-audit/proffer/audit/rebuild"
	"github.com/proffer-audit/proffer/audit/sandbox"
	"github.com/proffer-audit/proffer/audit/source"
	"github.com/proffer-audit/proffer/reports"
	"github.com/proffer-audit/proffer/reports/safetext"
)

// limits are the policy's, for each command in the sandbox. They bear on whether
// a step ends, never on what it finds, so they are no part of a key.
func (p *planner) limits() rebuild.Limits {
	l := p.in.policy.Limits
	if p.tools.Bounds != nil {
		l = *p.tools.Bounds
	}
	return commandLimits(l)
}

func commandLimits(l policy.Limits) rebuild.Limits {
	return rebuild.Limits{Command: sandbox.Limits{
		CPU: l.CPU, Wall: l.Wall, Memory: int64(l.Memory), FileSize: int64(l.Output),
	}}
}

// sourcePolicy is what the policy and the submission say about what the source
// may do.
func (p *planner) sourcePolicy() source.Policy {
	s, demand := p.in.submission, p.in.policy.Require.Source
	pol := source.Policy{
		Deny: demand.Deny, MustDeclare: demand.MustDeclare, FailOn: demand.FailOn,
		DeclaredCapabilities: []string{}, DeclaredEndpoints: []string{},
	}
	for _, c := range s.Capabilities {
		pol.DeclaredCapabilities = append(pol.DeclaredCapabilities, c.Name)
	}
	for _, e := range s.Endpoints {
		pol.DeclaredEndpoints = append(pol.DeclaredEndpoints, withoutPort(e.Host))
	}
	return pol
}

// withoutPort is the host of a declared endpoint. What the source names is held
// against hosts: the port it uses is not always to be seen in it.
func withoutPort(host string) string {
	u, err := url.Parse("//" + host)
	if err != nil || u.Hostname() == "" {
		return host // it covers what is written the same way
	}
	return u.Hostname()
}

// demands is what the policy asks of the whole.
func (p *planner) demands() assess.Demands {
	r := p.in.policy.Require
	d := assess.Demands{
		Rebuild: r.Rebuild, Inventory: r.Inventory == "complete", Advisories: true, Source: true,
		Declared: true, Provenance: map[string]int{}, FailOn: r.Source.FailOn, AdvisoriesFailOn: r.Advisories.FailOn.Severity,
	}
	for _, role := range p.in.policy.Roles() {
		d.Provenance[role.Name] = role.Threshold
	}
	return d
}

func (p *planner) waivers() []assess.Waiver {
	list := []assess.Waiver{}
	for _, w := range p.in.policy.Waivers {
		list = append(list, assess.Waiver{Finding: w.Finding, Reason: w.Reason, Approver: w.Approver, Expires: w.Expires.Start()})
	}
	return list
}

// owedIDs lists every check that the plan is to deliver.
func (p *planner) owedIDs() []string {
	list := []string{}
	for _, checks := range p.checks {
		for _, c := range checks {
			list = append(list, c.id)
		}
	}
	slices.Sort(list)
	return slices.Compact(list)
}

// codeUnsupported is the code of a check of which the policy demands more than
// this version does.
const codeUnsupported = "demand-not-supported"

// lower makes a passed check incomplete where the policy demands something of it
// that this version does not do: a demand is never dropped in silence.
func (p *planner) lower(all *reports.Outcomes) {
	pol := p.in.policy
	lacks := map[string]string{}
	if pol.Witness {
		lacks["advisories"] = "the policy demands a second witness"
	}
	if pin := pol.Databases.OSV; pin != nil {
		if db, _ := p.in.input(nameOSV); string(db.Digest) != pin.Digest {
			lacks["advisories"] = fmt.Sprintf("the policy pins the advisory database %s, and this is %s", pin.Digest, orNone(db.Digest))
		}
	}
	for i, c := range all.Checks {
		kind, _, _ := strings.Cut(c.ID, "/")
		if why, ok := lacks[kind]; ok && c.Status == reports.Pass {
			all.Checks[i].Status, all.Checks[i].Code = reports.Incomplete, codeUnsupported
			all.Checks[i].Reason = safetext.Sprintf("%s, which was not done; besides: %s", why, c.Reason)
		}
	}
}

func orNone(d evidence.Digest) string {
	if d == "" {
		return "none"
	}
	return string(d)
}
