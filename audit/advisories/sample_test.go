package advisories

import (
	"os"
	"strings"
	"testing"

	"github.com/proffer-audit/proffer/audit/inventory"
)

// The advisory directory of the samples is whole, known for what it is, and has
// something to say about the releases that the samples are built with.
func TestSampleDirectory(t *testing.T) {
	dir := os.DirFS("../../samples/osv")
	db, err := LoadDir(dir, []string{inventory.Go}, "samples/osv")
	if err != nil {
		t.Fatal(err)
	}
	if db.Count() != 37 || db.Sample() != db.Count() || len(db.Faults()) > 0 {
		t.Errorf("%s; %d marked; faults %v", db.Label(), db.Sample(), db.Faults())
	}
	readme, err := os.ReadFile("../../samples/osv/README.md")
	if err != nil || !strings.Contains(string(readme), "37 records") {
		t.Errorf("the README counts otherwise: %v", err)
	}
	for _, r := range db.records {
		if r.Details != "" || len(r.Summary) > 100 || r.Summary == "" {
			t.Errorf("%s: summary %q, details %q", r.ID, r.Summary, r.Details)
		}
	}
	for goVersion, want := range map[string]int{"go1.23.12": 34, "go1.26.5": 9, "go1.26.8": 0} {
		m := Match(db, inventory.FromToolchain(goVersion, "build").Components)
		if len(m.Hits) != want || len(m.Undecided) > 0 {
			t.Errorf("%s: %d hits, want %d", goVersion, len(m.Hits), want)
		}
	}
}
