package advisories

import (
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/proffer-audit/proffer/audit/inventory"
	"github.com/proffer-audit/proffer/reports"
	"github.com/proffer-audit/proffer/reports/safetext"
)

func asOf() time.Time { return time.Date(2026, 11, 5, 0, 0, 0, 0, time.UTC) }

func invOf(components ...inventory.Component) inventory.Inventory {
	return inventory.Inventory{Read: []string{"linux-x64: agent"}, Components: components}
}

func scored(id, vector string) string {
	return strings.Replace(record(id, "Go", "m", "0", "1.2.0"), `"summary"`, `"severity":[{"type":"CVSS_V3","score":"`+vector+`"}],"summary"`, 1)
}

const (
	mediumVector = "CVSS:3.0/AV:N/AC:L/PR:N/UI:R/S:C/C:L/I:L/A:N"
	week         = 7 * 24 * time.Hour
)

func TestOutcomes(t *testing.T) {
	m := comp("Go", "m", "v1.0.0")
	clean := comp("Go", "clean", "v1.0.0")
	flaw := record("GO-1", "Go", "m", "0", "1.2.0")
	broken := dbOf(t, goOnly, flaw, "{")
	demand := Demand{FailOn: reports.High, Malicious: true, MaxAge: week}
	for _, tt := range []struct {
		name     string
		q        Question
		status   reports.Status
		code     string
		findings []string
		says     string
	}{
		{"no database", Question{Inventory: invOf(m), Demand: demand}, reports.NotRun, CodeNoDatabase, nil, "--osv"},
		{"nothing matches", Question{Inventory: invOf(clean), DB: dbOf(t, goOnly, flaw), Demand: demand}, reports.Pass, "", nil, "1 records"},
		{"unscored counts as high", Question{Inventory: invOf(m), DB: dbOf(t, goOnly, flaw), Demand: demand}, reports.Fail, CodeFindings, []string{"advisories.known high"}, "high or worse"},
		{"below what the policy fails on", Question{Inventory: invOf(m), DB: dbOf(t, goOnly, scored("GO-1", mediumVector)), Demand: demand}, reports.Pass, "", []string{"advisories.known medium"}, "none that fails"},
		{"a policy that names no severity", Question{Inventory: invOf(m), DB: dbOf(t, goOnly, scored("GO-1", mediumVector)), Demand: Demand{}}, reports.Fail, CodeFindings, []string{"advisories.known medium"}, "any severity"},
		{"a malicious package", Question{Inventory: invOf(m), DB: dbOf(t, goOnly, record("MAL-1", "Go", "m", "0", "9")), Demand: demand}, reports.Fail, CodeFindings, []string{"advisories.malicious critical"}, ""},
		{"an empty database", Question{Inventory: invOf(m), DB: dbOf(t, goOnly), Demand: demand}, reports.Incomplete, CodeEmpty, nil, "no readable record"},
		{"a stale database", Question{Inventory: invOf(clean), DB: dbOf(t, goOnly, flaw), Demand: Demand{MaxAge: time.Hour}}, reports.Incomplete, CodeStale, nil, "2026-11-01"},
		{"stale but for a date in the future", Question{Inventory: invOf(clean), DB: dbOf(t, goOnly, flaw, strings.Replace(record("GO-2", "Go", "x", "0", "1"), "2026-", "2036-", 1)), Demand: Demand{MaxAge: time.Hour}}, reports.Incomplete, CodeStale, nil, ""},
		{"a database without dates", Question{Inventory: invOf(clean), DB: dbOf(t, goOnly, strings.Replace(flaw, "2026-11-01", "0001-01-01", 1)), Demand: demand}, reports.Incomplete, CodeUndated, nil, ""},
		{"the ecosystem is missing", Question{Inventory: invOf(comp("PyPI", "x", "1.0")), DB: dbOf(t, goOnly, flaw), Demand: demand}, reports.Incomplete, CodeMissing, nil, "PyPI"},
		{"a missing ecosystem hides nothing", Question{Inventory: invOf(m, comp("PyPI", "x", "1.0")), DB: dbOf(t, goOnly, flaw), Demand: demand}, reports.Fail, CodeFindings, []string{"advisories.known high"}, "no record of PyPI"},
		{"a broken record", Question{Inventory: invOf(clean), DB: broken, Demand: demand}, reports.Incomplete, CodeFaults, nil, "r001.json"},
		{"a broken record hides nothing", Question{Inventory: invOf(m), DB: broken, Demand: demand}, reports.Fail, CodeFindings, []string{"advisories.known high"}, "r001.json"},
		{"an inventory with gaps", Question{Inventory: inventory.Merge(invOf(clean), inventory.FromBinary(nil, "linux-x64: lib.so")), DB: dbOf(t, goOnly, flaw), Demand: demand}, reports.Incomplete, CodeNoInventory, nil, "lib.so"},
		{"no component", Question{Inventory: invOf(), DB: dbOf(t, goOnly, flaw), Demand: demand}, reports.Incomplete, CodeNoInventory, nil, ""},
		{"a component without version", Question{Inventory: invOf(comp("Go", "m", "")), DB: dbOf(t, goOnly, flaw), Demand: demand}, reports.Incomplete, CodeUndecided, nil, "m (1 records"},
		{"withdrawn", Question{Inventory: invOf(m), DB: dbOf(t, goOnly, strings.Replace(flaw, `"summary"`, `"withdrawn":"2026-11-02T00:00:00Z","summary"`, 1)), Demand: demand}, reports.Pass, "", []string{"advisories.withdrawn note"}, ""},
	} {
		t.Run(tt.name, func(t *testing.T) {
			tt.q.Artifact, tt.q.AsOf = "linux-x64", asOf()
			out := Outcomes(tt.q)
			c := out.Checks[0]
			if c.ID != "advisories/linux-x64" || c.Status != tt.status || c.Code != tt.code || !strings.Contains(c.Reason.String(), tt.says) || c.Reason.IsZero() {
				t.Errorf("check %s %s %s, want %s %s saying %q", c.Status, c.Code, c.Reason, tt.status, tt.code, tt.says)
			}
			var got []string
			for _, f := range out.Findings {
				got = append(got, f.Rule+" "+string(f.Severity))
			}
			if !slices.Equal(got, tt.findings) {
				t.Errorf("findings %v, want %v", got, tt.findings)
			}
			if tt.q.DB != nil && !slices.Contains(c.Evidence, string(tt.q.DB.Digest())) {
				t.Error("the check does not cite the database")
			}
		})
	}
}

