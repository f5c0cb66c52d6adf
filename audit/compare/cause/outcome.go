package cause

import (
	"bytes"
	"fmt"
	"slices"
)

// Outcome is what a search found. It depends on the bytes it was given alone.
type Outcome struct {
	// Equal says that a build gave the shipped bytes; Causes are then proven.
	Equal  bool     `json:"equal"`
	Causes []Cause  `json:"causes"`
	Build  *Build   `json:"build,omitempty"` // that gave them, or the nearest
	Trials []Tried  `json:"trials"`
	Remain []string `json:"remain,omitempty"` // how the nearest differs
	Lacks  []string `json:"lacks,omitempty"`  // what could not be seen in the program
	Undone []string `json:"undone,omitempty"` // what could not be tried here
}

// A Cause is an input that the recipe lacks or has otherwise, and that made the
// difference: a build with it gave the shipped bytes.
type Cause struct {
	Change
	// Where is a line of the source that says so, if there is one.
	Where string `json:"where,omitempty"`
}

// Words say what the recipe lacks, in a few words.
func (c Cause) Words() string {
	switch {
	case c.Said == "":
		return fmt.Sprintf("%s: %s, of which the recipe says nothing", c.Kind, c.Is)
	case c.Is == "":
		return fmt.Sprintf("%s: the recipe says %s, and the shipped file was built without", c.Kind, c.Said)
	}
	return fmt.Sprintf("%s: %s, where the recipe says %s", c.Kind, c.Is, c.Said)
}

// Tried is one build of a search.
type Tried struct {
	Why     string   `json:"why"`
	Changes []Change `json:"changes"`
	Built   bool     `json:"built"`
	Probe   bool     `json:"probe,omitempty"`
	Equal   bool     `json:"equal"`
}

// Outcome sums a search up. Builds counts without the recipe's own.
func (x *Search) Outcome() Outcome {
	o := Outcome{Causes: []Cause{}, Trials: []Tried{}, Lacks: x.lacks, Undone: x.undone}
	for i, t := range x.trials {
		if i == 0 && x.given != nil {
			continue
		}
		changes := []Change{}
		if !t.Probe {
			changes = append(changes, Changes(x.given, t.Build)...)
		}
		o.Trials = append(o.Trials, Tried{t.Why, changes, t.Data != nil, t.Probe, bytes.Equal(t.Data, x.shipped)})
	}
	if t := x.Found(); t != nil {
		o.Equal, o.Build = true, &t.Build
		for _, c := range Changes(x.given, t.Build) {
			o.Causes = append(o.Causes, Cause{c, x.where(c)})
		}
		return o
	}
	if t := x.stand(); t != nil {
		o.Build = &t.Build
		o.Remain = x.remain(t)
	}
	return o
}

// where finds the line of the source that discloses a change.
func (x *Search) where(c Change) string {
	kind := map[string]string{KindNoBuildInfo: HintToolchain, KindStrip: HintLinker, KindString: HintLinker, KindBuildID: HintLinker}[c.Kind]
	for _, h := range x.source.Hints {
		if kind != "" && h.Kind == kind {
			return fmt.Sprintf("%s:%d", h.Path, h.Line)
		}
	}
	return ""
}

// nearer reports whether trial i is nearer to the shipped program than j.
func (x *Search) nearer(i, j int) bool {
	return slices.Compare(x.distance(&x.trials[i]), x.distance(&x.trials[j])) < 0
}

// distance is what differs, weightiest first. Raw bytes come last: one longer
// string moves everything behind it.
func (x *Search) distance(t *Trial) []int {
	same, all := functionsAlike(x.image, t.image)
	d := []int{all - same, b2i(t.facts.BuildInfo != x.facts.BuildInfo), len(sectionsApart(x.image, t.image)), max(len(x.shipped), len(t.Data)) - min(len(x.shipped), len(t.Data))}
	return append(d, differing(x.shipped, t.Data))
}

func b2i(b bool) int {
	if b {
		return 1
	}
	return 0
}

func differing(a, b []byte) int {
	n := max(len(a), len(b)) - min(len(a), len(b))
	for i := range min(len(a), len(b)) {
		if a[i] != b[i] {
			n++
		}
	}
	return n
}

func sectionsApart(a, b *image) []string {
	var list []string
	for _, s := range a.sections {
		t := b.section(s.name)
		if t == nil || s.addr != t.addr || !bytes.Equal(s.data, t.data) {
			list = append(list, s.name)
		}
	}
	for _, t := range b.sections {
		if a.section(t.name) == nil {
			list = append(list, t.name)
		}
	}
	return list
}

// remain says in words how the nearest build still differs.
func (x *Search) remain(t *Trial) []string {
	var list []string
	say := func(format string, args ...any) { list = append(list, fmt.Sprintf(format, args...)) }
	if x.facts.BuildInfo && t.facts.GoVersion != x.facts.GoVersion {
		say("the toolchain: the program says %s, built with %s", x.facts.GoVersion, or(t.facts.GoVersion, "one that says nothing"))
	}
	if x.facts.BuildInfo && !sameModules(x.facts.Deps, t.facts.Deps) {
		say("the versions of dependencies")
	}
	same, all := functionsAlike(x.image, t.image)
	if all > same {
		say("functions: %d of %d differ by name or size", all-same, all)
	}
	apart := sectionsApart(x.image, t.image)
	a, b := SplitID(x.facts.BuildID), SplitID(t.facts.BuildID)
	idsOnly := all > 0 && all == same && !slices.ContainsFunc(apart, func(n string) bool { return n != ".note.go.buildid" && n != ".note.gnu.build-id" && n != ".text" })
	switch {
	case a.Link == "" || b.Link == "":
	case a.Compile != b.Compile || a.Main != b.Main:
		say("the compile of package main: other source, flags or dependencies")
	case a.Link == b.Link:
		say("nothing that went into the link: the file was changed after linking")
	case idsOnly && onlyIDs(x, t):
		say("only the build IDs: a linker flag is not disclosed")
	}
	if len(apart) > 0 {
		say("sections: %s", joinSome(apart, 12))
	}
	return list
}

// onlyIDs reports whether two programs differ in no more than their build IDs.
func onlyIDs(x *Search, t *Trial) bool {
	if len(x.shipped) != len(t.Data) || len(x.facts.BuildID) != len(t.facts.BuildID) {
		return false
	}
	hide := func(data []byte, f Facts, im *image) []byte {
		out := bytes.ReplaceAll(data, []byte(f.BuildID), bytes.Repeat([]byte{'x'}, len(f.BuildID)))
		if s := im.section(".note.gnu.build-id"); s != nil && len(s.data) > 16 {
			out = bytes.ReplaceAll(out, bytes.Clone(s.data[16:]), make([]byte, len(s.data)-16))
		}
		return out
	}
	return bytes.Equal(hide(x.shipped, x.facts, x.image), hide(t.Data, t.facts, t.image))
}

func joinSome(list []string, most int) string {
	out := ""
	for i, s := range list {
		if i == most {
			return fmt.Sprintf("%s and %d more", out, len(list)-most)
		}
		if i > 0 {
			out += ", "
		}
		out += fmt.Sprintf("%.40q", s)
	}
	return out
}
