package assess

import (
	"encoding/json"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/proffer-audit/proffer/audit/profile"
	"github.com/proffer-audit/proffer/audit/submission"
	"github.com/proffer-audit/proffer/reports"
	"github.com/proffer-audit/proffer/reports/safetext"
)

func TestResult(t *testing.T) {
	waive := func(c *Case, finding string, expires time.Time) {
		c.Waivers = append(c.Waivers, Waiver{Finding: finding, Reason: "r", Approver: "a", Expires: expires})
	}
	nextYear := asOf.AddDate(1, 0, 0)
	tests := []struct {
		name   string
		change func(testing.TB, *Case)
		want   reports.Result
	}{
		{"demanded check failed", func(t testing.TB, c *Case) { c.check(t, "rebuild/linux").Status = reports.Fail }, reports.NotMet},
		{"check failed that nobody demands", func(t testing.TB, c *Case) {
			c.check(t, "inventory/linux").Status = reports.Fail
			c.Demands.Inventory = false
		}, reports.Met},
		{"swapped bytes, whatever is demanded", func(t testing.TB, c *Case) {
			c.check(t, "fetch/linux").Status = reports.Fail
			c.Demands = Demands{}
		}, reports.NotMet},
		{"rebuild below the demanded level", func(t testing.TB, c *Case) { c.check(t, "rebuild/linux").Level = reports.Explained }, reports.NotMet},
		{"rebuild at the demanded level", func(t testing.TB, c *Case) {
			c.check(t, "rebuild/linux").Level = reports.Explained
			c.Demands.Rebuild = reports.Explained
		}, reports.Met},
		{"failure and its finding waived", func(t testing.TB, c *Case) {
			c.check(t, "advisories/linux").Status = reports.Fail
			c.find("f", "advisories/linux", reports.High)
			c.find("lesser", "advisories/linux", reports.Low)
			waive(c, "f", nextYear)
		}, reports.Met},
		{"failure and one of two findings waived", func(t testing.TB, c *Case) {
			c.check(t, "advisories/linux").Status = reports.Fail
			c.find("f", "advisories/linux", reports.High)
			c.find("g", "advisories/linux", reports.Critical)
			waive(c, "f", nextYear)
		}, reports.NotMet},
		{"failure over lesser findings, one waived", func(t testing.TB, c *Case) {
			c.check(t, "advisories/linux").Status = reports.Fail
			c.find("f", "advisories/linux", reports.Medium)
			c.find("g", "advisories/linux", reports.Low)
			waive(c, "f", nextYear)
		}, reports.NotMet},
		{"failure over lesser findings, all waived", func(t testing.TB, c *Case) {
			c.check(t, "advisories/linux").Status = reports.Fail
			c.find("f", "advisories/linux", reports.Medium)
			waive(c, "f", nextYear)
		}, reports.Met},
		{"failure over notes, one of them waived", func(t testing.TB, c *Case) {
			c.check(t, "inventory/linux").Status = reports.Fail
			c.find("f", "inventory/linux", reports.Note)
			c.find("g", "inventory/linux", reports.Note)
			waive(c, "f", nextYear)
		}, reports.NotMet},
		{"failure over notes, all waived", func(t testing.TB, c *Case) {
			c.check(t, "inventory/linux").Status = reports.Fail
			c.find("f", "inventory/linux", reports.Note)
			waive(c, "f", nextYear)
		}, reports.Met},
		{"finding that calls itself waived", func(_ testing.TB, c *Case) {
			c.find("f", "source/src", reports.High, "C1")
			c.Outcomes.Findings[0].Waived = true
		}, reports.NotMet},
		{"waiver that has expired", func(t testing.TB, c *Case) {
			c.find("f", "source/src", reports.High, "C1")
			waive(c, "f", asOf)
		}, reports.NotMet},
		{"waiver on its last instant", func(t testing.TB, c *Case) {
			c.find("f", "source/src", reports.High, "C1")
			waive(c, "f", asOf.Add(time.Second))
		}, reports.Met},
		{"waiver of another finding", func(t testing.TB, c *Case) {
			c.find("f", "source/src", reports.High, "C1")
			waive(c, "F", nextYear)
		}, reports.NotMet},
		{"waiver in an audit without an instant", func(t testing.TB, c *Case) {
			c.find("f", "source/src", reports.High, "C1")
			waive(c, "f", nextYear)
			c.AsOf = time.Time{}
		}, reports.NotMet},
		{"failure without a finding cannot be waived", func(t testing.TB, c *Case) {
			c.check(t, "rebuild/linux").Status = reports.Fail
			waive(c, "rebuild/linux", nextYear)
		}, reports.NotMet},
		{"finding below what fails", func(_ testing.TB, c *Case) { c.find("f", "source/src", reports.Medium, "C1") }, reports.Met},
		{"finding of an unknown severity", func(_ testing.TB, c *Case) { c.find("f", "source/src", "vast", "C1") }, reports.NotMet},
		{"finding of a check that judges its own", func(_ testing.TB, c *Case) { c.find("f", "advisories/linux", reports.High) }, reports.Met},
		{"findings fail nothing", func(_ testing.TB, c *Case) {
			c.find("f", "source/src", reports.Critical, "C1")
			c.Demands.FailOn = ""
		}, reports.Met},
		{"failure before incompleteness", func(t testing.TB, c *Case) {
			c.check(t, "rebuild/linux").Status = reports.Fail
			c.check(t, "source/src").Status = reports.NotRun
		}, reports.NotMet},
		{"demanded check in part", func(t testing.TB, c *Case) { c.check(t, "source/src").Status = reports.Incomplete }, reports.ResultIncomplete},
		{"owed check that is absent", func(_ testing.TB, c *Case) { c.Owed = append(c.Owed, "claims/k1") }, reports.ResultIncomplete},
		{"check in part that nobody demands or is owed", func(_ testing.TB, c *Case) {
			c.Outcomes.Checks = append(c.Outcomes.Checks, reports.Check{ID: "fetch/document/1", Status: reports.NotRun})
		}, reports.Met},
		{"demanded and called not-applicable", func(t testing.TB, c *Case) { c.check(t, "source/src").Status = reports.NotApplicable }, reports.ResultIncomplete},
		{"not demanded and not applicable", func(t testing.TB, c *Case) {
			c.check(t, "provenance/linux").Status = reports.NotApplicable
			c.Demands.Provenance = map[string]int{"vendor": 0}
		}, reports.Met},
		{"demanded, and there is none", func(_ testing.TB, c *Case) {
			c.drop("declared/src")
			c.Owed = nil
		}, reports.ResultIncomplete},
		{"artifact without the demanded rebuild", func(_ testing.TB, c *Case) {
			c.Submission.Artifacts = append(c.Submission.Artifacts, submission.Artifact{Name: "mac"})
		}, reports.ResultIncomplete},
		{"nothing demanded, nothing done", func(_ testing.TB, c *Case) {
			c.Demands, c.Outcomes, c.Owed = Demands{}, reports.Outcomes{}, nil
		}, reports.ResultIncomplete},
		{"nothing demanded, something done", func(_ testing.TB, c *Case) { c.Demands = Demands{} }, reports.Met},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			c := goodCase(t)
			tt.change(t, &c)
			v := Assess(c)
			if v.Result != tt.want {
				t.Errorf("result %s, want %s; %s", v.Result, tt.want, v.Reasons)
			}
			if (v.Result == reports.Met) != (len(v.Reasons) == 0) {
				t.Errorf("result %s with reasons %s", v.Result, v.Reasons)
			}
		})
	}
}

