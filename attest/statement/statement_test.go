package statement_test

import (
	"encoding/json"
	"errors"
	"fmt"
	"strings"
	"testing"

	"github.com/proffer-audit/proffer/attest/statement"
	"github.com/proffer-audit/proffer/attest/strictjson"
)

var (
	hexA    = strings.Repeat("a", 64)
	hexB    = strings.Repeat("b", 64)
	sha512A = strings.Repeat("a", 128)
	sha512B = strings.Repeat("b", 128)
)

const predicateType = "https://example.org/predicate/v1"

// doc writes a statement around one subject list.
func doc(subjects string) string {
	return fmt.Sprintf(`{"_type":"https://in-toto.io/Statement/v1","subject":%s,"predicateType":%q,"predicate":{"x":1}}`, subjects, predicateType)
}

func one(digest string) string { return doc(`[{"name":"a","digest":` + digest + `}]`) }

func code(t *testing.T, err error) statement.Code {
	t.Helper()
	if err == nil {
		return ""
	}
	var e *statement.Error
	if !errors.As(err, &e) {
		t.Fatalf("error %v is not an *Error", err)
	}
	return e.Code
}

func TestParse(t *testing.T) {
	good := one(`{"sha256":"` + hexA + `"}`)
	subjects := func(n int) string {
		return doc("[" + strings.TrimSuffix(strings.Repeat(`{"name":"a","digest":{"sha256":"`+hexA+`"}},`, n), ",") + "]")
	}
	for _, tt := range []struct {
		name, in string
		want     statement.Code
	}{
		{"plain", good, ""},
		{"every algorithm", one(`{"sha256":"` + hexA + `","sha512":"` + sha512A + `","sha1":"` + hexA[:40] + `","sha384":"` + sha512A[:96] + `","gitCommit":"` + hexA[:40] + `","sha3_256":"` + hexA + `","goModuleH1":"` + hexA + `","future":"00ff"}`), ""},
		{"git commit of the longer hash", one(`{"gitCommit":"` + hexA + `"}`), ""},
		{"every field of a subject", doc(`[{"name":"a","uri":"pkg:x/y","digest":{"sha256":"` + hexA + `"},"content":"aGk=","downloadLocation":"https://example.org","mediaType":"x/y","annotations":{"k":{"v":[1]}}}]`), ""},
		{"subject without a name", doc(`[{"digest":{"sha256":"` + hexA + `"}}]`), ""},
		{"one digest under two subjects", subjects(2), ""},
		{"most subjects", subjects(1024), ""},
		{"no predicate", strings.Replace(good, `,"predicate":{"x":1}`, "", 1), ""},
		{"urn predicate type", strings.Replace(good, predicateType, "urn:example:predicate", 1), ""},

		{"version before v1", strings.Replace(good, "Statement/v1", "Statement/v0.1", 1), ""},

		{"not JSON", "statement", statement.BadJSON},
		{"empty", "", statement.BadJSON},
		{"subject twice", strings.Replace(good, `"predicateType"`, `"subject":[{"name":"b","digest":{"sha256":"`+hexB+`"}}],"predicateType"`, 1), statement.BadJSON},
		{"Subject beside subject", strings.Replace(good, `"predicateType"`, `"Subject":[{"name":"b","digest":{"sha256":"`+hexB+`"}}],"predicateType"`, 1), statement.BadJSON},
		{"Subject for subject", strings.Replace(good, `"subject"`, `"Subject"`, 1), statement.BadJSON},
		{"digest key twice", one(`{"sha256":"` + hexA + `","sha256":"` + hexB + `"}`), statement.BadJSON},
		{"digest key in two cases", one(`{"sha256":"` + hexA + `","SHA256":"` + hexB + `"}`), statement.BadJSON},
		{"unknown field", strings.Replace(good, `"predicateType"`, `"extra":1,"predicateType"`, 1), statement.BadJSON},
		{"protobuf spelling of a field", strings.Replace(good, `"predicateType"`, `"predicate_type"`, 1), statement.BadJSON},
		{"unknown field of a subject", doc(`[{"name":"a","digest":{"sha256":"` + hexA + `"},"extra":1}]`), statement.BadJSON},
		{"duplicate key inside the predicate", strings.Replace(good, `{"x":1}`, `{"x":1,"x":2}`, 1), statement.BadJSON},
		{"trailing data", good + "{}", statement.BadJSON},
		{"subject is one object", doc(`{"name":"a","digest":{"sha256":"` + hexA + `"}}`), statement.BadJSON},

		{"no _type", strings.Replace(good, `"_type":"https://in-toto.io/Statement/v1",`, "", 1), statement.BadType},
		{"another _type", strings.Replace(good, "Statement/v1", "Link/v1", 1), statement.BadType},
		{"_type with a slash more", strings.Replace(good, "Statement/v1", "Statement/v1/", 1), statement.BadType},
		{"version before v0.1", strings.Replace(good, "Statement/v1", "Statement/v0.0", 1), statement.BadType},
		{"version after v1", strings.Replace(good, "Statement/v1", "Statement/v2", 1), statement.BadType},

		{"no predicateType", strings.Replace(good, `"predicateType":"`+predicateType+`",`, "", 1), statement.BadPredicateType},
		{"predicateType is no URI", strings.Replace(good, predicateType, "provenance", 1), statement.BadPredicateType},
		{"predicateType with a space", strings.Replace(good, predicateType, "https://example.org/a b", 1), statement.BadPredicateType},
		{"predicateType in look-alike letters", strings.Replace(good, predicateType, "https://slsа.dev/provenance/v1", 1), statement.BadPredicateType},
		{"predicateType without a scheme", strings.Replace(good, predicateType, "//example.org/x", 1), statement.BadPredicateType},
		{"endless predicateType", strings.Replace(good, predicateType, "https://example.org/"+strings.Repeat("x", 600), 1), statement.BadPredicateType},

		{"predicate is a list", strings.Replace(good, `{"x":1}`, `[1]`, 1), statement.BadPredicate},
		{"predicate is null", strings.Replace(good, `{"x":1}`, `null`, 1), statement.BadPredicate},

		{"no subject field", strings.Replace(good, `"subject":[{"name":"a","digest":{"sha256":"`+hexA+`"}}],`, "", 1), statement.BadSubject},
		{"no subjects", doc(`[]`), statement.BadSubject},
		{"subjects null", doc(`null`), statement.BadSubject},
		{"too many subjects", subjects(1025), statement.BadSubject},
		{"subject without digests", one(`{}`), statement.BadSubject},
		{"subject without a digest field", doc(`[{"name":"a"}]`), statement.BadSubject},
		{"too many digests", one(`{` + manyDigests(33) + `}`), statement.BadSubject},

		{"digest too short", one(`{"sha256":"` + hexA[:62] + `"}`), statement.BadDigest},
		{"digest of another length", one(`{"sha256":"` + sha512A + `"}`), statement.BadDigest},
		{"digest in capitals", one(`{"sha256":"` + strings.ToUpper(hexA) + `"}`), statement.BadDigest},
		{"digest in base64", one(`{"sha256":"47DEQpj8HBSa+/TImW+5JCeuQeRkm5NMpJWZG3hSuFU="}`), statement.BadDigest},
		{"empty digest", one(`{"sha256":""}`), statement.BadDigest},
		{"algorithm in capitals", one(`{"SHA256":"` + hexA + `"}`), statement.BadDigest},
		{"algorithm with a dash", one(`{"sha-256":"` + hexA + `"}`), statement.BadDigest},
		{"unknown algorithm, not hexadecimal", one(`{"future":"xyz"}`), statement.BadDigest},
	} {
		t.Run(tt.name, func(t *testing.T) {
			s, err := statement.Parse([]byte(tt.in))
			if got := code(t, err); got != tt.want {
				t.Fatalf("got %q (%v), want %q", got, err, tt.want)
			}
			if err == nil && (len(s.Subjects) == 0 || s.PredicateType == "") {
				t.Errorf("read %+v", s)
			}
		})
	}
}

