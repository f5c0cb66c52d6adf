package inventory

import (
	"fmt"
	"slices"
	"strings"

	"github.com/proffer-audit/proffer/reports"
	"github.com/proffer-audit/proffer/reports/safetext"
)

// A Question asks whether the components of one artifact are known, and whether
// its witnesses agree.
type Question struct {
	Artifact string
	Offered  Inventory // from the lock files, the submission and the toolchain
	BuiltIn  Inventory // from the files of the artifact
	Evidence []string  // digests: the inventory, and the documents it was read from
}

// The codes of the check's reasons, beside those of gaps.
const (
	CodeDifferences = "differences"
	CodeNoDocuments = "no-lock-file"
	CodeNoBinary    = "no-binary"
)

// checkLimits is what the check never does, in the words of the report.
func checkLimits() []safetext.Text {
	return []safetext.Text{
		safetext.Of("Only Go modules, the Go standard library and the Go toolchain are listed; components of other ecosystems inside the product are not."),
		safetext.Of("What is built in is what the binary's build information says; code copied into a module by hand is not in it."),
		safetext.Of("No SBOM of the vendor is read, and no imports in the source."),
	}
}

// Outcomes answers the question as check inventory/<artifact>, with a finding
// for each difference.
func Outcomes(q Question) reports.Outcomes {
	id := "inventory/" + q.Artifact
	evidence := slices.Compact(slices.Sorted(slices.Values(q.Evidence)))
	if evidence == nil {
		evidence = []string{}
	}
	differences := Differences(q.Offered, q.BuiltIn)
	check := reports.Check{ID: id, EvidenceClass: reports.E2, Evidence: evidence, Limits: checkLimits()}
	check.Status, check.Code, check.Reason = judge(q, differences)
	out := reports.Outcomes{Checks: []reports.Check{check}, Findings: []reports.Finding{}}
	for _, d := range differences {
		out.Findings = append(out.Findings, finding(id, evidence, d))
	}
	return out
}

func judge(q Question, differences []Difference) (reports.Status, string, safetext.Text) {
	gaps := Merge(q.Offered, q.BuiltIn).Gaps
	listed := len(Merge(q.Offered, q.BuiltIn).Components)
	switch {
	case len(differences) > 0:
		reason := fmt.Sprintf("%d of %d built-in components differ from what was offered", len(differences), len(q.BuiltIn.Components))
		if len(gaps) > 0 {
			reason += "; besides: " + gapWords(gaps)
		}
		return reports.Fail, CodeDifferences, safetext.Of(reason)
	case len(gaps) > 0:
		return reports.Incomplete, gaps[0].Code, safetext.Of(gapWords(gaps))
	case len(q.BuiltIn.Read) == 0:
		return reports.Incomplete, CodeNoBinary, safetext.Of("no file of the artifact was read, so what is built in is not known")
	case !readLock(q.Offered):
		return reports.Incomplete, CodeNoDocuments, safetext.Of("no go.mod was offered, so there is nothing to set the binary against")
	}
	return reports.Pass, "", safetext.Sprintf("%d components; all %d that the binary names are offered at the same version", listed, len(q.BuiltIn.Components))
}

func readLock(offered Inventory) bool {
	return slices.ContainsFunc(offered.Read, func(s string) bool { return strings.HasSuffix(s, ": go.mod") })
}

// gapWords names the first gaps and counts the rest.
func gapWords(gaps []Gap) string {
	const named = 3
	var words []string
	for i, g := range gaps {
		if i == named {
			words = append(words, fmt.Sprintf("and %d more", len(gaps)-named))
			break
		}
		words = append(words, g.Where+": "+g.Detail)
	}
	return strings.Join(words, "; ")
}

func finding(check string, evidence []string, d Difference) reports.Finding {
	w := d.Component.Witnesses[0]
	facts := map[string]safetext.Text{
		"purl":    safetext.Of(d.Component.PURL),
		"package": safetext.Of(d.Component.Name),
		"version": safetext.Of(d.Component.Version),
	}
	if w.Replaces != "" {
		facts["replaces"] = safetext.Of(w.Replaces)
	}
	return reports.Finding{
		ID:       reports.FindingID(d.Rule, check, d.Component.Name, d.Component.Version, w.Where),
		Rule:     d.Rule,
		Severity: severityOf(d.Rule),
		Check:    check,
		Subject:  safetext.Of(d.Component.PURL),
		Location: &reports.Location{Path: safetext.Of(w.Where), Line: w.Line},
		Concerns: []string{},
		Message:  safetext.Sprintf("%s: %s", d.Component.Name, d.Detail),
		Evidence: evidence,
		Facts:    facts,
	}
}
