package audit

import (
	"context"
	"strings"
	"testing"
	"time"

	"github.com/proffer-audit/proffer/attest"
	"github.com/proffer-audit/proffer/attest/claim"
	"github.com/proffer-audit/proffer/attest/sign"
	"github.com/proffer-audit/proffer/attest/statement"
	"github.com/proffer-audit/proffer/attest/trust"
	"github.com/proffer-audit/proffer/audit/compare"
	"github.com/proffer-audit/proffer/audit/evidence"
	"github.com/proffer-audit/proffer/audit/rebuild"
	"github.com/proffer-audit/proffer/reports"
	"github.com/proffer-audit/proffer/reports/safetext"
)

// rebuiltSample is a rebuild that came to a level, as RunPart gives it.
func rebuiltSample(level reports.Level, status reports.Status) (*Partial, Rebuilt) {
	r := rebuild.Result{Level: level, File: "package/bin/agent", Opaque: []string{}, Shipped: evidence.Descriptor{Digest: evidence.Of([]byte("shipped"))}}
	built := evidence.Descriptor{Digest: r.Shipped.Digest}
	if level != reports.BitIdentical {
		built.Digest = evidence.Of([]byte("built"))
	}
	if level != reports.BuildFailed {
		r.Rebuilt, r.Comparison = &built, &compare.Result{Level: level}
		if level != reports.BitIdentical {
			r.Comparison.DifferingBytes = 7
		}
	}
	out := Rebuilt{
		Artifact: "linux-x64", URI: "pkg:npm/%40acme/agent@1.2.3", Result: r,
		Recipe: rebuild.Recipe{Command: []string{"go", "build"}, Output: "agent"},
		Facts: rebuild.ProvenanceData{
			BuildType:            rebuild.BuildType,
			ExternalParameters:   map[string]any{"artifact": map[string]any{"file": r.File}, "recipe": 1},
			InternalParameters:   map[string]any{"network": "none"},
			ResolvedDependencies: []rebuild.Resource{{Name: "source", Digest: sha256Set(evidence.Of(nil))}},
		},
		Check: reports.Check{Status: status},
	}
	p := &Partial{Policy: "baseline", PolicyDigest: evidence.Of([]byte("policy")), AsOf: time.Date(2026, 11, 21, 0, 0, 0, 0, time.UTC)}
	return p, out
}

// Every level and every verdict of the policy: which statements are signed, what
// they say when they are read again, and about which file.
func TestAttest(t *testing.T) {
	for _, tt := range []struct {
		level  reports.Level
		status reports.Status
		want   string // name:verdict, for each
	}{
		{reports.BitIdentical, reports.Pass, "provenance:neutral equivalence:says-yes comparison:says-yes summary:says-yes"},
		{reports.BitIdentical, reports.Fail, "provenance:neutral equivalence:says-yes comparison:says-yes summary:says-no"},
		{reports.IdenticalGraft, reports.Pass, "provenance:neutral equivalence:says-yes comparison:says-yes summary:says-yes"},
		{reports.EqualNormalised, reports.Pass, "provenance:neutral comparison:says-yes summary:says-yes"},
		{reports.Explained, reports.Fail, "provenance:neutral comparison:says-no summary:says-no"},
		{reports.Explained, reports.Incomplete, "provenance:neutral comparison:says-no"},
		{reports.Unexplained, reports.Fail, "provenance:neutral comparison:says-no summary:says-no"},
		{reports.BuildFailed, reports.Fail, "comparison:says-no summary:says-no"},
		{reports.BuildFailed, reports.NotRun, "comparison:says-no"},
	} {
		p, r := rebuiltSample(tt.level, tt.status)
		said := attested(t, p, r)
		var got []string
		for _, name := range AttestedNames() {
			payload, ok := said[name]
			if !ok {
				continue
			}
			st, err := statement.Parse([]byte(payload))
			if err != nil {
				t.Fatal(err)
			}
			c, err := claim.Read(st)
			if err != nil {
				t.Fatalf("%s, %s: %s: %v", tt.level, tt.status, name, err)
			}
			got = append(got, name+":"+string(c.Verdict))
			about := r.Result.Shipped.Digest
			if name == AttestedProvenance {
				about = r.Result.Rebuilt.Digest
			}
			if len(st.Subjects) != 1 || st.Subjects[0].Digest["sha256"] != about.Hex() {
				t.Errorf("%s: %s is about %v", tt.level, name, st.Subjects)
			}
		}
		if s := strings.Join(got, " "); s != tt.want {
			t.Errorf("%s, %s: got %s, want %s", tt.level, tt.status, s, tt.want)
		}
	}
}

