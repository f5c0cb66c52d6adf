package assess

import (
	"maps"
	"slices"
	"strings"
	"testing"

	"github.com/proffer-audit/proffer/audit/profile"
	"github.com/proffer-audit/proffer/audit/submission"
	"github.com/proffer-audit/proffer/reports"
)

func TestWholeCase(t *testing.T) {
	v := Assess(goodCase(t))
	want := map[string]reports.Outcome{
		"C1": reports.Supported, "C2": reports.NotAnswerableTechnically, "C3": reports.Supported,
		"C4": reports.NotAnswerableTechnically, "C5": reports.Supported, "C6": reports.Supported, "C7": reports.Supported,
		"C8": reports.Supported, "C9": reports.Supported, "C10": reports.NotAssessed,
		"C11": reports.PartlySupported, // the profile names nothing that would be enough
		"C12": reports.NotAssessed,
	}
	if got := outcomes(v); !maps.Equal(got, want) {
		t.Errorf("outcomes %v\nwant     %v", got, want)
	}
	if v.Result != reports.Met || len(v.Reasons) > 0 {
		t.Errorf("result %s: %s", v.Result, v.Reasons)
	}
	c8 := answer(t, v, "C8")
	wantSupporting := []string{"fetch/linux", "fetch/src", "fetch/windows", "provenance/linux", "provenance/windows", "rebuild/linux", "rebuild/windows"}
	if !slices.Equal(c8.Supporting, wantSupporting) || len(c8.Missing)+len(c8.Contradicting) > 0 {
		t.Errorf("C8 is supported by %v, lacks %v, contradicted by %v", c8.Supporting, c8.Missing, c8.Contradicting)
	}
	p := bod(t)
	for i, c := range v.Concerns {
		var limits []string
		for _, l := range c.Limits {
			limits = append(limits, l.String())
		}
		if !slices.Equal(limits, p.Concerns[i].Limits) {
			t.Errorf("%s does not carry the limits of the profile word for word: %q", c.ID, limits)
		}
	}
}

