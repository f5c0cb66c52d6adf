package link

import (
	"cmp"
	"go/token"
	"go/types"
	"slices"
	"strings"

	"golang.org/x/tools/go/callgraph/vta"
	"golang.org/x/tools/go/ssa"

	"github.com/proffer-audit/proffer/audit/source/rules"
)

// A node is one function of the graph. Functions that differ only in an identity
// that SSA construction makes up (wrappers made twice) are one node.
type node struct {
	fn      *ssa.Function
	key     string
	display string // an instance of a generic function goes by the function's name
	origin  origin
	unit    *unit
	helper  bool
	cut     bool
	source  bool             // stands in a source file, unlike a wrapper
	direct  rules.Capability // what it does by itself
}

// An edge says that one function may call another.
type edge struct {
	from, to int32
	pos      token.Pos
}

// graph is the whole program.
type graph struct {
	c       *closure
	set     *rules.Set
	nodes   []node
	ids     map[*ssa.Function]int32
	edges   []edge
	dropped []edge // calls back out of the standard library
}

// connect builds the graph of the functions that are reachable.
func connect(c *closure, p *program, set *rules.Set) *graph {
	g := &graph{c: c, set: set, ids: map[*ssa.Function]int32{}}
	calls := vta.CallGraph(p.concrete, nil)
	all := make([]*ssa.Function, 0, len(calls.Nodes)+len(p.generic))
	for fn := range calls.Nodes {
		all = append(all, fn)
	}
	for fn := range p.generic {
		if calls.Nodes[fn] == nil {
			all = append(all, fn)
		}
	}
	g.number(all, p)
	for _, fn := range all {
		for site, callee := range callsOf(calls.Nodes[fn], fn) {
			g.call(fn, site, callee)
		}
	}
	g.chargeCallbacks(all)
	g.resolveLinknames(p)
	return g
}

// number gives the functions their places in a fixed order.
func (g *graph) number(all []*ssa.Function, p *program) {
	list := make([]node, 0, len(all))
	for _, fn := range all {
		list = append(list, g.describe(fn, p))
	}
	slices.SortFunc(list, func(a, b node) int { return cmp.Compare(a.key, b.key) })
	for _, n := range list {
		if len(g.nodes) == 0 || g.nodes[len(g.nodes)-1].key != n.key {
			g.nodes = append(g.nodes, n)
		}
		g.ids[n.fn] = int32(len(g.nodes) - 1)
	}
}

func (g *graph) describe(fn *ssa.Function, p *program) node {
	named := fn
	if o := fn.Origin(); o != nil {
		named = o
	}
	file, line := g.c.names.line(g.c.fset, fn.Pos())
	n := node{
		fn:      fn,
		key:     strings.Join([]string{fn.String(), fn.Synthetic, file, itoa(line)}, "\x00"),
		display: named.String(),
		source:  fn.Synthetic == "" || fn.Origin() != nil || isInit(fn),
		origin:  module,
	}
	sym := symbolOf(fn)
	n.unit = p.unitOf(fn)
	if n.unit != nil {
		n.origin = n.unit.origin
		n.helper = n.unit.reading == rules.Helper
		n.cut = n.origin == standard && g.set.Std.Cut(sym)
	}
	n.direct = g.set.Sinks.Of(sym)
	if n.direct == 0 && fn.Blocks == nil && n.origin != standard {
		n.direct = rules.Unanalyzed
	}
	if p.unsafeIn[named] {
		n.direct |= rules.UnsafePointer
	}
	return n
}

// symbolOf names the function as the rules do.
func symbolOf(fn *ssa.Function) rules.Symbol {
	if o := fn.Origin(); o != nil {
		fn = o
	}
	obj, ok := fn.Object().(*types.Func)
	if !ok || obj.Pkg() == nil || fn.Synthetic != "" && fn.Blocks != nil {
		return rules.Symbol{}
	}
	sym := rules.Symbol{Package: obj.Pkg().Path(), Name: obj.Name()}
	if recv := obj.Signature().Recv(); recv != nil {
		t := types.Unalias(recv.Type())
		if ptr, ok := t.(*types.Pointer); ok {
			t = types.Unalias(ptr.Elem())
		}
		named, ok := t.(*types.Named)
		if !ok {
			return rules.Symbol{}
		}
		sym.Type = named.Obj().Name()
	}
	return sym
}

