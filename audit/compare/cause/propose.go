package cause

import (
	"path"
	"slices"
	"strings"
	"time"
)

// archSettings are the settings that choose an instruction set, with the value
// that is understood where nothing is said.
func archSettings() map[string]string {
	return map[string]string{
		"GOAMD64": "v1", "GOARM64": "v8.0", "GO386": "sse2", "GOARM": "7", "GORISCV64": "rva20u64",
		"GOMIPS": "hardfloat", "GOMIPS64": "hardfloat", "GOPPC64": "power8", "GOEXPERIMENT": "", "GOFIPS140": "off",
	}
}

// Propose is the build that a program speaks of, for a source. lacks says what is
// needed and cannot be seen.
func Propose(f Facts, s Source) (b Build, lacks []string) {
	b = Build{Trimpath: f.Trimpath, Toolchain: toolchain(f.GoVersion), NoBuildInfo: !f.BuildInfo, Env: environment(f)}
	if b.Toolchain == "" {
		lacks = append(lacks, "the version of the toolchain")
	}
	if !place(&b, f, s) {
		lacks = append(lacks, "which package of the source it is")
	}
	b.facts(f, s)
	b.Ldflags = f.Settings["-ldflags"]
	if _, said := f.Settings["-ldflags"]; !said && (b.Trimpath || !f.BuildInfo) {
		l := f.linker()
		b.Ldflags, _ = join(l.words())
	}
	return b, lacks
}

// facts takes over what a program states beyond doubt.
func (b *Build) facts(f Facts, s Source) {
	b.Trimpath, b.NoBuildInfo = f.Trimpath, !f.BuildInfo
	if f.BuildInfo {
		b.Tags, b.Gcflags, b.Asmflags = f.Settings["-tags"], f.Settings["-gcflags"], f.Settings["-asmflags"]
		b.Buildmode = ""
		if mode := f.Settings["-buildmode"]; mode != "exe" {
			b.Buildmode = mode
		}
		b.Stamp = stamp(f.Settings)
		b.NoVCS = b.NoVCS && b.Stamp == nil
	}
	b.Paths = Paths{}
	if !f.Trimpath {
		b.Paths = Paths{Source: f.SourceDir(s.Files), Modules: f.ModCache, Toolchain: f.Goroot}
	}
}

func toolchain(version string) string {
	v, _, _ := strings.Cut(version, " ") // experiments follow
	return v
}

func environment(f Facts) map[string]string {
	env := map[string]string{"GOOS": f.GOOS, "GOARCH": f.GOARCH, "CGO_ENABLED": or(f.Settings["CGO_ENABLED"], "0")}
	for key, usual := range archSettings() {
		if v := f.Settings[key]; v != "" && v != usual {
			env[key] = v
		}
	}
	return env
}

// place finds the main package in the source.
func place(b *Build, f Facts, s Source) bool {
	// A toolchain's own programs are built from within it.
	if strings.HasPrefix(f.Path, "cmd/") && f.Main.Path == "" && slices.Contains(s.Files, "src/runtime/proc.go") {
		b.Dir, b.Package = "src", f.Path
		return true
	}
	if f.BuildInfo && f.Path != "command-line-arguments" {
		best := ""
		for module := range s.Modules {
			if (f.Path == module || strings.HasPrefix(f.Path, module+"/")) && len(module) > len(best) {
				best = module
			}
		}
		if best != "" {
			b.put(s.Modules[best], strings.TrimPrefix(strings.TrimPrefix(f.Path, best), "/"))
			return true
		}
		return false
	}
	var found []Main
	for _, m := range s.Mains {
		if slices.ContainsFunc(m.Files, func(name string) bool { return f.names(s, m.Dir, name) }) {
			found = append(found, m)
		}
	}
	if len(found) != 1 {
		return false
	}
	dir := s.moduleDir(found[0].Dir)
	rel := strings.TrimPrefix(strings.TrimPrefix(found[0].Dir, dir), "/")
	if dir == "." {
		rel = strings.TrimPrefix(found[0].Dir, "./")
	}
	b.put(dir, rel)
	if f.Path == "command-line-arguments" && len(found[0].Files) == 1 {
		b.Package = "./" + path.Join(rel, found[0].Files[0])
	}
	return true
}

func (b *Build) put(moduleDir, rel string) {
	b.Package = "."
	if rel != "" && rel != "." {
		b.Package = "./" + rel
	}
	if moduleDir != "." {
		b.Dir = moduleDir
	}
}

// names reports whether the file table names a file of a main package.
func (f Facts) names(s Source, dir, name string) bool {
	suffix := "/" + path.Join(dir, name)
	trimmed := path.Join(s.importPath(dir), name)
	return slices.ContainsFunc(f.Files, func(p string) bool {
		return p == trimmed || absolute(p) && strings.HasSuffix(p, suffix) || p == "./"+path.Join(dir, name) || strings.HasPrefix(p, "command-line-arguments/") && path.Base(p) == name
	})
}

// moduleDir is the folder of the module that a folder belongs to.
func (s Source) moduleDir(dir string) string {
	best := "."
	for _, at := range s.Modules {
		if (at == dir || strings.HasPrefix(dir, at+"/")) && len(at) > len(best) {
			best = at
		}
	}
	return best
}

func stamp(settings map[string]string) *Stamp {
	revision := settings["vcs.revision"]
	t, err := time.Parse(time.RFC3339Nano, settings["vcs.time"])
	if revision == "" || err != nil || settings["vcs"] != "git" {
		return nil
	}
	return &Stamp{revision, t, settings["vcs.modified"] == "true"}
}

// linker is what a program shows of the flags of its link.
func (f Facts) linker() linker {
	l := linker{s: !f.Symbols, w: !f.DWARF}
	if ID := SplitID(f.BuildID); ID.Link == "" {
		id := f.BuildID
		l.buildID = &id
	}
	if f.GUI {
		l.rest = append(l.rest, "-H=windowsgui")
	}
	if f.PlainDWARF {
		l.rest = append(l.rest, "-compressdwarf=false")
	}
	// Since Go 1.24 the linker writes a GNU build ID of its own accord.
	native := compareVersions(toolchain(f.GoVersion), "go1.24") >= 0
	switch {
	case f.Format != "elf" || f.BuildID == "":
	case f.GNUBuildID == "" && native:
		l.rest = append(l.rest, "-B=none")
	case f.GNUBuildID != "" && !native:
		l.rest = append(l.rest, "-B=gobuildid")
	}
	return l
}
