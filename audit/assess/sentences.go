package assess

import (
	"slices"
	"strings"

	"github.com/proffer-audit/proffer/reports"
	"github.com/proffer-audit/proffer/reports/safetext"
)

// residual says in sentences what remains: the concerns that are contradicted or
// supported in part, in the profile's order, and the findings that were waived.
func (b *bench) residual() []safetext.Text {
	out := []safetext.Text{}
	for i, c := range b.concerns {
		p := b.Profile.Concerns[i]
		switch c.Outcome {
		case reports.Contradicted:
			out = append(out, safetext.Sprintf("%s (%s) is contradicted by %s.", c.ID, p.Title, strings.Join(c.Contradicting, ", ")))
		case reports.PartlySupported:
			down := b.tally(p).heldDown
			if len(down) == 0 {
				down = []string{"the profile, which names no check that would be enough"}
			}
			out = append(out, safetext.Sprintf("%s (%s) is supported in part; it is held down by %s.", c.ID, p.Title, strings.Join(sortedSet(down), ", ")))
		}
	}
	for _, w := range b.waivers {
		if w.Applied {
			out = append(out, safetext.Sprintf("Finding %s remains: %s waived it until %s.", w.Finding, w.Approver, w.Expires))
		}
	}
	if b.Mode == reports.SelfAssessment {
		out = append(out, safetext.Of("This is a self-assessment: nobody independent of the vendor carried it out."))
	}
	return out
}

// notAssessed says in sentences what was not answered: the checks that were not
// carried out whole, sorted, and the concerns, in the profile's order.
func (b *bench) notAssessed() []safetext.Text {
	out := []safetext.Text{}
	for _, id := range sortedSet(slices.Concat(b.known, b.expected())) {
		for _, c := range b.at(id) {
			switch c.Status {
			case reports.Pass, reports.Fail, reports.NotApplicable:
			case reports.Incomplete:
				out = append(out, safetext.Sprintf("%s was carried out in part: %s.", id, c.Reason))
			default:
				out = append(out, safetext.Sprintf("%s was not carried out: %s.", id, c.Reason))
			}
		}
	}
	for i, c := range b.concerns {
		title := b.Profile.Concerns[i].Title
		switch c.Outcome {
		case reports.NotAssessed:
			out = append(out, safetext.Sprintf("%s (%s) was not assessed%s.", c.ID, title, lacking(c.Missing, len(b.Profile.Concerns[i].Checks) > 0)))
		case reports.NotAnswerableTechnically:
			out = append(out, safetext.Sprintf("%s (%s) cannot be answered by a technical check.", c.ID, title))
		}
	}
	return out
}

func lacking(missing []string, checked bool) string {
	switch {
	case len(missing) > 0:
		return "; it lacks " + strings.Join(missing, ", ")
	case checked:
		return "; nothing that bears on it passed"
	}
	return "; no check of an audit answers it"
}
