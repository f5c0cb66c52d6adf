package inventory

import (
	"fmt"
	"go/version"
	"maps"
	"slices"
	"strings"
	"unicode"
	"unicode/utf8"

	"github.com/package-url/packageurl-go"
	"golang.org/x/mod/modfile"
	"golang.org/x/mod/module"
)

// maxName caps a name or version, in bytes; the longest module path that the Go
// proxy knows is far below it.
const maxName = 512

// FromGoMod reads the components that a go.mod declares and its go.sum locks.
// where names the source, such as "agent". gosum may be nil: then nothing is
// locked, and that is a gap unless nothing is required.
//
// Replace directives are honoured: the replacement is the component, and its
// witness says what it replaces. A replacement by a directory is a component
// without a version, and a gap. The standard library is not read from the go or
// toolchain line, which name the oldest Go that will do: see FromToolchain.
func FromGoMod(gomod, gosum []byte, where string) Inventory {
	modWhere, sumWhere := where+": go.mod", where+": go.sum"
	f, err := modfile.Parse("go.mod", gomod, nil)
	if err != nil {
		return gap(UnreadableGoMod, modWhere, err.Error())
	}
	r := reader{inv: Inventory{Read: []string{modWhere}}}
	sums := map[module.Version]sumLine{}
	if gosum != nil {
		sums = r.sums(gosum, sumWhere)
	} else if len(f.Require) > 0 {
		r.gap(MissingGoSum, sumWhere, "go.mod requires modules and there is no go.sum that pins them")
	}
	r.requirements(f, modWhere)
	r.lock(f, sums, sumWhere)
	if f.Module != nil {
		r.main(f.Module, modWhere)
	}
	return Merge(r.inv)
}

// FromToolchain is the Go distribution that built the product, as the submission
// pins it or the rebuild used it: the standard library and the tools. goVersion
// is as `go version` prints it, such as "go1.23.12".
func FromToolchain(goVersion, where string) Inventory {
	v, ok := release(goVersion)
	if !ok {
		return gap(DevelToolchain, where, fmt.Sprintf("%q is not a released Go version, so flaws of the standard library cannot be matched", goVersion))
	}
	w := Witness{Kind: Declared, Where: where}
	return Merge(Inventory{Read: []string{where}, Components: []Component{component(Stdlib, v, w), component(Toolchain, v, w)}})
}

// FromPURL is a product whose identity the submission gives, such as
// "pkg:golang/example.org/agent@v1.2.3". Only Go package URLs are components yet.
func FromPURL(text, where string) Inventory {
	p, err := packageurl.FromString(text)
	if err != nil {
		return gap(UnreadablePURL, where, err.Error())
	}
	if p.Type != packageurl.TypeGolang {
		return Merge(Inventory{Read: []string{where}})
	}
	name := moduleName(text, p)
	if !readable(name) || !readable(p.Version) {
		return gap(UnreadableName, where, fmt.Sprintf("module %.80q has no readable path and version", name))
	}
	c := component(name, p.Version, Witness{Kind: Declared, Where: where})
	c.Main = true
	return Merge(Inventory{Read: []string{where}, Components: []Component{c}})
}

// moduleName is the module path with its case as written, which the package-url
// library folds.
func moduleName(text string, p packageurl.PackageURL) string {
	folded := p.Name
	if p.Namespace != "" {
		folded = p.Namespace + "/" + p.Name
	}
	if i := strings.Index(strings.ToLower(text), strings.ToLower(folded)); i >= 0 {
		return text[i : i+len(folded)]
	}
	return folded
}

// reader gathers one inventory.
type reader struct{ inv Inventory }

func (r *reader) gap(code, where, detail string) {
	r.inv.Gaps = append(r.inv.Gaps, Gap{Code: code, Where: where, Detail: detail})
}

func (r *reader) add(c Component) bool {
	if !readable(c.Name) || (c.Version != "" && !readable(c.Version)) {
		r.gap(UnreadableName, c.Witnesses[0].Where, fmt.Sprintf("component %.80q has a name or version that cannot be matched", c.Name))
		return false
	}
	r.inv.Components = append(r.inv.Components, c)
	return true
}

