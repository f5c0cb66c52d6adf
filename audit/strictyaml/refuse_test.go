package strictyaml

import (
	"errors"
	"strings"
	"testing"
	"time"
)

// sample is a destination with every kind of field that documents use.
type sample struct {
	Name   string            `yaml:"name"`
	Digest string            `yaml:"digest"`
	Count  int               `yaml:"count"`
	Flag   bool              `yaml:"flag"`
	Kind   string            `yaml:"kind" enum:"binary,source"`
	Kinds  []string          `yaml:"kinds" enum:"binary,source"`
	Day    Date              `yaml:"day"`
	At     *time.Time        `yaml:"at"`
	Wait   time.Duration     `yaml:"wait"`
	Env    map[string]string `yaml:"env"`
	Roles  map[string]int    `yaml:"roles" keys:"vendor,builder"`
	Argv   [][]string        `yaml:"argv"`
	Inner  *inner            `yaml:"inner"`
	Parts  []inner           `yaml:"parts"`
	Hidden string            `yaml:"-"`
}

type inner struct {
	Path string   `yaml:"path,required"`
	Tags []string `yaml:"tags"`
	Must []string `yaml:"must"`
}

func nested(n int) string {
	return "argv: " + strings.Repeat("[", n) + strings.Repeat("]", n)
}

