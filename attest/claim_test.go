package attest_test

import (
	"fmt"
	"testing"

	"github.com/proffer-audit/proffer/attest"
	"github.com/proffer-audit/proffer/attest/trust"
)

// In the other roles any statement speaks, but a signed "no" does not count as
// somebody speaking for the artifact.
func TestVerifySetPredicates(t *testing.T) {
	s := newSigner(t)
	for _, tt := range []struct {
		name, predicateType string
		predicate           string
		want                attest.Code
	}{
		{"anything", "https://example.org/x", `{}`, ""},
		{"summary passed", attest.SummaryType, `{"verificationResult":"PASSED"}`, ""},
		{"summary failed", attest.SummaryType, `{"verificationResult":"FAILED"}`, attest.PredicateFailed},
		{"summary in other words", attest.SummaryType, `{"verificationResult":"passed"}`, attest.PredicateFailed},
		{"summary silent", attest.SummaryType, `{}`, attest.BadStatement},
		{"summary null", attest.SummaryType, `{"verificationResult":null}`, attest.BadStatement},
		{"summary in another case", attest.SummaryType, `{"VerificationResult":"PASSED"}`, attest.BadStatement},
		{"comparison identical", attest.ComparisonType, `{"level":"bit-identical"}`, ""},
		{"comparison after graft", attest.ComparisonType, `{"level":"identical-after-graft"}`, ""},
		{"comparison normalised", attest.ComparisonType, `{"level":"equal-after-declared-normalisation"}`, ""},
		{"comparison explained", attest.ComparisonType, `{"level":"explained"}`, attest.PredicateFailed},
		{"comparison build failed", attest.ComparisonType, `{"level":"build-failed"}`, attest.PredicateFailed},
		{"comparison unknown", attest.ComparisonType, `{"level":"perfect"}`, attest.PredicateFailed},
		{"test failed", attest.TestResultType, `{"result":"FAILED"}`, attest.PredicateFailed},
		{"test passed", attest.TestResultType, `{"result":"PASSED"}`, ""},
		{"report not met", attest.ReportType, `{"result":"not-met"}`, attest.PredicateFailed},
		{"report incomplete", attest.ReportType, `{"result":"incomplete"}`, attest.PredicateFailed},
		{"report met", attest.ReportType, `{"result":"met"}`, ""},
		{"provenance", attest.ProvenanceType, `{"buildDefinition":{"buildType":"x"},"runDetails":{"builder":{"id":"y"}}}`, ""},
		{"provenance empty", attest.ProvenanceType, `{}`, attest.BadStatement},
	} {
		t.Run(tt.name, func(t *testing.T) {
			payload := fmt.Appendf(nil, `{"_type":"https://in-toto.io/Statement/v1","predicate":%s,"predicateType":%q,"subject":[{"digest":{"sha256":%q},"name":"n"}]}`, tt.predicate, tt.predicateType, hexSum("app"))
			for _, role := range []string{trust.Vendor, trust.Auditor, trust.Agency} {
				v := only(t, attest.Set{
					Bundles:  []attest.Named{{Name: "b", Role: role, Bytes: s.attest(t, payload)}},
					Subjects: whole("app"), Roles: []trust.Role{{Name: role, Threshold: 1, Principals: []trust.Principal{byKey("s", "", s)}}},
				})
				want := "b " + string(tt.want)
				if tt.want == "" {
					want = ""
				}
				if v.Met != (tt.want == "") || refusals(v) != want {
					t.Errorf("%s: met %v, refused %v", role, v.Met, v.Refusals)
				}
			}
		})
	}
}
