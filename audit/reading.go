package audit

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"path"
	"path/filepath"
	"slices"
	"strings"

	"github.com/proffer-audit/proffer/audit/engine"
	"github.com/proffer-audit/proffer/audit/evidence"
	"github.com/proffer-audit/proffer/audit/policy"
	"github.com/proffer-audit/proffer/audit/rebuild"
	"github.com/proffer-audit/proffer/audit/sandbox"
	"github.com/proffer-audit/proffer/audit/source"
	"github.com/proffer-audit/proffer/audit/submission"
	"github.com/proffer-audit/proffer/audit/workspace"
	"github.com/proffer-audit/proffer/reports"
	"github.com/proffer-audit/proffer/reports/safetext"
)

// outDeclared is the output of a source step that sets what was declared against
// what was seen.
const outDeclared = "declared"

// Workers are the roles in which the program calls itself inside
// the sandbox.
func Workers() map[string]sandbox.Worker {
	return map[string]sandbox.Worker{
		source.WorkerName: source.Worker,
		rebuild.GitRole:   rebuild.GitStandIn,
	}
}

// source plans the reading of one source: every file of it, and, where a build
// says how it is compiled and the policy trusts the compiler, what the Go code
// in it can do. The judgement of what was read is a step of its own, so that
// another policy or declaration does not read again.
func (p *planner) source(src submission.Source) {
	id, what, reading := "source/"+src.Name, "source/"+src.Name, "read/"+src.Name
	p.add(p.readStep(reading, what, p.reading(src)))
	pol := p.sourcePolicy()
	p.add(outcomesStep(id, "source", 1, []string{reading, fetchID(what)}, pol,
		func(_ context.Context, in engine.Input) (engine.Output, error) {
			var result source.Result
			if err := resultOf(in, reading, &result); err != nil {
				return unmet(in.Store, err, id, "declared/"+src.Name)
			}
			pol := pol
			pol.Evidence = []string{
				string(in.Needs[fetchID(what)][outBytes].Digest), string(in.Needs[reading][outResult].Digest),
			}
			outcomes, rows, err := source.Outcomes(src.Name, result, pol)
			if err != nil {
				return engine.Output{}, err
			}
			o := outputs{store: in.Store}
			o.json(outDeclared, rows)
			o.json(outOutcomes, outcomes)
			return o.done()
		}), owed{id: id}, owed{id: "declared/" + src.Name})
}

// readStep plans the reading itself.
func (p *planner) readStep(id, what string, r reading) engine.Step {
	needs := p.needs(what)
	if r.build != nil {
		needs = append(needs, p.needs(r.tool)...)
		if r.build.Modules != "" {
			needs = append(needs, p.needs(p.modulesWhat(*r.build))...)
		}
	}
	params := struct {
		Request source.Request          `json:"request"`
		Trusted []policy.ToolchainTrust `json:"trusted"`
	}{r.request, p.in.policy.Trust.Toolchains}
	step := outcomesStep(id, "read", 1, needs, params, func(ctx context.Context, in engine.Input) (engine.Output, error) {
		result, stopped, err := p.readSource(ctx, in, id, what, r)
		if err != nil {
			return withoutResult(in.Store, err)
		}
		o := outputs{store: in.Store}
		o.json(outResult, result)
		o.out.Transient = stopped
		return o.done()
	})
	step.Tool += " " + p.rules
	return step
}

// reading is how one source is to be read.
type reading struct {
	request source.Request    // without paths
	build   *submission.Build // how it is compiled; nil: only its files are read
	tool    string
}

func (p *planner) reading(src submission.Source) reading {
	r := reading{request: source.Request{Passes: []string{source.PassBytes}}}
	for i, b := range p.in.submission.Builds {
		target, err := rebuild.TargetOf(recipeOf(b, p.artifact(b.Artifact)))
		if b.Source != src.Name || err != nil || !p.mayTrust(b.Toolchain) {
			continue
		}
		if r.build == nil {
			r.build, r.tool = &p.in.submission.Builds[i], p.toolchains[b.Toolchain.Digest]
			r.request.Passes = []string{source.PassLink, source.PassBytes}
			r.request.GOOS, r.request.GOARCH, r.request.Tags = target.GOOS, target.GOARCH, target.Tags
			r.request.Dir = target.Dir
		}
		if target.Dir == r.request.Dir {
			r.request.Packages = append(r.request.Packages, target.Packages...)
		}
	}
	slices.Sort(r.request.Packages)
	r.request.Packages = slices.Compact(r.request.Packages)
	if strings.HasPrefix(src.PURL, toolchainModule) && r.build != nil {
		// The commands of a toolchain are a module of their own inside it.
		r.request.Dir = "src/cmd"
		for i, pkg := range r.request.Packages {
			if own, ok := strings.CutPrefix(pkg, "cmd/"); ok {
				r.request.Packages[i] = "./" + own
			}
		}
	}
	return r
}

// mayTrust says whether the policy could trust a toolchain, given its proof: the
// reviewer's own compiler reads the source, not one that the vendor chose.
func (p *planner) mayTrust(t submission.Toolchain) bool {
	ok, _ := trusted(p.in.policy, t, judged{Obtained: true, Proven: true})
	return ok
}

