package cause

import (
	"bytes"
	"fmt"
	"go/ast"
	"go/parser"
	"go/token"
	"io/fs"
	"path"
	"regexp"
	"slices"
	"strings"
)

// Source is what a search needs to know of the source tree.
type Source struct {
	Module string // path in go.mod of the root
	// Modules are all modules of the tree: path to folder.
	Modules map[string]string
	// Mains are the folders of main packages, relative, with the names of their
	// files.
	Mains []Main
	// Strings are the string variables that -X can set.
	Strings []string
	// Hints are -X settings and the like that build files write down.
	Hints []Hint
	Files []string // all paths
}

// Main is a folder with a main package.
type Main struct {
	Dir   string
	Files []string
}

// A Hint is a line of a build file that bears on how the product is built.
type Hint struct {
	Path string
	Line int
	Kind string // HintLinker or HintToolchain
	Text string
}

// The kinds of hints.
const (
	HintLinker    = "linker-flags"      // -ldflags or -X
	HintToolchain = "patched-toolchain" // a change of the toolchain's own source
)

// limits of what is read of a source.
const (
	maxSourceFile = 4 << 20 // bytes
	maxStrings    = 400     // string variables that are probed
	maxHints      = 50
)

// ReadSource looks through a source tree. Files that do not read as Go bear on
// nothing here: a build would tell. With namesOnly only modules and paths are
// read: a toolchain is large, and its strings are its own.
func ReadSource(tree fs.FS, namesOnly bool) (Source, error) {
	s := Source{Modules: map[string]string{}}
	err := fs.WalkDir(tree, ".", func(p string, d fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		name := d.Name()
		if d.IsDir() {
			if p != "." && (name == "testdata" || name == "vendor" || strings.HasPrefix(name, ".") || strings.HasPrefix(name, "_")) {
				return fs.SkipDir
			}
			return nil
		}
		s.Files = append(s.Files, p)
		info, err := d.Info()
		if err != nil || !info.Mode().IsRegular() || info.Size() > maxSourceFile {
			return err
		}
		if name == "go.mod" || !namesOnly && (path.Ext(p) == ".go" && !strings.HasSuffix(p, "_test.go") || buildFile(p)) {
			content, err := fs.ReadFile(tree, p)
			if err != nil {
				return err
			}
			s.file(p, content)
		}
		return nil
	})
	s.finish()
	return s, err
}

func (s *Source) finish() {
	for i, name := range s.Strings { // where the module of a package was read after it
		dir, rest, ok := strings.Cut(name, "\x00")
		if ok {
			s.Strings[i] = s.importPath(dir) + rest
		}
	}
	slices.Sort(s.Strings)
	s.Strings = slices.Compact(s.Strings)
	s.Hints = s.Hints[:min(len(s.Hints), maxHints)]
	slices.SortFunc(s.Mains, func(a, b Main) int { return strings.Compare(a.Dir, b.Dir) })
}

var moduleLine = regexp.MustCompile(`(?m)^\s*module\s+"?([^\s"]+)`)

// ModulePath is the path in a go.mod, or "" where it has none.
func ModulePath(mod []byte) string {
	if m := moduleLine.FindSubmatch(mod); m != nil {
		return string(m[1])
	}
	return ""
}

// buildFile tells the files in which people write down how they build.
func buildFile(p string) bool {
	base, ext := path.Base(p), path.Ext(p)
	return base == "Makefile" || base == "makefile" || base == "GNUmakefile" || base == "Dockerfile" || base == "Taskfile" ||
		slices.Contains([]string{".mk", ".sh", ".bash", ".yml", ".yaml", ".patch", ".diff", ".ps1"}, ext)
}

