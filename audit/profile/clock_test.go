package profile

import (
	"strings"
	"testing"
)

func date(t testing.TB, s string) Date {
	t.Helper()
	var d Date
	if s == "" {
		return d
	}
	if err := d.UnmarshalText([]byte(s)); err != nil {
		t.Fatal(err)
	}
	return d
}

func TestBOD1701Dates(t *testing.T) {
	p := builtin(t, "bod-17-01")
	for _, tt := range []struct {
		id, want, weekday string
		accept            bool
	}{
		{"report", "2017-10-13", "Friday", false},
		{"plan", "2017-11-12", "Sunday", false},
		{"begin-removal", "2017-12-12", "Tuesday", false},
		{"response", "2017-11-03", "Friday", false},
		{"decision", "2017-12-16", "Saturday", false},
		{"response-moved", "", "", false},
		{"response-moved", "2017-11-10", "Friday", true},
		{"status", "", "", true},
	} {
		t.Run(tt.id, func(t *testing.T) {
			got := row(t, p.Due(nil, date(t, "2026-11-21"), tt.accept), tt.id)
			if got.Date.String() != tt.want || (tt.want != "" && got.Date.Weekday().String() != tt.weekday) {
				t.Errorf("due %q, %s; want %q, %s", got.Date, got.Date.Weekday(), tt.want, tt.weekday)
			}
			if tt.want == "" && !strings.HasPrefix(got.Note, "no date: ") {
				t.Errorf("note %q does not say why there is no date", got.Note)
			}
		})
	}
}

func row(t testing.TB, list []Due, id string) Due {
	t.Helper()
	for _, d := range list {
		if d.Clock.ID == id {
			return d
		}
	}
	t.Fatalf("there is no clock %s", id)
	return Due{}
}

func TestUnverified(t *testing.T) {
	event := Event{ID: "e", Date: date(t, "2026-01-05"), Confidence: Quoted}
	clock := Clock{ID: "c", From: "e", N: 1, Unit: CalendarDay, Confidence: Quoted}
	unverifiedEvent, unverifiedClock := event, clock
	unverifiedEvent.Confidence, unverifiedClock.Confidence = Unverified, Unverified
	given := map[string]Date{"e": event.Date}
	for _, tt := range []struct {
		name   string
		event  Event
		clock  Clock
		given  map[string]Date
		accept bool
		want   string
		note   string
	}{
		{"all known", event, clock, nil, false, "2026-01-06", ""},
		{"clock unverified", event, unverifiedClock, nil, false, "", "no date: this clock is unverified, and unverified clocks were not accepted"},
		{"clock unverified and day given", event, unverifiedClock, given, false, "", "no date: this clock is unverified, and unverified clocks were not accepted"},
		{"clock accepted", event, unverifiedClock, nil, true, "2026-01-06", "unverified, and accepted as such"},
		{"event unverified", unverifiedEvent, clock, nil, false, "", "no date: this clock is unverified, and unverified clocks were not accepted"},
		{"event unverified and its day given", unverifiedEvent, clock, given, false, "2026-01-06", ""},
		{"other day given", event, clock, map[string]Date{"e": date(t, "2026-02-01")}, false, "2026-02-02", "counted from 2026-02-01, which was given; the profile says 2026-01-05"},
		{"day of another event", event, clock, map[string]Date{"f": date(t, "2026-02-01")}, false, "2026-01-06", ""},
	} {
		t.Run(tt.name, func(t *testing.T) {
			p := &Profile{Events: []Event{tt.event}, Clocks: []Clock{tt.clock}}
			got := p.Due(tt.given, date(t, "2026-01-01"), tt.accept)[0]
			if got.Date.String() != tt.want || got.Note != tt.note {
				t.Errorf("due %q (%s), want %q (%s)", got.Date, got.Note, tt.want, tt.note)
			}
		})
	}
}

