package audit

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/proffer-audit/proffer/audit/engine"
	"github.com/proffer-audit/proffer/audit/evidence"
	"github.com/proffer-audit/proffer/audit/fetch"
	"github.com/proffer-audit/proffer/reports"
	"github.com/proffer-audit/proffer/reports/safetext"
)

// codeMismatch is the code of a check whose bytes are not the pinned ones.
const codeMismatch = "digest-mismatch"

// judged is what later steps need to know of a fetched thing.
type judged struct {
	Obtained bool   `json:"obtained"` // the bytes are there and have the pinned digest
	Proven   bool   `json:"proven"`   // a trusted checksum database vouches for them
	Code     string `json:"code,omitempty"`
}

// outJudged is the output of a pin check that later steps read.
const outJudged = "judged"

// pinCheck plans the judgement of one transfer: the digest again, from the
// bytes, and the proof of the checksum database where there can be one.
func (p *planner) pinCheck(what, id string, w wanted) engine.Step {
	type params struct {
		Digest string         `json:"digest"`
		Logs   []fetch.LogKey `json:"logs"`
	}
	prm := params{w.Digest, p.logs()}
	return outcomesStep(pinID(what), "pin", 1, []string{fetchID(what)}, prm,
		func(_ context.Context, in engine.Input) (engine.Output, error) {
			obs, err := observed(in, fetchID(what))
			if err != nil {
				return engine.Output{}, err
			}
			check := reports.Check{ID: id, Evidence: observationEvidence(obs), Limits: []safetext.Text{}}
			verdict := judgePin(&check, in.Store, obs, w.Digest, prm.Logs)
			o := outputs{store: in.Store}
			o.json(outJudged, verdict)
			o.json(outOutcomes, reports.Outcomes{Checks: []reports.Check{check}, Findings: pinFindings(check, what, obs)})
			return o.done()
		})
}

// samePin plans the judgement of a transfer that is the very same request as one
// judged before, such as a toolchain that is also the source: the verdict is the
// first one's, under this check's id.
func (p *planner) samePin(what, id, first string) engine.Step {
	needs := []string{fetchID(what), fetchID(first), pinID(first)}
	return outcomesStep(pinID(what), "same-pin", 1, needs, struct{ ID string }{id},
		func(_ context.Context, in engine.Input) (engine.Output, error) {
			mine, err := observed(in, fetchID(what))
			if err != nil {
				return engine.Output{}, err
			}
			theirs, err := observed(in, fetchID(first))
			if err != nil {
				return engine.Output{}, err
			}
			if mine.Outcome != theirs.Outcome || mine.Blob != nil && theirs.Blob != nil && mine.Blob.Digest != theirs.Blob.Digest {
				return engine.Output{}, fmt.Errorf("two transfers of one request gave different things")
			}
			v, err := verdictOf(in, first)
			if err != nil {
				return engine.Output{}, err
			}
			d, err := needed(in, pinID(first), outOutcomes)
			if err != nil {
				return engine.Output{}, err
			}
			var out reports.Outcomes
			if err := readJSON(in.Store, d, &out); err != nil {
				return engine.Output{}, err
			}
			for i := range out.Checks {
				out.Checks[i].ID = id
				out.Findings = pinFindings(out.Checks[i], what, mine)
			}
			o := outputs{store: in.Store}
			o.json(outJudged, v)
			o.json(outOutcomes, out)
			return o.done()
		})
}

func (p *planner) logs() []fetch.LogKey {
	var logs []fetch.LogKey
	for _, l := range p.in.policy.Trust.Logs {
		logs = append(logs, fetch.LogKey{Name: l.Name, Key: l.Key})
	}
	return logs
}

// judgePin fills the check and says what later steps may rely on.
func judgePin(check *reports.Check, store evidence.Reader, obs fetch.Observation, pin string, logs []fetch.LogKey) judged {
	err := fetch.VerifyPin(store, obs, pin)
	switch {
	case obs.Outcome == fetch.Mismatched || err != nil && fetch.CodeOf(err) == fetch.Mismatch:
		check.Status, check.Code = reports.Fail, codeMismatch
		check.Reason = safetext.Sprintf("what was served has digest %s, and %s is pinned", obs.Observed, pin)
		return judged{Code: codeMismatch}
	case obs.Outcome == fetch.Missing:
		check.Status, check.Code = reports.NotRun, "not-obtained"
		check.Reason = safetext.Of("it was not obtained: no place gave it, or none may be asked; the run record says which were tried")
		return judged{Code: "not-obtained"}
	case err != nil:
		check.Status, check.Code = reports.Incomplete, string(fetch.CodeOf(err))
		check.Reason = safetext.Of("its digest could not be checked: " + err.Error())
		return judged{Code: check.Code}
	}
	check.Status, check.EvidenceClass = reports.Pass, reports.E2
	check.Reason = safetext.Of("the bytes have the pinned digest")
	if !strings.HasPrefix(obs.PURL, "pkg:golang/") {
		return judged{Obtained: true}
	}
	proven, err := fetch.VerifyProof(store, obs, logs)
	if err != nil {
		check.Status, check.Code = reports.Incomplete, string(fetch.CodeOf(err))
		check.Reason = safetext.Of("the bytes have the pinned digest, but: " + err.Error())
		return judged{Obtained: true, Code: check.Code}
	}
	check.Reason = safetext.Sprintf("the bytes have the pinned digest, which the checksum database %s published", proven.Log)
	return judged{Obtained: true, Proven: true}
}

