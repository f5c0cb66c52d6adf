package bundle_test

import (
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/proffer-audit/proffer/attest/bundle"
	"github.com/proffer-audit/proffer/attest/trust"
)

// The signer of sigstore-conformance, where a case names no other.
const (
	conformanceIdentity = "https://github.com/sigstore-conformance/extremely-dangerous-public-oidc-beacon/.github/workflows/extremely-dangerous-oidc-beacon.yml@refs/heads/main"
	conformanceIssuer   = "https://token.actions.githubusercontent.com"
)

// conformanceDir is the folder of the cases of a sigstore-conformance checkout.
func conformanceDir(t testing.TB) string {
	t.Helper()
	dir := os.Getenv("PROFFER_SIGSTORE_CONFORMANCE")
	if dir == "" {
		t.Skip("SKIPPED: set PROFFER_SIGSTORE_CONFORMANCE to a checkout of sigstore-conformance")
	}
	if inner := filepath.Join(dir, "test", "assets", "bundle-verify"); isDir(inner) {
		return inner
	}
	return dir
}

func isDir(name string) bool {
	info, err := os.Stat(name)
	return err == nil && info.IsDir()
}

// conformanceCase is one case of the suite: files, with its defaults filled in.
type conformanceCase struct {
	name             string
	bundle, root     []byte
	artifact, key    []byte
	identity, issuer string
	pass             bool
}

func conformanceCases(t testing.TB) []conformanceCase {
	t.Helper()
	dir := conformanceDir(t)
	files, err := filepath.Glob(filepath.Join(dir, "*", "bundle.sigstore.json"))
	check(t, err)
	if len(files) < 60 {
		t.Fatalf("%d cases in %s", len(files), dir)
	}
	var cases []conformanceCase
	for _, f := range files {
		d := filepath.Dir(f)
		c := conformanceCase{
			name: filepath.Base(d), root: bundle.PublicGood(),
			identity: conformanceIdentity, issuer: conformanceIssuer,
		}
		c.pass = !strings.HasSuffix(c.name, "_fail")
		c.bundle = optional(t, f, nil)
		c.artifact = optional(t, filepath.Join(d, "artifact"), optional(t, filepath.Join(dir, "a.txt"), nil))
		c.key = optional(t, filepath.Join(d, "key.pub"), nil)
		c.root = optional(t, filepath.Join(d, "trusted_root.json"), c.root)
		c.identity = strings.TrimSpace(string(optional(t, filepath.Join(d, "identity"), []byte(c.identity))))
		c.issuer = strings.TrimSpace(string(optional(t, filepath.Join(d, "issuer"), []byte(c.issuer))))
		cases = append(cases, c)
	}
	return cases
}

func optional(t testing.TB, name string, otherwise []byte) []byte {
	t.Helper()
	b, err := os.ReadFile(name)
	if errors.Is(err, fs.ErrNotExist) {
		return otherwise
	}
	check(t, err)
	return b
}

// verify is the suite's verification of one case, with everything demanded.
func (c conformanceCase) verify(about bundle.Artifact) error {
	root, err := bundle.NewRoot(c.root)
	if err != nil {
		return err
	}
	b, err := bundle.Read(c.bundle, 0)
	if err != nil {
		return err
	}
	if c.key != nil {
		key, err := trust.ParsePublic(c.key)
		if err != nil {
			return err
		}
		_, err = bundle.VerifyKey(b, key, root, about, bundle.Strict())
		return err
	}
	v, err := bundle.VerifyCertificate(b, root, about, bundle.Strict())
	if err != nil {
		return err
	}
	return v.Is(c.identity, c.issuer)
}

// TestConformance runs every case by contents and by digest.
func TestConformance(t *testing.T) {
	right := 0
	for _, c := range conformanceCases(t) {
		t.Run(c.name, func(t *testing.T) {
			for how, about := range map[string]bundle.Artifact{"contents": bundle.Contents(c.artifact), "digest": byDigest(t, c.artifact)} {
				err := c.verify(about)
				if (err == nil) != c.pass {
					t.Errorf("by %s: %v, want pass %v", how, err, c.pass)
					continue
				}
				right++
				t.Logf("%T: %v", err, err)
			}
		})
	}
	t.Logf("%d verdicts as the suite has them", right)
}
