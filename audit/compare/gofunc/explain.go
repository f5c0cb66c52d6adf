package gofunc

import (
	"hash/maphash"
	"slices"
	"strconv"
	"strings"
)

// An explainer says of changed functions what differs and whether it comes from
// an inlined copy.
type explainer struct {
	c    *comparison
	seed maphash.Seed
	why  []finding
	// differ are the names of functions that are not the same; body are those
	// of all functions. A function that is always inlined has no body.
	differ, body map[string]bool
}

func newExplainer(c *comparison, found []finding) *explainer {
	e := &explainer{c: c, seed: maphash.MakeSeed(), why: found, differ: map[string]bool{}, body: map[string]bool{}}
	any := false
	for i := range found {
		any = any || found[i].class == Changed
	}
	if !any {
		return e
	}
	for i := range found {
		name := plainName(c.a.funcs[i].name)
		e.body[name] = true
		if k := found[i].class; k == Changed || k == Removed {
			e.differ[name] = true
		}
	}
	for j, i := range c.b.match {
		name := plainName(c.b.funcs[j].name)
		e.body[name] = true
		if i < 0 {
			e.differ[name] = true
		}
	}
	return e
}

// plainName is a name without type arguments, which inline tables leave out.
func plainName(name string) string {
	if i := strings.IndexByte(name, '['); i > 0 {
		return name[:i]
	}
	return name
}

// A half is one version of a changed function.
type half struct {
	s      *side
	f      *function
	tokens []token
	differ []bool
	tree   []inlined
	index  []pcvalue
}

func (e *explainer) half(s *side, i int) *half {
	h := &half{s: s, f: &s.funcs[i]}
	h.tokens = s.tokens(e.seed, h.f)
	if s.tab != nil {
		h.tree, h.index = s.tab.inlineTree(h.f)
	}
	return h
}

// changed describes a changed function of the shipped program.
func (e *explainer) changed(i int) Function {
	a, b := e.half(e.c.a, i), e.half(e.c.b, int(e.c.a.match[i]))
	code := a.s.code(a.f)
	a.differ, b.differ = differing(len(a.tokens), len(b.tokens), func(i, j int) bool {
		x, y := &a.tokens[i], &b.tokens[j]
		if x.key != y.key || x.step.has != y.step.has {
			return false
		}
		if !x.step.has || x.step.ref.weak && x.step.ref.target == y.step.ref.target {
			return true
		}
		if x.step.ref.branch && a.f.holds(x.step.ref.target) {
			return b.f.holds(y.step.ref.target)
		}
		return e.c.sameRef(x.step.ref, y.step.ref, code[x.at:])
	})
	out := e.c.a.function(i, Changed)
	out.ShippedSize, out.RebuiltSize = a.s.size(i), b.s.size(int(e.c.a.match[i]))
	out.Summary = summarise(a, b)
	out.Summary.Reason = e.why[i].reason + " at +0x" + strconv.FormatInt(int64(e.why[i].at), 16)
	out.ThroughInlined, out.OnlyInlined = e.inlined(a, b)
	return out
}

func (f *function) holds(addr uint64) bool { return addr >= f.entry && addr < f.end }

// chain gives the names of the inlined functions that an instruction belongs
// to, the innermost first.
func (h *half) chain(at uint64) []string {
	var names []string
	for i := valueAt(h.index, at); i >= 0 && int(i) < len(h.tree) && len(names) < 100; {
		names = append(names, h.tree[i].name)
		parent := h.tree[i].parent
		next := valueAt(h.index, parent)
		if next == i {
			break
		}
		i = next
	}
	return names
}

// inlined finds the changed functions of whose copies instructions differ, and
// whether no other instruction does. A copy that only one version has, because
// the other calls the function, counts too.
func (e *explainer) inlined(a, b *half) (through []string, only bool) {
	own := plainName(a.f.name)
	cause := func(name string) bool {
		n := plainName(name)
		return n != own && (e.differ[n] || !e.body[n])
	}
	set := map[string]bool{}
	only = true
	some := false
	for _, h := range []*half{a, b} {
		for i, t := range h.tokens {
			if !h.differ[i] {
				continue
			}
			some = true
			found := false
			for _, name := range h.chain(uint64(t.at)) {
				if cause(name) {
					set[name], found = true, true
				}
			}
			only = only && found
		}
	}
	for name, n := range copies(a, b) {
		if n != 0 && cause(name) {
			set[name] = true
		}
	}
	for name := range set {
		through = append(through, name)
	}
	slices.Sort(through)
	return through, only && some && len(through) > 0
}

// copies counts how many more copies of a function b has than a.
func copies(a, b *half) map[string]int {
	n := map[string]int{}
	for _, t := range a.tree {
		n[t.name]--
	}
	for _, t := range b.tree {
		n[t.name]++
	}
	return n
}
