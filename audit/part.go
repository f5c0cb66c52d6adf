package audit

import (
	"context"
	"slices"
	"strings"
	"time"

	"github.com/proffer-audit/proffer/audit/engine"
	"github.com/proffer-audit/proffer/audit/evidence"
	"github.com/proffer-audit/proffer/audit/rebuild"
	"github.com/proffer-audit/proffer/audit/submission"
	"github.com/proffer-audit/proffer/reports"
)

// Part is a part of an audit's plan that can be run by itself.
type Part int

// The parts.
const (
	OnlyFetch   Part = iota // transfers, and the checks of what they brought
	OnlyRebuild             // builds, and the transfers they need
)

// Partial is what a part of an audit found. It is no report.
type Partial struct {
	Outcomes reports.Outcomes
	Isolated bool
	Mismatch bool
	Ran      int
	Cached   int
	Rebuilds []Rebuilt
	// What the rebuilds were judged by, and as of when.
	Policy       string // its id
	PolicyDigest evidence.Digest
	AsOf         time.Time
}

// Rebuilt is one build that was carried out to its end, or that failed by a
// fault of its own.
type Rebuilt struct {
	Artifact string
	URI      string // what the artifact is called outside, or ""
	Result   rebuild.Result
	Recipe   rebuild.Recipe
	Facts    rebuild.ProvenanceData
	Check    reports.Check // the policy's of this rebuild; the zero Check if there is none
}

// RunPart runs a part of the plan: of one artifact, or of all when it is "".
func RunPart(ctx context.Context, req Request, tools Tools, part Part, artifact string) (*Partial, error) {
	in, err := read(req, tools.Store)
	if err != nil {
		return nil, err
	}
	p := newPlanner(req, tools, in)
	p.plan()
	if err := p.only(part, artifact); err != nil {
		return nil, err
	}
	outcome, err := engine.Local(tools.Store, tools.Cache, tools.Limits, tools.Now).Run(ctx, p.steps, tools.Watch)
	if err == nil && ctx.Err() != nil {
		err = context.Cause(ctx)
	}
	if err != nil {
		return nil, err
	}
	a := &Audit{Isolated: true}
	all, err := p.outcomes(outcome, a)
	if err != nil {
		return nil, err
	}
	out := &Partial{
		Outcomes: all, Isolated: a.Isolated, Mismatch: a.Mismatch,
		Policy: in.policy.ID, PolicyDigest: evidence.Of(req.Policy.Raw), AsOf: req.Parameters.AsOf,
	}
	for _, s := range p.steps {
		if outcome.Cached[s.ID] {
			out.Cached++
		} else if outcome.Errors[s.ID] == nil {
			out.Ran++
		}
	}
	if part == OnlyRebuild {
		out.Rebuilds, err = p.rebuilt(outcome, all.Checks)
	}
	return out, err
}

// only keeps the steps of a part, with all that they need.
func (p *planner) only(part Part, artifact string) error {
	if artifact != "" && !slices.ContainsFunc(p.in.submission.Builds, func(b submission.Build) bool { return b.Artifact == artifact }) {
		return &InputError{Code: "no-build", What: "the submission says nothing of how " + artifact + " is built", Fix: "name an artifact that a build is of"}
	}
	keep := map[string]bool{}
	var need func(id string)
	need = func(id string) {
		i := slices.IndexFunc(p.steps, func(s engine.Step) bool { return s.ID == id })
		if i < 0 || keep[id] {
			return
		}
		keep[id] = true
		for _, n := range p.steps[i].Needs {
			need(n)
		}
	}
	for _, s := range p.steps {
		fetching := strings.HasPrefix(s.ID, "fetch/") || strings.HasPrefix(s.ID, "pin/")
		building := s.Kind == "rebuild" && (artifact == "" || s.ID == "rebuild/"+artifact || strings.HasPrefix(s.ID, "rebuild/"+artifact+"/"))
		if part == OnlyFetch && fetching || part == OnlyRebuild && building {
			need(s.ID)
		}
	}
	p.steps = slices.DeleteFunc(p.steps, func(s engine.Step) bool { return !keep[s.ID] })
	return nil
}

// rebuilt collects the builds that came to a level, with the facts that a
// rebuilder's statement needs. One that hit a limit, or was not run, has none.
func (p *planner) rebuilt(o engine.Outcome, checks []reports.Check) ([]Rebuilt, error) {
	var list []Rebuilt
	for _, b := range p.in.submission.Builds {
		d, ok := output(o, "build/"+p.subject(b), outResult)
		if !ok {
			continue
		}
		var r rebuild.Result
		if err := readJSON(p.tools.Store, d, &r); err != nil {
			return nil, err
		}
		if r.Level == "" {
			continue
		}
		job, err := p.jobAgain(o, b)
		if err != nil {
			return nil, err
		}
		built := Rebuilt{Artifact: p.subject(b), URI: job.Artifact.URI, Result: r, Recipe: job.Recipe, Facts: rebuild.Provenance(job, r)}
		if i := slices.IndexFunc(checks, func(c reports.Check) bool { return c.ID == "rebuild/"+built.Artifact }); i >= 0 {
			built.Check = checks[i]
		}
		list = append(list, built)
	}
	return list, nil
}

// jobAgain puts a finished build's job together again, from the outputs of the
// steps that it needed.
func (p *planner) jobAgain(o engine.Outcome, b submission.Build) (rebuild.Job, error) {
	job, err := p.job(p.outputsOf(o), b, "source/"+b.Source, p.toolchains[b.Toolchain.Digest], "artifact/"+b.Artifact)
	if err != nil {
		return job, err
	}
	job.Recipe, job.FileDigest = recipeOf(b, p.artifact(b.Artifact)), p.fileDigest(b)
	job.Targets = p.targets()
	return job, nil
}

// outputsOf gives the outputs of a finished plan as the input of a further step.
func (p *planner) outputsOf(o engine.Outcome) engine.Input {
	in := engine.Input{Store: p.tools.Store, Needs: map[string]map[string]evidence.Descriptor{}}
	for id, r := range o.Results {
		in.Needs[id] = map[string]evidence.Descriptor{}
		for _, d := range r.Outputs {
			in.Needs[id][d.Name] = d
		}
	}
	return in
}