func manyDigests(n int) string {
	var b strings.Builder
	for i := range n {
		fmt.Fprintf(&b, `"alg%d":"00",`, i)
	}
	return strings.TrimSuffix(b.String(), ",")
}

func TestParseKeepsPredicateRaw(t *testing.T) {
	s, err := statement.Parse([]byte(strings.Replace(one(`{"sha256":"`+hexA+`"}`), `{"x":1}`, `{ "x" : 1.0 }`, 1)))
	if err != nil || string(s.Predicate) != `{ "x" : 1.0 }` {
		t.Errorf("predicate %s, %v", s.Predicate, err)
	}
}

func TestErrorNamesThePlace(t *testing.T) {
	_, err := statement.Parse([]byte("{\n\"_type\": 1}"))
	var inner *strictjson.Error
	if !errors.As(err, &inner) || inner.Line != 2 {
		t.Errorf("got %v", err)
	}
	_, err = statement.Parse([]byte(doc(`[{"name":"a\u202eb","digest":{}}]`)))
	if err == nil || strings.Contains(err.Error(), "\u202e") || !strings.Contains(err.Error(), "subject 0") {
		t.Errorf("got %q", err)
	}
}

func TestMatch(t *testing.T) {
	type m = map[string]string
	s := func(digests ...m) *statement.Statement {
		st := &statement.Statement{}
		for i, d := range digests {
			st.Subjects = append(st.Subjects, statement.Subject{Name: fmt.Sprint(i), Digest: d})
		}
		return st
	}
	for _, tt := range []struct {
		name    string
		st      *statement.Statement
		digests m
		want    string // name of the subject that matches
		code    statement.Code
	}{
		{"sha256", s(m{"sha256": hexA}), m{"sha256": hexA}, "0", ""},
		{"sha512", s(m{"sha512": sha512A}), m{"sha256": hexA, "sha512": sha512A}, "0", ""},
		{"the second", s(m{"sha256": hexB}, m{"sha256": hexA}), m{"sha256": hexA}, "1", ""},
		{"the first of two", s(m{"sha256": hexA}, m{"sha256": hexA}), m{"sha256": hexA}, "0", ""},
		{"more on their side", s(m{"sha256": hexA, "future": "00"}), m{"sha256": hexA}, "0", ""},
		{"another", s(m{"sha256": hexB}), m{"sha256": hexA}, "", statement.NoMatch},
		{"no algorithm in common", s(m{"sha512": sha512A}), m{"sha256": hexA}, "", statement.NoMatch},
		{"weak algorithm alone", s(m{"sha1": hexA[:40]}), m{"sha256": hexA, "sha1": hexA[:40]}, "", statement.NoMatch},
		{"git commit alone", s(m{"gitCommit": hexA}), m{"gitCommit": hexA}, "", statement.NoMatch},
		{"unknown algorithm alone", s(m{"future": "00"}), m{"future": "00"}, "", statement.NoMatch},
		{"nothing to match", s(m{"sha256": hexA}), m{}, "", statement.NoMatch},
		{"wrong sha512 beside right sha256", s(m{"sha256": hexA, "sha512": sha512B}), m{"sha256": hexA, "sha512": sha512A}, "", statement.DigestConflict},
		{"wrong sha1 beside right sha256", s(m{"sha256": hexA, "sha1": hexB[:40]}), m{"sha256": hexA, "sha1": hexA[:40]}, "", statement.DigestConflict},
		{"wrong sha384 beside right sha256", s(m{"sha256": hexA, "sha384": sha512B[:96]}), m{"sha256": hexA, "sha384": sha512A[:96]}, "", statement.DigestConflict},
		{"wrong git commit beside right sha256", s(m{"sha256": hexA, "gitCommit": hexB[:40]}), m{"sha256": hexA, "gitCommit": hexA[:40]}, "", statement.DigestConflict},
		{"wrong digest of a future algorithm beside right sha256", s(m{"sha256": hexA, "future": "00"}), m{"sha256": hexA, "future": "01"}, "", statement.DigestConflict},
		{"right sha1 beside wrong sha256", s(m{"sha256": hexB, "sha1": hexA[:40]}), m{"sha256": hexA, "sha1": hexA[:40]}, "", statement.DigestConflict},
		{"sha384 alone", s(m{"sha384": sha512A[:96]}), m{"sha256": hexA, "sha384": sha512A[:96]}, "", statement.NoMatch},
		{"every algorithm agrees", s(m{"sha256": hexA, "sha384": sha512A[:96], "sha512": sha512A, "sha1": hexA[:40], "gitCommit": hexA[:40]}), m{"sha256": hexA, "sha384": sha512A[:96], "sha512": sha512A, "sha1": hexA[:40], "gitCommit": hexA[:40]}, "0", ""},
		{"conflict beside a match", s(m{"sha256": hexA, "sha512": sha512A}, m{"sha256": hexA, "sha512": sha512B}), m{"sha256": hexA, "sha512": sha512A}, "", statement.DigestConflict},
		{"our own digest misspelt", s(m{"sha256": hexA}), m{"sha256": strings.ToUpper(hexA)}, "", statement.BadDigest},
	} {
		t.Run(tt.name, func(t *testing.T) {
			got, err := tt.st.Match(tt.digests)
			if code(t, err) != tt.code || got.Name != tt.want {
				t.Errorf("got subject %q, %v; want %q, %q", got.Name, err, tt.want, tt.code)
			}
		})
	}
}

