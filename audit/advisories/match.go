package advisories

import (
	"cmp"
	"encoding/json"
	"fmt"
	"slices"
	"strings"

	"github.com/proffer-audit/proffer/audit/inventory"
)

// Cause says why a hit is one that osv-scanner does not report.
type Cause string

// The causes of hits beyond osv-scanner's; "" is none.
const (
	CauseName   Cause = "unnormalised-name" // the record does not fold its package's name
	CauseGit    Cause = "git-range-first"   // the range stands behind a GIT range
	CauseStdlib Cause = "stdlib"            // the Go standard library or toolchain
)

// A Hit is one record that affects one component.
type Hit struct {
	Component inventory.Component
	Record    *Record
	Fixed     []string // versions that fix it, oldest first
	Packages  []string // what of the component is affected (Go import paths), sorted
	Cause     Cause

	severity []Severity // of the affected entry, then of the record
}

// Malicious says whether the record is about a malicious package, not a flaw.
func (h Hit) Malicious() bool { return malicious(h.Record.ID) }

func malicious(id string) bool { return strings.HasPrefix(id, "MAL-") }

// Undecided is a component that records name and whose version they cannot be
// set against.
type Undecided struct {
	Component inventory.Component
	Records   []string // ids, sorted
	Detail    string
}

// Matches is all that a database says about a list of components.
type Matches struct {
	Hits      []Hit // sorted by component, then record
	Withdrawn []Hit // hits by records that were withdrawn: set aside
	Undecided []Undecided
}

// Match finds the records that affect each component, as osv-scanner does, and
// what Cause names beside.
func Match(db *DB, components []inventory.Component) Matches {
	var out Matches
	for _, c := range components {
		out.match(db, c)
	}
	slices.SortStableFunc(out.Hits, compareHits)
	slices.SortStableFunc(out.Withdrawn, compareHits)
	return out
}

func compareHits(a, b Hit) int {
	return cmp.Or(cmp.Compare(a.Component.Ecosystem, b.Component.Ecosystem), cmp.Compare(a.Component.Name, b.Component.Name),
		cmp.Compare(a.Component.Version, b.Component.Version), cmp.Compare(a.Record.ID, b.Record.ID))
}

func (m *Matches) match(db *DB, c inventory.Component) {
	base := baseEcosystem(c.Ecosystem)
	version := c.Version
	if base == "Go" {
		version = strings.TrimPrefix(version, "v")
	}
	hits := map[*Record]*Hit{}
	undecided := Undecided{Component: c}
	for _, p := range db.postings[key{base, normalise(base, c.Name)}] {
		if !sameRelease(c.Ecosystem, p.affected.Package.Ecosystem) {
			continue
		}
		if version == "" {
			undecided.add(p.record, "no witness knows its version")
			continue
		}
		v, err := affects(base, version, p.affected)
		if err != nil {
			undecided.add(p.record, err.Error())
			continue
		}
		if v.affected {
			addHit(hits, c, base, version, p, v)
		}
	}
	for _, h := range hits {
		if h.Record.Withdrawn != "" {
			m.Withdrawn = append(m.Withdrawn, *h)
		} else {
			m.Hits = append(m.Hits, *h)
		}
	}
	if len(undecided.Records) > 0 {
		slices.Sort(undecided.Records)
		undecided.Records = slices.Compact(undecided.Records)
		m.Undecided = append(m.Undecided, undecided)
	}
}

func (u *Undecided) add(r *Record, detail string) {
	if r.Withdrawn != "" {
		return
	}
	u.Records = append(u.Records, r.ID)
	u.Detail = detail
}

// addHit joins the affected entries of one record that hold the component.
func addHit(hits map[*Record]*Hit, c inventory.Component, base, version string, p posting, v verdict) {
	cause := causeOf(c, p, v)
	h := hits[p.record]
	if h == nil {
		h = &Hit{Component: c, Record: p.record, Cause: cause}
		hits[p.record] = h
	}
	if cause == "" {
		h.Cause = "" // osv-scanner finds it by this entry
	}
	for _, f := range fixedAfter(base, version, p.affected) {
		if !slices.Contains(h.Fixed, f) {
			h.Fixed = append(h.Fixed, f)
		}
	}
	h.Packages = append(h.Packages, imports(p.affected)...)
	slices.Sort(h.Packages)
	h.Packages = slices.Compact(h.Packages)
	h.severity = append(append(h.severity, p.affected.Severity...), p.record.Severity...)
}

