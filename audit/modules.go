package audit

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"net/url"
	"path"
	"strings"

	"github.com/proffer-audit/proffer/audit/archive"
	"github.com/proffer-audit/proffer/audit/engine"
	"github.com/proffer-audit/proffer/audit/evidence"
	"github.com/proffer-audit/proffer/audit/fetch"
	"github.com/proffer-audit/proffer/audit/rebuild"
	"github.com/proffer-audit/proffer/audit/submission"
	"github.com/proffer-audit/proffer/audit/workspace"
	"github.com/proffer-audit/proffer/reports"
	"github.com/proffer-audit/proffer/reports/safetext"
)

// outSet is the output of a module fetch: what was obtained of a go.sum.
const outSet = "set"

// modulesWhat names the modules of a build among the things that are fetched.
func (p *planner) modulesWhat(b submission.Build) string { return "modules/" + p.subject(b) }

// subject names a build in the ids of its checks: by its artifact, and by its
// number where an artifact has several.
func (p *planner) subject(b submission.Build) string {
	n := 0
	for _, other := range p.in.submission.Builds {
		if other.Artifact == b.Artifact {
			n++
		}
		if other.Artifact == b.Artifact && other.File == b.File && n > 1 {
			return fmt.Sprintf("%s/%d", b.Artifact, n)
		}
	}
	return b.Artifact
}

// modules plans the transfer of the modules that a build's lock file pins, and
// the check of them. Which they are is in the source, so the step needs it.
func (p *planner) modules(b submission.Build) {
	if b.Modules == "" {
		return
	}
	what, source := p.modulesWhat(b), "source/"+b.Source
	needs := []string{fetchID(source), pinID(source)}
	if len(b.Workspace) > 0 {
		needs = append(needs, p.needs("artifact/"+b.Artifact)...)
	}
	p.add(engine.Step{
		ID: fetchID(what), Kind: "modules", Version: 1, Observe: true, Class: engine.Network,
		Needs: needs,
		Params: reports.Params(struct {
			Lock      string
			Workspace []string `json:",omitempty"`
		}{b.Modules, b.Workspace}),
		Run: func(ctx context.Context, in engine.Input) (engine.Output, error) {
			gosum, err := p.pinnedModules(in, b)
			if _, lacks := errors.AsType[*unmetError](err); lacks {
				return engine.Output{Transient: true}, nil // there is nothing to ask for
			}
			if err != nil {
				return engine.Output{}, err
			}
			if p.tools.Fetch == nil {
				return engine.Output{}, errNoFetcher
			}
			set, transfers, err := p.tools.Fetch.Modules(ctx, gosum, stepNote(fetchID(what), in))
			recordTransfers(in, fetchID(what), transfers)
			if err != nil {
				return engine.Output{}, fmt.Errorf("fetch modules: %w", err)
			}
			return keepModules(in.Store, set)
		},
	})
	p.add(outcomesStep(pinID(what), "pin-modules", 1, append([]string{fetchID(what)}, needs...), p.logs(),
		func(_ context.Context, in engine.Input) (engine.Output, error) {
			return p.checkModules(in, what, b)
		}), owed{id: "fetch/" + what})
}

// pinnedModules are the lines of go.sum by which the modules of a build are
// pinned: the source's lock file and, where a member of the vendor's workspace is
// not in the source, what the shipped file says it was built from.
func (p *planner) pinnedModules(in engine.Input, b submission.Build) ([]byte, error) {
	gosum, err := lockFile(in, "source/"+b.Source, b.Modules)
	if err != nil || len(b.Workspace) == 0 {
		return gosum, err
	}
	d, _, err := blobOf(in, "artifact/"+b.Artifact)
	if err != nil {
		return nil, err
	}
	file, err := in.Store.Read(d.Digest, maxArtifact)
	if err != nil {
		return nil, err
	}
	if b.File != "" {
		if file, err = member(file, b.File); err != nil {
			return nil, err
		}
	}
	return rebuild.WithListed(gosum, file), nil
}

