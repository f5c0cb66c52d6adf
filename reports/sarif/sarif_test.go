package sarif

import (
	"bytes"
	"encoding/json"
	"net/url"
	"strings"
	"testing"
	"unicode/utf8"

	"github.com/proffer-audit/proffer/reports"
	"github.com/proffer-audit/proffer/reports/safetext"
)

func sample() reports.Report {
	return reports.Report{
		Auditor:    reports.Auditor{Version: "0.1.0"},
		AsOf:       "2026-11-21T00:00:00Z",
		Mode:       reports.Independent,
		Result:     reports.NotMet,
		Submission: reports.SubmissionID{ID: "acme-agent", Version: 2},
		Checks: []reports.Check{
			{ID: "advisories/linux-x64", Status: reports.Fail, Reason: safetext.Of("two flaws")},
			{ID: "provenance/linux-x64", Status: reports.Fail, Reason: safetext.Of("one rebuilder of two")},
			{ID: "rebuild/linux-x64", Status: reports.NotRun, Reason: safetext.Of("no sandbox")},
			{ID: "source/agent", Status: reports.Incomplete, Reason: safetext.Of("a limit was hit")},
			{ID: "fetch/agent", Status: reports.Pass},
			{ID: "claims/K1", Status: reports.NotApplicable},
		},
		Findings: []reports.Finding{
			{
				ID: "source.exec/1", Rule: "source.exec", Severity: reports.Medium, Check: "source/agent", Message: safetext.Of("runs {0} programs [here](https://example.org)"),
				Location: &reports.Location{Path: safetext.Of("cmd/agent/main.go"), Line: 7}, Trace: []safetext.Text{safetext.Of("main.main"), safetext.Of("os/exec.Command")},
			},
			{
				ID: "advisories.known/2", Rule: "advisories.known", Severity: reports.High, Check: "advisories/linux-x64", Message: safetext.Of("GO-1"), Waived: true,
				Location: &reports.Location{Path: safetext.Of("agent: go.mod")}, Facts: map[string]safetext.Text{"id": safetext.Of("GO-1")},
			},
			{ID: "odd/3", Rule: "odd", Severity: "sideways", Check: "x"},
		},
		Waivers: []reports.Waiver{{Finding: "advisories.known/2", Reason: safetext.Of("not used"), Approver: safetext.Of("R. Viewer"), Expires: "2027-01-01", Applied: true}},
	}
}

func render(t testing.TB, r reports.Report) log {
	t.Helper()
	raw, err := Render(r)
	if err != nil {
		t.Fatal(err)
	}
	again, err := Render(r)
	if err != nil || !bytes.Equal(raw, again) {
		t.Fatalf("not the same bytes again: %v", err)
	}
	if bytes.ContainsAny(raw, "<>\x1b") || !utf8.Valid(raw) {
		t.Fatalf("raw markup or controls in %s", raw)
	}
	var out log
	dec := json.NewDecoder(bytes.NewReader(raw))
	dec.DisallowUnknownFields()
	if err := dec.Decode(&out); err != nil {
		t.Fatal(err)
	}
	return out
}

func TestRender(t *testing.T) {
	r := render(t, sample()).Runs[0]
	if r.AutomationDetails.ID != "proffer/acme-agent/2" || r.Properties["result"] != "not-met" || r.Tool.Driver.Version != "0.1.0" {
		t.Errorf("run %+v", r)
	}
	var rules []string
	for _, rule := range r.Tool.Driver.Rules {
		rules = append(rules, rule.ID)
	}
	if strings.Join(rules, " ") != "advisories.known odd source.exec" {
		t.Errorf("rules %v", rules)
	}
	levels := map[string]string{"source.exec": "warning", "advisories.known": "error", "odd": "error"}
	for _, res := range r.Results {
		if rules[res.RuleIndex] != res.RuleID || res.Level != levels[res.RuleID] || res.Fingerprints[Fingerprint] == "" || res.Message.Text == "" {
			t.Errorf("result %+v", res)
		}
	}
	exec := r.Results[0]
	if exec.Message.Text != "runs {{0}} programs [here] (https://example.org)" {
		t.Errorf("message %q", exec.Message.Text)
	}
	if l := exec.Locations[0].PhysicalLocation; l.ArtifactLocation.URI != "cmd/agent/main.go" || l.Region.StartLine != 7 {
		t.Errorf("location %+v", l)
	}
	if l := r.Results[1].Locations[0].PhysicalLocation; l.Region.StartLine != 0 || l.Region.ByteOffset == nil || *l.Region.ByteOffset != 0 {
		t.Errorf("a whole file has region %+v", l.Region)
	}
	if steps := exec.CodeFlows[0].ThreadFlows[0].Locations; len(steps) != 2 || steps[1].Location.Message.Text != "os/exec.Command" {
		t.Errorf("flow %+v", steps)
	}
	if s := r.Results[1].Suppressions; len(s) != 1 || s[0].Justification != "not used (waived by R. Viewer until 2027-01-01)" {
		t.Errorf("suppressions %+v", s)
	}
	if len(r.Results[0].Suppressions) != 0 {
		t.Error("a finding that nobody waived is suppressed")
	}
}

