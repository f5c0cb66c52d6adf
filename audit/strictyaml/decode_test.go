package strictyaml

import (
	"errors"
	"reflect"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
)

const full = `---
# a comment
name: agent
digest: "12"
count: -7
flag: true
kind: binary
kinds: [source, binary]
day: 2026-11-21
at: 2026-11-21T10:00:00+02:00
wait: 1h30m
env:
  NO: no
  a.b: |
    two
    lines
roles: {vendor: 2}
argv:
  - [go, build, "-o=x"]
  - []
inner: {path: p, tags: []}
parts:
  - path: q
    tags:
      - r
`

func TestDecode(t *testing.T) {
	var got sample
	pos, err := Decode("f.yaml", []byte(full), &got)
	if err != nil {
		t.Fatal(err)
	}
	at := time.Date(2026, 11, 21, 8, 0, 0, 0, time.UTC)
	want := sample{
		Name: "agent", Digest: "12", Count: -7, Flag: true, Kind: "binary", Kinds: []string{"source", "binary"},
		Day: Date{2026, 11, 21}, At: &at, Wait: 90 * time.Minute,
		Env:   map[string]string{"NO": "no", "a.b": "two\nlines\n"},
		Roles: map[string]int{"vendor": 2},
		Argv:  [][]string{{"go", "build", "-o=x"}, {}},
		Inner: &inner{Path: "p", Tags: []string{}},
		Parts: []inner{{Path: "q", Tags: []string{"r"}}},
	}
	if d := cmp.Diff(want, got); d != "" {
		t.Errorf("-want +got:\n%s", d)
	}
	for path, want := range map[string]Position{
		"":                 {3, 1},
		"digest":           {4, 9},
		"kinds[1]":         {8, 17},
		`env["a.b"]`:       {14, 8},
		"env.NO":           {13, 7},
		"argv[0][2]":       {19, 17},
		"parts[0].tags[0]": {25, 9},
		"parts[0].absent":  {23, 5},
		"parts[7].path":    {23, 3},
		"absent.x[1].y":    {3, 1},
	} {
		if got := pos.Of(path); got != want {
			t.Errorf("Of(%s) = %v, want %v", path, got, want)
		}
	}
}

func TestDefaultsStay(t *testing.T) {
	got := sample{Name: "kept", Kinds: []string{"kept"}, Env: map[string]string{"kept": ""}, Inner: &inner{Path: "kept"}}
	if err := Unmarshal("f", []byte("kinds: []\nenv: {}\n"), &got); err != nil {
		t.Fatal(err)
	}
	if got.Name != "kept" || got.Inner.Path != "kept" {
		t.Errorf("a default was lost: %+v", got)
	}
	if len(got.Kinds) != 0 || got.Kinds == nil || len(got.Env) != 0 {
		t.Errorf("an empty list or map did not replace the default: %+v", got)
	}
}

func TestPositionsRefuse(t *testing.T) {
	var got sample
	pos, err := Decode("f.yaml", []byte(full), &got)
	if err != nil {
		t.Fatal(err)
	}
	if err := pos.Refuse("digest", nil); err != nil {
		t.Errorf("no problem was refused: %v", err)
	}
	err = pos.Refuse("digest", Problemf("count", "%s has too few", Quote("12")))
	want := &Error{InvalidValue, "f.yaml", 4, 9, "digest", `digest: "12" has too few`, "count"}
	if d := cmp.Diff(error(want), err); d != "" {
		t.Errorf("-want +got:\n%s", d)
	}
	code, message, hint := want.Refusal()
	if code != "invalid-value" || hint != "count" || message != `f.yaml:4:9: digest: "12" has too few` {
		t.Errorf("Refusal() = %q, %q, %q", code, message, hint)
	}
	var none *Positions
	if e := none.Errorf(Missing, "a.b", "", "gone"); e.Line != 0 || e.Message != "a.b: gone" || e.Error() != ": a.b: gone" {
		t.Errorf("without positions: %+v", e)
	}
}

func TestWrongDestination(t *testing.T) {
	type untagged struct{ Name string }
	type odd struct {
		F float64 `yaml:"f"`
	}
	for name, into := range map[string]any{
		"not a pointer": sample{}, "nil": (*sample)(nil), "not a struct": new(string),
		"no tag": new(untagged), "a type that documents do not have": new(odd),
	} {
		t.Run(name, func(t *testing.T) {
			defer func() {
				if recover() == nil {
					t.Error("no panic")
				}
			}()
			t.Errorf("no panic, but %v", Unmarshal("f", []byte("f: 1.5\n"), into))
		})
	}
}

func TestSuggest(t *testing.T) {
	known := []string{"digest", "name", "os"}
	for _, tt := range []struct{ word, want string }{
		{"digset", `did you mean "digest"?`},
		{"nmae", `did you mean "name"?`},
		{"Names", `did you mean "name"?`},
		{"o", `did you mean "os"?`},
		{"xx", "known here: digest, name, os"},
		{strings.Repeat("digest", 50), "known here: digest, name, os"},
	} {
		if got := suggest(tt.word, known); got != tt.want {
			t.Errorf("suggest(%.20q) = %s, want %s", tt.word, got, tt.want)
		}
	}
}

func TestDate(t *testing.T) {
	d := Date{2017, 9, 13}
	if got := d.AddDays(30); got.String() != "2017-10-13" || got.Weekday() != time.Friday || !d.Before(got) || got.Before(d) {
		t.Errorf("got %v", got)
	}
	if text, err := d.MarshalText(); err != nil || string(text) != "2017-09-13" {
		t.Errorf("MarshalText: %s, %v", text, err)
	}
	if (Date{}).String() != "" || !(Date{}).IsZero() {
		t.Error("the zero date shows as a day")
	}
	for _, bad := range []string{"", "2017-9-13", "2017-02-29", "13.09.2017", "2017-09-13Z", " 2017-09-13"} {
		var p *Problem
		if _, err := ParseDate(bad); !errors.As(err, &p) || p.Hint == "" {
			t.Errorf("ParseDate(%q): %v", bad, err)
		}
	}
}

// Whatever comes in, the answer is a value or an *Error that points into the
// text, and a text that is accepted reads the same twice.
func FuzzUnmarshal(f *testing.F) {
	f.Add([]byte(full))
	for _, tt := range refusals {
		if len(tt.in) < 1000 {
			f.Add([]byte(tt.in))
		}
	}
	f.Fuzz(func(t *testing.T, data []byte) {
		var one, two sample
		err := Unmarshal("f", data, &one)
		if err == nil {
			if err := Unmarshal("f", data, &two); err != nil || !reflect.DeepEqual(one, two) {
				t.Fatalf("read twice: %v\n%+v\n%+v", err, one, two)
			}
			return
		}
		var e *Error
		if !errors.As(err, &e) {
			t.Fatalf("error of type %T: %v", err, err)
		}
		if lines := strings.Count(string(data), "\n") + 1; e.Line < 1 || e.Line > lines || e.Column < 1 || e.Code == "" || e.Message == "" {
			t.Fatalf("an error without a place in %d lines: %+v", lines, e)
		}
	})
}
