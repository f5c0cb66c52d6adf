package audit

import (
	"context"
	"errors"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/proffer-audit/proffer/attest/statement"
	"github.com/proffer-audit/proffer/audit/engine"
	"github.com/proffer-audit/proffer/audit/evidence"
	"github.com/proffer-audit/proffer/audit/profile"
	"github.com/proffer-audit/proffer/audit/rebuild"
	"github.com/proffer-audit/proffer/audit/sandbox"
	"github.com/proffer-audit/proffer/reports"
	"github.com/proffer-audit/proffer/reports/safetext"
)

// Run audits. A negative result is an Audit like any other; an error means that
// there is none: an input that does not read, a store that fails, an end that was
// asked for.
func Run(ctx context.Context, req Request, tools Tools) (*Audit, error) {
	in, err := read(req, tools.Store)
	if err != nil {
		return nil, err
	}
	p := newPlanner(req, tools, in)
	p.plan()
	rec := &recorder{watch: tools.Watch, run: reports.Run{
		LimitsHit: []safetext.Text{}, Steps: []reports.RunStep{}, Fetches: []reports.Fetch{}, Unreplayable: []string{},
	}}
	started := tools.Now()
	runner := engine.Local(tools.Store, tools.Cache, tools.Limits, tools.Now)
	if tools.Observations != nil {
		runner = runner.WithObservations(tools.Observations)
	}
	outcome, err := runner.Run(ctx, p.steps, rec.event)
	if err != nil {
		return nil, err
	}
	if ctx.Err() != nil {
		return nil, context.Cause(ctx)
	}
	a, err := p.assemble(outcome)
	if err != nil {
		return nil, err
	}
	rec.finish(a, p, outcome, started, tools.Now())
	return a, nil
}

// Steps says how many steps an audit of a request has, for a progress bar.
func Steps(req Request) (int, error) {
	in, err := read(req, evidence.NewMemory())
	if err != nil {
		return 0, err
	}
	return len(newPlanner(req, Tools{}, in).plan()), nil
}

// recorder gathers the run record from the events.
type recorder struct {
	mu    sync.Mutex
	watch func(engine.Event)
	run   reports.Run
}

// limitHit is what a step records when a limit of the sandbox ended it.
type limitHit struct{ Step, Limit string }

func (r *recorder) event(e engine.Event) {
	r.mu.Lock()
	switch rec := e.Record.(type) {
	case []reports.Fetch:
		r.run.Fetches = append(r.run.Fetches, rec...)
	case *reports.SandboxRecord:
		r.run.Sandbox = rec
	case limitHit:
		r.run.LimitsHit = append(r.run.LimitsHit, safetext.Sprintf("%s: %s", rec.Step, rec.Limit))
	}
	r.mu.Unlock()
	if r.watch != nil {
		r.watch(e)
	}
}

func (r *recorder) finish(a *Audit, p *planner, o engine.Outcome, started, ended time.Time) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.run.Started, r.run.Finished = started.UTC().Format(time.RFC3339), ended.UTC().Format(time.RFC3339)
	for _, s := range p.steps {
		row := reports.RunStep{ID: s.ID, Cached: o.Cached[s.ID], Millis: o.Took[s.ID].Milliseconds()}
		if res, ok := o.Results[s.ID]; ok {
			row.Key = string(res.Key)
		}
		if err := o.Errors[s.ID]; err != nil {
			row.Error = safetext.Of(err.Error())
		} else if row.Cached {
			a.Cached++
		} else {
			a.Ran++
		}
		r.run.Steps = append(r.run.Steps, row)
	}
	slices.SortStableFunc(r.run.Fetches, func(x, y reports.Fetch) int { return strings.Compare(x.Step, y.Step) })
	for _, c := range a.Report.Checks {
		if notComparable(c) {
			r.run.Unreplayable = append(r.run.Unreplayable, c.ID)
		}
	}
	slices.SortFunc(r.run.LimitsHit, func(x, y safetext.Text) int { return strings.Compare(x.String(), y.String()) })
	a.Run = r.run
}

// notComparable tells a check that another machine may end otherwise: it hit a
// limit, or had no sandbox.
func notComparable(c reports.Check) bool {
	return c.Code == codeLimit || c.Code == codeNotIsolated || c.Code == codeFault
}

// The codes of checks whose step gave no verdict.
const (
	codeLimit       = "limit"        // a limit of time, memory or output
	codeNotIsolated = "not-isolated" // no sandbox
	codeFault       = "fault"        // the step failed; the run record says how
)

