package compare

import (
	"cmp"
	"errors"
	"fmt"
	"slices"
	"sort"
	"strings"

	"github.com/proffer-audit/proffer/audit/compare/gofunc"
	"github.com/proffer-audit/proffer/audit/compare/sections"
	"github.com/proffer-audit/proffer/reports/safetext"
)

// functions sets the functions of two programs against each other where code or
// data differs, and divides the differing sections by what was found.
func (n *node) functions() {
	if n.a.Program == nil || n.b.Program == nil || !slices.ContainsFunc(n.ja, mapped) && !slices.ContainsFunc(n.jb, mapped) {
		return
	}
	v, err := gofunc.Compare(n.shipped, n.base())
	if errors.Is(err, gofunc.ErrNotGo) {
		v, err = gofunc.CompareSymbols(n.shipped, n.base())
	}
	if err != nil {
		n.result.note("the functions are not compared: %v", err)
		return
	}
	n.result.Functions = functionsOf(v)
	n.ja = divide(n.ja, v.ShippedRanges)
	n.jb = divide(n.jb, v.RebuiltRanges)
	n.remains(v)
	n.information(v)
	n.entries(v)
	for _, f := range n.result.Functions.Changed {
		n.find(ChangedCode, "", "function "+f.Name.String(), f.where())
	}
	told := map[string]bool{}
	for _, d := range v.Data {
		if name := dataName(d); !told[name] {
			told[name] = true
			n.find(ChangedData, "", "data "+name, "")
		}
	}
}

// mapped reports whether a region is one of a program's that no rule explains.
func mapped(j judged) bool {
	return j.class == Unexplained && (j.Role == sections.Code || j.Role == sections.Data)
}

func functionsOf(v *gofunc.Verdict) *Functions {
	f := &Functions{Total: v.Shipped.Functions, Same: v.Counts.Same, Relocated: v.Counts.Relocated, Changed: []Function{}}
	for _, c := range v.Functions {
		f.Changed = append(f.Changed, Function{
			Name: safetext.Of(c.Name), File: safetext.Of(c.File), Line: c.Line, Status: status(c.Class),
			ShippedSize: int64(c.ShippedSize), RebuiltSize: int64(c.RebuiltSize), Why: safetext.Of(why(c)),
		})
	}
	return f
}

// status is a class in the words of a Function, which are those of somebody who
// holds the shipped file: what only that has was added to it.
func status(c gofunc.Class) string {
	switch c {
	case gofunc.Added:
		return "removed"
	case gofunc.Removed:
		return "added"
	}
	return "changed"
}

// why says what is new in a function, from the shipped file's side.
func why(f gofunc.Function) string {
	var parts []string
	for _, p := range []struct {
		what string
		list []string
	}{
		{"now calls", f.Summary.ShippedCalls},
		{"no longer calls", f.Summary.RebuiltCalls},
		{"now uses", f.Summary.ShippedStrings},
		{"no longer uses", f.Summary.RebuiltStrings},
	} {
		if len(p.list) > 0 {
			parts = append(parts, p.what+" "+strings.Join(p.list[:min(len(p.list), 3)], ", "))
		}
	}
	if len(parts) == 0 && f.Summary.Reason != "" {
		parts = append(parts, f.Summary.Reason)
	}
	if len(f.ThroughInlined) > 0 {
		parts = append(parts, "holds inlined code of "+strings.Join(f.ThroughInlined[:min(len(f.ThroughInlined), 3)], ", "))
	}
	return strings.Join(parts, "; ")
}

func (f Function) where() string {
	s := f.Status
	if f.Line > 0 {
		s = fmt.Sprintf("%s:%d, %s", f.File, f.Line, s)
	}
	if !f.Why.IsZero() {
		s += ": " + f.Why.String()
	}
	return s
}

func dataName(d gofunc.Data) string {
	if d.Name != "" {
		return d.Name
	}
	return "used by " + strings.Join(d.UsedBy, ", ")
}

