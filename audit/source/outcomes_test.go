package source

import (
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/proffer-audit/proffer/audit/source/bytes"
	"github.com/proffer-audit/proffer/audit/source/link"
	"github.com/proffer-audit/proffer/reports"
)

// analysed is a result in which everything was done and nothing seen.
func analysed() Result {
	return Result{
		Passes: []string{PassBytes, PassLink}, Uncovered: []Uncovered{}, Gaps: []link.Gap{},
		Bytes: &bytes.Report{Files: 3, Languages: []bytes.Language{{Name: "Go", Files: 2}, {Name: "JavaScript", Files: 1}}},
		Link:  &link.Report{Go: "go1.26.0", Config: "linux/amd64"},
	}
}

func with(change func(*Result)) Result {
	r := analysed()
	change(&r)
	return r
}

func network() link.Capability {
	return link.Capability{Name: "NETWORK", Functions: 2, First: []string{"p.main", "p.send"}, Entry: true, Path: []link.Hop{
		{Function: "p.main", File: "main.go", Line: 3, Own: true},
		{Function: "p.send", File: "send.go", Line: 9, Own: true},
		{Function: "net.Dial", File: "$GOROOT/src/net/dial.go", Line: 1},
	}}
}

func outcomes(t *testing.T, res Result, pol Policy) (reports.Outcomes, Rows) {
	t.Helper()
	out, rows, err := Outcomes("agent", res, pol)
	if err != nil {
		t.Fatal(err)
	}
	ids := map[string]bool{}
	for _, f := range out.Findings {
		if ids[f.ID] {
			t.Errorf("two findings are called %s", f.ID)
		}
		ids[f.ID] = true
		if !f.Severity.Valid() || f.Concerns == nil || f.Evidence == nil || f.Message.IsZero() {
			t.Errorf("finding %+v", f)
		}
	}
	return out, rows
}

func find(out reports.Outcomes, rule string) []reports.Finding {
	var list []reports.Finding
	for _, f := range out.Findings {
		if f.Rule == rule {
			list = append(list, f)
		}
	}
	return list
}

func TestNothingSeenPasses(t *testing.T) {
	out, _ := outcomes(t, analysed(), Policy{Evidence: []string{"sha256:b", "sha256:a"}})
	for i, id := range []string{"source/agent", "declared/agent"} {
		c := out.Checks[i]
		if c.ID != id || c.Status != reports.Pass || c.EvidenceClass != reports.E2 || len(c.Limits) == 0 ||
			!slices.Equal(c.Evidence, []string{"sha256:a", "sha256:b"}) {
			t.Errorf("check %+v", c)
		}
	}
	if len(out.Findings) != 0 {
		t.Errorf("findings %+v", out.Findings)
	}
	said := fmt.Sprint(out.Checks[0].Limits)
	for _, want := range []string{"linux/amd64", "JavaScript (1)", "reflection", "no data flow"} {
		if !strings.Contains(said, want) {
			t.Errorf("the limits do not say %q: %s", want, said)
		}
	}
}