func (r *reader) main(m *modfile.Module, where string) {
	w := Witness{Kind: Declared, Where: where, Line: line(m.Syntax)}
	c := component(m.Mod.Path, "", w)
	c.Main = true
	r.add(c)
}

func (r *reader) requirements(f *modfile.File, where string) {
	for _, req := range f.Require {
		w := Witness{Kind: Declared, Where: where, Line: line(req.Syntax)}
		c := component(req.Mod.Path, req.Mod.Version, w)
		if rep := replacement(f, req.Mod); rep != nil {
			w.Line, w.Replaces = line(rep.Syntax), req.Mod.String()
			c = component(rep.New.Path, rep.New.Version, w)
			if rep.New.Version == "" {
				c = component(req.Mod.Path, "", w)
				c.Local = rep.New.Path
				r.gap(LocalReplace, where, fmt.Sprintf("%s is replaced by the directory %s, whose content has no version", req.Mod.Path, rep.New.Path))
			}
		}
		r.add(c)
	}
}

// replacement is the directive that applies to m: one for its version before
// one for all versions.
func replacement(f *modfile.File, m module.Version) *modfile.Replace {
	var any *modfile.Replace
	for _, rep := range f.Replace {
		switch rep.Old {
		case m:
			return rep
		case module.Version{Path: m.Path}:
			any = rep
		}
	}
	return any
}

// lock adds the witness of go.sum to what is declared. Below go 1.17 a go.mod
// leaves indirect requirements out, so what only go.sum holds counts too.
func (r *reader) lock(f *modfile.File, sums map[module.Version]sumLine, where string) {
	declared := map[module.Version]bool{}
	for _, c := range slices.Clone(r.inv.Components) {
		m := module.Version{Path: c.Name, Version: c.Version}
		declared[m] = true
		if s, ok := sums[m]; ok {
			r.add(component(c.Name, c.Version, Witness{Kind: Locked, Where: where, Line: s.line, Sum: s.sum}))
		}
	}
	if f.Go == nil || version.Compare("go"+f.Go.Version, "go1.17") >= 0 {
		return
	}
	for _, m := range slices.SortedFunc(maps.Keys(sums), compareModules) {
		if !declared[m] {
			r.add(component(m.Path, m.Version, Witness{Kind: Locked, Where: where, Line: sums[m].line, Sum: sums[m].sum}))
		}
	}
}

func compareModules(a, b module.Version) int { return strings.Compare(a.String(), b.String()) }

type sumLine struct {
	line int
	sum  string
}

// sums reads the lines of a go.sum that pin a module's content; those that pin
// only its go.mod say nothing about what is built.
func (r *reader) sums(gosum []byte, where string) map[module.Version]sumLine {
	out := map[module.Version]sumLine{}
	n := 0
	for text := range strings.Lines(string(gosum)) {
		n++
		fields := strings.Fields(text)
		if len(fields) == 0 {
			continue
		}
		if len(fields) != 3 || !strings.HasPrefix(fields[2], "h1:") {
			r.gap(UnreadableGoSum, where, fmt.Sprintf("line %d is not a module, a version and an h1: hash", n))
			continue
		}
		if !strings.HasSuffix(fields[1], "/go.mod") {
			out[module.Version{Path: fields[0], Version: fields[1]}] = sumLine{n, fields[2]}
		}
	}
	r.inv.Read = append(r.inv.Read, where)
	return out
}

func line(l *modfile.Line) int {
	if l == nil {
		return 0
	}
	return l.Start.Line
}

// readable says whether a name or version can be matched and shown at all.
func readable(s string) bool {
	if s == "" || len(s) > maxName || !utf8.ValidString(s) {
		return false
	}
	for _, r := range s {
		if r == ' ' || !unicode.IsPrint(r) {
			return false
		}
	}
	return true
}

func gap(code, where, detail string) Inventory {
	return Merge(Inventory{Gaps: []Gap{{Code: code, Where: where, Detail: detail}}})
}
