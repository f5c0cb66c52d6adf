package strictjson_test

import (
	"encoding/json"
	"errors"
	"net/netip"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/proffer-audit/proffer/attest/strictjson"
)

// code is the code of a refusal, or "" where there was none.
func code(t *testing.T, err error) strictjson.Code {
	t.Helper()
	if err == nil {
		return ""
	}
	var e *strictjson.Error
	if !errors.As(err, &e) {
		t.Fatalf("error %v is not an *Error", err)
	}
	return e.Code
}

func TestCheck(t *testing.T) {
	for _, tt := range vectors {
		t.Run(tt.name, func(t *testing.T) {
			err := strictjson.Check([]byte(tt.in), strictjson.Limits{})
			if got := code(t, err); got != tt.want {
				t.Fatalf("Check(%.80q) = %q (%v), want %q", tt.in, got, err, tt.want)
			}
			var e *strictjson.Error
			if errors.As(err, &e) && e.IsJSON() && tt.want != strictjson.TooDeep && !json.Valid([]byte(tt.in)) {
				t.Errorf("IsJSON says yes, encoding/json says no")
			}
			if errors.As(err, &e) && !e.IsJSON() && json.Valid([]byte(tt.in)) && tt.want != strictjson.BadUTF8 {
				t.Errorf("IsJSON says no, encoding/json says yes")
			}
			if tt.want == "" && !json.Valid([]byte(tt.in)) {
				t.Errorf("encoding/json does not take what Check took")
			}
		})
	}
}

func TestLimits(t *testing.T) {
	for _, tt := range []struct {
		name, in string
		lim      strictjson.Limits
		want     strictjson.Code
	}{
		{"size at the limit", `[1,2]`, strictjson.Limits{Bytes: 5}, ""},
		{"size above the limit", `[1,22]`, strictjson.Limits{Bytes: 5}, strictjson.TooLarge},
		{"depth at the limit", `[{"a":1}]`, strictjson.Limits{Depth: 2}, ""},
		{"depth above the limit", `[{"a":[]}]`, strictjson.Limits{Depth: 2}, strictjson.TooDeep},
		{"default depth", nest(64), strictjson.Limits{}, ""},
		{"above the default depth", nest(65), strictjson.Limits{}, strictjson.TooDeep},
		{"depth cannot be lifted out of reach", nest(strictjson.MaxDepth + 1), strictjson.Limits{Depth: 1 << 30}, strictjson.TooDeep},
		{"default size", `"` + strings.Repeat("x", strictjson.DefaultBytes) + `"`, strictjson.Limits{}, strictjson.TooLarge},
	} {
		t.Run(tt.name, func(t *testing.T) {
			if got := code(t, strictjson.Check([]byte(tt.in), tt.lim)); got != tt.want {
				t.Errorf("got %q, want %q", got, tt.want)
			}
		})
	}
}

func nest(n int) string { return strings.Repeat("[", n) + strings.Repeat("]", n) }

type inner struct {
	ID   string `json:"id"`
	Size int8   `json:"size"`
}

type outer struct {
	Name   string            `json:"name"`
	Inner  inner             `json:"inner"`
	Ptr    *inner            `json:"ptr"`
	List   []inner           `json:"list"`
	Labels map[string]string `json:"labels"`
	Raw    json.RawMessage   `json:"raw"`
	Bytes  []byte            `json:"bytes"`
	Pair   [2]int            `json:"pair"`
	When   time.Time         `json:"when"`
	Quoted int               `json:"quoted,string"`
	OK     bool              `json:"ok"`
	Any    any               `json:"any"`
	Next   *outer            `json:"next"`
	Addr   netip.Addr        `json:"addr"`
	embeddedOne
	*EmbeddedTwo
	Skipped string `json:"-"`
}

type embeddedOne struct {
	Deep string `json:"deep"`
	Name string `json:"name"` // hidden by the outer one
}

type EmbeddedTwo struct {
	Two      int `json:"two"`
	Untagged int
}

