package assess

import (
	"slices"
	"strings"

	"github.com/proffer-audit/proffer/audit/profile"
	"github.com/proffer-audit/proffer/audit/submission"
	"github.com/proffer-audit/proffer/reports"
	"github.com/proffer-audit/proffer/reports/safetext"
)

// The verdicts on claims and mitigations.
const (
	VerdictSupported     = "supported"
	VerdictContradicted  = "contradicted"
	VerdictDocumentsOnly = "documents-only"
	VerdictNotAnswerable = "not-answerable-technically"
	VerdictNotAssessed   = "not-assessed"
)

// claims answers the vendor line by line.
func (b *bench) claims() []reports.Claim {
	out := []reports.Claim{}
	for _, c := range b.Submission.Claims {
		verdict, by := b.claim(c)
		out = append(out, reports.Claim{ID: c.ID, Text: safetext.Of(c.Text), Kind: c.Kind, Verdict: verdict, By: by})
	}
	slices.SortStableFunc(out, func(x, y reports.Claim) int { return strings.Compare(x.ID, y.ID) })
	return out
}

// claim judges a technical claim by the concerns and checks that it names: the
// worst of them counts, and a concern that is supported in part supports none.
func (b *bench) claim(c submission.Claim) (string, []string) {
	switch c.Kind {
	case "documentary":
		return VerdictDocumentsOnly, []string{}
	case "legal":
		return VerdictNotAnswerable, []string{}
	}
	var verdicts, by []string
	for _, id := range c.Concerns {
		concern, ok := b.judged(id)
		if !ok {
			verdicts = append(verdicts, VerdictNotAssessed)
			continue
		}
		verdicts = append(verdicts, concernVerdict(concern.Outcome))
		by = append(by, b.onlyChecks(slices.Concat(concern.Supporting, concern.Contradicting))...)
	}
	for _, id := range c.Evidence {
		if _, _, ok := strings.Cut(id, "/"); ok && slices.Contains(kinds(), kindOf(id)) {
			verdicts = append(verdicts, b.checked(id))
			by = append(by, b.onlyChecks([]string{id})...)
		}
	}
	return worst(verdicts), sortedSet(by)
}

// judged finds a concern's answer.
func (b *bench) judged(id string) (reports.Concern, bool) {
	i := slices.IndexFunc(b.concerns, func(c reports.Concern) bool { return c.ID == id })
	if i < 0 {
		return reports.Concern{}, false
	}
	return b.concerns[i], true
}

func concernVerdict(o reports.Outcome) string {
	switch o {
	case reports.Supported:
		return VerdictSupported
	case reports.Contradicted:
		return VerdictContradicted
	case reports.NotAnswerableTechnically:
		return VerdictNotAnswerable
	}
	return VerdictNotAssessed
}

// checked is the verdict of one check by its id.
func (b *bench) checked(id string) string {
	verdicts := []string{}
	for _, c := range b.at(id) {
		switch full := c.Cap == "" || c.Cap == reports.Supported; {
		case c.Status == reports.Fail:
			verdicts = append(verdicts, VerdictContradicted)
		case c.Status == reports.Pass && full:
			verdicts = append(verdicts, VerdictSupported)
		default:
			verdicts = append(verdicts, VerdictNotAssessed)
		}
	}
	return worst(verdicts)
}

// worst is the verdict that counts among several; none is not-assessed.
func worst(verdicts []string) string {
	for _, v := range []string{VerdictContradicted, VerdictNotAnswerable, VerdictNotAssessed, VerdictSupported} {
		if slices.Contains(verdicts, v) {
			return v
		}
	}
	return VerdictNotAssessed
}

// onlyChecks keeps the ids that are those of checks that were carried out.
func (b *bench) onlyChecks(ids []string) []string {
	return slices.DeleteFunc(ids, func(id string) bool { return len(b.checks[id]) == 0 })
}

// mitigations judges the vendor's measures.
func (b *bench) mitigations() []reports.Mitigation {
	out := []reports.Mitigation{}
	for _, m := range b.Submission.Mitigations {
		verdict, by := b.mitigation(m)
		out = append(out, reports.Mitigation{
			ID: m.ID, Concern: m.Concern, Measure: safetext.Of(m.Measure), Status: m.Status, Verdict: verdict, By: by,
		})
	}
	slices.SortStableFunc(out, func(x, y reports.Mitigation) int { return strings.Compare(x.ID, y.ID) })
	return out
}

// mitigation judges a measure by the check, or by all checks of the kind, that
// the vendor says can verify it. What is planned is not there to be seen, and no
// measure is supported while its concern is contradicted.
func (b *bench) mitigation(m submission.Mitigation) (string, []string) {
	ids := b.verifiers(m.VerifiableBy)
	concern, known := b.judged(m.Concern)
	switch {
	case m.Status != "in-place":
		return VerdictNotAssessed, []string{}
	case len(ids) == 0 && known && concern.Outcome == reports.NotAnswerableTechnically:
		return VerdictNotAnswerable, []string{}
	case len(ids) == 0 && m.VerifiableBy != "" && !slices.Contains(kinds(), kindOf(m.VerifiableBy)):
		return VerdictDocumentsOnly, []string{}
	}
	verdicts := []string{}
	for _, id := range ids {
		verdicts = append(verdicts, b.checked(id))
	}
	verdict := worst(verdicts)
	if verdict == VerdictSupported && (!known || concern.Outcome == reports.Contradicted) {
		verdict = VerdictNotAssessed
	}
	return verdict, sortedSet(b.onlyChecks(ids))
}

// verifiers are the ids that a mitigation's verifiableBy names.
func (b *bench) verifiers(by string) []string {
	if !slices.Contains(kinds(), kindOf(by)) {
		return nil
	}
	if strings.Contains(by, "/") {
		return []string{by}
	}
	return sortedSet(append(b.ofKind(profile.CheckKind(by)), b.subjects(profile.CheckKind(by))...))
}
