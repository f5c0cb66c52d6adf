package source

import (
	"fmt"
	"path"
	"slices"
	"strings"

	"github.com/proffer-audit/proffer/attest/strictjson"
	"github.com/proffer-audit/proffer/audit/source/bytes"
	"github.com/proffer-audit/proffer/audit/source/link"
	"github.com/proffer-audit/proffer/audit/source/rules"
)

// A Result is what the worker writes to its standard output.
type Result struct {
	Rules     string        `json:"rules"`  // digest of the rule data it went by
	Passes    []string      `json:"passes"` // that were asked for, sorted
	Bytes     *bytes.Report `json:"bytes,omitempty"`
	Link      *link.Report  `json:"link,omitempty"`
	Uncovered []Uncovered   `json:"uncovered"` // source files that no pass understood
	Gaps      []link.Gap    `json:"gaps"`      // what was to be done and was not
}

// Uncovered is one source file that the link pass did not analyse.
type Uncovered struct {
	File string `json:"file"`
	Why  string `json:"why"`
	// Hints are the capabilities that the file's imports could give it.
	Hints []string `json:"hints,omitempty"`
}

// Why a file is uncovered.
const (
	WhyTest        = "test"             // _test.go
	WhyConstraint  = "build-constraint" // left out for this GOOS, GOARCH and tags
	WhyCgo         = "cgo"              // imports "C", and cgo is off
	WhyAssembly    = "assembly"         // assembled into an analysed package
	WhyForeign     = "foreign"          // compiled or linked into an analysed package
	WhyNotInBuild  = "not-in-build"     // in no package that was analysed
	WhyNotAPackage = "not-a-package"    // in a folder that the go command ignores
	WhyOtherModule = "other-module"     // in another Go module of the source
	WhyBroken      = "not-analysed"     // in a package that did not load
)

// maxResult bounds what ParseResult reads, in bytes.
const maxResult = 64 << 20

// ParseResult reads what a worker wrote, strictly.
func ParseResult(data []byte) (Result, error) {
	var r Result
	if err := strictjson.Unmarshal(data, &r, strictjson.Limits{Bytes: maxResult}); err != nil {
		return Result{}, fmt.Errorf("read the result of the source analysis: %w", err)
	}
	return r, nil
}

// Interrupted is the result of a worker that was stopped: by which limit, and
// what it wrote to its standard error, of which the last line says where it was.
func Interrupted(req Request, limit string, stderr []byte) Result {
	lines := strings.Split(strings.TrimSpace(string(stderr)), "\n")
	at := strings.TrimSpace(lines[len(lines)-1])
	if at == "" {
		at = "source analysis"
	}
	return Result{
		Passes: slices.Sorted(slices.Values(req.Passes)), Uncovered: []Uncovered{},
		Gaps: []link.Gap{{What: at, Why: "stopped by the limit on " + limit}},
	}
}

// uncovered says which Go files of the tree the link pass did not analyse, and why.
func uncovered(req *Request, files []bytes.File, l *link.Report, set *rules.Set) []Uncovered {
	out := []Uncovered{}
	if l == nil {
		return out
	}
	compiled, ignored := members(l.Compiled), members(l.Ignored)
	modules := otherModules(req, files)
	for _, f := range files {
		if f.Language != "Go" || compiled[f.Path] {
			continue
		}
		u := Uncovered{File: f.Path, Why: why(f, ignored, modules, l.Gaps)}
		if u.Why != WhyTest {
			u.Hints = hints(f.Imports, set)
		}
		out = append(out, u)
	}
	for _, f := range l.Foreign {
		u := Uncovered{File: f, Why: WhyForeign}
		if ext := strings.ToLower(path.Ext(f)); ext == ".s" {
			u.Why = WhyAssembly
		}
		out = append(out, u)
	}
	slices.SortFunc(out, func(a, b Uncovered) int { return strings.Compare(a.File, b.File) })
	return out
}

func why(f bytes.File, ignored map[string]bool, modules []string, gaps []link.Gap) string {
	switch {
	case strings.HasSuffix(f.Path, "_test.go"):
		return WhyTest
	case slices.Contains(f.Imports, "C"):
		return WhyCgo
	case ignored[f.Path]:
		return WhyConstraint
	}
	for _, m := range modules {
		if strings.HasPrefix(f.Path, m) {
			return WhyOtherModule
		}
	}
	for elem := range strings.SplitSeq(f.Path, "/") {
		if elem == "testdata" || elem[0] == '_' || elem[0] == '.' {
			return WhyNotAPackage
		}
	}
	for _, g := range gaps {
		if dir := path.Dir(f.Path); dir != "." && strings.HasSuffix(g.What, "/"+dir) {
			return WhyBroken
		}
	}
	return WhyNotInBuild
}

// otherModules are the folders, with a slash at the end, of go.mod files other
// than the main module's.
func otherModules(req *Request, files []bytes.File) []string {
	main := path.Clean("./" + req.Dir)
	var dirs []string
	for _, f := range files {
		if dir := path.Dir(f.Path); path.Base(f.Path) == "go.mod" && dir != main && dir != "." {
			dirs = append(dirs, dir+"/")
		}
	}
	return dirs
}

func hints(imports []string, set *rules.Set) []string {
	var caps rules.Capability
	for _, path := range imports {
		switch path {
		case "C":
			caps |= rules.Cgo
		case "unsafe":
			caps |= rules.UnsafePointer
		default:
			caps |= set.Sinks.Package(path)
		}
	}
	return caps.Names()
}

func members(list []string) map[string]bool {
	m := make(map[string]bool, len(list))
	for _, s := range list {
		m[s] = true
	}
	return m
}
