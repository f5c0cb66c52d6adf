package audit

import (
	"fmt"
	"slices"

	"github.com/proffer-audit/proffer/audit/engine"
	"github.com/proffer-audit/proffer/audit/submission"
	"github.com/proffer-audit/proffer/reports"
)

// planner lays out the steps of one audit.
type planner struct {
	req   Request
	tools Tools
	in    *inputs
	steps []engine.Step
	// checks are the ids of the checks that a step owes, by step id. A check
	// that is owed and not delivered is reported as such.
	checks map[string][]owed
	// toolchains are the steps that fetch a toolchain, by its pin.
	toolchains map[string]string
	pins       map[string]string // what was first judged under a request's parameters
	rules      string            // digest of the rule data that sources are read by
}

// owed is a check that a step is to deliver.
type owed struct{ id string }

// outOutcomes is the output with which a step delivers its checks and findings.
const outOutcomes = "outcomes"

func newPlanner(req Request, tools Tools, in *inputs) *planner {
	return &planner{
		req: req, tools: tools, in: in, rules: in.rules,
		checks: map[string][]owed{}, toolchains: map[string]string{}, pins: map[string]string{},
	}
}

func (p *planner) add(s engine.Step, checks ...owed) string {
	p.steps = append(p.steps, s)
	p.checks[s.ID] = checks
	return s.ID
}

// plan lays out everything that the submission offers, in a fixed order.
func (p *planner) plan() []engine.Step {
	s := p.in.submission
	for _, src := range s.Sources {
		p.pinned("source/"+src.Name, src.Name, wanted{src.PURL, src.Locations, src.Digest}, maxArtifact)
	}
	for _, a := range s.Artifacts {
		p.pinned("artifact/"+a.Name, a.Name, wanted{a.PURL, a.Locations, a.Digest}, maxArtifact)
	}
	for _, b := range s.Builds {
		p.toolchain(b)
		for i, patch := range b.Toolchain.Patches {
			p.paper(p.patchWhat(b, i), patch.Location, patch.Digest)
		}
	}
	p.documents()
	for _, a := range s.Artifacts {
		p.provenance(a)
	}
	for _, b := range s.Builds {
		p.modules(b)
		p.rebuild(b)
		p.inventory(b)
		p.advisories(b)
	}
	for _, src := range s.Sources {
		p.source(src)
	}
	return p.steps
}

// Size caps of what is fetched, in bytes.
const (
	maxArtifact = 2 << 30
	maxPaper    = 64 << 20 // attestations, SBOMs, documents
)

// fetchID and pinID name the two steps of a transfer: the observation and the
// judgement of it.
func fetchID(what string) string { return "fetch/" + what }
func pinID(what string) string   { return "pin/" + what }

// pinned plans a transfer and the check fetch/<subject> of what it brought.
// Sources and artifacts share one space of names, so theirs are the subjects.
func (p *planner) pinned(what, subject string, w wanted, limit int64) {
	p.add(p.observe(fetchID(what), w, limit))
	id, key := "fetch/"+subject, string(reports.Params(w))
	if first, ok := p.pins[key]; ok {
		p.add(p.samePin(what, id, first), owed{id: id})
		return
	}
	p.pins[key] = what
	p.add(p.pinCheck(what, id, w), owed{id: id})
}

// paper plans a document. One that is named by its digest alone is not offered to
// be fetched; the report lists it among its inputs.
func (p *planner) paper(what, location, digest string) {
	if location != "" {
		p.pinned(what, what, wanted{"", []string{location}, digest}, maxPaper)
	}
}

// toolchain plans the toolchain of a build, once for all builds that pin the
// same one.
func (p *planner) toolchain(b submission.Build) {
	if _, planned := p.toolchains[b.Toolchain.Digest]; planned || b.Toolchain.Digest == "" {
		return
	}
	what := "toolchain/" + b.Artifact
	if n := len(p.toolchains); n > 0 && slices.ContainsFunc(p.steps, func(s engine.Step) bool { return s.ID == fetchID(what) }) {
		what = fmt.Sprintf("%s-%d", what, n)
	}
	p.toolchains[b.Toolchain.Digest] = what
	p.pinned(what, what, wanted{b.Toolchain.PURL, b.Toolchain.Locations, b.Toolchain.Digest}, maxArtifact)
}

// patchWhat names a patch of a build's toolchain among the things that are fetched.
func (p *planner) patchWhat(b submission.Build, i int) string {
	return fmt.Sprintf("patch/%s/%d", p.subject(b), i+1)
}

// documents plans the papers: they are kept as evidence, and their pins checked.
func (p *planner) documents() {
	s := p.in.submission
	for i, a := range s.Attestations {
		p.paper(attestationID(i), a.Location, a.Digest)
	}
	for i, d := range s.SBOMs {
		p.paper(fmt.Sprintf("sbom/%d", i+1), d.Location, d.Digest)
	}
	for i, d := range s.VEX {
		p.paper(fmt.Sprintf("vex/%d", i+1), d.Location, d.Digest)
	}
	for i, d := range s.Documents {
		p.paper(fmt.Sprintf("document/%d", i+1), d.Location, d.Digest)
	}
}

func attestationID(i int) string { return fmt.Sprintf("attestation/%d", i+1) }

// outcomesStep is a pure step that delivers outcomes. What it finds may change
// with each version of proffer, so the version is in its key.
func outcomesStep(id, kind string, version int, needs []string, params any, run engine.Func) engine.Step {
	return engine.Step{
		ID: id, Kind: kind, Version: version, Tool: Version, Needs: needs, Class: engine.CPU,
		Params: reports.Params(params), Run: run,
	}
}
