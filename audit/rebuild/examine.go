package rebuild

import (
	"path"
	"slices"
	"strings"

	"github.com/proffer-audit/proffer/audit/archive"
	"github.com/proffer-audit/proffer/audit/compare/cause"
	"github.com/proffer-audit/proffer/audit/evidence"
)

// Program is what a shipped Go program says of itself, as far as it takes to look
// for its recipe.
type Program struct {
	Path    string // in the artifact; "" when it is the artifact
	Digest  evidence.Digest
	Version string // of the toolchain, such as go1.26.5
	Module  string // that the main package is of, "" where it does not say
}

// Examine reads a program. The error says that it is none of Go's.
func Examine(data []byte) (Program, error) {
	f, err := cause.Read(data)
	if err != nil {
		return Program{}, err
	}
	version, _, _ := strings.Cut(f.GoVersion, " ")
	return Program{Digest: evidence.Of(data), Version: version, Module: f.Main.Path}, nil
}

// Programs lists the Go programs of an artifact: itself, the files that are named,
// or all that it holds when none is.
func Programs(data []byte, name string, files []string) ([]Program, error) {
	if len(files) == 0 {
		if p, err := Examine(data); err == nil {
			return []Program{p}, nil
		}
	}
	var list []Program
	_, err := archive.Walk(data, path.Base(name), archive.Limits{}, func(m archive.Member, content []byte) error {
		if m.Kind != archive.File || m.Escaped || len(files) > 0 && !slices.Contains(files, m.Path) {
			return nil
		}
		if p, err := Examine(content); err == nil {
			p.Path = m.Path
			list = append(list, p)
		}
		return nil
	})
	return list, err
}

// ModulePath is the path in a go.mod, or "".
func ModulePath(mod []byte) string { return cause.ModulePath(mod) }
