package attest_test

import (
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/sigstore/sigstore-go/pkg/testing/data"

	"github.com/proffer-audit/proffer/attest"
	"github.com/proffer-audit/proffer/attest/trust"
)

// The signer of sigstore-conformance, where a case names no other.
const conformanceIdentity = "https://github.com/sigstore-conformance/extremely-dangerous-public-oidc-beacon/.github/workflows/extremely-dangerous-oidc-beacon.yml@refs/heads/main"

// TestConformance runs the attestations among the sigstore-conformance cases.
// Cases around bare message signatures are no attestations: they must be refused
// as such, whatever the suite expects of them.
func TestConformance(t *testing.T) {
	dir := os.Getenv("PROFFER_SIGSTORE_CONFORMANCE")
	if dir == "" {
		t.Skip("SKIPPED: set PROFFER_SIGSTORE_CONFORMANCE to the bundle-verify folder of a sigstore-conformance checkout")
	}
	cases, err := filepath.Glob(filepath.Join(dir, "*", "bundle.sigstore.json"))
	check(t, err)
	if len(cases) < 60 {
		t.Fatalf("%d cases in %s", len(cases), dir)
	}
	publicGood, err := data.TrustedRoot(t, "public-good.json").MarshalJSON()
	check(t, err)
	attestations := 0
	for _, c := range cases {
		dir, name := filepath.Dir(c), filepath.Base(filepath.Dir(c))
		t.Run(name, func(t *testing.T) {
			bundle := optional(t, dir, "bundle.sigstore.json", "")
			var shape struct {
				Message json.RawMessage `json:"messageSignature"`
			}
			_ = json.Unmarshal([]byte(bundle), &shape) //nolint:errcheck // a broken one has no message signature
			p := trust.Principal{
				Name: "p", Root: "root",
				Identity: strings.TrimSpace(optional(t, dir, "identity", conformanceIdentity)),
				Issuer:   strings.TrimSpace(optional(t, dir, "issuer", ghIssuer)),
			}
			if key := optional(t, dir, "key.pub", ""); key != "" {
				p = trust.Principal{Name: "p", Key: []byte(key), Root: "root"}
			}
			artifact := sha256.Sum256([]byte(optional(t, dir, "artifact", optional(t, filepath.Dir(dir), "a.txt", ""))))
			v := only(t, attest.Set{
				Bundles:  []attest.Named{{Name: name, Role: trust.Vendor, Bytes: []byte(bundle)}},
				Subjects: []attest.Subject{{Name: "a", Digests: map[string]string{"sha256": hex.EncodeToString(artifact[:])}, Whole: true}},
				Roles:    []trust.Role{{Name: trust.Vendor, Threshold: 1, Principals: []trust.Principal{p}}},
				Roots:    map[string][]byte{"root": []byte(optional(t, dir, "trusted_root.json", string(publicGood)))},
			})
			want := !strings.HasSuffix(name, "_fail") && shape.Message == nil
			if shape.Message == nil {
				attestations++
			}
			if v.Met != want {
				t.Errorf("met %v, want %v: %+v", v.Met, want, v.Refusals)
			}
			t.Logf("%v %+v", v.Met, v.Refusals)
		})
	}
	t.Logf("%d attestations among %d cases", attestations, len(cases))
}

func optional(t *testing.T, dir, name, otherwise string) string {
	t.Helper()
	b, err := os.ReadFile(filepath.Join(dir, name))
	if errors.Is(err, fs.ErrNotExist) {
		return otherwise
	}
	check(t, err)
	return string(b)
}