// The account of a difference, as it is signed: every byte has a class, and only
// what was proven is called a cause.
func TestAttestedAccount(t *testing.T) {
	p, r := rebuiltSample(reports.Explained, reports.Fail)
	r.Result.Comparison = &compare.Result{
		Level: reports.Explained, DifferingBytes: 9, Accounted: 6,
		Classes: []compare.Class{{Class: compare.BuildID, Bytes: 4}, {Class: compare.Relocated, Bytes: 2}},
		Functions: &compare.Functions{Same: 10, Relocated: 2, Changed: []compare.Function{
			{Name: safetext.Of("main.z")}, {Name: safetext.Of("main.a\x1b")},
		}},
		Causes:         []compare.Cause{{Kind: "flags", Detail: safetext.Of("-X"), Proven: true}, {Kind: "path", Detail: safetext.Of("guessed")}},
		Normalisations: []compare.Normalisation{{ID: "tar-order", Version: 1, Reason: "order", BytesHidden: 3}},
		Grafts:         []compare.Graft{{Kind: "authenticode", Bytes: 5, Equal: true}, {Kind: "apk", Bytes: 5}},
	}
	r.Result.Variations = []rebuild.Varied{{Name: "time", Outcome: rebuild.VariedSame, How: "later"}}
	r.Recipe, r.Result.Recipe = rebuild.Recipe{}, &rebuild.Recipe{Command: []string{"found"}}
	said := attested(t, p, r)[AttestedComparison]
	for _, want := range []string{
		`"accounting":{"byClass":{"build-id":4,"relocated":2,"unexplained":3},"differingBytes":9}`,
		`"functions":{"changed":["main.a[U+001B]","main.z"],"relocatedOnly":2,"same":10}`,
		`"causes":[{"detail":"-X","kind":"flags"}]`, `"grafts":[{"bytes":5,"kind":"authenticode"}]`,
		`"normalisations":[{"bytesHidden":3,"id":"tar-order","reason":"order","securityRelevant":false,"version":1}]`,
		`"variations":[{"name":"time","outcome":"same"}]`, `"recipe":{"sha256":"` + evidence.Of([]byte(`{"command":["found"],"output":""}`)).Hex() + `"}`,
	} {
		if !strings.Contains(said, want) {
			t.Errorf("no %s in %s", want, said)
		}
	}
}

// attested signs a rebuild and gives the statements by name.
func attested(t *testing.T, p *Partial, r Rebuilt) map[string]string {
	t.Helper()
	private, public, err := trust.NewKey(nil)
	if err != nil {
		t.Fatal(err)
	}
	key, err := trust.LoadKey(private, nil)
	if err != nil {
		t.Fatal(err)
	}
	list, err := Attest(context.Background(), p, r, "https://builder.example", sign.Bare(key))
	if err != nil {
		t.Fatal(err)
	}
	said := map[string]string{}
	for _, a := range list {
		_, payload, err := attest.VerifyKey(a.Bundle, public)
		if err != nil {
			t.Fatal(err)
		}
		said[a.Name] = string(payload)
	}
	return said
}

// The fields that a reader of oss-rebuild's statements looks for.
func TestAttestedFields(t *testing.T) {
	p, r := rebuiltSample(reports.BitIdentical, reports.Pass)
	said := attested(t, p, r)
	for name, wants := range map[string][]string{
		AttestedProvenance: {
			`"artifact":"agent"`, `"ecosystem":"npm"`, `"package":"@acme/agent"`, `"version":"1.2.3"`, `"name":"rebuild/agent"`,
			`"name":"build.json"`, `"name":"steps.json"`, `"content":"W1siZ28iLCJidWlsZCJdXQ=="`,
		},
		AttestedEquivalence: {`"candidate":"rebuild/agent"`, `"target":"pkg:npm/%40acme/agent@1.2.3#package/bin/agent"`, `"name":"stabilized/agent"`},
		AttestedComparison:  {`"level":"bit-identical"`, `"differingBytes":0`},
		AttestedSummary: {
			`"timeVerified":"2026-11-21T00:00:00Z"`, `"verificationResult":"PASSED"`, `"verifiedLevels":["PROFFER_REBUILD_BIT_IDENTICAL"]`,
			`"uri":"urn:proffer:policy:baseline"`, `"uri":"urn:proffer:attestation:comparison"`,
		},
	} {
		for _, want := range wants {
			if !strings.Contains(said[name], want) {
				t.Errorf("%s has no %s: %s", name, want, said[name])
			}
		}
	}
}
