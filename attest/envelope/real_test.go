package envelope_test

import (
	"encoding/json"
	"fmt"
	"strings"
	"testing"

	"github.com/sigstore/sigstore-go/pkg/testing/data"
	"google.golang.org/protobuf/encoding/protojson"

	"github.com/proffer-audit/proffer/attest/envelope"
	"github.com/proffer-audit/proffer/attest/statement"
)

// field gives a bundle that was made in the field, from sigstore-go's test data,
// with the predicate type that was signed.
func field(t *testing.T, name string) (bundle, predicateType string) {
	t.Helper()
	b := data.Bundle(t, name)
	raw, err := b.MarshalJSON()
	if err != nil {
		t.Fatal(err)
	}
	st, err := statement.Parse(b.GetDsseEnvelope().GetPayload())
	if err != nil {
		t.Fatal(err)
	}
	return string(raw), st.PredicateType
}

// The wrappers of the registries, around bundles from the field. What is handed
// on is a bundle that sigstore-go's own reader takes.
func TestRealBundles(t *testing.T) {
	for _, name := range []string{"sigstore.js@2.0.0-provenance.sigstore.json", "dsse.sigstore.json"} {
		b, predicateType := field(t, name)
		indented, err := json.MarshalIndent(json.RawMessage(b), "  ", "\t")
		if err != nil {
			t.Fatal(err)
		}
		for shape, file := range map[string]string{
			"single":   b,
			"indented": string(indented),
			"lines":    b + "\n" + b + "\n",
			"npm":      fmt.Sprintf(`{"attestations":[{"predicateType":%q,"bundle":%s}]}`, predicateType, indented),
			"GitHub":   fmt.Sprintf(`{"attestations":[{"bundle":%s,"repository_id":4711,"bundle_url":"https://example.org/x","initiator":"user"}]}`, b),
		} {
			items, err := envelope.Open([]byte(file), envelope.Limits{})
			if err != nil {
				t.Errorf("%s, %s: %v", name, shape, err)
				continue
			}
			for _, it := range items {
				want := data.Bundle(t, name)
				got := want.Bundle.ProtoReflect().New().Interface()
				if err := protojson.Unmarshal(it.Raw, got); err != nil || it.Kind != envelope.Bundle {
					t.Errorf("%s, %s: %s is not the bundle: %v", name, shape, it.Kind, err)
				}
			}
		}
		npm := fmt.Sprintf(`{"attestations":[{"predicateType":%q,"bundle":%s}]}`, strings.TrimSuffix(predicateType, "1")+"9", b)
		if _, err := envelope.Open([]byte(npm), envelope.Limits{}); code(t, err) != envelope.Mislabelled {
			t.Errorf("%s under another label: %v", name, err)
		}
	}
}
