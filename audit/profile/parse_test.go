package profile

import (
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"strings"
	"testing"

	"github.com/proffer-audit/proffer/audit/strictyaml"
)

const clause = "The response shall be received by the Department."

func digest(s string) string {
	sum := sha256.Sum256([]byte(s))
	return "sha256:" + hex.EncodeToString(sum[:])
}

// sample is a profile that uses every part of the format.
func sample() string {
	return `apiVersion: proffer/v1
kind: Profile
id: sample
title: A process
authority:
  name: An authority
  citation: "1 X 2"
  url: https://authority.example/1
  quote: ` + clause + `
  quoteDigest: ` + digest(clause) + `
  confidence: quoted
scope: {entities: [all], products: [one], includesEmbedded: true, exclusions: [none]}
parties: [{role: respondent, duties: [answer], may: [appeal]}]
events:
  - {id: received, text: The notice is received., confidence: quoted, citation: here}
  - {id: issued, text: It is issued., date: 2026-01-01, confidence: summarised}
clocks:
  - {id: response, text: Respond., from: received, n: 30, unit: calendar-day, roll: next, calendar: us-federal, kind: receive-by, inForce: {from: 2026-01-01, to: 2026-12-31}, confidence: quoted, citation: here}
submissions:
  - {name: response, by: respondent, to: An authority, clock: response, format: paper, confidentiality: mark it, audited: true, items: [{id: who, text: Who., required: true, field: respondent.name}]}
concerns:
  - {id: C1, title: access, statement: It has access., technical: true, confidence: summarised, checks: [{kind: source, needed: true, minClass: E2}], documents: [design], limits: [a judgement]}
  - {id: C2, title: ties, statement: They have ties., technical: false, confidence: unverified, limits: [nothing answers it]}
decisions:
  - {name: final, decider: An authority, clock: response, review: a court, confidence: summarised, values: [{name: keep, effects: [it stays], starts: [issued]}]}
disputes: [{text: Readers disagree., confidence: summarised}]
`
}

func TestParseSample(t *testing.T) {
	p, err := Parse("sample.yaml", []byte(sample()))
	if err != nil {
		t.Fatal(err)
	}
	if c, ok := p.Concern("C1"); !ok || !c.Technical || c.Checks[0] != (Bearing{KindSource, true, "E2"}) {
		t.Errorf("C1 reads as %+v", c)
	}
	if _, ok := p.Concern("C3"); ok {
		t.Error("a concern that is not there was found")
	}
	if e, ok := p.Event("issued"); !ok || e.Date.String() != "2026-01-01" {
		t.Errorf("issued reads as %+v", e)
	}
}

