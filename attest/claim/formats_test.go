package claim_test

import (
	"encoding/json"
	"fmt"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/sigstore/sigstore-go/pkg/testing/data"

	"github.com/proffer-audit/proffer/attest/claim"
	"github.com/proffer-audit/proffer/attest/envelope"
	"github.com/proffer-audit/proffer/attest/statement"
	"github.com/proffer-audit/proffer/attest/trust"
)

var hexB = strings.Repeat("b", 64)

// The predicates of oss-rebuild, in the shape that its service writes.
func ossRebuild() string {
	return `{"buildDefinition":{"buildType":"` + claim.RebuildBuild + `",` +
		`"externalParameters":{"artifact":"left-pad-1.3.0.tgz","ecosystem":"npm","package":"left-pad","version":"1.3.0","buildConfigSource":{"ref":"0123","repository":"https://github.com/google/oss-rebuild","path":"definitions"}},` +
		`"internalParameters":{"prebuildSource":{"ref":"x","repository":"y"},"serviceSource":{"ref":"x","repository":"y"},"prebuildConfig":{"bucket":"b","dir":"d"}},` +
		`"resolvedDependencies":[{"name":"git+https://github.com/left-pad/left-pad","digest":{"sha1":"0123456789012345678901234567890123456789"}},{"name":"gcr.io/cloud-builders/docker","digest":{"sha256":"` + hexB + `"}},{"name":"build.fix.json","content":"e30="}]},` +
		`"runDetails":{"builder":{"id":"https://docs.oss-rebuild.dev/hosts/Google"},"metadata":{"invocationId":"i","startedOn":"2025-01-01T00:00:00Z","finishedOn":"2025-01-01T00:01:00Z"},` +
		`"byproducts":[{"name":"build.json","content":"e30="},{"name":"Dockerfile","content":"e30="},{"name":"steps.json","content":"e30="}]}}`
}

func equivalence(target, candidate string) string {
	return `{"buildDefinition":{"buildType":"` + claim.EquivalenceBuild + `","externalParameters":{"candidate":"rebuild/app.tgz","target":"https://registry.example/app.tgz"},` +
		`"internalParameters":{},"resolvedDependencies":[{"name":"rebuild/app.tgz","digest":{"sha256":"` + candidate + `"}},{"name":"https://registry.example/app.tgz","digest":{"sha256":"` + target + `"}}]},` +
		`"runDetails":{"builder":{"id":"https://docs.oss-rebuild.dev/hosts/Google"},"metadata":{"invocationId":"i"},"byproducts":[{"name":"stabilized/app.tgz","digest":{"sha256":"` + hexB + `"}}]}}`
}

func networkRebuild(dependencies, byproducts string) string {
	return `{"buildDefinition":{"buildType":"` + claim.NetworkRebuildBuild + `","externalParameters":{"ecosystem":"npm"},"resolvedDependencies":` + dependencies + `},` +
		`"runDetails":{"builder":{"id":"b"},"byproducts":` + byproducts + `}}`
}

// cdxa is a third party's CycloneDX attestation.
func cdxa(claims, attestations string) string {
	return `{"bomFormat":"CycloneDX","specVersion":"1.6","metadata":{"component":{"name":"jdk"}},"declarations":{` +
		`"assessors":[{"bom-ref":"us","thirdParty":true,"organization":{"name":"Acme Rebuilds"}}],` +
		`"claims":` + claims + `,"attestations":` + attestations + `}}`
}

