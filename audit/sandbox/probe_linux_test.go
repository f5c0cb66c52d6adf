package sandbox

import "testing"

// openTest opens a sandbox of a tier and closes it with the test.
func openTest(t *testing.T, tier Tier, tune tuning) *Sandbox {
	t.Helper()
	sb, err := openTuned(t.Context(), Options{Force: tier, Scratch: t.TempDir()}, tune)
	if err != nil {
		t.Fatalf("open %s: %v", tier, err)
	}
	t.Cleanup(func() {
		if err := sb.Close(); err != nil {
			t.Errorf("close: %v", err)
		}
	})
	return sb
}

func TestProbeBlocksEveryVector(t *testing.T) {
	for _, tier := range []Tier{Namespaces, Landlock} {
		t.Run(string(tier), func(t *testing.T) {
			rec := openTest(t, tier, tuning{abi: newestABI}).Record()
			if len(rec.Probe) != len(vectors) {
				t.Fatalf("%d vectors in the record, want %d", len(rec.Probe), len(vectors))
			}
			for _, p := range rec.Probe {
				if !p.Blocked && !(tier == Landlock && p.Vector == "fill-tmp") {
					t.Errorf("%s was not stopped", p.Vector)
				}
			}
		})
	}
}
