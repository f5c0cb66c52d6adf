package attest_test

import (
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

// What real services wrote, in our one form, still verifies, and only in it.
func TestCanonicaliseReal(t *testing.T) {
	dir := os.Getenv("PROFFER_SIGSTORE_CONFORMANCE")
	if dir == "" {
		t.Skip("SKIPPED: set PROFFER_SIGSTORE_CONFORMANCE to the bundle-verify folder of a sigstore-conformance checkout")
	}
	publicGood, err := data.TrustedRoot(t, "public-good.json").MarshalJSON()
	check(t, err)
	read := func(otherwise string, path ...string) string {
		b, err := os.ReadFile(filepath.Join(append([]string{dir}, path...)...))
		if errors.Is(err, fs.ErrNotExist) {
			return otherwise
		}
		check(t, err)
		return strings.TrimSpace(string(b))
	}
	const beacon = "https://github.com/sigstore-conformance/extremely-dangerous-public-oidc-beacon/.github/workflows/extremely-dangerous-oidc-beacon.yml@refs/heads/main"
	for _, name := range []string{"happy-path-intoto-in-dsse-v3", "rekor2-dsse-happy-path"} {
		raw := read("", name, "bundle.sigstore.json")
		p := trust.Principal{Name: "p", Identity: read(beacon, name, "identity"), Issuer: read(ghIssuer, name, "issuer"), Root: "r"}
		roots := map[string][]byte{"r": []byte(read(string(publicGood), name, "trusted_root.json"))}
		if _, _, err := attest.VerifyOwnIdentity([]byte(raw), p, roots); code(t, err) != attest.NotCanonical {
			t.Errorf("%s: as it was written: %v", name, err)
		}
		ours, err := attest.Canonicalise([]byte(raw))
		check(t, err)
		if _, payload, err := attest.VerifyOwnIdentity(ours, p, roots); err != nil || len(payload) == 0 {
			t.Errorf("%s: in our form: %v", name, err)
		}
		if err := stock(t, roots["r"], ours, p); err != nil {
			t.Errorf("%s: sigstore-go: %v", name, err)
		}
	}
}