func TestStatuses(t *testing.T) {
	bidi := bytes.Mark{Kind: "bidi", File: "a.go", Place: "code", Line: 1, Column: 1, Where: "code", Count: 1}
	quiet := bidi
	quiet.Place = "test"
	for _, c := range []struct {
		name             string
		res              Result
		pol              Policy
		source, declared reports.Status
	}{
		{"bidi in code", with(func(r *Result) { r.Bytes.Marks = []bytes.Mark{bidi} }), Policy{}, reports.Fail, reports.Pass},
		{"bidi in a test", with(func(r *Result) { r.Bytes.Marks = []bytes.Mark{quiet} }), Policy{}, reports.Pass, reports.Pass},
		{"bidi in a test, low fails", with(func(r *Result) { r.Bytes.Marks = []bytes.Mark{quiet} }), Policy{FailOn: reports.Low}, reports.Fail, reports.Pass},
		{"a capability", with(func(r *Result) { r.Link.Capabilities = []link.Capability{network()} }), Policy{}, reports.Pass, reports.Pass},
		{"a denied one", with(func(r *Result) { r.Link.Capabilities = []link.Capability{network()} }), Policy{Deny: []string{"NETWORK"}}, reports.Fail, reports.Pass},
		{"another denied", with(func(r *Result) { r.Link.Capabilities = []link.Capability{network()} }), Policy{Deny: []string{"EXEC"}}, reports.Pass, reports.Pass},
		{"an undeclared one", with(func(r *Result) { r.Link.Capabilities = []link.Capability{network()} }), Policy{MustDeclare: []string{"NETWORK"}}, reports.Pass, reports.Fail},
		{
			"a declared one", with(func(r *Result) { r.Link.Capabilities = []link.Capability{network()} }),
			Policy{MustDeclare: []string{"NETWORK"}, DeclaredCapabilities: []string{"NETWORK"}},
			reports.Pass, reports.Pass,
		},
		{"a gap", with(func(r *Result) { r.Link.Gaps = []link.Gap{{What: "p", Why: "limit"}} }), Policy{}, reports.Incomplete, reports.Incomplete},
		{"a gap and a failure", with(func(r *Result) { r.Gaps = []link.Gap{{What: "p"}}; r.Bytes.Marks = []bytes.Mark{bidi} }), Policy{}, reports.Fail, reports.Incomplete},
		{"no Go, no demand", with(func(r *Result) { r.Link = nil }), Policy{}, reports.Pass, reports.Incomplete},
		{"no Go, a demand", with(func(r *Result) { r.Link = nil }), Policy{Deny: []string{"EXEC"}}, reports.Incomplete, reports.Incomplete},
		{"no files", with(func(r *Result) { r.Bytes = nil }), Policy{}, reports.Incomplete, reports.Incomplete},
		{"nothing at all", Result{}, Policy{}, reports.Incomplete, reports.Incomplete},
		{"stopped", Interrupted(Request{}, "cpu", nil), Policy{}, reports.Incomplete, reports.Incomplete},
	} {
		t.Run(c.name, func(t *testing.T) {
			out, _ := outcomes(t, c.res, c.pol)
			if got := out.Checks[0]; got.Status != c.source || got.Reason.IsZero() || got.Code == "" {
				t.Errorf("source: %s (%s), want %s", got.Status, got.Reason, c.source)
			}
			if got := out.Checks[1]; got.Status != c.declared || got.Reason.IsZero() || got.Code == "" {
				t.Errorf("declared: %s (%s), want %s", got.Status, got.Reason, c.declared)
			}
			for _, check := range out.Checks {
				if check.Cap != reports.PartlySupported {
					t.Errorf("%s is incomplete and caps nothing", check.ID)
				}
			}
		})
	}
}

func TestUnknownCapabilitiesAreRefused(t *testing.T) {
	for _, pol := range []Policy{{Deny: []string{"EXECUTE"}}, {MustDeclare: []string{"net"}}, {DeclaredCapabilities: []string{""}}} {
		if _, _, err := Outcomes("agent", analysed(), pol); err == nil {
			t.Errorf("%+v is taken for an empty demand", pol)
		}
	}
}

