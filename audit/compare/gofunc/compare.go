package gofunc

import (
	"cmp"
	"slices"
	"strconv"
	"strings"
)

// Compare sets the functions of two Go programs against each other. The error
// is an *Error.
func Compare(shipped, rebuilt []byte) (*Verdict, error) {
	a, err := open("shipped", shipped)
	if err != nil {
		return nil, err
	}
	b, err := open("rebuilt", rebuilt)
	if err != nil {
		return nil, err
	}
	return compare(a, b)
}

func compare(a, b *side) (*Verdict, error) {
	if a.im.format != b.im.format || a.im.arch != b.im.arch {
		return nil, &Error{What: a.im.format + " for " + a.im.arch + " and " + b.im.format + " for " + b.im.arch, Reason: ErrUnlike}
	}
	matchFunctions(a, b)
	c := &comparison{
		a: a, b: b, contents: map[[2]uint64]bool{},
		vars: &variables{votes: map[[2]uint64]int{}, forward: map[uint64]uint64{}, back: map[uint64]uint64{}},
	}
	v := &Verdict{Shipped: a.describe(), Rebuilt: b.describe()}
	found := c.functions()
	c.count(v, found)
	data := c.data()
	v.Data = c.report(data)
	if row, ok := c.initOrder(); ok {
		v.Data = append(v.Data, row)
	}
	v.Data = append(v.Data, c.types()...)
	c.foreign(v)
	foreign := Relocated
	if v.Shipped.ForeignDiffers {
		foreign = Changed
	}
	v.ShippedRanges = c.a.ranges(func(i int) Class { return found[i].class }, foreign, data, func(d datum) (uint64, uint64) { return d.x, d.n })
	v.RebuiltRanges = c.b.ranges(func(j int) Class {
		if i := c.b.match[j]; i >= 0 {
			return found[i].class
		}
		return Added
	}, foreign, data, func(d datum) (uint64, uint64) { return d.y, d.m })
	return v, nil
}

func (s *side) describe() Side {
	return Side{Format: s.im.format, Arch: s.im.arch, Functions: len(s.funcs), Symbols: len(s.im.symbols) > 0}
}

// A finding is the class of a function of the shipped program.
type finding struct {
	class  Class
	at     int // of the first difference, from the entry
	reason string
}

// functions classifies every function of the shipped program.
func (c *comparison) functions() []finding {
	found := make([]finding, len(c.a.funcs))
	w := walk{dec: c.a.dec, arch: c.a.im.arch}
	c.trusting = true
	var silent []int // functions that differ whatever the variables are
	// First what needs no resolving: instructions, and votes for variables.
	for i := range found {
		j := c.a.match[i]
		if j < 0 {
			found[i].class = Removed
			continue
		}
		f, g := &c.a.funcs[i], &c.b.funcs[j]
		same, at := w.run(c.a.code(f), f.entry, c.b.code(g), g.entry)
		if !same {
			found[i] = finding{Changed, at, "instructions differ"}
		}
		if !same || !c.vote(&w, c.a.code(f)) {
			silent = append(silent, i)
		}
	}
	c.voteForeign(&w)
	c.vars.settle()
	for _, i := range silent {
		c.voteChanged(i)
	}
	c.vars.likely()
	c.vars.settle()
	c.trusting, c.contents = false, map[[2]uint64]bool{}
	for i := range found {
		if found[i].class == "" {
			found[i] = c.operands(&w, i)
		}
	}
	return found
}

// operands classifies a function whose instructions are the same.
func (c *comparison) operands(w *walk, i int) finding {
	f, g := &c.a.funcs[i], &c.b.funcs[c.a.match[i]]
	codeA, codeB := c.a.code(f), c.b.code(g)
	w.run(codeA, f.entry, codeB, g.entry)
	for k, x := range w.a {
		if !c.sameRef(x, w.b[k], codeA[x.pos:]) {
			return finding{Changed, int(x.pos), c.describeRef(x, w.b[k])}
		}
	}
	if why := c.frames(f, g); why != "" {
		return finding{Changed, 0, why}
	}
	if n := padding(w.arch, codeA); string(codeA[:n]) == string(codeB[:min(n, len(codeB))]) {
		return finding{class: Same}
	}
	return finding{class: Relocated}
}

