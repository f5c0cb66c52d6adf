package strictyaml

import (
	"fmt"
	"time"
)

// A Date is a day of the Gregorian calendar, without a time zone. The zero Date
// is no day.
type Date struct {
	Year  int
	Month time.Month
	Day   int
}

// ParseDate reads YYYY-MM-DD and nothing else. The error is a *Problem.
func ParseDate(s string) (Date, error) {
	t, err := time.Parse(time.DateOnly, s)
	if err != nil {
		return Date{}, Problemf("write it as 2026-11-21", "%s is not a date", Quote(s))
	}
	return DateOf(t), nil
}

// DateOf is the day of t, in t's own time zone.
func DateOf(t time.Time) Date {
	y, m, d := t.Date()
	return Date{y, m, d}
}

// IsZero reports whether d is no day.
func (d Date) IsZero() bool { return d == Date{} }

// Start is the first instant of d in UTC.
func (d Date) Start() time.Time { return time.Date(d.Year, d.Month, d.Day, 0, 0, 0, 0, time.UTC) }

// Before reports whether d is earlier than other.
func (d Date) Before(other Date) bool { return d.Start().Before(other.Start()) }

// AddDays is the day n days after d.
func (d Date) AddDays(n int) Date { return DateOf(d.Start().AddDate(0, 0, n)) }

// Weekday is d's day of the week.
func (d Date) Weekday() time.Weekday { return d.Start().Weekday() }

// String is YYYY-MM-DD, and empty for no day.
func (d Date) String() string {
	if d.IsZero() {
		return ""
	}
	return fmt.Sprintf("%04d-%02d-%02d", d.Year, d.Month, d.Day)
}

// UnmarshalText reads YYYY-MM-DD.
func (d *Date) UnmarshalText(text []byte) error {
	parsed, err := ParseDate(string(text))
	if err != nil {
		return err
	}
	*d = parsed
	return nil
}

// MarshalText writes YYYY-MM-DD, and nothing for no day.
func (d Date) MarshalText() ([]byte, error) { return []byte(d.String()), nil }
