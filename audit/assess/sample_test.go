package assess

import (
	"math/rand/v2"
	"slices"
	"testing"
	"time"

	"github.com/proffer-audit/proffer/audit/profile"
	"github.com/proffer-audit/proffer/audit/submission"
	"github.com/proffer-audit/proffer/reports"
	"github.com/proffer-audit/proffer/reports/safetext"
)

var asOf = time.Date(2026, 11, 21, 0, 0, 0, 0, time.UTC)

func bod(t testing.TB) *profile.Profile {
	t.Helper()
	raw, ok := profile.Builtin("bod-17-01")
	if !ok {
		t.Fatal("no built-in profile bod-17-01")
	}
	p, err := profile.Parse("bod-17-01.yaml", raw)
	if err != nil {
		t.Fatal(err)
	}
	return p
}

func pass(id string, class reports.Class) reports.Check {
	return reports.Check{ID: id, Status: reports.Pass, EvidenceClass: class, Reason: safetext.Of("fine"), Evidence: []string{}, Limits: []safetext.Text{}}
}

// goodCase is a case in which every concern that an audit can support is: two
// artifacts, one source, every check passed.
func goodCase(t testing.TB) Case {
	t.Helper()
	s := &submission.Submission{
		ID: "acme", Version: 1,
		Respondent: submission.Respondent{Name: "Acme", Contact: "a@acme.example", Basis: "sells it"},
		Products:   []submission.Product{{Name: "agent", Version: "1"}},
		Sources:    []submission.Source{{Name: "src", Completeness: "full"}},
		Artifacts:  []submission.Artifact{{Name: "linux", Kind: "binary"}, {Name: "windows", Kind: "binary"}},
		Claims: []submission.Claim{
			{ID: "K2", Text: "No known flaws.", Concerns: []string{"C9"}, Kind: "technical"},
			{ID: "K1", Text: "The source is the product's.", Concerns: []string{"C8"}, Kind: "technical", Evidence: []string{"rebuild/linux"}},
		},
	}
	checks := []reports.Check{
		pass("fetch/src", reports.E2), pass("fetch/linux", reports.E2), pass("fetch/windows", reports.E2),
		pass("provenance/linux", reports.E2), pass("provenance/windows", reports.E2),
		pass("rebuild/linux", reports.E3), pass("rebuild/windows", reports.E3),
		pass("inventory/linux", reports.E2), pass("inventory/windows", reports.E2),
		pass("advisories/linux", reports.E2), pass("advisories/windows", reports.E2),
		pass("source/src", reports.E2), pass("declared/src", reports.E2),
	}
	c := Case{
		Submission: s, Profile: bod(t), AsOf: asOf, Mode: reports.Independent,
		Demands: Demands{
			Rebuild: reports.BitIdentical, Provenance: map[string]int{"vendor": 1}, Inventory: true, Advisories: true,
			Source: true, Declared: true, FailOn: reports.High, AdvisoriesFailOn: reports.High,
		},
	}
	for _, k := range checks {
		if kindOf(k.ID) == profile.KindRebuild {
			k.Level = reports.BitIdentical
		}
		c.Outcomes.Checks = append(c.Outcomes.Checks, k)
		c.Owed = append(c.Owed, k.ID)
	}
	return c
}

// clone copies what the tests change.
func clone(c Case) Case {
	s := *c.Submission
	s.Artifacts, s.Sources = slices.Clone(s.Artifacts), slices.Clone(s.Sources)
	s.Claims, s.Mitigations, s.Documents = slices.Clone(s.Claims), slices.Clone(s.Mitigations), slices.Clone(s.Documents)
	c.Submission = &s
	c.Outcomes.Checks, c.Outcomes.Findings = slices.Clone(c.Outcomes.Checks), slices.Clone(c.Outcomes.Findings)
	c.Owed, c.Waivers = slices.Clone(c.Owed), slices.Clone(c.Waivers)
	return c
}

// check gives the check of an id, to be changed in place.
func (c *Case) check(t testing.TB, id string) *reports.Check {
	t.Helper()
	i := slices.IndexFunc(c.Outcomes.Checks, func(k reports.Check) bool { return k.ID == id })
	if i < 0 {
		t.Fatalf("there is no check %s", id)
	}
	return &c.Outcomes.Checks[i]
}

func (c *Case) drop(id string) {
	c.Outcomes.Checks = slices.DeleteFunc(c.Outcomes.Checks, func(k reports.Check) bool { return k.ID == id })
	c.Outcomes.Findings = slices.DeleteFunc(c.Outcomes.Findings, func(f reports.Finding) bool { return f.Check == id })
}

func (c *Case) find(id, check string, s reports.Severity, concerns ...string) {
	c.Outcomes.Findings = append(c.Outcomes.Findings, reports.Finding{
		ID: id, Rule: "test", Severity: s, Check: check, Concerns: concerns, Message: safetext.Of(id), Evidence: []string{},
	})
}

func outcomes(v Verdict) map[string]reports.Outcome {
	out := map[string]reports.Outcome{}
	for _, c := range v.Concerns {
		out[c.ID] = c.Outcome
	}
	return out
}

func answer(t testing.TB, v Verdict, id string) reports.Concern {
	t.Helper()
	i := slices.IndexFunc(v.Concerns, func(c reports.Concern) bool { return c.ID == id })
	if i < 0 {
		t.Fatalf("there is no concern %s", id)
	}
	return v.Concerns[i]
}

// rank orders the outcomes as the report's readers do.
func rank(t testing.TB, o reports.Outcome) int {
	t.Helper()
	i := slices.Index([]reports.Outcome{reports.NotAssessed, reports.Contradicted, reports.PartlySupported, reports.Supported}, o)
	if i < 0 {
		t.Fatalf("outcome %q has no rank", o)
	}
	return i
}

func shuffle(r *rand.Rand, c Case) Case {
	c = clone(c)
	r.Shuffle(len(c.Outcomes.Checks), func(i, j int) {
		c.Outcomes.Checks[i], c.Outcomes.Checks[j] = c.Outcomes.Checks[j], c.Outcomes.Checks[i]
	})
	r.Shuffle(len(c.Outcomes.Findings), func(i, j int) {
		c.Outcomes.Findings[i], c.Outcomes.Findings[j] = c.Outcomes.Findings[j], c.Outcomes.Findings[i]
	})
	r.Shuffle(len(c.Owed), func(i, j int) { c.Owed[i], c.Owed[j] = c.Owed[j], c.Owed[i] })
	r.Shuffle(len(c.Waivers), func(i, j int) { c.Waivers[i], c.Waivers[j] = c.Waivers[j], c.Waivers[i] })
	return c
}
