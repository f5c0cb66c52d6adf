package rules

import (
	"fmt"
	"go/token"
	"math/bits"
	"strings"
)

// Capability is one thing that a program can do to the world, as one bit.
type Capability uint32

// The capabilities. Unanalyzed marks a function outside the standard library
// that has no readable Go body: assembly, a linkname that leads nowhere, or a
// package that does not type-check.
const (
	Files Capability = 1 << iota
	Network
	Exec
	ReadSystemState
	ModifySystemState
	SystemCalls
	ArbitraryExecution
	UnsafePointer
	Reflect
	Cgo
	Runtime
	Unanalyzed

	capabilityEnd
)

// AllCapabilities are all capabilities, in the order in which they are reported.
func AllCapabilities() []Capability {
	var all []Capability
	for c := Files; c < capabilityEnd; c <<= 1 {
		all = append(all, c)
	}
	return all
}

// capabilityNames are in the order of the constants.
var capabilityNames = [...]string{
	"FILES", "NETWORK", "EXEC", "READ_SYSTEM_STATE", "MODIFY_SYSTEM_STATE",
	"SYSTEM_CALLS", "ARBITRARY_EXECUTION", "UNSAFE_POINTER", "REFLECT", "CGO",
	"RUNTIME", "UNANALYZED",
}

// String is the capability's name, or for a set its names joined by "|".
func (c Capability) String() string { return strings.Join(c.Names(), "|") }

// Names are the names of the capabilities in the set c.
func (c Capability) Names() []string {
	names := make([]string, 0, bits.OnesCount32(uint32(c)))
	for i, name := range capabilityNames {
		if c&(1<<i) != 0 {
			names = append(names, name)
		}
	}
	return names
}

// ParseCapability is the capability of that name.
func ParseCapability(name string) (Capability, error) {
	for i, n := range capabilityNames {
		if n == name {
			return 1 << i, nil
		}
	}
	return 0, fmt.Errorf("unknown capability %.40q (hint: one of %s)", name, strings.Join(capabilityNames[:], ", "))
}

// Symbol names a function: an import path, the receiver's type without the star
// (empty for a plain function), and the name.
type Symbol struct{ Package, Type, Name string }

// Sinks says which function gives which capability.
type Sinks struct {
	exact    map[Symbol]Capability
	prefix   map[Symbol][]prefixRule // keyed by package and type
	packages map[string]bool
	section  string
}

type prefixRule struct {
	prefix string
	cap    Capability
}

// Of is the capability that calling sym gives by itself; 0 for none.
func (s *Sinks) Of(sym Symbol) Capability {
	if !s.packages[sym.Package] {
		return 0
	}
	if c, ok := s.exact[sym]; ok {
		return c
	}
	if !token.IsExported(sym.Name) {
		return 0
	}
	best, longest := Capability(0), -1
	for _, r := range s.prefix[Symbol{Package: sym.Package, Type: sym.Type}] {
		if len(r.prefix) > longest && strings.HasPrefix(sym.Name, r.prefix) {
			best, longest = r.cap, len(r.prefix)
		}
	}
	return best
}

// Package is every capability that some function of the package gives by itself.
// It is what an import hints at where nothing better is known.
func (s *Sinks) Package(path string) Capability {
	var all Capability
	for sym, c := range s.exact {
		if sym.Package == path {
			all |= c
		}
	}
	for sym, list := range s.prefix {
		if sym.Package != path {
			continue
		}
		for _, r := range list {
			all |= r.cap
		}
	}
	return all
}

func (s *Sinks) line(text string) error {
	if strings.HasPrefix(text, "[") && strings.HasSuffix(text, "]") {
		s.section = text[1 : len(text)-1]
		if s.packages == nil {
			s.exact, s.prefix, s.packages = map[Symbol]Capability{}, map[Symbol][]prefixRule{}, map[string]bool{}
		}
		s.packages[s.section] = true
		return nil
	}
	if s.section == "" {
		return fmt.Errorf("line %q before the first [package]", text)
	}
	f := strings.Fields(text)
	var c Capability
	if f[0] != "SAFE" {
		var err error
		if c, err = ParseCapability(f[0]); err != nil {
			return err
		}
	}
	for _, pattern := range f[1:] {
		if err := s.add(pattern, c); err != nil {
			return err
		}
	}
	return nil
}

func (s *Sinks) add(pattern string, c Capability) error {
	sym := Symbol{Package: s.section, Name: pattern}
	if typ, name, ok := strings.Cut(pattern, "."); ok {
		sym.Type, sym.Name = typ, name
	}
	if prefix, ok := strings.CutSuffix(sym.Name, "*"); ok {
		key := Symbol{Package: sym.Package, Type: sym.Type}
		s.prefix[key] = append(s.prefix[key], prefixRule{prefix, c})
		return nil
	}
	if old, ok := s.exact[sym]; ok && old != c {
		return fmt.Errorf("%s.%s is %s and %s", s.section, pattern, old, c)
	}
	s.exact[sym] = c
	return nil
}

// ParseSymbol reads "path/of/pkg.Name" or "path/of/pkg.Type.Name".
func ParseSymbol(text string) (Symbol, error) {
	slash := strings.LastIndexByte(text, '/') + 1
	parts := strings.Split(text[slash:], ".")
	switch len(parts) {
	case 2:
		return Symbol{Package: text[:slash] + parts[0], Name: parts[1]}, nil
	case 3:
		return Symbol{Package: text[:slash] + parts[0], Type: parts[1], Name: parts[2]}, nil
	}
	return Symbol{}, fmt.Errorf("symbol %.80q: want PATH.Name or PATH.Type.Name", text)
}