func TestNew(t *testing.T) {
	a := statement.Subject{Name: "a", Digest: map[string]string{"sha512": sha512A, "sha256": hexA}}
	b := statement.Subject{Name: "b", Digest: map[string]string{"sha256": hexB}}
	b2 := statement.Subject{Name: "b", Digest: map[string]string{"sha256": hexA}}
	predicate := map[string]any{"z": 1, "a": "<&>", "é": json.RawMessage(`[ 1.0, 2 ]`)}
	first, err := statement.New(predicateType, []statement.Subject{b, a, b2}, predicate)
	if err != nil {
		t.Fatal(err)
	}
	second, err := statement.New(predicateType, []statement.Subject{b2, b, a}, predicate)
	if err != nil || string(first) != string(second) {
		t.Errorf("order of subjects changes the bytes: %v\n%s\n%s", err, first, second)
	}
	want := `{"_type":"https://in-toto.io/Statement/v1","predicate":{"a":"<&>","z":1,"é":[1,2]},"predicateType":"` + predicateType + `","subject":[` +
		`{"digest":{"sha256":"` + hexA + `","sha512":"` + sha512A + `"},"name":"a"},{"digest":{"sha256":"` + hexA + `"},"name":"b"},{"digest":{"sha256":"` + hexB + `"},"name":"b"}]}`
	if string(first) != want {
		t.Errorf("got\n%s\nwant\n%s", first, want)
	}
	if !statement.IsCanonical(first) || statement.IsCanonical(append(first, '\n')) {
		t.Error("IsCanonical disagrees with New")
	}
}

