package rebuild

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path"
	"path/filepath"
	"slices"
	"strings"

	"golang.org/x/mod/module"

	"github.com/proffer-audit/proffer/audit/compare"
	"github.com/proffer-audit/proffer/audit/compare/cause"
	"github.com/proffer-audit/proffer/audit/evidence"
	"github.com/proffer-audit/proffer/audit/workspace"
	"github.com/proffer-audit/proffer/reports"
	"github.com/proffer-audit/proffer/reports/safetext"
)

// explain looks for the cause of a difference by building with other inputs.
// Only a recipe that is understood can be varied.
func (j *running) explain(ctx context.Context) error {
	if j.job.CounterBuilds <= 0 || j.result.Level.AtLeast(reports.EqualNormalised) || !j.result.Recognised() {
		return nil
	}
	built, err := j.store.Read(j.result.Rebuilt.Digest, max(j.result.Rebuilt.Size, 1))
	if err != nil {
		return err
	}
	given, err := j.given(built)
	if err != nil {
		return err
	}
	x, err := j.search(ctx, &given, built)
	if err != nil || x == nil {
		return err
	}
	o := x.Outcome()
	j.result.Search = &o
	for _, c := range o.Causes {
		j.result.Comparison.Causes = append(j.result.Comparison.Causes, compare.Cause{
			Kind: c.Kind, Detail: safetext.Of(c.Words()), Proven: true, Evidence: safetext.Of(c.Where),
		})
	}
	if o.Equal {
		j.result.Level = reports.Explained
		j.result.Comparison.Level = reports.Explained
	}
	return nil
}

// infer looks for a recipe where there is none.
func (j *running) infer(ctx context.Context) error {
	x, err := j.search(ctx, nil, nil)
	if err != nil {
		return err
	}
	if x == nil {
		return problemf(NoRecipe, "the shipped file is no Go program that can be read, and nothing else says how it is built")
	}
	o := x.Outcome()
	j.result.Search = &o
	if !o.Equal {
		return problemf(NoRecipe, "no recipe was found that gives the shipped file: %s", list(slices.Concat(o.Lacks, o.Undone, o.Remain), 6))
	}
	c, err := compare.Artifacts(j.shipped.file, j.shipped.file, compare.Limits{})
	if err != nil {
		return err
	}
	d, err := j.keep("rebuilt", j.shipped.file)
	if err != nil {
		return err
	}
	j.result.Rebuilt, j.result.Comparison, j.result.Level = &d, &c, c.Level
	return nil
}

// search runs counter-builds until one gives the shipped bytes, nothing is left
// to try, or the budget is spent. It is nil for a file that is no Go program.
func (j *running) search(ctx context.Context, given *cause.Build, built []byte) (*cause.Search, error) {
	root, err := os.OpenRoot(j.layout.Source)
	if err != nil {
		return nil, err
	}
	defer root.Close()
	source, err := cause.ReadSource(root.FS(), j.layout.Same)
	if err != nil {
		return nil, fmt.Errorf("read the source: %w", err)
	}
	x, err := cause.NewSearch(j.shipped.file, source, given, built)
	if err != nil {
		return nil, nil //nolint:nilerr // what is no Go program has no facts to search by
	}
	for n := 0; n < j.job.CounterBuilds; n++ {
		t, ok := x.Next()
		if !ok {
			break
		}
		if err := j.try(ctx, x, &t); err != nil {
			return nil, err
		}
		if j.result.SearchLimit != "" {
			break
		}
	}
	if t := x.Found(); t != nil {
		return x, j.found(t.Build)
	}
	return x, nil
}

// try carries out one proposal. What keeps it from being one is the search's to
// know.
func (j *running) try(ctx context.Context, x *cause.Search, t *cause.Trial) error {
	s, recipe, err := j.settingOf(ctx, t.Build)
	if err == nil {
		var p placement
		if p, err = j.ready(s); err == nil {
			return j.build(ctx, x, t, p, recipe)
		}
	}
	var bad *problem
	if errors.As(err, &bad) {
		x.CannotTry(t.Why + ": " + bad.reason)
		return nil
	}
	return err
}

// build runs a counter-build. Its output is removed, for the next one to be
// linked afresh.
func (j *running) build(ctx context.Context, x *cause.Search, t *cause.Trial, p placement, r Recipe) error {
	program, err := p.program(r.Command[0])
	if err != nil {
		return err
	}
	if err := clear(j.layout.Source, r.Output); err != nil {
		return err
	}
	env := slices.DeleteFunc(slices.Clone(p.env), func(line string) bool { return strings.HasPrefix(line, "GODEBUG=") })
	res, err := j.inside(ctx, p, append([]string{program}, r.Command[1:]...), append(env, "GODEBUG="+cause.HashSetting))
	if err != nil {
		return fmt.Errorf("run a counter-build in the sandbox: %w", err)
	}
	j.usage.Log = fmt.Appendf(j.usage.Log, "\n# counter-build: %s\n%s\n%s", t.Why, title(r.Command), p.scrub.scrub(withoutHashes(res.Stderr)))
	if res.LimitHit != "" {
		j.result.SearchLimit = res.LimitHit
		x.CannotTry(t.Why + ": the build came to the limit for " + res.LimitHit)
		return nil
	}
	t.Printed = res.Stderr
	if res.Exit == 0 {
		if t.Data, err = collect(j.layout.Source, r.Output); err != nil {
			return err
		}
	}
	x.Took(*t)
	return clear(j.layout.Source, r.Output)
}

