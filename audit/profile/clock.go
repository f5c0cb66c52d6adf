package profile

import (
	"fmt"
	"slices"
	"strings"
	"time"
)

// A Due is one clock, as far as it can be computed. A Due without a Date says
// why in Note.
type Due struct {
	Clock Clock
	Event Event
	Date  Date
	Note  string
}

// Due computes the clocks of a profile, one row for each id, in their order.
//
// Events gives the days of events that the profile leaves open; a day that is
// given for an event that has one goes before the profile's, and the note says
// so. Days of events that the profile does not have bear on nothing. AsOf picks
// the next day of a recurring clock, and the wording of a clock whose event has
// no day. A clock that is unverified, or runs from an unverified day of the
// profile's, has no date unless acceptUnverified is set.
func (p *Profile) Due(events map[string]Date, asOf Date, acceptUnverified bool) []Due {
	var out []Due
	seen := map[string]bool{}
	for _, c := range p.Clocks {
		if seen[c.ID] {
			continue
		}
		seen[c.ID] = true
		event, _ := p.Event(c.From)
		out = append(out, p.due(c.ID, event, events[c.From], asOf, acceptUnverified))
	}
	return out
}

func (p *Profile) due(id string, event Event, given, asOf Date, acceptUnverified bool) Due {
	from := given
	if from.IsZero() {
		from = event.Date
	}
	c, inForce := p.wording(id, from, asOf)
	out := Due{Clock: c, Event: event}
	var notes []string
	switch unverified := c.Confidence == Unverified || (given.IsZero() && event.Confidence == Unverified); {
	case from.IsZero():
		out.Note = fmt.Sprintf("no date: the day of event %q is not known", event.ID)
		return out
	case !inForce:
		out.Note = fmt.Sprintf("no date: no wording of this clock was in force on %s, the day of event %q", from, event.ID)
		return out
	case unverified && !acceptUnverified:
		out.Note = "no date: this clock is unverified, and unverified clocks were not accepted"
		return out
	case unverified:
		notes = append(notes, "unverified, and accepted as such")
	}
	if !given.IsZero() && !event.Date.IsZero() && given != event.Date {
		notes = append(notes, fmt.Sprintf("counted from %s, which was given; the profile says %s", given, event.Date))
	}
	date, note, err := c.count(from, asOf)
	if err != nil {
		out.Note = "no date: " + err.Error()
		return out
	}
	if note != "" {
		notes = append(notes, note)
	}
	out.Date, out.Note = date, strings.Join(notes, "; ")
	return out
}

// wording picks the clock of an id that was in force when its event came to
// pass. Without one it gives the wording of asOf, or the first, to be cited.
func (p *Profile) wording(id string, from, asOf Date) (Clock, bool) {
	if from.IsZero() {
		from = asOf
	}
	at := slices.IndexFunc(p.Clocks, func(c Clock) bool { return c.ID == id && c.InForce.holds(from) })
	if at >= 0 {
		return p.Clocks[at], true
	}
	first := slices.IndexFunc(p.Clocks, func(c Clock) bool { return c.ID == id })
	return p.Clocks[first], false
}

func (f InForce) holds(d Date) bool {
	return (f.From.IsZero() || !d.Before(f.From)) && (f.To.IsZero() || !f.To.Before(d))
}

func (f InForce) overlaps(other InForce) bool {
	endsBefore := func(a, b InForce) bool { return !a.To.IsZero() && !b.From.IsZero() && a.To.Before(b.From) }
	return !endsBefore(f, other) && !endsBefore(other, f)
}

// count computes the day, and says what the count could not know.
func (c Clock) count(from, asOf Date) (Date, string, error) {
	cal, err := c.Calendar.open()
	if err != nil {
		return Date{}, "", err
	}
	if c.Kind != Recurring {
		d, err := c.add(cal, from, c.N)
		if err == nil {
			d, err = c.roll(cal, d)
		}
		return d, c.hourNote(), err
	}
	d, err := c.next(cal, from, asOf)
	return d, fmt.Sprintf("comes again every %d %ss; the next on or after %s", c.N, c.Unit, asOf), err
}

// next is the first day of a recurring clock that is not before asOf. Each is
// counted from the one before it as it was before it rolled; months are counted
// from the beginning, so that a short one does not shift those after it.
func (c Clock) next(cal calendar, from, asOf Date) (Date, error) {
	counted := from
	for times := 1; times <= maxCount; times++ {
		var err error
		if c.Unit == Month {
			counted = addMonths(from, times*c.N)
		} else if counted, err = c.add(cal, counted, c.N); err != nil {
			return Date{}, err
		}
		d, err := c.roll(cal, counted)
		if err != nil || !d.Before(asOf) {
			return d, err
		}
	}
	return Date{}, fmt.Errorf("it came again more than %d times by %s", maxCount, asOf)
}

func (c Clock) hourNote() string {
	if c.Unit == Hour {
		return "counted from the first hour of the event's day, since its hour is not known"
	}
	return ""
}

// add counts n units from a day; the day itself is not counted.
func (c Clock) add(cal calendar, from Date, n int) (Date, error) {
	switch c.Unit {
	case CalendarDay:
		return from.AddDays(n), nil
	case BusinessDay:
		return addBusinessDays(cal, from, n)
	case Hour:
		return from.AddDays(n / 24), nil
	case Month:
		return addMonths(from, n), nil
	}
	return Date{}, fmt.Errorf("%q is no unit that can be counted", c.Unit)
}

func addBusinessDays(cal calendar, from Date, n int) (Date, error) {
	for n > 0 {
		from = from.AddDays(1)
		off, err := cal(from)
		if err != nil {
			return Date{}, err
		}
		if !off {
			n--
		}
	}
	return from, nil
}

// addMonths keeps the day of the month, or takes the last day of a month that
// does not have it.
func addMonths(from Date, n int) Date {
	first := time.Date(from.Year, from.Month, 1, 0, 0, 0, 0, time.UTC).AddDate(0, n, 0)
	last := first.AddDate(0, 1, -1).Day()
	return Date{Year: first.Year(), Month: first.Month(), Day: min(from.Day, last)}
}

// roll moves a day on which nobody works.
func (c Clock) roll(cal calendar, d Date) (Date, error) {
	step := map[Roll]int{RollNext: 1, RollPrevious: -1}[c.Roll]
	for step != 0 {
		off, err := cal(d)
		if err != nil || !off {
			return d, err
		}
		d = d.AddDays(step)
	}
	return d, nil
}