func TestRefusals(t *testing.T) {
	for _, tt := range []struct {
		name, old, new, path string
		code                 strictyaml.Code
	}{
		{"unknown key", "title: A process", "titel: A process", "titel", strictyaml.UnknownKey},
		{"policy in a profile", "id: sample", "id: sample\nwaivers: []", "waivers", strictyaml.UnknownKey},
		{"other kind", "kind: Profile", "kind: Policy", "kind", strictyaml.InvalidValue},
		{"id that is no name", "id: sample", "id: Sample", "id", strictyaml.InvalidValue},
		{"address that is not of the web", "https://authority.example/1", "javascript:alert(1)", "authority.url", strictyaml.InvalidValue},
		{"clause that was changed", clause + "\n", "The response may be received.\n", "authority.quoteDigest", QuoteMismatch},
		{"clause without digest", "  quoteDigest: " + digest(clause) + "\n", "", "authority", strictyaml.Missing},
		{"digest without clause", "  quote: " + clause + "\n", "", "authority", strictyaml.Missing},
		{"quoted without a clause", "  quote: " + clause + "\n  quoteDigest: " + digest(clause) + "\n", "", "authority.confidence", strictyaml.InvalidValue},
		{"confidence of another kind", "confidence: unverified", "confidence: certain", "concerns[1].confidence", strictyaml.InvalidValue},
		{"event twice", "id: issued", "id: received", "events[1].id", strictyaml.InvalidValue},
		{"clock from nowhere", "from: received", "from: sent", "clocks[0].from", strictyaml.InvalidValue},
		{"clock that is no name", "clocks:\n  - {id: response", "clocks:\n  - {id: Response", "clocks[0].id", strictyaml.InvalidValue},
		{"negative count", "n: 30", "n: -1", "clocks[0].n", strictyaml.InvalidValue},
		{"count without end", "n: 30", "n: 10001", "clocks[0].n", strictyaml.InvalidValue},
		{"again after nothing", "n: 30, unit: calendar-day, roll: next, calendar: us-federal, kind: receive-by", "n: 0, unit: calendar-day, kind: recurring", "clocks[0].n", strictyaml.InvalidValue},
		{"unit that is not", "unit: calendar-day", "unit: day", "clocks[0].unit", strictyaml.InvalidValue},
		{"roll without a calendar", ", calendar: us-federal", "", "clocks[0]", strictyaml.Missing},
		{"business days without a calendar", "unit: calendar-day, roll: next, calendar: us-federal", "unit: business-day", "clocks[0]", strictyaml.Missing},
		{"calendar that bears on nothing", "roll: next", "roll: none", "clocks[0].calendar", strictyaml.InvalidValue},
		{"period that ends first", "to: 2026-12-31", "to: 2025-12-31", "clocks[0].inForce", strictyaml.InvalidValue},
		{"wordings that overlap", "submissions:\n", "  - {id: response, text: R., from: received, n: 1, unit: month, kind: receive-by, inForce: {from: 2026-12-31}, confidence: quoted, citation: here}\nsubmissions:\n", "clocks[1].inForce", strictyaml.InvalidValue},
		{"wordings of two clocks", "submissions:\n", "  - {id: response, text: R., from: issued, n: 1, unit: month, kind: receive-by, inForce: {from: 2027-01-01}, confidence: quoted, citation: here}\nsubmissions:\n", "clocks[1]", strictyaml.InvalidValue},
		{"party twice", "parties: [{role: respondent", "parties: [{role: respondent}, {role: respondent", "parties[1].role", strictyaml.InvalidValue},
		{"response by nobody", "by: respondent", "by: agency", "submissions[0].by", strictyaml.InvalidValue},
		{"response by no clock", "clock: response, format", "clock: reply, format", "submissions[0].clock", strictyaml.InvalidValue},
		{"item in a field that is not", "field: respondent.name", "field: respondent.taste", "submissions[0].items[0].field", strictyaml.InvalidValue},
		{"item twice", "items: [{id: who", "items: [{id: who, text: Who.}, {id: who", "submissions[0].items[1].id", strictyaml.InvalidValue},
		{"concern that is no id", "id: C1", "id: c1", "concerns[0].id", strictyaml.InvalidValue},
		{"concern twice", "id: C2", "id: C1", "concerns[1].id", strictyaml.InvalidValue},
		{"concern that does not say whether it is technical", "technical: true, ", "", "concerns[0]", strictyaml.Missing},
		{"checks of what no check answers", "technical: true", "technical: false", "concerns[0].checks", strictyaml.InvalidValue},
		{"no checks and no limits", ", limits: [nothing answers it]", "", "concerns[1]", strictyaml.Missing},
		{"check of a kind that is not", "kind: source", "kind: luck", "concerns[0].checks[0].kind", strictyaml.InvalidValue},
		{"check twice", "checks: [{kind: source", "checks: [{kind: source}, {kind: source", "concerns[0].checks[1].kind", strictyaml.InvalidValue},
		{"class that is not", "minClass: E2", "minClass: E5", "concerns[0].checks[0].minClass", strictyaml.InvalidValue},
		{"decision by no clock", "clock: response, review", "clock: reply, review", "decisions[0].clock", strictyaml.InvalidValue},
		{"value twice", "values: [{name: keep", "values: [{name: keep}, {name: keep", "decisions[0].values[1].name", strictyaml.InvalidValue},
		{"effect that starts nothing", "starts: [issued]", "starts: [doomsday]", "decisions[0].values[0].starts[0]", strictyaml.InvalidValue},
		{"date that is not", "date: 2026-01-01", "date: 2026-02-30", "events[1].date", strictyaml.InvalidValue},
	} {
		t.Run(tt.name, func(t *testing.T) {
			text := strings.Replace(sample(), tt.old, tt.new, 1)
			if text == sample() {
				t.Fatalf("the sample has no %q", tt.old)
			}
			_, err := Parse("sample.yaml", []byte(text))
			var refused *strictyaml.Error
			if !errors.As(err, &refused) {
				t.Fatalf("error %v, want a refusal", err)
			}
			if refused.Code != tt.code || refused.Path != tt.path || refused.Line == 0 {
				t.Errorf("%s: code %s at %q, want %s at %q", refused, refused.Code, refused.Path, tt.code, tt.path)
			}
		})
	}
}

func FuzzParse(f *testing.F) {
	f.Add([]byte(sample()))
	for _, name := range BuiltinNames() {
		data, ok := Builtin(name)
		if !ok {
			f.Fatalf("no profile %s", name)
		}
		f.Add(data)
	}
	f.Fuzz(func(t *testing.T, data []byte) {
		p, err := Parse("fuzz.yaml", data)
		if (p == nil) == (err == nil) {
			t.Fatalf("profile %v and error %v", p, err)
		}
		if err != nil {
			return
		}
		for _, d := range p.Due(nil, Date{Year: 2026, Month: 11, Day: 21}, true) {
			if d.Date.IsZero() == (d.Note == "" || !strings.HasPrefix(d.Note, "no date: ")) {
				t.Fatalf("clock %s: date %q, note %q", d.Clock.ID, d.Date, d.Note)
			}
		}
	})
}