var refusals = []struct {
	name, in     string
	code         Code
	line, column int
	hint         string // a part of it
}{
	{"empty", "", Missing, 1, 1, ""},
	{"only a comment", "# nothing\n", Missing, 1, 1, ""},
	{"nothing in a document", "---\n", WrongType, 2, 1, ""},
	{"nothing in a document without an end", "---", WrongType, 1, 4, ""},
	{"too large", "name: " + strings.Repeat("x", MaxBytes), TooLarge, 1, 1, "by digest"},
	{"too deep", nested(MaxDepth), TooDeep, 1, 6 + MaxDepth, ""},
	{"far too deep", nested(200_000), Syntax, 1, 1, ""},
	{"too many", "argv: [" + strings.Repeat("[],", MaxNodes) + "]", TooMany, 1, 8 + 3*(MaxNodes-3), ""},
	{"not UTF-8", "name: a\xffb\n", Encoding, 1, 8, "UTF-8"},
	{"byte order mark", "\ufeffname: a\n", Encoding, 1, 1, "byte order mark"},
	{"byte order mark inside", "name: a\ncount: \ufeff1\n", Encoding, 2, 8, "byte order mark"},
	{"UTF-16", "n\x00a\x00", ControlCharacter, 1, 2, ""},
	{"NUL", "name: a\x00b\n", ControlCharacter, 1, 8, ""},
	{"NUL by an escape", `name: "a\0b"`, ControlCharacter, 1, 7, ""},
	{"terminal escape by an escape", `name: "a\e[31m"`, ControlCharacter, 1, 7, ""},
	{"control in a key by an escape", `"na\x07me": a`, ControlCharacter, 1, 1, ""},
	{"line hidden by a line separator", "# note\u2028digest: x\n", ControlCharacter, 1, 7, `"\u2028"`},
	{"line hidden by next line", "# note\u0085digest: x\n", ControlCharacter, 1, 7, ""},
	{"line hidden by a carriage return", "# note\rdigest: x\n", ControlCharacter, 1, 7, "LF"},
	{"text reordered", "name: a\u202eb\n", ControlCharacter, 1, 8, ""},
	{"not YAML", "name: a\nkind: [\n", Syntax, 2, 1, ""},
	{"tab for indent", "inner:\n\tpath: a\n", Syntax, 2, 2, "spaces"},
	{"two values in a line", "name: a\ncount: b: c\n", Syntax, 2, 1, ""},
	{"directive", "# c\n%YAML 1.1\n---\nname: a\n", Directive, 2, 1, "remove"},
	{"second document", "name: a\n---\nname: b\n", MultipleDocuments, 2, 1, "one document"},
	{"second document after an end mark", "name: a\n...\n%YAML 1.1\n---\nname: b\n", MultipleDocuments, 3, 1, ""},
	{"broken second document", "name: a\n---\n[\n", Syntax, 3, 1, ""},
	{"anchor on a value", "name: &x a\n", Anchor, 1, 7, "write the value out"},
	{"anchor on a key", "&x name: a\n", Anchor, 1, 1, ""},
	{"anchor on a mapping", "inner: &x\n  path: a\n", Anchor, 1, 8, ""},
	{"alias", "env: {a: &x b, c: *x}\n", Anchor, 1, 10, ""},
	{"alias of nothing", "name: *x\n", Alias, 1, 1, ""},
	{"alias as a key", "env:\n  *x : b\n", Alias, 1, 1, ""},
	{"tag on a value", "name: !!str 12\n", Tag, 1, 7, "quote"},
	{"tag on a key", "!!str name: a\n", Tag, 1, 1, ""},
	{"tag on a list", "kinds: !x [binary]\n", Tag, 1, 8, ""},
	{"tag on a mapping", "inner: !!map\n  path: a\n", Tag, 1, 8, ""},
	{"tag without a name", "name: ! 12\n", Tag, 1, 7, ""},
	{"tag without a name, after wide text", "env: {ä: ö, b: ! c}\n", Tag, 1, 16, ""},
	{"tag with binary content", "name: !!binary aGk=\n", Tag, 1, 7, ""},
	{"merge", "inner:\n  <<: {path: a}\n", Merge, 2, 3, "write the keys out"},
	{"key twice", "name: a\ncount: 1\nname: b\n", DuplicateKey, 3, 1, "keep one"},
	{"key twice in a map", "env: {A: b, A: c}\n", DuplicateKey, 1, 13, ""},
	{"key twice, once quoted", "name: a\n\"name\": b\n", DuplicateKey, 2, 1, ""},
	{"key twice where no field is", "x: {a: 1, a: 2}\n", DuplicateKey, 1, 11, ""},
	{"case variant of a sibling", "digest: a\nDigest: b\n", CaseVariantKey, 2, 1, "keep one"},
	{"case variant in a map", "env: {path: b, PATH: c}\n", CaseVariantKey, 1, 16, ""},
	{"case variant of a field", "Digest: a\n", CaseVariantKey, 1, 1, `"digest"`},
	{"case variant beyond ASCII", "\u212aind: binary\n", CaseVariantKey, 1, 1, `"kind"`},
	{"case variant of a word key", "roles: {Vendor: 1}\n", CaseVariantKey, 1, 9, "vendor"},
	{"unknown key", "name: a\ndigset: b\n", UnknownKey, 2, 1, `did you mean "digest"?`},
	{"unknown key far from all", "zzzzzz: b\n", UnknownKey, 1, 1, "known here: name, digest"},
	{"unknown key below", "parts:\n  - path: a\n    pathh: b\n", UnknownKey, 3, 5, `"path"`},
	{"unknown word key", "roles: {vender: 1}\n", UnknownKey, 1, 9, `"vendor"`},
	{"field left out on purpose", "Hidden: a\n", UnknownKey, 1, 1, ""},
	{"refused by name", "parts:\n  - {path: a, Trust: b}\n", "no-trust", 2, 15, "not yours"},
	{"number as a key", "env: {1: b}\n", WrongType, 1, 7, "quote it"},
	{"list as a key", "env: {[a]: b}\n", WrongType, 1, 7, "quote it"},
	{"null as a key", "env: {~: b}\n", WrongType, 1, 7, ""},
	{"list at the top", "- name: a\n", WrongType, 1, 1, ""},
	{"string at the top", "name\n", WrongType, 1, 1, ""},
	{"fraction for a string", "name: 1.2\n", WrongType, 1, 7, `quote it: "1.2"`},
	{"number for a string", "name: 12\n", WrongType, 1, 7, `quote it: "12"`},
	{"boolean for a string", "name: true\n", WrongType, 1, 7, `"true"`},
	{"date for a string", "name: 2026-01-01\n", WrongType, 1, 7, `"2026-01-01"`},
	{"nothing for a string", "name:\n", WrongType, 1, 6, "leave the key out"},
	{"null for a string", "name: null\n", WrongType, 1, 7, ""},
	{"list for a string", "name: [a]\n", WrongType, 1, 7, ""},
	{"number in a map of strings", "env: {CGO_ENABLED: 0}\n", WrongType, 1, 20, `quote it: "0"`},
	{"string for a number", "count: \"1\"\n", WrongType, 1, 8, "without quotes"},
	{"fraction for a number", "count: 1.5\n", WrongType, 1, 8, "decimal digits"},
	{"octal number", "count: 010\n", WrongType, 1, 8, "leading zeros"},
	{"hexadecimal number", "count: 0x10\n", WrongType, 1, 8, ""},
	{"number with underscores", "count: 1_000\n", WrongType, 1, 8, ""},
	{"number too large", "count: 9223372036854775808\n", InvalidValue, 1, 8, ""},
	{"yes for a boolean", "flag: yes\n", WrongType, 1, 7, "true or false"},
	{"True for a boolean", "flag: True\n", WrongType, 1, 7, "true or false"},
	{"string for a boolean", "flag: \"true\"\n", WrongType, 1, 7, ""},
	{"mapping for a list", "kinds: {a: b}\n", WrongType, 1, 8, "after a dash"},
	{"string for a list", "argv: go build\n", WrongType, 1, 7, ""},
	{"string for an inner list", "argv: [go build]\n", WrongType, 1, 8, ""},
	{"nothing for a list", "kinds:\n", WrongType, 1, 7, "[]"},
	{"list for a mapping", "inner: [a]\n", WrongType, 1, 8, ""},
	{"string for a map", "env: a=b\n", WrongType, 1, 6, ""},
	{"nothing for a mapping", "inner: ~\n", WrongType, 1, 8, ""},
	{"word outside a list", "kind: binaries\n", InvalidValue, 1, 7, "known here: binary, source"},
	{"word nearly in a list", "kinds: [source, binray]\n", InvalidValue, 1, 17, `"binary"`},
	{"no date", "day: 2026-02-30\n", InvalidValue, 1, 6, "2026-11-21"},
	{"date with a time", "day: 2026-02-03T00:00:00Z\n", InvalidValue, 1, 6, ""},
	{"number for a date", "day: 2026\n", WrongType, 1, 6, ""},
	{"no instant", "at: 2026-11-21\n", InvalidValue, 1, 5, "T00:00:00Z"},
	{"number for a duration", "wait: 168\n", WrongType, 1, 7, "168h"},
	{"no duration", "wait: a week\n", InvalidValue, 1, 7, "168h"},
	{"missing", "parts:\n  - path: a\n  - tags: []\n", Missing, 3, 5, `add "path"`},
	{"missing in an empty mapping", "inner: {}\n", Missing, 1, 8, `add "path"`},
	{"empty where it must not be", "inner: {path: \"\"}\n", Missing, 1, 15, ""},
}

