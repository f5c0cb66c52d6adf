package profile

import (
	"fmt"
	"time"
)

// CalendarID names a calendar of days off.
type CalendarID string

// The calendars.
const (
	Weekdays  CalendarID = "weekdays"   // Monday to Friday
	USFederal CalendarID = "us-federal" // Monday to Friday without US federal holidays
)

// A calendar says whether a day is off.
type calendar func(Date) (bool, error)

func (id CalendarID) open() (calendar, error) {
	switch id {
	case "":
		return func(Date) (bool, error) { return false, nil }, nil
	case Weekdays:
		return func(d Date) (bool, error) { return isWeekend(d), nil }, nil
	case USFederal:
		return federal, nil
	}
	return nil, fmt.Errorf("there is no calendar called %q", id)
}

func isWeekend(d Date) bool {
	return d.Weekday() == time.Saturday || d.Weekday() == time.Sunday
}

// federalSince is the first year of which the rules below are right: until then
// there was no Birthday of Martin Luther King, Jr.
const federalSince = 1986

// juneteenthSince is the first year of Juneteenth National Independence Day
// (Public Law 117-17).
const juneteenthSince = 2021

// federal says whether US federal offices are closed by 5 U.S.C. 6103: at
// weekends, on the legal holidays, and on the days on which those that fall on
// a weekend are observed. Closures by executive order and Inauguration Day,
// which is a holiday in and around Washington only, are not in it.
func federal(d Date) (bool, error) {
	if d.Year < federalSince {
		return false, fmt.Errorf("the calendar us-federal begins in %d, and %s is before", federalSince, d)
	}
	return isWeekend(d) || isFederalHoliday(d), nil
}

// isFederalHoliday reports whether a weekday is a holiday or the day on which
// one is observed: Friday for Saturday, Monday for Sunday.
func isFederalHoliday(d Date) bool {
	switch d.Weekday() {
	case time.Friday:
		return isFixedHoliday(d.AddDays(1)) || isFixedHoliday(d) || isFloatingHoliday(d)
	case time.Monday:
		return isFixedHoliday(d.AddDays(-1)) || isFixedHoliday(d) || isFloatingHoliday(d)
	}
	return isFixedHoliday(d) || isFloatingHoliday(d)
}

func isFixedHoliday(d Date) bool {
	switch (monthDay{d.Month, d.Day}) {
	case monthDay{time.January, 1}, monthDay{time.July, 4}, monthDay{time.November, 11}, monthDay{time.December, 25}:
		return true
	case monthDay{time.June, 19}:
		return d.Year >= juneteenthSince
	}
	return false
}

type monthDay struct {
	Month time.Month
	Day   int
}

// isFloatingHoliday knows the holidays that are the nth of a weekday.
func isFloatingHoliday(d Date) bool {
	nth := (d.Day-1)/7 + 1
	switch d.Weekday() {
	case time.Monday:
		switch d.Month {
		case time.January, time.February: // Martin Luther King, Jr.; Washington
			return nth == 3
		case time.May: // Memorial Day, the last Monday
			return d.AddDays(7).Month != time.May
		case time.September: // Labor Day
			return nth == 1
		case time.October: // Columbus Day
			return nth == 2
		}
	case time.Thursday: // Thanksgiving Day
		return d.Month == time.November && nth == 4
	}
	return false
}