// What each format says, field by field.
func TestRead(t *testing.T) {
	sources := func(n ...string) (list []claim.Resource) {
		for _, name := range n {
			list = append(list, claim.Resource{Name: name})
		}
		return list
	}
	const slsa = claim.ProvenanceType
	for _, tt := range []struct {
		name, predicateType, predicate string
		want                           claim.Claim // without predicate type and subjects
	}{
		{"provenance v1", slsa, `{"buildDefinition":{"buildType":"t","externalParameters":{},"resolvedDependencies":[{"uri":"git+https://x@refs/heads/main","digest":{"gitCommit":"ab"}}]},"runDetails":{"builder":{"id":"b"},"metadata":{"finishedOn":"2025-01-01T00:00:00Z"}}}`, claim.Claim{
			Kind: claim.Provenance, Verdict: claim.Neutral, By: "b", BuildType: "t", Time: "2025-01-01T00:00:00Z",
			Sources: []claim.Resource{{URI: "git+https://x@refs/heads/main", Digest: map[string]string{"gitCommit": "ab"}}},
		}},
		{"provenance v1 with its lists null", slsa, `{"buildDefinition":{"buildType":"t","resolvedDependencies":null},"runDetails":{"builder":{"id":"b"},"metadata":null,"byproducts":null}}`, claim.Claim{
			Kind: claim.Provenance, Verdict: claim.Neutral, By: "b", BuildType: "t", Sources: []claim.Resource{}, Byproducts: []claim.Resource{},
		}},
		{"provenance v0.2", claim.ProvenanceV02Type, `{"builder":{"id":"b"},"buildType":"t","invocation":{"configSource":{}},"metadata":{"buildFinishedOn":"f","reproducible":false},"materials":[{"uri":"u","digest":{"sha1":"ab"}}]}`, claim.Claim{
			Kind: claim.Provenance, Verdict: claim.Neutral, By: "b", BuildType: "t", Time: "f",
			Sources: []claim.Resource{{URI: "u", Digest: map[string]string{"sha1": "ab"}}},
		}},
		{"network rebuild in lists", slsa, networkRebuild(`[{"name":"bundle"},{"name":"git+x"}]`, `[{"name":"netlog"},{"name":"build.json"}]`), claim.Claim{
			Kind: claim.NetworkRebuild, Verdict: claim.Neutral, By: "b", BuildType: claim.NetworkRebuildBuild,
			Sources: sources("bundle", "git+x"), Byproducts: sources("netlog", "build.json"),
		}},
		{"network rebuild in objects", slsa, networkRebuild(`{"source":{"name":"git+x"},"attestationBundle":{"name":"bundle"},"images":[{"name":"i"}]}`, `{"networkLog":{"name":"netlog"},"buildStrategy":{"name":"build.json"}}`), claim.Claim{
			Kind: claim.NetworkRebuild, Verdict: claim.Neutral, By: "b", BuildType: claim.NetworkRebuildBuild,
			Sources: sources("bundle", "i", "git+x"), Byproducts: sources("build.json", "netlog"),
		}},
		{"summary", claim.SummaryType, `{"verifier":{"id":"v"},"timeVerified":"2025-01-01T00:00:00Z","resourceUri":"r","policy":{"uri":"p"},"inputAttestations":[{"uri":"i","digest":{"sha256":"ab"}}],"verificationResult":"PASSED","verifiedLevels":["SLSA_BUILD_LEVEL_3"],"slsaVersion":"1.0"}`, claim.Claim{
			Kind: claim.Summary, Verdict: claim.Yes, Said: `verificationResult: "PASSED"`, By: "v", Time: "2025-01-01T00:00:00Z", Levels: []string{"SLSA_BUILD_LEVEL_3"},
			Sources: []claim.Resource{{URI: "i", Digest: map[string]string{"sha256": "ab"}}},
		}},
		{"test result", claim.TestResultType, `{"result":"PASSED","configuration":[{"name":"suite"}],"passedTests":["a"]}`, claim.Claim{
			Kind: claim.TestResult, Verdict: claim.Yes, Said: `result: "PASSED"`, Sources: sources("suite"),
		}},
		{"properties", claim.PropertiesType, `{"verifier":{"id":"v","policies":[]},"timeCreated":"t","properties":["x","y"]}`, claim.Claim{
			Kind: claim.Properties, Verdict: claim.Yes, Said: "2 properties", By: "v", Time: "t", Levels: []string{"x", "y"},
		}},
		{"no properties", claim.PropertiesV01Type, `{"verifier":{"id":"v"},"properties":[]}`, claim.Claim{
			Kind: claim.Properties, Verdict: claim.Neutral, By: "v", Levels: []string{},
		}},
		{"comparison", claim.ComparisonType, `{"level":"unexplained","target":{"name":"a"},"candidate":{"name":"rebuild/a"},"accounting":{"differingBytes":7}}`, claim.Claim{
			Kind: claim.Comparison, Verdict: claim.No, Said: `level: "unexplained"`, Level: "unexplained", Target: &claim.Resource{Name: "a"}, Candidate: &claim.Resource{Name: "rebuild/a"},
		}},
		{"report", claim.ReportType, `{"result":"met","asOf":"2026-11-21T00:00:00Z"}`, claim.Claim{
			Kind: claim.Report, Verdict: claim.Yes, Said: `result: "met"`, Time: "2026-11-21T00:00:00Z",
		}},
		{"npm publish", claim.PublishType, `{"name":"app","version":"1.0.0","registry":"https://registry.example"}`, claim.Claim{
			Kind: claim.Publication, Verdict: claim.Neutral, Package: &claim.Package{Name: "app", Version: "1.0.0", Registry: "https://registry.example"},
		}},
		{"GitHub release", claim.ReleaseV01Type, `{"ownerId":"1","purl":"pkg:github/o/r@v1","releaseId":"2","repository":"o/r","repositoryId":"3","tag":"v1"}`, claim.Claim{
			Kind: claim.Publication, Verdict: claim.Neutral, Package: &claim.Package{PURL: "pkg:github/o/r@v1", Repository: "o/r", Tag: "v1"},
		}},
		{"in-toto release", claim.ReleaseType, `{"purl":"pkg:npm/app@1.0.0"}`, claim.Claim{
			Kind: claim.Publication, Verdict: claim.Neutral, Package: &claim.Package{PURL: "pkg:npm/app@1.0.0"},
		}},
		{"link as a predicate", claim.LinkType, `{"name":"build","command":["make"],"materials":[{"name":"m"}],"byproducts":{},"environment":{}}`, claim.Claim{
			Kind: claim.Link, Verdict: claim.Neutral, Step: "build", Sources: sources("m"),
		}},
		{"CycloneDX", claim.CycloneDXType, `{"bomFormat":"CycloneDX","specVersion":"1.4","components":[{"name":"a"}]}`, claim.Claim{Kind: claim.BOM, Verdict: claim.Neutral}},
		{"CycloneDX attestation", claim.CycloneDXType + "/v1.6", cdxa(`[{"bom-ref":"c","predicate":"100 % identical"}]`, `[{"assessor":"us","map":[{"requirement":"r","claims":["c"],"conformance":{"score":1}}]}]`), claim.Claim{
			Kind: claim.BOM, Verdict: claim.Yes, Said: "conformance.score 1 of all 1 requirements", By: "Acme Rebuilds",
			Assertions: []claim.Assertion{{Requirement: "r", Assessor: "Acme Rebuilds", ThirdParty: true, Claims: []string{"100 % identical"}, Scored: true, Score: 1}},
		}},
		{"CycloneDX attestation with a lower score", claim.CycloneDXType, cdxa(`[{"bom-ref":"c"}]`, `[{"assessor":"us","map":[{"requirement":"r","claims":["c"],"conformance":{"score":1}},{"requirement":"s","conformance":{"score":0.5}}]}]`), claim.Claim{
			Kind: claim.BOM, Verdict: claim.No, Said: `conformance.score 0.5 of "s"`, By: "Acme Rebuilds",
			Assertions: []claim.Assertion{
				{Requirement: "r", Assessor: "Acme Rebuilds", ThirdParty: true, Claims: []string{""}, Scored: true, Score: 1},
				{Requirement: "s", Assessor: "Acme Rebuilds", ThirdParty: true, Scored: true, Score: 0.5},
			},
		}},
		{"CycloneDX attestation with a claim against it", claim.CycloneDXType, cdxa(`[{"bom-ref":"c","predicate":"differs"}]`, `[{"assessor":"us","map":[{"requirement":"r","counterClaims":["c"],"conformance":{"score":1}}]}]`), claim.Claim{
			Kind: claim.BOM, Verdict: claim.No, Said: `counterClaims against "r"`, By: "Acme Rebuilds",
			Assertions: []claim.Assertion{{Requirement: "r", Assessor: "Acme Rebuilds", ThirdParty: true, Against: []string{"differs"}, Scored: true, Score: 1}},
		}},
		{"CycloneDX attestation with evidence against a claim", claim.CycloneDXType, cdxa(`[{"bom-ref":"c","predicate":"p","counterEvidence":["e"]}]`, `[{"assessor":"us","map":[{"requirement":"r","claims":["c"],"conformance":{"score":1}}]}]`), claim.Claim{
			Kind: claim.BOM, Verdict: claim.No, Said: `counterEvidence against claim "c"`, By: "Acme Rebuilds",
			Assertions: []claim.Assertion{{Requirement: "r", Assessor: "Acme Rebuilds", ThirdParty: true, Claims: []string{"p"}, Scored: true, Score: 1}},
		}},
		{"CycloneDX attestation without a score", claim.CycloneDXType, cdxa(`[]`, `[{"map":[{"requirement":"r"}]}]`), claim.Claim{
			Kind: claim.BOM, Verdict: claim.Neutral, Assertions: []claim.Assertion{{Requirement: "r"}},
		}},
		{"CycloneDX declarations without attestations", claim.CycloneDXType, cdxa(`[]`, `[]`), claim.Claim{Kind: claim.BOM, Verdict: claim.Neutral}},
		{"unknown", "https://example.org/x", `{"result":"FAILED"}`, claim.Claim{Kind: claim.Other, Verdict: claim.Neutral}},
	} {
		t.Run(tt.name, func(t *testing.T) {
			st := says(tt.predicateType, tt.predicate)
			got, err := claim.Read(st)
			if err != nil {
				t.Fatal(err)
			}
			tt.want.PredicateType, tt.want.Subjects = st.PredicateType, st.Subjects
			if diff := cmp.Diff(tt.want, got); diff != "" {
				t.Error(diff)
			}
		})
	}
}

