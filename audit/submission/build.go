package submission

import (
	"regexp"
	"strings"

	"github.com/proffer-audit/proffer/audit/strictyaml"
	"golang.org/x/mod/module"
	"golang.org/x/mod/semver"
)

// A Build says how a source becomes an artifact, or a file of one.
type Build struct {
	Artifact  string    `yaml:"artifact,required"`
	File      string    `yaml:"file"` // one of the artifact's files; empty when it is the file itself
	Source    string    `yaml:"source,required"`
	Toolchain Toolchain `yaml:"toolchain,required"`
	// Modules is the source's own lock file: dependencies come pinned from it.
	Modules     string     `yaml:"modules"`
	Prepare     [][]string `yaml:"prepare"` // run first, in order
	VCS         *Stamp     `yaml:"vcs"`
	Paths       Paths      `yaml:"paths"`
	Postprocess [][]string `yaml:"postprocess"` // run on the output afterwards
	// Env is added to an environment that is built from nothing.
	Env            map[string]string `yaml:"env"`
	Command        []string          `yaml:"command,required"` // argv, never a shell's line
	Output         string            `yaml:"output,required"`  // relative to the source
	Nondeterminism []Nondeterminism  `yaml:"nondeterminism"`
	Root           *Pinned           `yaml:"root"` // the root file system to build in
	Inputs         []Input           `yaml:"inputs"`
	// Workspace lists Go modules, path or path@version, that must be at the
	// versions of the shipped build info.
	Workspace []string `yaml:"workspace"`
}

// A Toolchain is what builds: a stock one by purl, or one offered as files, and
// what the vendor changed in it.
type Toolchain struct {
	PURL      string   `yaml:"purl"`
	Locations []string `yaml:"locations"`
	Digest    string   `yaml:"digest,required"`
	Patches   []Pinned `yaml:"patches"`
	Rebuild   []string `yaml:"rebuild"`  // tools to build again after patching, such as cmd/link
	Platform  string   `yaml:"platform"` // where it runs, GOOS/GOARCH
}

// Pinned is a place and the digest of what is there.
type Pinned struct {
	Location string `yaml:"location,required"`
	Digest   string `yaml:"digest,required"`
}

// Paths are where the vendor's builder had things; they are mounted there.
type Paths struct {
	Source    string `yaml:"source"`
	Modules   string `yaml:"modules"`
	Toolchain string `yaml:"toolchain"`
}

// Nondeterminism is a difference between two builds that the vendor declares.
type Nondeterminism struct {
	What string `yaml:"what,required"`
	Why  string `yaml:"why,required"`
}

// An Input is a further pinned thing that the build needs.
type Input struct {
	Location string `yaml:"location"`
	PURL     string `yaml:"purl"`
	Digest   string `yaml:"digest,required"`
	Path     string `yaml:"path,required"` // where the build finds it, relative to the source
}

func (v *validator) builds() {
	type target struct{ artifact, file string }
	seen := map[target]bool{}
	for i, b := range v.s.Builds {
		p := strictyaml.Index("builds", i)
		at := func(field string) string { return strictyaml.Field(p, field) }
		v.known(at("artifact"), b.Artifact, v.artifacts, "artifact")
		v.known(at("source"), b.Source, v.sources, "source")
		v.buildFile(at("file"), b)
		if seen[target{b.Artifact, b.File}] {
			v.refuse(p, "one file has one recipe", "a second build of the same file")
		}
		seen[target{b.Artifact, b.File}] = true
		v.toolchain(at("toolchain"), b.Toolchain)
		v.optional(at("modules"), b.Modules, strictyaml.CheckRelative)
		v.check(at("output"), strictyaml.CheckRelative(b.Output))
		v.argv(at("command"), b.Command)
		for j, argv := range b.Prepare {
			v.argv(strictyaml.Index(at("prepare"), j), argv)
		}
		for j, argv := range b.Postprocess {
			v.argv(strictyaml.Index(at("postprocess"), j), argv)
		}
		v.optional(at("paths.source"), b.Paths.Source, strictyaml.CheckAbsolute)
		v.optional(at("paths.modules"), b.Paths.Modules, strictyaml.CheckAbsolute)
		v.optional(at("paths.toolchain"), b.Paths.Toolchain, strictyaml.CheckAbsolute)
		v.env(at("env"), b.Env)
		v.buildInputs(p, b)
	}
}

