package source

import (
	"fmt"
	"slices"
	"strings"

	"github.com/proffer-audit/proffer/audit/source/rules"
	"github.com/proffer-audit/proffer/reports"
	"github.com/proffer-audit/proffer/reports/safetext"
)

// A Policy is what the reviewer demands of a source and what the vendor declared.
type Policy struct {
	Deny        []string         // capabilities that the product may not have
	MustDeclare []string         // capabilities that the vendor must have declared
	FailOn      reports.Severity // a finding this severe fails the check; "" means High

	DeclaredCapabilities []string
	DeclaredEndpoints    []string // hosts; "*.example.com" covers what is below

	Evidence []string // digests that checks and findings cite: of the source and of the result
}

// Rows are the lines of the report that set what was declared against what was seen.
type Rows struct {
	Endpoints    []reports.DeclaredRow
	Capabilities []reports.DeclaredRow
}

// Outcomes turns the result about one source into the checks source/<subject>
// and declared/<subject>, and their findings. An error means that the policy or
// the vendor's declaration names a capability that does not exist; it is not to
// be taken for an empty demand.
func Outcomes(subject string, res Result, pol Policy) (reports.Outcomes, Rows, error) {
	set, err := rules.Load()
	if err != nil {
		return reports.Outcomes{}, Rows{}, err
	}
	if pol.FailOn == "" {
		pol.FailOn = reports.High
	}
	for _, list := range [][]string{pol.Deny, pol.MustDeclare, pol.DeclaredCapabilities} {
		for _, name := range list {
			if _, err := rules.ParseCapability(name); err != nil {
				return reports.Outcomes{}, Rows{}, err
			}
		}
	}
	w := &writer{subject: subject, set: set, pol: pol}
	w.check = "source/" + subject
	if res.Bytes != nil {
		w.bytes(res.Bytes)
	}
	w.uncovered(res)
	if res.Link != nil {
		w.capabilities(res.Link)
		w.linknames(res.Link)
	}
	seen := observe(res)
	w.endpoints(seen, res.Bytes)
	checks := []reports.Check{w.sourceCheck(res)}

	w.check = "declared/" + subject
	rows := w.declared(seen)
	checks = append(checks, w.declaredCheck(res, seen))
	slices.SortFunc(w.findings, func(a, b reports.Finding) int { return strings.Compare(a.ID, b.ID) })
	return reports.Outcomes{Checks: checks, Findings: w.findings}, rows, nil
}

// writer collects findings.
type writer struct {
	subject  string
	check    string // that the findings belong to
	set      *rules.Set
	pol      Policy
	findings []reports.Finding
}

// item is a finding on its way.
type item struct {
	rule     string // as the severity table knows it
	as       string // rule that the report names, if it differs
	place    string // makes the finding's id, with rule and subject
	quiet    bool
	location *reports.Location
	message  string
	facts    map[string]string
	trace    []safetext.Text
	concerns []string // beside those of the rule
}

func (w *writer) add(it item) {
	weight := w.set.Severities[it.rule]
	severity := reports.Severity(weight.Severity)
	if it.quiet {
		severity = reports.Severity(weight.Quiet)
	}
	rule := it.as
	if rule == "" {
		rule = it.rule
	}
	concerns := append(slices.Clone(weight.Concerns), it.concerns...)
	slices.Sort(concerns)
	f := reports.Finding{
		ID: reports.FindingID(rule, w.subject, it.place), Rule: rule, Severity: severity, Check: w.check,
		Subject: safetext.Of(w.subject), Location: it.location,
		Concerns: append([]string{}, slices.Compact(concerns)...),
		Message:  safetext.Of(it.message), Trace: it.trace, Evidence: w.evidence(),
	}
	for key, value := range it.facts {
		if value != "" {
			if f.Facts == nil {
				f.Facts = map[string]safetext.Text{}
			}
			f.Facts[key] = safetext.Of(value)
		}
	}
	w.findings = append(w.findings, f)
}

