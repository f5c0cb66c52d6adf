package rebuild

import (
	"maps"
	"path"
	"slices"
	"strings"

	"github.com/proffer-audit/proffer/audit/compare/cause"
	"github.com/proffer-audit/proffer/audit/workspace"
)

// given is the recipe as a search understands it. built is what it gave.
func (j *running) given(built []byte) (cause.Build, error) {
	r := j.job.Recipe
	b := cause.Build{Env: maps.Clone(r.Env), Toolchain: workspace.GoVersion(j.layout.Toolchain)}
	if r.VCS != nil {
		b.Stamp = &cause.Stamp{Revision: r.VCS.Revision, Time: r.VCS.Time, Modified: r.VCS.Modified}
	}
	if r.Paths != nil {
		b.Paths = cause.Paths(*r.Paths)
	}
	if f, err := cause.Read(built); err == nil {
		b.NoBuildInfo = !f.BuildInfo
	}
	members, err := j.members(r.Workspace)
	if err != nil {
		return b, err
	}
	for _, m := range members {
		b.Workspace = append(b.Workspace, cause.Module{Path: m.Path, Version: m.Version})
	}
	args := r.Command[2:]
	for len(args) > 0 && strings.HasPrefix(args[0], "-") && args[0] != "-" && args[0] != "--" {
		name, value, rest, err := readFlag(buildFlags, args)
		if err != nil {
			return b, err
		}
		setFlag(&b, name, value, slices.Clone(args[:len(args)-len(rest)]))
		args = rest
	}
	if len(args) > 0 && args[0] == "--" {
		args = args[1:]
	}
	if len(args) > 0 {
		b.Package, b.More = args[0], slices.Clone(args[1:])
	}
	return b, nil
}

// setFlag puts one flag of go build into a build; one that bears on nothing that
// is searched is kept as it is written.
func setFlag(b *cause.Build, name, value string, written []string) {
	on := value == "" || value == "true" || value == "1" || value == "t"
	switch name {
	case "C":
		b.Dir = path.Clean(value)
	case "o":
	case "trimpath":
		b.Trimpath = on
	case "buildmode":
		if value != "default" && value != "exe" {
			b.Buildmode = value
		}
	case "tags":
		b.Tags = value
	case "gcflags":
		b.Gcflags = value
	case "asmflags":
		b.Asmflags = value
	case "ldflags":
		b.Ldflags = value
	case "pgo":
		b.PGO = value
	case "buildvcs":
		b.NoVCS = value == "false"
	default:
		b.Other = append(b.Other, written...)
	}
}

// recipeOf is a build as a recipe.
func (j *running) recipeOf(b cause.Build) Recipe {
	output := b.Output()
	if !j.job.Infer {
		output = j.job.Recipe.Output
	}
	r := Recipe{Command: b.Command(output), Output: output, Env: maps.Clone(b.Env), Platform: j.job.Recipe.Platform}
	if b.Stamp != nil {
		v := VCS{Revision: b.Stamp.Revision, Time: b.Stamp.Time, Modified: b.Stamp.Modified}
		if said := j.job.Recipe.VCS; said != nil {
			v.Tag, v.Base = said.Tag, said.Base
		}
		v = v.withTags(j.shipped.file)
		r.VCS = &v
	}
	if b.Paths != (cause.Paths{}) {
		p := Paths(b.Paths)
		r.Paths = &p
	}
	for _, m := range b.Workspace {
		r.Workspace = append(r.Workspace, m.Path+"@"+m.Version)
	}
	return r
}

// dirOf is the folder that a recipe's build goes to first.
func dirOf(r Recipe) string {
	if len(r.Command) < 2 || r.Command[0] != "go" || r.Command[1] != "build" {
		return ""
	}
	p, err := readBuild(r.Command[2:])
	if err != nil {
		return ""
	}
	return p.dir
}
