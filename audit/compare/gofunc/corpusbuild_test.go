package gofunc_test

import (
	"cmp"
	"fmt"
	"math/rand/v2"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"slices"
	"strings"
	"testing"

	"github.com/proffer-audit/proffer/audit/compare/gofunc"
)

// A target is what a program is built for, and how.
type target struct {
	goos, goarch string
	flags        []string
}

func (t target) String() string {
	return t.goos + "/" + t.goarch + " " + strings.Join(t.flags, " ")
}

func (t target) stripped() bool { return slices.Contains(t.flags, "-ldflags=-s -w") }

// build writes the program below a new directory and gives the built file.
func build(t testing.TB, p *program, to target) []byte {
	t.Helper()
	dir := t.TempDir()
	if err := p.write(dir); err != nil {
		t.Fatal(err)
	}
	return buildIn(t, dir, to)
}

// buildIn builds the program in a directory.
func buildIn(t testing.TB, dir string, to target) []byte {
	t.Helper()
	tool, err := exec.LookPath(cmp.Or(os.Getenv("PROFFER_TEST_GO"), "go"))
	if err != nil {
		t.Skip("no go command to build the corpus with")
	}
	out := filepath.Join(t.TempDir(), "out")
	cmd := exec.Command(tool, append(append([]string{"build", "-o", out}, to.flags...), ".")...)
	cmd.Dir = dir
	cmd.Env = append(os.Environ(), "GOOS="+to.goos, "GOARCH="+to.goarch, "CGO_ENABLED=0",
		"GOFLAGS=-buildvcs=false", "GOTOOLCHAIN=local", "GOWORK=off")
	if msg, err := cmd.CombinedOutput(); err != nil {
		t.Fatalf("build for %s: %v\n%s", to, err, msg)
	}
	b, err := os.ReadFile(out)
	if err != nil {
		t.Fatal(err)
	}
	return b
}

// A mutant is one pair of the corpus.
type mutant struct {
	id    int
	to    target
	seed  uint64
	what  []string // one entry per mutation
	large bool     // with net/http
}

// corpus gives the pairs of a seed. The first dozen covers every target.
func corpus(seed uint64, n int) []mutant {
	r := rand.New(rand.NewPCG(seed, 2))
	var list []mutant
	for i := range n {
		m := mutant{id: i, seed: seed + uint64(i/24)}
		m.to.goos = []string{"linux", "windows", "darwin"}[i%3]
		m.to.goarch = []string{"amd64", "arm64"}[i/3%2]
		if i/6%2 == 0 {
			m.to.flags = append(m.to.flags, "-ldflags=-s -w")
		}
		if i/12%2 == 0 {
			m.to.flags = append(m.to.flags, "-trimpath")
		}
		for range 1 + r.IntN(5) {
			m.what = append(m.what, "function")
		}
		switch i % 7 {
		case 3:
			m.what[0] = "variable"
		case 4:
			m.what[0] = "order"
		case 5:
			m.what[0] = "import"
		}
		m.large = m.to.goos == "linux" && m.to.goarch == "amd64" && i%12 == 0
		list = append(list, m)
	}
	return list
}

// hostCorpus is one stripped and one full pair for the system at hand, with
// every kind of change.
func hostCorpus() []mutant {
	what := []string{"variable", "order", "function", "function", "function"}
	host := target{goos: runtime.GOOS, goarch: runtime.GOARCH}
	bare := host
	bare.flags = []string{"-ldflags=-s -w"}
	return []mutant{{id: 1, to: bare, seed: 2, what: what}, {id: 2, to: host, seed: 2, what: append(what[2:], "import")}}
}

func (m mutant) base() *program {
	if m.large {
		return newProgram(m.seed, 3, "net/http")
	}
	return newProgram(m.seed, 3)
}

