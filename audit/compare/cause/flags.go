package cause

import (
	"slices"
)

// flags looks for the linker flags under which the link has the shipped hash:
// other orders and spellings of those that are known.
func (x *Search) flags() (Trial, bool) {
	t, h := x.stand(), x.hashed()
	id := SplitID(x.facts.BuildID)
	if t == nil || h == nil || id.Link == "" || t.facts.BuildID == "" {
		return Trial{}, false
	}
	if SplitID(t.facts.BuildID).Link == id.Link {
		return Trial{}, false // they are right already
	}
	found, ok := h.hash.flagsOf(id.Link, x.wanted(t))
	if !ok {
		return Trial{}, false
	}
	b := t.Build.clone()
	if b.Ldflags, ok = join(found); !ok {
		return Trial{}, false
	}
	return Trial{Build: b, Why: "the linker flags whose hash is the first part of the build ID"}, true
}

// wanted are the flags of a trial, with the strings that the probe found.
func (x *Search) wanted(t *Trial) linker {
	l := readLinker(t.Build.Ldflags)
	for _, v := range x.values() {
		i := slices.IndexFunc(l.set, func(o Variable) bool { return o.Name == v.Name })
		switch {
		case i >= 0 && v.Value == "":
			l.set = slices.Delete(slices.Clone(l.set), i, i+1)
		case i >= 0:
			l.set = slices.Clone(l.set)
			l.set[i] = v
		case v.Value != "":
			l.set = append(l.set, v)
		}
	}
	return l
}

// values are the strings of the shipped program that differ from those of the
// build on which the search stands.
func (x *Search) values() []Variable {
	i := slices.IndexFunc(x.trials, func(t Trial) bool { return t.Probe && t.image != nil })
	if i < 0 || x.stand() == nil {
		return nil
	}
	return recoverStrings(x.image, x.trials[i].image, x.stand().image, x.source.probe())
}

// probe builds with a marker in every string variable.
func (x *Search) probe() (Trial, bool) {
	t := x.stand()
	marked := x.source.probe()
	if t == nil || len(marked) == 0 || !x.image.wide || x.image.pie && x.image.format == "elf" {
		return Trial{}, false
	}
	if slices.ContainsFunc(x.trials, func(t Trial) bool { return t.Probe }) {
		return Trial{}, false
	}
	if same, known := x.compiled(t); known && !same && x.facts.GoVersion == t.facts.GoVersion && x.facts.BuildInfo && !x.similar(t) {
		return Trial{}, false // other code was compiled: strings are not what differs
	}
	if SplitID(t.facts.BuildID).Link == SplitID(x.facts.BuildID).Link && SplitID(x.facts.BuildID).Link != "" {
		return Trial{}, false // the same flags, by the hash
	}
	b := t.Build.clone()
	l := readLinker(b.Ldflags)
	l.set = marked
	var ok bool
	if b.Ldflags, ok = join(l.words()); !ok {
		return Trial{}, false
	}
	return Trial{Build: b, Why: "markers in all string variables, to find where they are", Probe: true}, true
}

// similar reports whether two programs have the same functions, by their names
// and sizes, but for a few.
func (x *Search) similar(t *Trial) bool {
	same, all := functionsAlike(x.image, t.image)
	return all > 0 && same*100 >= all*99
}

func functionsAlike(a, b *image) (same, all int) {
	if a == nil || b == nil {
		return 0, 0
	}
	ta, tb := a.pclntab(), b.pclntab()
	if ta == nil || tb == nil {
		return 0, 0
	}
	sizes := make(map[string]int, len(ta.funcs))
	for _, f := range ta.funcs {
		sizes[f.name] = len(f.code)
	}
	for _, f := range tb.funcs {
		if n, ok := sizes[f.name]; ok && n == len(f.code) {
			same++
		}
	}
	return same, max(len(ta.funcs), len(tb.funcs))
}

// strings sets what the probe found, in the usual spelling.
func (x *Search) strings() (Trial, bool) {
	t := x.stand()
	if t == nil || len(x.values()) == 0 {
		return Trial{}, false
	}
	b := t.Build.clone()
	var ok bool
	if b.Ldflags, ok = join(x.wanted(t).words()); !ok {
		return Trial{}, false
	}
	return Trial{Build: b, Why: "the strings that were found in the program"}, true
}

// stripped takes the program for one that was stripped after it was linked: its
// link has the hash of flags that strip nothing.
func (x *Search) stripped() (Trial, bool) {
	t := x.stand()
	id := SplitID(x.facts.BuildID)
	if t == nil || x.facts.Format != "elf" || x.facts.Symbols || id.Link == "" || id.Link != SplitID(t.facts.BuildID).Link || !t.facts.Symbols || len(t.Build.Strip) > 0 {
		return Trial{}, false
	}
	b := t.Build.clone()
	b.Strip = []string{}
	return Trial{Build: b, Why: "stripped after linking"}, true
}

// versions tries the other releases that the program names.
func (x *Search) versions() (Trial, bool) {
	t := x.stand()
	if t == nil || x.facts.BuildInfo || x.given != nil {
		return Trial{}, false
	}
	if same, all := functionsAlike(x.image, t.image); all > 0 && same == all {
		return Trial{}, false
	}
	for _, v := range x.facts.Versions {
		if v != t.Build.Toolchain && !x.asked["toolchain "+v] {
			x.asked["toolchain "+v] = true
			b := t.Build.clone()
			b.Toolchain = v
			return Trial{Build: b, Why: "another toolchain that the program names"}, true
		}
	}
	return Trial{}, false
}