func TestRefusals(t *testing.T) {
	for _, tt := range refusals {
		t.Run(tt.name, func(t *testing.T) {
			var into sample
			err := Unmarshal("file.yaml", []byte(tt.in), &into, RefuseKeys("no-trust", "that is not yours to say", "trust"))
			var e *Error
			if !errors.As(err, &e) {
				t.Fatalf("accepted, or another error: %v", err)
			}
			if e.Code != tt.code || e.Line != tt.line || e.Column != tt.column {
				t.Errorf("got %s at %d:%d, want %s at %d:%d\n%v", e.Code, e.Line, e.Column, tt.code, tt.line, tt.column, e)
			}
			if !strings.Contains(e.Hint, tt.hint) {
				t.Errorf("hint %q does not say %q", e.Hint, tt.hint)
			}
			if e.File != "file.yaml" || e.Message == "" {
				t.Errorf("file %q, message %q", e.File, e.Message)
			}
		})
	}
}

// Every code of the package is provoked by at least one row.
func TestRefusalsAreComplete(t *testing.T) {
	for _, code := range []Code{
		TooLarge, TooDeep, TooMany, Encoding, ControlCharacter, Syntax, Directive, MultipleDocuments, Anchor, Alias,
		Tag, Merge, DuplicateKey, CaseVariantKey, UnknownKey, WrongType, Missing, InvalidValue,
	} {
		found := false
		for _, tt := range refusals {
			found = found || tt.code == code
		}
		if !found {
			t.Errorf("no row provokes %s", code)
		}
	}
}

func TestMessagesAreSafe(t *testing.T) {
	for _, in := range []string{
		"\"a\\u202eb\": 1\n",
		"name: \"x\"\nkind: \"a\\u202eb\"\n",
		"env: {\"a\\u200b.b\": 1}\n",
		"inner: {\"" + strings.Repeat("k", 9000) + "\": 1}\n",
		"name: *\u200b\n",
	} {
		var into sample
		err := Unmarshal("f\u202e.yaml", []byte(in), &into)
		var e *Error
		if !errors.As(err, &e) {
			t.Fatalf("%q: accepted, or another error: %v", in, err)
		}
		if all := e.Error() + e.Hint; strings.ContainsAny(all, "\u202e\u200b") || len(all) > 1000 {
			t.Errorf("%.60q: unsafe or long message %q", in, all)
		}
	}
}
