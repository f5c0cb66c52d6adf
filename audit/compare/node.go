package compare

import (
	"bytes"
	"errors"
	"slices"

	"github.com/proffer-audit/proffer/audit/compare/sections"
	"github.com/proffer-audit/proffer/reports"
	"github.com/proffer-audit/proffer/reports/safetext"
)

// judged is a region with its class.
type judged struct {
	sections.Region
	class    ClassName
	evidence string // what the class rests on, beyond the place
	// told is set where a finding about it has been made, or must not be made:
	// one member is one finding, whatever its regions.
	told bool
}

// node is the comparison of two files: the artifacts, or two members of them.
type node struct {
	*run
	path  string // of the member, "" for the artifacts
	depth int

	shipped, rebuilt []byte
	graft            []byte // the rebuilt file with the vendor's signature, nil if there is none
	a, b             *sections.Layout
	ja, jb           []judged

	result   Result
	least    reports.Level       // that any region allows
	children map[[2]int]*outcome // by member of either side
}

// run is what all nodes of a comparison share.
type run struct {
	budget    *sections.Budget
	standings map[ClassName]standing
	// partial is set when something was too large to be looked into.
	limit *sections.LimitError
}

// nodeOf compares two files.
func (r *run) nodeOf(path string, depth int, shipped, rebuilt []byte) (Result, error) {
	raw := Bytes(shipped, rebuilt)
	n := &node{run: r, path: path, depth: depth, shipped: shipped, rebuilt: rebuilt, least: reports.BitIdentical, children: map[[2]int]*outcome{}}
	n.result = Result{
		Level: raw.Level, Format: sections.Plain, ShippedSize: raw.ShippedSize, RebuiltSize: raw.RebuiltSize,
		FirstDifference: raw.FirstDifference, DifferingBytes: raw.DifferingBytes,
		Classes: []Class{}, Causes: []Cause{}, Found: []Finding{}, Normalisations: []Normalisation{},
	}
	if raw.Level == reports.BitIdentical {
		return n.result, nil
	}
	if n.grafted() {
		return n.result, n.account()
	}
	if err := n.maps(); err != nil {
		return n.result, err
	}
	n.result.Format = n.a.Format
	if n.a.Format == n.b.Format {
		if err := n.pair(n.a.Regions, n.b.Regions); err != nil {
			return n.result, err
		}
		n.order()
		n.manifests()
		n.functions()
	} else {
		n.result.note("the shipped file is %s, the rebuilt one %s", n.a.Format, n.b.Format)
		n.opaque()
	}
	return n.result, n.account()
}

// maps maps both files. One that is too large to be looked into is opaque.
func (n *node) maps() error {
	var err error
	if n.a, err = n.mapOf(n.shipped, "shipped"); err != nil {
		return err
	}
	n.b, err = n.mapOf(n.base(), "rebuilt")
	return err
}

func (n *node) mapOf(data []byte, which string) (*sections.Layout, error) {
	if n.depth >= n.budget.Depth() {
		n.result.note("the %s file is not looked into: it lies too deep", which)
		return sections.Opaque(data), nil
	}
	l, err := sections.Of(data, n.budget)
	var limit *sections.LimitError
	if errors.As(err, &limit) {
		n.limit = limit
		n.result.note("the %s file is not looked into: %v", which, err)
		return sections.Opaque(data), nil
	}
	if err != nil {
		return nil, err
	}
	for _, note := range l.Notes {
		n.result.note("the %s file: %s", which, note)
	}
	return l, nil
}

// opaque gives every byte to no class.
func (n *node) opaque() {
	for _, side := range []struct {
		data []byte
		to   *[]judged
	}{{n.shipped, &n.ja}, {n.base(), &n.jb}} {
		for _, r := range sections.Opaque(side.data).Regions {
			*side.to = append(*side.to, judged{Region: r, class: Unexplained})
		}
	}
}

// note books something that the reader must know.
func (r *Result) note(format string, args ...any) {
	text := safetext.Sprintf(format, args...)
	if !slices.Contains(r.Notes, text) {
		r.Notes = append(r.Notes, text)
	}
}

// pair sets the regions of both files against each other, by their keys. Of
// several with one key the first is set against the first.
func (n *node) pair(a, b []sections.Region) error {
	waiting := map[string][]int{}
	for i, r := range b {
		waiting[r.Key] = append(waiting[r.Key], i)
	}
	used := make([]bool, len(b))
	for _, ra := range a {
		list := waiting[ra.Key]
		if len(list) == 0 {
			n.alone(ra, true)
			continue
		}
		waiting[ra.Key], used[list[0]] = list[1:], true
		if err := n.both(ra, b[list[0]]); err != nil {
			return err
		}
	}
	for i, rb := range b {
		if !used[i] {
			n.alone(rb, false)
		}
	}
	return nil
}

// both judges a region that both files have.
func (n *node) both(ra, rb sections.Region) error {
	ba, bb := n.a.Bytes(ra), n.b.Bytes(rb)
	if bytes.Equal(ba, bb) {
		n.ja = append(n.ja, judged{Region: ra, class: Moved})
		n.jb = append(n.jb, judged{Region: rb, class: Moved})
		return nil
	}
	fa, fb := n.a.Fields(ra), n.b.Fields(rb)
	if len(fa) > 1 || len(fb) > 1 {
		return n.pair(fa, fb)
	}
	ra, rb = fa[0], fb[0]
	if ra.Member > 0 && rb.Member > 0 {
		return n.contents(ra, rb)
	}
	c, why := differing(ra, rb, ba, bb)
	n.ja = append(n.ja, judged{Region: ra, class: c, evidence: why})
	n.jb = append(n.jb, judged{Region: rb, class: c, evidence: why})
	return nil
}

// alone judges a region that only one file has.
func (n *node) alone(r sections.Region, shipped bool) {
	l, to, which := n.b, &n.jb, "only in the rebuilt file"
	if shipped {
		l, to, which = n.a, &n.ja, "only in the shipped file"
	}
	for _, f := range l.Fields(r) {
		*to = append(*to, judged{Region: f, class: single(f, l.Bytes(f), shipped), evidence: which})
	}
}
