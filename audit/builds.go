package audit

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"github.com/proffer-audit/proffer/audit/engine"
	"github.com/proffer-audit/proffer/audit/evidence"
	"github.com/proffer-audit/proffer/audit/policy"
	"github.com/proffer-audit/proffer/audit/rebuild"
	"github.com/proffer-audit/proffer/audit/sandbox"
	"github.com/proffer-audit/proffer/audit/submission"
	"github.com/proffer-audit/proffer/audit/workspace"
	"github.com/proffer-audit/proffer/reports"
)

// The outputs of a build step, beside its result.
const (
	outRebuilt = "rebuilt"
	outLog     = "log"
	outPatch   = "patch" // of the toolchain, made to try a cause
)

// rebuild plans the build of one file from its source, and the judgement of what
// it gave. They are two steps, so that another policy does not build again.
func (p *planner) rebuild(b submission.Build) {
	id, building := "rebuild/"+p.subject(b), "build/"+p.subject(b)
	tool := p.toolchains[b.Toolchain.Digest]
	p.add(p.buildStep(building, b))
	params := struct {
		Require reports.Level           `json:"require"`
		Trusted []policy.ToolchainTrust `json:"trusted"`
		Patches []string                `json:"patches"`
		PURL    string                  `json:"purl"`
		Digest  string                  `json:"digest"`
	}{p.in.policy.Require.Rebuild, p.in.policy.Trust.Toolchains, patchesOf(b), b.Toolchain.PURL, b.Toolchain.Digest}
	p.add(outcomesStep(id, "rebuild", 2, []string{building, pinID(tool)}, params,
		func(_ context.Context, in engine.Input) (engine.Output, error) {
			var r rebuild.Result
			if err := resultOf(in, building, &r); err != nil {
				return unmet(in.Store, err, id)
			}
			proof, err := verdictOf(in, tool)
			if err != nil {
				return engine.Output{}, err
			}
			v := rebuild.Verdict{Require: params.Require}
			v.ToolchainTrusted, v.ToolchainNote = trusted(p.in.policy, b.Toolchain, proof)
			o := outputs{store: in.Store}
			o.json(outOutcomes, rebuild.Outcomes(p.subject(b), r, v))
			return o.done()
		}), owed{id: id})
}

// buildStep plans the build itself.
func (p *planner) buildStep(id string, b submission.Build) engine.Step {
	src, tool, art := "source/"+b.Source, p.toolchains[b.Toolchain.Digest], "artifact/"+b.Artifact
	needs := p.needs(src, tool, art)
	if b.Modules != "" {
		needs = append(needs, p.needs(p.modulesWhat(b))...)
	}
	for i := range b.Toolchain.Patches {
		needs = append(needs, p.needs(p.patchWhat(b, i))...)
	}
	params := struct {
		Recipe        rebuild.Recipe    `json:"recipe"`
		File          string            `json:"file"`
		Digest        evidence.Digest   `json:"digest"`
		Targets       []evidence.Digest `json:"targets"`
		Patches       []string          `json:"patches"`
		Tools         []string          `json:"tools"`
		Lacks         []string          `json:"lacks"`
		CounterBuilds int               `json:"counterBuilds"`
		Variations    []string          `json:"variations"`
	}{
		recipeOf(b, p.artifact(b.Artifact)), b.File, p.fileDigest(b), p.targets(), patchesOf(b), b.Toolchain.Rebuild,
		unsupported(b), rebuild.DefaultCounterBuilds, p.in.policy.Variations,
	}
	step := outcomesStep(id, "build", 2, needs, params, func(ctx context.Context, in engine.Input) (engine.Output, error) {
		job, err := p.job(in, b, src, tool, art)
		if err != nil {
			return withoutResult(in.Store, err)
		}
		job.Recipe, job.FileDigest, job.Targets = params.Recipe, params.Digest, params.Targets
		job.CounterBuilds, job.Variations = params.CounterBuilds, params.Variations
		result, err := p.build(ctx, in, id, job)
		if err != nil {
			return engine.Output{}, err
		}
		return keepBuild(in.Store, result)
	})
	step.Class = engine.Rebuild
	return step
}

// job puts together what the build needs.
func (p *planner) job(in engine.Input, b submission.Build, src, tool, art string) (rebuild.Job, error) {
	var job rebuild.Job
	if lacks := unsupported(b); len(lacks) > 0 {
		return job, &unmetError{What: "support for " + strings.Join(lacks, ", ") + " in recipes", Code: "not-supported"}
	}
	var err error
	if job.Source, _, err = packed(in, src); err != nil {
		return job, err
	}
	if job.Toolchain, _, err = packed(in, tool); err != nil {
		return job, err
	}
	if job.Modules, _, err = p.goModules(in, b); err != nil {
		return job, err
	}
	for i, patch := range b.Toolchain.Patches {
		d, _, err := blobOf(in, p.patchWhat(b, i))
		if err != nil {
			return job, err
		}
		job.Patches = append(job.Patches, rebuild.Patch{Name: patch.Location, Blob: d})
	}
	job.Tools = b.Toolchain.Rebuild
	d, _, err := blobOf(in, art)
	if err != nil {
		return job, err
	}
	a := p.artifact(b.Artifact)
	job.Artifact, job.File = rebuild.Artifact{Blob: d, URI: a.PURL}, b.File
	job.Limits = p.limits()
	return job, nil
}

