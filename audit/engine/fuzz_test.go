package engine

import (
	"bytes"
	"testing"

	"github.com/proffer-audit/proffer/audit/evidence"
)

// FuzzRecall: whatever a file of the cache holds, it is believed only if it is
// what would be written for that key.
func FuzzRecall(f *testing.F) {
	key := evidence.Of([]byte("key"))
	raw, err := encode(Result{ID: "s", Kind: "k", Key: key, Outputs: []evidence.Descriptor{{Name: "out", Digest: key, Size: 3}}})
	if err != nil {
		f.Fatal(err)
	}
	f.Add(raw)
	f.Add([]byte(`{"result":{"key":"` + string(key) + `"},"sum":""}`))
	f.Add([]byte("null"))
	f.Fuzz(func(t *testing.T, raw []byte) {
		r, ok := recall(raw, key)
		if !ok {
			return
		}
		again, err := encode(r)
		if err != nil || r.Key != key || !bytes.Equal(raw, again) {
			t.Fatalf("believed %q", raw)
		}
	})
}
