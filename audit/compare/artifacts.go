package compare

import (
	"github.com/proffer-audit/proffer/audit/compare/sections"
	"github.com/proffer-audit/proffer/reports"
	"github.com/proffer-audit/proffer/reports/safetext"
)

// Artifacts compares a shipped artifact with a rebuilt one and accounts for every
// differing byte. What is too large for the limits is not looked into: its bytes
// are unexplained and a note says so. The error is one of this program's.
func Artifacts(shipped, rebuilt []byte, lim Limits) (Result, error) {
	r := &run{budget: sections.NewBudget(lim), standings: standings()}
	return r.nodeOf("", 0, shipped, rebuilt)
}

// Findings are the findings of a comparison as a report has them. check is the
// check that saw them, subject what was compared, concerns what they bear on.
func (r Result) Findings(check, subject string, evidence []string, concerns ...string) []reports.Finding {
	list := make([]reports.Finding, 0, len(r.Found))
	for _, f := range r.Found {
		list = append(list, reports.Finding{
			ID:   reports.FindingID(f.Rule, check, f.Path.String(), f.Place.String()),
			Rule: f.Rule, Severity: f.Severity, Check: check, Subject: safetext.Of(subject),
			Location: location(f), Concerns: concerns, Message: f.Message, Evidence: evidence,
			Facts: map[string]safetext.Text{"class": safetext.Of(string(f.Class)), "place": f.Place},
		})
	}
	return list
}

func location(f Finding) *reports.Location {
	if f.Path.IsZero() {
		return nil
	}
	return &reports.Location{Path: f.Path}
}