// oss-rebuild's two statements: what they are about, and for whom they speak.
func TestReadOSSRebuild(t *testing.T) {
	c, err := claim.Read(says(claim.ProvenanceType, ossRebuild()))
	if err != nil || c.Kind != claim.Rebuild || len(c.Sources) != 3 || c.Sources[0].Name != "git+https://github.com/left-pad/left-pad" {
		t.Errorf("%+v, %v", c, err)
	}
	for role, want := range map[string]claim.Code{trust.Rebuilder: "", trust.Auditor: "", trust.Vendor: "", trust.Agency: "", trust.Builder: claim.NotThis} {
		if got := code(t, c.Speaks(role)); got != want {
			t.Errorf("a rebuild as %s: %q", role, got)
		}
	}
	for candidate, level := range map[string]string{hexA: "bit-identical", hexB: "equal-after-declared-normalisation"} {
		c, err := claim.Read(says(claim.ProvenanceType, equivalence(hexA, candidate)))
		if err != nil || c.Kind != claim.Equivalence || c.Level != level || c.Verdict != claim.Yes || c.Target.Digest["sha256"] != hexA || c.Candidate.Name != "rebuild/app.tgz" {
			t.Errorf("%+v, %v", c, err)
		}
		if code(t, c.Speaks(trust.Rebuilder)) != "" || code(t, c.Speaks(trust.Builder)) != claim.NotThis {
			t.Error("an equivalence is a rebuilder's word, and no builder's")
		}
	}
	c, err = claim.Read(says(claim.ProvenanceType, networkRebuild(`[]`, `[]`)))
	if err != nil || code(t, c.Speaks(trust.Rebuilder)) != claim.NotThis || code(t, c.Speaks(trust.Auditor)) != "" {
		t.Errorf("a network rebuild tells what a build did, and makes no rebuilder: %v", err)
	}
}