func TestUnmarshal(t *testing.T) {
	for _, tt := range []struct {
		name, in string
		want     strictjson.Code
	}{
		{"every field", `{"name":"n","inner":{"id":"i","size":-128},"ptr":null,"list":[{}],"labels":{"a":"b"},"raw":[1,{"x":null}],"bytes":"aGk=","pair":[1,2],"when":"2026-01-01T00:00:00Z","quoted":"7","ok":true,"any":{"n":null},"next":{"name":"x"},"deep":"d","two":2,"Untagged":3,"addr":"::1"}`, ""},
		{"untagged field in another case", `{"untagged":3}`, strictjson.CaseVariant},
		{"number for text", `{"addr":1}`, strictjson.WrongType},
		{"text that its type objects to", `{"addr":"x"}`, strictjson.WrongType},
		{"unknown field", `{"name":"n","other":1}`, strictjson.UnknownField},
		{"unknown field inside", `{"list":[{"id":"a"},{"id":"b","x":1}]}`, strictjson.UnknownField},
		{"unknown field behind a pointer", `{"next":{"next":{"x":1}}}`, strictjson.UnknownField},
		{"field in another case", `{"Name":"n"}`, strictjson.CaseVariant},
		{"field in another case, long s", `{"name":"n","inner":{"ſize":1}}`, strictjson.CaseVariant},
		{"field left out of JSON", `{"Skipped":"n"}`, strictjson.UnknownField},
		{"promoted field in another case", `{"DEEP":"d"}`, strictjson.CaseVariant},
		{"duplicate in a map", `{"labels":{"a":"1","a":"2"}}`, strictjson.DuplicateKey},
		{"case variant in a map", `{"labels":{"a":"1","A":"2"}}`, strictjson.CaseVariant},
		{"duplicate inside raw", `{"raw":{"a":1,"a":2}}`, strictjson.DuplicateKey},
		{"string for number", `{"inner":{"size":"1"}}`, strictjson.WrongType},
		{"number for string", `{"name":1}`, strictjson.WrongType},
		{"object for array", `{"list":{}}`, strictjson.WrongType},
		{"array for object", `{"inner":[]}`, strictjson.WrongType},
		{"array for map", `{"labels":[]}`, strictjson.WrongType},
		{"null for string", `{"name":null}`, strictjson.WrongType},
		{"null for struct", `{"inner":null}`, strictjson.WrongType},
		{"null in a map of strings", `{"labels":{"a":null}}`, strictjson.WrongType},
		{"number for truth", `{"ok":1}`, strictjson.WrongType},
		{"number beyond the field", `{"inner":{"size":128}}`, strictjson.WrongType},
		{"fraction for a whole number", `{"inner":{"size":1.5}}`, strictjson.WrongType},
		{"array too short", `{"pair":[1]}`, strictjson.WrongType},
		{"array too long", `{"pair":[1,2,3]}`, strictjson.WrongType},
		{"base64 with a line break", `{"bytes":"aG\nk="}`, strictjson.WrongType},
		{"base64 with spare bits", `{"bytes":"aGl="}`, strictjson.WrongType},
		{"base64 without padding", `{"bytes":"aGk"}`, strictjson.WrongType},
		{"a type's own objection", `{"when":"yesterday"}`, strictjson.WrongType},
		{"trailing data", `{"name":"n"}{"name":"m"}`, strictjson.Trailing},
		{"top level of another type", `[]`, strictjson.WrongType},
		{"top level null", `null`, strictjson.WrongType},
	} {
		t.Run(tt.name, func(t *testing.T) {
			var o outer
			err := strictjson.Unmarshal([]byte(tt.in), &o, strictjson.Limits{})
			if got := code(t, err); got != tt.want {
				t.Fatalf("got %q (%v), want %q", got, err, tt.want)
			}
			if err == nil && (o.Name != "n" || o.Inner.Size != -128 || o.Deep != "d" || o.Quoted != 7 || string(o.Bytes) != "hi") {
				t.Errorf("decoded %+v", o)
			}
		})
	}
}

func TestAllowUnknown(t *testing.T) {
	lim := strictjson.Limits{AllowUnknown: true}
	var v inner
	if err := strictjson.Unmarshal([]byte(`{"id":"a","extension":{"b":[1]}}`), &v, lim); err != nil || v.ID != "a" {
		t.Errorf("extension: %+v, %v", v, err)
	}
	if got := code(t, strictjson.Unmarshal([]byte(`{"ID":"a"}`), &v, lim)); got != strictjson.CaseVariant {
		t.Errorf("case variant of a field: %q", got)
	}
	if got := code(t, strictjson.Unmarshal([]byte(`{"extension":{"b":1,"b":2}}`), &v, lim)); got != strictjson.DuplicateKey {
		t.Errorf("duplicate inside an unknown field: %q", got)
	}
}