func TestFindingFacts(t *testing.T) {
	db := dbOf(t, goOnly, strings.Replace(good, "example.org/a", "m", 1))
	f := Outcomes(Question{Artifact: "a", Inventory: invOf(comp("Go", "m", "v1.0.0")), DB: db, AsOf: asOf()}).Findings[0]
	want := map[string]string{
		"id": "GO-2025-0001", "aliases": "CVE-2025-1", "fixed": "1.2.0", "package": "m", "version": "v1.0.0",
		"purl": "pkg:test/m@v1.0.0", "where": "linux-x64: agent (built-in)", "severity": "unscored", "affects": "example.org/a/x",
	}
	for k, v := range want {
		if got := f.Facts[k].String(); got != v {
			t.Errorf("fact %s is %q, want %q", k, got, v)
		}
	}
	if len(f.Facts) != len(want) {
		t.Errorf("facts %v", f.Facts)
	}
	if f.Message.String() != "GO-2025-0001 in m v1.0.0: A flaw. Fixed in 1.2.0." || f.Location == nil {
		t.Errorf("%s at %v", f.Message, f.Location)
	}
}

func TestSampleIsLabelled(t *testing.T) {
	r := strings.Replace(record("GO-1", "Go", "m", "0", "1"), `"summary"`, `"database_specific":{"`+SampleMark+`":true},"summary"`, 1)
	c := Outcomes(Question{Artifact: "a", Inventory: invOf(comp("Go", "x", "v1.0.0")), DB: dbOf(t, goOnly, r), AsOf: asOf()}).Checks[0]
	if !slices.ContainsFunc(c.Limits, func(l safetext.Text) bool { return strings.Contains(l.String(), "hand-made sample of 1 records") }) {
		t.Errorf("limits %v", c.Limits)
	}
}
