package html

import (
	"fmt"
	"strings"

	"github.com/proffer-audit/proffer/reports"
	"github.com/proffer-audit/proffer/reports/safetext"
)

func text(s string) safetext.Text { return safetext.Of(s) }

func digest(c string) string { return "sha256:" + strings.Repeat(c, 64) }

// sample is a made-up report that uses every part of the page.
func sample() reports.Report {
	return reports.Report{
		Auditor:  reports.Auditor{Version: "0.1.0", Rules: digest("1"), Dependencies: digest("2")},
		Sequence: 2,
		Previous: digest("3"),
		Inputs: reports.Inputs{
			Submission: digest("4"), Policy: digest("5"), Profile: digest("6"),
			Databases: map[string]string{"osv": digest("7")},
			Documents: map[string]string{"release procedure": digest("8")},
		},
		AsOf:       "2026-11-21T00:00:00Z",
		Mode:       reports.Independent,
		Respondent: reports.Respondent{Name: text("Acme Software, Inc."), Aliases: []safetext.Text{text("Acme")}, Contact: text("security@acme.example"), Basis: text("Maker of the product that the notice names")},
		Matter:     reports.Matter{Profile: "bod-17-01", Number: text("2026-0117"), Received: "2026-11-01"},
		Submission: reports.SubmissionID{ID: "acme-agent-2026", Version: 2, Supersedes: digest("9")},
		Products:   []reports.Product{{Name: text("agent"), Version: text("1.2.3"), Identifiers: []safetext.Text{text("pkg:npm/%40acme/agent@1.2.3")}}},
		Clock: []reports.Clock{
			{ID: "response", Event: "notice", Due: "2026-12-01", Kind: "receive-by", Confidence: "summarised", Citation: text("82 FR 43782"), Note: text("calendar days")},
			{ID: "decision", Event: "response", Kind: "send-by", Confidence: "unverified", Citation: text("Not computed: no verified source")},
		},
		Checks:   sampleChecks(),
		Concerns: sampleConcerns(),
		Claims: []reports.Claim{
			{ID: "K1", Text: text("The shipped agent is built from the offered source."), Kind: "technical", Verdict: "supported", By: []string{"rebuild/linux-x64"}},
			{ID: "K2", Text: text("No law compels us."), Kind: "legal", Verdict: "not-answerable-technically", By: []string{}},
		},
		Declared: reports.Declared{
			Endpoints: []reports.DeclaredRow{
				{Name: text("updates.acme.example"), Declared: true, Observed: true, Where: text("cmd/agent/update.go:31")},
				{Name: text("beacon.acme.example"), Observed: true, Where: text("internal/tele/send.go:88")},
				{Name: text("rules.acme.example"), Declared: true},
			},
			Capabilities: []reports.DeclaredRow{{Name: text("NETWORK"), Declared: true, Observed: true}, {Name: text("EXEC"), Observed: true, Where: text("cmd/agent/run.go:12")}},
		},
		Findings:    sampleFindings(),
		Components:  digest("a"),
		Mitigations: []reports.Mitigation{{ID: "M1", Concern: "C5", Measure: text("Updates need two signatures."), Status: "in-place", Verdict: "not-assessed", By: []string{}}},
		Channels: []reports.Channel{{
			Kind: "update", Endpoint: text("https://updates.acme.example/v2"), Purpose: text("program updates"), Data: []safetext.Text{text("version"), text("platform")},
			Jurisdiction: text("US"), Operators: []safetext.Text{text("Acme release team")},
		}},
		Exclusions:  []reports.Exclusion{{What: text("Windows build"), Why: text("not sold to agencies")}},
		Waivers:     []reports.Waiver{{Finding: "source.exec/9f2c11aa", Reason: text("The agent runs the tool that the user names."), Approver: text("R. Viewer"), Expires: "2027-01-01", Applied: true}},
		Items:       []reports.ResponseItem{{ID: "identity", Text: text("Name the entity and its interest."), Where: "respondent"}, {ID: "evidence", Text: text("Attach evidence for each mitigation."), Missing: true}},
		Result:      reports.NotMet,
		Residual:    []safetext.Text{text("Updates after this version are not covered.")},
		NotAssessed: []safetext.Text{text("The server side was not offered.")},
		Replay:      reports.Replay{Evidence: digest("b")},
	}
}

