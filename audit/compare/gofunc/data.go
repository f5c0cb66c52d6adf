package gofunc

import (
	"bytes"
	"cmp"
	"fmt"
	"maps"
	"slices"
	"strings"
)

// A datum is a piece of data of both programs; absent on one side, its address
// there is 0.
type datum struct {
	name string
	x, y uint64
	n, m uint64 // bytes
	same bool
}

// data compares the initial values of variables.
func (c *comparison) data() []datum {
	var list []datum
	if len(c.a.im.symbols) > 0 && len(c.b.im.symbols) > 0 {
		list = c.namedData()
	} else {
		list = c.unnamedData()
	}
	for i := range list {
		d := &list[i]
		d.same = d.x != 0 && d.y != 0 && d.n == d.m && c.sameBytes(d.x, d.y, d.n)
	}
	return list
}

// initialised reports whether an address is that of a variable whose initial
// value is in the file, and is not the linker's or the loader's.
func (s *side) initialised(addr uint64) bool {
	if !s.isWritable(addr) || s.isTable(addr) || s.fips.has(addr) || s.im.offset(addr) < 0 {
		return false
	}
	for _, i := range s.im.imports {
		if i.has(addr) {
			return false
		}
	}
	return true
}

// namedData pairs variables by symbol. Those that the compiler numbers are
// compared where something points to them.
func (c *comparison) namedData() []datum {
	collect := func(s *side) map[string]symbol {
		m := map[string]symbol{}
		for _, sym := range s.im.symbols {
			if sym.size > 0 && !sym.code && s.initialised(sym.addr) && stable(sym.name) && !strings.HasPrefix(sym.name, "runtime.firstmoduledata") {
				m[sym.name] = sym
			}
		}
		return m
	}
	a, b := collect(c.a), collect(c.b)
	inA, inB := c.a.names(), c.b.names()
	var list []datum
	for _, name := range slices.Sorted(maps.Keys(a)) {
		d := datum{name: name, x: a[name].addr, n: a[name].size}
		if t, ok := b[name]; ok {
			d.y, d.m = t.addr, t.size
			if c.a.im.format != "elf" {
				// Sizes reach to the next symbol there, over what fills up and
				// what has no symbol.
				n := min(c.a.visible(d.x, d.n), c.b.visible(d.y, d.m))
				d.n, d.m = n, n
			}
		} else if inB[name] && zero(c.a.im.bytes(d.x, d.n)) {
			continue // a value of zero need not have a place in the file
		}
		list = append(list, d)
	}
	for _, name := range slices.Sorted(maps.Keys(b)) {
		if _, ok := a[name]; !ok && !(inA[name] && zero(c.b.im.bytes(b[name].addr, b[name].size))) {
			list = append(list, datum{name: name, y: b[name].addr, m: b[name].size})
		}
	}
	return list
}

// names are those of all symbols.
func (s *side) names() map[string]bool {
	m := make(map[string]bool, len(s.im.symbols))
	for _, sym := range s.im.symbols {
		m[sym.name] = true
	}
	return m
}

func zero(b []byte) bool { return len(bytes.Trim(b, "\x00")) == 0 }

// unnamedData takes the pairs that the code agrees on. Each is as long as to
// the next place that the code knows of.
func (c *comparison) unnamedData() []datum {
	var list []datum
	add := func(x, y uint64) {
		if c.a.initialised(x) && c.b.initialised(y) {
			n := min(c.a.extent(x), c.b.extent(y))
			list = append(list, datum{x: x, y: y, n: n, m: n})
		}
	}
	known := slices.Sorted(maps.Keys(c.vars.forward))
	for i, x := range known {
		y := c.vars.forward[x]
		add(x, y)
		if i+1 == len(known) || c.vars.forward[known[i+1]]-y != known[i+1]-x {
			continue
		}
		if y != x || c.a.im.exact || c.a.im.format != "elf" {
			continue
		}
		// What only data refers to, between two neighbours that have not moved:
		// a pointer to it cannot be told from a number (see firm).
		at, _ := slices.BinarySearch(c.a.starts, x+1)
		for ; at < len(c.a.starts) && c.a.starts[at] < known[i+1]; at++ {
			if s := c.a.starts[at]; c.b.isStart(s - x + y) {
				add(s, s-x+y)
			}
		}
	}
	return list
}