// importPath is that of a folder of the tree.
func (s *Source) importPath(dir string) string {
	best, found := "", ""
	for module, at := range s.Modules {
		if (at == "." || at == dir || strings.HasPrefix(dir, at+"/")) && (found == "" || len(at) > len(best)) {
			best, found = at, module
		}
	}
	if best == "." {
		return path.Join(found, dir)
	}
	return path.Join(found, strings.TrimPrefix(dir, best))
}

func (s *Source) file(p string, content []byte) {
	switch {
	case path.Base(p) == "go.mod":
		s.Modules[ModulePath(content)] = path.Dir(p)
		if p == "go.mod" {
			s.Module = ModulePath(content)
		}
		return
	case path.Ext(p) != ".go":
		s.hints(p, content)
		return
	}
	f, err := parser.ParseFile(token.NewFileSet(), "", content, parser.SkipObjectResolution)
	if err != nil || f.Name == nil {
		return
	}
	dir := path.Dir(p)
	prefix := dir + "\x00."
	if f.Name.Name == "main" {
		prefix = "main."
		if i := slices.IndexFunc(s.Mains, func(m Main) bool { return m.Dir == dir }); i >= 0 {
			s.Mains[i].Files = append(s.Mains[i].Files, path.Base(p))
		} else {
			s.Mains = append(s.Mains, Main{dir, []string{path.Base(p)}})
		}
	}
	for _, name := range stringVariables(f) {
		s.Strings = append(s.Strings, prefix+name)
	}
}

// stringVariables are those that -X takes: of the package, of type string, and
// with no value or one that could be a constant.
func stringVariables(f *ast.File) []string {
	var list []string
	for _, d := range f.Decls {
		gen, ok := d.(*ast.GenDecl)
		if !ok || gen.Tok != token.VAR {
			continue
		}
		for _, spec := range gen.Specs {
			v, ok := spec.(*ast.ValueSpec)
			if !ok {
				continue
			}
			typed := false
			if id, ok := v.Type.(*ast.Ident); ok {
				typed = id.Name == "string"
			} else if v.Type != nil {
				continue
			}
			for i, name := range v.Names {
				text := i < len(v.Values) && constantString(v.Values[i])
				if name.Name != "_" && (typed && len(v.Values) == 0 || text) {
					list = append(list, name.Name)
				}
			}
		}
	}
	return list
}

func constantString(e ast.Expr) bool {
	switch x := e.(type) {
	case *ast.BasicLit:
		return x.Kind == token.STRING
	case *ast.ParenExpr:
		return constantString(x.X)
	case *ast.BinaryExpr:
		return x.Op == token.ADD && (constantString(x.X) || constantString(x.Y))
	}
	return false
}

// hints notes lines that set linker flags, or change the toolchain's source.
func (s *Source) hints(p string, content []byte) {
	n := 0
	for line := range bytes.Lines(content) {
		n++
		kind := ""
		switch {
		case bytes.Contains(line, []byte("src/cmd/")) && touches(line):
			kind = HintToolchain
		case bytes.Contains(line, []byte("ldflags")), bytes.Contains(line, []byte(" -X ")):
			kind = HintLinker
		}
		if kind != "" {
			s.Hints = append(s.Hints, Hint{p, n, kind, string(bytes.TrimSpace(line[:min(len(line), 300)]))})
		}
	}
}

// touches tells a line that changes a file from one that only names it.
func touches(line []byte) bool {
	for _, word := range []string{"sed ", "patch ", "git apply", "+++ ", "perl ", "> "} {
		if bytes.Contains(line, []byte(word)) {
			return true
		}
	}
	return false
}

// marker is the value of the i-th variable in a probe. Its length is odd so that
// it lines up with nothing.
func marker(i int) string { return fmt.Sprintf("proffer:probe:%04d:marker:%04d", i, i) }

// probe are the variables of a source, each with its marker.
func (s Source) probe() []Variable {
	var list []Variable
	for i, name := range s.Strings[:min(len(s.Strings), maxStrings)] {
		list = append(list, Variable{name, marker(i)})
	}
	return list
}