func TestCount(t *testing.T) {
	for _, tt := range []struct {
		name, from string
		clock      Clock
		want       string
	}{
		{"calendar days over a leap day", "2024-02-28", Clock{N: 2, Unit: CalendarDay}, "2024-03-01"},
		{"no day", "2026-07-04", Clock{N: 0, Unit: CalendarDay}, "2026-07-04"},
		{"calendar days over the change of clocks", "2026-03-07", Clock{N: 2, Unit: CalendarDay}, "2026-03-09"},
		{"one business day from Friday", "2026-11-20", Clock{N: 1, Unit: BusinessDay, Calendar: Weekdays}, "2026-11-23"},
		{"three business days over Thanksgiving", "2026-11-24", Clock{N: 3, Unit: BusinessDay, Calendar: USFederal}, "2026-11-30"},
		{"the same without holidays", "2026-11-24", Clock{N: 3, Unit: BusinessDay, Calendar: Weekdays}, "2026-11-27"},
		{"ten business days over two holidays", "2026-12-21", Clock{N: 10, Unit: BusinessDay, Calendar: USFederal}, "2027-01-06"},
		{"business day from a Saturday", "2026-11-21", Clock{N: 1, Unit: BusinessDay, Calendar: Weekdays}, "2026-11-23"},
		{"months to a shorter one", "2026-01-31", Clock{N: 1, Unit: Month}, "2026-02-28"},
		{"months to a leap day", "2024-01-31", Clock{N: 1, Unit: Month}, "2024-02-29"},
		{"months over a year", "2026-11-30", Clock{N: 3, Unit: Month}, "2027-02-28"},
		{"months that keep the day", "2026-11-15", Clock{N: 12, Unit: Month}, "2027-11-15"},
		{"a day of hours", "2026-11-21", Clock{N: 24, Unit: Hour}, "2026-11-22"},
		{"three days of hours", "2026-11-21", Clock{N: 72, Unit: Hour}, "2026-11-24"},
		{"hours within the day", "2026-11-21", Clock{N: 8, Unit: Hour}, "2026-11-21"},
		{"roll on from Sunday", "2017-09-13", Clock{N: 60, Unit: CalendarDay, Roll: RollNext, Calendar: USFederal}, "2017-11-13"},
		{"roll back from Sunday over an observed holiday", "2017-09-13", Clock{N: 60, Unit: CalendarDay, Roll: RollPrevious, Calendar: USFederal}, "2017-11-09"},
		{"roll on over Christmas", "2026-11-25", Clock{N: 30, Unit: CalendarDay, Roll: RollNext, Calendar: USFederal}, "2026-12-28"},
		{"roll none stays", "2017-09-13", Clock{N: 60, Unit: CalendarDay, Roll: RollNone}, "2017-11-12"},
		{"roll on a working day", "2017-09-13", Clock{N: 30, Unit: CalendarDay, Roll: RollNext, Calendar: USFederal}, "2017-10-13"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			got := dueOf(t, tt.clock, tt.from, "2026-11-21")
			if got.Date.String() != tt.want {
				t.Errorf("due %q (%s), want %q", got.Date, got.Note, tt.want)
			}
			if (tt.clock.Unit == Hour) != strings.Contains(got.Note, "its hour is not known") {
				t.Errorf("note %q", got.Note)
			}
		})
	}
}

// dueOf computes one quoted clock from a given day.
func dueOf(t testing.TB, c Clock, from, asOf string) Due {
	t.Helper()
	c.ID, c.From, c.Confidence = "c", "e", Quoted
	p := &Profile{Events: []Event{{ID: "e", Confidence: Quoted}}, Clocks: []Clock{c}}
	return p.Due(map[string]Date{"e": date(t, from)}, date(t, asOf), false)[0]
}