// readSource runs the analysis in the sandbox.
func (p *planner) readSource(ctx context.Context, in engine.Input, id, what string, r reading) (_ source.Result, stopped bool, err error) {
	spec, err := p.readingSpec(in, what, &r)
	if err != nil {
		return source.Result{}, false, err
	}
	sb, err := p.isolate(ctx, in, id)
	if err != nil {
		return source.Result{}, false, err
	}
	dir, done, err := p.workdir(id)
	if err != nil {
		return source.Result{}, false, err
	}
	defer func() { err = errors.Join(err, done()) }()
	layout, err := workspace.Lay(in.Store, filepath.Join(dir, "trees"), spec)
	if err != nil {
		return source.Result{}, false, fmt.Errorf("lay out the source: %w", err)
	}
	cmd, err := p.analysis(sb, layout, r.request)
	if err != nil {
		return source.Result{}, false, err
	}
	res, err := sb.Run(ctx, cmd)
	if err != nil {
		return source.Result{}, false, err
	}
	result, err := p.readingResult(in, id, r.request, res)
	return result, res.LimitHit != "", err
}

// readingSpec says what to lay out. When the toolchain turns out not to be
// trusted after all, only the files are read.
func (p *planner) readingSpec(in engine.Input, what string, r *reading) (workspace.Spec, error) {
	var spec workspace.Spec
	src, _, err := packed(in, what)
	if err != nil {
		return spec, err
	}
	spec.Source = &src
	if r.build == nil {
		return spec, nil
	}
	tool, proof, err := packed(in, r.tool)
	if err != nil {
		return spec, err
	}
	if ok, _ := trusted(p.in.policy, r.build.Toolchain, proof); !ok {
		r.request.Passes, r.request.Packages = []string{source.PassBytes}, nil
		return spec, nil
	}
	spec.Toolchain = &tool
	spec.Modules, _, err = p.goModules(in, *r.build)
	return spec, err
}

// analysis is the command that reads a layout.
func (p *planner) analysis(sb *sandbox.Sandbox, l *workspace.Layout, req source.Request) (sandbox.Command, error) {
	cmd := sandbox.Command{Worker: source.WorkerName, Limits: p.limits().Command}
	bind := func(host, name string, writable bool) string {
		b := sb.Bind(host, name, writable)
		cmd.Binds = append(cmd.Binds, b)
		return b.Inside
	}
	scratch := bind(l.Scratch, "scratch", true)
	if l.Toolchain != "" {
		req.GOROOT = bind(l.Toolchain, "toolchain", false)
	}
	req.Source = req.GOROOT
	if !l.Same {
		req.Source = bind(l.Source, "source", false)
	}
	if slices.Contains(req.Passes, source.PassLink) {
		req.ModCache = path.Join(scratch, "gomodcache")
		req.GoEnv = source.Env{
			GOROOT: req.GOROOT, GOOS: req.GOOS, GOARCH: req.GOARCH,
			Home: path.Join(scratch, "home"), Temp: path.Join(scratch, "tmp"), Cache: path.Join(scratch, "gocache"),
			ModCache: req.ModCache, Vendored: vendored(l, req.Dir),
			Proxy: "file://" + path.Join(bind(l.Modules, "modules", false), "cache", "download"),
		}.List()
	}
	raw, err := json.Marshal(req)
	cmd.Stdin = raw
	return cmd, err
}

// vendored says whether the main module of a layout carries its modules along.
func vendored(l *workspace.Layout, dir string) bool {
	return slices.ContainsFunc(l.Files, func(f workspace.File) bool {
		return f.Path == path.Join(dir, "vendor", "modules.txt")
	})
}

// readingResult reads what the worker wrote, or says that it was stopped.
func (p *planner) readingResult(in engine.Input, id string, req source.Request, res sandbox.Result) (source.Result, error) {
	if res.LimitHit != "" {
		in.Events(engine.Event{Step: id, Phase: engine.Recorded, Record: limitHit{id, res.LimitHit}})
		return source.Interrupted(req, res.LimitHit, res.Stderr), nil
	}
	if res.Exit != 0 {
		return source.Result{}, fmt.Errorf("the analysis ended with code %d: %s", res.Exit, lastLine(res.Stderr))
	}
	return source.ParseResult(res.Stdout)
}

func lastLine(text []byte) string {
	lines := strings.Split(strings.TrimSpace(string(text)), "\n")
	return lines[len(lines)-1]
}

// declaredRows gathers what was declared and observed, over all sources.
func (p *planner) declaredRows(o engine.Outcome) (reports.Declared, error) {
	all := reports.Declared{Endpoints: []reports.DeclaredRow{}, Capabilities: []reports.DeclaredRow{}, Channels: []reports.DeclaredRow{}}
	for _, c := range p.in.submission.Channels {
		all.Channels = append(all.Channels, reports.DeclaredRow{Name: safetext.Of(c.Kind + " " + c.Endpoint), Declared: true})
	}
	for _, src := range p.in.submission.Sources {
		var d evidence.Descriptor
		var ok bool
		if d, ok = output(o, "source/"+src.Name, outDeclared); !ok {
			continue
		}
		var one source.Rows
		if err := readJSON(p.tools.Store, d, &one); err != nil {
			return all, err
		}
		all.Endpoints = append(all.Endpoints, one.Endpoints...)
		all.Capabilities = append(all.Capabilities, one.Capabilities...)
	}
	return all, nil
}