func (w *writer) evidence() []string {
	return append([]string{}, slices.Sorted(slices.Values(w.pol.Evidence))...)
}

// perRule bounds the findings of one rule that stand alone; the rest are one
// more, as severe, so that a flood hides nothing.
const perRule = 25

// spread adds the loud items one by one up to perRule, and the rest and the quiet
// ones in one finding each.
func (w *writer) spread(rule string, items []item) {
	var rest, quiet []item
	n := 0
	for _, it := range items {
		switch {
		case it.quiet:
			quiet = append(quiet, it)
		case n >= perRule:
			rest = append(rest, it)
		default:
			w.add(it)
			n++
		}
	}
	w.bundle(rule, "more", fmt.Sprintf("%d more places like these", len(rest)), rest, false)
	w.bundle(rule, "tests and documents", fmt.Sprintf("%d places in tests and documents", len(quiet)), quiet, true)
}

func (w *writer) bundle(rule, place, message string, items []item, quiet bool) {
	if len(items) == 0 {
		return
	}
	names := make([]string, 0, len(items))
	for _, it := range items {
		names = append(names, it.place)
	}
	it := items[0]
	it.rule, it.place, it.quiet, it.trace = rule, rule+" "+place, quiet, nil
	it.message = message + ", the first: " + items[0].message
	it.facts = map[string]string{"count": fmt.Sprint(len(items)), "places": strings.Join(names, ", ")}
	w.add(it)
}

// bestOutcome is the best that a concern can come to by this reading: it lists
// capabilities, addresses and characters, and follows no data and no conditions,
// so what it does not see may still be there.
const bestOutcome = reports.PartlySupported

// sourceCheck is the check on the source itself.
func (w *writer) sourceCheck(res Result) reports.Check {
	c := reports.Check{
		ID: w.check, Status: reports.Pass, EvidenceClass: reports.E2, Evidence: w.evidence(), Limits: limits(res),
		Cap: bestOutcome,
	}
	gaps := gapsOf(res)
	worst := w.worst(w.check)
	switch {
	case worst != nil:
		c.Status, c.Code = reports.Fail, "finding"
		c.Reason = safetext.Sprintf("%s: %s", worst.Severity, worst.Message)
	case len(gaps) > 0:
		c.Status, c.Code = reports.Incomplete, "gaps"
		c.Reason = safetext.Sprintf("not all of it was analysed: %s: %s (%d such gaps)", gaps[0].What, gaps[0].Why, len(gaps))
	case res.Bytes == nil:
		c.Status, c.Code = reports.Incomplete, "no-files"
		c.Reason = safetext.Of("the files were not read")
	case res.Link == nil && len(w.pol.Deny)+len(w.pol.MustDeclare) > 0:
		c.Status, c.Code = reports.Incomplete, "no-capabilities"
		c.Reason = safetext.Of("the policy asks about capabilities, and no Go packages of this source were analysed")
	default:
		c.Code, c.Reason = "analysed", safetext.Of(summary(res))
	}
	return c
}

// worst is the worst finding of a check that the policy does not bear.
func (w *writer) worst(check string) *reports.Finding {
	var worst *reports.Finding
	for i := range w.findings {
		f := &w.findings[i]
		if f.Check != check || !f.Severity.AtLeast(w.pol.FailOn) {
			continue
		}
		if worst == nil || f.Severity != worst.Severity && f.Severity.AtLeast(worst.Severity) ||
			f.Severity == worst.Severity && f.ID < worst.ID {
			worst = f
		}
	}
	return worst
}

func summary(res Result) string {
	s := fmt.Sprintf("%d files read", res.Bytes.Files)
	if l := res.Link; l != nil {
		var names []string
		for _, c := range l.Capabilities {
			names = append(names, c.Name)
		}
		s += fmt.Sprintf("; %d own Go packages with %d functions can: %s", l.Packages.Own, l.Functions.Own, orNothing(names))
	}
	return s
}

func orNothing(names []string) string {
	if len(names) == 0 {
		return "nothing that was looked for"
	}
	return strings.Join(names, ", ")
}