func TestRecurring(t *testing.T) {
	monthly := Clock{N: 1, Unit: Month, Kind: Recurring}
	for _, tt := range []struct {
		name, from, asOf string
		clock            Clock
		want             string
	}{
		{"before the first", "2017-12-12", "2017-12-12", Clock{N: 30, Unit: CalendarDay, Kind: Recurring}, "2018-01-11"},
		{"on a day that is due", "2017-12-12", "2018-01-11", Clock{N: 30, Unit: CalendarDay, Kind: Recurring}, "2018-01-11"},
		{"the day after", "2017-12-12", "2018-01-12", Clock{N: 30, Unit: CalendarDay, Kind: Recurring}, "2018-02-10"},
		{"a short month does not shift the next", "2026-01-31", "2026-03-01", monthly, "2026-03-31"},
		{"business days", "2026-11-20", "2026-11-25", Clock{N: 2, Unit: BusinessDay, Calendar: USFederal, Kind: Recurring}, "2026-11-27"},
		{"rolled days do not shift those after", "2026-11-15", "2026-11-30", Clock{N: 7, Unit: CalendarDay, Kind: Recurring, Roll: RollNext, Calendar: Weekdays}, "2026-11-30"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			if got := dueOf(t, tt.clock, tt.from, tt.asOf); got.Date.String() != tt.want || !strings.Contains(got.Note, "comes again") {
				t.Errorf("due %q (%s), want %q", got.Date, got.Note, tt.want)
			}
		})
	}
	far := dueOf(t, Clock{N: 1, Unit: CalendarDay, Kind: Recurring}, "1990-01-01", "2026-11-21")
	if !far.Date.IsZero() || !strings.Contains(far.Note, "more than 10000 times") {
		t.Errorf("due %q (%s)", far.Date, far.Note)
	}
}

// The reporting duty that went from one business day to three on 2023-12-04:
// what counts is the day of the event.
func TestInForce(t *testing.T) {
	text := `apiVersion: proffer/v1
kind: Profile
id: amended
title: A clause that was amended
authority: {name: A, citation: "1 X 2", confidence: summarised}
events: [{id: identified, text: It is identified., confidence: summarised}]
clocks:
  - {id: report, text: Report., from: identified, n: 1, unit: business-day, calendar: us-federal, kind: send-by, inForce: {from: 2018-10-01, to: 2023-12-03}, confidence: summarised, citation: old}
  - {id: report, text: Report., from: identified, n: 3, unit: business-day, calendar: us-federal, kind: send-by, inForce: {from: 2023-12-04}, confidence: summarised, citation: new}
concerns: [{id: C1, title: t, statement: s, technical: false, confidence: summarised, limits: [none answers it]}]
`
	p, err := Parse("amended.yaml", []byte(text))
	if err != nil {
		t.Fatal(err)
	}
	for _, tt := range []struct{ identified, asOf, want, citation string }{
		{"2018-09-30", "2026-01-01", "", "old"},
		{"2018-10-01", "2026-01-01", "2018-10-02", "old"},
		{"2023-12-01", "2026-01-01", "2023-12-04", "old"},
		{"2023-12-03", "2026-01-01", "2023-12-04", "old"},
		{"2023-12-04", "2026-01-01", "2023-12-07", "new"},
		{"", "2020-01-01", "", "old"},
		{"", "2026-01-01", "", "new"},
	} {
		list := p.Due(map[string]Date{"identified": date(t, tt.identified)}, date(t, tt.asOf), false)
		if len(list) != 1 {
			t.Fatalf("%d rows for one clock", len(list))
		}
		got := list[0]
		if got.Date.String() != tt.want || got.Clock.Citation != tt.citation {
			t.Errorf("identified %s: due %q by %q, want %q by %q", tt.identified, got.Date, got.Clock.Citation, tt.want, tt.citation)
		}
		if tt.want == "" && !strings.HasPrefix(got.Note, "no date: ") {
			t.Errorf("identified %s: note %q", tt.identified, got.Note)
		}
	}
}

func TestUnknownWords(t *testing.T) {
	for _, c := range []Clock{
		{N: 1, Unit: "fortnight"},
		{N: 1, Unit: BusinessDay, Calendar: "martian"},
		{N: 1, Unit: BusinessDay, Calendar: USFederal, Kind: Recurring},
	} {
		if got := dueOf(t, c, "1985-12-30", "2026-01-01"); !got.Date.IsZero() || !strings.HasPrefix(got.Note, "no date: ") {
			t.Errorf("%+v gives %q (%s)", c, got.Date, got.Note)
		}
	}
}
