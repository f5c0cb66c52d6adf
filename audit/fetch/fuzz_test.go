package fetch

import (
	"bytes"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"slices"
	"strings"
	"testing"
)

func FuzzParseGoSum(f *testing.F) {
	h1 := "h1:" + base64.StdEncoding.EncodeToString(make([]byte, 32))
	f.Add([]byte("example.org/m v1.0.0 " + h1 + "\nexample.org/m v1.0.0/go.mod " + h1 + "\n"))
	f.Add([]byte("a b c\n"))
	f.Fuzz(func(t *testing.T, data []byte) {
		sums, err := ParseGoSum(data)
		if err != nil {
			if CodeOf(err) != BadGoSum {
				t.Fatalf("error without its code: %v", err)
			}
			return
		}
		var again strings.Builder
		for _, s := range sums {
			if s.H1 != "" {
				fmt.Fprintf(&again, "%s %s %s\n", s.Path, s.Version, s.H1)
			}
			if s.GoModH1 != "" {
				fmt.Fprintf(&again, "%s %s/go.mod %s\n", s.Path, s.Version, s.GoModH1)
			}
		}
		back, err := ParseGoSum([]byte(again.String()))
		if err != nil || !slices.Equal(sums, back) {
			t.Fatalf("%+v reads back as %+v, %v", sums, back, err)
		}
	})
}

// No input makes a proof hold for a module that its log does not know.
func FuzzProof(f *testing.F) {
	g, w, o := proven(f)
	f.Add(proofBytes(f, w, o))
	f.Add([]byte(`{"head":"","log":"log.example.org","lookups":{},"tiles":{},"version":1}`))
	stranger := o
	stranger.PURL = "pkg:golang/example.org/stranger@v1.0.0"
	f.Fuzz(func(t *testing.T, data []byte) {
		if _, err := VerifyProof(w.store, withProof(t, w, stranger, data), []LogKey{g.log}); err == nil {
			t.Fatal("a proof of nothing")
		} else if CodeOf(err) == "" {
			t.Fatalf("error without a code: %v", err)
		}
	})
}

func FuzzParseObservation(f *testing.F) {
	_, _, o := proven(f)
	text, err := json.Marshal(o)
	if err != nil {
		f.Fatal(err)
	}
	f.Add(text)
	f.Add([]byte(`{"outcome":"missing","pin":""}`))
	f.Fuzz(func(t *testing.T, data []byte) {
		o, err := ParseObservation(data)
		if err != nil {
			return
		}
		again, err := json.Marshal(o)
		if err != nil || !bytes.Equal(again, data) {
			t.Fatalf("%q reads back as %q, %v", data, again, err)
		}
	})
}
