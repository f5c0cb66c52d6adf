package audit

import (
	"context"
	"errors"
	"fmt"
	"path"
	"runtime"
	"slices"
	"strings"

	"github.com/proffer-audit/proffer/audit/archive"
	"github.com/proffer-audit/proffer/audit/engine"
	"github.com/proffer-audit/proffer/audit/evidence"
	"github.com/proffer-audit/proffer/audit/fetch"
	"github.com/proffer-audit/proffer/audit/rebuild"
	"github.com/proffer-audit/proffer/audit/sandbox"
	"github.com/proffer-audit/proffer/audit/submission"
	"github.com/proffer-audit/proffer/audit/workspace"
	"github.com/proffer-audit/proffer/reports"
)

// A Discoverer obtains what no manifest pins: the toolchain that a program names.
type Discoverer interface {
	Discover(ctx context.Context, purl string, note fetch.Note) (fetch.Discovery, []reports.Fetch, error)
}

// Offered is a shipped program and the source that it is said to be built from,
// without a recipe.
type Offered struct {
	Artifact rebuild.Artifact
	Name     string // of the artifact
	File     string // in it; "" when it is the program itself
	Digest   evidence.Digest
	Source   workspace.Archive
	From     string // name of the source
}

// Inferred is what was found of how a program was built.
type Inferred struct {
	Offered Offered
	Result  rebuild.Result
	// Recipe is the entry of builds that a manifest lacks, as YAML; "" where none
	// was found.
	Recipe string
	// Patch is the patch of the toolchain that the recipe names, if it takes one.
	Patch []byte
	// Why says what kept a recipe from being looked for.
	Why string
}

// goToolchain is the module that the Go toolchains are.
const goToolchain = "golang.org/toolchain"

// Infer looks for the recipes of programs that a submission offers and does not
// say the builds of: of one artifact, or of all when it is "".
func Infer(ctx context.Context, req Request, tools Tools, artifactName string) ([]Inferred, *Partial, error) {
	in, err := read(req, tools.Store)
	if err != nil {
		return nil, nil, err
	}
	p := newPlanner(req, tools, in)
	p.plan()
	if err := p.only(OnlyFetch, ""); err != nil {
		return nil, nil, err
	}
	outcome, err := engine.Local(tools.Store, tools.Cache, tools.Limits, tools.Now).Run(ctx, p.steps, tools.Watch)
	if err == nil && ctx.Err() != nil {
		err = context.Cause(ctx)
	}
	if err != nil {
		return nil, nil, err
	}
	a := &Audit{Isolated: true}
	all, err := p.outcomes(outcome, a)
	if err != nil {
		return nil, nil, err
	}
	part := &Partial{Outcomes: all, Isolated: a.Isolated, Mismatch: a.Mismatch}
	offered, err := p.offered(outcome, artifactName)
	if err != nil {
		return nil, part, err
	}
	var list []Inferred
	for _, o := range offered {
		found, err := InferOne(ctx, o, tools, p.limits())
		if err != nil {
			return nil, part, err
		}
		list = append(list, found)
	}
	return list, part, nil
}

// offered lists the programs of a submission's artifacts, each with its source.
func (p *planner) offered(o engine.Outcome, only string) ([]Offered, error) {
	in := p.outputsOf(o)
	var list []Offered
	for _, a := range p.in.submission.Artifacts {
		if only != "" && a.Name != only || p.said(a) && only == "" {
			continue
		}
		blob, _, err := blobOf(in, "artifact/"+a.Name)
		if err != nil {
			return nil, err
		}
		data, err := p.tools.Store.Read(blob.Digest, maxArtifact)
		if err != nil {
			return nil, err
		}
		files := []string{}
		for _, f := range a.Files {
			files = append(files, f.Path)
		}
		programs, err := rebuild.Programs(data, blob.Name, files)
		if err != nil {
			return nil, &InputError{Code: "artifact-unreadable", What: fmt.Sprintf("read artifact %s: %v", a.Name, err), Fix: "offer an archive or a program"}
		}
		for _, program := range programs {
			src, name, err := p.sourceOf(in, program.Module)
			if err != nil {
				return nil, err
			}
			list = append(list, Offered{rebuild.Artifact{Blob: blob, URI: a.PURL}, a.Name, program.Path, program.Digest, src, name})
		}
	}
	if len(list) == 0 {
		return nil, &InputError{Code: "no-program", What: "the submission offers no Go program whose recipe it lacks", Fix: "name an artifact with --artifact"}
	}
	return list, nil
}

// said reports whether the submission has a recipe for an artifact.
func (p *planner) said(a submission.Artifact) bool {
	return slices.ContainsFunc(p.in.submission.Builds, func(b submission.Build) bool { return b.Artifact == a.Name })
}

// sourceOf picks the source of a main module: the one of its name, or the only
// one there is.
func (p *planner) sourceOf(in engine.Input, module string) (workspace.Archive, string, error) {
	sources := p.in.submission.Sources
	i := slices.IndexFunc(sources, func(s submission.Source) bool {
		return module != "" && strings.HasPrefix(s.PURL, "pkg:golang/"+module+"@")
	})
	if i < 0 && len(sources) == 1 {
		i = 0
	}
	if i < 0 {
		return workspace.Archive{}, "", &InputError{
			Code: "which-source", What: fmt.Sprintf("none of the %d sources is module %s", len(sources), orNone(evidence.Digest(module))),
			Fix: "give the source a purl, pkg:golang/MODULE@VERSION",
		}
	}
	src, _, err := packed(in, "source/"+sources[i].Name)
	return src, sources[i].Name, err
}

