package assess

import (
	"time"

	"github.com/proffer-audit/proffer/audit/profile"
	"github.com/proffer-audit/proffer/audit/submission"
	"github.com/proffer-audit/proffer/reports"
	"github.com/proffer-audit/proffer/reports/safetext"
)

// A Case is everything that a verdict depends on.
type Case struct {
	Submission *submission.Submission
	Profile    *profile.Profile
	Outcomes   reports.Outcomes
	// Owed are the ids of all checks that the plan of the audit owes. One that is
	// not among the outcomes counts as not-run.
	Owed []string
	// Declared is what was declared against what was seen; it is passed on.
	Declared reports.Declared
	Demands  Demands
	Waivers  []Waiver
	// Carried are the concerns that the previous report for this respondent and
	// product called contradicted. One stays so until it is supported in full.
	Carried []string
	// AsOf is the evaluation instant; when it is zero, no waiver applies.
	AsOf time.Time
	Mode reports.Mode
	// Events are days of the profile's events, by event id, that the profile
	// leaves open. The event "received" is the submission's matter.received
	// unless it is given here.
	Events map[string]profile.Date
	// AcceptUnverified computes dates from unverified clocks too.
	AcceptUnverified bool
}

// Demands is what the policy demands of the checks.
type Demands struct {
	Rebuild    reports.Level  // least level; "" when no rebuild is demanded
	Provenance map[string]int // principals that must have signed, by role
	Inventory  bool
	Advisories bool
	Source     bool
	Declared   bool
	// FailOn is the least severity of a finding that fails the audit, whatever
	// the status of the check that saw it; "" when findings alone fail nothing.
	// Findings of advisories are judged by AdvisoriesFailOn.
	FailOn reports.Severity
	// AdvisoriesFailOn is the least severity at which an advisory fails. It only
	// tells which findings have to be waived where the check failed: the check
	// knows more (reachability, malicious packages) and judges by itself.
	AdvisoriesFailOn reports.Severity
}

// A Waiver lets one finding pass until an instant.
type Waiver struct {
	Finding  string // id
	Reason   string
	Approver string
	Expires  time.Time // the first instant at which it no longer applies
}

// A Verdict is what a Case comes to. Its lists are sorted and never nil.
type Verdict struct {
	Findings    []reports.Finding // with Waived set
	Concerns    []reports.Concern // in the profile's order
	Claims      []reports.Claim
	Declared    reports.Declared
	Mitigations []reports.Mitigation
	Waivers     []reports.Waiver
	Items       []reports.ResponseItem
	Clock       []reports.Clock
	Result      reports.Result
	// Reasons says why the result is not met or incomplete.
	Reasons     []safetext.Text
	Residual    []safetext.Text
	NotAssessed []safetext.Text
}

// Assess weighs a case. It is a pure function: the order of the outcomes, of
// Owed and of the waivers bears on nothing.
func Assess(c Case) Verdict {
	b := open(c)
	v := Verdict{
		Findings: b.findings, Declared: declared(c.Declared), Waivers: b.waivers, Clock: b.clock(), Items: b.items(),
	}
	for _, concern := range c.Profile.Concerns {
		v.Concerns = append(v.Concerns, b.concern(concern))
	}
	b.concerns = v.Concerns
	v.Claims, v.Mitigations = b.claims(), b.mitigations()
	v.Result, v.Reasons = b.result()
	v.Residual, v.NotAssessed = b.residual(), b.notAssessed()
	return v
}

// Fill sets the parts of a report that are the verdict's: findings, concerns,
// claims, declared against observed, mitigations, waivers, response items,
// clock, result, residual and not assessed.
func (v Verdict) Fill(r *reports.Report) {
	r.Findings, r.Concerns, r.Claims, r.Declared = v.Findings, v.Concerns, v.Claims, v.Declared
	r.Mitigations, r.Waivers, r.Items, r.Clock = v.Mitigations, v.Waivers, v.Items, v.Clock
	r.Result, r.Residual, r.NotAssessed = v.Result, v.Residual, v.NotAssessed
}