func TestReadRefuses(t *testing.T) {
	long := strings.Repeat("x", claim.MaxText+1)
	swap := func(in, old, repl string) string { return strings.Replace(in, old, repl, 1) }
	eq := equivalence(hexA, hexA)
	const slsa, cdx = claim.ProvenanceType, claim.CycloneDXType
	v1 := `{"buildDefinition":{"buildType":"t"},"runDetails":{"builder":{"id":"b"}}}`
	ok := `[{"bom-ref":"c"}]`
	for _, tt := range []struct{ name, predicateType, predicate string }{
		{"no predicate", slsa, ``},
		{"provenance empty", slsa, `{}`},
		{"provenance without a builder", slsa, swap(v1, `"b"`, `""`)},
		{"provenance without a build type", slsa, swap(v1, `"t"`, `""`)},
		{"builder in another case", slsa, swap(v1, `"builder"`, `"Builder"`)},
		{"endless builder", slsa, swap(v1, `"b"`, `"`+long+`"`)},
		{"dependencies in an object", slsa, swap(v1, `"t"`, `"t","resolvedDependencies":{}`)},
		{"dependency is a word", slsa, swap(v1, `"t"`, `"t","resolvedDependencies":["x"]`)},
		{"endless dependency", slsa, swap(v1, `"t"`, `"t","resolvedDependencies":[{"uri":"`+long+`"}]`)},
		{"endless digest", slsa, swap(v1, `"t"`, `"t","resolvedDependencies":[{"digest":{"x":"`+long+`"}}]`)},
		{"provenance v0.2 empty", claim.ProvenanceV02Type, `{}`},
		{"provenance v0.2 in the shape of v1", claim.ProvenanceV02Type, v1},
		{"rebuild with two byproducts", slsa, swap(ossRebuild(), `,{"name":"steps.json","content":"e30="}`, ``)},
		{"equivalence with a third dependency", slsa, swap(eq, `"resolvedDependencies":[`, `"resolvedDependencies":[{"name":"x"},`)},
		{"equivalence with a second byproduct", slsa, swap(eq, `"byproducts":[`, `"byproducts":[{"name":"x"},`)},
		{"equivalence of something else", slsa, equivalence(hexB, hexB)},
		{"equivalence of two rebuilds", slsa, strings.ReplaceAll(eq, `https://registry.example/app.tgz`, `rebuild/x`)},
		{"equivalence without a rebuild", slsa, strings.ReplaceAll(eq, `rebuild/app.tgz`, `app.tgz`)},
		{"equivalence with another target in its parameters", slsa, swap(eq, `"target":"https://registry.example/app.tgz"`, `"target":"https://registry.example/other.tgz"`)},
		{"equivalence with another candidate in its parameters", slsa, swap(eq, `"candidate":"rebuild/app.tgz"`, `"candidate":"rebuild/other.tgz"`)},
		{"equivalence without parameters", slsa, swap(eq, `"externalParameters":{"candidate":"rebuild/app.tgz","target":"https://registry.example/app.tgz"},`, ``)},
		{"equivalence with a digest that is none", slsa, swap(eq, hexA, strings.ToUpper(hexA))},
		{"equivalence that agrees in part", slsa, swap(swap(eq, `{"sha256":"`+hexA+`"}`, `{"sha256":"`+hexA+`","sha1":"`+hexA[:40]+`"}`), `"digest":{"sha256":"`+hexA+`"}`, `"digest":{"sha256":"`+hexA+`","sha1":"`+hexB[:40]+`"}`)},
		{"network rebuild of words", slsa, networkRebuild(`{"source":"x"}`, `[]`)},
		{"network rebuild with a number", slsa, networkRebuild(`1`, `[]`)},
		{"summary silent", claim.SummaryType, `{}`},
		{"summary null", claim.SummaryType, `{"verificationResult":null}`},
		{"summary in another case", claim.SummaryType, `{"VerificationResult":"PASSED"}`},
		{"summary passed at a failed level", claim.SummaryType, `{"verificationResult":"PASSED","verifiedLevels":["FAILED"]}`},
		{"summary with an endless level", claim.SummaryType, `{"verificationResult":"PASSED","verifiedLevels":["` + long + `"]}`},
		{"test result silent", claim.TestResultType, `{"configuration":[]}`},
		{"test result passed with failures", claim.TestResultType, `{"result":"PASSED","failedTests":["a"]}`},
		{"properties in an object", claim.PropertiesType, `{"properties":{}}`},
		{"comparison silent", claim.ComparisonType, `{}`},
		{"comparison identical, bytes differ", claim.ComparisonType, `{"level":"bit-identical","accounting":{"differingBytes":1}}`},
		{"comparison identical, digests differ", claim.ComparisonType, `{"level":"bit-identical","target":{"digest":{"sha256":"` + hexA + `"}},"candidate":{"digest":{"sha256":"` + hexB + `"}}}`},
		{"report silent", claim.ReportType, `{"results":"met"}`},
		{"publish without a version", claim.PublishType, `{"name":"a"}`},
		{"release of nothing", claim.ReleaseType, `{}`},
		{"endless tag", claim.ReleaseType, `{"purl":"p","tag":"` + long + `"}`},
		{"link without a name", claim.LinkType, `{"materials":[]}`},
		{"CycloneDX of another format", cdx, `{"bomFormat":"SPDX"}`},
		{"CycloneDX without a format", cdx, `{"specVersion":"1.6"}`},
		{"CycloneDX with an assessor that is not declared", cdx, cdxa(ok, `[{"assessor":"them","map":[]}]`)},
		{"CycloneDX with a claim that is not declared", cdx, cdxa(ok, `[{"assessor":"us","map":[{"claims":["d"]}]}]`)},
		{"CycloneDX with two claims of one name", cdx, cdxa(`[{"bom-ref":"c"},{"bom-ref":"c"}]`, `[]`)},
		{"CycloneDX with two assessors of one name", cdx, swap(cdxa(ok, `[]`), `"assessors":[`, `"assessors":[{"bom-ref":"us"},`)},
		{"CycloneDX with a score above 1", cdx, cdxa(ok, `[{"assessor":"us","map":[{"conformance":{"score":1.5}}]}]`)},
	} {
		c, err := claim.Read(says(tt.predicateType, tt.predicate))
		if code(t, err) != claim.Bad || c.Kind != "" {
			t.Errorf("%s: %+v, %v", tt.name, c, err)
		}
	}
}

