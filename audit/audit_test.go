package audit

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/proffer-audit/proffer/audit/engine"
	"github.com/proffer-audit/proffer/audit/evidence"
	"github.com/proffer-audit/proffer/audit/fetch"
	"github.com/proffer-audit/proffer/audit/policy"
	"github.com/proffer-audit/proffer/audit/profile"
	"github.com/proffer-audit/proffer/audit/sandbox"
	"github.com/proffer-audit/proffer/audit/submission"
	"github.com/proffer-audit/proffer/reports"
)

// nothing is a Fetcher that obtains nothing, as without a network.
type nothing struct{}

func (nothing) Get(_ context.Context, r fetch.Request, _ fetch.Note) (fetch.Observation, []reports.Fetch, error) {
	pin, err := fetch.ParsePin(r.Digest)
	return fetch.Observation{PURL: r.PURL, Pin: pin.String(), Outcome: fetch.Missing, Code: fetch.Offline}, nil, err
}

func (nothing) Modules(context.Context, []byte, fetch.Note) (fetch.ModuleSet, []reports.Fetch, error) {
	return fetch.ModuleSet{}, nil, errors.New("modules were asked for, and their source is not there")
}

const sampleSubmission = `apiVersion: proffer/v1
kind: Submission
id: sample
version: 1
respondent: {name: Sample}
matter: {profile: bod-17-01}
products: [{name: agent, version: 1.0.0}]
sources:
  - {name: source, locations: ["file:source"], digest: "tree-sha256:` + zeros + `", completeness: full}
artifacts:
  - name: agent
    locations: ["file:agent.zip"]
    digest: "sha256:` + zeros + `"
    kind: binary
    files: [{path: a, digest: "sha256:` + zeros + `"}, {path: b, digest: "sha256:` + ones + `"}]
builds:
`

const (
	zeros = "0000000000000000000000000000000000000000000000000000000000000000"
	ones  = "1111111111111111111111111111111111111111111111111111111111111111"
)

// build is one build of the sample, of a file.
func build(file, modules string) string {
	b := fmt.Sprintf(`  - artifact: agent
    file: %s
    source: source
    toolchain: {locations: ["file:go.zip"], digest: "sha256:%s"}
    env: {GOOS: linux, GOARCH: amd64}
    command: [go, build, -o, out, .]
    output: out
`, file, ones)
	if modules != "" {
		b += "    modules: " + modules + "\n"
	}
	return b
}

func sampleRequest(t *testing.T, policyText string, builds ...string) Request {
	t.Helper()
	prof, ok := profile.Builtin("bod-17-01")
	if !ok {
		t.Fatal("no built-in profile")
	}
	return Request{
		Submission:  Document{"submission.yaml", []byte(sampleSubmission + strings.Join(builds, ""))},
		Policy:      Document{"policy.yaml", []byte("apiVersion: proffer/v1\nkind: Policy\nid: sample\n" + policyText)},
		Profile:     Document{"bod-17-01", prof},
		PolicyFiles: func(string) ([]byte, error) { return nil, fs.ErrNotExist },
		Parameters:  Parameters{AsOf: time.Date(2026, 11, 21, 0, 0, 0, 0, time.UTC), Mode: reports.Independent, Sequence: 1},
	}
}

func sampleTools(t *testing.T) Tools {
	t.Helper()
	return Tools{
		Store: evidence.NewMemory(), Fetch: nothing{}, Scratch: t.TempDir(), Now: func() time.Time { return time.Time{} },
		Sandbox: func(context.Context) (*sandbox.Sandbox, error) { return nil, &sandbox.UnavailableError{} },
	}
}

// Without anything to look at, every check that is owed is in the report, none of
// them passes, and nothing is supported.
func TestNothingObtainedPassesNothing(t *testing.T) {
	req := sampleRequest(t, "", build("a", "go.sum"), build("b", ""))
	a, err := Run(t.Context(), req, sampleTools(t))
	if err != nil {
		t.Fatal(err)
	}
	var ids []string
	for _, c := range a.Report.Checks {
		ids = append(ids, c.ID)
		if c.Status == reports.Pass || c.Reason.IsZero() {
			t.Errorf("%s is %s, because %q", c.ID, c.Status, c.Reason)
		}
	}
	want := []string{
		"advisories/agent", "advisories/agent/2", "declared/source", "fetch/agent", "fetch/modules/agent", "fetch/source",
		"fetch/toolchain/agent", "inventory/agent", "inventory/agent/2", "provenance/agent", "rebuild/agent", "rebuild/agent/2", "source/source",
	}
	if !slices.Equal(ids, want) {
		t.Errorf("checks\n%q, want\n%q", ids, want)
	}
	for _, c := range a.Report.Concerns {
		if c.Outcome == reports.Supported || c.Outcome == reports.PartlySupported {
			t.Errorf("%s is %s", c.ID, c.Outcome)
		}
	}
	if a.Report.Result != reports.ResultIncomplete {
		t.Errorf("the result is %s", a.Report.Result)
	}
}

// The same inputs give the same statement, whatever ran before.
func TestSameStatement(t *testing.T) {
	req := sampleRequest(t, "", build("a", ""))
	var first []byte
	for range 3 {
		a, err := Run(t.Context(), req, sampleTools(t))
		if err != nil {
			t.Fatal(err)
		}
		if first == nil {
			first = a.Statement
		}
		if string(first) != string(a.Statement) {
			t.Fatal("two runs of one request gave two statements")
		}
	}
}