func TestCapabilityFinding(t *testing.T) {
	exec := link.Capability{Name: "EXEC", Functions: 1, First: []string{"p.main"}, Path: []link.Hop{{Function: "p.main", File: "main.go", Line: 4, Own: true}}}
	res := with(func(r *Result) { r.Link.Capabilities = []link.Capability{exec, network()} })
	out, rows := outcomes(t, res, Policy{})
	list := find(out, "source.capability")
	if len(list) != 2 {
		t.Fatalf("findings %+v", list)
	}
	for _, f := range list {
		if f.Facts["capability"].String() != "NETWORK" {
			continue
		}
		if f.Location.Path.String() != "send.go" || f.Location.Line != 9 || len(f.Trace) != 3 ||
			!slices.Equal(f.Concerns, []string{"C3", "C5", "C6"}) || f.Severity != reports.Note {
			t.Errorf("finding %+v", f)
		}
	}
	if len(rows.Capabilities) != 2 || rows.Capabilities[0].Declared || !rows.Capabilities[0].Observed {
		t.Errorf("rows %+v", rows.Capabilities)
	}
	alone, _ := outcomes(t, with(func(r *Result) { r.Link.Capabilities = []link.Capability{network()} }), Policy{})
	if f := find(alone, "source.capability"); slices.Contains(f[0].Concerns, "C5") {
		t.Errorf("the network alone is no updater: %v", f[0].Concerns)
	}
}

func TestFloodHidesNothing(t *testing.T) {
	var marks []bytes.Mark
	for i := range perRule + 10 {
		marks = append(marks, bytes.Mark{Kind: "invisible", File: fmt.Sprintf("f%03d.go", i), Place: "code", Line: 1, Count: 1})
	}
	for i := range 300 {
		marks = append(marks, bytes.Mark{Kind: "invisible", File: fmt.Sprintf("t%03d.txt", i), Place: "doc", Line: 1, Count: 1})
	}
	out, _ := outcomes(t, with(func(r *Result) { r.Bytes.Marks = marks }), Policy{})
	list := find(out, "source.invisible")
	if len(list) != perRule+2 {
		t.Fatalf("%d findings, want %d", len(list), perRule+2)
	}
	counts := map[string]reports.Severity{}
	for _, f := range list {
		counts[f.Facts["count"].String()] = f.Severity
	}
	if counts["10"] != reports.Medium || counts["300"] != reports.Low {
		t.Errorf("the rest stands at %v", counts)
	}
}

func TestIDsAreStable(t *testing.T) {
	mark := bytes.Mark{Kind: "bidi", File: "a.go", Place: "code", Line: 1, Count: 1}
	id := func(m bytes.Mark, subject string) string {
		out, _, err := Outcomes(subject, with(func(r *Result) { r.Bytes.Marks = []bytes.Mark{m} }), Policy{})
		if err != nil {
			t.Fatal(err)
		}
		return out.Findings[0].ID
	}
	moved, other := mark, mark
	moved.Line, moved.Count, other.File = 99, 7, "b.go"
	if id(mark, "agent") != id(moved, "agent") {
		t.Error("a finding that moved has another id")
	}
	if id(mark, "agent") == id(other, "agent") || id(mark, "agent") == id(mark, "tool") {
		t.Error("two findings have one id")
	}
	if got := id(mark, "agent"); !strings.HasPrefix(got, "source.bidi/") || len(got) != len("source.bidi/")+16 {
		t.Errorf("id %s", got)
	}
}

