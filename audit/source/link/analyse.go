package link

import (
	"cmp"
	"context"
	"errors"
	"go/token"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"github.com/proffer-audit/proffer/audit/source/rules"
)

// Analyse loads the packages and answers what they can do. An error means that
// there is no answer at all; what is missing from an answer is in its Gaps. The
// phases are told as they begin.
func Analyse(ctx context.Context, req Request, set *rules.Set, phase func(string)) (*Report, error) {
	c, err := load(ctx, req, set, phase)
	if err != nil {
		return nil, errors.New(newNamer(req).scrub(err.Error()))
	}
	r := &Report{Go: version(req.GOROOT), Config: config(req), Capabilities: []Capability{}, Modules: []Module{}, Endpoints: []Endpoint{}, Linknames: []Linkname{}}
	r.files(c)
	cgo := cgoFiles(c)
	p, err := build(ctx, c, phase)
	if err != nil {
		return nil, err
	}
	phase("call graph")
	g := connect(c, p, set)
	if err := ctx.Err(); err != nil {
		return nil, err
	}
	back := turn(g)
	caps := reach(g, back)
	r.count(g)
	r.Capabilities = append(ownCapabilities(g, back, caps), cgo...)
	slices.SortFunc(r.Capabilities, func(a, b Capability) int { return strings.Compare(a.Name, b.Name) })
	r.Modules = modules(c, g, caps)
	r.Endpoints = endpoints(c, p, set)
	r.Linknames = append(r.Linknames, p.linknames...)
	slices.SortFunc(r.Linknames, func(a, b Linkname) int {
		return cmp.Or(strings.Compare(a.File, b.File), cmp.Compare(a.Line, b.Line))
	})
	r.Gaps = append([]Gap{}, c.gaps...)
	return r, nil
}

// version is the toolchain's own word for its version, empty if it has none.
func version(goroot string) string {
	b, err := os.ReadFile(filepath.Join(goroot, "VERSION"))
	if err != nil {
		return ""
	}
	first, _, _ := strings.Cut(string(b), "\n")
	return strings.TrimSpace(first)
}

func config(req Request) string {
	s := req.GOOS + "/" + req.GOARCH
	if len(req.Tags) > 0 {
		s += " tags " + strings.Join(req.Tags, ",")
	}
	return s
}

// files says which files of the source the load read, and which it did not.
func (r *Report) files(c *closure) {
	r.Compiled, r.Embedded, r.Ignored, r.Foreign = []string{}, []string{}, []string{}, []string{}
	for _, u := range c.units {
		for _, part := range []struct {
			from []string
			to   *[]string
		}{
			{u.meta.GoFiles, &r.Compiled},
			{u.meta.EmbedFiles, &r.Embedded},
			{u.meta.IgnoredFiles, &r.Ignored},
			{u.meta.OtherFiles, &r.Foreign},
		} {
			for _, f := range part.from {
				if name, ok := c.names.inSource(f); ok {
					if part.to == &r.Compiled && u.broken != "" {
						continue
					}
					*part.to = append(*part.to, name)
				}
			}
		}
		if m := u.meta.Module; m != nil && u.origin == own {
			r.Module = m.Path
		}
	}
	for _, list := range []*[]string{&r.Compiled, &r.Embedded, &r.Ignored, &r.Foreign} {
		slices.Sort(*list)
		*list = slices.Compact(*list)
	}
}

func (r *Report) count(g *graph) {
	units := map[*unit]bool{}
	for i := range g.nodes {
		n := &g.nodes[i]
		if !n.source {
			continue
		}
		r.Functions.add(n.origin)
		if n.unit != nil && !units[n.unit] {
			units[n.unit] = true
			r.Packages.add(n.origin)
		}
	}
	r.Edges = len(g.edges)
}

func (c *Counts) add(o origin) {
	switch o {
	case own:
		c.Own++
	case module:
		c.Module++
	case standard:
		c.Standard++
	}
}

// ownCapabilities sums up what the main module's functions reach.
func ownCapabilities(g *graph, back callers, caps []rules.Capability) []Capability {
	var out []Capability
	for _, want := range rules.AllCapabilities() {
		names := map[string]bool{}
		for i := range g.nodes {
			if n := &g.nodes[i]; n.origin == own && n.source && caps[i]&want != 0 {
				names[n.display] = true
			}
		}
		if len(names) == 0 {
			continue
		}
		sorted := sortedKeys(names)
		c := Capability{Name: want.String(), Functions: len(sorted), First: sorted[:min(len(sorted), FirstFunctions)]}
		within := func(*node) bool { return true }
		if want&local != 0 {
			within = func(n *node) bool { return n.origin == own }
		}
		c.Path, c.Entry = witness(g, nearest(g, back, want, within))
		out = append(out, c)
	}
	return out
}