func TestUndelivered(t *testing.T) {
	for _, tt := range []struct {
		name   string
		err    error
		status reports.Status
		code   string
	}{
		{"no error and no verdict", nil, reports.Incomplete, codeFault},
		{"a fault", errors.New("disk on fire in /home/someone"), reports.Incomplete, codeFault},
		{"a deadline", fmt.Errorf("step: %w", context.DeadlineExceeded), reports.Incomplete, codeLimit},
		{"no sandbox", fmt.Errorf("step: %w", &sandbox.UnavailableError{}), reports.NotRun, codeNotIsolated},
		{"skipped", &engine.SkippedError{Step: "b", Need: "a", Err: errors.New("no")}, reports.NotRun, codeFault},
	} {
		c := undelivered(owed{id: "rebuild/x"}, tt.err)
		if c.Status != tt.status || c.Code != tt.code || c.Reason.IsZero() || strings.Contains(c.Reason.String(), "someone") {
			t.Errorf("%s: %s, %s: %s", tt.name, c.Status, c.Code, c.Reason)
		}
	}
}

func TestTrustedToolchains(t *testing.T) {
	goModule := "pkg:golang/golang.org/toolchain"
	byName := policy.ToolchainTrust{PURL: goModule, Proof: "checksum-database"}
	byDigest := policy.ToolchainTrust{Digest: "sha256:" + ones}
	for _, tt := range []struct {
		name  string
		trust []policy.ToolchainTrust
		tool  submission.Toolchain
		proof judged
		want  bool
	}{
		{"by name, proven", []policy.ToolchainTrust{byName}, submission.Toolchain{PURL: goModule + "@v0.0.1-go1.26.5.linux-amd64"}, judged{Proven: true}, true},
		{"by name, not proven", []policy.ToolchainTrust{byName}, submission.Toolchain{PURL: goModule + "@v0.0.1-go1.26.5.linux-amd64"}, judged{Obtained: true}, false},
		{"a longer name", []policy.ToolchainTrust{byName}, submission.Toolchain{PURL: goModule + "s@v1"}, judged{Proven: true}, false},
		{"by digest", []policy.ToolchainTrust{byDigest}, submission.Toolchain{Digest: "sha256:" + ones}, judged{}, true},
		{"by another digest", []policy.ToolchainTrust{byDigest}, submission.Toolchain{Digest: "sha256:" + zeros}, judged{Proven: true}, false},
		{"patched", []policy.ToolchainTrust{byDigest}, submission.Toolchain{Digest: "sha256:" + ones, Patches: []submission.Pinned{{}}}, judged{Proven: true}, false},
		{"nobody trusts it", nil, submission.Toolchain{Digest: "sha256:" + ones}, judged{Proven: true}, false},
	} {
		got, why := trusted(&policy.Policy{Trust: policy.Trust{Toolchains: tt.trust}}, tt.tool, tt.proof)
		if got != tt.want || why == "" {
			t.Errorf("%s: %v, %s", tt.name, got, why)
		}
	}
}

// A demand of the policy that this version cannot meet is never dropped.
func TestUnsupportedDemands(t *testing.T) {
	for text, kind := range map[string]string{
		"witness: true\n": "advisories",
		"databases: {osv: {digest: \"sha256:" + ones + "\"}}\n": "advisories",
	} {
		req := sampleRequest(t, text, build("a", ""))
		in, err := read(req, evidence.NewMemory())
		if err != nil {
			t.Fatal(err)
		}
		all := reports.Outcomes{Checks: []reports.Check{{ID: kind + "/agent", Status: reports.Pass}, {ID: "fetch/agent", Status: reports.Pass}}}
		newPlanner(req, Tools{}, in).lower(&all)
		if c := all.Checks[0]; c.Status != reports.Incomplete || c.Code != codeUnsupported {
			t.Errorf("%q: %s is %s", text, c.ID, c.Status)
		}
		if c := all.Checks[1]; c.Status != reports.Pass {
			t.Errorf("%q: %s is %s", text, c.ID, c.Status)
		}
	}
	if _, err := read(sampleRequest(t, "disclosure: public\n", build("a", "")), evidence.NewMemory()); err == nil {
		t.Error("a policy that asks for a redacted report was accepted")
	}
}

func TestInputsThatDoNotFit(t *testing.T) {
	for name, change := range map[string]func(*Request){
		"wrong-profile": func(r *Request) {
			r.Submission.Raw = []byte(strings.Replace(string(r.Submission.Raw), "profile: bod-17-01", "profile: cra-annex-vii", 1))
		},
		"unknown-capability": func(r *Request) {
			r.Submission.Raw = append(r.Submission.Raw, "capabilities: [{name: TELEPATHY, why: none}]\n"...)
		},
	} {
		req := sampleRequest(t, "", build("a", ""))
		change(&req)
		_, err := read(req, evidence.NewMemory())
		in, ok := errors.AsType[*InputError](err)
		if !ok || in.Code != name || in.Hint() == "" {
			t.Errorf("%s: %v", name, err)
		}
	}
}

func TestRunPartWantsABuild(t *testing.T) {
	_, err := RunPart(t.Context(), sampleRequest(t, "", build("a", "")), sampleTools(t), OnlyRebuild, "nobody")
	if in, ok := errors.AsType[*InputError](err); !ok || in.Code != "no-build" {
		t.Errorf("an artifact that no build is of: %v", err)
	}
	p, err := RunPart(t.Context(), sampleRequest(t, "", build("a", "")), sampleTools(t), OnlyFetch, "")
	if err != nil {
		t.Fatal(err)
	}
	for _, c := range p.Outcomes.Checks {
		if !strings.HasPrefix(c.ID, "fetch/") {
			t.Errorf("only fetching gave the check %s", c.ID)
		}
	}
}

func TestMain(m *testing.M) {
	if code, ok := sandbox.Child(Workers()); ok {
		os.Exit(code)
	}
	os.Exit(m.Run())
}
