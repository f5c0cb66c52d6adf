package claim_test

import (
	"encoding/json"
	"errors"
	"strings"
	"testing"

	"github.com/proffer-audit/proffer/attest/claim"
	"github.com/proffer-audit/proffer/attest/statement"
	"github.com/proffer-audit/proffer/attest/trust"
)

var hexA = strings.Repeat("a", 64)

func says(predicateType, predicate string) *statement.Statement {
	return &statement.Statement{
		PredicateType: predicateType, Predicate: json.RawMessage(predicate),
		Subjects: []statement.Subject{{Name: "app", Digest: map[string]string{"sha256": hexA}}},
	}
}

func code(t *testing.T, err error) claim.Code {
	t.Helper()
	if err == nil {
		return ""
	}
	var e *claim.Error
	if !errors.As(err, &e) {
		t.Fatalf("error %v is not an *Error", err)
	}
	return e.Code
}

// What each claim may count for, in every role. The words are those that
// package attest had before there was a table.
func TestSpeaks(t *testing.T) {
	builds := []string{trust.Builder, trust.Rebuilder}
	for _, tt := range []struct {
		name, predicateType, predicate string
		others, build                  claim.Code
	}{
		{"anything", "https://example.org/x", `{}`, "", claim.NotThis},
		{"summary passed", claim.SummaryType, `{"verificationResult":"PASSED"}`, "", claim.NotThis},
		{"summary failed", claim.SummaryType, `{"verificationResult":"FAILED"}`, claim.SaysNo, claim.SaysNo},
		{"summary in other words", claim.SummaryType, `{"verificationResult":"passed"}`, claim.SaysNo, claim.SaysNo},
		{"comparison identical", claim.ComparisonType, `{"level":"bit-identical"}`, "", claim.NotThis},
		{"comparison after graft", claim.ComparisonType, `{"level":"identical-after-graft"}`, "", claim.NotThis},
		{"comparison normalised", claim.ComparisonType, `{"level":"equal-after-declared-normalisation"}`, "", claim.NotThis},
		{"comparison explained", claim.ComparisonType, `{"level":"explained"}`, claim.SaysNo, claim.SaysNo},
		{"comparison unknown", claim.ComparisonType, `{"level":"perfect"}`, claim.SaysNo, claim.SaysNo},
		{"test passed", claim.TestResultType, `{"result":"PASSED"}`, "", claim.NotThis},
		{"test warned", claim.TestResultType, `{"result":"WARNED"}`, claim.SaysNo, claim.SaysNo},
		{"test failed", claim.TestResultType, `{"result":"FAILED"}`, claim.SaysNo, claim.SaysNo},
		{"report met", claim.ReportType, `{"result":"met"}`, "", claim.NotThis},
		{"report incomplete", claim.ReportType, `{"result":"incomplete"}`, claim.SaysNo, claim.SaysNo},
		{"provenance", claim.ProvenanceType, `{"buildDefinition":{"buildType":"x"},"runDetails":{"builder":{"id":"y"}}}`, "", ""},
		{"provenance v0.2", claim.ProvenanceV02Type, `{"buildType":"x","builder":{"id":"y"}}`, "", ""},
	} {
		c, err := claim.Read(says(tt.predicateType, tt.predicate))
		if err != nil {
			t.Errorf("%s: %v", tt.name, err)
			continue
		}
		for _, role := range trust.RoleNames() {
			want := tt.others
			if role == builds[0] || role == builds[1] {
				want = tt.build
			}
			if got := code(t, c.Speaks(role)); got != want {
				t.Errorf("%s as %s: %q, want %q", tt.name, role, got, want)
			}
		}
	}
}
