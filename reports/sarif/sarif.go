package sarif

import (
	"bytes"
	"encoding/json"
	"fmt"
	"net/url"
	"slices"
	"strings"

	"github.com/proffer-audit/proffer/reports"
	"github.com/proffer-audit/proffer/reports/internal/plain"
	"github.com/proffer-audit/proffer/reports/safetext"
)

// Fingerprint is the name under which a result carries its finding's id.
const Fingerprint = "profferFinding/v1"

// Render writes the findings of a report. The same report gives the same bytes.
func Render(report reports.Report) ([]byte, error) {
	r, err := plain.Copy(report)
	if err != nil {
		return nil, fmt.Errorf("render SARIF: %w", err)
	}
	var buf bytes.Buffer
	enc := json.NewEncoder(&buf)
	enc.SetIndent("", "  ")
	if err := enc.Encode(newLog(r)); err != nil {
		return nil, fmt.Errorf("render SARIF: %w", err)
	}
	return buf.Bytes(), nil
}

func newLog(r reports.Report) log {
	rules := ruleIDs(r.Findings)
	d := driver{
		Name:           "proffer",
		Version:        r.Auditor.Version,
		InformationURI: informationURI,
		Rules:          []rule{},
	}
	for _, id := range rules {
		d.Rules = append(d.Rules, newRule(id))
	}
	results := []result{}
	for _, f := range r.Findings {
		results = append(results, newResult(f, slices.Index(rules, f.Rule), r.Waivers))
	}
	return log{Schema: schemaURI, Version: "2.1.0", Runs: []run{{
		Tool:              tool{d},
		AutomationDetails: automation{ID: "proffer/" + escape(r.Submission.ID) + fmt.Sprintf("/%d", r.Submission.Version)},
		Invocations:       []invocation{newInvocation(r)},
		Results:           results,
		ColumnKind:        "utf16CodeUnits",
		Properties: map[string]string{
			"asOf":       r.AsOf,
			"mode":       string(r.Mode),
			"result":     string(r.Result),
			"submission": r.Inputs.Submission,
			"policy":     r.Inputs.Policy,
			"profile":    r.Inputs.Profile,
		},
	}}}
}

func ruleIDs(findings []reports.Finding) []string {
	var out []string
	for _, f := range findings {
		out = append(out, f.Rule)
	}
	slices.Sort(out)
	return slices.Compact(out)
}

func newRule(id string) rule {
	kind, _, _ := strings.Cut(id, ".")
	words, ok := kinds()[kind]
	if !ok {
		words = "Seen by a check of another kind."
	}
	return rule{ID: id, ShortDescription: text(words)}
}

func newResult(f reports.Finding, rule int, waivers []reports.Waiver) result {
	facts := map[string]string{}
	for k, v := range f.Facts {
		facts[k] = v.String()
	}
	out := result{
		RuleID:       f.Rule,
		RuleIndex:    rule,
		Level:        level(f.Severity),
		Message:      text(f.Message.String()),
		Locations:    []location{},
		Fingerprints: map[string]string{Fingerprint: f.ID},
		Properties: properties{
			Severity: string(f.Severity),
			Check:    f.Check,
			Subject:  f.Subject.String(),
			Concerns: orEmpty(f.Concerns),
			Evidence: orEmpty(f.Evidence),
			Facts:    facts,
		},
	}
	if out.Message.Text == "" {
		out.Message = text("no message")
	}
	if f.Location != nil {
		out.Locations = append(out.Locations, place(*f.Location))
	}
	if len(f.Trace) > 0 {
		out.CodeFlows = []codeFlow{flow(f.Trace)}
	}
	if f.Waived {
		out.Suppressions = []suppression{{Kind: "external", Status: "accepted", Justification: justification(f.ID, waivers)}}
	}
	return out
}

// level maps the five severities, and what is none of them to the worst.
func level(s reports.Severity) string {
	switch s {
	case reports.Medium:
		return "warning"
	case reports.Low, reports.Note:
		return "note"
	}
	return "error"
}

func place(l reports.Location) location {
	where := region{StartLine: l.Line}
	if l.Line <= 0 {
		start, length := 0, 0
		where = region{ByteOffset: &start, ByteLength: &length}
	}
	return location{PhysicalLocation: &physical{ArtifactLocation: artifact{URI: relative(l.Path.String())}, Region: where}}
}

// relative is a path as a URI reference that can only point below where the
// viewer puts the results: no scheme, no root, no way up.
func relative(path string) string {
	var segments []string
	for s := range strings.SplitSeq(path, "/") {
		switch s {
		case "", ".":
		case "..":
			segments = append(segments, "_up_")
		default:
			segments = append(segments, escape(s))
		}
	}
	if len(segments) == 0 {
		return "_nowhere_"
	}
	return strings.Join(segments, "/")
}

// escape leaves only characters that have no meaning in a URI.
func escape(s string) string { return strings.ReplaceAll(url.PathEscape(s), ":", "%3A") }

func flow(trace []safetext.Text) codeFlow {
	var steps []threadLocation
	for _, t := range trace {
		message := text(t.String())
		steps = append(steps, threadLocation{Location: location{Message: &message}})
	}
	return codeFlow{ThreadFlows: []threadFlow{{Locations: steps}}}
}

func justification(finding string, waivers []reports.Waiver) string {
	for _, w := range waivers {
		if w.Finding == finding && w.Applied {
			return fmt.Sprintf("%s (waived by %s until %s)", w.Reason, w.Approver, w.Expires)
		}
	}
	return "waived by the policy"
}

// newInvocation says of every check without a finding that did not pass why.
func newInvocation(r reports.Report) invocation {
	out := invocation{ExecutionSuccessful: true, Notifications: []notification{}}
	spoken := map[string]bool{}
	for _, f := range r.Findings {
		spoken[f.Check] = true
	}
	for _, c := range r.Checks {
		whole := c.Status == reports.Pass || c.Status == reports.Fail || c.Status == reports.NotApplicable
		out.ExecutionSuccessful = out.ExecutionSuccessful && whole
		if c.Status == reports.Pass || c.Status == reports.NotApplicable || (c.Status == reports.Fail && spoken[c.ID]) {
			continue
		}
		n := notification{Level: "warning", Message: text(fmt.Sprintf("%s is %s: %s", c.ID, c.Status, c.Reason))}
		if c.Status == reports.Fail {
			n.Level = "error"
		}
		out.Notifications = append(out.Notifications, n)
	}
	return out
}

// text is words as a SARIF message: braces doubled, since single ones are
// placeholders, and no "](", which would make a link of them.
func text(s string) message {
	return message{Text: strings.NewReplacer("{", "{{", "}", "}}", "](", "] (").Replace(s)}
}

func orEmpty(s []string) []string {
	if s == nil {
		return []string{}
	}
	return s
}