// frames compares what the runtime is told about the stack.
func (c *comparison) frames(f, g *function) string {
	if c.a.tab == nil {
		return ""
	}
	if string(c.a.tab.encoded(f.field(4))) != string(c.b.tab.encoded(g.field(4))) {
		return "the stack's depth differs"
	}
	for _, i := range []uint32{pcdataUnsafePoint, pcdataStackMapIndex} {
		// Several packages make the same function to compare a type, the linker
		// keeps one, and in those of the runtime nothing is a safe point.
		if i == pcdataUnsafePoint && strings.HasPrefix(f.name, "type:.") {
			continue
		}
		if string(c.a.tab.encoded(f.pcdata(i))) != string(c.b.tab.encoded(g.pcdata(i))) {
			return "the table of safe points differs"
		}
	}
	for _, i := range []uint32{funcdataArgsPointerMaps, funcdataLocalsPointerMaps} {
		x, okX := c.a.tab.funcdata(f, i)
		y, okY := c.b.tab.funcdata(g, i)
		if okX != okY || okX && string(c.a.stackMap(x)) != string(c.b.stackMap(y)) {
			return "the map of pointers on the stack differs"
		}
	}
	return ""
}

// stackMap reads a runtime.stackmap: a number of bitmaps, their length in bits,
// the bitmaps.
func (s *side) stackMap(addr uint64) []byte {
	n, ok1 := s.im.uint32(addr)
	bits, ok2 := s.im.uint32(addr + 4)
	if !ok1 || !ok2 || n > maxRows || bits > maxRows {
		return nil
	}
	return s.im.bytes(addr, 8+uint64(n)*uint64((bits+7)/8))
}

func (c *comparison) describeRef(x, y ref) string {
	if x.weak {
		return "holds " + strconv.FormatUint(x.target, 10) + ", not " + strconv.FormatUint(y.target, 10)
	}
	return "refers to " + c.a.placeName(x.target) + ", not " + c.b.placeName(y.target)
}

func (s *side) placeName(addr uint64) string {
	if i := s.funcAt(addr); i >= 0 {
		return s.funcs[i].name
	}
	if sym, ok := s.im.symbolAt(addr); ok && s.opaque(addr) {
		return sym.name
	}
	if s.opaque(addr) {
		return "another variable"
	}
	return "another constant"
}

// count fills the verdict's functions from the findings.
func (c *comparison) count(v *Verdict, found []finding) {
	e := newExplainer(c, found)
	for i := range found {
		switch found[i].class {
		case Same:
			v.Counts.Same++
		case Relocated:
			v.Counts.Relocated++
		case Changed:
			v.Counts.Changed++
			v.Functions = append(v.Functions, e.changed(i))
		case Removed:
			v.Counts.Removed++
			f := c.a.function(i, Removed)
			f.ShippedSize = c.a.size(i)
			v.Functions = append(v.Functions, f)
		}
	}
	for j, i := range c.b.match {
		if i < 0 {
			v.Counts.Added++
			f := c.b.function(j, Added)
			f.RebuiltSize = c.b.size(j)
			v.Functions = append(v.Functions, f)
		}
	}
	slices.SortStableFunc(v.Functions, func(f, g Function) int {
		return cmp.Or(strings.Compare(f.Name, g.Name), strings.Compare(f.File, g.File), f.Line-g.Line, strings.Compare(string(f.Class), string(g.Class)))
	})
}

func (s *side) function(i int, class Class) Function {
	f := &s.funcs[i]
	out := Function{Name: f.name, Line: f.line, Class: class}
	if s.tab != nil {
		out.File = s.tab.file(f)
	}
	return out
}

// size is a function's length without padding.
func (s *side) size(i int) int { return padding(s.im.arch, s.code(&s.funcs[i])) }
