package link

import (
	"context"
	"fmt"
	"go/ast"
	"go/types"
	"iter"
	"strconv"
	"strings"

	"golang.org/x/tools/go/callgraph"
	"golang.org/x/tools/go/ssa"
	"golang.org/x/tools/go/types/typeutil"

	"github.com/proffer-audit/proffer/audit/source/rules"
)

// program is the closure in SSA form.
type program struct {
	ssa       *ssa.Program
	units     map[*types.Package]*unit
	own       []*ssa.Package
	unsafeIn  map[*ssa.Function]bool // functions outside the standard library that use package unsafe
	linknames []Linkname
	aliases   map[string]string // "package.local" to the linkname's target

	// What the main module's own code may come to; generic functions as they
	// stand apart from those with concrete types.
	concrete, generic map[*ssa.Function]bool
}

// build makes SSA form of every package that type-checks and is not opaque. What
// only it needs (syntax, type information) is let go package by package.
func build(ctx context.Context, c *closure, phase func(string)) (p *program, err error) {
	p = &program{
		ssa:      ssa.NewProgram(c.fset, ssa.InstantiateGenerics|ssa.BuildSerially),
		units:    map[*types.Package]*unit{},
		unsafeIn: map[*ssa.Function]bool{},
		aliases:  map[string]string{},
	}
	for _, u := range c.units {
		if u.types == nil || p.units[u.types] != nil {
			continue
		}
		p.units[u.types] = u
		made := p.ssa.CreatePackage(u.types, u.files, u.info, true)
		if u.origin == own && u.files != nil {
			p.own = append(p.own, made)
		}
		if u.origin != standard {
			p.directives(c, u)
			p.unsafeUses(u)
		}
	}
	at := ""
	defer func() {
		// The builder panics on types that it was not made for; that is a gap in
		// the answer, not the end of it.
		if r := recover(); r != nil {
			err = fmt.Errorf("build SSA form of %s: %v", at, r)
		}
	}()
	for _, u := range c.units {
		if err := ctx.Err(); err != nil {
			return nil, fmt.Errorf("build SSA form of %s: %w", u.meta.PkgPath, err)
		}
		if u.types != nil {
			at = u.meta.PkgPath
			phase("build " + at)
			p.ssa.Package(u.types).Build()
			u.files, u.info = nil, nil
		}
	}
	p.walk()
	return p, nil
}

// unsafeUses marks the functions in which package unsafe is named.
func (p *program) unsafeUses(u *unit) {
	for _, f := range u.files {
		for _, d := range f.Decls {
			decl, _ := d.(*ast.FuncDecl)
			ast.Inspect(d, func(n ast.Node) bool {
				sel, ok := n.(*ast.SelectorExpr)
				if !ok {
					return true
				}
				if obj := u.info.Uses[sel.Sel]; obj == nil || obj.Pkg() != types.Unsafe {
					return true
				}
				if fn := p.holder(u, decl); fn != nil {
					p.unsafeIn[fn] = true
				}
				return true
			})
		}
	}
}

// holder is the function to charge for what stands in a declaration; what stands
// outside of all functions happens in the package's init.
func (p *program) holder(u *unit, decl *ast.FuncDecl) *ssa.Function {
	if decl != nil {
		if obj, ok := u.info.Defs[decl.Name].(*types.Func); ok {
			if fn := p.ssa.FuncValue(obj); fn != nil {
				return fn
			}
		}
	}
	return p.ssa.Package(u.types).Func("init")
}

// directives collects the go:linkname comments of a package.
func (p *program) directives(c *closure, u *unit) {
	for _, f := range u.files {
		for _, group := range f.Comments {
			for _, comment := range group.List {
				rest, ok := strings.CutPrefix(comment.Text, "//go:linkname ")
				words := strings.Fields(rest)
				if !ok || len(words) == 0 {
					continue
				}
				file, line := c.names.line(c.fset, comment.Pos())
				l := Linkname{File: file, Line: line, Local: words[0]}
				if len(words) > 1 {
					l.Target = words[1]
					p.aliases[u.meta.PkgPath+"."+l.Local] = l.Target
				}
				p.linknames = append(p.linknames, l)
			}
		}
	}
}

// unitOf is the package that a function belongs to; for an instance or a wrapper
// that of the function behind it.
func (p *program) unitOf(fn *ssa.Function) *unit {
	for f := fn; f != nil; f = f.Parent() {
		if o := f.Origin(); o != nil {
			f = o
		}
		if f.Pkg != nil {
			return p.units[f.Pkg.Pkg]
		}
		if obj := f.Object(); obj != nil && obj.Pkg() != nil {
			return p.units[obj.Pkg()]
		}
	}
	return nil
}

