package statement_test

import (
	"encoding/json"
	"errors"
	"fmt"
	"strings"
	"testing"

	intoto "github.com/in-toto/attestation/go/v1"
	"google.golang.org/protobuf/encoding/protojson"

	"github.com/proffer-audit/proffer/attest/statement"
	"github.com/proffer-audit/proffer/attest/strictjson"
)

// The words in which a reader's view of a statement is written down: the digest
// of each subject as its first letter, "none" for no subject, "refused".
const (
	none    = "none"
	refused = "refused"
)

// differential is a statement that two readers take for two different things, or
// that one of them takes and should not: what encoding/json and protojson make
// of it, and why Parse refuses it. The middle columns are held to the libraries,
// so that a row cannot outlive its reason.
type differential struct {
	name, in    string
	json, proto string
	want        statement.Code
	inner       strictjson.Code // of a BadJSON
}

func differentials() []differential {
	a, b := `[{"name":"a","digest":{"sha256":"`+hexA+`"}}]`, `[{"name":"b","digest":{"sha256":"`+hexB+`"}}]`
	doc := func(members ...string) string { return "{" + strings.Join(members, ",") + "}" }
	typ, pt, pred := `"_type":"`+statement.TypeV1+`"`, `"predicateType":"`+predicateType+`"`, `"predicate":{"x":1}`
	subject := func(key, list string) string { return `"` + key + `":` + list }
	digests := func(members string) string {
		return doc(typ, subject("subject", `[{"name":"a","digest":{`+members+`}}]`), pt, pred)
	}
	const dup, variant, unknown, wrong = strictjson.DuplicateKey, strictjson.CaseVariant, strictjson.UnknownField, strictjson.WrongType
	return []differential{
		{"subject, then Subject", doc(typ, subject("subject", a), subject("Subject", b), pt, pred), "b", refused, statement.BadJSON, variant},
		{"Subject, then subject", doc(typ, subject("Subject", b), subject("subject", a), pt, pred), "a", refused, statement.BadJSON, variant},
		{"Subject alone", doc(typ, subject("Subject", a), pt, pred), "a", refused, statement.BadJSON, variant},
		{"subject in Latin long s", doc(typ, subject("subject", a), subject("\u017fubject", b), pt, pred), "b", refused, statement.BadJSON, variant},
		{"subject twice", doc(typ, subject("subject", a), subject("subject", b), pt, pred), "b", refused, statement.BadJSON, dup},
		{"subject twice, once by escape", doc(typ, subject("subject", a), subject(`\u0073ubject`, b), pt, pred), "b", refused, statement.BadJSON, dup},
		{"subject twice, the second shorter", doc(typ, subject("subject", strings.TrimSuffix(a, "]")+","+b[1:]), subject("subject", a), pt, pred), "a", refused, statement.BadJSON, dup},
		{"subject, then null", doc(typ, subject("subject", a), subject("subject", "null"), pt, pred), none, refused, statement.BadJSON, dup},
		{"subject null", doc(typ, subject("subject", "null"), pt, pred), none, none, statement.BadSubject, ""},
		{"digest twice", doc(typ, `"subject":[{"name":"a","digest":{"sha256":"`+hexA+`"},"digest":{"sha256":"`+hexB+`"}}]`, pt, pred), "b", refused, statement.BadJSON, dup},
		{"digest, DIGEST, digest", doc(typ, `"subject":[{"digest":{"sha256":"`+hexA+`"},"DIGEST":{"sha256":"`+hexB+`"},"digest":{"sha256":"`+hexA+`"}}]`, pt, pred), "a", refused, statement.BadJSON, variant},
		{"digest and DIGEST", doc(typ, `"subject":[{"digest":{"sha256":"`+hexA+`"},"DIGEST":{"sha256":"`+hexB+`"}}]`, pt, pred), "b", refused, statement.BadJSON, variant},
		{"sha256 twice", digests(`"sha256":"` + hexA + `","sha256":"` + hexB + `"`), "b", refused, statement.BadJSON, dup},
		{"sha256 twice, once by escape", digests(`"sha256":"` + hexA + `","\u0073ha256":"` + hexB + `"`), "b", refused, statement.BadJSON, dup},
		{"sha256 and SHA256", digests(`"sha256":"` + hexA + `","SHA256":"` + hexB + `"`), "a", "a", statement.BadJSON, variant},
		{"sha256 null", digests(`"sha256":null`), "", refused, statement.BadJSON, wrong},
		{"digest in capitals", digests(`"sha256":"` + strings.ToUpper(hexA) + `"`), "A", "A", statement.BadDigest, ""},
		{"digest of another length", digests(`"sha256":"` + hexA[:62] + `"`), "a", "a", statement.BadDigest, ""},
		{"field that nobody knows", doc(typ, subject("subject", a), `"extra":1`, pt, pred), "a", refused, statement.BadJSON, unknown},
		{"predicate_type, protobuf's name", doc(typ, subject("subject", a), `"predicate_type":"`+predicateType+`"`, pred), "a", "a", statement.BadJSON, unknown},
		{"predicateType and predicate_type", doc(typ, subject("subject", a), pt, `"predicate_type":"https://example.org/other"`, pred), "a", refused, statement.BadJSON, unknown},
		{"predicateType in another case", doc(typ, subject("subject", a), `"PredicateType":"`+predicateType+`"`, pred), "a", refused, statement.BadJSON, variant},
		{"predicateType absent", doc(typ, subject("subject", a), pred), "a", "a", statement.BadPredicateType, ""},
		{"predicateType null", doc(typ, subject("subject", a), `"predicateType":null`, pred), "a", "a", statement.BadJSON, wrong},
		{"predicate twice", doc(typ, subject("subject", a), pt, pred, `"predicate":{"x":2}`), "a", refused, statement.BadJSON, dup},
		{"key twice inside the predicate", doc(typ, subject("subject", a), pt, `"predicate":{"level":"unexplained","level":"bit-identical"}`), "a", refused, statement.BadJSON, dup},
		{"key in two cases inside the predicate", doc(typ, subject("subject", a), pt, `"predicate":{"level":"unexplained","Level":"bit-identical"}`), "a", "a", statement.BadJSON, variant},
		{"_type absent", doc(subject("subject", a), pt, pred), "a", "a", statement.BadType, ""},
		{"_type null", doc(`"_type":null`, subject("subject", a), pt, pred), "a", "a", statement.BadJSON, wrong},
		{"_type of something else", doc(`"_type":"https://in-toto.io/Link/v1"`, subject("subject", a), pt, pred), "a", "a", statement.BadType, ""},
		{"type, protobuf's name", doc(`"type":"`+statement.TypeV1+`"`, subject("subject", a), pt, pred), "a", "a", statement.BadJSON, unknown},
		{"half a character in a name", doc(typ, `"subject":[{"name":"\ud800","digest":{"sha256":"`+hexA+`"}}]`, pt, pred), "a", refused, statement.BadJSON, strictjson.HalfChar},
		{"name that is not UTF-8", doc(typ, "\"subject\":[{\"name\":\"\xff\",\"digest\":{\"sha256\":\""+hexA+"\"}}]", pt, pred), "a", refused, statement.BadJSON, strictjson.BadUTF8},
		{"name null", doc(typ, `"subject":[{"name":null,"digest":{"sha256":"`+hexA+`"}}]`, pt, pred), "a", "a", statement.BadJSON, wrong},
		{"whole number that rounds", doc(typ, subject("subject", a), pt, `"predicate":{"n":9007199254740993}`), "a", "a", statement.BadJSON, strictjson.NumberRange},
		{"number beyond a double", doc(typ, subject("subject", a), pt, `"predicate":{"n":1e400}`), "a", refused, statement.BadJSON, strictjson.NumberRange},
		{"content in the other base64", doc(typ, `"subject":[{"digest":{"sha256":"`+hexA+`"},"content":"_-8="}]`, pt, pred), "a", "a", statement.BadJSON, wrong},
		{"trailing statement", doc(typ, subject("subject", a), pt, pred) + doc(typ, subject("subject", b), pt, pred), "a", refused, statement.BadJSON, strictjson.Trailing},
		{"byte order mark", "\ufeff" + doc(typ, subject("subject", a), pt, pred), refused, refused, statement.BadJSON, strictjson.Syntax},
	}
}

