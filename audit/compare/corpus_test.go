package compare_test

import (
	"fmt"
	"maps"
	"math/rand/v2"
	"slices"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/proffer-audit/proffer/audit/compare"
	"github.com/proffer-audit/proffer/reports"
)

// pair is two artifacts of which it is known how they differ.
type pair struct {
	name             string
	shipped, rebuilt []byte
	level            reports.Level
	found            []compare.ClassName // of the findings, without repetition
	// peers marks an injection that tools in use pass as equal.
	peers bool
}

func benign(name string, level reports.Level, shipped, rebuilt []byte) pair {
	return pair{name: name, shipped: shipped, rebuilt: rebuilt, level: level}
}

func planted(name string, shipped, rebuilt []byte, found ...compare.ClassName) pair {
	return pair{name: name, shipped: shipped, rebuilt: rebuilt, level: reports.Unexplained, found: found}
}

// hidden is planted, and known to be passed as equal by tools in use.
func hidden(name string, shipped, rebuilt []byte, found ...compare.ClassName) pair {
	p := planted(name, shipped, rebuilt, found...)
	p.peers = true
	return p
}

// seeded gives bytes that are the same every time.
type seeded struct{ *rand.Rand }

func seed(n uint64) seeded { return seeded{rand.New(rand.NewPCG(n, 17))} }

func (s seeded) bytes(n int) []byte {
	b := make([]byte, n)
	for i := range b {
		b[i] = byte(s.Uint32())
	}
	return b
}

// text is compressible.
func (s seeded) text(n int) []byte {
	words := []string{"func ", "return ", "if ", "licence ", "agent ", "\n", "x := 1 ", "for "}
	var b []byte
	for len(b) < n {
		b = append(b, words[s.IntN(len(words))]...)
	}
	return b[:n]
}

// with is a copy of b that holds patch at an offset.
func with(b []byte, at int, patch ...byte) []byte {
	c := slices.Clone(b)
	copy(c[at:], patch)
	return c
}

func corpus(t testing.TB) []pair {
	return slices.Concat(tarPairs(t), zipPairs(t), wheelPairs(t), streamPairs(t), packagePairs(t), nestedPairs(t), elfPairs(t), pePairs(), machoPairs())
}

func TestCorpus(t *testing.T) {
	pairs := corpus(t)
	classes, peers := map[compare.ClassName]bool{}, 0
	for _, p := range pairs {
		t.Run(p.name, func(t *testing.T) {
			r, err := compare.Artifacts(p.shipped, p.rebuilt, compare.Limits{})
			if err != nil {
				t.Fatal(err)
			}
			adds(t, r, p.name)
			if want := compare.Bytes(p.shipped, p.rebuilt).DifferingBytes; r.DifferingBytes != want {
				t.Errorf("%d bytes differ, want %d", r.DifferingBytes, want)
			}
			got := map[compare.ClassName]bool{}
			for _, f := range r.Found {
				got[f.Class] = true
				if f.Message.IsZero() || !f.Severity.Valid() {
					t.Errorf("a finding without words or severity: %+v", f)
				}
			}
			if diff := cmp.Diff(slices.Sorted(slices.Values(p.found)), slices.Sorted(maps.Keys(got))); diff != "" {
				t.Errorf("findings (-want +got):\n%s%s", diff, describe(r, ""))
			}
			if r.Level != p.level {
				t.Errorf("level %s, want %s\n%s", r.Level, p.level, describe(r, ""))
			}
			if p.level != reports.Unexplained && r.Unexplained() != 0 {
				t.Errorf("%d bytes are unexplained\n%s", r.Unexplained(), describe(r, ""))
			}
		})
		for _, c := range p.found {
			classes[c] = true
		}
		if p.peers {
			peers++
		}
	}
	t.Logf("%d pairs, %d kinds of injection, %d of the pairs are passed as equal by tools in use", len(pairs), len(classes), peers)
	if len(pairs) < 60 || len(classes) < 10 {
		t.Errorf("%d pairs and %d kinds of injection, want 60 and 10", len(pairs), len(classes))
	}
}

// adds holds a result and its members to the sum of their classes.
func adds(t testing.TB, r compare.Result, where string) {
	t.Helper()
	var total, unexplained int64
	for _, c := range r.Classes {
		total += c.Bytes
		if c.Class == compare.Unexplained {
			unexplained += c.Bytes
		}
		if c.Bytes > 0 && len(c.Evidence) == 0 {
			t.Errorf("%s: class %s has no evidence", where, c.Class)
		}
	}
	if total != r.DifferingBytes || r.Accounted != total-unexplained {
		t.Errorf("%s: classes add up to %d, %d bytes differ, %d are accounted for", where, total, r.DifferingBytes, r.Accounted)
	}
	for _, n := range r.Normalisations {
		if n.SecurityRelevant || n.ID == "" || n.Version == 0 || n.Reason == "" {
			t.Errorf("%s: normaliser %+v", where, n)
		}
	}
	for _, m := range r.Members {
		if m.Result != nil {
			adds(t, *m.Result, where+"!/"+m.Path.String())
		}
	}
}

// describe is a result in short, for failures.
func describe(r compare.Result, indent string) string {
	s := fmt.Sprintf("%s%s %s: %d differ, %d accounted\n", indent, r.Format, r.Level, r.DifferingBytes, r.Accounted)
	for _, c := range r.Classes {
		s += fmt.Sprintf("%s  %s %d %v\n", indent, c.Class, c.Bytes, c.Evidence)
	}
	for _, f := range r.Found {
		s += fmt.Sprintf("%s  ! %s\n", indent, f.Message)
	}
	for _, n := range r.Notes {
		s += fmt.Sprintf("%s  note %s\n", indent, n)
	}
	for _, m := range r.Members {
		s += fmt.Sprintf("%s  member %s (%s)\n", indent, m.Path, m.In)
		if m.Result != nil {
			s += describe(*m.Result, indent+"    ")
		}
	}
	return s
}

// The same artifacts give no difference, and a comparison is the same each time.
func TestSameAndStable(t *testing.T) {
	for _, p := range corpus(t) {
		r, err := compare.Artifacts(p.shipped, slices.Clone(p.shipped), compare.Limits{})
		if err != nil || r.Level != reports.BitIdentical || len(r.Classes)+len(r.Found) != 0 {
			t.Errorf("%s against itself: %v %+v", p.name, err, r)
		}
		first, err := compare.Artifacts(p.shipped, p.rebuilt, compare.Limits{})
		if err != nil {
			t.Fatal(err)
		}
		second, err := compare.Artifacts(p.shipped, p.rebuilt, compare.Limits{})
		if err != nil {
			t.Fatal(err)
		}
		if describe(first, "") != describe(second, "") {
			t.Errorf("%s: two comparisons differ", p.name)
		}
	}
}