func TestUnmarshalRefusedLeavesTargetAlone(t *testing.T) {
	v := inner{ID: "before"}
	if err := strictjson.Unmarshal([]byte(`{"id":"after","x":1}`), &v, strictjson.Limits{}); err == nil || v.ID != "before" {
		t.Errorf("got %+v, %v", v, err)
	}
}

func TestUnmarshalNeedsPointer(t *testing.T) {
	for _, into := range []any{nil, inner{}, (*inner)(nil)} {
		err := strictjson.Unmarshal([]byte(`{}`), into, strictjson.Limits{})
		var e *strictjson.Error
		if err == nil || errors.As(err, &e) {
			t.Errorf("Unmarshal into %T: %v, want a caller's error", into, err)
		}
	}
}

// A recursive type must neither loop nor lose strictness at depth.
func TestRecursiveTypes(t *testing.T) {
	type tree map[string]*tree
	var m tree
	if err := strictjson.Unmarshal([]byte(`{"a":{"b":{"c":null}}}`), &m, strictjson.Limits{}); err != nil {
		t.Error(err)
	}
	if got := code(t, strictjson.Unmarshal([]byte(`{"a":{"b":1}}`), &m, strictjson.Limits{})); got != strictjson.WrongType {
		t.Errorf("got %q", got)
	}
}

func TestPlaceOfError(t *testing.T) {
	err := strictjson.Check([]byte("{\n  \"a\": 1,\n  \"a\": 2\n}"), strictjson.Limits{})
	var e *strictjson.Error
	if !errors.As(err, &e) || e.Line != 3 || e.Column != 3 || e.Offset != 14 {
		t.Fatalf("got %+v", e)
	}
	if want := `line 3, column 3: key "a" stands twice in one object`; err.Error() != want {
		t.Errorf("text %q, want %q", err, want)
	}
}

// The text of an error carries no control or bidirectional character of the
// document.
func TestErrorTextIsSafe(t *testing.T) {
	for _, in := range []string{"{\"\u202ea\x1b\":1}", "\x1b", "\u202e", "{\"\u202e\":1,\"\u202e\":2}"} {
		err := strictjson.Unmarshal([]byte(in), &inner{}, strictjson.Limits{})
		if err == nil || strings.ContainsAny(err.Error(), "\u202e\x1b") {
			t.Errorf("%q: %q", in, err)
		}
	}
}

// JSONTestSuite by name of file: n_ is refused, y_ is JSON. Two of its y_ files
// hold duplicate keys: JSON by the grammar, and refused here on purpose.
func TestJSONTestSuite(t *testing.T) {
	dir := os.Getenv("PROFFER_JSONTESTSUITE")
	if dir == "" {
		t.Skip("SKIPPED: set PROFFER_JSONTESTSUITE to the test_parsing folder of a JSONTestSuite checkout")
	}
	files, err := filepath.Glob(filepath.Join(dir, "[ny]_*.json"))
	if err != nil || len(files) < 283 {
		t.Fatalf("%d files in %s, want 188 n_ and 95 y_ (%v)", len(files), dir, err)
	}
	refused, accepted, duplicates := 0, 0, 0
	for _, f := range files {
		data, err := os.ReadFile(f)
		if err != nil {
			t.Fatal(err)
		}
		err = strictjson.Check(data, strictjson.Limits{})
		var e *strictjson.Error
		isError := errors.As(err, &e)
		switch name := filepath.Base(f); {
		case name[0] == 'n' && err != nil:
			refused++
		case name[0] == 'y' && err == nil:
			accepted++
		case name[0] == 'y' && isError && e.Code == strictjson.DuplicateKey && strings.Contains(name, "duplicated_key"):
			duplicates++
		default:
			t.Errorf("%s: %v", name, err)
		}
	}
	t.Logf("n_ refused: %d; y_ accepted: %d; y_ refused as duplicate keys: %d", refused, accepted, duplicates)
}
