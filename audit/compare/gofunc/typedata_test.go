package gofunc_test

import (
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"testing"

	"github.com/proffer-audit/proffer/audit/compare/gofunc"
)

// TestTypes changes what only reflection sees: no instruction differs.
func TestTypes(t *testing.T) {
	if testing.Short() {
		t.Skip("builds programs")
	}
	const source = `package main

import (
	"fmt"
	"os"
)

type licence struct {
	Name  string ` + "`json:\"name\"`" + `
	Until int    ` + "`json:\"until\"`" + `
}

func main() { fmt.Println(licence{os.Args[0], len(os.Args)}) }
`
	build := func(s string) []byte {
		dir := t.TempDir()
		for name, content := range map[string]string{"go.mod": "module corpus.example/types\n\ngo 1.22\n", "main.go": s} {
			if err := os.WriteFile(filepath.Join(dir, name), []byte(content), 0o600); err != nil {
				t.Fatal(err)
			}
		}
		return buildIn(t, dir, target{runtime.GOOS, runtime.GOARCH, []string{"-ldflags=-s -w"}})
	}
	a := build(source)
	for _, tt := range []struct{ from, to, shipped, rebuilt string }{
		{`"until\"`, `"until\"`, "", ""},
		{`json:"until"`, `json:"after"`, `tag "json:\"until\""`, `tag "json:\"after\""`},
		{`json:"until"`, `json:"until,omitempty"`, `tag "json:\"until\""`, `tag "json:\"until,omitempty\""`},
	} {
		v, err := gofunc.Compare(a, build(strings.ReplaceAll(source, tt.from, tt.to)))
		if err != nil {
			t.Fatal(err)
		}
		if v.Counts.Changed+v.Counts.Added+v.Counts.Removed > 0 {
			t.Errorf("%s: %+v %+v", tt.to, v.Counts, v.Functions)
		}
		found := false
		for _, d := range v.Data {
			switch {
			case d.Name == "type *main.licence" || d.Name == "type main.licence":
				found = strings.Contains(d.Shipped, tt.shipped) && strings.Contains(d.Rebuilt, tt.rebuilt)
			case d.Kind != gofunc.Table:
				t.Errorf("%s: %+v", tt.to, d)
			}
		}
		if found != (tt.shipped != "") {
			t.Errorf("%s: %+v", tt.to, v.Data)
		}
	}
}
