package advisories

import (
	"errors"
	"strings"
	"testing"
)

const good = `{"schema_version":"1.7.4","id":"GO-2025-0001","modified":"2026-11-01T00:00:00Z","summary":"A flaw",
"aliases":["CVE-2025-1"],"affected":[{"package":{"ecosystem":"Go","name":"example.org/a"},
"ranges":[{"type":"SEMVER","events":[{"introduced":"0"},{"fixed":"1.2.0"}]}],
"ecosystem_specific":{"imports":[{"path":"example.org/a/x","symbols":["F"]}]}}]}`

func TestParseRecord(t *testing.T) {
	r, newer, err := ParseRecord([]byte(good))
	if err != nil || newer != "" || r.ID != "GO-2025-0001" || r.modified.IsZero() {
		t.Fatalf("%+v, %q, %v", r, newer, err)
	}
	undated, _, err := ParseRecord([]byte(strings.Replace(good, "2026-11-01", "0001-01-01", 1)))
	if err != nil || !undated.modified.IsZero() {
		t.Errorf("the year 1 is a date: %v, %v", undated, err)
	}
}

func TestParseRecordRefuses(t *testing.T) {
	edit := func(old, new string) string { return strings.Replace(good, old, new, 1) }
	for _, tt := range []struct {
		name, data string
		want       Class
	}{
		{"nothing", "", Unreadable},
		{"half a record", good[:len(good)/2], Unreadable},
		{"data after it", good + "{}", Unreadable},
		{"one key twice", edit(`"id"`, `"id":"X","id"`), Unreadable},
		{"a case variant", edit(`"summary"`, `"Id":"X","summary"`), Unreadable},
		{"a case variant alone", edit(`"affected"`, `"Affected"`), Unreadable},
		{"a wrong type", edit(`["CVE-2025-1"]`, `"CVE-2025-1"`), Unreadable},
		{"no id", edit(`"id":"GO-2025-0001",`, ``), Unreadable},
		{"an id with a control", edit(`GO-2025-0001`, `GO\u001b[2J`), Unreadable},
		{"no time", edit(`"modified":"2026-11-01T00:00:00Z",`, ``), Unreadable},
		{"a time that is none", edit(`2026-11-01`, `2026-13-01`), Unreadable},
		{"withdrawn at no time", edit(`"summary"`, `"withdrawn":"yes","summary"`), Unreadable},
		{"a schema that is no version", edit(`1.7.4`, `new`), Unreadable},
		{"half a package", edit(`"ecosystem":"Go",`, ``), Unreadable},
		{"an event of two kinds", edit(`{"introduced":"0"}`, `{"introduced":"0","fixed":"1"}`), Unreadable},
		{"the next major schema", edit(`1.7.4`, `2.0.0`), NewerSchema},
		{"too large", good + strings.Repeat(" ", maxRecord), TooLarge},
	} {
		t.Run(tt.name, func(t *testing.T) {
			_, _, err := ParseRecord([]byte(tt.data))
			var bad *RecordError
			if !errors.As(err, &bad) || bad.Class != tt.want {
				t.Errorf("%v, want %s", err, tt.want)
			}
		})
	}
}

func TestParseRecordToleratesNewer(t *testing.T) {
	for name, data := range map[string]string{
		"a top-level field":  strings.Replace(good, `"summary"`, `"exploited":true,"summary"`, 1),
		"a field of a range": strings.Replace(good, `"type"`, `"phase":1,"type"`, 1),
		"a kind of event":    strings.Replace(good, `{"introduced":"0"}`, `{"introduced":"0"},{"paused":"1"}`, 1),
		"an empty event":     strings.Replace(good, `{"introduced":"0"}`, `{"introduced":"0"},{}`, 1),
		"a type of range":    strings.Replace(good, `SEMVER`, `CALVER`, 1),
	} {
		r, newer, err := ParseRecord([]byte(data))
		if err != nil || newer == "" || r.ID == "" || len(r.Affected) != 1 {
			t.Errorf("%s: %v, newer %q, %v", name, r, newer, err)
		}
	}
}

func FuzzParseRecord(f *testing.F) {
	f.Add([]byte(good))
	f.Add([]byte(strings.Replace(good, "1.7.4", "9", 1)))
	f.Add([]byte(`{"id":"x","modified":"2026-01-01T00:00:00Z","affected":[{"ranges":[{"type":"GIT"}]}]}`))
	f.Fuzz(func(t *testing.T, data []byte) {
		r, _, err := ParseRecord(data)
		var bad *RecordError
		if err != nil && !errors.As(err, &bad) {
			t.Fatalf("untyped error %v", err)
		}
		if err == nil && !goodID(r.ID) {
			t.Fatalf("id %q", r.ID)
		}
	})
}
