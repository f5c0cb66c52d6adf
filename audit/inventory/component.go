package inventory

import (
	"cmp"
	"encoding/json"
	"fmt"
	"slices"
	"strings"

	"github.com/gowebpki/jcs"
	"github.com/package-url/packageurl-go"

	"github.com/proffer-audit/proffer/audit/evidence"
)

// Go is the OSV name of the Go ecosystem.
const Go = "Go"

// The names under which the Go vulnerability database files the Go distribution.
const (
	Stdlib    = "stdlib"    // what is compiled into every Go program
	Toolchain = "toolchain" // the go command, compiler and linker
)

// Kind says what sort of witness speaks for a component.
type Kind string

// The kinds of witness.
const (
	Declared Kind = "declared" // a manifest or the submission asks for it
	Locked   Kind = "locked"   // a lock file pins its content
	BuiltIn  Kind = "built-in" // the shipped binary says it is in it
)

// A Witness is one place that speaks for a component.
type Witness struct {
	Kind     Kind   `json:"kind"`
	Where    string `json:"where"`              // such as "agent: go.mod"; never a path of this machine
	Line     int    `json:"line,omitempty"`     // from 1; 0 is none
	Sum      string `json:"sum,omitempty"`      // h1: hash of the module that this witness pins
	Replaces string `json:"replaces,omitempty"` // module@version that a replace directive put it in place of
}

// A Component is one thing the product is made of.
type Component struct {
	PURL      string `json:"purl"`
	Ecosystem string `json:"ecosystem"`
	Name      string `json:"name"`
	// Version is as the ecosystem writes it (v1.2.3 for a Go module, 1.23.12 for
	// the standard library), or "" when no witness knows it.
	Version string `json:"version"`
	// Local is the directory that a replace directive puts in place of the
	// module; what is in it has no version.
	Local     string    `json:"local,omitempty"`
	Main      bool      `json:"main,omitempty"` // it is the product itself
	Witnesses []Witness `json:"witnesses"`
}

// A Gap is something that could not be read or told; a check with a gap is
// incomplete at best.
type Gap struct {
	Code   string `json:"code"`
	Where  string `json:"where"`
	Detail string `json:"detail"`
}

// The codes of gaps.
const (
	NotGoBinary     = "not-a-go-binary"
	NoBuildInfo     = "no-build-info"
	NoModuleList    = "no-module-list"
	DevelToolchain  = "development-toolchain"
	UnreadableGoMod = "unreadable-go-mod"
	UnreadableGoSum = "unreadable-go-sum"
	MissingGoSum    = "missing-go-sum"
	UnreadableName  = "unreadable-name"
	LocalReplace    = "local-replacement"
	UnreadablePURL  = "unreadable-purl"
)

// An Inventory is a set of components, what they were read from, and what could
// not be read. Its lists are sorted; Merge and the readers keep them so.
type Inventory struct {
	Read       []string    `json:"read"` // documents that were read whole
	Components []Component `json:"components"`
	Gaps       []Gap       `json:"gaps"`
}

// Canonical is the inventory as canonical JSON (RFC 8785).
func (inv Inventory) Canonical() ([]byte, error) {
	raw, err := json.Marshal(Merge(inv))
	if err != nil {
		return nil, fmt.Errorf("write inventory: %w", err)
	}
	out, err := jcs.Transform(raw)
	if err != nil {
		return nil, fmt.Errorf("write inventory canonically: %w", err)
	}
	return out, nil
}

// Digest names the canonical form.
func (inv Inventory) Digest() (evidence.Digest, error) {
	raw, err := inv.Canonical()
	if err != nil {
		return "", err
	}
	return evidence.Of(raw), nil
}

// Merge unites inventories: one component for each name, version and local
// directory, with all its witnesses. A main module that one witness knows
// without a version takes the version that another witness gives it.
func Merge(parts ...Inventory) Inventory {
	out := Inventory{Read: []string{}, Components: []Component{}, Gaps: []Gap{}}
	var all []Component
	for _, p := range parts {
		out.Read = append(out.Read, p.Read...)
		out.Gaps = append(out.Gaps, p.Gaps...)
		all = append(all, p.Components...)
	}
	all = versionMains(all)
	slices.SortStableFunc(all, compareComponents)
	for _, c := range all {
		if n := len(out.Components); n > 0 && compareComponents(out.Components[n-1], c) == 0 {
			last := &out.Components[n-1]
			last.Main = last.Main || c.Main
			last.Witnesses = append(last.Witnesses, c.Witnesses...)
			continue
		}
		c.Witnesses = append([]Witness{}, c.Witnesses...)
		out.Components = append(out.Components, c)
	}
	for i := range out.Components {
		w := out.Components[i].Witnesses
		slices.SortFunc(w, compareWitnesses)
		out.Components[i].Witnesses = slices.Compact(w)
	}
	slices.Sort(out.Read)
	out.Read = slices.Compact(out.Read)
	slices.SortFunc(out.Gaps, func(a, b Gap) int {
		return cmp.Or(cmp.Compare(a.Code, b.Code), cmp.Compare(a.Where, b.Where), cmp.Compare(a.Detail, b.Detail))
	})
	out.Gaps = slices.Compact(out.Gaps)
	return out
}

// versionMains gives a main module without a version the one version under
// which the same name occurs elsewhere, if there is exactly one.
func versionMains(all []Component) []Component {
	versions := map[string][]string{}
	for _, c := range all {
		if c.Version != "" && !slices.Contains(versions[c.Name], c.Version) {
			versions[c.Name] = append(versions[c.Name], c.Version)
		}
	}
	out := slices.Clone(all)
	for i, c := range out {
		if v := versions[c.Name]; c.Main && c.Version == "" && len(v) == 1 {
			out[i].Version, out[i].PURL = v[0], purl(c.Name, v[0])
		}
	}
	return out
}

func compareComponents(a, b Component) int {
	return cmp.Or(cmp.Compare(a.Ecosystem, b.Ecosystem), cmp.Compare(a.Name, b.Name),
		cmp.Compare(a.Version, b.Version), cmp.Compare(a.Local, b.Local))
}

func compareWitnesses(a, b Witness) int {
	return cmp.Or(cmp.Compare(a.Kind, b.Kind), cmp.Compare(a.Where, b.Where), cmp.Compare(a.Line, b.Line),
		cmp.Compare(a.Sum, b.Sum), cmp.Compare(a.Replaces, b.Replaces))
}

// purl is the package URL of a Go module; the case of its path is kept, since
// two paths that differ in case are two modules.
func purl(name, version string) string {
	namespace, last := "", name
	if i := strings.LastIndexByte(name, '/'); i >= 0 {
		namespace, last = name[:i], name[i+1:]
	}
	return packageurl.NewPackageURL(packageurl.TypeGolang, namespace, last, version, nil, "").ToString()
}

func component(name, version string, w Witness) Component {
	return Component{PURL: purl(name, version), Ecosystem: Go, Name: name, Version: version, Witnesses: []Witness{w}}
}
