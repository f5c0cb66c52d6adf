package assess

import (
	"fmt"
	"math/rand/v2"
	"reflect"
	"slices"
	"testing"

	"github.com/proffer-audit/proffer/audit/profile"
	"github.com/proffer-audit/proffer/reports"
)

// randomCase makes anything of the checks of a good case: every status, level,
// class and cap, and findings on concerns that their check bears on.
func randomCase(t testing.TB, r *rand.Rand) Case {
	c := goodCase(t)
	some := func() bool { return r.IntN(4) == 0 }
	for i := range c.Outcomes.Checks {
		k := &c.Outcomes.Checks[i]
		if some() {
			k.Status = pick(r, reports.Pass, reports.Fail, reports.Incomplete, reports.NotRun, reports.NotApplicable)
		}
		if kindOf(k.ID) == profile.KindRebuild && some() {
			k.Level = pick(r, reports.BitIdentical, reports.IdenticalGraft, reports.EqualNormalised, reports.Explained, reports.Unexplained, reports.BuildFailed, "")
		}
		if some() {
			k.EvidenceClass = pick(r, "", reports.E0, reports.E1, reports.E2, reports.E3, reports.E4)
		}
		if some() {
			k.Cap = pick(r, reports.NotAssessed, reports.Contradicted, reports.PartlySupported, reports.Supported)
		}
		if some() {
			c.find(fmt.Sprintf("f%d", i), k.ID, pick(r, reports.Critical, reports.High, reports.Medium, reports.Low, reports.Note), bearsOn(r, c.Profile, k.ID)...)
		}
	}
	return c
}

func pick[T any](r *rand.Rand, list ...T) T { return list[r.IntN(len(list))] }

// bearsOn picks among the concerns that a check bears on by the profile; none is
// picked, too.
func bearsOn(r *rand.Rand, p *profile.Profile, check string) []string {
	var out []string
	for _, c := range p.Concerns {
		bears := func(k profile.Bearing) bool { return k.Kind == kindOf(check) }
		if slices.ContainsFunc(c.Checks, bears) && r.IntN(2) == 0 {
			out = append(out, c.ID)
		}
	}
	return out
}

// take takes something away from a case: a check with all that it found, a check
// of which the findings stay, or the input without which a check does not run or
// runs in part.
func take(t testing.TB, r *rand.Rand, c Case) (Case, string) {
	c = clone(c)
	i := r.IntN(len(c.Outcomes.Checks))
	k := &c.Outcomes.Checks[i]
	id := k.ID
	switch r.IntN(4) {
	case 0:
		c.Outcomes.Checks = slices.Delete(c.Outcomes.Checks, i, i+1)
		return c, "removed " + id
	case 1:
		k.Status, k.EvidenceClass, k.Level = reports.NotRun, "", ""
		c.Outcomes.Findings = slices.DeleteFunc(c.Outcomes.Findings, func(f reports.Finding) bool { return f.Check == id })
		return c, "did not run " + id
	case 2:
		k.Status, k.EvidenceClass = reports.Incomplete, ""
		c.Outcomes.Findings = slices.DeleteFunc(c.Outcomes.Findings, func(f reports.Finding) bool { return f.Check == id })
		return c, "ran in part " + id
	}
	c.drop(id)
	return c, "removed, with its findings, " + id
}

func describe(c Case) string {
	s := ""
	for _, k := range c.Outcomes.Checks {
		s += fmt.Sprintf("\n  %s %s level %q class %q cap %q", k.ID, k.Status, k.Level, k.EvidenceClass, k.Cap)
	}
	for _, f := range c.Outcomes.Findings {
		s += fmt.Sprintf("\n  %s of %s: %s on %v", f.ID, f.Check, f.Severity, f.Concerns)
	}
	return s
}

// notRaised compares the outcomes of a case with those after something was taken
// away from it.
func notRaised(t *testing.T, before, after Case, what string) {
	t.Helper()
	was, is := outcomes(Assess(before)), outcomes(Assess(after))
	for id, o := range was {
		if (o == reports.NotAnswerableTechnically) != (is[id] == reports.NotAnswerableTechnically) {
			t.Fatalf("%s: %s became %s", what, o, is[id])
		}
		if o != reports.NotAnswerableTechnically && rank(t, is[id]) > rank(t, o) {
			t.Fatalf("%s raised %s from %s to %s; before it:%s", what, id, o, is[id], describe(before))
		}
	}
}

