package sign

import (
	"bytes"
	"encoding/base64"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"strings"
	"testing"
)

// What Rekor v1 answers, and what becomes of it in a bundle.
func TestReadLoggedV1(t *testing.T) {
	sum := strings.Repeat("ab", 32)
	body := base64.StdEncoding.EncodeToString([]byte(`{"apiVersion":"0.0.1","kind":"dsse","spec":{}}`))
	answer := func(body, id, root, hash string) string {
		return fmt.Sprintf(`{"uuid":{"body":%q,"integratedTime":7,"logID":%q,"logIndex":9,"verification":{"signedEntryTimestamp":"AQ==",
			"inclusionProof":{"checkpoint":"c","hashes":[%q],"logIndex":3,"rootHash":%q,"treeSize":4}}}}`, body, id, hash, root)
	}
	e, err := readLoggedV1([]byte(answer(body, sum, sum, sum)))
	if err != nil {
		t.Fatal(err)
	}
	want, _ := hex.DecodeString(sum)
	p := e.GetInclusionProof()
	if e.LogIndex != 9 || e.IntegratedTime != 7 || e.KindVersion.Kind != "dsse" || e.KindVersion.Version != "0.0.1" || p.LogIndex != 3 || p.TreeSize != 4 ||
		!bytes.Equal(p.RootHash, want) || len(p.Hashes) != 1 || p.Checkpoint.Envelope != "c" || !bytes.Equal(e.LogId.KeyId, want) || len(e.InclusionPromise.SignedEntryTimestamp) != 1 {
		t.Errorf("read %v", e)
	}
	for name, raw := range map[string]string{
		"nothing": "", "no entry": "{}", "two entries": `{"a":{},"b":{}}`, "no proof": `{"a":{"body":"e30=","logID":"00"}}`,
		"a body that is none": answer("!", sum, sum, sum), "a log that is none": answer(body, "x", sum, sum),
		"a root that is none": answer(body, sum, "x", sum), "a hash that is none": answer(body, sum, sum, "x"),
	} {
		if _, err := readLoggedV1([]byte(raw)); CodeOf(err) != BadAnswer {
			t.Errorf("%s: %v", name, err)
		}
	}
}

// What is proposed to Rekor v1.
func TestPropose(t *testing.T) {
	for _, tt := range []struct {
		e    entry
		kind string
		want Code
	}{
		{entry{sig: []byte{1}, payload: []byte("p"), kind: "k"}, "dsse", ""},
		{entry{sig: []byte{1}, digest: make([]byte, 32)}, "hashedrekord", ""},
		{entry{sig: []byte{1}, digest: make([]byte, 48)}, "", Unsupported},
	} {
		got, err := propose(tt.e, []byte("PEM"))
		if CodeOf(err) != tt.want || got.Kind != tt.kind {
			t.Errorf("%v: %v, %v", tt.e, got, err)
		}
		if raw, err := json.Marshal(got); err != nil || tt.kind == "dsse" && !bytes.Contains(raw, []byte(`\"payloadType\":\"k\"`)) {
			t.Errorf("%s, %v", raw, err)
		}
	}
}

func FuzzReadPlugin(f *testing.F) {
	f.Add([]byte(`{"publicKey":{"publicKeyPEM":"eA=="}}`))
	f.Fuzz(func(t *testing.T, raw []byte) {
		if resp, err := readPlugin(raw); (resp == nil) == (err == nil) {
			t.Error("neither an answer nor an error, or both")
		}
	})
}

func FuzzReadChain(f *testing.F) {
	f.Add([]byte(`{"signedCertificateEmbeddedSct":{"chain":{"certificates":["-----BEGIN CERTIFICATE-----\nMA==\n-----END CERTIFICATE-----\n"]}}}`))
	f.Fuzz(func(t *testing.T, raw []byte) {
		if leaf, err := readChain(raw); (leaf == nil) == (err == nil) {
			t.Error("neither a certificate nor an error, or both")
		}
	})
}

func FuzzReadLogged(f *testing.F) {
	f.Add([]byte(`{"u":{"body":"e30=","logID":"00","verification":{"inclusionProof":{"hashes":["00"],"rootHash":"00"}}}}`))
	f.Fuzz(func(t *testing.T, raw []byte) {
		if entry, err := readLoggedV1(raw); (entry == nil) == (err == nil) {
			t.Error("neither an entry nor an error, or both")
		}
	})
}
