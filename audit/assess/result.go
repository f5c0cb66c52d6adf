package assess

import (
	"fmt"
	"slices"

	"github.com/proffer-audit/proffer/audit/profile"
	"github.com/proffer-audit/proffer/reports"
	"github.com/proffer-audit/proffer/reports/safetext"
)

// result sets the checks against the policy's demands.
func (b *bench) result() (reports.Result, []safetext.Text) {
	if failed := append(b.failures(), b.failingFindings()...); len(failed) > 0 {
		return reports.NotMet, texts(sortedSet(failed))
	}
	if lacks := b.shortfalls(); len(lacks) > 0 {
		return reports.ResultIncomplete, texts(sortedSet(lacks))
	}
	return reports.Met, []safetext.Text{}
}

// demanded says whether the policy demands a kind of check.
func (b *bench) demanded(kind profile.CheckKind) bool {
	d := b.Demands
	switch kind {
	case profile.KindRebuild:
		return d.Rebuild != ""
	case profile.KindInventory:
		return d.Inventory
	case profile.KindAdvisories:
		return d.Advisories
	case profile.KindSource:
		return d.Source
	case profile.KindDeclared:
		return d.Declared
	case profile.KindProvenance:
		for _, n := range d.Provenance {
			if n > 0 {
				return true
			}
		}
	}
	return false
}

// failures are the checks that fail the audit. Bytes that are not the pinned
// ones fail it whatever the policy demands.
func (b *bench) failures() []string {
	var out []string
	for _, id := range b.known {
		kind := kindOf(id)
		demanded := b.demanded(kind)
		for _, c := range b.checks[id] {
			switch {
			case c.Status == reports.Fail && (demanded || kind == profile.KindFetch) && !b.excused(c):
				out = append(out, fmt.Sprintf("%s failed: %s", c.ID, c.Reason))
			case c.Status == reports.Pass && demanded && kind == profile.KindRebuild && !c.Level.AtLeast(b.Demands.Rebuild):
				out = append(out, fmt.Sprintf("%s is %s; the policy demands %s", c.ID, orNone(c.Level), b.Demands.Rebuild))
			}
		}
	}
	return out
}

func orNone(l reports.Level) string {
	if l == "" {
		return "of no level"
	}
	return string(l)
}

// excused reports whether all findings that make a check fail are waived. A
// check that failed without a finding cannot be excused.
func (b *bench) excused(c reports.Check) bool {
	list := b.byCheck[c.ID]
	least := b.threshold(kindOf(c.ID))
	reaches := func(f reports.Finding) bool { return f.Severity.AtLeast(least) }
	if !slices.ContainsFunc(list, reaches) {
		// None is severe enough to explain the failure, so any of them may.
		least = reports.Note
	}
	unwaived := func(f reports.Finding) bool { return reaches(f) && !f.Waived }
	return len(list) > 0 && !slices.ContainsFunc(list, unwaived)
}

// threshold is the least severity that makes a check of a kind fail, as far as
// the policy says; what it leaves open is everything but notes.
func (b *bench) threshold(kind profile.CheckKind) reports.Severity {
	least := reports.Low
	switch kind {
	case profile.KindAdvisories:
		least = b.Demands.AdvisoriesFailOn
	case profile.KindSource, profile.KindDeclared, profile.KindClaims:
		least = b.Demands.FailOn
	}
	if !least.Valid() {
		return reports.Low
	}
	return least
}

// failingFindings are the findings that fail the audit by themselves. Those of
// rebuilds, inventories and advisories are judged by their checks.
func (b *bench) failingFindings() []string {
	var out []string
	for _, f := range b.findings {
		switch kindOf(f.Check) {
		case profile.KindRebuild, profile.KindInventory, profile.KindAdvisories:
			continue
		}
		if b.Demands.FailOn != "" && f.Severity.AtLeast(b.Demands.FailOn) && !f.Waived {
			out = append(out, fmt.Sprintf("finding %s is %s and not waived", f.ID, f.Severity))
		}
	}
	return out
}

// shortfalls are the owed and demanded checks that were not carried out whole.
func (b *bench) shortfalls() []string {
	var out []string
	passed := false
	for _, id := range b.expected() {
		for _, c := range b.at(id) {
			switch c.Status {
			case reports.Pass:
				passed = true
			case reports.Fail:
			case reports.NotApplicable:
				if b.demanded(kindOf(id)) {
					out = append(out, fmt.Sprintf("%s was demanded and not carried out: %s", id, c.Reason))
				}
			default:
				out = append(out, fmt.Sprintf("%s: %s", id, c.Reason))
			}
		}
	}
	for _, kind := range kinds() {
		if b.demanded(kind) && len(b.ofKind(kind)) == 0 {
			out = append(out, fmt.Sprintf("%s: demanded, and there is no such check", kind))
		}
	}
	if !passed && len(out) == 0 {
		out = append(out, "no check passed")
	}
	return out
}

func kinds() []profile.CheckKind {
	return []profile.CheckKind{
		profile.KindRebuild, profile.KindSource, profile.KindAdvisories, profile.KindInventory,
		profile.KindProvenance, profile.KindDeclared, profile.KindFetch, profile.KindClaims,
	}
}

// expected are the ids that have to be there: what is owed, what is there of a
// demanded kind, and what a demanded kind calls for in the submission's offer.
func (b *bench) expected() []string {
	ids := slices.Clone(b.owed)
	for _, kind := range kinds() {
		if b.demanded(kind) {
			ids = append(ids, append(b.ofKind(kind), b.subjects(kind)...)...)
		}
	}
	return sortedSet(ids)
}