// report makes the verdict's rows of what differs.
func (c *comparison) report(list []datum) []Data {
	var out []Data
	var places []span
	for _, d := range list {
		if d.same {
			continue
		}
		row := Data{Name: d.name, Kind: Variable, Class: Changed, ShippedOffset: -1, RebuiltOffset: -1}
		if d.x != 0 {
			row.ShippedOffset = c.a.im.offset(d.x)
			row.Shipped = c.a.content(d.x, d.n)
		}
		if d.y != 0 {
			row.RebuiltOffset = c.b.im.offset(d.y)
			row.Rebuilt = c.b.content(d.y, d.m)
		}
		switch {
		case d.x == 0:
			row.Class = Added
		case d.y == 0:
			row.Class = Removed
		}
		if c.a.isModInfo(d.x) && c.b.isModInfo(d.y) {
			row.Name, row.Kind, row.Shipped, row.Rebuilt = "runtime.modinfo", Table, "", ""
		}
		out = append(out, row)
		places = append(places, span{d.x, d.x + d.n})
	}
	for i, users := range c.a.users(places) {
		out[i].UsedBy = users
	}
	slices.SortStableFunc(out, func(p, q Data) int {
		return cmp.Or(strings.Compare(p.Name, q.Name), cmp.Compare(p.ShippedOffset, q.ShippedOffset))
	})
	return out
}

// isModInfo reports whether a variable is the one that holds the build
// information, part of which a stripped program may address alone.
func (s *side) isModInfo(addr uint64) bool {
	for _, at := range []uint64{addr, addr - 8} {
		if p, ok := s.im.word(at); ok && s.im.pointer(at, p) && strings.HasPrefix(string(s.im.bytes(p, 16)), modInfoMagic) {
			return true
		}
	}
	return false
}

// modInfoMagic begins the build information (cmd/go/internal/modload, build.go).
const modInfoMagic = "\x30\x77\xaf\x0c\x92\x74\x08\x02\x41\xe1\xc1\x07\xe6\xd6\x18\xe6"

// maxUsers is how many functions are named per variable.
const maxUsers = 8

// users lists the functions that refer into each place.
func (s *side) users(places []span) [][]string {
	out := make([][]string, len(places))
	if len(places) == 0 {
		return out
	}
	order := make([]int, len(places))
	for i := range order {
		order[i] = i
	}
	slices.SortFunc(order, func(i, j int) int { return cmpUint(places[i].from, places[j].from) })
	w := walk{dec: s.dec, arch: s.im.arch}
	var refs []ref
	for i := range s.funcs {
		f := &s.funcs[i]
		refs = w.refs(s.code(f), f.entry, refs[:0])
		for _, r := range refs {
			k, ok := slices.BinarySearchFunc(order, r.target, func(at int, addr uint64) int { return cmpUint(places[at].from, addr) })
			if !ok {
				k--
			}
			if k < 0 || !places[order[k]].has(r.target) {
				continue
			}
			if list := out[order[k]]; len(list) < maxUsers && !slices.Contains(list, f.name) {
				out[order[k]] = append(list, f.name)
			}
		}
	}
	for _, list := range out {
		slices.Sort(list)
	}
	return out
}

// content is a variable's initial value in words: a string if it is one, the
// number if it is 8 bytes long, the first bytes otherwise.
func (s *side) content(addr, n uint64) string {
	if text, ok := s.stringAt(addr); ok && n >= 16 {
		return fmt.Sprintf("%q", text)
	}
	b := s.im.bytes(addr, n)
	if len(b) == 8 {
		return fmt.Sprint(leWord(b))
	}
	if len(b) > maxQuoted/4 {
		return fmt.Sprintf("%x… (%d bytes)", b[:maxQuoted/4], n)
	}
	return fmt.Sprintf("%x", b)
}
