package advisories

import (
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/proffer-audit/proffer/audit/inventory"
	"github.com/proffer-audit/proffer/reports"
)

func comp(ecosystem, name, version string) inventory.Component {
	return inventory.Component{
		PURL: "pkg:test/" + name + "@" + version, Ecosystem: ecosystem, Name: name, Version: version,
		Witnesses: []inventory.Witness{{Kind: inventory.BuiltIn, Where: "linux-x64: agent"}},
	}
}

func dbOf(t testing.TB, ecosystems []string, records ...string) *DB {
	t.Helper()
	var entries []entry
	for i, r := range records {
		entries = append(entries, entry{fmt.Sprintf("r%03d.json", i), r})
	}
	db, err := LoadZip(zipOf(t, entries...), ecosystems, "test")
	if err != nil {
		t.Fatal(err)
	}
	return db
}

// affectedBy is a record whose one affected entry is written out.
func affectedBy(id, ecosystem, name, rest string) string {
	return `{"id":"` + id + `","modified":"2026-11-01T00:00:00Z","affected":[{"package":{"ecosystem":"` + ecosystem + `","name":"` + name + `"},` + rest + `}]}`
}

const (
	twoLines = `"ranges":[{"type":"SEMVER","events":[{"fixed":"1.25.2"},{"introduced":"1.25.0-0"},{"introduced":"0"},{"fixed":"1.24.8"}]}]`
	gitFirst = `"ranges":[{"type":"GIT","repo":"r","events":[{"introduced":"0"}]},{"type":"SEMVER","events":[{"introduced":"0"},{"fixed":"1.2.0"}]}]`
)

func TestMatch(t *testing.T) {
	for _, tt := range []struct {
		name, record string
		c            inventory.Component
		hit          bool
		cause        Cause
		fixed        string
	}{
		{"before the fix", record("X", "Go", "m", "0", "1.2.0"), comp("Go", "m", "v1.1.9"), true, "", "1.2.0"},
		{"at the fix", record("X", "Go", "m", "0", "1.2.0"), comp("Go", "m", "v1.2.0"), false, "", ""},
		{"a pseudo-version before the fix", record("X", "Go", "m", "0", "1.2.0"), comp("Go", "m", "v1.2.0-0.20260101000000-0123456789ab"), true, "", "1.2.0"},
		{"an incompatible one", record("X", "Go", "m", "0", "2.0.0"), comp("Go", "m", "v1.5.0+incompatible"), true, "", "2.0.0"},
		{"before the introduction", record("X", "Go", "m", "1.1.0", "1.2.0"), comp("Go", "m", "v1.0.9"), false, "", ""},
		{"another module", record("X", "Go", "m", "0", "1.2.0"), comp("Go", "M", "v1.1.9"), false, "", ""},
		{"another ecosystem", record("X", "npm", "m", "0", "1.2.0"), comp("Go", "m", "v1.1.9"), false, "", ""},
		{"two lines, in the first", affectedBy("X", "Go", "m", twoLines), comp("Go", "m", "v1.23.12"), true, "", "1.24.8 1.25.2"},
		{"two lines, between", affectedBy("X", "Go", "m", twoLines), comp("Go", "m", "v1.24.9"), false, "", ""},
		{"two lines, in the second", affectedBy("X", "Go", "m", twoLines), comp("Go", "m", "v1.25.1"), true, "", "1.25.2"},
		{"a release candidate of the second", affectedBy("X", "Go", "m", twoLines), comp("Go", "m", "1.25rc1"), true, "", "1.25.2"},
		{"last affected", affectedBy("X", "Go", "m", `"ranges":[{"type":"SEMVER","events":[{"introduced":"1.0.0"},{"last_affected":"1.2.0"}]}]`), comp("Go", "m", "v1.2.0"), true, "", ""},
		{"after the last affected", affectedBy("X", "Go", "m", `"ranges":[{"type":"SEMVER","events":[{"introduced":"1.0.0"},{"last_affected":"1.2.0"}]}]`), comp("Go", "m", "v1.2.1"), false, "", ""},
		{"a listed version", affectedBy("X", "Go", "m", `"versions":["1.0.0"]`), comp("Go", "m", "v1.0.0"), true, "", ""},
		{"no version at all", affectedBy("X", "Go", "m", `"versions":[]`), comp("Go", "m", "v1.0.0"), false, "", ""},
		{"a range without events", affectedBy("X", "Go", "m", `"ranges":[{"type":"SEMVER","events":[]}]`), comp("Go", "m", "v1.0.0"), false, "", ""},
		{"only a GIT range", affectedBy("X", "Go", "m", `"ranges":[{"type":"GIT","events":[{"introduced":"0"}]}]`), comp("Go", "m", "v1.0.0"), false, "", ""},
		{"behind a GIT range", affectedBy("X", "Go", "m", gitFirst), comp("Go", "m", "v1.0.0"), true, CauseGit, "1.2.0"},
		{"the standard library", affectedBy("X", "Go", "stdlib", twoLines), comp("Go", "stdlib", "1.23.12"), true, CauseStdlib, "1.24.8 1.25.2"},
		{"a folded Python name", record("X", "PyPI", "Some_Thing", "0", "1.2.0"), comp("PyPI", "some.thing", "1.0"), true, CauseName, "1.2.0"},
		{"a folded query", record("X", "PyPI", "some-thing", "0", "1.2.0"), comp("PyPI", "Some.Thing", "1.0"), true, "", "1.2.0"},
		{"another release of a distribution", record("X", "Debian:12", "m", "0", "1.2.0"), comp("Debian:11", "m", "1.0"), false, "", ""},
		{"a distribution without release", record("X", "Debian", "m", "0", "1.2.0"), comp("Debian:11", "m", "1.0"), true, "", "1.2.0"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			m := Match(dbOf(t, []string{"Go", "PyPI", "npm", "Debian"}, tt.record), []inventory.Component{tt.c})
			if (len(m.Hits) == 1) != tt.hit || len(m.Undecided) != 0 {
				t.Fatalf("%+v, want a hit: %v", m, tt.hit)
			}
			if !tt.hit {
				return
			}
			if h := m.Hits[0]; h.Cause != tt.cause || strings.Join(h.Fixed, " ") != tt.fixed {
				t.Errorf("cause %q, fixed %v, want %q and %s", h.Cause, h.Fixed, tt.cause, tt.fixed)
			}
		})
	}
}