// divide splits the unexplained regions of a program by the ranges of a verdict.
// What no range speaks of stays unexplained.
func divide(list []judged, ranges []gofunc.Range) []judged {
	out := make([]judged, 0, len(list)+len(ranges))
	for _, j := range list {
		if !mapped(j) {
			out = append(out, j)
			continue
		}
		at := j.From
		i := sort.Search(len(ranges), func(i int) bool { return ranges[i].Offset+ranges[i].Length > at })
		for ; i < len(ranges) && ranges[i].Offset < j.To; i++ {
			r := ranges[i]
			from, to := max(r.Offset, at), min(r.Offset+r.Length, j.To)
			if from > at {
				out = append(out, piece(j, at, from, Unexplained, ""))
			}
			if to > from {
				c, why := rangeClass(r)
				out = extend(out, piece(j, from, to, c, why))
			}
			at = max(at, to)
		}
		if at < j.To {
			out = append(out, piece(j, at, j.To, Unexplained, ""))
		}
	}
	return out
}

// extend adds a piece to the one before it where the two read alike: there are
// as many ranges as functions.
func extend(list []judged, p judged) []judged {
	if k := len(list) - 1; k >= 0 && list[k].To == p.From && list[k].class == p.class && list[k].evidence == p.evidence && list[k].Key == p.Key {
		list[k].To = p.To
		return list
	}
	return append(list, p)
}

func piece(j judged, from, to int64, c ClassName, why string) judged {
	j.From, j.To, j.class, j.evidence = from, to, c, why
	j.told = c == ChangedCode || c == ChangedData // findings name functions, not ranges
	return j
}

// rangeClass is the class of a range of a program.
func rangeClass(r gofunc.Range) (ClassName, string) {
	switch r.Class {
	case gofunc.Same:
		return Moved, ""
	case gofunc.Relocated:
		return Relocated, "every operand that differs refers to the same thing"
	}
	name := string(r.Kind)
	if r.Name != "" {
		name += " " + r.Name
	}
	switch {
	case r.Kind == gofunc.Padding:
		return ExecPadding, name
	case r.Kind == gofunc.Code || r.Kind == gofunc.Foreign:
		return ChangedCode, name
	}
	return ChangedData, name
}

// entries settles entry points that moved with their function.
func (n *node) entries(v *gofunc.Verdict) {
	name := func(ranges []gofunc.Range, list []judged) string {
		for _, j := range list {
			if j.class != EntryPoint || j.Target <= 0 {
				continue
			}
			for _, r := range ranges {
				if r.Kind == gofunc.Code && j.Target == r.Offset {
					return r.Name
				}
			}
		}
		return ""
	}
	a, b := name(v.ShippedRanges, n.ja), name(v.RebuiltRanges, n.jb)
	if a == "" || a != b {
		return
	}
	for _, list := range [][]judged{n.ja, n.jb} {
		for i, j := range list {
			if j.class == EntryPoint {
				list[i].class, list[i].evidence = Derived, "the start of "+a
			}
		}
	}
}

// sentence names the functions that differ, as far as that is short.
func (f Functions) sentence() string {
	list := slices.Clone(f.Changed)
	// What was written by a person comes before what changed along with it.
	slices.SortStableFunc(list, func(a, b Function) int { return cmp.Compare(inlinedOnly(a), inlinedOnly(b)) })
	const most = 3
	var names []string
	for _, c := range list[:min(len(list), most)] {
		name := c.Name.String()
		if c.Line > 0 {
			name += fmt.Sprintf(", %s:%d", c.File, c.Line)
		}
		names = append(names, name)
	}
	verb := "functions differ"
	if len(list) == 1 {
		verb = "functions differs"
	}
	s := fmt.Sprintf("%d of %s %s: %s", len(list), Grouped(int64(f.Total)), verb, strings.Join(names, "; "))
	if more := len(list) - most; more > 0 {
		s += fmt.Sprintf("; and %d more", more)
	}
	return s
}

func inlinedOnly(f Function) int {
	if strings.Contains(f.Why.String(), "holds inlined code of") {
		return 1
	}
	return 0
}
