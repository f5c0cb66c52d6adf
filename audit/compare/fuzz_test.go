package compare_test

import (
	"testing"

	"github.com/proffer-audit/proffer/audit/compare"
)

// Whatever two files hold, the account adds up, and no finding is lost in a
// level that passes.
func FuzzArtifacts(f *testing.F) {
	for _, p := range corpus(f) {
		f.Add(p.shipped, p.rebuilt)
	}
	f.Fuzz(func(t *testing.T, shipped, rebuilt []byte) {
		r, err := compare.Artifacts(shipped, rebuilt, compare.Limits{Output: 1 << 20, PerFile: 1 << 20, Members: 200})
		if err != nil {
			t.Fatal(err)
		}
		adds(t, r, "fuzzed")
		if len(r.Found) > 0 && r.Level != "unexplained" {
			t.Errorf("%d findings at level %s", len(r.Found), r.Level)
		}
		if r.Unexplained() > 0 && r.Level != "unexplained" {
			t.Errorf("%d unexplained bytes at level %s", r.Unexplained(), r.Level)
		}
	})
}