// programs gives both programs and what differs between them.
func (m mutant) programs() (a, b *program, t []truth) {
	a = m.base()
	b = a.clone()
	r := rand.New(rand.NewPCG(m.seed, 100+uint64(m.id)))
	for _, what := range m.what {
		t = append(t, b.mutate(r, what))
	}
	return a, b, slices.DeleteFunc(t, func(t truth) bool { return !differs(a, b, t) })
}

// differs reports whether a change is still there: a second one may have undone
// it.
func differs(a, b *program, t truth) bool {
	for i, s := range a.shapes {
		if slices.Contains(t.functions, s.linkName()) {
			return s.render() != b.shapes[i].render()
		}
	}
	for i, v := range a.vars {
		if slices.Contains(t.data, v.linkName()) {
			return v.render() != b.vars[i].render()
		}
	}
	return true
}

// score is how a verdict stands against the truth.
type score struct {
	right, wrong, missed int
	notes                []string
}

func (s *score) add(o score) {
	s.right, s.wrong, s.missed = s.right+o.right, s.wrong+o.wrong, s.missed+o.missed
	s.notes = append(s.notes, o.notes...)
}

// outer is the declared function that a closure or a wrapper belongs to.
func outer(name string) string {
	for _, mark := range []string{".func", ".deferwrap", ".gowrap", "["} {
		if i := strings.Index(name, mark); i > 0 {
			name = name[:i]
		}
	}
	return strings.NewReplacer("(*", "", ")", "").Replace(name)
}

// within reports whether a closure is one of a function that was inlined with
// it: main.main.FClosure1.func1 is code of FClosure1 in main.main.
func within(name, wanted string) bool {
	o := outer(name)
	base := wanted[strings.LastIndexByte(wanted, '.'):]
	return o == wanted || name != o && strings.HasSuffix(o, base)
}

// judge sets a verdict against the truth. An inliner counts when the verdict
// names the changed function as inlined and the source says that it is called.
func judge(v *gofunc.Verdict, a, b *program, list []truth, named bool) score {
	var s score
	reach := reachable(a.calls(), b.calls())
	var wanted, data []string
	for _, t := range list {
		wanted, data = append(wanted, t.functions...), append(data, t.data...)
	}
	found := map[string]bool{}
	for _, f := range v.Functions {
		if f.Class != gofunc.Changed {
			continue
		}
		o, ok := outer(f.Name), false
		for _, w := range wanted {
			if within(f.Name, w) {
				ok, found[w] = true, true
			}
		}
		for _, through := range f.ThroughInlined {
			if w := outer(through); slices.Contains(wanted, w) && (reach[o][w] || o == w) {
				ok, found[w] = true, true
			}
		}
		if ok {
			s.right++
			continue
		}
		s.wrong++
		s.notes = append(s.notes, fmt.Sprintf("wrong: %s through %v: %+v", f.Name, f.ThroughInlined, f.Summary))
	}
	for _, w := range wanted {
		if !found[w] {
			s.missed++
			s.notes = append(s.notes, "missed: "+w)
		}
	}
	for _, w := range data {
		if !slices.ContainsFunc(v.Data, func(d gofunc.Data) bool {
			return d.Name == w || !named && slices.Contains(d.UsedBy, "main.main")
		}) {
			s.missed++
			s.notes = append(s.notes, "missed: "+w)
		}
	}
	return s
}

// reachable is the transitive closure of both call graphs together.
func reachable(graphs ...map[string][]string) map[string]map[string]bool {
	all := map[string]map[string]bool{}
	for _, g := range graphs {
		for from := range g {
			seen := all[from]
			if seen == nil {
				seen = map[string]bool{}
				all[from] = seen
			}
			todo := []string{from}
			for len(todo) > 0 {
				at := todo[0]
				todo = todo[1:]
				for _, to := range g[at] {
					if !seen[to] {
						seen[to] = true
						todo = append(todo, to)
					}
				}
			}
		}
	}
	return all
}
