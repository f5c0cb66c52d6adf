package envelope_test

import (
	"bytes"
	"encoding/json"
	"testing"

	"github.com/secure-systems-lab/go-securesystemslib/cjson"
	"github.com/secure-systems-lab/go-securesystemslib/dsse"

	"github.com/proffer-audit/proffer/attest/envelope"
)

// FuzzOpen holds what Open promises of every file: items within the limits, each
// a part of the file and opened to the same again by itself; and what is signed
// is what in-toto's own libraries say is signed.
func FuzzOpen(f *testing.F) {
	for _, s := range []string{
		bundleJSON, dsseJSON, linkJSON, dsseJSON + "\n" + dsseJSON + "\n", bundleJSON + "\n" + dsseJSON,
		`{"attestations":[{"predicateType":"https://slsa.dev/provenance/v1","bundle":` + bundleOf("https://slsa.dev/provenance/v1") + `}]}`,
		`{"attestations":[{"bundle":` + bundleJSON + `,"repository_id":1}]}`,
		`{"signatures":[{"keyid":"","sig":"00"}],"signed":` + linkSigned + `}`,
		`{"signatures":[{"sig":"00"}],"signed":{"_type":"link","name":"\"\\\u0000é","byproducts":{"a":-0,"b":[1,null,true,{"z":1,"a":2}]}}}`,
	} {
		f.Add([]byte(s))
	}
	f.Fuzz(func(t *testing.T, data []byte) {
		lim := envelope.Limits{Items: 8, ItemBytes: 1 << 16}
		items, err := envelope.Open(data, lim)
		if (err == nil) == (len(items) == 0) || len(items) > lim.Items {
			t.Fatalf("%d items, %v", len(items), err)
		}
		for _, it := range items {
			if !bytes.Contains(data, it.Raw) || len(it.Raw) > lim.ItemBytes {
				t.Fatalf("%q is no part of the file, or above the limit", it.Raw)
			}
			again, err := envelope.Open(it.Raw, lim)
			if err != nil || len(again) != 1 || again[0].Kind != it.Kind || !bytes.Equal(again[0].Signed(), it.Signed()) {
				t.Fatalf("opened again: %+v, %v", again, err)
			}
			signedAsTheySay(t, it)
		}
	})
}

func signedAsTheySay(t *testing.T, it envelope.Item) {
	t.Helper()
	switch it.Kind {
	case envelope.DSSE:
		var env dsse.Envelope
		if err := json.Unmarshal(it.Raw, &env); err != nil {
			t.Fatal(err)
		}
		payload, err := env.DecodeB64Payload()
		if err != nil || !bytes.Equal(dsse.PAE(env.PayloadType, payload), it.Signed()) {
			t.Fatalf("they sign %q (%v), we %q", payload, err, it.Signed())
		}
	case envelope.Link:
		var mb struct {
			Signed json.RawMessage `json:"signed"`
		}
		if err := json.Unmarshal(it.Raw, &mb); err != nil {
			t.Fatal(err)
		}
		theirs, err := cjson.EncodeCanonical(mb.Signed)
		if err != nil || !bytes.Equal(theirs, it.Signed()) {
			t.Fatalf("they sign %q (%v), we %q", theirs, err, it.Signed())
		}
	}
}
