package compare

import (
	"github.com/proffer-audit/proffer/reports"
	"github.com/proffer-audit/proffer/reports/safetext"
)

// maxReported is how many changed functions and members a report names.
const maxReported = 20

// Report is the part of the account that a report carries; nil for files that
// are the same.
func (r Result) Report() *reports.Comparison {
	if r.Level == reports.BitIdentical {
		return nil
	}
	c := &reports.Comparison{
		Answer: r.Sentence(), ShippedSize: r.ShippedSize, RebuiltSize: r.RebuiltSize,
		DifferingBytes: r.DifferingBytes, Accounted: r.Accounted,
		Classes: []reports.ByteClass{}, Changed: []reports.ChangedFunction{}, Causes: []reports.BuildCause{},
		Normalisations: []reports.Normalised{}, Members: []safetext.Text{},
	}
	for _, k := range r.Classes {
		c.Classes = append(c.Classes, reports.ByteClass{Class: string(k.Class), Bytes: k.Bytes, Evidence: k.Evidence, SecurityRelevant: k.SecurityRelevant})
	}
	if _, f := r.changed(""); f != nil || r.Functions != nil {
		if f == nil {
			f = r.Functions
		}
		c.Functions = &reports.FunctionCounts{Total: f.Total, Same: f.Same, Relocated: f.Relocated, Changed: len(f.Changed)}
		for _, g := range f.Changed[:min(len(f.Changed), maxReported)] {
			c.Changed = append(c.Changed, reports.ChangedFunction{
				Name: g.Name, Status: g.Status, Place: reports.Location{Path: g.File, Line: g.Line},
				ShippedSize: g.ShippedSize, RebuiltSize: g.RebuiltSize, Why: g.Why,
			})
		}
	}
	for _, k := range r.Causes {
		c.Causes = append(c.Causes, reports.BuildCause{Kind: k.Kind, Detail: k.Detail, Proven: k.Proven})
	}
	for _, n := range r.Normalisations {
		c.Normalisations = append(c.Normalisations, reports.Normalised{ID: n.ID, Version: n.Version, Reason: safetext.Of(n.Reason), BytesHidden: n.BytesHidden})
	}
	paths := r.paths("")
	for _, p := range paths[:min(len(paths), maxReported)] {
		c.Members = append(c.Members, safetext.Of(p))
	}
	c.More = len(paths) - len(c.Members)
	return c
}

// paths lists the innermost members that differ.
func (r Result) paths(outer string) []string {
	var list []string
	for _, m := range r.Members {
		p := inside(outer, m.Path.String())
		switch {
		case m.Result == nil:
			list = append(list, p+": only in the "+m.In+" file")
		case len(m.Result.Members) == 0:
			list = append(list, p+": "+string(m.Result.Level))
		default:
			list = append(list, m.Result.paths(p)...)
		}
	}
	return list
}