func TestWaiverRows(t *testing.T) {
	c := goodCase(t)
	c.find("used", "source/src", reports.High, "C1")
	c.find("late", "source/src", reports.High, "C1")
	next := asOf.AddDate(1, 0, 0)
	c.Waivers = []Waiver{
		{Finding: "used", Reason: "why", Approver: "who", Expires: next}, {Finding: "unused", Expires: next}, {Finding: "late", Expires: asOf},
	}
	v := Assess(c)
	var got []string
	for _, w := range v.Waivers {
		got = append(got, w.Finding+" "+w.Expires+" "+map[bool]string{true: "applied", false: "expired"}[w.Applied])
	}
	want := []string{"late 2026-11-21T00:00:00Z expired", "used 2027-11-21T00:00:00Z applied"}
	if !slices.Equal(got, want) {
		t.Errorf("waivers %q, want %q", got, want)
	}
	for _, f := range v.Findings {
		if f.Waived != (f.ID == "used") {
			t.Errorf("finding %s: waived %v", f.ID, f.Waived)
		}
	}
	if s := join(v.Residual); !strings.Contains(s, "Finding used remains: who waived it until 2027-11-21T00:00:00Z.") {
		t.Errorf("residual does not tell of the waiver: %s", s)
	}
}

func join(list []safetext.Text) string {
	var out []string
	for _, s := range list {
		out = append(out, s.String())
	}
	return strings.Join(out, "\n")
}

