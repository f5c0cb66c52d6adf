package cause

import (
	"bytes"
	"debug/buildinfo"
	"errors"
	"fmt"
	"path"
	"regexp"
	"runtime/debug"
	"slices"
	"strings"
)

// Facts are what a Go program states of its build, or betrays.
type Facts struct {
	Format string `json:"format"` // elf, pe, macho
	GOOS   string `json:"goos"`
	GOARCH string `json:"goarch"`
	// GoVersion is the toolchain's, such as "go1.26.5". Without build info it is
	// one of Versions.
	GoVersion string   `json:"goVersion"`
	Versions  []string `json:"versions,omitempty"` // that stand in the program as strings
	// BuildInfo says whether the linker wrote build info. The next four are from it.
	BuildInfo bool              `json:"buildInfo"`
	Path      string            `json:"path,omitempty"` // of the main package
	Main      Module            `json:"main"`
	Deps      []Module          `json:"deps,omitempty"`
	Settings  map[string]string `json:"settings,omitempty"`

	Symbols    bool   `json:"symbols"`
	DWARF      bool   `json:"dwarf"`
	PlainDWARF bool   `json:"plainDwarf,omitempty"` // not compressed
	GUI        bool   `json:"gui,omitempty"`        // PE without a console
	PIE        bool   `json:"pie,omitempty"`
	BuildID    string `json:"buildID"` // Go's
	GNUBuildID string `json:"gnuBuildID,omitempty"`

	Trimpath bool     `json:"trimpath"` // no path in the file table is absolute
	Goroot   string   `json:"goroot,omitempty"`
	ModCache string   `json:"modCache,omitempty"`
	Files    []string `json:"-"`                 // the file table
	Foreign  []string `json:"foreign,omitempty"` // sections that Go's linker does not write
}

// Module is a module that a program was built from.
type Module struct {
	Path    string  `json:"path,omitempty"`
	Version string  `json:"version,omitempty"`
	Sum     string  `json:"sum,omitempty"`
	Replace *Module `json:"replace,omitempty"`
}

// ErrNotGo says that a file is a program, and none of Go's.
var ErrNotGo = errors.New("no Go program: neither build info nor a pclntab is in it")

// Read takes the facts of a program. The error is ErrNotGo, or says that data is
// no program that it can read.
func Read(data []byte) (Facts, error) {
	im, err := openImage(data)
	if err != nil {
		return Facts{}, fmt.Errorf("read the program: %w", err)
	}
	f := Facts{
		Format: im.format, GOOS: im.goos, GOARCH: im.goarch, Settings: map[string]string{},
		Symbols: im.symbols, DWARF: im.debug, PlainDWARF: im.debugPlain, GUI: im.gui, PIE: im.pie,
		Foreign: foreign(im),
	}
	t := im.pclntab()
	if info, err := buildinfo.Read(bytes.NewReader(data)); err == nil {
		f.takeInfo(info)
	} else if t == nil {
		return Facts{}, ErrNotGo
	}
	f.BuildID, f.GNUBuildID = buildIDs(im, data)
	if t != nil {
		f.Files = t.files
	}
	if !f.BuildInfo {
		f.Versions = versions(im)
		if len(f.Versions) > 0 {
			f.GoVersion = f.Versions[0]
		}
	}
	f.takePaths()
	return f, nil
}

func (f *Facts) takeInfo(info *debug.BuildInfo) {
	f.BuildInfo, f.GoVersion, f.Path, f.Main = true, info.GoVersion, info.Path, module(&info.Main)
	for _, d := range info.Deps {
		f.Deps = append(f.Deps, module(d))
	}
	for _, s := range info.Settings {
		f.Settings[s.Key] = s.Value
	}
	f.GOOS, f.GOARCH = or(f.Settings["GOOS"], f.GOOS), or(f.Settings["GOARCH"], f.GOARCH)
}

func module(m *debug.Module) Module {
	out := Module{Path: m.Path, Version: m.Version, Sum: m.Sum}
	if m.Replace != nil {
		r := module(m.Replace)
		out.Replace = &r
	}
	return out
}

