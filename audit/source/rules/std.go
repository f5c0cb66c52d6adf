package rules

import (
	"fmt"
	"strconv"
	"strings"
)

// Reading is how much of a standard library package is read.
type Reading int

// The readings.
const (
	Read   Reading = iota // like any other code
	Helper                // read; what it calls back is charged to whoever made the value
	Opaque                // declarations only
)

// Std says how the standard library is read, and what is not charged through.
type Std struct {
	readings map[string]Reading
	cuts     map[Symbol]bool
}

// Reading is how the package is read; the longest path of the table that covers
// it decides.
func (s *Std) Reading(path string) Reading {
	for p := path; ; {
		if r, ok := s.readings[p]; ok {
			return r
		}
		i := strings.LastIndexByte(p, '/')
		if i < 0 {
			return Read
		}
		p = p[:i]
	}
}

// Cut reports whether what sym reaches is not charged to its callers.
func (s *Std) Cut(sym Symbol) bool { return s.cuts[sym] }

func (s *Std) line(text string) error {
	verb, name, ok := strings.Cut(text, " ")
	if !ok || strings.ContainsAny(strings.TrimSpace(name), " \t") {
		return fmt.Errorf("want VERB PATH # reason, not %q", text)
	}
	name = strings.TrimSpace(name)
	if s.readings == nil {
		s.readings, s.cuts = map[string]Reading{}, map[Symbol]bool{}
	}
	switch verb {
	case "opaque":
		s.readings[name] = Opaque
	case "helper":
		s.readings[name] = Helper
	case "read":
		s.readings[name] = Read
	case "cut":
		sym, err := ParseSymbol(name)
		if err != nil {
			return err
		}
		s.cuts[sym] = true
	default:
		return fmt.Errorf("unknown verb %q", verb)
	}
	return nil
}

// A Flow is a parameter or field that takes an address.
type Flow struct {
	Kind string // dial, listen or resolve
	Arg  int    // parameter, from 0, without the receiver; -1 for a field
}

// Flows says where addresses go in.
type Flows struct{ at map[Symbol]Flow }

// Of is the flow into a function, or into a field when sym is package, type and
// field.
func (f *Flows) Of(sym Symbol) (Flow, bool) {
	flow, ok := f.at[sym]
	return flow, ok
}

func (f *Flows) line(text string) error {
	if f.at == nil {
		f.at = map[Symbol]Flow{}
	}
	w := strings.Fields(text)
	if len(w) != 3 {
		return fmt.Errorf("want KIND SYMBOL ARG or field KIND SYMBOL, not %q", text)
	}
	flow, name := Flow{Kind: w[0], Arg: -1}, w[1]
	if w[0] == "field" {
		flow.Kind, name = w[1], w[2]
	} else {
		arg, err := strconv.Atoi(w[2])
		if err != nil {
			return fmt.Errorf("argument %q: %w", w[2], err)
		}
		flow.Arg = arg
	}
	sym, err := ParseSymbol(name)
	if err != nil {
		return err
	}
	f.at[sym] = flow
	return nil
}