func TestNewRefuses(t *testing.T) {
	ok := []statement.Subject{{Name: "a", Digest: map[string]string{"sha256": hexA}}}
	for _, tt := range []struct {
		name, predicateType string
		subjects            []statement.Subject
		predicate           any
	}{
		{"no subject", predicateType, nil, map[string]int{}},
		{"bad digest", predicateType, []statement.Subject{{Name: "a", Digest: map[string]string{"sha256": "h1:x"}}}, map[string]int{}},
		{"no predicate type", "", ok, map[string]int{}},
		{"predicate is no object", predicateType, ok, []int{1}},
		{"predicate is nil", predicateType, ok, nil},
		{"whole number beyond a double", predicateType, ok, map[string]int64{"n": 1 << 60}},
		{"duplicate key in a raw predicate", predicateType, ok, json.RawMessage(`{"a":1,"a":2}`)},
		{"cannot be encoded", predicateType, ok, func() {}},
	} {
		t.Run(tt.name, func(t *testing.T) {
			if out, err := statement.New(tt.predicateType, tt.subjects, tt.predicate); err == nil {
				t.Errorf("wrote %s", out)
			}
		})
	}
}

func TestIsCanonical(t *testing.T) {
	for in, want := range map[string]bool{
		`{"a":1,"b":[1,2.5,"é"]}`: true,
		`{"b":1,"a":2}`:           false,
		`{"a": 1}`:                false,
		`{"a":1.0}`:               false,
		`{"a":"\u00e9"}`:          false,
		`{"a":1,"a":1}`:           false,
		`{"a":1}x`:                false,
		``:                        false,
	} {
		if got := statement.IsCanonical([]byte(in)); got != want {
			t.Errorf("IsCanonical(%s) = %v", in, got)
		}
	}
}

func TestCheckDigests(t *testing.T) {
	if err := statement.CheckDigests(map[string]string{"sha256": hexA, "sha3_512": sha512A, "sha1": hexA[:40], "md5": hexA[:32], "sha224": hexA[:56]}); err != nil {
		t.Error(err)
	}
	if got := code(t, statement.CheckDigests(map[string]string{"md5": hexA})); got != statement.BadDigest {
		t.Errorf("got %q", got)
	}
}
