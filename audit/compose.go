package audit

import (
	"encoding/base64"
	"encoding/hex"
	"fmt"
	"slices"
	"strings"

	"github.com/proffer-audit/proffer/attest/statement"
	"github.com/proffer-audit/proffer/audit/assess"
	"github.com/proffer-audit/proffer/audit/engine"
	"github.com/proffer-audit/proffer/audit/evidence"
	"github.com/proffer-audit/proffer/audit/submission"
	"github.com/proffer-audit/proffer/reports"
	"github.com/proffer-audit/proffer/reports/safetext"
)

// timeFormat is how instants stand in a report: UTC, whole seconds.
const timeFormat = "2006-01-02T15:04:05Z"

// report composes the report from what the checks found.
func (p *planner) report(all reports.Outcomes, declared reports.Declared, manifest evidence.Digest) (reports.Report, error) {
	s := p.in.submission
	deps, err := dependencies()
	if err != nil {
		return reports.Report{}, err
	}
	verdict := assess.Assess(assess.Case{
		Submission: s, Profile: p.in.profile, Outcomes: all, Owed: p.owedIDs(), Declared: declared,
		Demands: p.demands(), Waivers: p.waivers(), Carried: p.req.Parameters.Carried, AsOf: p.req.Parameters.AsOf, Mode: p.req.Parameters.Mode,
	})
	r := reports.Report{
		Auditor:    reports.Auditor{Version: Version, Rules: p.rules, Dependencies: deps},
		Sequence:   p.req.Parameters.Sequence,
		Previous:   p.req.Parameters.Previous,
		Inputs:     p.inputDigests(),
		AsOf:       p.req.Parameters.AsOf.Format(timeFormat),
		Mode:       p.req.Parameters.Mode,
		Respondent: respondent(s.Respondent),
		Matter:     reports.Matter{Profile: s.Matter.Profile, Number: safetext.Of(s.Matter.Number), Received: s.Matter.Received.String()},
		Submission: reports.SubmissionID{ID: s.ID, Version: s.Version, Supersedes: s.Supersedes},
		Products:   products(s.Products),
		Checks:     all.Checks,
		Channels:   channels(s.Channels),
		Exclusions: exclusions(s),
		Replay:     reports.Replay{Evidence: string(manifest)},
	}
	verdict.Fill(&r)
	return r, nil
}

// inputDigests closes the report over its inputs.
func (p *planner) inputDigests() reports.Inputs {
	in := reports.Inputs{Databases: map[string]string{}, Documents: map[string]string{}}
	for _, d := range p.in.evidence {
		switch d.Name {
		case nameSubmission:
			in.Submission = string(d.Digest)
		case namePolicy:
			in.Policy = string(d.Digest)
		case nameProfile:
			in.Profile = string(d.Digest)
		case nameOSV:
			in.Databases["osv"] = string(d.Digest)
		}
	}
	for _, d := range p.in.submission.Documents {
		in.Documents[safetext.Of(d.Title).String()] = d.Digest
	}
	return in
}

// subjects are the assessed files and sources: what the report is about. A thing
// that is there is named by its sha256 too, whatever it is pinned by.
func (p *planner) subjects(o engine.Outcome) ([]statement.Subject, error) {
	var list []statement.Subject
	add := func(name, what, pin string) error {
		digest, err := subjectDigest(pin)
		if err != nil {
			return err
		}
		var v judged
		if d, ok := output(o, pinID(what), outJudged); ok {
			if err := readJSON(p.tools.Store, d, &v); err != nil {
				return err
			}
		}
		if blob, ok := output(o, fetchID(what), outBytes); ok && v.Obtained && digest["tree-sha256"] == "" {
			digest["sha256"] = blob.Digest.Hex()
		}
		list = append(list, statement.Subject{Name: name, Digest: digest})
		return nil
	}
	for _, a := range p.in.submission.Artifacts {
		if err := add(a.Name, "artifact/"+a.Name, a.Digest); err != nil {
			return nil, err
		}
		for _, f := range a.Files {
			list = append(list, statement.Subject{Name: safetext.Of(a.Name + "/" + f.Path).String(), Digest: plainDigest(f.Digest)})
		}
	}
	for _, src := range p.in.submission.Sources {
		if err := add(src.Name, "source/"+src.Name, src.Digest); err != nil {
			return nil, err
		}
	}
	return list, nil
}

// subjectDigest writes a pin as in-toto's digest set does: h1: is its goModuleH1.
func subjectDigest(pin string) (map[string]string, error) {
	if d := plainDigest(pin); d != nil {
		return d, nil
	}
	if sum, ok := strings.CutPrefix(pin, "h1:"); ok {
		raw, err := base64.StdEncoding.DecodeString(sum)
		return map[string]string{"goModuleH1": hex.EncodeToString(raw)}, err
	}
	sum, ok := strings.CutPrefix(pin, "tree-sha256:")
	if !ok {
		return nil, fmt.Errorf("pin %.80q is of no kind that a report can name", pin)
	}
	return map[string]string{"tree-sha256": sum}, nil
}

func respondent(r submission.Respondent) reports.Respondent {
	return reports.Respondent{
		Name: safetext.Of(r.Name), Aliases: texts(r.Aliases), Contact: safetext.Of(r.Contact), Basis: safetext.Of(r.Basis),
	}
}

func products(list []submission.Product) []reports.Product {
	out := []reports.Product{}
	for _, p := range list {
		out = append(out, reports.Product{Name: safetext.Of(p.Name), Version: safetext.Of(p.Version), Identifiers: texts(p.Identifiers)})
	}
	return out
}

func channels(list []submission.Channel) []reports.Channel {
	out := []reports.Channel{}
	for _, c := range list {
		out = append(out, reports.Channel{
			Kind: c.Kind, Endpoint: safetext.Of(c.Endpoint), Purpose: safetext.Of(c.Purpose), Data: texts(c.Data),
			Jurisdiction: safetext.Of(c.Jurisdiction), Operators: texts(c.Operators),
		})
	}
	return out
}

// exclusions are what the vendor says it does not offer, in whole or of a source.
func exclusions(s *submission.Submission) []reports.Exclusion {
	out := []reports.Exclusion{}
	for _, e := range s.Exclusions {
		out = append(out, reports.Exclusion{What: safetext.Of(e.What), Why: safetext.Of(e.Why)})
	}
	for _, src := range s.Sources {
		for _, o := range src.Omitted {
			out = append(out, reports.Exclusion{What: safetext.Of(src.Name + ": " + o.Path), Why: safetext.Of(o.Reason)})
		}
	}
	return out
}

func texts(list []string) []safetext.Text {
	out := make([]safetext.Text, 0, len(list))
	for _, s := range list {
		out = append(out, safetext.Of(s))
	}
	return slices.Clip(out)
}