func TestOtherFindings(t *testing.T) {
	res := with(func(r *Result) {
		r.Bytes.Identifiers = []bytes.Identifier{
			{File: "a.go", Place: "code", Line: 2, Name: "isАdmin", Reads: "isAdmin", Scripts: []string{"Cyrillic", "Latin"}, Twin: true, Count: 1},
			{File: "a.go", Place: "code", Line: 3, Name: "pаy", Reads: "pay", Scripts: []string{"Cyrillic", "Latin"}, Count: 2},
		}
		r.Bytes.Blobs = []bytes.Blob{
			{File: "a.png", Place: "code", Kind: "disguised", Type: "elf", Size: 9},
			{File: "bin/x", Place: "code", Kind: "executable", Type: "elf", Size: 9},
			{File: "data", Place: "code", Kind: "random", Size: 9, Entropy: 7.99},
		}
		r.Bytes.Archives = []bytes.Blob{{File: "x.zip", Place: "code", Kind: "archive", Type: "zip", Size: 9}}
		r.Bytes.Unread = []bytes.Unread{{Path: "link", Why: "symbolic link to \u202e/etc"}}
		r.Uncovered = []Uncovered{{File: "a_test.go", Why: WhyTest}, {File: "w.go", Why: WhyConstraint, Hints: []string{"EXEC"}}}
		r.Link.Linknames = []link.Linkname{{File: "l.go", Line: 4, Local: "f", Target: "syscall.f"}, {File: "m@v1/l.go", Local: "g"}}
	})
	out, _ := outcomes(t, res, Policy{})
	var got []string
	for _, f := range out.Findings {
		got = append(got, fmt.Sprintf("%s %s %s", f.Rule, f.Severity, f.Location.Path))
	}
	slices.Sort(got)
	want := []string{
		"source.archive low x.zip", "source.blob high a.png", "source.blob medium bin/x", "source.blob medium data",
		"source.confusable high a.go", "source.confusable medium a.go", "source.linkname low l.go",
		"source.uncovered-files low w.go", "source.unread low link",
	}
	if !slices.Equal(got, want) {
		t.Errorf("findings\n%s\nwant\n%s", strings.Join(got, "\n"), strings.Join(want, "\n"))
	}
	if f := find(out, "source.uncovered-files")[0]; f.Facts["count"].String() != "1" || f.Facts["test"].String() != "1" || f.Facts["importsHintAt"].String() != "EXEC" {
		t.Errorf("facts %v", f.Facts)
	}
	if f := find(out, "source.unread")[0]; strings.Contains(f.Message.String(), "\u202e") {
		t.Errorf("vendor text comes through: %q", f.Message)
	}
}

func endpointsOf(t *testing.T, pol Policy) (reports.Outcomes, Rows) {
	host := func(name, class string, built, quiet int) bytes.Host {
		return bytes.Host{Name: name, Class: class, Built: built, Quiet: quiet, First: []bytes.Mention{{File: "a.go", Line: 5, Text: "https://" + name}}}
	}
	return outcomes(t, with(func(r *Result) {
		r.Bytes.Hosts = []bytes.Host{
			host("docs.acme.com", "", 0, 4), host("localhost", "loopback", 2, 0), host("planted.invalid", "reserved", 1, 0),
			host("update.acme.com", "", 2, 1), host("www.w3.org", "namespace", 3, 0),
		}
		r.Link.Endpoints = []link.Endpoint{
			{Kind: "dial", Address: "c2.acme.com:443", Via: "net.Dial", File: "net.go", Line: 7},
			{Kind: "dial", Address: "https://update.acme.com/v1", Via: "net/http.Get", File: "up.go", Line: 8},
			{Kind: "dial", Address: "127.0.0.1:1", File: "net.go", Line: 1},
			{Kind: "listen", Address: ":8080", File: "net.go", Line: 2},
		}
	}), pol)
}

