package cause

import (
	"fmt"
	"maps"
	"slices"
	"strings"
	"time"
)

// The kinds of causes.
const (
	KindTrimpath     = "trimpath"
	KindLinker       = "linker-flags"
	KindString       = "linker-string" // -X
	KindStrip        = "symbols"       // -s, -w
	KindBuildID      = "build-id"
	KindStamp        = "vcs-stamp"
	KindToolchain    = "toolchain"
	KindNoBuildInfo  = "patched-toolchain"
	KindArchitecture = "architecture" // GOAMD64 and its like
	KindEnvironment  = "environment"
	KindTags         = "tags"
	KindCompiler     = "compiler-flags"
	KindBuildmode    = "buildmode"
	KindPaths        = "paths"
	KindWorkspace    = "workspace"
	KindPostprocess  = "postprocess"
	KindPackage      = "package"
)

// A Change is one respect in which a build differs from a recipe.
type Change struct {
	Kind string `json:"kind"`
	Said string `json:"said"` // by the recipe; "" for nothing
	Is   string `json:"is"`
}

// Changes are the differences of a build from a recipe, in a fixed order; from
// nothing where said is nil.
func Changes(said *Build, is Build) []Change {
	var a Build
	if said != nil {
		a = *said
	}
	var list []Change
	add := func(kind, x, y string) {
		if x != y {
			list = append(list, Change{kind, x, y})
		}
	}
	add(KindToolchain, a.Toolchain, is.Toolchain)
	add(KindNoBuildInfo, info(a), info(is))
	add(KindPackage, strings.TrimPrefix(a.Dir+" "+a.Package, " "), strings.TrimPrefix(is.Dir+" "+is.Package, " "))
	add(KindTrimpath, flag(a.Trimpath), flag(is.Trimpath))
	add(KindBuildmode, a.Buildmode, is.Buildmode)
	add(KindTags, a.Tags, is.Tags)
	add(KindCompiler, strings.TrimSpace(a.Gcflags+" "+a.Asmflags+" "+a.PGO), strings.TrimSpace(is.Gcflags+" "+is.Asmflags+" "+is.PGO))
	list = append(list, linkerChanges(a.Ldflags, is.Ldflags)...)
	list = append(list, envChanges(a.Env, is.Env)...)
	add(KindStamp, stampWords(a), stampWords(is))
	add(KindPaths, a.Paths.words(), is.Paths.words())
	add(KindWorkspace, modulesWords(a.Workspace), modulesWords(is.Workspace))
	add(KindPostprocess, stripWords(a.Strip), stripWords(is.Strip))
	return list
}

func info(b Build) string {
	if b.NoBuildInfo {
		return "a linker that writes no build info"
	}
	return ""
}

func flag(set bool) string {
	if set {
		return "-trimpath"
	}
	return ""
}

func stripWords(args []string) string {
	if args == nil {
		return ""
	}
	return strings.TrimSpace("strip " + strings.Join(args, " "))
}

func stampWords(b Build) string {
	if b.Stamp == nil {
		return ""
	}
	modified := ""
	if b.Stamp.Modified {
		modified = " modified"
	}
	return b.Stamp.Revision + " " + b.Stamp.Time.UTC().Format(time.RFC3339) + modified
}

func (p Paths) words() string {
	var list []string
	for _, x := range [][2]string{{"source ", p.Source}, {"modules ", p.Modules}, {"toolchain ", p.Toolchain}} {
		if x[1] != "" {
			list = append(list, x[0]+x[1])
		}
	}
	return strings.Join(list, ", ")
}

func modulesWords(list []Module) string {
	names := make([]string, len(list))
	for i, m := range list {
		names[i] = m.Path + "@" + m.Version
	}
	return strings.Join(names, " ")
}

// linkerChanges takes apart what differs in the linker's flags.
func linkerChanges(a, b string) []Change {
	if slices.Equal(words(a), words(b)) {
		return nil
	}
	x, y := readLinker(a), readLinker(b)
	var list []Change
	add := func(kind, said, is string) {
		if said != is {
			list = append(list, Change{kind, said, is})
		}
	}
	sw := func(l linker) string {
		return strings.Join(linker{s: l.s, w: l.w}.words(), " ")
	}
	id := func(l linker) string { return strings.Join(linker{buildID: l.buildID}.words(), "") }
	add(KindStrip, sw(x), sw(y))
	add(KindBuildID, id(x), id(y))
	values := func(l linker) map[string]string {
		m := map[string]string{}
		for _, v := range l.set {
			m[v.Name] = v.Value
		}
		return m
	}
	u, v := values(x), values(y)
	both := maps.Clone(u)
	maps.Copy(both, v)
	for _, name := range slices.Sorted(maps.Keys(both)) {
		add(KindString, setting(name, u), setting(name, v))
	}
	add(KindLinker, strings.Join(x.rest, " "), strings.Join(y.rest, " "))
	if len(list) == 0 { // only the order or the spelling
		add(KindLinker, a, b)
	}
	return list
}

func setting(name string, m map[string]string) string {
	value, ok := m[name]
	if !ok {
		return ""
	}
	return fmt.Sprintf("-X %s=%s", name, value)
}

func envChanges(a, b map[string]string) []Change {
	both := map[string]bool{}
	for _, key := range slices.Concat(slices.Collect(maps.Keys(a)), slices.Collect(maps.Keys(b))) {
		both[key] = true
	}
	var list []Change
	for _, key := range slices.Sorted(maps.Keys(both)) {
		usual, arch := archSettings()[key]
		if key == "CGO_ENABLED" {
			usual = "0"
		}
		if or(a[key], usual) == or(b[key], usual) {
			continue
		}
		kind := KindEnvironment
		if arch {
			kind = KindArchitecture
		}
		list = append(list, Change{kind, assignment(key, a), assignment(key, b)})
	}
	return list
}

func assignment(key string, m map[string]string) string {
	if v, ok := m[key]; ok {
		return key + "=" + v
	}
	return ""
}