func TestSentences(t *testing.T) {
	c := goodCase(t)
	c.Mode = reports.SelfAssessment
	c.check(t, "rebuild/linux").Cap = reports.PartlySupported
	c.check(t, "advisories/linux").Status = reports.Fail
	k := c.check(t, "declared/src")
	k.Status, k.Reason = reports.NotRun, safetext.Of("the source was not read")
	c.Owed = append(c.Owed, "claims/k1")
	v := Assess(c)
	for _, want := range []string{
		"C8 (correspondence of source and product) is supported in part; it is held down by rebuild/linux (its cap).",
		"C9 (known flaws) is contradicted by advisories/linux.",
		"This is a self-assessment: nobody independent of the vendor carried it out.",
	} {
		if !strings.Contains(join(v.Residual), want) {
			t.Errorf("residual lacks %q:\n%s", want, join(v.Residual))
		}
	}
	for _, want := range []string{
		"declared/src was not carried out: the source was not read.",
		"claims/k1 was not carried out: no such check was carried out.",
		"C1 (access) was not assessed; it lacks declared, declared/src.",
		"C2 (compelled assistance) cannot be answered by a technical check.",
		"C10 (presence) was not assessed; no check of an audit answers it.",
	} {
		if !strings.Contains(join(v.NotAssessed), want) {
			t.Errorf("not assessed lacks %q:\n%s", want, join(v.NotAssessed))
		}
	}
}

func TestClaims(t *testing.T) {
	c := goodCase(t)
	c.check(t, "advisories/linux").Status = reports.Fail
	c.check(t, "declared/src").Status = reports.NotRun
	c.check(t, "provenance/linux").Cap = reports.PartlySupported
	tests := []struct {
		name, want, by string
		claim          submission.Claim
	}{
		{"supported", VerdictSupported, "fetch/linux fetch/src fetch/windows provenance/linux provenance/windows rebuild/linux rebuild/windows", submission.Claim{Kind: "technical", Concerns: []string{"C7"}, Evidence: []string{"rebuild/linux"}}},
		{"contradicted", VerdictContradicted, "", submission.Claim{Kind: "technical", Concerns: []string{"C7", "C9"}}},
		{"not assessed", VerdictNotAssessed, "", submission.Claim{Kind: "technical", Concerns: []string{"C7", "C1"}}},
		{"supported in part is not supported", VerdictNotAssessed, "", submission.Claim{Kind: "technical", Concerns: []string{"C8"}}},
		{"not answerable", VerdictNotAnswerable, "", submission.Claim{Kind: "technical", Concerns: []string{"C4", "C7"}}},
		{"documentary", VerdictDocumentsOnly, "", submission.Claim{Kind: "documentary", Concerns: []string{"C7"}}},
		{"legal", VerdictNotAnswerable, "", submission.Claim{Kind: "legal", Concerns: []string{"C7"}}},
		{"about nothing", VerdictNotAssessed, "", submission.Claim{Kind: "technical"}},
		{"about a concern that is not", VerdictNotAssessed, "", submission.Claim{Kind: "technical", Concerns: []string{"C7", "C99"}}},
		{"by a failed check", VerdictContradicted, "advisories/linux", submission.Claim{Kind: "technical", Evidence: []string{"advisories/linux"}}},
		{"by a capped check", VerdictNotAssessed, "provenance/linux", submission.Claim{Kind: "technical", Evidence: []string{"provenance/linux"}}},
		{"by a check that is not", VerdictNotAssessed, "-", submission.Claim{Kind: "technical", Evidence: []string{"rebuild/mac"}}},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			c := clone(c)
			tt.claim.ID = "K1"
			c.Submission.Claims = []submission.Claim{tt.claim}
			got := Assess(c).Claims[0]
			if got.Verdict != tt.want {
				t.Errorf("verdict %s, want %s", got.Verdict, tt.want)
			}
			if by := strings.Join(got.By, " "); tt.by != "" && tt.name != "supported" && by != strings.TrimPrefix(tt.by, "-") {
				t.Errorf("by %q, want %q", by, tt.by)
			}
		})
	}
	claims := Assess(c).Claims
	if claims[0].ID != "K1" || claims[1].ID != "K2" {
		t.Errorf("claims are not sorted: %v", claims)
	}
}

