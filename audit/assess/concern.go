package assess

import (
	"fmt"
	"slices"

	"github.com/proffer-audit/proffer/audit/profile"
	"github.com/proffer-audit/proffer/reports"
	"github.com/proffer-audit/proffer/reports/safetext"
)

// PreviousReport stands among what contradicts a concern that the report before
// this one called contradicted.
const PreviousReport = "previous-report"

// tally gathers what is for and against one concern.
type tally struct {
	supporting, contradicting, missing []string
	heldDown                           []string // what allows no more than partly-supported, and why
	content                            bool     // something looked at what the concern is about, and passed
	unseen                             bool     // something might have contradicted
}

// concern judges one concern; see the package's documentation.
func (b *bench) concern(c profile.Concern) reports.Concern {
	out := reports.Concern{
		ID: c.ID, Statement: safetext.Of(c.Statement), Outcome: reports.NotAnswerableTechnically,
		Supporting: []string{}, Contradicting: []string{}, Missing: []string{},
		Documents: b.documents(c), Limits: texts(c.Limits),
	}
	if !c.Technical {
		return out
	}
	t := b.tally(c)
	out.Outcome = t.outcome(slices.ContainsFunc(c.Checks, needed))
	if out.Outcome != reports.Supported && slices.Contains(b.Carried, c.ID) {
		out.Outcome = reports.Contradicted
		t.contradicting = append(t.contradicting, PreviousReport)
	}
	out.Supporting, out.Contradicting, out.Missing = sortedSet(t.supporting), sortedSet(t.contradicting), sortedSet(t.missing)
	return out
}

func needed(k profile.Bearing) bool { return k.Needed }

func (t tally) outcome(needs bool) reports.Outcome {
	switch {
	case len(t.contradicting) > 0:
		return reports.Contradicted
	case t.unseen || !t.content:
		return reports.NotAssessed
	case len(t.heldDown) > 0 || !needs:
		return reports.PartlySupported
	}
	return reports.Supported
}

func (b *bench) tally(c profile.Concern) tally {
	var t tally
	for _, k := range c.Checks {
		b.tallyKind(&t, c, k)
	}
	for _, f := range b.findings {
		if !slices.Contains(f.Concerns, c.ID) {
			continue
		}
		switch {
		case f.Severity.AtLeast(reports.High):
			t.contradicting = append(t.contradicting, f.ID)
		case f.Severity.AtLeast(reports.Medium):
			t.heldDown = append(t.heldDown, fmt.Sprintf("finding %s", f.ID))
		}
	}
	return t
}

// tallyKind weighs all checks of one kind: those that are there, those that are
// owed, and those that the submission's offer calls for where the kind is needed.
func (b *bench) tallyKind(t *tally, c profile.Concern, k profile.Bearing) {
	ids := slices.DeleteFunc(b.ofKind(k.Kind), isPaper)
	if k.Needed {
		ids = sortedSet(append(ids, b.subjects(k.Kind)...))
	}
	passed := false
	for _, id := range ids {
		for _, check := range b.at(id) {
			w := b.weigh(c, k, check)
			passed = passed || check.Status == reports.Pass
			t.add(w, check)
		}
	}
	if k.Needed && !passed {
		t.missing = append(t.missing, string(k.Kind))
	}
	t.unseen = t.unseen || (k.Needed && len(ids) == 0)
}

func (t *tally) add(w weight, check reports.Check) {
	passed := check.Status == reports.Pass
	switch w.effect {
	case supports:
		t.content = t.content || w.content
	case holdsDown:
		t.content = t.content || w.content
		t.heldDown = append(t.heldDown, fmt.Sprintf("%s (%s)", check.ID, w.why))
	case contradicts:
		t.contradicting = append(t.contradicting, check.ID)
	case unseen:
		t.unseen = true
		t.missing = append(t.missing, check.ID)
	}
	if passed && (w.effect == supports || w.effect == holdsDown) {
		t.supporting = append(t.supporting, check.ID)
	}
}

// documents lists the papers that the profile asks for beside the checks, and
// those that the vendor's claims on the concern refer to.
func (b *bench) documents(c profile.Concern) []safetext.Text {
	out := []safetext.Text{}
	for _, d := range c.Documents {
		out = append(out, safetext.Of("asked for: "+d))
	}
	cited := map[string]bool{}
	for _, claim := range b.Submission.Claims {
		if slices.Contains(claim.Concerns, c.ID) {
			for _, e := range claim.Evidence {
				cited[e] = true
			}
		}
	}
	var offered []string
	for _, d := range b.Submission.Documents {
		if cited[d.Digest] {
			offered = append(offered, fmt.Sprintf("offered: %s (%s, %s)", d.Title, d.Confidentiality, d.Digest))
		}
	}
	return append(out, texts(sortedSet(offered))...)
}

func texts(list []string) []safetext.Text {
	out := make([]safetext.Text, 0, len(list))
	for _, s := range list {
		out = append(out, safetext.Of(s))
	}
	return out
}
