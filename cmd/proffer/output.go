package main

import (
	"encoding/json"
	"fmt"
	"io"
	"slices"
	"strings"

	"github.com/proffer-audit/proffer/audit/advisories"
	"github.com/proffer-audit/proffer/reports"
	"github.com/proffer-audit/proffer/reports/safetext"
)

// document is what `--json` prints: one object, stable keys, sorted lists.
type document struct {
	Proffer  string         `json:"proffer"`
	Command  string         `json:"command"`
	Result   reports.Result `json:"result"`
	Exit     int            `json:"exit"`
	Dossier  string         `json:"dossier,omitempty"`
	Report   string         `json:"report,omitempty"`
	Signer   string         `json:"signer,omitempty"`
	Out      string         `json:"out,omitempty"`
	Checks   []checkRow     `json:"checks"`
	Concerns []concernRow   `json:"concerns"`
	Findings []findingRow   `json:"findings"`
	// Decisions are those on the dossier, in the order in which they follow.
	Decisions []decisionRow `json:"decisions,omitempty"`
	Notes     []noteRow     `json:"notes,omitempty"`
	Steps     *stepCount    `json:"steps,omitempty"`
	Sandbox   string        `json:"sandbox,omitempty"`
	Error     *errorRow     `json:"error,omitempty"`
}

type checkRow struct {
	ID     string         `json:"id"`
	Status reports.Status `json:"status"`
	Level  reports.Level  `json:"level,omitempty"`
	Code   string         `json:"code,omitempty"`
	Reason safetext.Text  `json:"reason"`
}

type concernRow struct {
	ID      string          `json:"id"`
	Outcome reports.Outcome `json:"outcome"`
}

type findingRow struct {
	ID       string            `json:"id"`
	Rule     string            `json:"rule"`
	Severity reports.Severity  `json:"severity"`
	Subject  safetext.Text     `json:"subject"`
	Location *reports.Location `json:"location,omitempty"`
	Concerns []string          `json:"concerns"`
	Message  safetext.Text     `json:"message"`
	Waived   bool              `json:"waived,omitempty"`
}

// noteRow is something that the reader of a verdict must know beside it.
type noteRow struct {
	Code string        `json:"code"`
	Text safetext.Text `json:"text"`
}

// decisionRow is a signed decision.
type decisionRow struct {
	ID         string          `json:"id"` // digest of its bundle
	Profile    string          `json:"profile"`
	Value      string          `json:"value"`
	Signer     string          `json:"signer,omitempty"`
	Signed     string          `json:"signed,omitempty"` // RFC 3339, as somebody trusted saw it
	Previous   string          `json:"previous,omitempty"`
	Reasons    []safetext.Text `json:"reasons,omitempty"`
	Conditions []safetext.Text `json:"conditions,omitempty"`
}

type stepCount struct {
	Run    int `json:"run"`
	Cached int `json:"cached"`
}

type errorRow struct {
	Code    string        `json:"code"`
	Message safetext.Text `json:"message"`
	Hint    safetext.Text `json:"hint"`
}

func newDocument(command string) *document {
	return &document{
		Proffer: "1", Command: command,
		Checks: []checkRow{}, Concerns: []concernRow{}, Findings: []findingRow{},
	}
}

// report copies what a report says into the document.
func (d *document) report(r reports.Report) {
	d.outcomes(reports.Outcomes{Checks: r.Checks, Findings: r.Findings})
	for _, c := range r.Concerns {
		d.Concerns = append(d.Concerns, concernRow{c.ID, c.Outcome})
	}
}

func (d *document) outcomes(o reports.Outcomes) {
	for _, c := range o.Checks {
		d.Checks = append(d.Checks, checkRow{c.ID, c.Status, c.Level, c.Code, c.Reason})
	}
	for _, f := range o.Findings {
		d.Findings = append(d.Findings, findingRow{f.ID, f.Rule, f.Severity, f.Subject, f.Location, f.Concerns, f.Message, f.Waived})
	}
}