func TestEndpoints(t *testing.T) {
	out, rows := endpointsOf(t, Policy{DeclaredEndpoints: []string{"update.acme.com", "*.unused.acme.com"}})
	var got []string
	for _, f := range append(find(out, "source.endpoint"), find(out, "declared.endpoint")...) {
		got = append(got, strings.TrimSpace(fmt.Sprintf("%s %s %s %s %s", f.Rule, f.Severity, f.Facts["host"], f.Facts["state"], f.Facts["hosts"])))
	}
	slices.Sort(got)
	want := []string{
		"declared.endpoint low planted.invalid literal", "declared.endpoint medium c2.acme.com used",
		"source.endpoint note   docs.acme.com", "source.endpoint note c2.acme.com used",
		"source.endpoint note planted.invalid literal", "source.endpoint note update.acme.com used",
	}
	if !slices.Equal(got, want) {
		t.Errorf("findings\n%s\nwant\n%s", strings.Join(got, "\n"), strings.Join(want, "\n"))
	}
	if f := find(out, "declared.unused"); len(f) != 1 || f[0].Facts["host"].String() != "*.unused.acme.com" {
		t.Errorf("unused %+v", f)
	}
	got = nil
	for _, r := range rows.Endpoints {
		got = append(got, fmt.Sprintf("%s %v %v %s", r.Name, r.Declared, r.Observed, r.Where))
	}
	want = []string{
		"*.unused.acme.com true false ", "c2.acme.com false true net.go:7",
		"planted.invalid false true a.go:5", "update.acme.com true true up.go:8",
	}
	if !slices.Equal(got, want) {
		t.Errorf("rows\n%s\nwant\n%s", strings.Join(got, "\n"), strings.Join(want, "\n"))
	}
	if out, _ := endpointsOf(t, Policy{FailOn: reports.Medium}); out.Checks[1].Status != reports.Fail || out.Checks[0].Status != reports.Pass {
		t.Errorf("an undeclared endpoint in use: %+v", out.Checks)
	}
	if out, _ := endpointsOf(t, Policy{DeclaredEndpoints: []string{"*.acme.com", "planted.INVALID"}}); len(find(out, "declared.endpoint")) != 0 {
		t.Error("a pattern does not cover what is below it")
	}
}

func TestManyHosts(t *testing.T) {
	res := with(func(r *Result) {
		for i := range maxHosts + 30 {
			r.Bytes.Hosts = append(r.Bytes.Hosts, bytes.Host{Name: fmt.Sprintf("h%03d.acme.com", i), Built: 1, First: []bytes.Mention{{File: "a.go", Line: 1}}})
		}
		r.Link.Endpoints = []link.Endpoint{{Kind: "dial", Address: "zz.acme.com:1", File: "z.go", Line: 1}}
	})
	out, rows := outcomes(t, res, Policy{})
	if n := len(find(out, "source.endpoint")); n != maxHosts+1 {
		t.Errorf("%d findings about hosts", n)
	}
	used := false
	for _, f := range find(out, "source.endpoint") {
		used = used || f.Facts["host"].String() == "zz.acme.com"
	}
	if !used {
		t.Error("the host in use is lost among the others")
	}
	if n := len(find(out, "declared.endpoint")); n != maxHosts+2 {
		t.Errorf("%d findings about undeclared hosts", n)
	}
	if len(rows.Endpoints) != maxHosts+31 {
		t.Errorf("%d rows", len(rows.Endpoints))
	}
}

func TestProduct(t *testing.T) {
	out, rows := outcomes(t, resultOf(t, requestFor(t, product(t))), Policy{MustDeclare: []string{"EXEC"}})
	var got []string
	for _, f := range out.Findings {
		got = append(got, strings.TrimSpace(fmt.Sprintf("%s %s %s%s", f.Rule, f.Severity, f.Facts["capability"], f.Facts["host"])))
	}
	slices.Sort(got)
	want := []string{
		"declared.capability high EXEC",
		"declared.endpoint low stats.vendor.invalid", "declared.endpoint low update.vendor.invalid", "declared.endpoint medium c2.vendor.invalid",
		"source.bidi high", "source.bidi low", "source.blob high",
		"source.capability note CGO", "source.capability note EXEC", "source.capability note FILES", "source.capability note NETWORK",
		"source.capability note UNANALYZED",
		"source.endpoint note c2.vendor.invalid", "source.endpoint note stats.vendor.invalid", "source.endpoint note update.vendor.invalid",
		"source.uncovered-files low",
	}
	if !slices.Equal(got, want) {
		t.Errorf("findings\n%s\nwant\n%s", strings.Join(got, "\n"), strings.Join(want, "\n"))
	}
	if out.Checks[0].Status != reports.Fail || out.Checks[1].Status != reports.Fail || len(rows.Endpoints) != 3 {
		t.Errorf("checks %+v, rows %+v", out.Checks, rows)
	}
}
