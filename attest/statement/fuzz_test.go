package statement_test

import (
	"encoding/json"
	"maps"
	"testing"

	intoto "github.com/in-toto/attestation/go/v1"
	"google.golang.org/protobuf/encoding/protojson"

	"github.com/proffer-audit/proffer/attest/statement"
)

// FuzzParse holds a statement that we read against the two readers that
// sigstore-go uses on the same bytes: encoding/json to match subjects and
// protojson for its result. All three must see the same statement.
func FuzzParse(f *testing.F) {
	f.Add([]byte(one(`{"sha256":"` + hexA + `"}`)))
	f.Add([]byte(doc(`[{"name":"a","digest":{"sha256":"` + hexA + `"}},{"name":"b","uri":"x:y","digest":{"sha512":"` + sha512A + `"}}]`)))
	f.Add([]byte(doc(`[{"name":"a","digest":{"sha256":"` + hexA + `"}}],"Subject":[]`)))
	f.Fuzz(func(t *testing.T, data []byte) {
		ours, err := statement.Parse(data)
		if err != nil {
			return
		}
		var loose struct {
			Type          string              `json:"_type"`
			PredicateType string              `json:"predicateType"`
			Subjects      []statement.Subject `json:"subject"`
		}
		if err := json.Unmarshal(data, &loose); err != nil {
			t.Fatalf("encoding/json refuses what Parse took: %v", err)
		}
		same(t, "encoding/json", ours, loose.PredicateType, loose.Subjects)
		var pb intoto.Statement
		if err := protojson.Unmarshal(data, &pb); err != nil {
			return // stricter still: sigstore-go then fails closed
		}
		var subjects []statement.Subject
		for _, s := range pb.GetSubject() {
			subjects = append(subjects, statement.Subject{Name: s.GetName(), Digest: s.GetDigest()})
		}
		same(t, "protojson", ours, pb.GetPredicateType(), subjects)
	})
}

func same(t *testing.T, reader string, ours *statement.Statement, predicateType string, subjects []statement.Subject) {
	t.Helper()
	if ours.PredicateType != predicateType || len(ours.Subjects) != len(subjects) {
		t.Fatalf("%s reads %q and %d subjects, we read %q and %d", reader, predicateType, len(subjects), ours.PredicateType, len(ours.Subjects))
	}
	for i, s := range subjects {
		if s.Name != ours.Subjects[i].Name || !maps.Equal(s.Digest, ours.Subjects[i].Digest) {
			t.Fatalf("%s reads subject %+v, we read %+v", reader, s, ours.Subjects[i])
		}
	}
}
