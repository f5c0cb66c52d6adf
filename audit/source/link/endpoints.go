package link

import (
	"cmp"
	"go/constant"
	"go/parser"
	"go/token"
	"go/types"
	"slices"
	"strings"

	"golang.org/x/tools/go/ssa"

	"github.com/proffer-audit/proffer/audit/source/rules"
)

// endpoints are the constant addresses that own functions hand to functions and
// fields which take one. An address is followed through concatenation, through
// variables that are set once, and through choices between constants; not through
// parameters, formatting or configuration.
func endpoints(c *closure, p *program, set *rules.Set) []Endpoint {
	f := finder{c: c, set: set, once: setOnce(p)}
	for _, set := range []map[*ssa.Function]bool{p.concrete, p.generic} {
		for fn := range set {
			if u := p.unitOf(fn); u != nil && u.origin == own {
				f.function(fn)
			}
		}
	}
	slices.SortFunc(f.found, func(a, b Endpoint) int {
		return cmp.Or(strings.Compare(a.File, b.File), cmp.Compare(a.Line, b.Line),
			strings.Compare(a.Address, b.Address), strings.Compare(a.Via, b.Via))
	})
	return append([]Endpoint{}, slices.Compact(f.found)...)
}

type finder struct {
	c     *closure
	set   *rules.Set
	once  map[*ssa.Global]ssa.Value
	found []Endpoint
}

func (f *finder) function(fn *ssa.Function) {
	for _, b := range fn.Blocks {
		for _, instr := range b.Instrs {
			switch instr := instr.(type) {
			case ssa.CallInstruction:
				f.call(instr)
			case *ssa.Store:
				f.store(instr)
			}
		}
	}
}

func (f *finder) call(call ssa.CallInstruction) {
	callee := call.Common().StaticCallee()
	if callee == nil {
		return
	}
	flow, ok := f.set.Flows.Of(symbolOf(callee))
	if !ok {
		return
	}
	arg := flow.Arg
	if callee.Signature.Recv() != nil {
		arg++
	}
	if args := call.Common().Args; arg < len(args) {
		f.add(flow.Kind, callee.String(), args[arg], call.Pos())
	}
}

func (f *finder) store(s *ssa.Store) {
	addr, ok := s.Addr.(*ssa.FieldAddr)
	if !ok {
		return
	}
	ptr, ok := addr.X.Type().Underlying().(*types.Pointer)
	if !ok {
		return
	}
	named, ok := types.Unalias(ptr.Elem()).(*types.Named)
	if !ok || named.Obj().Pkg() == nil {
		return
	}
	fields, ok := named.Underlying().(*types.Struct)
	if !ok {
		return
	}
	sym := rules.Symbol{Package: named.Obj().Pkg().Path(), Type: named.Obj().Name(), Name: fields.Field(addr.Field).Name()}
	if flow, ok := f.set.Flows.Of(sym); ok && flow.Arg < 0 {
		f.add(flow.Kind, sym.Package+"."+sym.Type+"."+sym.Name, s.Val, cmp.Or(s.Pos(), addr.Pos(), s.Parent().Pos()))
	}
}

func (f *finder) add(kind, via string, v ssa.Value, pos token.Pos) {
	for _, text := range f.constants(v, 0) {
		if text.value == "" {
			continue
		}
		file, line := f.c.names.line(f.c.fset, pos)
		f.found = append(f.found, Endpoint{Kind: kind, Address: text.value, Partial: text.partial, Via: via, File: file, Line: line})
	}
}

// A text is a constant, or the constant beginning of something computed.
type text struct {
	value   string
	partial bool
}

// maxTrace bounds how far a value is followed back.
const maxTrace = 12

func (f *finder) constants(v ssa.Value, depth int) []text {
	if depth > maxTrace {
		return nil
	}
	switch v := v.(type) {
	case *ssa.Const:
		if v.Value != nil && v.Value.Kind() == constant.String {
			return []text{{value: constant.StringVal(v.Value)}}
		}
	case *ssa.BinOp:
		if v.Op == token.ADD {
			return f.concat(v, depth)
		}
	case *ssa.Phi:
		var all []text
		for _, e := range v.Edges {
			all = append(all, f.constants(e, depth+4)...)
		}
		return all
	case *ssa.UnOp:
		if g, ok := v.X.(*ssa.Global); ok && v.Op == token.MUL && f.once[g] != nil {
			return f.constants(f.once[g], depth+1)
		}
	case *ssa.ChangeType:
		return f.constants(v.X, depth+1)
	case *ssa.Convert:
		return f.constants(v.X, depth+1)
	}
	return nil
}

func (f *finder) concat(v *ssa.BinOp, depth int) []text {
	var all []text
	right := f.constants(v.Y, depth+1)
	for _, l := range f.constants(v.X, depth+1) {
		if l.partial || len(right) == 0 {
			all = append(all, text{l.value, true})
			continue
		}
		for _, r := range right {
			all = append(all, text{l.value + r.value, r.partial})
		}
	}
	return all
}

// setOnce are the own package variables that one instruction sets, and to what.
func setOnce(p *program) map[*ssa.Global]ssa.Value {
	values, twice := map[*ssa.Global]ssa.Value{}, map[*ssa.Global]bool{}
	var buf [8]*ssa.Value
	for _, set := range []map[*ssa.Function]bool{p.concrete, p.generic} {
		for fn := range set {
			for _, b := range fn.Blocks {
				for _, instr := range b.Instrs {
					if s, ok := instr.(*ssa.Store); ok {
						if g, ok := s.Addr.(*ssa.Global); ok {
							twice[g] = twice[g] || values[g] != nil
							values[g] = s.Val
							continue
						}
					}
					if load, ok := instr.(*ssa.UnOp); ok && load.Op == token.MUL {
						continue
					}
					for _, op := range instr.Operands(buf[:0]) {
						// Its address goes elsewhere, so anything may set it.
						if g, ok := (*op).(*ssa.Global); ok {
							twice[g] = true
						}
					}
				}
			}
		}
	}
	for g := range twice {
		if twice[g] {
			delete(values, g)
		}
	}
	return values
}

// importsC is the line on which a file imports "C", or 0.
func importsC(file string) int {
	fset := token.NewFileSet()
	f, err := parser.ParseFile(fset, file, nil, parser.ImportsOnly)
	if f == nil {
		return 0
	}
	_ = err // a file that does not parse is named as not covered, by its own reason
	for _, imp := range f.Imports {
		if imp.Path.Value == `"C"` {
			return fset.PositionFor(imp.Pos(), false).Line
		}
	}
	return 0
}