func causeOf(c inventory.Component, p posting, v verdict) Cause {
	switch {
	case c.Ecosystem == inventory.Go && (c.Name == inventory.Stdlib || c.Name == inventory.Toolchain):
		return CauseStdlib
	case p.renamed:
		return CauseName
	case v.gitFirst:
		return CauseGit
	}
	return ""
}

// sameRelease compares the part after the colon (Debian:12) where both have one.
func sameRelease(a, b string) bool {
	_, x, _ := strings.Cut(a, ":")
	_, y, _ := strings.Cut(b, ":")
	return x == "" || y == "" || x == y
}

// imports are the Go packages that an entry names; other databases name none.
func imports(a *Affected) []string {
	var specific struct {
		Imports []struct {
			Path string `json:"path"`
		} `json:"imports"`
	}
	if len(a.Ecosystem) == 0 || json.Unmarshal(a.Ecosystem, &specific) != nil {
		return nil // the field is free in form: what is not Go's form names no package
	}
	var out []string
	for _, i := range specific.Imports {
		out = append(out, i.Path)
	}
	return out
}

// A Group is one flaw of one component, under all the names that it has.
type Group struct {
	Component inventory.Component
	ID        string   // the name that findings use
	Aliases   []string // all other names, sorted
	Summary   string
	Fixed     []string
	Packages  []string
	Malicious bool
	Score     Score
	Hits      []Hit
}

// Groups joins hits on one component whose records are aliases of each other.
func Groups(hits []Hit) []Group {
	var out []Group
	for len(hits) > 0 {
		n := 1
		for n < len(hits) && sameComponent(hits[0].Component, hits[n].Component) {
			n++
		}
		out = append(out, groupsOfOne(hits[:n])...)
		hits = hits[n:]
	}
	return out
}

func sameComponent(a, b inventory.Component) bool {
	return a.Ecosystem == b.Ecosystem && a.Name == b.Name && a.Version == b.Version && a.Local == b.Local
}

// groupsOfOne groups the hits on one component: two records belong together
// when they share a name, directly or through others.
func groupsOfOne(hits []Hit) []Group {
	var groups [][]Hit
	for _, h := range hits {
		joined := []Hit{h}
		rest := groups[:0:0]
		for _, g := range groups {
			if slices.ContainsFunc(g, func(o Hit) bool { return shareName(o.Record, h.Record) }) {
				joined = append(g, joined...)
			} else {
				rest = append(rest, g)
			}
		}
		groups = append(rest, joined)
	}
	var out []Group
	for _, g := range groups {
		slices.SortFunc(g, compareHits)
		out = append(out, newGroup(g))
	}
	slices.SortFunc(out, func(a, b Group) int { return cmp.Compare(a.ID, b.ID) })
	return out
}

func shareName(a, b *Record) bool {
	return slices.ContainsFunc(names(a), func(n string) bool { return slices.Contains(names(b), n) })
}

// names are the id and its aliases; an empty alias is none, or it would join all.
func names(r *Record) []string {
	out := append([]string{r.ID}, r.Aliases...)
	return slices.DeleteFunc(out, func(s string) bool { return s == "" })
}

func newGroup(hits []Hit) Group {
	best := slices.MinFunc(hits, func(a, b Hit) int {
		return cmp.Or(cmp.Compare(rank(a.Record.ID), rank(b.Record.ID)), cmp.Compare(a.Record.ID, b.Record.ID))
	})
	g := Group{Component: best.Component, ID: best.Record.ID, Summary: best.Record.Summary, Fixed: best.Fixed, Hits: hits}
	var severities []Severity
	for _, h := range hits {
		g.Aliases = append(g.Aliases, names(h.Record)...)
		g.Packages = append(g.Packages, h.Packages...)
		g.Malicious = g.Malicious || h.Malicious()
		severities = append(severities, h.severity...)
		if len(g.Fixed) == 0 {
			g.Fixed = h.Fixed
		}
	}
	slices.Sort(g.Aliases)
	g.Aliases = slices.DeleteFunc(slices.Compact(g.Aliases), func(s string) bool { return s == g.ID })
	slices.Sort(g.Packages)
	g.Packages = slices.Compact(g.Packages)
	g.Score = score(severities)
	return g
}

// rank prefers the ecosystem's own database to the collections, and a verdict of
// malice to all, as the name of a group.
func rank(id string) int {
	prefix, _, _ := strings.Cut(id, "-")
	switch prefix {
	case "MAL":
		return 0
	case "GHSA":
		return 2
	case "CVE":
		return 3
	}
	return 1
}

func (u Undecided) String() string {
	return fmt.Sprintf("%s (%d records name it: %s)", u.Component.Name, len(u.Records), u.Detail)
}
