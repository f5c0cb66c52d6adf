package assess

import (
	"maps"
	"slices"
	"strings"

	"github.com/proffer-audit/proffer/audit/profile"
	"github.com/proffer-audit/proffer/reports"
	"github.com/proffer-audit/proffer/reports/safetext"
)

// bench is a case, laid out for weighing.
type bench struct {
	Case
	checks   map[string][]reports.Check // by id; an id should stand once, and nothing hangs on it
	byCheck  map[string][]reports.Finding
	findings []reports.Finding // sorted, with Concerns and Waived set
	owed     []string          // sorted
	known    []string          // ids of all checks that are there or owed, sorted
	waivers  []reports.Waiver
	concerns []reports.Concern // as judged
}

func open(c Case) *bench {
	b := &bench{
		Case: c, checks: map[string][]reports.Check{}, byCheck: map[string][]reports.Finding{},
		findings: []reports.Finding{}, owed: sortedSet(c.Owed),
	}
	for _, k := range c.Outcomes.Checks {
		b.checks[k.ID] = append(b.checks[k.ID], k)
	}
	b.known = sortedSet(slices.Concat(slices.Collect(maps.Keys(b.checks)), b.owed))
	applied := b.openWaivers()
	for _, f := range c.Outcomes.Findings {
		f.Concerns = b.listed(f)
		f.Evidence = sortedSet(f.Evidence)
		f.Waived = applied[f.ID]
		b.findings = append(b.findings, f)
	}
	slices.SortStableFunc(b.findings, compareFindings)
	for _, f := range b.findings {
		b.byCheck[f.Check] = append(b.byCheck[f.Check], f)
	}
	return b
}

func compareFindings(x, y reports.Finding) int {
	if c := strings.Compare(x.ID, y.ID); c != 0 {
		return c
	}
	if c := strings.Compare(x.Check, y.Check); c != 0 {
		return c
	}
	return strings.Compare(x.Message.String(), y.Message.String())
}

// listed are the concerns of a finding. One that names none, because its check
// knows no profile, bears on what its check bears on.
func (b *bench) listed(f reports.Finding) []string {
	if len(f.Concerns) > 0 {
		return sortedSet(f.Concerns)
	}
	out := []string{}
	for _, c := range b.Profile.Concerns {
		bears := func(k profile.Bearing) bool { return k.Kind == kindOf(f.Check) }
		if slices.ContainsFunc(c.Checks, bears) && !isPaper(f.Check) {
			out = append(out, c.ID)
		}
	}
	return sortedSet(out)
}

// openWaivers says which findings are waived, and lists the waivers that were
// applied or have expired.
func (b *bench) openWaivers() map[string]bool {
	applied := map[string]bool{}
	b.waivers = []reports.Waiver{}
	for _, w := range b.Waivers {
		seen := slices.ContainsFunc(b.Outcomes.Findings, func(f reports.Finding) bool { return f.ID == w.Finding })
		expired := b.AsOf.IsZero() || !b.AsOf.Before(w.Expires)
		if !seen && !expired {
			continue
		}
		if !expired {
			applied[w.Finding] = true
		}
		b.waivers = append(b.waivers, reports.Waiver{
			Finding: w.Finding, Reason: safetext.Of(w.Reason), Approver: safetext.Of(w.Approver),
			Expires: w.Expires.UTC().Format(timeFormat), Applied: !expired,
		})
	}
	slices.SortFunc(b.waivers, func(x, y reports.Waiver) int {
		return strings.Compare(waiverKey(x), waiverKey(y))
	})
	return applied
}

func waiverKey(w reports.Waiver) string {
	return strings.Join([]string{w.Finding, w.Expires, w.Approver.String(), w.Reason.String()}, "\x00")
}

// timeFormat is how instants stand in a report: UTC, whole seconds.
const timeFormat = "2006-01-02T15:04:05Z"

func kindOf(id string) profile.CheckKind {
	kind, _, _ := strings.Cut(id, "/")
	return profile.CheckKind(kind)
}

// isPaper tells a transfer of a document from one of the product's bytes.
func isPaper(id string) bool {
	for _, prefix := range []string{"fetch/document/", "fetch/sbom/", "fetch/vex/", "fetch/attestation/"} {
		if strings.HasPrefix(id, prefix) {
			return true
		}
	}
	return false
}

// ofKind are the ids among known that are of a kind.
func (b *bench) ofKind(kind profile.CheckKind) []string {
	out := []string{}
	for _, id := range b.known {
		if kindOf(id) == kind {
			out = append(out, id)
		}
	}
	return out
}

// subjects are the ids that a kind has to have for what the submission offers,
// whatever the plan makes of it: a vendor who leaves out the recipe of one
// artifact has not shown that it is built from the source.
func (b *bench) subjects(kind profile.CheckKind) []string {
	artifacts, sources := false, false
	switch kind {
	case profile.KindRebuild, profile.KindProvenance, profile.KindInventory, profile.KindAdvisories:
		artifacts = true
	case profile.KindSource:
		sources = true
	case profile.KindFetch:
		artifacts, sources = true, true
	}
	out := []string{}
	for _, a := range b.Submission.Artifacts {
		if artifacts {
			out = append(out, string(kind)+"/"+a.Name)
		}
	}
	for _, s := range b.Submission.Sources {
		if sources {
			out = append(out, string(kind)+"/"+s.Name)
		}
	}
	return out
}

// at gives the checks of an id. An id without one is a check that did not run.
func (b *bench) at(id string) []reports.Check {
	if list := b.checks[id]; len(list) > 0 {
		return list
	}
	return []reports.Check{{ID: id, Status: reports.NotRun, Reason: safetext.Of("no such check was carried out")}}
}

// sortedSet sorts a copy and drops what stands twice; it is never nil.
func sortedSet(list []string) []string {
	out := append([]string{}, list...)
	slices.Sort(out)
	return slices.Compact(out)
}
