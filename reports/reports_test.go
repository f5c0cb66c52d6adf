package reports

import "testing"

func TestFindingID(t *testing.T) {
	a := FindingID("fetch.digest-mismatch", "agent", "sha256:00")
	if want := "fetch.digest-mismatch/"; len(a) != len(want)+16 || a[:len(want)] != want {
		t.Errorf("the id is %q", a)
	}
	if FindingID("r", "ab", "c") == FindingID("r", "a", "bc") {
		t.Error("two places share an id")
	}
}

// An unknown severity or level must never slip past a demand.
func TestOrdersFailClosed(t *testing.T) {
	if !Severity("dreadful").AtLeast(Critical) || Severity("dreadful").Valid() || !High.AtLeast(Medium) || Low.AtLeast(Medium) {
		t.Error("severities are out of order")
	}
	if Level("perfect").AtLeast(BuildFailed) || BitIdentical.AtLeast("perfect") || !BitIdentical.AtLeast(Explained) || Unexplained.AtLeast(Explained) {
		t.Error("levels are out of order")
	}
}