// witness is a shortest path from an entry point, or from some own function if
// no entry point comes to it.
func witness(g *graph, s steps) (path []Hop, entry bool) {
	best, program := unreached, false
	for i := range g.nodes {
		u := g.nodes[i].unit
		program = program || u != nil && u.origin == own && u.meta.Name == "main"
	}
	better := func(i int32, isEntry bool) bool {
		switch {
		case best == unreached:
			return true
		case isEntry != entry:
			return isEntry
		}
		return s.distance[i] < s.distance[best]
	}
	for i := range g.nodes {
		n := &g.nodes[i]
		if n.origin != own || !n.source || s.distance[i] == unreached {
			continue
		}
		if e := isEntry(n, program); better(int32(i), e) {
			best, entry = int32(i), e
		}
	}
	if best == unreached {
		return []Hop{}, false
	}
	for i := best; ; i = s.next[i].to {
		if s.distance[i] == 0 {
			return append(path, hop(g, i, g.nodes[i].fn.Pos())), entry
		}
		if h := hop(g, i, s.next[i].pos); g.nodes[i].source {
			path = append(path, h)
		}
	}
}

func hop(g *graph, i int32, pos token.Pos) Hop {
	if !pos.IsValid() {
		pos = g.nodes[i].fn.Pos()
	}
	file, line := g.c.names.line(g.c.fset, pos)
	return Hop{Function: g.nodes[i].display, File: file, Line: line, Own: g.nodes[i].origin == own}
}

// isEntry reports whether something outside of the module starts here: main and
// every own init where there is a program among the packages; otherwise init and
// the exported functions of packages that others may import.
func isEntry(n *node, program bool) bool {
	fn := n.fn
	if fn.Parent() != nil || n.unit == nil {
		return false
	}
	if isInit(fn) {
		return true
	}
	if program {
		return n.unit.meta.Name == "main" && fn.Name() == "main" && fn.Signature.Recv() == nil
	}
	path := "/" + n.unit.meta.PkgPath + "/"
	return token.IsExported(fn.Name()) && !strings.Contains(path, "/internal/")
}

// modules sums up what each dependency reaches.
func modules(c *closure, g *graph, caps []rules.Capability) []Module {
	byPath := map[string]*Module{}
	for _, u := range c.units {
		if u.origin != module {
			continue
		}
		m := moduleOf(u)
		if byPath[m.Path] == nil {
			byPath[m.Path] = &m
		}
		byPath[m.Path].Packages++
	}
	type charged struct{ module, function, capability string }
	seen := map[charged]bool{}
	for i := range g.nodes {
		n := &g.nodes[i]
		if n.origin != module || n.unit == nil || !n.source {
			continue
		}
		m := byPath[moduleOf(n.unit).Path]
		for _, name := range caps[i].Names() {
			if key := (charged{m.Path, n.display, name}); !seen[key] {
				seen[key] = true
				m.Capabilities[name]++
			}
		}
	}
	out := []Module{}
	for _, path := range sortedKeys(byPath) {
		out = append(out, *byPath[path])
	}
	return out
}

func moduleOf(u *unit) Module {
	m := Module{Path: u.meta.PkgPath, Capabilities: map[string]int{}}
	if meta := u.meta.Module; meta != nil {
		m.Path, m.Version = meta.Path, meta.Version
		if r := meta.Replace; r != nil {
			m.Replaced = r.Path
			if r.Version != "" {
				m.Replaced += "@" + r.Version
			}
		}
	}
	return m
}

// cgoFiles is the capability CGO, one hop for the first file that imports "C":
// such files are left out of the load, because cgo is off.
func cgoFiles(c *closure) []Capability {
	var hops []Hop
	for _, u := range c.units {
		if u.origin != own {
			continue
		}
		for _, f := range u.meta.IgnoredFiles {
			if line := importsC(f); line > 0 {
				name, _ := c.names.inSource(f)
				hops = append(hops, Hop{Function: u.meta.PkgPath, File: name, Line: line, Own: true})
			}
		}
	}
	if len(hops) == 0 {
		return nil
	}
	slices.SortFunc(hops, func(a, b Hop) int { return strings.Compare(a.File, b.File) })
	return []Capability{{Name: rules.Cgo.String(), First: []string{}, Path: hops[:1]}}
}
