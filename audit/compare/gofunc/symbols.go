package gofunc

import (
	"slices"
	"strings"
)

// openSymbols reads a program whose functions a symbol table names.
func openSymbols(name string, raw []byte) (*side, error) {
	im, err := load(name, raw)
	if err != nil {
		return nil, err
	}
	s := &side{im: im, dec: decoderFor(im.arch)}
	for _, sym := range im.symbols {
		seg := im.segment(sym.addr)
		if !sym.code || sym.size == 0 || seg == nil || !seg.exec || sym.size > seg.addr+uint64(len(seg.data))-min(sym.addr, seg.addr+uint64(len(seg.data))) {
			continue
		}
		// Several names of one function count as the first of them.
		if n := len(s.funcs); n > 0 && s.funcs[n-1].end > sym.addr {
			continue
		}
		s.funcs = append(s.funcs, function{name: sym.name, entry: sym.addr, end: sym.addr + sym.size})
	}
	if len(s.funcs) == 0 {
		return nil, &Error{
			Side: name, What: "no symbol table names a function", Reason: ErrUnsupported,
			Hint: "compare a build that was not stripped, or offer its debug file",
		}
	}
	s.collect()
	return s, nil
}

// CompareSymbols sets the functions that the symbol tables of two programs name
// against each other, whatever language they were written in. Variables are
// compared by symbol. The error is an *Error; a file whose symbol table names
// no function is ErrUnsupported.
func CompareSymbols(shipped, rebuilt []byte) (*Verdict, error) {
	a, err := openSymbols("shipped", shipped)
	if err != nil {
		return nil, err
	}
	b, err := openSymbols("rebuilt", rebuilt)
	if err != nil {
		return nil, err
	}
	// The same address may have several names; each side takes the first in
	// alphabetical order.
	for _, s := range []*side{a, b} {
		slices.SortStableFunc(s.im.symbols, func(p, q symbol) int {
			if d := cmpUint(p.addr, q.addr); d != 0 {
				return d
			}
			return strings.Compare(p.name, q.name)
		})
	}
	return compare(a, b)
}
