package compare

import (
	"fmt"

	"github.com/proffer-audit/proffer/audit/compare/sections"
	"github.com/proffer-audit/proffer/reports"
	"github.com/proffer-audit/proffer/reports/safetext"
)

// Artifacts compares a shipped artifact with a rebuilt one and accounts for every
// differing byte. The error is a *sections.LimitError.
func Artifacts(shipped, rebuilt []byte, lim Limits) (Result, error) {
	raw := Bytes(shipped, rebuilt)
	r := Result{
		Level: raw.Level, Format: sections.Plain, ShippedSize: raw.ShippedSize, RebuiltSize: raw.RebuiltSize,
		FirstDifference: raw.FirstDifference, DifferingBytes: raw.DifferingBytes,
		Classes: []Class{}, Causes: []Cause{}, Found: []Finding{}, Normalisations: []Normalisation{},
	}
	if raw.DifferingBytes > 0 {
		r.Classes = append(r.Classes, Class{Class: Unexplained, Bytes: raw.DifferingBytes, Evidence: []safetext.Text{}, SecurityRelevant: true})
	}
	return r, nil
}

// Sentence is the answer in one sentence.
func (r Result) Sentence() safetext.Text {
	switch {
	case r.Level == reports.BitIdentical:
		return safetext.Sprintf("the files are the same to the last bit: %d bytes", r.ShippedSize)
	case r.Functions != nil && len(r.Functions.Changed) > 0:
		return safetext.Of(r.Functions.sentence())
	}
	return safetext.Sprintf("%s: %d bytes differ, %d of them are accounted for", r.Level, r.DifferingBytes, r.Accounted)
}

func (f Functions) sentence() string {
	first := f.Changed[0]
	s := fmt.Sprintf("%d of %d functions differ: %s", len(f.Changed), f.Total, first.Name)
	if first.Line > 0 {
		s += fmt.Sprintf(", %s:%d", first.File, first.Line)
	}
	return s
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
