package gofunc

import (
	"cmp"
	"slices"
	"sort"
)

// gaps are the runs of executable bytes that belong to no function.
func (s *side) gaps() []span {
	var list []span
	for _, x := range s.im.execs {
		at := x.from
		first := sort.Search(len(s.funcs), func(i int) bool { return s.funcs[i].end > at })
		for i := first; i < len(s.funcs) && s.funcs[i].entry < x.to; i++ {
			f := &s.funcs[i]
			if f.entry > at {
				list = append(list, span{at, f.entry})
			}
			at = max(at, f.end)
		}
		if at < x.to {
			list = append(list, span{at, x.to})
		}
	}
	return slices.DeleteFunc(list, func(g span) bool {
		b := s.im.bytes(g.from, g.to-g.from)
		return g == s.buildID || padding(s.im.arch, b) == 0 || padding("arm64", b) == 0
	})
}

// voteForeign lets code without names say which variables are the same.
func (c *comparison) voteForeign(w *walk) {
	a, b := c.a.gaps(), c.b.gaps()
	if len(a) != len(b) {
		return
	}
	c.inForeign = true
	defer func() { c.inForeign = false }()
	for i, g := range a {
		h := b[i]
		x, y := c.a.im.bytes(g.from, g.to-g.from), c.b.im.bytes(h.from, h.to-h.from)
		if same, _ := w.run(x, g.from, y, h.from); same {
			c.vote(w, x)
		}
	}
}

// foreign compares the executable bytes that belong to no function, piece by
// piece.
func (c *comparison) foreign(v *Verdict) {
	a, b := c.a.gaps(), c.b.gaps()
	size := func(list []span) (n int64) {
		for _, g := range list {
			n += int64(g.to - g.from) //nolint:gosec // inside of the file
		}
		return n
	}
	v.Shipped.OutsideFunctions, v.Rebuilt.OutsideFunctions = size(a), size(b)
	differs := len(a) != len(b)
	c.inForeign = true
	defer func() { c.inForeign = false }()
	w := walk{dec: c.a.dec, arch: c.a.im.arch}
	for i := 0; i < len(a) && !differs; i++ {
		g, h := a[i], b[i]
		x, y := c.a.im.bytes(g.from, g.to-g.from), c.b.im.bytes(h.from, h.to-h.from)
		same, _ := w.run(x, g.from, y, h.from)
		for k := 0; k < len(w.a) && same; k++ {
			if w.a[k].branch && g.has(w.a[k].target) {
				same = w.a[k].target-g.from == w.b[k].target-h.from
				continue
			}
			same = c.sameRef(w.a[k], w.b[k], x[w.a[k].pos:])
		}
		differs = !same
	}
	v.Shipped.ForeignDiffers, v.Rebuilt.ForeignDiffers = differs, differs
}

// ranges accounts for the bytes of a side's file that were looked at.
func (s *side) ranges(class func(i int) Class, foreign Class, data []datum, place func(datum) (addr, n uint64)) []Range {
	var list []Range
	add := func(addr, n uint64, kind Kind, class Class, name string) {
		if off := s.im.offset(addr); off >= 0 && n > 0 {
			list = append(list, Range{off, int64(min(n, uint64(len(s.im.bytes(addr, n))))), kind, class, name}) //nolint:gosec // inside of the file
		}
	}
	for i := range s.funcs {
		f := &s.funcs[i]
		n := uint64(s.size(i)) //nolint:gosec // a length
		add(f.entry, n, Code, class(i), f.name)
		add(f.entry+n, f.end-f.entry-n, Padding, Same, "")
	}
	for _, g := range s.gaps() {
		add(g.from, g.to-g.from, Foreign, foreign, "")
	}
	for _, d := range data {
		addr, n := place(d)
		switch {
		case addr == 0:
		case d.same:
			add(addr, n, Variable, Relocated, d.name)
		default:
			add(addr, n, Variable, Changed, d.name)
		}
	}
	add(s.buildID.from, s.buildID.to-s.buildID.from, Table, Relocated, "go:buildid")
	add(s.fips.from, s.fips.to-s.fips.from, Table, Relocated, "go:fipsinfo")
	if s.tab != nil {
		add(s.tab.addr, s.tab.end-s.tab.addr, Table, Relocated, "runtime.pclntab")
		add(s.md.addr, moduledataLen, Table, Relocated, "runtime.firstmoduledata")
	}
	slices.SortStableFunc(list, func(a, b Range) int { return cmp.Or(cmp.Compare(a.Offset, b.Offset), cmp.Compare(b.Length, a.Length)) })
	return apartRanges(list)
}

// apartRanges cuts what overlaps: an earlier range keeps its bytes.
func apartRanges(list []Range) []Range {
	out := list[:0]
	end := int64(0)
	for _, r := range list {
		if r.Offset < end {
			r.Length -= end - r.Offset
			r.Offset = end
		}
		if r.Length > 0 {
			out = append(out, r)
			end = r.Offset + r.Length
		}
	}
	return out
}
