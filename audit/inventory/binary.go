package inventory

import (
	"bytes"
	"debug/buildinfo"
	"fmt"
	"runtime/debug"
	"strings"
)

// devel is what the linker writes for a main module without a version.
const devel = "(devel)"

// FromBinary reads the components that a Go binary says are built into it.
// where names the file, such as "linux-x64: package/bin/agent". What cannot be
// read is a gap: a binary of another language (NotGoBinary), a Go binary without
// build information (NoBuildInfo), damaged or made so, or without its module list
// (NoModuleList).
//
// Build information is what the builder's linker wrote. Code that was copied
// into a module by hand is not in it.
func FromBinary(data []byte, where string) Inventory {
	info, err := readBuildInfo(data)
	if err != nil {
		if !looksExecutable(data) {
			return gap(NotGoBinary, where, "not an executable of a known format; other ecosystems are not read yet")
		}
		if looksGo(data) {
			return gap(NoBuildInfo, where, "a Go binary without readable build information: "+err.Error())
		}
		return gap(NotGoBinary, where, "an executable that Go did not build; other ecosystems are not read yet")
	}
	return fromBuildInfo(info, where)
}

func fromBuildInfo(info *debug.BuildInfo, where string) Inventory {
	r := reader{}
	r.toolchain(info, where)
	if info.Path == "" && info.Main.Path == "" && len(info.Deps) == 0 {
		r.gap(NoModuleList, where, "the build information names the Go version and no module")
		return Merge(r.inv)
	}
	r.inv.Read = append(r.inv.Read, where)
	if info.Main.Path != "" {
		c := builtIn(&info.Main, where)
		if c.Version == devel {
			c = component(c.Name, "", c.Witnesses[0])
		}
		c.Main = true
		r.add(c)
	}
	for _, dep := range info.Deps {
		r.dependency(dep, where)
	}
	return Merge(r.inv)
}

func (r *reader) toolchain(info *debug.BuildInfo, where string) {
	v, ok := release(info.GoVersion)
	if !ok {
		r.gap(DevelToolchain, where, fmt.Sprintf("built with %.80q, which is not a released Go version", info.GoVersion))
		return
	}
	w := Witness{Kind: BuiltIn, Where: where}
	r.add(component(Stdlib, v, w))
	// A program of the Go distribution itself is part of the toolchain, and its
	// build information names no module.
	if info.Main.Path == "" && strings.HasPrefix(info.Path, "cmd/") {
		c := component(Toolchain, v, w)
		c.Main = true
		r.add(c)
	}
}

func (r *reader) dependency(dep *debug.Module, where string) {
	if dep.Replace == nil || dep.Replace.Path == "" {
		r.add(builtIn(dep, where))
		return
	}
	replaced := dep.Path + "@" + dep.Version
	c := builtIn(dep.Replace, where)
	if dep.Replace.Version == "" || dep.Replace.Version == devel {
		c = component(dep.Path, "", Witness{Kind: BuiltIn, Where: where})
		c.Local = dep.Replace.Path
		r.gap(LocalReplace, where, fmt.Sprintf("%s was built from the directory %s, whose content has no version", dep.Path, dep.Replace.Path))
	}
	c.Witnesses[0].Replaces = replaced
	r.add(c)
}

func builtIn(m *debug.Module, where string) Component {
	return component(m.Path, m.Version, Witness{Kind: BuiltIn, Where: where, Sum: m.Sum})
}

// readBuildInfo guards debug/buildinfo, which parses a foreign file with the
// debug packages: they promise no panic only for well-formed files.
func readBuildInfo(data []byte) (info *debug.BuildInfo, err error) {
	defer func() {
		if p := recover(); p != nil {
			info, err = nil, fmt.Errorf("the reader of the format gave up: %v", p)
		}
	}()
	return buildinfo.Read(bytes.NewReader(data))
}

// release is the version that `go version` prints, without its prefix and
// experiments; a development build has none.
func release(goVersion string) (string, bool) {
	first, _, _ := strings.Cut(goVersion, " ")
	v, ok := strings.CutPrefix(first, "go")
	if !ok || v == "" || v[0] < '0' || v[0] > '9' || !readable(v) {
		return "", false
	}
	return v, true
}

// looksGo says whether a file carries marks that only the Go linker leaves. It
// decides which reason is given, never whether a check passes.
func looksGo(data []byte) bool {
	for _, mark := range []string{"\xff Go build ID: \"", "\xff Go buildinf:", "runtime.goexit", ".gopclntab", "go:buildid"} {
		if bytes.Contains(data, []byte(mark)) {
			return true
		}
	}
	return false
}

func looksExecutable(data []byte) bool {
	for _, magic := range []string{"\x7fELF", "MZ", "\xfe\xed\xfa\xce", "\xfe\xed\xfa\xcf", "\xce\xfa\xed\xfe", "\xcf\xfa\xed\xfe", "\xca\xfe\xba\xbe"} {
		if bytes.HasPrefix(data, []byte(magic)) {
			return true
		}
	}
	return false
}