// Lists without end are refused, whatever they are lists of.
func TestReadCaps(t *testing.T) {
	many := func(elem string) string {
		return "[" + strings.TrimSuffix(strings.Repeat(elem+",", claim.MaxList+1), ",") + "]"
	}
	for _, st := range []*statement.Statement{
		says(claim.ProvenanceV02Type, `{"builder":{"id":"b"},"buildType":"t","materials":`+many(`{}`)+`}`),
		says(claim.SummaryType, `{"verificationResult":"PASSED","verifiedLevels":`+many(`""`)+`}`),
		says(claim.CycloneDXType, cdxa(many(`{}`), `[]`)),
		says(claim.CycloneDXType, cdxa(`[]`, `[{"map":`+many(`{}`)+`}]`)),
	} {
		if _, err := claim.Read(st); code(t, err) != claim.Bad || !strings.Contains(err.Error(), fmt.Sprint(claim.MaxList)) {
			t.Errorf("%s: %.200v", st.PredicateType, err)
		}
	}
}

func TestReadLink(t *testing.T) {
	l := &envelope.LinkBody{
		Name:      "rebuild a.deb",
		Materials: map[string]map[string]string{"a.buildinfo": {"sha256": hexB}},
		Products:  map[string]map[string]string{"b.deb": {"sha256": hexB}, "a.deb": {"sha256": hexA}},
	}
	c, err := claim.ReadLink(l)
	if err != nil {
		t.Fatal(err)
	}
	want := claim.Claim{
		Kind: claim.Link, Verdict: claim.Neutral, PredicateType: claim.LinkType, Step: "rebuild a.deb",
		Subjects: []statement.Subject{{Name: "a.deb", Digest: l.Products["a.deb"]}, {Name: "b.deb", Digest: l.Products["b.deb"]}},
		Sources:  []claim.Resource{{Name: "a.buildinfo", Digest: l.Materials["a.buildinfo"]}},
	}
	if diff := cmp.Diff(want, c); diff != "" {
		t.Error(diff)
	}
	if code(t, c.Speaks(trust.Rebuilder)) != "" || code(t, c.Speaks(trust.Builder)) != claim.NotThis {
		t.Error("rebuilderd's link is a rebuilder's word, and no builder's")
	}
	c.Step = "rebuilding"
	if code(t, c.Speaks(trust.Rebuilder)) != claim.NotThis || code(t, c.Speaks(trust.Vendor)) != "" {
		t.Error("another step makes a rebuilder")
	}
	if _, err := claim.ReadLink(&envelope.LinkBody{Name: "rebuild a"}); code(t, err) != claim.Bad {
		t.Errorf("a link without products: %v", err)
	}
}