func sampleChecks() []reports.Check {
	e := []string{digest("c"), digest("d")}
	return []reports.Check{
		{ID: "fetch/agent", Status: reports.Pass, Reason: text("the source is what the checksum database logged"), EvidenceClass: reports.E3, Evidence: e},
		{ID: "provenance/linux-x64", Status: reports.Fail, Reason: text("1 of 2 rebuilders: an attestation by a second organisation is missing"), Code: "below-threshold", EvidenceClass: reports.E1, Evidence: e},
		{ID: "rebuild/linux-x64", Status: reports.Pass, Level: reports.BitIdentical, Reason: text("9,842,688 bytes equal; 1 of 1 files covered"), EvidenceClass: reports.E3, Evidence: e, Limits: []safetext.Text{text("Built once, in one world.")}},
		{
			ID: "inventory/linux-x64", Status: reports.Pass, Reason: text("4 components; all 2 that the binary names are offered at the same version"), EvidenceClass: reports.E2, Evidence: e,
			Limits: []safetext.Text{text("Only Go modules, the Go standard library and the Go toolchain are listed; components of other ecosystems inside the product are not.")},
		},
		{
			ID: "advisories/linux-x64", Status: reports.Fail, Reason: text("3 advisories hold for 4 components by public OSV archive, 20,311 records, newest of 2026-11-20; 2 of them fail the policy (high or worse, or malicious)"),
			EvidenceClass: reports.E2, Evidence: e, Limits: []safetext.Text{text("Reachability is not computed: an advisory counts whether or not the product can reach the flawed code.")},
		},
		{ID: "source/agent", Status: reports.Incomplete, Reason: text("one package hit the memory limit: internal/gen"), EvidenceClass: reports.E3, Evidence: e, Cap: reports.PartlySupported, Limits: []safetext.Text{text("Go only.")}},
		{ID: "declared/endpoints", Status: reports.Fail, Reason: text("1 endpoint was observed and not declared"), EvidenceClass: reports.E3, Evidence: e},
		{ID: "rebuild/darwin-arm64", Status: reports.NotRun, Reason: text("no build is offered for it"), Evidence: []string{}},
		{ID: "claims/K2", Status: reports.NotApplicable, Reason: text("not a technical claim"), Evidence: []string{}},
		comparedCheck(),
	}
}

func sampleConcerns() []reports.Concern {
	return []reports.Concern{
		{
			ID: "C3", Statement: text("Traffic of the product crosses hostile networks."), Outcome: reports.Contradicted, Supporting: []string{"fetch/agent"},
			Contradicting: []string{"declared/endpoints", "declared.endpoint/1"}, Missing: []string{}, Documents: []safetext.Text{text("hosting contract")},
			Limits: []safetext.Text{text("Actual routing, and who owns an endpoint later, cannot be seen by a technical check.")},
		},
		{ID: "C4", Statement: text("Officials of the vendor have ties to a foreign service."), Outcome: reports.NotAnswerableTechnically, Limits: []safetext.Text{text("No technical check bears on it.")}},
		{ID: "C5", Statement: text("The product can be misused with or without the vendor."), Outcome: reports.NotAssessed, Missing: []string{"channels"}, Limits: []safetext.Text{text("Future updates and the server side.")}},
		{ID: "C7", Statement: text("The product has a hidden entry."), Outcome: reports.PartlySupported, Supporting: []string{"source/agent"}, Contradicting: []string{}, Missing: []string{"source/agent"}, Limits: []safetext.Text{text("Absence cannot be shown; the search is bounded.")}},
		{ID: "C8", Statement: text("The offered source is not the shipped product."), Outcome: reports.Supported, Supporting: []string{"rebuild/linux-x64"}, Missing: []string{"rebuild/darwin-arm64"}, Limits: []safetext.Text{text("Artifacts that were not submitted.")}},
	}
}

