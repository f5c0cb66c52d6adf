package cause

import (
	"bytes"
	"maps"
	"slices"
)

// A Trial is a build that was carried out.
type Trial struct {
	Build Build
	Why   string // what it was to show
	Probe bool   // its string variables hold markers, so that it cannot be equal
	// Data is what was built; nil where the build failed.
	Data []byte
	// Printed is what cmd/go printed under HashSetting.
	Printed []byte

	image *image
	facts Facts
	hash  Preimage
	known bool // hash holds
}

// A Search looks for the build that gives a shipped program.
type Search struct {
	shipped []byte
	image   *image
	facts   Facts
	source  Source
	given   *Build // what the recipe says; nil where there is none
	lacks   []string
	trials  []Trial
	plain   int // index of the trial without markers that the search stands on; -1 if none
	asked   map[string]bool
	undone  []string
}

// NewSearch starts a search. given is what the recipe says, and made what it
// gave; both are nil where there is no recipe. The error is Read's.
func NewSearch(shipped []byte, s Source, given *Build, made []byte) (*Search, error) {
	f, err := Read(shipped)
	if err != nil {
		return nil, err
	}
	im, err := openImage(shipped)
	if err != nil {
		return nil, err
	}
	x := &Search{shipped: shipped, image: im, facts: f, source: s, given: given, plain: -1, asked: map[string]bool{}}
	if given != nil {
		x.Took(Trial{Build: given.clone(), Why: "the recipe", Data: made})
	}
	return x, nil
}

// Facts are those of the shipped program.
func (x *Search) Facts() Facts { return x.facts }

// Took books a trial.
func (x *Search) Took(t Trial) {
	if t.Data != nil {
		if im, err := openImage(t.Data); err == nil {
			t.image = im
			t.facts, _ = Read(t.Data) // a program that is none of Go's has no facts
		}
	}
	t.hash, t.known = LinkPreimage(t.Printed)
	t.Printed = nil
	x.trials = append(x.trials, t)
	if !t.Probe && t.image != nil && (x.plain < 0 || x.nearer(len(x.trials)-1, x.plain)) {
		x.plain = len(x.trials) - 1
	}
}

// CannotTry says that a proposal could not be carried out here, and why.
func (x *Search) CannotTry(why string) { x.undone = append(x.undone, why) }

// Found is the trial that gave the shipped bytes, or nil.
func (x *Search) Found() *Trial {
	for i, t := range x.trials {
		if t.Data != nil && bytes.Equal(t.Data, x.shipped) {
			return &x.trials[i]
		}
	}
	return nil
}

// Next proposes what to build; ok is false when there is nothing left that the
// evidence speaks for. A proposal that was tried is not made again.
func (x *Search) Next() (t Trial, ok bool) {
	if x.Found() != nil {
		return Trial{}, false
	}
	for _, propose := range []func() (Trial, bool){x.first, x.workspace, x.flags, x.probe, x.strings, x.stripped, x.versions} {
		if t, ok := propose(); ok && x.fresh(t) {
			return t, true
		}
	}
	return Trial{}, false
}

// fresh keeps a proposal from being made twice.
func (x *Search) fresh(t Trial) bool {
	for _, old := range x.trials {
		if !t.Probe && !old.Probe && len(Changes(&old.Build, t.Build)) == 0 {
			return false
		}
	}
	key := t.Why + "\x00" + keyOf(t.Build)
	if x.asked[key] {
		return false
	}
	x.asked[key] = true
	return true
}

