package rebuild

import (
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

func TestScrub(t *testing.T) {
	s := newScrubber([2]string{"/p/scratch", "$SCRATCH"}, [2]string{"/p/scratch/gomodcache", "$MODULES"}, [2]string{"", "$NONE"}, [2]string{"/", "$ROOT"})
	got := string(s.scrub([]byte("/p/scratch/gomodcache/m@v1/a.go:1: x\n/p/scratch/tmp/go-build123/b001/x\ncd /elsewhere\n../../toolchain/src/x.go\n")))
	if want := "$MODULES/m@v1/a.go:1: x\n$WORK/b001/x\ncd /elsewhere\n$TOOLCHAIN/src/x.go\n"; got != want {
		t.Errorf("got %q, want %q", got, want)
	}
}

// TestSettled: two orders of one output are one log.
func TestSettled(t *testing.T) {
	a := "pkg/b\npkg/a\n# m/y\ny.go:2: second\n\n# m/x\nx.go:1: first\nx.go:0: kept in order\n"
	b := "# m/x\nx.go:1: first\nx.go:0: kept in order\n# m/y\ny.go:2: second\n\n"
	got := settled([]byte(a))
	want := []string{"pkg/a", "pkg/b", "# m/x", "x.go:1: first", "x.go:0: kept in order", "# m/y", "y.go:2: second"}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Error(diff)
	}
	if diff := cmp.Diff(settled([]byte(b)), want[2:]); diff != "" {
		t.Error(diff)
	}
	if got := settled(nil); len(got) != 0 {
		t.Errorf("%q", got)
	}
	if got := strings.Join(tail(want, 2), "|"); got != "# m/y|y.go:2: second" {
		t.Errorf("tail %q", got)
	}
}