func sampleFindings() []reports.Finding {
	out := []reports.Finding{
		{
			ID: "declared.endpoint/1", Rule: "declared.endpoint", Severity: reports.High, Check: "declared/endpoints", Subject: text("agent"), Location: &reports.Location{Path: text("internal/tele/send.go"), Line: 88},
			Concerns: []string{"C3", "C6"}, Message: text("beacon.acme.example is spoken to and not declared"), Trace: []safetext.Text{text("main.main"), text("tele.Start"), text("tele.send"), text("net/http.(*Client).Do")},
			Facts: map[string]safetext.Text{"host": text("beacon.acme.example"), "scheme": text("https")},
		},
		{
			ID: "source.exec/9f2c11aa", Rule: "source.exec", Severity: reports.Medium, Check: "source/agent", Subject: text("agent"), Location: &reports.Location{Path: text("cmd/agent/run.go"), Line: 12},
			Concerns: []string{"C1"}, Message: text("starts another program"), Waived: true,
		},
		{ID: "source.note/4", Rule: "source.note", Severity: reports.Note, Check: "source/agent", Message: text("3 files are generated")},
		{ID: "odd/1", Rule: "odd", Severity: "sideways", Check: "nowhere/at-all", Message: text("a severity that nobody knows")},
	}
	for i, s := range []string{"A peer that sets the HTTP/2 frame size to zero sends the client into an endless loop", "The number of parameters in a URL query is not limited"} {
		out = append(out, reports.Finding{
			ID: fmt.Sprintf("advisories.known/%d", i), Rule: "advisories.known", Severity: reports.High, Check: "advisories/linux-x64",
			Subject: text("pkg:golang/stdlib@1.23.12"), Location: &reports.Location{Path: text("linux-x64: package/bin/agent")}, Concerns: []string{"C9"},
			Message: text(fmt.Sprintf("GO-2026-%d in stdlib 1.23.12: %s. Fixed in 1.25.10, 1.26.3.", 4918+i, s)),
			Facts:   map[string]safetext.Text{"id": text(fmt.Sprintf("GO-2026-%d", 4918+i)), "aliases": text("CVE-2026-33814"), "fixed": text("1.25.10 1.26.3"), "severity": text("unscored"), "package": text("stdlib"), "version": text("1.23.12"), "affects": text("net/http")},
		})
	}
	return out
}

func sampleRun() *reports.Run {
	return &reports.Run{
		Report: digest("e"), Binary: digest("f"), Go: "go1.26.8", Machine: "linux/amd64", Started: "2026-11-22T09:14:03Z", Finished: "2026-11-22T09:16:41Z",
		LimitsHit: []safetext.Text{text("source/agent: memory")},
		Sandbox: &reports.SandboxRecord{
			Tier: "landlock", Layers: []string{"landlock 4", "seccomp", "rlimits", "no-new-privs"},
			Lacks: []safetext.Text{text("mounted paths"), text("a pid namespace")}, Refused: []safetext.Text{text("namespaces: the kernel denies capabilities in a new user namespace")},
			Probe: []reports.ProbeResult{{Vector: "open a file outside", Blocked: true, Detail: text("permission denied")}, {Vector: "connect over TCP", Blocked: true}, {Vector: "see other processes", Detail: text("no pid namespace")}},
		},
		Steps:        []reports.RunStep{{ID: "fetch/agent", Key: digest("0"), Millis: 812}},
		Fetches:      []reports.Fetch{{Step: "fetch/agent", URL: text("https://modules.example/agent/@v/v1.2.3.zip"), FinalURL: text("https://cdn.example/agent.zip"), Peer: "192.0.2.7:443", Size: 1 << 20, Attempts: 2, Resumed: true}},
		Unreplayable: []string{"source/agent"},
	}
}

func sampleDigests() Digests {
	return Digests{Report: digest("e"), Bundle: digest("1"), Run: digest("2"), Signer: digest("3")}
}
