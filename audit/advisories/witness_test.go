//go:build witness

package advisories

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/google/osv-scanner/v2/pkg/osvscanner"

	"github.com/proffer-audit/proffer/audit/inventory"
)

// sharedData is where the test data stands, or a loud skip.
func sharedData(t *testing.T) string {
	t.Helper()
	dir := os.Getenv("PROFFER_TEST_DATA")
	if dir == "" {
		dir = filepath.Join("..", "..", "..", "shared", "data")
	}
	if _, err := os.Stat(filepath.Join(dir, "osv", "Go", "all.zip")); err != nil {
		t.Skipf("SKIPPED: no test data (set PROFFER_TEST_DATA): %v", err)
	}
	return dir
}

// TestWitness sets our matches against those of osv-scanner's own engine, offline
// and on the same records: same packages, same findings, and every further
// finding of ours labelled with its cause.
func TestWitness(t *testing.T) {
	data := sharedData(t)
	cache := t.TempDir()
	// osv-scanner v2.5.0 reads this layout; the documented one it passes over
	// and reports no issues.
	store := filepath.Join(cache, "osv-scalibr", "Go")
	if err := os.MkdirAll(store, 0o700); err != nil {
		t.Fatal(err)
	}
	archive, err := os.ReadFile(filepath.Join(data, "osv", "Go", "all.zip"))
	if err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(filepath.Join(store, "all.zip"), archive, 0o600); err != nil {
		t.Fatal(err)
	}
	db, err := LoadDir(os.DirFS(cache), []string{"Go"}, "shared data")
	if err != nil {
		t.Fatal(err)
	}
	if len(db.Faults()) > 0 {
		t.Fatalf("the test data has faults: %v", db.Faults())
	}
	for _, name := range []string{"prom-v2.45.0", "prom-v3.5.0", "k8s-1.28"} {
		t.Run(name, func(t *testing.T) {
			dir := filepath.Join(data, "lockfiles", name)
			theirs := oracle(t, cache, filepath.Join(dir, "go.mod"))
			ours := matched(t, db, dir)
			compareSets(t, "package", theirs.packages, ours.packages, nil)
			compareSets(t, "finding", theirs.findings, ours.findings, ours.causes)
			t.Logf("%d packages, %d findings agree; beyond them %d of the standard library", len(theirs.packages), len(theirs.findings), ours.stdlib)
			if len(theirs.findings) == 0 {
				t.Error("the oracle found nothing: it did not read its database")
			}
		})
	}
}

type sets struct {
	packages []string         // name@version
	findings []string         // name@version id
	causes   map[string]Cause // of findings beyond the oracle's
	stdlib   int
}

func oracle(t *testing.T, cache, lockfile string) sets {
	t.Helper()
	results, err := osvscanner.DoScan(osvscanner.ScannerActions{
		LockfilePaths:         []string{lockfile},
		CompareOffline:        true,
		LocalDBPath:           cache,
		PluginNetworkDisabled: true,
		ShowAllPackages:       true,
		ShowAllVulns:          true,
		ExperimentalScannerActions: osvscanner.ExperimentalScannerActions{
			TransitiveScanning: osvscanner.TransitiveScanningActions{Disabled: true},
		},
	})
	if err != nil && !errors.Is(err, osvscanner.ErrVulnerabilitiesFound) {
		t.Fatal(err)
	}
	var out sets
	for _, source := range results.Results {
		for _, p := range source.Packages {
			at := p.Package.Name + "@" + p.Package.Version
			if p.Package.Name == inventory.Stdlib {
				continue
			}
			out.packages = append(out.packages, at)
			for _, v := range p.Vulnerabilities {
				out.findings = append(out.findings, at+" "+v.GetId())
			}
		}
	}
	return out
}

func matched(t *testing.T, db *DB, dir string) sets {
	t.Helper()
	gomod, err := os.ReadFile(filepath.Join(dir, "go.mod"))
	if err != nil {
		t.Fatal(err)
	}
	gosum, err := os.ReadFile(filepath.Join(dir, "go.sum"))
	if err != nil && !errors.Is(err, os.ErrNotExist) {
		t.Fatal(err)
	}
	inv := inventory.Merge(inventory.FromGoMod(gomod, gosum, "lock"), inventory.FromToolchain("go1.20.4", "toolchain"))
	out := sets{causes: map[string]Cause{}}
	for _, c := range inv.Components {
		if c.Main || c.Name == inventory.Stdlib || c.Name == inventory.Toolchain {
			continue
		}
		name := c.Name
		if c.Local != "" {
			name = c.Local // osv-scanner lists the directory in the module's place
		}
		out.packages = append(out.packages, name+"@"+strings.TrimPrefix(c.Version, "v"))
	}
	for _, h := range Match(db, inv.Components).Hits {
		id := fmt.Sprintf("%s@%s %s", h.Component.Name, strings.TrimPrefix(h.Component.Version, "v"), h.Record.ID)
		if h.Cause == CauseStdlib {
			out.stdlib++
			continue
		}
		out.findings = append(out.findings, id)
		if h.Cause != "" {
			out.causes[id] = h.Cause
		}
	}
	return out
}

// compareSets wants every one of theirs in ours, and of ours beyond theirs only
// what has a cause.
func compareSets(t *testing.T, what string, theirs, ours []string, causes map[string]Cause) {
	t.Helper()
	slices.Sort(theirs)
	slices.Sort(ours)
	theirs, ours = slices.Compact(theirs), slices.Compact(ours)
	for _, s := range theirs {
		if !slices.Contains(ours, s) {
			t.Errorf("%s missing: %s", what, s)
		}
	}
	for _, s := range ours {
		if !slices.Contains(theirs, s) && causes[s] == "" {
			t.Errorf("%s beyond the oracle's, without a cause: %s", what, s)
		}
	}
}
