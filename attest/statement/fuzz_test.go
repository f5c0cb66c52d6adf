package statement_test

import (
	"encoding/json"
	"maps"
	"reflect"
	"strings"
	"testing"

	intoto "github.com/in-toto/attestation/go/v1"
	"google.golang.org/protobuf/encoding/protojson"

	"github.com/proffer-audit/proffer/attest/statement"
)

// FuzzParse holds a statement that we read against the two readers that
// sigstore-go uses on the same bytes: encoding/json to match subjects and
// protojson for its result. All three must see the same statement, to the last
// value of its predicate.
func FuzzParse(f *testing.F) {
	for _, d := range differentials() {
		f.Add([]byte(d.in))
	}
	plain := one(`{"sha256":"` + hexA + `"}`)
	f.Add([]byte(plain))
	f.Add([]byte(strings.Replace(plain, statement.TypeV1, statement.TypeV01, 1)))
	f.Add([]byte(strings.Replace(plain, `{"x":1}`, `{"x":[null,true,-0,1e-7,"\u00e9",{"":{}}]}`, 1)))
	f.Add([]byte(doc(`[{"name":"a","digest":{"sha256":"` + hexA + `"}},{"name":"b","uri":"x:y","digest":{"sha512":"` + sha512A + `"}}]`)))
	f.Add([]byte(doc(`[{"name":"a","uri":"pkg:x/y","digest":{"sha256":"` + hexA + `","gitCommit":"` + hexA[:40] + `"},"content":"aGk=","downloadLocation":"https://example.org","mediaType":"x/y","annotations":{"k":{"v":[1]}}}]`)))
	f.Fuzz(func(t *testing.T, data []byte) {
		ours, err := statement.Parse(data)
		if err != nil {
			return
		}
		var loose struct {
			Type          string              `json:"_type"`
			PredicateType string              `json:"predicateType"`
			Subjects      []statement.Subject `json:"subject"`
			Predicate     any                 `json:"predicate"`
		}
		if err := json.Unmarshal(data, &loose); err != nil {
			t.Fatalf("encoding/json refuses what Parse took: %v", err)
		}
		same(t, "encoding/json", ours, statement.Statement{Type: loose.Type, PredicateType: loose.PredicateType, Subjects: loose.Subjects}, loose.Predicate)
		var pb intoto.Statement
		if err := protojson.Unmarshal(data, &pb); err != nil {
			return // stricter still: sigstore-go then fails closed
		}
		theirs := statement.Statement{Type: pb.GetType(), PredicateType: pb.GetPredicateType()}
		for _, s := range pb.GetSubject() {
			theirs.Subjects = append(theirs.Subjects, statement.Subject{Name: s.GetName(), Digest: s.GetDigest()})
		}
		var predicate any
		if pb.GetPredicate() != nil {
			predicate = pb.GetPredicate().AsMap()
		}
		same(t, "protojson", ours, theirs, predicate)
	})
}

func same(t *testing.T, reader string, ours *statement.Statement, theirs statement.Statement, predicate any) {
	t.Helper()
	if ours.Type != theirs.Type || ours.PredicateType != theirs.PredicateType || len(ours.Subjects) != len(theirs.Subjects) {
		t.Fatalf("%s reads %+v, we read %+v", reader, theirs, *ours)
	}
	for i, s := range theirs.Subjects {
		if s.Name != ours.Subjects[i].Name || !maps.Equal(s.Digest, ours.Subjects[i].Digest) {
			t.Fatalf("%s reads subject %+v, we read %+v", reader, s, ours.Subjects[i])
		}
	}
	var own any
	if len(ours.Predicate) > 0 {
		if err := json.Unmarshal(ours.Predicate, &own); err != nil {
			t.Fatalf("predicate %s: %v", ours.Predicate, err)
		}
	}
	if !reflect.DeepEqual(own, predicate) {
		t.Fatalf("%s reads predicate %v, we read %v", reader, predicate, own)
	}
}