// build runs a job in the sandbox. A limit that was hit holds for this run only.
func (p *planner) build(ctx context.Context, in engine.Input, id string, job rebuild.Job) (rebuild.Result, error) {
	sb, err := p.isolate(ctx, in, id)
	if err != nil {
		return rebuild.Result{}, err
	}
	dir, done, err := p.workdir(id)
	if err != nil {
		return rebuild.Result{}, err
	}
	result, _, err := rebuild.Run(ctx, sb, in.Store, dir, job)
	for _, limit := range []string{result.LimitHit, result.SearchLimit} {
		if limit != "" {
			in.Events(engine.Event{Step: id, Phase: engine.Recorded, Record: limitHit{id, limit}})
		}
	}
	return result, errors.Join(err, done())
}

// isolate opens the sandbox and puts its record into the run's.
func (p *planner) isolate(ctx context.Context, in engine.Input, id string) (*sandbox.Sandbox, error) {
	if p.tools.Sandbox == nil {
		return nil, &sandbox.UnavailableError{}
	}
	sb, err := p.tools.Sandbox(ctx)
	if err != nil {
		return nil, err
	}
	record := sb.Record()
	in.Events(engine.Event{Step: id, Phase: engine.Recorded, Record: &record})
	return sb, nil
}

// workdir makes a folder for one step, and the function that takes it away.
func (p *planner) workdir(id string) (dir string, done func() error, err error) {
	dir, err = os.MkdirTemp(p.tools.Scratch, strings.ReplaceAll(id, "/", "-")+"-")
	if err != nil {
		return "", nil, fmt.Errorf("make a work folder: %w", err)
	}
	return filepath.Clean(dir), func() error { return workspace.Remove(dir) }, nil
}

func keepBuild(store evidence.ReadWriter, r rebuild.Result) (engine.Output, error) {
	o := outputs{store: store}
	o.json(outResult, r)
	if r.Rebuilt != nil {
		o.link(outRebuilt, *r.Rebuilt)
	}
	if r.Log != nil {
		o.link(outLog, *r.Log)
	}
	if r.Patch != nil {
		o.link(outPatch, *r.Patch)
	}
	o.out.Transient = r.LimitHit != "" || r.SearchLimit != ""
	return o.done()
}

func recipeOf(b submission.Build, a submission.Artifact) rebuild.Recipe {
	r := rebuild.Recipe{
		Prepare: b.Prepare, Command: b.Command, Postprocess: b.Postprocess,
		Env: b.Env, Output: b.Output, Platform: a.Platform, Workspace: b.Workspace,
	}
	if b.VCS != nil {
		r.VCS = &rebuild.VCS{Revision: b.VCS.Revision, Time: b.VCS.Time, Modified: b.VCS.Modified}
	}
	if b.Paths != (submission.Paths{}) {
		r.Paths = &rebuild.Paths{Source: b.Paths.Source, Modules: b.Paths.Modules, Toolchain: b.Paths.Toolchain}
	}
	return r
}

// unsupported names the parts of a recipe that this version does not carry out.
// A recipe with one of them is not run rather than run without it.
func unsupported(b submission.Build) []string {
	list := []string{}
	if b.Root != nil {
		list = append(list, "root")
	}
	if len(b.Inputs) > 0 {
		list = append(list, "inputs")
	}
	return list
}

func patchesOf(b submission.Build) []string {
	list := []string{}
	for _, patch := range b.Toolchain.Patches {
		list = append(list, patch.Digest)
	}
	return list
}

// fileDigest is the pin of the file that a build is to give, where it is one
// that names bytes by sha256.
func (p *planner) fileDigest(b submission.Build) evidence.Digest {
	a := p.artifact(b.Artifact)
	pin := a.Digest
	for _, f := range a.Files {
		if f.Path == b.File {
			pin = f.Digest
		}
	}
	if hex := plainDigest(pin)["sha256"]; hex != "" {
		return evidence.Digest("sha256:" + hex)
	}
	return ""
}

// targets are the shipped files of all builds: none of them may lie ready in a
// tree that one of the builds reads.
func (p *planner) targets() []evidence.Digest {
	list := []evidence.Digest{}
	for _, b := range p.in.submission.Builds {
		if d := p.fileDigest(b); d != "" {
			list = append(list, d)
		}
	}
	slices.Sort(list)
	return slices.Compact(list)
}

// trusted says whether the policy trusts a toolchain: by its digest, or by its
// name with the proof of the checksum database.
func trusted(pol *policy.Policy, t submission.Toolchain, proof judged) (bool, string) {
	if len(t.Patches) > 0 {
		return false, "the vendor patched the toolchain"
	}
	for _, x := range pol.Trust.Toolchains {
		switch {
		case x.Digest != "" && x.Digest == t.Digest:
			return true, "the policy trusts this toolchain by its digest"
		case x.PURL != "" && strings.HasPrefix(t.PURL, x.PURL+"@"):
			if proof.Proven {
				return true, "the policy trusts toolchains of this name, and the checksum database published this one"
			}
			return false, "the policy trusts toolchains of this name, but the checksum database does not prove this one"
		}
	}
	return false, "the policy does not trust this toolchain"
}
