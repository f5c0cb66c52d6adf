package strictjson_test

import (
	"bytes"
	"encoding/json"
	"strings"
	"testing"

	"github.com/proffer-audit/proffer/attest/strictjson"
)

// FuzzCheck holds two promises: what Check accepts encoding/json accepts, and
// no key of it is read by another key's name. The second is put to the test by
// decoding and writing again: a member that was lost or overwritten makes the
// two token counts differ.
func FuzzCheck(f *testing.F) {
	for _, v := range vectors {
		if len(v.in) < 4096 {
			f.Add([]byte(v.in))
		}
	}
	f.Fuzz(func(t *testing.T, data []byte) {
		if strictjson.Check(data, strictjson.Limits{}) != nil {
			return
		}
		var v any
		if err := json.Unmarshal(data, &v); err != nil {
			t.Fatalf("Check took what encoding/json refuses: %v", err)
		}
		again, err := json.Marshal(v)
		if err != nil {
			t.Fatal(err)
		}
		if a, b := tokens(t, data), tokens(t, again); a != b {
			t.Fatalf("%d tokens read, %d written: %q became %q", a, b, data, again)
		}
		if err := strictjson.Check(again, strictjson.Limits{}); err != nil && !strings.Contains(err.Error(), "beyond") {
			t.Fatalf("Check refuses what it read: %v in %q", err, again)
		}
	})
}

// FuzzUnmarshal holds that a struct decoded strictly equals the struct that
// encoding/json reads, for every document that is accepted.
func FuzzUnmarshal(f *testing.F) {
	f.Add([]byte(`{"name":"n","inner":{"id":"i","size":-128},"labels":{"a":"b"},"bytes":"aGk=","pair":[1,2]}`))
	f.Add([]byte(`{"Name":"n"}`))
	f.Add([]byte(`{"next":{"next":{"deep":"x","ok":true}}}`))
	f.Fuzz(func(t *testing.T, data []byte) {
		var ours, theirs outer
		if strictjson.Unmarshal(data, &ours, strictjson.Limits{}) != nil {
			return
		}
		if err := json.Unmarshal(data, &theirs); err != nil {
			t.Fatalf("Unmarshal took what encoding/json refuses: %v", err)
		}
		a, errA := json.Marshal(ours)
		b, errB := json.Marshal(theirs)
		if errA != nil || errB != nil || !bytes.Equal(a, b) {
			t.Fatalf("read %s, encoding/json reads %s (%v, %v)", a, b, errA, errB)
		}
	})
}

func tokens(t *testing.T, data []byte) int {
	t.Helper()
	dec := json.NewDecoder(bytes.NewReader(data))
	dec.UseNumber()
	n := 0
	for {
		if _, err := dec.Token(); err != nil {
			return n
		}
		n++
	}
}
