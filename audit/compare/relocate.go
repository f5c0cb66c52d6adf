package compare

import (
	"encoding/binary"
	"sort"

	"github.com/proffer-audit/proffer/audit/compare/gofunc"
	"github.com/proffer-audit/proffer/audit/compare/sections"
)

// mapping says which address of the shipped program is which of the rebuilt one,
// for the parts that are known to be the same.
type mapping struct {
	spans  []span // by address in the shipped program
	bases  []span // sections: what an offset may count from
	order  binary.ByteOrder
	pa, pb *sections.Program
}

// span is a stretch at a in the shipped program that is the one at b in the
// rebuilt one.
type span struct{ a, b, n uint64 }

// newMapping takes the ranges of a verdict that are the same but for addresses,
// by their names, and the starts of sections.
func newMapping(a, b *sections.Layout, v *gofunc.Verdict) *mapping {
	m := &mapping{order: a.Order(), pa: a.Program, pb: b.Program}
	if m.pa.Base != 0 && m.pb.Base != 0 {
		m.bases = append(m.bases, span{m.pa.Base, m.pb.Base, 0})
	}
	byName := map[string]sections.Section{}
	for _, s := range m.pb.Sections {
		byName[s.Name] = s
	}
	for _, s := range m.pa.Sections {
		if o, ok := byName[s.Name]; ok && s.Load {
			m.bases = append(m.bases, span{s.Addr, o.Addr, 0})
			switch {
			case s.Size == o.Size && s.Memory:
				m.spans = append(m.spans, span{s.Addr, o.Addr, uint64(s.Size)})
			case s.Size == o.Size:
				m.spans = append(m.spans, span{s.Addr + uint64(s.Size), o.Addr + uint64(o.Size), 0})
			}
		}
	}
	m.spans = append(m.spans, m.bases...)
	named := map[string][]gofunc.Range{}
	for _, r := range v.RebuiltRanges {
		if r.Name != "" {
			named[string(r.Kind)+r.Name] = append(named[string(r.Kind)+r.Name], r)
		}
	}
	for _, r := range v.ShippedRanges {
		list := named[string(r.Kind)+r.Name]
		if len(list) != 1 || list[0].Class != r.Class {
			continue
		}
		n := r.Length
		if r.Class != gofunc.Same && r.Class != gofunc.Relocated || n != list[0].Length {
			n = 0 // only where it starts
		}
		m.add(r.Offset, list[0].Offset, n)
	}
	m.sort()
	return m
}

// add books that n bytes at an offset of the shipped file are those at an offset
// of the rebuilt one.
func (m *mapping) add(a, b, n int64) {
	from, ok := m.pa.Addr(a)
	to, ok2 := m.pb.Addr(b)
	if ok && ok2 {
		m.spans = append(m.spans, span{from, to, uint64(max(n, 0))})
	}
}

func (m *mapping) sort() {
	sort.SliceStable(m.spans, func(i, j int) bool { return m.spans[i].a < m.spans[j].a })
}

// maps reports whether an address of the shipped program is one of the rebuilt.
func (m *mapping) maps(a, b uint64) bool {
	const back = 8 // spans that may lie between the one that holds a and a
	i := sort.Search(len(m.spans), func(i int) bool { return m.spans[i].a > a })
	for k := i - 1; k >= 0 && k >= i-back; k-- {
		if s := m.spans[k]; a-s.a <= s.n && b == s.b+(a-s.a) {
			return true
		}
	}
	return false
}

// refers reports whether two words refer to the same thing: as addresses, or as
// offsets from the start of one section.
func (m *mapping) refers(a, b uint64) bool {
	if m.maps(a, b) {
		return true
	}
	if a > 1<<32-1 || b > 1<<32-1 {
		return false
	}
	for _, s := range m.bases {
		if m.maps(s.a+a, s.b+b) {
			return true
		}
	}
	return false
}

// word tries the words that hold byte i of a and j of b: 8 and 4 bytes long where
// such words lie in a file, then anywhere, as import tables have them. It returns
// where the word starts and ends in a.
func (m *mapping) word(a, b []byte, at int64, i, j int) (from, to int, ok bool) {
	for _, n := range [...]int{8, 4} {
		if back := int((at + int64(i)) % int64(n)); m.wordAt(a, b, i-back, j-back, n) {
			return i - back, i - back + n, true
		}
	}
	for _, n := range [...]int{8, 4} {
		for back := range n {
			if m.wordAt(a, b, i-back, j-back, n) {
				return i - back, i - back + n, true
			}
		}
	}
	return 0, 0, false
}

// wordAt reports whether the words of n bytes there refer to the same thing.
func (m *mapping) wordAt(a, b []byte, i, j, n int) bool {
	if i < 0 || j < 0 || i+n > len(a) || j+n > len(b) {
		return false
	}
	if n == 8 {
		return m.refers(m.order.Uint64(a[i:]), m.order.Uint64(b[j:]))
	}
	return m.refers(uint64(m.order.Uint32(a[i:])), uint64(m.order.Uint32(b[j:])))
}

// classed is a run of bytes that have one class.
type classed struct {
	from, to int
	class    ClassName
}

func (c classed) why() string {
	switch c.class {
	case Relocated:
		return "words that refer to the same thing"
	case Unexplained:
		return "refers to something else, or is another value"
	}
	return ""
}

// sameRun is how many equal bytes may lie between two relocated words of one run.
const sameRun = 256

// compare classes the bytes of two stretches of one length; at is where the first
// stands in the shipped file.
func (m *mapping) compare(a, b []byte, at int64) []classed {
	var list []classed
	book := func(from, to int, c ClassName) {
		if from >= to {
			return
		}
		k := len(list) - 1
		if k >= 0 && list[k].class == c && list[k].to == from {
			list[k].to = to
			return
		}
		// A table of addresses is one run, whatever stands between them.
		if c == Relocated && k >= 1 && list[k-1].class == Relocated && list[k].class == Moved && list[k].to-list[k].from < sameRun {
			list[k-1].to, list = to, list[:k]
			return
		}
		list = append(list, classed{from, to, c})
	}
	done := 0
	for i := 0; i < len(a); {
		if a[i] == b[i] {
			i++
			continue
		}
		from, to, ok := m.word(a, b, at, i, i)
		if !ok || from < done {
			book(done, i, Moved)
			book(i, i+1, Unexplained)
			done, i = i+1, i+1
			continue
		}
		book(done, from, Moved)
		book(from, to, Relocated)
		done, i = to, to
	}
	book(done, len(a), Moved)
	return list
}