func observationEvidence(obs fetch.Observation) []string {
	var list []string
	for _, d := range []*evidence.Descriptor{obs.Blob, obs.Proof, obs.Mod} {
		if d != nil {
			list = append(list, string(d.Digest))
		}
	}
	slices.Sort(list)
	return slices.Compact(append([]string{}, list...))
}

func pinFindings(check reports.Check, what string, obs fetch.Observation) []reports.Finding {
	findings := []reports.Finding{}
	if check.Code == codeMismatch {
		findings = append(findings, reports.Finding{
			ID: reports.FindingID("fetch.digest-mismatch", what, obs.Pin), Rule: "fetch.digest-mismatch",
			Severity: reports.Critical, Check: check.ID, Subject: safetext.Of(what), Concerns: []string{"C8"},
			Message:  safetext.Sprintf("%s: what was served is not what the submission pins", what),
			Evidence: check.Evidence,
			Facts: map[string]safetext.Text{
				"pinned": safetext.Of(obs.Pin), "observed": safetext.Of(obs.Observed),
			},
		})
	}
	return findings
}

// verdictOf reads the judgement of a pin check.
func verdictOf(in engine.Input, what string) (judged, error) {
	d, err := needed(in, pinID(what), outJudged)
	if err != nil {
		return judged{}, err
	}
	var v judged
	return v, readJSON(in.Store, d, &v)
}

// blobOf returns the bytes of a fetched thing that was found good, or a
// *unmetError saying that a step cannot run without it.
func blobOf(in engine.Input, what string) (evidence.Descriptor, judged, error) {
	v, err := verdictOf(in, what)
	if err != nil {
		return evidence.Descriptor{}, v, err
	}
	if !v.Obtained {
		return evidence.Descriptor{}, v, &unmetError{What: what, Code: v.Code}
	}
	d, err := needed(in, fetchID(what), outBytes)
	return d, v, err
}

// unmetError says that a step lacks something it cannot run without. It is a
// verdict, not a fault: the same evidence always gives it.
type unmetError struct {
	What string `json:"what"`
	Code string `json:"code"`
}

func (e *unmetError) Error() string {
	return fmt.Sprintf("%s is not there: %s", e.What, e.Code)
}

// The outputs of a step that does work for another to judge: its result, or what
// it lacked.
const (
	outResult = "result"
	outUnmet  = "unmet"
)

// withoutResult ends such a step without a result when it lacks something; any
// other error is passed on.
func withoutResult(store evidence.Writer, err error) (engine.Output, error) {
	u, ok := errors.AsType[*unmetError](err)
	if !ok {
		return engine.Output{}, err
	}
	o := outputs{store: store}
	o.json(outUnmet, u)
	return o.done()
}

// resultOf reads what such a step gave, or returns what it lacked.
func resultOf(in engine.Input, step string, into any) error {
	if d, ok := in.Needs[step][outUnmet]; ok {
		var u unmetError
		if err := readJSON(in.Store, d, &u); err != nil {
			return err
		}
		return &u
	}
	d, err := needed(in, step, outResult)
	if err != nil {
		return err
	}
	return readJSON(in.Store, d, into)
}

// unmet turns an unmetError into outcomes that say not-run for the checks that a
// step owes; any other error is passed on.
func unmet(store evidence.Writer, err error, checks ...string) (engine.Output, error) {
	u, ok := errors.AsType[*unmetError](err)
	if !ok {
		return engine.Output{}, err
	}
	out := reports.Outcomes{Findings: []reports.Finding{}}
	for _, id := range checks {
		out.Checks = append(out.Checks, reports.Check{
			ID: id, Status: reports.NotRun, Code: "input-missing", Evidence: []string{}, Limits: []safetext.Text{},
			Reason: safetext.Sprintf("it needs %s, which is not there (%s)", u.What, u.Code),
		})
	}
	o := outputs{store: store}
	o.json(outOutcomes, out)
	return o.done()
}
