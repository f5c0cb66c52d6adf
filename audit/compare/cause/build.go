package cause

import (
	"maps"
	"path"
	"slices"
	"strings"
	"time"
)

// A Build is everything about a build that could make a difference. It is what a
// recipe says, or would have to say.
type Build struct {
	Dir       string   `json:"dir,omitempty"`  // of -C
	Package   string   `json:"package"`        // ./cmd/x, or a package of the standard library
	More      []string `json:"more,omitempty"` // further packages or files
	Toolchain string   `json:"toolchain,omitempty"`

	Trimpath  bool   `json:"trimpath"`
	Buildmode string `json:"buildmode,omitempty"`
	Tags      string `json:"tags,omitempty"`
	Gcflags   string `json:"gcflags,omitempty"`
	Asmflags  string `json:"asmflags,omitempty"`
	PGO       string `json:"pgo,omitempty"`
	NoVCS     bool   `json:"noVCS,omitempty"` // -buildvcs=false
	// Ldflags is the whole flag as it is written, since build info may quote it.
	Ldflags string            `json:"ldflags,omitempty"`
	Env     map[string]string `json:"env,omitempty"`
	Other   []string          `json:"other,omitempty"` // flags that bear on nothing that is searched

	Stamp *Stamp `json:"stamp,omitempty"`
	Paths Paths  `json:"paths"`
	// NoBuildInfo links with a linker that leaves build info out.
	NoBuildInfo bool     `json:"noBuildInfo,omitempty"`
	Workspace   []Module `json:"workspace,omitempty"` // at these versions
	Strip       []string `json:"strip,omitempty"`     // arguments of strip after linking
}

// Stamp is the state of the version control.
type Stamp struct {
	Revision string    `json:"revision"`
	Time     time.Time `json:"time"`
	Modified bool      `json:"modified"`
}

// Paths are the builder's folders, absolute.
type Paths struct {
	Source    string `json:"source,omitempty"`
	Modules   string `json:"modules,omitempty"`
	Toolchain string `json:"toolchain,omitempty"`
}

// Command is the build as arguments; output is relative to the source folder.
func (b Build) Command(output string) []string {
	argv := []string{"go", "build"}
	add := func(name, value string) {
		if value != "" {
			argv = append(argv, name+"="+value)
		}
	}
	if b.Dir != "" {
		argv = append(argv, "-C", b.Dir)
		output = strings.TrimPrefix(output, b.Dir+"/")
	}
	if b.Trimpath {
		argv = append(argv, "-trimpath")
	}
	if b.NoVCS {
		argv = append(argv, "-buildvcs=false")
	}
	add("-buildmode", b.Buildmode)
	add("-tags", b.Tags)
	add("-asmflags", b.Asmflags)
	add("-gcflags", b.Gcflags)
	add("-ldflags", b.Ldflags)
	add("-pgo", b.PGO)
	argv = append(argv, b.Other...)
	argv = append(argv, "-o", output)
	if b.Package != "" {
		argv = append(argv, b.Package)
	}
	argv = append(argv, b.More...)
	return argv
}

// Output is where a build of this kind puts its file, relative to the source.
func (b Build) Output() string {
	name := path.Base(b.Package)
	if name == "." || name == "/" || name == "" {
		name = "program"
	}
	if b.Env["GOOS"] == "windows" {
		name += ".exe"
	}
	return path.Join(b.Dir, "out", name)
}

func (b Build) clone() Build {
	b.Env, b.Other = maps.Clone(b.Env), slices.Clone(b.Other)
	b.Workspace, b.Strip = slices.Clone(b.Workspace), slices.Clone(b.Strip)
	if b.Stamp != nil {
		s := *b.Stamp
		b.Stamp = &s
	}
	return b
}

// words splits -ldflags as cmd/go does: at white space, quotes around a word.
func words(s string) []string {
	var list []string
	for s = strings.TrimSpace(s); s != ""; s = strings.TrimSpace(s) {
		if s[0] == '"' || s[0] == '\'' {
			word, rest, ok := strings.Cut(s[1:], s[:1])
			if !ok {
				return append(list, s)
			}
			list, s = append(list, word), rest
			continue
		}
		i := strings.IndexAny(s, " \t\r\n")
		if i < 0 {
			i = len(s)
		}
		list, s = append(list, s[:i]), s[i:]
	}
	return list
}

// join is the inverse of words; ok is false where no quoting does it.
func join(list []string) (string, bool) {
	out := make([]string, len(list))
	for i, w := range list {
		switch {
		case w != "" && !strings.ContainsAny(w, " \t\r\n\"'"):
			out[i] = w
		case !strings.Contains(w, "'"):
			out[i] = "'" + w + "'"
		case !strings.Contains(w, `"`):
			out[i] = `"` + w + `"`
		default:
			return "", false
		}
	}
	return strings.Join(out, " "), true
}

// linker is -ldflags taken apart.
type linker struct {
	s, w    bool
	buildID *string
	set     []Variable // by -X
	rest    []string
}

// Variable is a string variable and its value.
type Variable struct {
	Name  string `json:"name"` // import path, dot, name
	Value string `json:"value"`
}

func readLinker(flags string) linker {
	var l linker
	list := words(flags)
	for i := 0; i < len(list); i++ {
		name, value, has := strings.Cut(strings.TrimPrefix(strings.TrimPrefix(list[i], "-"), "-"), "=")
		take := func() string {
			if !has && i+1 < len(list) {
				i++
				return list[i]
			}
			return value
		}
		switch {
		case name == "s" && (!has || value == "true"):
			l.s = true
		case name == "w" && (!has || value == "true"):
			l.w = true
		case name == "buildid":
			v := take()
			l.buildID = &v
		case name == "X":
			n, v, _ := strings.Cut(take(), "=")
			l.set = append(l.set, Variable{n, v})
		default:
			l.rest = append(l.rest, list[i])
		}
	}
	return l
}

// words is the usual spelling.
func (l linker) words() []string {
	var list []string
	if l.s {
		list = append(list, "-s")
	}
	if l.w {
		list = append(list, "-w")
	}
	for _, v := range l.set {
		list = append(list, "-X", v.Name+"="+v.Value)
	}
	list = append(list, l.rest...)
	if l.buildID != nil {
		list = append(list, "-buildid="+*l.buildID)
	}
	return list
}