func keepModules(store evidence.Writer, set fetch.ModuleSet) (engine.Output, error) {
	raw, err := json.Marshal(set)
	if err != nil {
		return engine.Output{}, fmt.Errorf("write module set: %w", err)
	}
	d, err := putBytes(store, outSet, mediaJSON, raw)
	if err != nil {
		return engine.Output{}, err
	}
	out := engine.Output{Outputs: []evidence.Descriptor{d}, Transient: len(set.Missing) > 0}
	link := func(name string, d *evidence.Descriptor) {
		if d != nil {
			named := *d
			named.Name = name
			out.Outputs = append(out.Outputs, named)
		}
	}
	for _, m := range set.Modules {
		base := m.Path + "@" + m.Version
		link("zip/"+base, m.Zip)
		link("mod/"+base, m.Mod)
		link("info/"+base, m.Info)
	}
	link(outProof, set.Proof)
	return out, nil
}

func moduleSet(in engine.Input, what string) (fetch.ModuleSet, error) {
	d, ok := in.Needs[fetchID(what)][outSet]
	if !ok {
		return fetch.ModuleSet{}, &unmetError{What: what, Code: "not-obtained"}
	}
	raw, err := in.Store.Read(d.Digest, maxDocument)
	if err != nil {
		return fetch.ModuleSet{}, fmt.Errorf("read %s: %w", what, err)
	}
	return fetch.ParseModuleSet(raw)
}

func (p *planner) checkModules(in engine.Input, what string, b submission.Build) (engine.Output, error) {
	gosum, err := p.pinnedModules(in, b)
	if err != nil {
		return p.noModules(in, err, what)
	}
	set, err := moduleSet(in, what)
	if err != nil {
		return p.noModules(in, err, what)
	}
	check := reports.Check{ID: "fetch/" + what, Evidence: []string{}, Limits: []safetext.Text{}}
	if d, err := needed(in, fetchID(what), outSet); err == nil {
		check.Evidence = append(check.Evidence, string(d.Digest))
	}
	if set.Proof != nil {
		check.Evidence = append(check.Evidence, string(set.Proof.Digest))
	}
	v := judgeModules(&check, in.Store, gosum, set, p.logs())
	o := outputs{store: in.Store}
	o.json(outJudged, v)
	o.json(outOutcomes, reports.Outcomes{Checks: []reports.Check{check}, Findings: []reports.Finding{}})
	return o.done()
}

// noModules says that there is nothing to judge, to the report and to the steps
// that need the modules.
func (p *planner) noModules(in engine.Input, err error, what string) (engine.Output, error) {
	out, err := unmet(in.Store, err, "fetch/"+what)
	if err != nil {
		return out, err
	}
	o := outputs{store: in.Store, out: out}
	o.json(outJudged, judged{Code: "not-obtained"})
	return o.done()
}

func judgeModules(check *reports.Check, store evidence.Reader, gosum []byte, set fetch.ModuleSet, logs []fetch.LogKey) judged {
	if err := fetch.VerifyModules(store, gosum, set); err != nil {
		check.Code = string(fetch.CodeOf(err))
		check.Status = reports.NotRun
		if fetch.CodeOf(err) == fetch.Mismatch {
			check.Status, check.Code = reports.Fail, codeMismatch
		}
		check.Reason = safetext.Of("the modules that the lock file pins are not all there: " + err.Error())
		return judged{Code: check.Code}
	}
	check.EvidenceClass = reports.E2
	proven, err := fetch.VerifyModulesProof(store, set, logs)
	if err != nil {
		check.Status, check.Code = reports.Incomplete, string(fetch.CodeOf(err))
		check.Reason = safetext.Sprintf("%d modules have their pinned digests, but: %v", len(set.Modules), err)
		return judged{Obtained: true, Code: check.Code}
	}
	check.Status = reports.Pass
	check.Reason = safetext.Sprintf("%d modules have the digests that the lock file pins, and the checksum database published %d of them", len(set.Modules), len(proven))
	return judged{Obtained: true, Proven: true}
}

