package rebuild

import (
	"bytes"
	"context"
	"fmt"
	"maps"
	"os"
	"path"
	"path/filepath"
	"slices"
	"strings"

	"github.com/proffer-audit/proffer/audit/sandbox"
	"github.com/proffer-audit/proffer/audit/workspace"
)

// setting is in what surroundings commands run.
type setting struct {
	recipe    Recipe
	toolchain string // folder on the host
	cache     string // name of the build cache in scratch; "" for the usual one
	world     world
}

// placement is where a layout appears to commands.
type placement struct {
	workspace.Placement
	binds []sandbox.Bind
	env   []string
	tools map[string]string
	scrub scrubber
	host  string
	umask int
	root  string // of the toolchain on the host
}

// usual is the setting of the recipe itself.
func (j *running) usual() setting {
	return setting{recipe: j.job.Recipe, toolchain: j.toolchain, cache: j.cache, world: j.world}
}

// placed decides on binds, environment and the words that stand for paths.
func (j *running) placed(s setting) (placement, error) {
	l := j.layout
	p := placement{host: s.world.host, umask: s.world.umask, root: s.toolchain}
	bind := func(host, name, at string, writable bool) string {
		b := j.box.Bind(host, name+s.world.suffix, writable)
		if at != "" {
			b.Inside = at
		}
		p.binds = append(p.binds, b)
		return b.Inside
	}
	paths := Paths{}
	if s.recipe.Paths != nil {
		paths = *s.recipe.Paths
	}
	p.Toolchain = bind(s.toolchain, "toolchain", paths.Toolchain, l.Same)
	p.Source = p.Toolchain
	if !l.Same {
		p.Source = bind(l.Source, "source", paths.Source, true)
	}
	p.Modules = bind(l.Modules, "modules", "", false)
	p.Scratch = bind(l.Scratch, "scratch", "", true)
	if paths.Modules != "" {
		p.ModuleCache = bind(filepath.Join(l.Scratch, "gomodcache"), "", paths.Modules, true)
	}
	if s.recipe.VCS != nil {
		p.tools, p.Tools = map[string]string{"git": GitRole}, j.box.Place("bin")
	}
	changes, err := j.changes(s, p)
	if err != nil {
		return p, err
	}
	if warm := or(s.world.cache, j.job.warm); warm != "" && (s.cache == "" || s.world.cache != "") {
		changes["GOCACHE"] = bind(warm, "warm", "", true)
	}
	p.env = workspace.GoEnv(p.Placement, changes)
	p.scrub = newScrubber(
		[2]string{p.Source, "$SOURCE"}, [2]string{p.Modules, "$MODULES"}, [2]string{p.ModuleCache, "$MODULES"},
		[2]string{path.Join(p.Scratch, "gomodcache"), "$MODULES"}, [2]string{p.Scratch, "$SCRATCH"},
		[2]string{p.Tools, "$TOOLS"}, [2]string{p.Toolchain, "$TOOLCHAIN"})
	return p, nil
}

// changes are the variables on top of those that every Go command gets.
func (j *running) changes(s setting, p placement) (map[string]string, error) {
	changes := maps.Clone(s.recipe.Env)
	if changes == nil {
		changes = map[string]string{}
	}
	if _, said := changes["GOFLAGS"]; !said && vendored(j.layout.Files) {
		changes["GOFLAGS"] = "" // a vendor folder is used unless a flag says otherwise
	}
	if len(s.recipe.Workspace) > 0 {
		changes["GOWORK"] = workspace.WorkspaceFile(p.Placement)
	}
	if s.cache != "" {
		changes["GOCACHE"] = path.Join(p.Scratch, s.cache)
	}
	if stamp := s.recipe.VCS; stamp != nil {
		line, err := stampLine(*stamp)
		if err != nil {
			return nil, err
		}
		changes[stampVar] = line
	}
	for key, value := range s.world.env {
		if _, said := s.recipe.Env[key]; !said { // the recipe's word is not varied
			changes[key] = strings.ReplaceAll(value, "$SCRATCH", p.Scratch)
		}
	}
	return changes, nil
}

// vendored reports whether any module of the source keeps its dependencies.
func vendored(files []workspace.File) bool {
	return slices.ContainsFunc(files, func(f workspace.File) bool {
		return f.Path == "vendor/modules.txt" || strings.HasSuffix(f.Path, "/vendor/modules.txt")
	})
}

// commands runs the recipe.
func (j *running) commands(ctx context.Context) error {
	defer func() { j.usage.Log = bytes.TrimSpace(j.usage.Log) }()
	for _, argv := range j.job.Recipe.commands() {
		if err := j.command(ctx, argv); err != nil {
			return err
		}
	}
	return j.keepLog()
}

// keepLog makes the log part of the result where it is the same every time.
func (j *running) keepLog() error {
	if !j.result.Recognised() || j.quiet {
		return nil
	}
	d, err := j.keep("log", j.log)
	if err != nil {
		return err
	}
	d.MediaType = "text/plain; charset=utf-8"
	j.result.Log = &d
	return nil
}

func (j *running) command(ctx context.Context, argv []string) error {
	program, err := j.place.program(argv[0])
	if err != nil {
		return err
	}
	res, err := j.inside(ctx, j.place, append([]string{program}, argv[1:]...), j.place.env)
	if err != nil {
		return fmt.Errorf("run %.80q in the sandbox: %w", argv[0], err)
	}
	printed := j.place.scrub.scrub(slices.Concat(res.Stdout, res.Stderr))
	lines := settled(printed)
	j.usage.Log = fmt.Appendf(j.usage.Log, "%s\n%s", title(argv), printed)
	j.log = fmt.Appendf(j.log, "%s\n%s\n", title(argv), strings.Join(lines, "\n"))
	if res.LimitHit != "" {
		j.result.LimitHit = res.LimitHit
		return problemf(LimitHit, "%.80q came to the limit for %s", argv[0], res.LimitHit)
	}
	if res.Exit != 0 {
		j.result.Failure = tail(lines, maxFailure)
		return problemf(CommandFailed, "%.80q ended with exit code %d", argv[0], res.Exit)
	}
	return nil
}

// inside runs one command in the source folder and books what it cost.
func (j *running) inside(ctx context.Context, p placement, argv, env []string) (sandbox.Result, error) {
	res, err := j.box.Run(ctx, sandbox.Command{
		Argv: argv, Env: env, Dir: p.Source, Binds: p.binds, Tools: p.tools, Limits: j.job.Limits.Command, Hostname: p.host, Umask: p.umask,
	})
	j.usage.Commands++
	j.usage.UserCPU += res.UserCPU
	j.usage.SysCPU += res.SysCPU
	j.usage.MaxRSS = max(j.usage.MaxRSS, res.MaxRSS)
	return res, err
}

// program finds what a command names: a program of the toolchain by its name, or
// a file of the source by its path. There is nothing else to be run.
func (p placement) program(name string) (string, error) {
	if strings.Contains(name, "/") {
		if !isLocal(name) {
			return "", problemf(RecipeInvalid, "the program %.200q is not below the source folder", name)
		}
		return path.Join(p.Source, name), nil
	}
	info, err := os.Stat(filepath.Join(p.root, "bin", name))
	if err != nil || !filepath.IsLocal(name) || !info.Mode().IsRegular() {
		return "", problemf(CommandFailed, "there is no program %.200q: only the toolchain's are there", name)
	}
	return path.Join(p.Toolchain, "bin", name), nil
}