// assemble makes the report of an outcome.
func (p *planner) assemble(o engine.Outcome) (*Audit, error) {
	a := &Audit{Isolated: true}
	all, err := p.outcomes(o, a)
	if err != nil {
		return nil, err
	}
	p.lower(&all)
	if a.Evidence, err = p.evidence(o); err != nil {
		return nil, err
	}
	components, listed, err := p.components(o)
	if err != nil {
		return nil, err
	}
	if listed {
		a.Evidence = append(a.Evidence, components)
	}
	_, manifest, err := evidence.EvidenceManifest(a.Evidence)
	if err != nil {
		return nil, err
	}
	declared, err := p.declaredRows(o)
	if err != nil {
		return nil, err
	}
	if a.Report, err = p.report(all, declared, manifest); err != nil {
		return nil, err
	}
	a.Report.Components = string(components.Digest)
	subjects, err := p.subjects(o)
	if err != nil {
		return nil, err
	}
	a.Statement, err = statement.New(reports.PredicateType, subjects, a.Report)
	return a, err
}

// outcomes collects what the steps delivered, and says of every check that is
// owed and was not delivered why it was not.
func (p *planner) outcomes(o engine.Outcome, a *Audit) (reports.Outcomes, error) {
	all := reports.Outcomes{Checks: []reports.Check{}, Findings: []reports.Finding{}}
	for _, s := range p.steps {
		var got reports.Outcomes
		if d, ok := output(o, s.ID, outOutcomes); ok {
			if err := readJSON(p.tools.Store, d, &got); err != nil {
				return all, err
			}
		}
		for _, due := range p.checks[s.ID] {
			if !slices.ContainsFunc(got.Checks, func(c reports.Check) bool { return c.ID == due.id }) {
				got.Checks = append(got.Checks, undelivered(due, o.Errors[s.ID]))
			}
		}
		for _, c := range got.Checks {
			a.Isolated = a.Isolated && c.Code != codeNotIsolated
			a.Mismatch = a.Mismatch || c.Code == codeMismatch || c.Code == rebuild.FileDigestDiffers
		}
		for i, f := range got.Findings {
			if len(f.Concerns) == 0 {
				got.Findings[i].Concerns = p.bearing(f.Check)
			}
		}
		all.Checks = append(all.Checks, got.Checks...)
		all.Findings = append(all.Findings, got.Findings...)
	}
	slices.SortFunc(all.Checks, func(x, y reports.Check) int { return strings.Compare(x.ID, y.ID) })
	slices.SortStableFunc(all.Findings, func(x, y reports.Finding) int { return strings.Compare(x.ID, y.ID) })
	return all, nil
}

// bearing lists the concerns that the profile says a check bears on: those of a
// finding whose step knows of no concern.
func (p *planner) bearing(check string) []string {
	kind, _, _ := strings.Cut(check, "/")
	list := []string{}
	for _, c := range p.in.profile.Concerns {
		if slices.ContainsFunc(c.Checks, func(b profile.Bearing) bool { return string(b.Kind) == kind }) {
			list = append(list, c.ID)
		}
	}
	slices.Sort(list)
	return list
}

// undelivered is a check whose step ended without a verdict. The error itself
// may name paths and hosts, so it stands in the run record only.
func undelivered(due owed, err error) reports.Check {
	c := reports.Check{ID: due.id, Status: reports.Incomplete, Code: codeFault, Evidence: []string{}, Limits: []safetext.Text{}}
	c.Reason = safetext.Of("its step failed; the run record says how")
	var skipped *engine.SkippedError
	var unavailable *sandbox.UnavailableError
	switch {
	case errors.As(err, &unavailable):
		c.Status, c.Code = reports.NotRun, codeNotIsolated
		c.Reason = safetext.Of("there is no sandbox on this machine, so nothing of the vendor's was run")
	case errors.Is(err, context.DeadlineExceeded):
		c.Code = codeLimit
		c.Reason = safetext.Of("it took longer than the limit allows")
	case errors.As(err, &skipped):
		c.Status = reports.NotRun
		c.Reason = safetext.Sprintf("it needs step %s, which failed; the run record says how", skipped.Need)
	}
	return c
}

func output(o engine.Outcome, step, name string) (evidence.Descriptor, bool) {
	for _, d := range o.Results[step].Outputs {
		if d.Name == name {
			return d, true
		}
	}
	return evidence.Descriptor{}, false
}

// nameResults is the evidence that says which step put out what.
const nameResults = "steps"

// evidence lists everything that the report rests on: the inputs, what the steps
// put out, and the list of the steps itself.
func (p *planner) evidence(o engine.Outcome) ([]evidence.Descriptor, error) {
	list := slices.Clone(p.in.evidence)
	results := []engine.Result{}
	for _, s := range p.steps {
		res, ok := o.Results[s.ID]
		if !ok {
			continue
		}
		results = append(results, res)
		for _, d := range res.Outputs {
			d.Name = "step/" + s.ID + "/" + d.Name
			d.MediaType, _, _ = strings.Cut(d.MediaType, ";") // a manifest has no parameters
			list = append(list, d)
		}
	}
	slices.SortFunc(results, func(x, y engine.Result) int { return strings.Compare(x.ID, y.ID) })
	d, err := putJSON(p.tools.Store, nameResults, results)
	if err != nil {
		return nil, err
	}
	return append(list, d), nil
}