// Defects that a vendor might plant, or an audit might stumble into. None may
// leave the concern that it hits supported.
func TestPlantedDefects(t *testing.T) {
	fail := func(id string) func(testing.TB, *Case) {
		return func(t testing.TB, c *Case) { c.check(t, id).Status = reports.Fail }
	}
	status := func(id string, s reports.Status) func(testing.TB, *Case) {
		return func(t testing.TB, c *Case) { c.check(t, id).Status = s }
	}
	finding := func(check string, s reports.Severity, concerns ...string) func(testing.TB, *Case) {
		return func(_ testing.TB, c *Case) { c.find("planted", check, s, concerns...) }
	}
	level := func(l reports.Level, s reports.Status) func(testing.TB, *Case) {
		return func(t testing.TB, c *Case) {
			k := c.check(t, "rebuild/linux")
			k.Level, k.Status = l, s
		}
	}
	tests := []struct {
		name, hits string
		want       reports.Outcome
		plant      func(testing.TB, *Case)
	}{
		{"hidden endpoint", "C3", reports.Contradicted, finding("declared/src", reports.High, "C3", "C6")},
		{"undeclared updater", "C5", reports.Contradicted, finding("declared/src", reports.Critical, "C5")},
		{"data flow to a stranger", "C6", reports.Contradicted, finding("source/src", reports.High, "C6")},
		{"setuid helper", "C1", reports.PartlySupported, finding("source/src", reports.Medium, "C1")},
		{"hard-coded credential", "C7", reports.Contradicted, finding("source/src", reports.High, "C7")},
		{"finding of an unknown severity", "C7", reports.Contradicted, finding("source/src", "catastrophic", "C7")},
		{"wrong rebuild", "C8", reports.Contradicted, level(reports.Unexplained, reports.Fail)},
		{"wrong rebuild under a policy that lets it pass", "C8", reports.Contradicted, level(reports.Unexplained, reports.Pass)},
		{"build that does not run", "C8", reports.Contradicted, level(reports.BuildFailed, reports.Fail)},
		{"explained differences", "C8", reports.PartlySupported, level(reports.Explained, reports.Pass)},
		{"rebuild that passes without a level", "C8", reports.Contradicted, level("", reports.Pass)},
		{"wrong rebuild and the search for entries", "C7", reports.Contradicted, level(reports.Unexplained, reports.Fail)},
		{"recipe that copies", "C8", reports.PartlySupported, func(t testing.TB, c *Case) { c.check(t, "rebuild/linux").Cap = reports.PartlySupported }},
		{"rebuild by somebody else's word", "C8", reports.PartlySupported, func(t testing.TB, c *Case) { c.check(t, "rebuild/linux").EvidenceClass = reports.E1 }},
		{"no recipe for one artifact", "C8", reports.NotAssessed, func(_ testing.TB, c *Case) {
			c.drop("rebuild/windows")
			c.Owed = slices.DeleteFunc(c.Owed, func(id string) bool { return id == "rebuild/windows" })
		}},
		{"artifact that nothing was done with", "C8", reports.NotAssessed, func(_ testing.TB, c *Case) {
			c.Submission.Artifacts = append(c.Submission.Artifacts, submission.Artifact{Name: "rules", Kind: "rules"})
		}},
		{"swapped bytes", "C8", reports.Contradicted, fail("fetch/windows")},
		{"unproven transfer", "C8", reports.PartlySupported, status("fetch/src", reports.Incomplete)},
		{"bytes that were not compared", "C8", reports.NotAssessed, func(t testing.TB, c *Case) {
			k := c.check(t, "fetch/src")
			k.Status, k.EvidenceClass = reports.Incomplete, ""
		}},
		{"signers that are missing", "C8", reports.Contradicted, fail("provenance/linux")},
		{"rebuild that a limit ended", "C8", reports.NotAssessed, level("", reports.Incomplete)},
		{"rebuild that was not repeated as demanded", "C8", reports.PartlySupported, level(reports.BitIdentical, reports.Incomplete)},
		{"incomplete rebuild that came to other bytes", "C8", reports.NotAssessed, level(reports.Unexplained, reports.Incomplete)},
		{"incomplete rebuild with a cap", "C8", reports.NotAssessed, func(t testing.TB, c *Case) {
			level(reports.BitIdentical, reports.Incomplete)(t, c)
			c.check(t, "rebuild/linux").Cap = reports.NotAssessed
		}},
		{"known flaw", "C9", reports.Contradicted, fail("advisories/linux")},
		{"known flaw under a lenient policy", "C9", reports.Contradicted, finding("advisories/linux", reports.High)},
		{"stale advisories", "C9", reports.NotAssessed, status("advisories/linux", reports.Incomplete)},
		{"no advisory database", "C9", reports.NotAssessed, status("advisories/linux", reports.NotRun)},
		{"advisories that were not asked for", "C9", reports.NotAssessed, status("advisories/linux", reports.NotApplicable)},
		{"component left out of the list", "C9", reports.Contradicted, fail("inventory/windows")},
		{"status of no known kind", "C9", reports.NotAssessed, status("inventory/windows", "passed")},
		{"source that was not read", "C7", reports.NotAssessed, status("source/src", reports.NotRun)},
		{"truncated source", "C7", reports.PartlySupported, func(_ testing.TB, c *Case) {
			c.Submission.Sources[0].Completeness = "partial"
			c.Submission.Sources[0].Omitted = []submission.Omitted{{Path: "secret", Reason: "ours"}}
		}},
		{"source called full with parts left out", "C6", reports.PartlySupported, func(_ testing.TB, c *Case) {
			c.Submission.Sources[0].Omitted = []submission.Omitted{{Path: "secret", Reason: "ours"}}
		}},
		{"nothing declared was compared", "C5", reports.NotAssessed, func(_ testing.TB, c *Case) {
			c.drop("declared/src")
			c.Owed = slices.DeleteFunc(c.Owed, func(id string) bool { return id == "declared/src" })
		}},
		{"source check that fails without saying where", "C3", reports.Contradicted, fail("source/src")},
		{"source check that fails over another concern", "C3", reports.PartlySupported, func(t testing.TB, c *Case) {
			fail("source/src")(t, c)
			c.find("planted", "source/src", reports.High, "C1")
		}},
		{"source check that fails over notes", "C3", reports.Contradicted, func(t testing.TB, c *Case) {
			fail("source/src")(t, c)
			c.find("planted", "source/src", reports.Note, "C1")
		}},
		{"note beside what another concern fails over", "C6", reports.PartlySupported, func(t testing.TB, c *Case) {
			fail("source/src")(t, c)
			c.find("note", "source/src", reports.Note, "C6")
			c.find("planted", "source/src", reports.High, "C1")
		}},
		{"waived finding", "C6", reports.Contradicted, func(_ testing.TB, c *Case) {
			c.find("planted", "source/src", reports.High, "C6")
			c.Waivers = []Waiver{{Finding: "planted", Reason: "r", Approver: "a", Expires: asOf.AddDate(1, 0, 0)}}
		}},
		{"finding that calls itself waived", "C6", reports.Contradicted, func(_ testing.TB, c *Case) {
			c.find("planted", "source/src", reports.High, "C6")
			c.Outcomes.Findings[0].Waived = true
		}},
		{"finding of a check that does not bear", "C6", reports.Contradicted, finding("advisories/linux", reports.Critical, "C6")},
		{"two checks under one id", "C9", reports.Contradicted, func(t testing.TB, c *Case) {
			twin := *c.check(t, "advisories/linux")
			twin.Status = reports.Fail
			c.Outcomes.Checks = append(c.Outcomes.Checks, twin)
		}},
		{"known contradiction, and evidence withheld", "C9", reports.Contradicted, func(_ testing.TB, c *Case) {
			c.Carried = []string{"C9"}
			c.drop("advisories/linux")
		}},
		{"cap that is not an outcome", "C8", reports.PartlySupported, func(t testing.TB, c *Case) { c.check(t, "rebuild/linux").Cap = "splendid" }},
		{"cap at nothing", "C8", reports.NotAssessed, func(t testing.TB, c *Case) { c.check(t, "rebuild/linux").Cap = reports.NotAssessed }},
	}
	hit := map[string]bool{}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			c := goodCase(t)
			if before := outcomes(Assess(c))[tt.hits]; before != reports.Supported {
				t.Fatalf("%s is %s before anything is planted", tt.hits, before)
			}
			tt.plant(t, &c)
			if got := outcomes(Assess(c))[tt.hits]; got != tt.want {
				t.Errorf("%s is %s, want %s", tt.hits, got, tt.want)
			}
		})
		if tt.want == reports.Supported {
			t.Errorf("%s: the test expects a defect to go unseen", tt.name)
		}
		hit[tt.hits] = true
	}
	for id, o := range outcomes(Assess(goodCase(t))) {
		if o == reports.Supported && !hit[id] {
			t.Errorf("no defect is planted for %s", id)
		}
	}
}