func TestTakingAwayRaisesNoOutcome(t *testing.T) {
	cases := 150
	if testing.Short() {
		cases = 30
	}
	seen := map[reports.Outcome]int{}
	for seed := range cases {
		r := rand.New(rand.NewPCG(uint64(seed), 1))
		c := randomCase(t, r)
		for len(c.Outcomes.Checks) > 0 && r.IntN(10) > 0 {
			for _, o := range outcomes(Assess(c)) {
				seen[o]++
			}
			less, what := take(t, r, c)
			notRaised(t, c, less, what)
			if got := Assess(less).Result; got == reports.Met {
				t.Fatalf("%s: the result is met all the same; before it:%s", what, describe(c))
			}
			c = less
		}
	}
	for _, o := range []reports.Outcome{reports.NotAssessed, reports.Contradicted, reports.PartlySupported, reports.Supported} {
		if seen[o] == 0 {
			t.Errorf("the random cases never came to %s", o)
		}
	}
}

// Every subset of the checks, each against all subsets with one check more.
func TestSubsetsRaiseNoOutcome(t *testing.T) {
	c := goodCase(t)
	c.check(t, "rebuild/linux").Status = reports.Fail
	c.check(t, "rebuild/linux").Level = reports.Unexplained
	c.check(t, "advisories/windows").Status = reports.Fail
	c.check(t, "rebuild/windows").Cap = reports.PartlySupported
	c.check(t, "provenance/windows").Status = reports.Fail
	c.find("f1", "source/src", reports.High, "C6")
	c.find("f2", "source/src", reports.Medium, "C1", "C7")
	n := len(c.Outcomes.Checks)
	all := make([]map[string]reports.Outcome, 1<<n)
	for set := range all {
		part := clone(c)
		for i, k := range c.Outcomes.Checks {
			if set&(1<<i) == 0 {
				part.drop(k.ID)
			}
		}
		all[set] = outcomes(Assess(part))
	}
	for set, more := range all {
		for i := range n {
			if set&(1<<i) == 0 {
				continue
			}
			for id, o := range all[set&^(1<<i)] {
				if o != reports.NotAnswerableTechnically && rank(t, o) > rank(t, more[id]) {
					t.Fatalf("without %s, %s rises from %s to %s (set %b)", c.Outcomes.Checks[i].ID, id, more[id], o, set)
				}
			}
		}
	}
}

// The order in which things come bears on nothing, and no list is nil.
func TestOrderBearsOnNothing(t *testing.T) {
	for seed := range 50 {
		r := rand.New(rand.NewPCG(uint64(seed), 2))
		c := randomCase(t, r)
		c.Waivers = []Waiver{
			{Finding: "f1", Reason: "r", Approver: "a", Expires: asOf.AddDate(1, 0, 0)},
			{Finding: "f2", Reason: "r", Approver: "a", Expires: asOf},
		}
		want := Assess(c)
		if got := Assess(shuffle(r, c)); !reflect.DeepEqual(got, want) {
			t.Fatalf("seed %d: another order gives another verdict\n%+v\n%+v", seed, got, want)
		}
		noNil(t, reflect.ValueOf(want), "Verdict")
	}
	empty := goodCase(t)
	empty.Outcomes, empty.Owed, empty.Submission.Claims = reports.Outcomes{}, nil, nil
	noNil(t, reflect.ValueOf(Assess(empty)), "Verdict")
}

// noNil walks a verdict for lists that would be null in a report. Optional ones
// (trace, facts) and those that are no part of a report are left out.
func noNil(t *testing.T, v reflect.Value, path string) {
	t.Helper()
	switch v.Kind() {
	case reflect.Slice:
		if v.IsNil() {
			t.Errorf("%s is nil", path)
		}
		for i := range v.Len() {
			noNil(t, v.Index(i), fmt.Sprintf("%s[%d]", path, i))
		}
	case reflect.Struct:
		for i := range v.NumField() {
			if f := v.Type().Field(i); f.IsExported() && f.Name != "Trace" {
				noNil(t, v.Field(i), path+"."+f.Name)
			}
		}
	}
}