// walk finds the functions that the main module's own code may come to, by a
// simple and generous rule: every own function, every function that one of them
// names, and every method of a type that one of them turns into an interface.
func (p *program) walk() {
	p.concrete, p.generic = map[*ssa.Function]bool{}, map[*ssa.Function]bool{}
	w := walker{p: p, concrete: p.concrete, generic: p.generic}
	for _, pkg := range p.own {
		for _, m := range pkg.Members {
			switch m := m.(type) {
			case *ssa.Function:
				w.add(m)
			case *ssa.Type:
				named, ok := types.Unalias(m.Type()).(*types.Named)
				if !ok || types.IsInterface(named) {
					continue
				}
				for method := range named.Methods() {
					if fn := p.ssa.FuncValue(method); fn != nil {
						w.add(fn)
					}
				}
			}
		}
	}
	for len(w.queue) > 0 {
		fn := w.queue[len(w.queue)-1]
		w.queue = w.queue[:len(w.queue)-1]
		w.visit(fn)
	}
}

type walker struct {
	p                 *program
	concrete, generic map[*ssa.Function]bool
	types             typeutil.Map
	queue             []*ssa.Function
}

func (w *walker) add(fn *ssa.Function) {
	into := w.concrete
	if fn.TypeParams().Len() > len(fn.TypeArgs()) || isParameterised(fn.Parent()) {
		into = w.generic
	}
	if !into[fn] {
		into[fn] = true
		w.queue = append(w.queue, fn)
	}
}

func isParameterised(fn *ssa.Function) bool {
	for ; fn != nil; fn = fn.Parent() {
		if fn.TypeParams().Len() > len(fn.TypeArgs()) {
			return true
		}
	}
	return false
}

func (w *walker) visit(fn *ssa.Function) {
	var buf [8]*ssa.Value
	for _, anon := range fn.AnonFuncs {
		w.add(anon)
	}
	for _, b := range fn.Blocks {
		for _, instr := range b.Instrs {
			for _, op := range instr.Operands(buf[:0]) {
				if f, ok := (*op).(*ssa.Function); ok {
					w.add(f)
				}
			}
			if mi, ok := instr.(*ssa.MakeInterface); ok && w.concrete[fn] {
				w.methods(mi.X.Type())
			}
		}
	}
}

func (w *walker) methods(t types.Type) {
	if types.IsInterface(t) || w.types.At(t) != nil {
		return
	}
	w.types.Set(t, true)
	mset := w.p.ssa.MethodSets.MethodSet(t)
	for i := range mset.Len() {
		if fn := w.p.ssa.MethodValue(mset.At(i)); fn != nil {
			w.add(fn)
		}
	}
}

// callsOf are the calls that a function makes: as VTA resolved them, or for a
// generic function those that name their callee.
func callsOf(n *callgraph.Node, fn *ssa.Function) iter.Seq2[ssa.CallInstruction, *ssa.Function] {
	return func(yield func(ssa.CallInstruction, *ssa.Function) bool) {
		if n != nil {
			for _, e := range n.Out {
				if !yield(e.Site, e.Callee.Func) {
					return
				}
			}
			return
		}
		for _, b := range fn.Blocks {
			for _, instr := range b.Instrs {
				call, ok := instr.(ssa.CallInstruction)
				if !ok {
					continue
				}
				if f := call.Common().StaticCallee(); f != nil && !yield(call, f) {
					return
				}
			}
		}
	}
}

// resolveLinknames lets a function without a body, which stands for another by a
// linkname directive, call that one, or do what the rules say of it.
func (g *graph) resolveLinknames(p *program) {
	byName := map[string]int32{}
	for i := range g.nodes {
		byName[g.nodes[i].display] = int32(i)
	}
	for i := range g.nodes {
		n := &g.nodes[i]
		if n.direct&rules.Unanalyzed == 0 {
			continue
		}
		target, ok := p.aliases[n.display]
		if !ok {
			continue
		}
		if to, ok := byName[target]; ok {
			n.direct &^= rules.Unanalyzed
			g.edges = append(g.edges, edge{int32(i), to, n.fn.Pos()})
			continue
		}
		if sym, err := rules.ParseSymbol(target); err == nil && g.set.Sinks.Of(sym) != 0 {
			n.direct = n.direct&^rules.Unanalyzed | g.set.Sinks.Of(sym)
		}
	}
}

func itoa(n int) string { return strconv.Itoa(n) }