// A defect in one place must not blur the answer elsewhere.
func TestDefectsStayInTheirPlace(t *testing.T) {
	c := goodCase(t)
	c.check(t, "advisories/linux").Status = reports.Fail
	c.find("fetch.digest-mismatch", "fetch/document/1", reports.Note)
	c.Outcomes.Checks = append(c.Outcomes.Checks, reports.Check{ID: "fetch/document/1", Status: reports.NotRun})
	c.Owed = append(c.Owed, "fetch/document/1")
	got := outcomes(Assess(c))
	want := outcomes(Assess(goodCase(t)))
	want["C9"] = reports.Contradicted
	if !maps.Equal(got, want) {
		t.Errorf("outcomes %v\nwant     %v", got, want)
	}
}

func TestMissing(t *testing.T) {
	c := goodCase(t)
	c.drop("rebuild/linux")
	c.check(t, "rebuild/windows").Status = reports.NotRun
	got := answer(t, Assess(c), "C8").Missing
	if want := []string{"rebuild", "rebuild/linux", "rebuild/windows"}; !slices.Equal(got, want) {
		t.Errorf("C8 lacks %v, want %v", got, want)
	}
}

// Removing a failing check must leave a hole where it was, whether or not the
// plan says that it was owed.
func TestRemovingAFailureLeavesAHole(t *testing.T) {
	c := goodCase(t)
	c.check(t, "rebuild/linux").Status = reports.Fail
	c.check(t, "rebuild/linux").Level = reports.Unexplained
	for _, owed := range []bool{true, false} {
		without := clone(c)
		without.drop("rebuild/linux")
		if !owed {
			without.Owed = nil
		}
		if got := outcomes(Assess(without))["C8"]; got != reports.NotAssessed {
			t.Errorf("owed %v: C8 is %s without the rebuild that failed", owed, got)
		}
	}
}