// member reads one file of an archive.
func member(data []byte, name string) ([]byte, error) {
	content, err := archive.Pick(data, "archive", name, archive.Limits{})
	if errors.Is(err, fs.ErrNotExist) {
		return nil, &unmetError{What: "file " + name, Code: "not-in-archive"}
	}
	return content, err
}

// lockFile reads a file of a source by its path below the source's root.
func lockFile(in engine.Input, source, name string) ([]byte, error) {
	d, _, err := blobOf(in, source)
	if err != nil {
		return nil, err
	}
	obs, err := observed(in, fetchID(source))
	if err != nil {
		return nil, err
	}
	data, err := in.Store.Read(d.Digest, maxArtifact)
	if err != nil {
		return nil, err
	}
	prefix, err := prefixOf(obs, data)
	if err != nil {
		return nil, err
	}
	return member(data, path.Join(prefix, name))
}

// errEnough ends a walk through an archive early.
var errEnough = errors.New("enough")

// prefixOf is the folder that every member of a packed tree stands in: a Go
// module zip's module@version, npm's package, or the one top folder there is.
// A tree that was offered as a folder has none.
func prefixOf(obs fetch.Observation, data []byte) (string, error) {
	if strings.HasPrefix(obs.Pin, "tree-sha256:") {
		return "", nil
	}
	if rest, ok := strings.CutPrefix(obs.PURL, "pkg:golang/"); ok {
		rest, _, _ = strings.Cut(rest, "?")
		unescaped, err := url.PathUnescape(rest)
		if err != nil {
			return "", fmt.Errorf("purl %s: %w", obs.PURL, err)
		}
		return unescaped, nil
	}
	top := ""
	_, err := archive.Walk(data, "archive", archive.Limits{}, func(m archive.Member, _ []byte) error {
		first, _, nested := strings.Cut(m.Path, "/")
		if m.Kind != archive.Dir && !nested || top != "" && top != first {
			top = ""
			return errEnough
		}
		top = first
		return nil
	})
	if err != nil && !errors.Is(err, errEnough) {
		return "", err
	}
	return top, nil
}

// packed describes a fetched tree for laying out.
func packed(in engine.Input, what string) (workspace.Archive, judged, error) {
	d, v, err := blobOf(in, what)
	if err != nil {
		return workspace.Archive{}, v, err
	}
	obs, err := observed(in, fetchID(what))
	if err != nil {
		return workspace.Archive{}, v, err
	}
	data, err := in.Store.Read(d.Digest, maxArtifact)
	if err != nil {
		return workspace.Archive{}, v, err
	}
	prefix, err := prefixOf(obs, data)
	return workspace.Archive{Blob: d, Strip: prefix, URI: obs.PURL}, v, err
}

// goModules lists the modules of a build for laying out.
func (p *planner) goModules(in engine.Input, b submission.Build) ([]workspace.Module, judged, error) {
	if b.Modules == "" {
		return nil, judged{Obtained: true, Proven: true}, nil
	}
	v, err := verdictOf(in, p.modulesWhat(b))
	if err != nil {
		return nil, v, err
	}
	if !v.Obtained {
		return nil, v, &unmetError{What: p.modulesWhat(b), Code: v.Code}
	}
	set, err := moduleSet(in, p.modulesWhat(b))
	if err != nil {
		return nil, v, err
	}
	return layoutModules(set), v, nil
}

// layoutModules is a set of modules for laying out.
func layoutModules(set fetch.ModuleSet) []workspace.Module {
	digest := func(d *evidence.Descriptor) evidence.Digest {
		if d == nil {
			return ""
		}
		return d.Digest
	}
	var list []workspace.Module
	for _, m := range set.Modules {
		list = append(list, workspace.Module{
			Path: m.Path, Version: m.Version,
			Zip: digest(m.Zip), Mod: digest(m.Mod), Info: digest(m.Info),
		})
	}
	return list
}
