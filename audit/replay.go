package audit

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"

	"github.com/proffer-audit/proffer/attest/strictjson"
	"github.com/proffer-audit/proffer/audit/engine"
	"github.com/proffer-audit/proffer/audit/evidence"
	"github.com/proffer-audit/proffer/reports"
)

// Replayed is what came of running an audit again from its dossier.
type Replayed struct {
	Audit *Audit
	// Same says that the report came out again, byte for byte.
	Same bool
	// NotComparable lists the checks that could not be repeated here, or were
	// not finished there: a report that differs in them proves nothing.
	NotComparable []string
	// Differs lists the checks and findings that came out otherwise.
	Differs []string
}

// Mode of a replay.
type ReplayMode int

// The modes of a replay.
const (
	// ReplayAll executes every step again, the rebuild too, but the transfers.
	ReplayAll ReplayMode = iota
	// ReplayAssess takes the stored results of all steps and repeats only the
	// assessment and the report. It runs nothing of the vendor's.
	ReplayAssess
)

// Replay runs the audit of a verified dossier again from the dossier alone and
// compares the reports. Tools are the reviewer's own; Fetch and Observations in
// them are ignored, so that no connection is made.
func Replay(ctx context.Context, d *evidence.Dossier, v *Verification, mode ReplayMode, tools Tools) (*Replayed, error) {
	if v.Report.Auditor.Version != Version {
		return nil, &InputError{
			Code: CodeOtherVersion,
			What: fmt.Sprintf("the report is by proffer %s, and this is %s: a replay would not be comparable", v.Report.Auditor.Version, Version),
			Fix:  "replay with the version that made the report",
		}
	}
	blobs := namedEvidence(d)
	req, err := requestOf(d, blobs)
	if err != nil {
		return nil, err
	}
	results, err := stepsOf(d, blobs)
	if err != nil {
		return nil, err
	}
	tools.Fetch, tools.Observations = nil, results
	tools.Store = evidence.NewOverlay(d, tools.Store)
	a, err := runReplay(ctx, req, tools, mode, results)
	if err != nil {
		return nil, err
	}
	return compareReports(v, a), nil
}

func runReplay(ctx context.Context, req Request, tools Tools, mode ReplayMode, results map[string]engine.Result) (*Audit, error) {
	if mode == ReplayAll {
		maps.DeleteFunc(results, func(_ string, r engine.Result) bool { return !r.Observe })
		return Run(ctx, req, tools)
	}
	in, err := read(req, tools.Store)
	if err != nil {
		return nil, err
	}
	p := newPlanner(req, tools, in)
	p.plan()
	return p.assemble(engine.Outcome{Results: results, Errors: map[string]error{}})
}

func namedEvidence(d *evidence.Dossier) map[string]evidence.Descriptor {
	blobs := map[string]evidence.Descriptor{}
	for _, e := range d.Contents().Evidence {
		blobs[e.Name] = e
	}
	return blobs
}

// requestOf rebuilds the request from the evidence.
func requestOf(d *evidence.Dossier, blobs map[string]evidence.Descriptor) (Request, error) {
	read := func(name string) ([]byte, error) {
		e, ok := blobs[name]
		if !ok {
			return nil, refusal(CodeInconsistent, "the dossier holds no "+name, nil)
		}
		return d.Read(e.Digest, maxArtifact)
	}
	var req Request
	var err error
	get := func(name string) []byte {
		raw, e := read(name)
		err = errors.Join(err, e)
		return raw
	}
	req.Submission = Document{"submission.yaml", get(nameSubmission)}
	req.Policy = Document{"policy.yaml", get(namePolicy)}
	req.Profile = Document{"profile.yaml", get(nameProfile)}
	params := get(nameParameters)
	if _, ok := blobs[nameOSV]; ok {
		req.OSV = get(nameOSV)
	}
	if err != nil {
		return req, err
	}
	req.PolicyFiles = func(path string) ([]byte, error) { return read(namePolicyFile + path) }
	if err := strictjson.Unmarshal(params, &req.Parameters, strictjson.Limits{}); err != nil {
		return req, refusal(CodeInconsistent, "read the parameters of the audit", err)
	}
	return req, nil
}

// stepsOf reads which step put out what. The outputs must be the evidence of
// that name: the list cannot point a step at other bytes.
func stepsOf(d *evidence.Dossier, blobs map[string]evidence.Descriptor) (map[string]engine.Result, error) {
	e, ok := blobs[nameResults]
	if !ok {
		return nil, refusal(CodeInconsistent, "the dossier does not say which step put out what", nil)
	}
	raw, err := d.Read(e.Digest, maxDocument)
	if err != nil {
		return nil, err
	}
	var list []engine.Result
	if err := strictjson.Unmarshal(raw, &list, strictjson.Limits{Bytes: maxDocument}); err != nil {
		return nil, refusal(CodeInconsistent, "read the list of steps", err)
	}
	results := map[string]engine.Result{}
	for _, r := range list {
		for _, o := range r.Outputs {
			name := "step/" + r.ID + "/" + o.Name
			if have, ok := blobs[name]; !ok || have.Digest != o.Digest {
				return nil, refusal(CodeInconsistent, "step "+r.ID+" names an output that is not among the evidence", nil)
			}
		}
		results[r.ID] = r
	}
	return results, nil
}

func compareReports(v *Verification, a *Audit) *Replayed {
	r := &Replayed{Audit: a, Same: bytes.Equal(a.Statement, v.Statement), NotComparable: []string{}, Differs: []string{}}
	if r.Same {
		return r
	}
	was, is := checksByID(v.Report), checksByID(a.Report)
	ids := slices.Sorted(maps.Keys(was))
	for id := range is {
		if _, ok := was[id]; !ok {
			ids = append(ids, id)
		}
	}
	for _, id := range ids {
		w, i := was[id], is[id]
		switch {
		case notComparable(w) || notComparable(i):
			r.NotComparable = append(r.NotComparable, id)
		case w.Status != i.Status || w.Level != i.Level || w.Reason != i.Reason || !slices.Equal(w.Evidence, i.Evidence):
			r.Differs = append(r.Differs, id)
		}
	}
	r.Differs = append(r.Differs, findingDifferences(v.Report, a.Report)...)
	if len(r.Differs) == 0 && len(r.NotComparable) == 0 {
		r.Differs = append(r.Differs, "report")
	}
	return r
}

func checksByID(r reports.Report) map[string]reports.Check {
	m := map[string]reports.Check{}
	for _, c := range r.Checks {
		m[c.ID] = c
	}
	return m
}

// findingDifferences lists findings that only one of two reports has.
func findingDifferences(a, b reports.Report) []string {
	count := map[string]int{}
	for _, f := range a.Findings {
		count[f.ID]++
	}
	for _, f := range b.Findings {
		count[f.ID]--
	}
	var list []string
	for id, n := range count {
		if n != 0 {
			list = append(list, id)
		}
	}
	slices.SortFunc(list, strings.Compare)
	return list
}