// What could not be checked, and what failed without a finding, is said.
func TestNotifications(t *testing.T) {
	inv := render(t, sample()).Runs[0].Invocations[0]
	var got []string
	for _, n := range inv.Notifications {
		got = append(got, n.Level+" "+n.Message.Text)
	}
	want := []string{
		"error provenance/linux-x64 is fail: one rebuilder of two",
		"warning rebuild/linux-x64 is not-run: no sandbox",
		"warning source/agent is incomplete: a limit was hit",
	}
	if strings.Join(got, "\n") != strings.Join(want, "\n") || inv.ExecutionSuccessful {
		t.Errorf("%q, successful %v", got, inv.ExecutionSuccessful)
	}
	whole := render(t, reports.Report{Checks: []reports.Check{{ID: "fetch/a", Status: reports.Pass}}}).Runs[0].Invocations[0]
	if !whole.ExecutionSuccessful || len(whole.Notifications) != 0 {
		t.Errorf("%+v", whole)
	}
}

func TestRelative(t *testing.T) {
	for path, want := range map[string]string{
		"a/b.go":               "a/b.go",
		"/etc/passwd":          "etc/passwd",
		"../../x":              "_up_/_up_/x",
		"agent: go.mod":        "agent%3A%20go.mod",
		"https://example.org/": "https%3A/example.org",
		"javascript:alert(1)":  "javascript%3Aalert%281%29",
		`C:\x`:                 "C%3A%5Cx",
		"a?b#c%2e":             "a%3Fb%23c%252e",
		"":                     "_nowhere_",
	} {
		got := relative(path)
		if got != want {
			t.Errorf("relative(%q) = %q, want %q", path, got, want)
		}
		if u, err := url.Parse(got); err != nil || u.IsAbs() || u.Host != "" || strings.HasPrefix(u.Path, "/") {
			t.Errorf("%q is no relative reference: %v", got, err)
		}
	}
}

// hostile are texts that a vendor could choose to mislead a reader.
func hostile() []string {
	return []string{
		"<script>alert(1)</script>", `"><img src=x onerror=alert(1)>`, "\x1b[2J\x1b]0;title\x07", "a\u202eb\u2066c", "\u200b\u00ad\ufeff",
		"[click](https://example.org)", "{0} {{x}}", "=cmd|' /C calc'!A0", "\xff\xfe", "a\r\nb", "</style><style>*{}", "javascript:alert(1)", strings.Repeat("A", 5000),
	}
}

func TestHostile(t *testing.T) {
	for _, h := range hostile() {
		r := sample()
		r.AsOf, r.Submission.ID, r.Findings[0].ID, r.Findings[0].Rule, r.Findings[0].Check = h, h, h, h, h
		r.Findings[0].Message, r.Findings[0].Location.Path = safetext.Of(h), safetext.Of(h)
		r.Findings[0].Facts = map[string]safetext.Text{h: safetext.Of(h)}
		r.Checks[1].ID, r.Checks[1].Reason = h, safetext.Of(h)
		out := render(t, r)
		for _, text := range []string{out.Runs[0].Results[0].Message.Text, out.Runs[0].Invocations[0].Notifications[0].Message.Text} {
			if strings.Contains(text, "](") {
				t.Errorf("%q makes a link: %q", h, text)
			}
		}
		raw, err := json.Marshal(out)
		if err != nil {
			t.Fatal(err)
		}
		for _, c := range string(raw) {
			if c != ' ' && safetext.Of(string(c)).String() != string(c) {
				t.Errorf("%q lets %U through", h, c)
			}
		}
	}
}

func FuzzRender(f *testing.F) {
	for _, h := range hostile() {
		f.Add(h, h)
	}
	f.Fuzz(func(t *testing.T, a, b string) {
		r := sample()
		r.Findings[0].Message, r.Findings[0].Location.Path, r.Findings[0].Rule = safetext.Of(a), safetext.Of(b), b
		out := render(t, r)
		uri := out.Runs[0].Results[0].Locations[0].PhysicalLocation.ArtifactLocation.URI
		if u, err := url.Parse(uri); err != nil || u.IsAbs() || u.Host != "" {
			t.Fatalf("uri %q", uri)
		}
	})
}