// clear removes a build's output.
func clear(dir, output string) error {
	root, err := os.OpenRoot(dir)
	if err != nil {
		return err
	}
	defer root.Close()
	if err := root.Remove(filepath.FromSlash(path.Clean(output))); err != nil && !errors.Is(err, fs.ErrNotExist) {
		return fmt.Errorf("remove the output of the build before: %w", err)
	}
	return nil
}

func withoutHashes(printed []byte) []byte {
	var out []byte
	for line := range strings.Lines(string(printed)) {
		if !strings.HasPrefix(line, "HASH") {
			out = append(out, line...)
		}
	}
	return out
}

// ready makes the surroundings of a setting: the stamp's folder, the workspace,
// the places.
func (j *running) ready(s setting) (placement, error) {
	if err := marker(j.layout.Source, s.recipe.VCS != nil); err != nil {
		return placement{}, err
	}
	p, err := j.placed(s)
	if err != nil || len(s.recipe.Workspace) == 0 {
		return p, err
	}
	members, err := j.members(s.recipe.Workspace)
	if err != nil {
		return p, err
	}
	if err := j.layout.Workspace(p.Placement, dirOf(s.recipe), members); err != nil {
		return p, problemf(RecipeInvalid, "%v", err)
	}
	return p, nil
}

// members resolves the modules of a workspace by what the shipped file lists.
func (j *running) members(names []string) ([]module.Version, error) {
	listed := map[string]string{}
	if f, err := cause.Read(j.shipped.file); err == nil {
		for _, m := range f.Deps {
			listed[m.Path] = m.Version
		}
	}
	var out []module.Version
	for _, name := range names {
		p, version, said := strings.Cut(name, "@")
		if !said {
			version = listed[p]
		}
		if version == "" {
			return nil, problemf(RecipeInvalid, "workspace: %.200q has no version, and the shipped file lists none", p)
		}
		out = append(out, module.Version{Path: p, Version: version})
	}
	return out, nil
}

// limitTier is the limit that a weak tier of the sandbox is: elsewhere more could
// be tried.
const limitTier = "tier"

// settingOf is the setting in which a build that a search proposes is carried out.
func (j *running) settingOf(ctx context.Context, b cause.Build) (setting, Recipe, error) {
	s := setting{recipe: j.recipeOf(b), toolchain: j.toolchain, cache: j.cache}
	have := workspace.GoVersion(j.layout.Toolchain)
	switch {
	case b.Toolchain != "" && b.Toolchain != have:
		return s, s.recipe, problemf(NoRecipe, "the toolchain %.40s is not available: pinned is %.40s", b.Toolchain, have)
	case b.Strip != nil:
		return s, s.recipe, problemf(NoRecipe, "no strip program is pinned")
	case b.Paths != (cause.Paths{}) && !j.box.CanPlace():
		j.result.SearchLimit = limitTier
		return s, s.recipe, problemf(NeedsPaths, "this tier of the sandbox cannot mount the builder's folders")
	}
	if err := s.recipe.check(); err != nil {
		return s, s.recipe, err
	}
	if b.NoBuildInfo && len(j.job.Patches) == 0 {
		dir, err := j.linkerWithoutInfo(ctx)
		if err != nil {
			return s, s.recipe, err
		}
		s.toolchain = dir
	}
	return s, s.recipe, nil
}

// linkerWithoutInfo is the toolchain with a linker that writes no build info,
// made once.
func (j *running) linkerWithoutInfo(ctx context.Context) (string, error) {
	if j.noInfo != "" {
		return j.noInfo, nil
	}
	diff, ok := j.withoutInfo()
	if !ok {
		return "", problemf(NoRecipe, "the linker of this toolchain has no place at which build info could be left out")
	}
	if j.layout.Same {
		return "", problemf(NoRecipe, "source and toolchain are one")
	}
	dir, err := j.patch(ctx, "toolchain-without-info", [][]byte{diff}, []string{"cmd/link"})
	if err != nil {
		return "", err
	}
	j.noInfo = dir
	j.infoPatch, err = j.keep("patch", diff)
	return dir, err
}

// found keeps the recipe that gave the shipped bytes.
func (j *running) found(b cause.Build) error {
	r := j.recipeOf(b)
	j.result.Recipe = &r
	t := Toolchain{Version: workspace.GoVersion(j.layout.Toolchain)}
	for _, p := range j.job.Patches {
		t.Patches, t.Tools = append(t.Patches, p.Blob.Digest), j.job.Tools
	}
	if b.NoBuildInfo && len(j.job.Patches) == 0 {
		t.Patches, t.Tools = []evidence.Digest{j.infoPatch.Digest}, []string{"cmd/link"}
		d := j.infoPatch
		j.result.Patch = &d
	}
	j.result.Made = &t
	return nil
}