func (d *document) note(code, format string, args ...any) {
	d.Notes = append(d.Notes, noteRow{code, safetext.Sprintf(format, args...)})
}

func (d *document) end(exit int) int {
	d.Exit, d.Result = exit, results[exit]
	return exit
}

// write prints the document: as JSON, or for a person.
func (d *document) write(w io.Writer, asJSON bool) error {
	if !asJSON {
		_, err := io.WriteString(w, d.text())
		return err
	}
	enc := json.NewEncoder(w)
	enc.SetEscapeHTML(false)
	return enc.Encode(d)
}

// text is the document for a person. Findings that are only notes are counted;
// report.html has them all.
func (d *document) text() string {
	var b strings.Builder
	if len(d.Checks) > 0 {
		b.WriteString("\nchecks\n")
	}
	for _, c := range d.Checks {
		fmt.Fprintf(&b, "  %-14s %-34s %s\n", c.Status, c.ID, join(string(c.Level), c.Reason.String()))
	}
	d.findingText(&b)
	if len(d.Concerns) > 0 {
		b.WriteString("\nconcerns\n")
	}
	for _, c := range d.Concerns {
		fmt.Fprintf(&b, "  %-4s %s\n", c.ID, c.Outcome)
	}
	b.WriteString("\n")
	for _, n := range d.Notes {
		fmt.Fprintf(&b, "note: %s: %s\n", n.Code, n.Text)
	}
	for _, row := range [][2]string{
		{"sandbox", d.Sandbox}, {"report", d.Report}, {"dossier", d.Dossier}, {"signer", d.Signer}, {"written to", d.Out},
	} {
		if row[1] != "" {
			fmt.Fprintf(&b, "%-11s %s\n", row[0], row[1])
		}
	}
	if d.Steps != nil {
		fmt.Fprintf(&b, "%-11s %d run, %d from the cache\n", "steps", d.Steps.Run, d.Steps.Cached)
	}
	fmt.Fprintf(&b, "%-11s %s (exit %d)\n", "result", d.Result, d.Exit)
	return b.String()
}

// shownFindings caps the list for a person; the counts are always whole.
const shownFindings = 12

// byWeight orders findings for a person: the worse first, and of the same weight
// known flaws last, because they tend to be many and to hide the rest.
func byWeight(x, y findingRow) int {
	if x.Severity != y.Severity {
		if x.Severity.AtLeast(y.Severity) {
			return -1
		}
		return 1
	}
	known := func(f findingRow) int {
		if f.Rule == advisories.RuleKnown {
			return 1
		}
		return 0
	}
	return known(x) - known(y)
}

func (d *document) findingText(b *strings.Builder) {
	count := map[reports.Severity]int{}
	var shown []findingRow
	for _, f := range d.Findings {
		count[f.Severity]++
		if f.Severity.AtLeast(reports.Low) {
			shown = append(shown, f)
		}
	}
	if len(d.Findings) == 0 {
		return
	}
	var counts []string
	for _, s := range []reports.Severity{reports.Critical, reports.High, reports.Medium, reports.Low, reports.Note} {
		if count[s] > 0 {
			counts = append(counts, fmt.Sprintf("%d %s", count[s], s))
		}
	}
	fmt.Fprintf(b, "\nfindings: %s\n", strings.Join(counts, ", "))
	slices.SortStableFunc(shown, byWeight)
	for i, f := range shown {
		if i == shownFindings {
			fmt.Fprintf(b, "  … and %d more: see report.html\n", len(shown)-shownFindings)
			break
		}
		waived := ""
		if f.Waived {
			waived = " (waived)"
		}
		fmt.Fprintf(b, "  %-9s%s %s\n", f.Severity, waived, f.Message)
	}
}

func join(a, b string) string {
	if a != "" && b != "" {
		return a + "; " + b
	}
	return a + b
}