func TestMatchUndecided(t *testing.T) {
	db := dbOf(t, []string{"Go", "CRAN"}, record("X", "Go", "m", "0", "1.2.0"), record("Y", "CRAN", "m", "0", "not a version"))
	m := Match(db, []inventory.Component{comp("Go", "m", ""), comp("Go", "other", ""), comp("CRAN", "m", "1.0")})
	if len(m.Hits) != 0 || len(m.Undecided) != 2 || !slices.Equal(m.Undecided[0].Records, []string{"X"}) || m.Undecided[1].Component.Ecosystem != "CRAN" {
		t.Errorf("%+v", m)
	}
}

func TestWithdrawnAreSetAside(t *testing.T) {
	r := strings.Replace(record("X", "Go", "m", "0", "1.2.0"), `"summary"`, `"withdrawn":"2026-11-02T00:00:00Z","summary"`, 1)
	m := Match(dbOf(t, goOnly, r), []inventory.Component{comp("Go", "m", "v1.0.0"), comp("Go", "m", "")})
	if len(m.Hits) != 0 || len(m.Withdrawn) != 1 || len(m.Undecided) != 0 {
		t.Errorf("%+v", m)
	}
}

func withAliases(id string, aliases ...string) string {
	return strings.Replace(record(id, "Go", "m", "0", "1.2.0"), `"summary"`, `"aliases":["`+strings.Join(aliases, `","`)+`"],"summary"`, 1)
}

func TestGroups(t *testing.T) {
	db := dbOf(t, goOnly, withAliases("GHSA-aaaa", "CVE-1"), withAliases("GO-1", "CVE-1", "CVE-2"), withAliases("CVE-2"),
		withAliases("GO-2", "CVE-9"), withAliases("MAL-1", "GHSA-zzzz"), withAliases("GHSA-zzzz"))
	groups := Groups(Match(db, []inventory.Component{comp("Go", "m", "v1.0.0"), comp("Go", "m", "v1.1.0")}).Hits)
	var got []string
	for _, g := range groups {
		got = append(got, fmt.Sprintf("%s %s %v %v", g.Component.Version, g.ID, g.Aliases, g.Malicious))
	}
	var want []string
	for _, v := range []string{"v1.0.0", "v1.1.0"} {
		want = append(want, v+" GO-1 [CVE-1 CVE-2 GHSA-aaaa] false", v+" GO-2 [CVE-9] false", v+" MAL-1 [GHSA-zzzz] true")
	}
	if !slices.Equal(got, want) {
		t.Errorf("%q\nwant %q", got, want)
	}
}

func TestScore(t *testing.T) {
	for _, tt := range []struct {
		name string
		all  []Severity
		want reports.Severity
		none bool
	}{
		{"no score", nil, reports.High, true},
		{"not a vector", []Severity{{Type: "CVSS_V3", Score: "9.8"}}, reports.High, true},
		{"another scale", []Severity{{Type: "Ubuntu", Score: "low"}}, reports.High, true},
		{"a broken vector", []Severity{{Type: "CVSS_V4", Score: "CVSS:4.0/AV:N"}}, reports.High, true},
		{"version 4, low", []Severity{{Type: "CVSS_V4", Score: "CVSS:4.0/AV:L/AC:H/AT:P/PR:H/UI:A/VC:L/VI:N/VA:N/SC:N/SI:N/SA:N"}}, reports.Low, false},
		{"version 3.1, critical", []Severity{{Type: "CVSS_V3", Score: "CVSS:3.1/AV:N/AC:L/PR:N/UI:N/S:U/C:H/I:H/A:H"}}, reports.Critical, false},
		{"version 3.0, medium", []Severity{{Type: "CVSS_V3", Score: "CVSS:3.0/AV:N/AC:L/PR:N/UI:R/S:C/C:L/I:L/A:N"}}, reports.Medium, false},
		{"version 3.1, none", []Severity{{Type: "CVSS_V3", Score: "CVSS:3.1/AV:N/AC:L/PR:N/UI:N/S:U/C:N/I:N/A:N"}}, reports.Note, false},
		{"version 2, high", []Severity{{Type: "CVSS_V2", Score: "AV:N/AC:L/Au:N/C:P/I:P/A:P"}}, reports.High, false},
		{"the worst counts", []Severity{
			{Type: "CVSS_V3", Score: "CVSS:3.0/AV:N/AC:L/PR:N/UI:R/S:C/C:L/I:L/A:N"},
			{Type: "CVSS_V3", Score: "CVSS:3.1/AV:N/AC:L/PR:N/UI:N/S:U/C:H/I:H/A:H"},
		}, reports.Critical, false},
	} {
		t.Run(tt.name, func(t *testing.T) {
			got := score(tt.all)
			if got.Severity != tt.want || got.Unscored() != tt.none {
				t.Errorf("%+v, want %s", got, tt.want)
			}
		})
	}
}
