package fetch

import (
	"bytes"
	"slices"
	"strings"

	"golang.org/x/mod/module"
)

const (
	maxGoSum      = 16 << 20 // bytes
	maxGoSumLines = 100_000
)

// A Sum is what go.sum pins of one module version.
type Sum struct {
	Path    string
	Version string
	H1      string // of the module zip, or "" where only go.mod is pinned
	GoModH1 string // of go.mod, or ""
}

// ParseGoSum reads a go.sum strictly: three words a line with one space between
// them, h1: digests, exact versions, no two digests for one thing. The sums come
// ordered by path and version, as bytes. The error is an *Error with code
// BadGoSum.
func ParseGoSum(data []byte) ([]Sum, error) {
	if len(data) > maxGoSum || bytes.Count(data, []byte("\n")) > maxGoSumLines {
		return nil, refuse(BadGoSum, "go.sum", "more than %d bytes or %d lines", maxGoSum, maxGoSumLines)
	}
	sums := map[module.Version]*Sum{}
	n := 0
	for line := range strings.Lines(string(data)) {
		n++
		line = strings.TrimSuffix(line, "\n")
		if line == "" {
			continue
		}
		if err := addSum(sums, line); err != nil {
			return nil, refuse(BadGoSum, "go.sum", "line %d", n).because(err)
		}
	}
	out := make([]Sum, 0, len(sums))
	for _, s := range sums {
		out = append(out, *s)
	}
	slices.SortFunc(out, func(a, b Sum) int {
		if c := strings.Compare(a.Path, b.Path); c != 0 {
			return c
		}
		return strings.Compare(a.Version, b.Version)
	})
	return out, nil
}

func addSum(sums map[module.Version]*Sum, line string) error {
	words := strings.Split(line, " ")
	if len(words) != 3 {
		return refuse(BadGoSum, "", "not a module, a version and a digest")
	}
	pin, err := ParsePin(words[2])
	if err != nil || pin.Algorithm != H1 {
		return refuse(BadGoSum, "", "%.100q is not an h1: digest", words[2])
	}
	version, isMod := strings.CutSuffix(words[1], "/go.mod")
	m := module.Version{Path: words[0], Version: version}
	if err := checkModule(m); err != nil {
		return err
	}
	s := sums[m]
	if s == nil {
		s = &Sum{Path: m.Path, Version: m.Version}
		sums[m] = s
	}
	to := &s.H1
	if isMod {
		to = &s.GoModH1
	}
	if *to != "" && *to != words[2] {
		return refuse(BadGoSum, "", "another digest for %s %s than before", m.Path, words[1])
	}
	*to = words[2]
	return nil
}