// first is what the program itself speaks of.
func (x *Search) first() (Trial, bool) {
	if x.asked["first"] {
		return Trial{}, false
	}
	x.asked["first"] = true
	if x.given == nil {
		b, lacks := Propose(x.facts, x.source)
		x.lacks = lacks
		return Trial{Build: b, Why: "what the program says of itself"}, len(lacks) == 0
	}
	b := x.given.clone()
	b.facts(x.facts, x.source)
	if x.facts.BuildInfo {
		b.Toolchain = toolchain(x.facts.GoVersion)
	}
	said := b.Env
	b.Env = maps.Clone(said)
	if b.Env == nil {
		b.Env = map[string]string{}
	}
	for key := range archSettings() {
		if x.facts.BuildInfo {
			delete(b.Env, key)
		}
	}
	for key, value := range environment(x.facts) {
		if _, arch := archSettings()[key]; (arch || b.Env[key] != "" || key == "CGO_ENABLED" && value != "0") && x.facts.BuildInfo {
			b.Env[key] = value
		}
	}
	if sameEnv(said, b.Env) {
		b.Env = said
	}
	b.Ldflags = x.overlay(b)
	return Trial{Build: b, Why: "the recipe, with what the program says of itself"}, true
}

// sameEnv holds two environments equal where they differ by what is usual anyway.
func sameEnv(a, b map[string]string) bool {
	for _, key := range slices.Concat(slices.Collect(maps.Keys(a)), slices.Collect(maps.Keys(b))) {
		if or(a[key], archSettings()[key]) != or(b[key], archSettings()[key]) {
			return false
		}
	}
	return true
}

// overlay is the linker flags of a build as the shipped program shows them: what
// does not show in it stays.
func (x *Search) overlay(b Build) string {
	if flags, said := x.facts.Settings["-ldflags"]; said {
		return flags
	}
	l, shown := readLinker(b.Ldflags), x.facts.linker()
	if l.s != shown.s || (l.s || l.w) != shown.w { // -s leaves debug data out too
		l.s, l.w = shown.s, shown.w
	}
	l.buildID = shown.buildID
	if l.buildID == nil {
		l.rest = slices.DeleteFunc(l.rest, func(w string) bool { return w == "-B=gobuildid" || w == "-B=none" })
	}
	for _, w := range shown.rest {
		if !slices.Contains(l.rest, w) {
			l.rest = append(l.rest, w)
		}
	}
	if slices.Equal(l.words(), readLinker(b.Ldflags).words()) {
		return b.Ldflags // as it is written
	}
	s, ok := join(l.words())
	if !ok {
		return b.Ldflags
	}
	return s
}

// stand is the trial that the search stands on.
func (x *Search) stand() *Trial {
	if x.plain < 0 {
		return nil
	}
	return &x.trials[x.plain]
}

// workspace asks for the dependencies that the program lists, when the source
// alone gave others.
func (x *Search) workspace() (Trial, bool) {
	t := x.stand()
	if t == nil || !x.facts.BuildInfo || len(t.Build.Workspace) > 0 || sameModules(t.facts.Deps, x.facts.Deps) {
		return Trial{}, false
	}
	b := t.Build.clone()
	for _, m := range x.facts.Deps {
		if m.Replace == nil && m.Version != "" && m.Version != "(devel)" {
			b.Workspace = append(b.Workspace, m)
		}
	}
	return Trial{Build: b, Why: "the dependencies that the program lists"}, len(b.Workspace) > 0
}

func sameModules(a, b []Module) bool {
	return slices.EqualFunc(a, b, func(x, y Module) bool { return x.Path == y.Path && x.Version == y.Version })
}

// hashed is the newest trial whose hash is known: the flags aside, it is that of
// any build of the same source.
func (x *Search) hashed() *Trial {
	for i := len(x.trials) - 1; i >= 0; i-- {
		if x.trials[i].known {
			return &x.trials[i]
		}
	}
	return nil
}

// compiled reports whether what was linked is the same as what was shipped, by
// the build IDs; known is false where they do not tell.
func (x *Search) compiled(t *Trial) (same, known bool) {
	a, b := SplitID(x.facts.BuildID), SplitID(t.facts.BuildID)
	if a.Link == "" || b.Link == "" {
		return false, false
	}
	return a.Compile == b.Compile && a.Main == b.Main, true
}

// keyOf tells builds apart.
func keyOf(b Build) string {
	var out []byte
	for _, c := range Changes(nil, b) {
		out = append(out, c.Kind+"\x00"+c.Is+"\x00"...)
	}
	return string(out)
}
