package main

import (
	"go/ast"
	"go/parser"
	"go/token"
	"io/fs"
	"os"
	"path"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"
)

const module = "github.com/proffer-audit/proffer/"

// A source file of ours, parsed.
type sourceFile struct {
	path string // slash path from the root of the module
	pkg  string // its folder
	ast  *ast.File
}

func sourceFiles(t *testing.T) []sourceFile {
	t.Helper()
	root := filepath.Join("..", "..")
	var files []sourceFile
	err := filepath.WalkDir(root, func(p string, d fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		name := d.Name()
		if d.IsDir() && (name == "testdata" || name == ".git" || name == "proffer-out") {
			return filepath.SkipDir
		}
		if d.IsDir() || !strings.HasSuffix(name, ".go") || strings.HasSuffix(name, "_test.go") {
			return nil
		}
		f, err := parser.ParseFile(token.NewFileSet(), p, nil, parser.ParseComments)
		if err != nil {
			return err
		}
		rel, err := filepath.Rel(root, p)
		if err != nil {
			return err
		}
		rel = filepath.ToSlash(rel)
		files = append(files, sourceFile{rel, path.Dir(rel), f})
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	if len(files) < 20 {
		t.Fatalf("only %d source files were found", len(files))
	}
	return files
}

func imports(t *testing.T, f sourceFile) []string {
	t.Helper()
	var all []string
	for _, spec := range f.ast.Imports {
		p, err := strconv.Unquote(spec.Path.Value)
		if err != nil {
			t.Fatal(err)
		}
		all = append(all, p)
	}
	return all
}

// table reads the rows between two marks of ARCHITECTURE.md: the words in
// backquotes of each row, by column.
func table(t *testing.T, name string) [][][]string {
	t.Helper()
	raw, err := os.ReadFile(filepath.Join("..", "..", "ARCHITECTURE.md"))
	if err != nil {
		t.Fatal(err)
	}
	_, rest, ok := strings.Cut(string(raw), "<!-- "+name+":begin -->")
	body, _, ok2 := strings.Cut(rest, "<!-- "+name+":end -->")
	if !ok || !ok2 {
		t.Fatalf("ARCHITECTURE.md has no table %q", name)
	}
	quoted := regexp.MustCompile("`([^`]+)`")
	var rows [][][]string
	for line := range strings.Lines(body) {
		cells := strings.Split(strings.Trim(strings.TrimSpace(line), "|"), "|")
		if len(cells) != 2 {
			continue
		}
		row := [][]string{nil, nil}
		for i, cell := range cells {
			for _, m := range quoted.FindAllStringSubmatch(cell, -1) {
				row[i] = append(row[i], m[1])
			}
		}
		if i := strings.TrimSpace(cells[0]); len(row[0]) == 0 && i != "" {
			row[0] = []string{i}
		}
		rows = append(rows, row)
	}
	return rows
}

func TestImportsPointDown(t *testing.T) {
	allowed := map[string][]string{}
	for _, row := range table(t, "imports") {
		if len(row[0]) == 1 {
			allowed[row[0][0]] = row[1]
		}
	}
	used := map[string]bool{}
	for _, f := range sourceFiles(t) {
		for _, p := range imports(t, f) {
			ours, ok := strings.CutPrefix(p, module)
			if !ok {
				continue
			}
			used[f.pkg+" "+ours] = true
			if !slices.Contains(allowed[f.pkg], ours) {
				t.Errorf("%s imports %s: not in the table of ARCHITECTURE.md", f.path, ours)
			}
		}
	}
	for from, list := range allowed {
		for _, to := range list {
			if !used[from+" "+to] {
				t.Errorf("ARCHITECTURE.md lets %s import %s, which it does not", from, to)
			}
		}
	}
}

// TestArrows: the two lower wings know nothing of the audit, nobody but the door
// knows the audit itself, and nothing goes round.
func TestArrows(t *testing.T) {
	below := map[string][]string{}
	for _, row := range table(t, "imports") {
		if len(row[0]) == 1 {
			below[row[0][0]] = row[1]
		}
	}
	wing := func(pkg string) string {
		name, _, _ := strings.Cut(pkg, "/")
		return name
	}
	for from, list := range below {
		for _, to := range list {
			switch {
			case to == "audit" && from != "cmd/proffer":
				t.Errorf("%s imports audit, which stands above it", from)
			case wing(to) == "cmd" || wing(to) == "samples":
				t.Errorf("%s imports %s", from, to)
			case (wing(from) == "attest" || wing(from) == "reports") && wing(to) == "audit":
				t.Errorf("%s imports %s: the lower wings know nothing of the audit", from, to)
			case wing(from) == "reports" && wing(to) != "reports":
				t.Errorf("%s imports %s: a report knows of nothing else", from, to)
			}
		}
	}
	var visit func(pkg string, above []string)
	visit = func(pkg string, above []string) {
		if slices.Contains(above, pkg) {
			t.Fatalf("round and round: %s", strings.Join(append(above, pkg), " → "))
		}
		for _, to := range below[pkg] {
			visit(to, append(slices.Clone(above), pkg))
		}
	}
	for pkg := range below {
		visit(pkg, nil)
	}
}

func TestPowers(t *testing.T) {
	holders := map[string][]string{}
	for _, row := range table(t, "powers") {
		if len(row[0]) == 1 {
			holders[row[0][0]] = row[1]
		}
	}
	if len(holders) != 4 {
		t.Fatalf("ARCHITECTURE.md names %d powers, want 4", len(holders))
	}
	for _, f := range sourceFiles(t) {
		if strings.HasPrefix(f.pkg, "samples/") {
			continue
		}
		may := func(power string) bool {
			return slices.Contains(holders[power], f.pkg) || slices.Contains(holders[power], f.path)
		}
		for _, p := range imports(t, f) {
			switch p {
			case "os/exec":
				if !may("start processes") {
					t.Errorf("%s imports os/exec", f.path)
				}
			case "net", "net/http":
				if !may("open connections") && !listensOnlyInProbe(f.path) {
					t.Errorf("%s imports %s", f.path, p)
				}
			}
		}
		for _, use := range selectors(f.ast) {
			switch use {
			case "time.Now", "time.Since", "time.Until":
				if !may("read the clock") {
					t.Errorf("%s uses %s: the clock is an input", f.path, use)
				}
			case "os.Exit", "log.Fatal", "log.Fatalf", "log.Fatalln", "runtime.Goexit":
				if !may("exit") {
					t.Errorf("%s uses %s", f.path, use)
				}
			case "syscall.ForkExec", "syscall.Exec", "os.StartProcess", "unix.Exec", "syscall.StartProcess":
				if !may("start processes") {
					t.Errorf("%s uses %s", f.path, use)
				}
			}
		}
	}
}

// listensOnlyInProbe names the files of the sandbox that use sockets in order
// to see that they are refused.
func listensOnlyInProbe(path string) bool { return strings.HasPrefix(path, "audit/sandbox/") }

// selectors lists pkg.Name uses of imported packages by their import's name.
func selectors(f *ast.File) []string {
	var all []string
	ast.Inspect(f, func(n ast.Node) bool {
		sel, ok := n.(*ast.SelectorExpr)
		if !ok {
			return true
		}
		if id, ok := sel.X.(*ast.Ident); ok && id.Obj == nil {
			all = append(all, id.Name+"."+sel.Sel.Name)
		}
		return true
	})
	return all
}

func TestNoHiddenState(t *testing.T) {
	for _, f := range sourceFiles(t) {
		for _, decl := range f.ast.Decls {
			switch d := decl.(type) {
			case *ast.FuncDecl:
				if d.Recv == nil && d.Name.Name == "init" {
					t.Errorf("%s has an init function", f.path)
				}
			case *ast.GenDecl:
				if d.Tok == token.VAR {
					checkVars(t, f, d)
				}
			}
		}
	}
}

// checkVars refuses a package-level variable that its file assigns to, in whole
// or in part, or takes the address of.
func checkVars(t *testing.T, f sourceFile, d *ast.GenDecl) {
	t.Helper()
	for _, s := range d.Specs {
		spec := s.(*ast.ValueSpec)
		ast.Inspect(f.ast, func(n ast.Node) bool {
			var touched []ast.Expr
			switch x := n.(type) {
			case *ast.AssignStmt:
				if x.Tok != token.DEFINE {
					touched = x.Lhs
				}
			case *ast.IncDecStmt:
				touched = []ast.Expr{x.X}
			case *ast.UnaryExpr:
				if x.Op == token.AND {
					touched = []ast.Expr{x.X}
				}
			}
			for _, e := range touched {
				if id := root(e); id != nil && id.Obj != nil && id.Obj.Decl == spec {
					t.Errorf("%s: package-level %s is changed", f.path, id.Name)
				}
			}
			return true
		})
	}
}

// root is the variable that an assignable expression is a part of.
func root(e ast.Expr) *ast.Ident {
	switch x := e.(type) {
	case *ast.Ident:
		return x
	case *ast.IndexExpr:
		return root(x.X)
	case *ast.SelectorExpr:
		return root(x.X)
	case *ast.StarExpr:
		return root(x.X)
	case *ast.ParenExpr:
		return root(x.X)
	}
	return nil
}

func TestEveryPackageSaysItsNoun(t *testing.T) {
	documented := map[string]bool{}
	for _, f := range sourceFiles(t) {
		documented[f.pkg] = documented[f.pkg] || f.ast.Doc != nil
	}
	for pkg, ok := range documented {
		if !ok {
			t.Errorf("%s has no package comment", pkg)
		}
	}
}

func TestTopLevel(t *testing.T) {
	entries, err := os.ReadDir(filepath.Join("..", ".."))
	if err != nil {
		t.Fatal(err)
	}
	want := []string{
		"ARCHITECTURE.md", "CHANGELOG.md", "LICENSE", "README.md", "SECURITY.md",
		"attest", "audit", "cmd", "go.mod", "go.sum", "reports", "samples",
	}
	for _, e := range entries {
		if strings.HasPrefix(e.Name(), ".") || e.Name() == "proffer-out" || e.Name() == "proffer" {
			continue
		}
		if !slices.Contains(want, e.Name()) {
			t.Errorf("the top level holds %s", e.Name())
		}
	}
}