func TestMitigations(t *testing.T) {
	c := goodCase(t)
	c.check(t, "advisories/linux").Status = reports.Fail
	tests := []struct {
		name, want string
		m          submission.Mitigation
	}{
		{"by a check", VerdictSupported, submission.Mitigation{Concern: "C8", Status: "in-place", VerifiableBy: "rebuild/linux"}},
		{"by a kind", VerdictSupported, submission.Mitigation{Concern: "C8", Status: "in-place", VerifiableBy: "rebuild"}},
		{"by a kind that failed once", VerdictContradicted, submission.Mitigation{Concern: "C8", Status: "in-place", VerifiableBy: "advisories"}},
		{"planned", VerdictNotAssessed, submission.Mitigation{Concern: "C8", Status: "planned", VerifiableBy: "rebuild"}},
		{"by a check that is not", VerdictNotAssessed, submission.Mitigation{Concern: "C8", Status: "in-place", VerifiableBy: "rebuild/mac"}},
		{"by a kind of which there is none", VerdictNotAssessed, submission.Mitigation{Concern: "C8", Status: "in-place", VerifiableBy: "claims"}},
		{"by paper", VerdictDocumentsOnly, submission.Mitigation{Concern: "C8", Status: "in-place", VerifiableBy: "the escrow agreement"}},
		{"by nothing", VerdictNotAssessed, submission.Mitigation{Concern: "C8", Status: "in-place"}},
		{"of what nothing answers", VerdictNotAnswerable, submission.Mitigation{Concern: "C4", Status: "in-place", VerifiableBy: "an oath"}},
		{"of a contradicted concern", VerdictNotAssessed, submission.Mitigation{Concern: "C9", Status: "in-place", VerifiableBy: "inventory"}},
		{"of a concern that is not", VerdictNotAssessed, submission.Mitigation{Concern: "C99", Status: "in-place", VerifiableBy: "rebuild"}},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			c := clone(c)
			c.Submission.Mitigations = []submission.Mitigation{tt.m}
			if got := Assess(c).Mitigations[0]; got.Verdict != tt.want {
				t.Errorf("verdict %s by %v, want %s", got.Verdict, got.By, tt.want)
			}
		})
	}
}

func TestItems(t *testing.T) {
	c := goodCase(t)
	c.Submission.Respondent.Contact = ""
	got := map[string]reports.ResponseItem{}
	for _, i := range Assess(c).Items {
		got[i.ID] = i
	}
	if i := got["contact"]; !i.Missing || i.Where != "respondent.contact" {
		t.Errorf("contact: %+v", i)
	}
	if i := got["interest"]; i.Missing || i.Where != "respondent.basis" {
		t.Errorf("interest: %+v", i)
	}
	if i := got["mitigations"]; !i.Missing || !strings.Contains(i.Text.String(), "not required") {
		t.Errorf("mitigations: %+v", i)
	}
	if _, ok := got["plan-costs"]; ok {
		t.Error("an item of an agency's plan is asked of a vendor's response")
	}
}