// buildFile wants the name of a file where the artifact has files, and only there.
func (v *validator) buildFile(path string, b Build) {
	files, ok := v.artifacts[b.Artifact]
	switch {
	case !ok:
		return // the reference was refused already
	case b.File == "" && len(files) > 0:
		v.refuse(path, "name one of the artifact's files", "the artifact has files, and the build does not say which one it makes")
	case b.File != "" && len(files) == 0:
		v.refuse(path, "list the file, with its digest, under the artifact's files", "the artifact lists no files")
	case b.File != "" && !files[b.File]:
		v.refuse(path, "name one of the artifact's files", "%s is not a file of the artifact", strictyaml.Quote(b.File))
	}
}

// tool is a Go command that a patched toolchain rebuilds.
var tool = regexp.MustCompile(`^cmd/[a-z0-9]+(/[a-z0-9]+)*$`)

func (v *validator) toolchain(path string, t Toolchain) {
	v.origin(path, t.PURL, t.Locations, t.Digest)
	v.optional(strictyaml.Field(path, "platform"), t.Platform, checkPlatform)
	for i, patch := range t.Patches {
		v.pinned(strictyaml.Index(strictyaml.Field(path, "patches"), i), patch.Location, patch.Digest)
	}
	for i, r := range t.Rebuild {
		if !tool.MatchString(r) {
			v.refuse(strictyaml.Index(strictyaml.Field(path, "rebuild"), i), "write it as cmd/link", "%s is not a tool of a toolchain", strictyaml.Quote(r))
		}
	}
	if (len(t.Patches) > 0) != (len(t.Rebuild) > 0) {
		v.refuse(path, "a patch changes nothing until a tool is built from it", "patches and rebuild go together")
	}
}

func (v *validator) argv(path string, argv []string) {
	if len(argv) == 0 || argv[0] == "" {
		v.refuse(path, "write it as [go, build, ./cmd/agent]", "a command has at least the name of a program")
	}
}

var envName = regexp.MustCompile(`^[A-Za-z_][A-Za-z0-9_]*$`)

func (v *validator) env(path string, env map[string]string) {
	for _, name := range sorted(env) {
		if !envName.MatchString(name) {
			v.refuse(strictyaml.Key(path, name), "letters, digits and underscore", "%s is not the name of an environment variable", strictyaml.Quote(name))
		}
	}
}

func (v *validator) buildInputs(p string, b Build) {
	if b.VCS != nil && !isCommit(b.VCS.Revision) {
		v.refuse(strictyaml.Field(p, "vcs.revision"), "write out all 40 or 64 digits", "%s is not a full commit", strictyaml.Quote(b.VCS.Revision))
	}
	if b.Root != nil {
		v.pinned(strictyaml.Field(p, "root"), b.Root.Location, b.Root.Digest)
	}
	seen := map[string]bool{}
	for i, in := range b.Inputs {
		path := strictyaml.Index(strictyaml.Field(p, "inputs"), i)
		var locations []string
		if in.Location != "" {
			locations = []string{in.Location}
		}
		v.originAt(path, in.PURL, locations, in.Digest, func(int) string { return strictyaml.Field(path, "location") })
		v.check(strictyaml.Field(path, "path"), strictyaml.CheckRelative(in.Path))
		v.once(strictyaml.Field(path, "path"), in.Path, seen)
	}
	for i, w := range b.Workspace {
		v.check(strictyaml.Index(strictyaml.Field(p, "workspace"), i), checkWorkspace(w))
	}
}

func checkWorkspace(s string) *strictyaml.Problem {
	path, version, versioned := strings.Cut(s, "@")
	if module.CheckPath(path) != nil || (versioned && semver.Canonical(version) == "") {
		return strictyaml.Problemf("write it as example.org/tool or example.org/tool@v1.2.3", "%s is not a Go module", strictyaml.Quote(s))
	}
	return nil
}

// isCommit reports whether s is a whole git commit, by either of git's hashes.
func isCommit(s string) bool { return strictyaml.IsHex(s, 20) || strictyaml.IsHex(s, 32) }