// Statements from the field: npm's provenance of sigstore.js.
func TestReadReal(t *testing.T) {
	b := data.Bundle(t, "sigstore.js@2.0.0-provenance.sigstore.json")
	st, err := statement.Parse(b.GetDsseEnvelope().GetPayload())
	if err != nil {
		t.Fatal(err)
	}
	c, err := claim.Read(st)
	if err != nil || c.Kind != claim.Provenance || !strings.HasPrefix(c.By, "https://github.com/actions/runner") || len(c.Sources) != 1 || c.BuildType == "" {
		t.Errorf("%+v, %v", c, err)
	}
	if code(t, c.Speaks(trust.Builder)) != "" || len(c.Subjects) != 1 || c.Subjects[0].Digest["sha512"] == "" {
		t.Errorf("%+v", c)
	}
}

// FuzzRead holds that any predicate is read or refused, that it is read the same
// way twice, and that a claim that says no speaks in no role.
func FuzzRead(f *testing.F) {
	types := []string{
		claim.ProvenanceType, claim.ProvenanceV02Type, claim.SummaryType, claim.TestResultType, claim.PropertiesType, claim.ReleaseType,
		claim.PublishType, claim.LinkType, claim.CycloneDXType, claim.ComparisonType, claim.ReportType, "https://example.org/x",
	}
	for _, s := range []string{
		ossRebuild(), equivalence(hexA, hexA), equivalence(hexA, hexB), networkRebuild(`{"a":{}}`, `[]`), `{"verificationResult":"PASSED"}`,
		cdxa(`[{"bom-ref":"c"}]`, `[{"assessor":"us","map":[{"claims":["c"],"conformance":{"score":0.5}}]}]`), `{"level":"bit-identical","accounting":{"differingBytes":0}}`,
	} {
		for i := range types {
			f.Add(byte(i), []byte(s))
		}
	}
	f.Fuzz(func(t *testing.T, kind byte, predicate []byte) {
		st := says(types[int(kind)%len(types)], string(predicate))
		first, err := claim.Read(st)
		second, again := claim.Read(st)
		if fmt.Sprint(err) != fmt.Sprint(again) || fmt.Sprintf("%#v", first) != fmt.Sprintf("%#v", second) && !cmp.Equal(first, second) {
			t.Fatalf("read twice: %v, %v\n%s", err, again, cmp.Diff(first, second))
		}
		if err != nil {
			if code(t, err) != claim.Bad {
				t.Fatal(err)
			}
			return
		}
		for _, role := range trust.RoleNames() {
			if first.Verdict == claim.No && code(t, first.Speaks(role)) != claim.SaysNo {
				t.Fatalf("%+v speaks as %s", first, role)
			}
		}
		if len(first.By) > claim.MaxText || len(first.Said) > claim.MaxText || first.Verdict == "" || first.Kind == "" {
			t.Fatalf("%+v", first)
		}
		if _, err := json.Marshal(first); err != nil {
			t.Fatal(err)
		}
	})
}
