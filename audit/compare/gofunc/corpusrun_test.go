package gofunc_test

import (
	"os"
	"strconv"
	"testing"

	"github.com/proffer-audit/proffer/audit/compare/gofunc"
)

// TestMutants holds the verdict to what was changed. All pairs run with
// PROFFER_TEST_MUTANTS=1 (or another seed); without it two do.
func TestMutants(t *testing.T) {
	list := hostCorpus()
	if s := os.Getenv("PROFFER_TEST_MUTANTS"); s != "" {
		seed, err := strconv.ParseUint(s, 10, 32)
		if err != nil {
			t.Fatalf("PROFFER_TEST_MUTANTS is the corpus's seed: %v", err)
		}
		list = corpus(seed, 50)
	} else if testing.Short() {
		t.Skip("builds programs")
	}
	var total score
	for _, m := range list {
		a, b, truths := m.programs()
		v, err := gofunc.Compare(build(t, a, m.to), build(t, b, m.to))
		if err != nil {
			t.Errorf("pair %d %s: %v", m.id, m.to, err)
			continue
		}
		s := judge(v, a, b, truths, !m.to.stripped())
		t.Logf("pair %d %s: %+v", m.id, m.to, v.Counts)
		for _, x := range truths {
			t.Log("  ", x.note)
		}
		for _, n := range s.notes {
			t.Log("  ", n)
		}
		total.add(s)
	}
	if total.missed > 0 {
		t.Errorf("%d changes missed", total.missed)
	}
	if precision := float64(total.right) / float64(max(1, total.right+total.wrong)); precision < 0.99 {
		t.Errorf("precision %.3f: %d right, %d wrong", precision, total.right, total.wrong)
	}
	t.Logf("%d pairs: %d right, %d wrong, %d missed", len(list), total.right, total.wrong, total.missed)
}