func TestContradictingNamesChecksAndFindings(t *testing.T) {
	c := goodCase(t)
	c.check(t, "source/src").Status = reports.Fail
	c.find("a-finding", "source/src", reports.High, "C6")
	c6 := answer(t, Assess(c), "C6")
	if want := []string{"a-finding", "source/src"}; !slices.Equal(c6.Contradicting, want) {
		t.Errorf("C6 is contradicted by %v, want %v", c6.Contradicting, want)
	}
	if want := []string{"declared/src"}; !slices.Equal(c6.Supporting, want) {
		t.Errorf("C6 is supported by %v, want %v", c6.Supporting, want)
	}
}

// Waivers bear on no outcome: with every finding waived, all is as before.
func TestWaiversRaiseNoOutcome(t *testing.T) {
	c := goodCase(t)
	for _, k := range c.Profile.Concerns {
		for _, s := range []reports.Severity{reports.Critical, reports.Medium, reports.Low} {
			c.find("f-"+k.ID+"-"+string(s), "source/src", s, k.ID)
		}
	}
	waived := clone(c)
	for _, f := range c.Outcomes.Findings {
		waived.Waivers = append(waived.Waivers, Waiver{Finding: f.ID, Expires: asOf.AddDate(1, 0, 0)})
	}
	if before, after := outcomes(Assess(c)), outcomes(Assess(waived)); !maps.Equal(before, after) {
		t.Errorf("outcomes %v became %v by waivers", before, after)
	}
}

func TestDocuments(t *testing.T) {
	c := goodCase(t)
	c.Submission.Documents = []submission.Document{
		{Title: "Build guide", Digest: "sha256:aa", Confidentiality: "public"},
		{Title: "Menu", Digest: "sha256:bb", Confidentiality: "public"},
	}
	c.Submission.Claims[1].Evidence = append(c.Submission.Claims[1].Evidence, "sha256:aa")
	var got []string
	for _, d := range answer(t, Assess(c), "C8").Documents {
		got = append(got, d.String())
	}
	want := []string{"asked for: instructions to build", "offered: Build guide (public, sha256:aa)"}
	if !slices.Equal(got, want) {
		t.Errorf("documents %q, want %q", got, want)
	}
}

// A profile may name kinds that bear on nothing that the submission offers.
func TestNothingOffered(t *testing.T) {
	c := goodCase(t)
	c.Submission = &submission.Submission{}
	c.Outcomes, c.Owed = reports.Outcomes{}, nil
	for _, concern := range Assess(c).Concerns {
		if concern.Outcome != reports.NotAssessed && concern.Outcome != reports.NotAnswerableTechnically {
			t.Errorf("%s is %s with nothing at all", concern.ID, concern.Outcome)
		}
	}
	c8 := answer(t, Assess(c), "C8")
	if got := strings.Join(c8.Missing, " "); got != "fetch rebuild" {
		t.Errorf("C8 lacks %q", got)
	}
}

// Transfers alone show nothing about a product.
func TestTransfersAreNoContent(t *testing.T) {
	c := goodCase(t)
	c.Profile = &profile.Profile{Concerns: []profile.Concern{{
		ID: "C1", Technical: true, Checks: []profile.Bearing{{Kind: profile.KindFetch, Needed: true}},
	}}}
	if got := outcomes(Assess(c))["C1"]; got != reports.NotAssessed {
		t.Errorf("C1 is %s by transfers alone", got)
	}
}
