package assess

import (
	"maps"
	"slices"
	"strings"

	"github.com/proffer-audit/proffer/audit/profile"
	"github.com/proffer-audit/proffer/audit/submission"
	"github.com/proffer-audit/proffer/reports"
	"github.com/proffer-audit/proffer/reports/safetext"
)

// items says where the report answers what the profile wants of a response. An
// item that no field answers, or whose field is empty, is missing.
func (b *bench) items() []reports.ResponseItem {
	out := []reports.ResponseItem{}
	for _, response := range b.Profile.Submissions {
		if !response.Audited {
			continue
		}
		for _, item := range response.Items {
			text := item.Text
			if !item.Required {
				text += " (not required)"
			}
			out = append(out, reports.ResponseItem{
				ID: item.ID, Text: safetext.Of(text), Where: string(item.Field), Missing: !answers(b.Submission, item.Field),
			})
		}
	}
	slices.SortStableFunc(out, func(x, y reports.ResponseItem) int { return strings.Compare(x.ID, y.ID) })
	return out
}

// answers reports whether the submission fills a field of the report.
func answers(s *submission.Submission, f profile.Field) bool {
	switch f {
	case profile.FieldName:
		return s.Respondent.Name != ""
	case profile.FieldContact:
		return s.Respondent.Contact != ""
	case profile.FieldBasis:
		return s.Respondent.Basis != ""
	case profile.FieldNumber:
		return s.Matter.Number != ""
	case profile.FieldReceived:
		return !s.Matter.Received.IsZero()
	case profile.FieldProducts:
		return len(s.Products) > 0
	case profile.FieldChannels:
		return len(s.Channels) > 0
	case profile.FieldClaims:
		return len(s.Claims) > 0
	case profile.FieldMitigations:
		return len(s.Mitigations) > 0
	case profile.FieldExclusions:
		return len(s.Exclusions) > 0
	case profile.FieldEndpoints:
		return len(s.Endpoints) > 0
	case profile.FieldCapabilities:
		return len(s.Capabilities) > 0
	case profile.FieldDocuments:
		return len(s.Documents) > 0
	}
	return false
}

// EventReceived is the event whose day is the submission's matter.received.
const EventReceived = "received"

// clock computes the deadlines of the profile.
func (b *bench) clock() []reports.Clock {
	events := map[string]profile.Date{}
	if e, ok := b.Profile.Event(EventReceived); ok && e.Date.IsZero() && !b.Submission.Matter.Received.IsZero() {
		events[EventReceived] = b.Submission.Matter.Received
	}
	maps.Copy(events, b.Events)
	y, m, d := b.AsOf.UTC().Date()
	out := []reports.Clock{}
	for _, due := range b.Profile.Due(events, profile.Date{Year: y, Month: m, Day: d}, b.AcceptUnverified) {
		out = append(out, reports.Clock{
			ID: due.Clock.ID, Event: due.Event.ID, Due: due.Date.String(), Kind: string(due.Clock.Kind),
			Confidence: string(due.Clock.Confidence), Citation: safetext.Of(due.Clock.Citation), Note: safetext.Of(due.Note),
		})
	}
	return out
}

// declared sorts what was declared against what was seen.
func declared(d reports.Declared) reports.Declared {
	return reports.Declared{Endpoints: rows(d.Endpoints), Capabilities: rows(d.Capabilities), Channels: rows(d.Channels)}
}

func rows(list []reports.DeclaredRow) []reports.DeclaredRow {
	out := append([]reports.DeclaredRow{}, list...)
	slices.SortStableFunc(out, func(x, y reports.DeclaredRow) int { return strings.Compare(rowKey(x), rowKey(y)) })
	return out
}

func rowKey(r reports.DeclaredRow) string {
	flags := map[bool]string{true: "1", false: "0"}
	return strings.Join([]string{r.Name.String(), r.Where.String(), flags[r.Declared], flags[r.Observed]}, "\x00")
}
