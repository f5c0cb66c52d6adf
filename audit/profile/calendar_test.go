package profile

import (
	"slices"
	"strings"
	"testing"
	"time"
)

// The days on which US federal offices are closed besides weekends, as the
// Office of Personnel Management lists them.
func TestFederalHolidays(t *testing.T) {
	for year, want := range map[int]string{
		2010: "01-01 01-18 02-15 05-31 07-05 09-06 10-11 11-11 11-25 12-24 12-31",
		2011: "01-17 02-21 05-30 07-04 09-05 10-10 11-11 11-24 12-26",
		2017: "01-02 01-16 02-20 05-29 07-04 09-04 10-09 11-10 11-23 12-25",
		2020: "01-01 01-20 02-17 05-25 07-03 09-07 10-12 11-11 11-26 12-25",
		2021: "01-01 01-18 02-15 05-31 06-18 07-05 09-06 10-11 11-11 11-25 12-24 12-31",
		2022: "01-17 02-21 05-30 06-20 07-04 09-05 10-10 11-11 11-24 12-26",
		2023: "01-02 01-16 02-20 05-29 06-19 07-04 09-04 10-09 11-10 11-23 12-25",
		2026: "01-01 01-19 02-16 05-25 06-19 07-03 09-07 10-12 11-11 11-26 12-25",
	} {
		var got []string
		for d := (Date{Year: year, Month: time.January, Day: 1}); d.Year == year; d = d.AddDays(1) {
			off, err := federal(d)
			if err != nil {
				t.Fatal(err)
			}
			if off && !isWeekend(d) {
				got = append(got, d.String()[5:])
			}
		}
		if !slices.Equal(got, strings.Fields(want)) {
			t.Errorf("%d: %s\nwant  %s", year, strings.Join(got, " "), want)
		}
	}
	if _, err := federal(Date{Year: 1985, Month: time.July, Day: 4}); err == nil {
		t.Error("a holiday is told of a year for which the rules are not right")
	}
}
