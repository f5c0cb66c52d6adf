package audit

import (
	"slices"
	"strings"
	"testing"

	"github.com/proffer-audit/proffer/attest"
	"github.com/proffer-audit/proffer/attest/trust"
	"github.com/proffer-audit/proffer/reports"
	"github.com/proffer-audit/proffer/reports/safetext"
)

// What a verdict of several statements per file becomes: one finding for each
// attestation, under an id of its own, with its code and place.
func TestProvenanceOutcomes(t *testing.T) {
	refused := func(file, place, principal string, code attest.Code) attest.Refusal {
		return attest.Refusal{Bundle: file, Place: place, Principal: principal, Code: code, Reason: safetext.Of("because")}
	}
	v := attest.Verdict{
		Roles: []attest.RoleVerdict{
			{
				Role: trust.Rebuilder, Threshold: 2, Demanded: true, Count: 1, Missing: safetext.Of("1 more rebuilder of: b"),
				Counted: []attest.Attested{{Bundle: "npm", Place: "attestations[1]", Principal: "a", Subject: "x"}},
				Refusals: []attest.Refusal{
					refused("npm", "attestations[0]", "", attest.UntrustedSigner), refused("lines", "line 1", "", attest.SubjectMismatch),
					refused("lines", "line 2", "", attest.SubjectMismatch), refused("two", "", "a", attest.DuplicatePrincipal), refused("two", "", "c", attest.DuplicatePrincipal),
				},
			},
			{Role: trust.Vendor},
		},
		Refusals: []attest.Refusal{refused("friend", "", "", attest.RoleNotTrusted)},
	}
	out := provenanceOutcomes("provenance/agent", "agent", v, []string{"sha256:00"})
	check := out.Checks[0]
	if check.Status != reports.Fail || check.Code != "threshold-not-met" || !strings.Contains(check.Reason.String(), "rebuilder: 1 of 2 wanted (a); 1 more rebuilder of: b") {
		t.Errorf("check %+v", check)
	}
	var ids []string
	severity := map[string]reports.Severity{}
	for _, f := range out.Findings {
		if slices.Contains(ids, f.ID) {
			t.Errorf("two findings are called %s", f.ID)
		}
		ids = append(ids, f.ID)
		if f.Rule == "provenance.refused" {
			severity[f.Facts["bundle"].String()+f.Facts["place"].String()] = f.Severity
			if f.Facts["code"].IsZero() {
				t.Errorf("finding without a code: %+v", f)
			}
		}
	}
	if len(ids) != 7 {
		t.Errorf("%d findings, want one for each refusal and one for who is missing", len(ids))
	}
	if severity["npmattestations[0]"] != reports.Note || severity["linesline 1"] != reports.Medium || severity["two"] != reports.Medium {
		t.Errorf("severities %v", severity)
	}
}

// A role that is not demanded is not a pass.
func TestProvenanceNotDemanded(t *testing.T) {
	for name, roles := range map[string][]attest.RoleVerdict{"no role": nil, "threshold 0": {{Role: trust.Rebuilder, Count: 3}}} {
		check := provenanceOutcomes("provenance/a", "a", attest.Verdict{Roles: roles}, nil).Checks[0]
		if check.Status != reports.NotApplicable || check.Code != "not-demanded" {
			t.Errorf("%s: %+v", name, check)
		}
	}
}