func TestDifferentials(t *testing.T) {
	for _, d := range differentials() {
		t.Run(d.name, func(t *testing.T) {
			if got := looseView(d.in); got != d.json {
				t.Errorf("encoding/json reads %q, the row says %q", got, d.json)
			}
			if got := protoView(d.in); got != d.proto {
				t.Errorf("protojson reads %q, the row says %q", got, d.proto)
			}
			_, err := statement.Parse([]byte(d.in))
			var inner *strictjson.Error
			if got := code(t, err); got != d.want {
				t.Fatalf("got %q (%v), want %q", got, err, d.want)
			}
			if errors.As(err, &inner) != (d.inner != "") || inner != nil && inner.Code != d.inner {
				t.Errorf("got %v, want %q beneath", err, d.inner)
			}
		})
	}
}

// looseView is what a program sees that decodes the first value with
// encoding/json, as most do.
func looseView(in string) string {
	var v struct {
		Subject []statement.Subject `json:"subject"`
	}
	if err := json.NewDecoder(strings.NewReader(in)).Decode(&v); err != nil {
		return refused
	}
	return view(v.Subject)
}

func protoView(in string) string {
	var pb intoto.Statement
	if err := protojson.Unmarshal([]byte(in), &pb); err != nil {
		return refused
	}
	var list []statement.Subject
	for _, s := range pb.GetSubject() {
		list = append(list, statement.Subject{Digest: s.GetDigest()})
	}
	return view(list)
}

func view(list []statement.Subject) string {
	if len(list) == 0 {
		return none
	}
	var b strings.Builder
	for _, s := range list {
		fmt.Fprintf(&b, "%.1s", s.Digest["sha256"])
	}
	return b.String()
}

// Both versions of a statement are read, and which one it was is kept.
func TestParseVersions(t *testing.T) {
	for _, version := range []string{statement.TypeV1, statement.TypeV01} {
		in := strings.Replace(one(`{"sha256":"`+hexA+`"}`), statement.TypeV1, version, 1)
		st, err := statement.Parse([]byte(in))
		if err != nil || st.Type != version {
			t.Errorf("%s: %+v, %v", version, st, err)
		}
		for _, d := range differentials() {
			if _, err := statement.Parse([]byte(strings.Replace(d.in, statement.TypeV1, version, 1))); code(t, err) != d.want {
				t.Errorf("%s, %s: %v, want %q", version, d.name, err, d.want)
			}
		}
	}
}

func TestIsPayloadType(t *testing.T) {
	for in, want := range map[string]bool{
		"application/vnd.in-toto+json":      true,
		"https://in-toto.io/Statement/v1":   true,
		"https://in-toto.io/Statement/v0.1": false,
		"application/json":                  false,
		"application/vnd.in-toto+JSON":      false,
		"":                                  false,
	} {
		if statement.IsPayloadType(in) != want {
			t.Errorf("IsPayloadType(%q) is not %v", in, want)
		}
	}
}