// call adds one call, unless it is one that is charged elsewhere.
func (g *graph) call(fn *ssa.Function, site ssa.CallInstruction, callee *ssa.Function) {
	to, ok := g.ids[callee]
	if !ok {
		return
	}
	from := g.ids[fn]
	a, b := &g.nodes[from], &g.nodes[to]
	e := edge{from, to, site.Pos()}
	switch {
	case site.Common().StaticCallee() == nil && (a.helper || a.origin == standard && b.origin != standard):
		g.dropped = append(g.dropped, e)
	case a.origin != standard && b.origin == standard && isInit(fn) && isInit(callee):
		// What the standard library does when it starts is the same in every program.
	default:
		g.edges = append(g.edges, e)
	}
}

func isInit(fn *ssa.Function) bool {
	return fn.Name() == "init" && fn.Parent() == nil && fn.Signature.Recv() == nil
}

// chargeCallbacks lets whoever makes a function value, or an interface value out
// of a concrete one, call what the standard library calls back through it. The
// same goes for a function that nothing else was seen to call. Where no maker
// was seen, the dropped calls come back.
func (g *graph) chargeCallbacks(all []*ssa.Function) {
	called := make([]bool, len(g.nodes))
	for _, e := range g.edges {
		called[e.to] = called[e.to] || e.from != e.to
	}
	back := make([]bool, len(g.nodes))
	for _, e := range g.dropped {
		back[e.to] = true
	}
	m := makers{g: g, back: back, called: called, made: make([]bool, len(g.nodes))}
	for _, fn := range all {
		if fn.Blocks != nil {
			m.function(fn)
		}
	}
	for _, e := range g.dropped {
		if !m.made[e.to] {
			g.edges = append(g.edges, e)
		}
	}
	g.dropped = nil
}

// makers finds who makes the values through which functions are called back.
type makers struct {
	g                  *graph
	back, called, made []bool
}

func (m *makers) function(fn *ssa.Function) {
	var buf [8]*ssa.Value
	for _, b := range fn.Blocks {
		for _, instr := range b.Instrs {
			if mi, ok := instr.(*ssa.MakeInterface); ok {
				m.conversion(fn, mi)
			}
			callee := staticCallee(instr)
			for _, op := range instr.Operands(buf[:0]) {
				if f, ok := (*op).(*ssa.Function); ok && f != callee {
					m.add(fn, f, instr.Pos(), m.given(f, callee))
				}
			}
		}
	}
}

func staticCallee(instr ssa.Instruction) *ssa.Function {
	if c, ok := instr.(ssa.CallInstruction); ok {
		return c.Common().StaticCallee()
	}
	return nil
}

func (m *makers) conversion(fn *ssa.Function, mi *ssa.MakeInterface) {
	t := mi.X.Type()
	if types.IsInterface(t) || fn.TypeParams().Len() > len(fn.TypeArgs()) {
		return
	}
	iface, ok := mi.Type().Underlying().(*types.Interface)
	if !ok {
		return
	}
	mset := fn.Prog.MethodSets.MethodSet(t)
	for i := range mset.Len() {
		sel := mset.At(i)
		method := fn.Prog.MethodValue(sel)
		if method == nil {
			continue
		}
		obj, _, _ := types.LookupFieldOrMethod(iface, false, sel.Obj().Pkg(), sel.Obj().Name())
		how := unlikely
		if obj != nil && m.isOwn(method) {
			how = likely
		}
		m.add(fn, method, mi.Pos(), how)
	}
}

// given says how sure it is that a function value is called although no call
// was seen: handed to a function without a body to look into it is; of an own
// function the mere mention is enough where nothing else calls it, so that it
// hangs on some path.
func (m *makers) given(f, to *ssa.Function) certainty {
	switch {
	case to != nil && to.Blocks == nil:
		return sure
	case m.isOwn(f):
		return likely
	}
	return unlikely
}

type certainty int

const (
	unlikely certainty = iota
	likely
	sure
)

func (m *makers) isOwn(f *ssa.Function) bool {
	id, ok := m.g.ids[f]
	return ok && m.g.nodes[id].origin == own
}

// add charges the maker for a function that the standard library calls back, for
// one that is sure to be called, and for a likely one that nothing else calls.
func (m *makers) add(maker, f *ssa.Function, pos token.Pos, how certainty) {
	to, ok := m.g.ids[f]
	if !ok || !m.back[to] && how != sure && (how == unlikely || m.called[to]) {
		return
	}
	from := m.g.ids[maker]
	if from == to {
		return
	}
	if !pos.IsValid() {
		pos = maker.Pos()
	}
	m.made[to] = true
	m.g.edges = append(m.g.edges, edge{from, to, pos})
}