// InferOne looks for the recipe of one program. Nothing of it is run: its source
// is built, in the sandbox, as often as a search for causes may.
func InferOne(ctx context.Context, o Offered, tools Tools, limits rebuild.Limits) (Inferred, error) {
	out := Inferred{Offered: o}
	facts, lock, err := o.look(tools.Store)
	if err != nil {
		out.Why = err.Error()
		return out, nil
	}
	finder, ok := tools.Fetch.(Discoverer)
	if !ok {
		return out, errNoDiscovery
	}
	tool, pin, why, err := discoverToolchain(ctx, finder, facts.Version)
	if err != nil || why != "" {
		out.Why = why
		return out, err
	}
	set, _, err := tools.Fetch.Modules(ctx, lock.sums, nil)
	if err != nil {
		return out, err
	}
	if len(set.Missing) > 0 {
		m := set.Missing[0]
		out.Why = fmt.Sprintf("%d modules are not to be had, the first is %s@%s (%s)", len(set.Missing), m.Path, m.Version, m.Code)
		return out, nil
	}
	job := rebuild.Job{
		Artifact: o.Artifact, File: o.File, FileDigest: o.Digest, Infer: true, CounterBuilds: rebuild.DefaultCounterBuilds,
		Source: o.Source, Toolchain: tool, Modules: layoutModules(set), Limits: limits,
	}
	if out.Result, err = inIsolation(ctx, tools, job); err != nil {
		return out, err
	}
	return out, out.write(tools.Store, pin, lock.path)
}

// write puts down the recipe that a search found, or why there is none.
func (f *Inferred) write(store evidence.Reader, tool submission.Toolchain, lock string) (err error) {
	if f.Result.Recipe == nil {
		f.Why = f.Result.Reason
		return nil
	}
	if f.Result.Patch != nil {
		if f.Patch, err = store.Read(f.Result.Patch.Digest, maxDocument); err != nil {
			return err
		}
	}
	f.Recipe = recipeYAML(*f, tool, lock)
	return nil
}

func inIsolation(ctx context.Context, tools Tools, job rebuild.Job) (rebuild.Result, error) {
	if tools.Sandbox == nil {
		return rebuild.Result{}, &sandbox.UnavailableError{}
	}
	sb, err := tools.Sandbox(ctx)
	if err != nil {
		return rebuild.Result{}, err
	}
	r, _, err := rebuild.Run(ctx, sb, tools.Store, tools.Scratch, job)
	return r, err
}

// lockOf is what pins the modules of a source.
type lockOf struct {
	path string // of go.sum, relative to the source; "" where there is none
	sums []byte
}

// look reads the program and finds what pins the modules of its source.
func (o *Offered) look(store evidence.Reader) (rebuild.Program, lockOf, error) {
	data, err := store.Read(o.Artifact.Blob.Digest, maxArtifact)
	if err != nil {
		return rebuild.Program{}, lockOf{}, err
	}
	if o.File != "" {
		if data, err = member(data, o.File); err != nil {
			return rebuild.Program{}, lockOf{}, err
		}
	}
	facts, err := rebuild.Examine(data)
	if err != nil {
		return facts, lockOf{}, err
	}
	source, err := store.Read(o.Source.Blob.Digest, maxArtifact)
	if err != nil {
		return facts, lockOf{}, err
	}
	name := "go.sum"
	if dir, ok := moduleFolder(source, o.Source.Strip, facts.Module); ok {
		name = path.Join(dir, name)
	}
	lock := lockOf{path: name}
	lock.sums, err = member(source, path.Join(o.Source.Strip, name))
	if _, lacks := errors.AsType[*unmetError](err); lacks {
		lock.path, err = "", nil
	}
	lock.sums = rebuild.WithListed(lock.sums, data)
	return facts, lock, err
}

// moduleFolder finds the folder of a module in a packed source.
func moduleFolder(source []byte, strip, module string) (dir string, found bool) {
	_, err := archive.Walk(source, "source", archive.Limits{}, func(m archive.Member, content []byte) error {
		rel, ok := strings.CutPrefix(m.Path, strings.Trim(strip+"/", "/"))
		if rel = strings.TrimPrefix(rel, "/"); !ok || m.Kind != archive.File || path.Base(rel) != "go.mod" {
			return nil
		}
		if rebuild.ModulePath(content) == module {
			dir, found = path.Dir(rel), true
			return errEnough
		}
		return nil
	})
	return dir, found && (err == nil || errors.Is(err, errEnough))
}

// discoverToolchain obtains the toolchain of a release, for this machine.
func discoverToolchain(ctx context.Context, finder Discoverer, version string) (workspace.Archive, submission.Toolchain, string, error) {
	if version == "" {
		return workspace.Archive{}, submission.Toolchain{}, "the program does not say which toolchain built it", nil
	}
	module := goToolchain + "@v0.0.1-" + version + "." + runtime.GOOS + "-" + runtime.GOARCH
	found, _, err := finder.Discover(ctx, "pkg:golang/"+module, nil)
	if err != nil {
		return workspace.Archive{}, submission.Toolchain{}, "", err
	}
	obs := found.Observation
	if obs.Outcome != fetch.Obtained || obs.Blob == nil {
		return workspace.Archive{}, submission.Toolchain{}, fmt.Sprintf("toolchain not available: %s (%s)", version, obs.Code), nil
	}
	return workspace.Archive{Blob: *obs.Blob, Strip: module, URI: obs.PURL},
		submission.Toolchain{PURL: obs.PURL, Digest: obs.Pin}, "", nil
}