func or(a, b string) string {
	if a == "" {
		return b
	}
	return a
}

// marks are files that every Go program has in its table, with and without
// -trimpath: the runtime's.
const runtimeFile = "/src/runtime/proc.go"

// takePaths reads the builder's folders out of the file table.
func (f *Facts) takePaths() {
	f.Trimpath = len(f.Files) > 0
	for _, name := range f.Files {
		if root, ok := strings.CutSuffix(name, runtimeFile); ok && absolute(name) {
			f.Goroot, f.Trimpath = root, false
		}
	}
	if f.BuildInfo {
		f.Trimpath = f.Settings["-trimpath"] == "true"
	}
	for _, m := range f.Deps {
		if m.Replace != nil {
			m = *m.Replace
		}
		for _, name := range f.Files {
			if i := strings.Index(name, "/"+m.Path+"@"+m.Version+"/"); i > 0 && absolute(name) && m.Version != "" {
				f.ModCache = name[:i]
				return
			}
		}
	}
}

// absolute reports whether a path is, on any system.
func absolute(p string) bool {
	return path.IsAbs(p) || len(p) > 2 && p[1] == ':' && (p[2] == '/' || p[2] == '\\')
}

// SourceDir is the folder in which the builder had the source, found by the
// source's own files; "" where the table names none of them by an absolute path.
func (f Facts) SourceDir(files []string) string {
	votes := map[string]int{}
	known := make(map[string]bool, len(files))
	for _, p := range files {
		known[p] = strings.HasSuffix(p, ".go")
	}
	for _, name := range f.Files {
		if !absolute(name) || f.Goroot != "" && strings.HasPrefix(name, f.Goroot+"/") || f.ModCache != "" && strings.HasPrefix(name, f.ModCache+"/") {
			continue
		}
		for i := strings.IndexByte(name, '/'); i >= 0; {
			if known[name[i+1:]] {
				votes[name[:i]]++
			}
			next := strings.IndexByte(name[i+1:], '/')
			if next < 0 {
				break
			}
			i += 1 + next
		}
	}
	best := ""
	for dir, n := range votes {
		if b := votes[best]; n > b || n == b && (len(dir) < len(best) || len(dir) == len(best) && dir < best) {
			best = dir
		}
	}
	return best
}

// goVersion is how a release names itself. Where build info was cut out, the
// string stays: the runtime gives it out.
var goVersion = regexp.MustCompile(`go1\.[0-9]{1,2}(?:\.[0-9]{1,2}|rc[0-9]|beta[0-9])?`)

// versions are the release names in the data of a program, the most likely
// first: the runtime's own is the newest and the longest.
func versions(im *image) []string {
	var list []string
	for _, s := range im.sections {
		if s.name == ".gopclntab" || s.name == "__gopclntab" || s.name == ".text" || s.name == "__text" {
			continue
		}
		for _, m := range goVersion.FindAll(s.data, 1000) {
			list = append(list, string(m))
		}
	}
	slices.SortFunc(list, func(a, b string) int { return -compareVersions(a, b) })
	list = slices.Compact(list)
	return list[:min(len(list), 5)]
}

func compareVersions(a, b string) int {
	x, y := numbers(a), numbers(b)
	if c := slices.Compare(x, y); c != 0 {
		return c
	}
	return strings.Compare(a, b)
}

func numbers(v string) []int {
	list := []int{0}
	for _, c := range strings.TrimPrefix(v, "go") {
		switch {
		case c >= '0' && c <= '9':
			list[len(list)-1] = min(list[len(list)-1]*10+int(c-'0'), 1<<20)
		case c == '.':
			list = append(list, 0)
		default:
			return append(list, -1) // rc, beta
		}
	}
	return list
}

// foreign are sections that Go's linker does not write into a program: something
// else wrote the file after it, or C was linked.
func foreign(im *image) []string {
	if im.format != "elf" {
		return nil
	}
	var list []string
	for _, name := range im.names {
		switch name {
		case ".comment", ".gnu_debuglink", ".init", ".fini", ".init_array", ".eh_frame", "UPX!":
			list = append(list, name)
		}
	}
	return list
}