// Every field that a profile may name is one that can be found filled.
func TestEveryFieldCanAnswer(t *testing.T) {
	full := &submission.Submission{
		Respondent: submission.Respondent{Name: "n", Contact: "c", Basis: "b"},
		Matter:     submission.Matter{Number: "1", Received: profile.Date{Year: 2026, Month: 1, Day: 1}},
		Products:   make([]submission.Product, 1), Channels: make([]submission.Channel, 1), Claims: make([]submission.Claim, 1),
		Mitigations: make([]submission.Mitigation, 1), Exclusions: make([]submission.Exclusion, 1),
		Endpoints: make([]submission.Endpoint, 1), Capabilities: make([]submission.Capability, 1), Documents: make([]submission.Document, 1),
	}
	for _, f := range profile.Fields() {
		if !answers(full, f) || answers(&submission.Submission{}, f) {
			t.Errorf("field %s: filled %v, empty %v", f, answers(full, f), answers(&submission.Submission{}, f))
		}
	}
	if answers(full, "") || answers(full, "respondent.taste") {
		t.Error("a field that is not answers an item")
	}
}

func TestClock(t *testing.T) {
	c := goodCase(t)
	rows := map[string]reports.Clock{}
	for _, k := range Assess(c).Clock {
		rows[k.ID] = k
	}
	if r := rows["response"]; r.Due != "2017-11-03" || r.Event != "published" || r.Kind != "receive-by" || r.Confidence != "summarised" {
		t.Errorf("response: %+v", r)
	}
	if r := rows["response-moved"]; r.Due != "" || !strings.Contains(r.Note.String(), "unverified") {
		t.Errorf("an unverified clock has a date: %+v", r)
	}
	c.AcceptUnverified = true
	c.Events = map[string]profile.Date{"removal-begun": {Year: 2026, Month: 11, Day: 20}}
	for _, k := range Assess(c).Clock {
		rows[k.ID] = k
	}
	if rows["response-moved"].Due != "2017-11-10" || rows["status"].Due != "2026-12-20" {
		t.Errorf("%+v\n%+v", rows["response-moved"], rows["status"])
	}
}

// A process whose clock runs from the receipt of a notice takes the day from the
// submission, unless the reviewer gives one.
func TestClockFromReceipt(t *testing.T) {
	c := goodCase(t)
	c.Profile = &profile.Profile{
		Events: []profile.Event{{ID: EventReceived, Confidence: profile.Quoted}},
		Clocks: []profile.Clock{{ID: "response", From: EventReceived, N: 30, Unit: profile.CalendarDay, Confidence: profile.Quoted}},
	}
	c.Submission.Matter.Received = profile.Date{Year: 2026, Month: 11, Day: 1}
	if got := Assess(c).Clock[0].Due; got != "2026-12-01" {
		t.Errorf("due %s by the submission's day", got)
	}
	c.Events = map[string]profile.Date{EventReceived: {Year: 2026, Month: 11, Day: 2}}
	if got := Assess(c).Clock[0].Due; got != "2026-12-02" {
		t.Errorf("due %s by the reviewer's day", got)
	}
}

func TestFill(t *testing.T) {
	c := goodCase(t)
	c.Declared.Endpoints = []reports.DeclaredRow{{Name: safetext.Of("b")}, {Name: safetext.Of("a"), Observed: true}, {Name: safetext.Of("a")}}
	c.Submission.Mitigations = []submission.Mitigation{{ID: "M2"}, {ID: "M1"}}
	v := Assess(c)
	var r reports.Report
	v.Fill(&r)
	if len(r.Concerns) != 12 || len(r.Claims) != 2 || len(r.Items) == 0 || len(r.Clock) == 0 || r.Result != reports.Met {
		t.Errorf("the report is not filled: %+v", r)
	}
	if d := r.Declared.Endpoints; d[0].Observed || !d[1].Observed || d[2].Name.String() != "b" {
		t.Errorf("declared rows are not sorted: %+v", d)
	}
	if r.Mitigations[0].ID != "M1" {
		t.Errorf("mitigations are not sorted: %+v", r.Mitigations)
	}
	raw, err := json.Marshal(v)
	if err != nil {
		t.Fatal(err)
	}
	if strings.Contains(string(raw), "null") {
		t.Errorf("the verdict has a null in JSON: %s", raw)
	}
}
