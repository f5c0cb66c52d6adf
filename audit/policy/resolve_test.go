package policy

import (
	"crypto/ecdsa"
	"crypto/ed25519"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/rsa"
	"crypto/sha256"
	"crypto/x509"
	"encoding/hex"
	"encoding/pem"
	"errors"
	"fmt"
	"io/fs"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/proffer-audit/proffer/audit/strictyaml"
)

func noFiles(path, _ string) ([]byte, error) { return nil, fmt.Errorf("%s: %w", path, fs.ErrNotExist) }

func publicPEM(t *testing.T, key any) []byte {
	t.Helper()
	der, err := x509.MarshalPKIXPublicKey(key)
	if err != nil {
		t.Fatal(err)
	}
	return pem.EncodeToMemory(&pem.Block{Type: "PUBLIC KEY", Bytes: der})
}

func newKey(t *testing.T, curve elliptic.Curve) *ecdsa.PrivateKey {
	t.Helper()
	k, err := ecdsa.GenerateKey(curve, rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	return k
}

// folder is a policy's folder in memory, and the full example pinned to it.
func folder(t *testing.T) (files map[string][]byte, policy string) {
	root := []byte(`{"mediaType": "x"}`)
	sum := sha256.Sum256(root)
	files = map[string][]byte{
		"roots/trusted_root.json": root,
		"keys/r1.pem":             publicPEM(t, newKey(t, elliptic.P256()).Public()),
		"keys/r2.pem":             publicPEM(t, newKey(t, elliptic.P256()).Public()),
	}
	return files, strings.Replace(full(t), strings.Repeat("1", 64), hex.EncodeToString(sum[:]), 1)
}

func resolve(t *testing.T, policy string, files map[string][]byte) (*Policy, error) {
	t.Helper()
	p, err := Parse("p.yaml", []byte(policy))
	if err != nil {
		t.Fatal(err)
	}
	return p, p.Resolve(func(path, digest string) ([]byte, error) {
		if strings.HasSuffix(path, ".pem") != (digest == "") {
			t.Errorf("%s was asked for with the digest %q", path, digest)
		}
		if data, ok := files[path]; ok {
			return data, nil
		}
		return noFiles(path, digest)
	})
}

const commit = "0123456789abcdef0123456789abcdef01234567"

func TestResolve(t *testing.T) {
	files, policy := folder(t)
	p, err := resolve(t, policy, files)
	if err != nil {
		t.Fatal(err)
	}
	if d := cmp.Diff(map[string][]byte{"public-good": files["roots/trusted_root.json"]}, p.Roots()); d != "" {
		t.Errorf("roots: -want +got:\n%s", d)
	}
	want := []RoleDemand{
		{"vendor", 1, []string{"principal"}, []PrincipalDemand{
			{Name: "acme-ci", Identity: "https://github.com/acme/agent/.github/workflows/release.yml@refs/tags/v1.2.3", Issuer: "https://token.example", Root: "public-good"},
			{
				Name: "acme-release", Identity: "https://github.com/acme/agent/.github/workflows/release.yml@refs/tags/v1.2.4", Issuer: "https://token.example", Root: "public-good",
				CI: CI{
					SourceRepository: "https://github.com/acme/agent", SourceRepositoryID: "1001", SourceRepositoryDigest: commit, SourceRef: "refs/tags/v1.2.4",
					SourceOwner: "https://github.com/acme", SourceOwnerID: "2002", Runner: "github-hosted",
					BuildSignerURI: "https://github.com/acme/agent/.github/workflows/release.yml@refs/tags/v1.2.4", BuildSignerDigest: commit,
					BuildConfigURI: "https://github.com/acme/agent/.github/workflows/all.yml@refs/tags/v1.2.4", BuildConfigDigest: commit,
					BuildTrigger: "push", Visibility: "public",
				},
			},
			{Name: "acme-people", Match: `https://github\.com/acme/.+`, Issuer: "https://token.example", Root: "public-good"},
		}},
		{"rebuilder", 2, []string{"principal", "organisation", "issuer"}, []PrincipalDemand{
			{Name: "r1", Organisation: "o1", Key: files["keys/r1.pem"]}, {Name: "r2", Organisation: "o2", Key: files["keys/r2.pem"], Root: "public-good"},
		}},
		{Name: "agency", DistinctBy: []string{"root", "log"}},
	}
	if d := cmp.Diff(want, p.Roles()); d != "" {
		t.Errorf("roles: -want +got:\n%s", d)
	}
}

// The larger of a role's threshold and what is required of it counts.
func TestTheStricterThresholdCounts(t *testing.T) {
	for _, tt := range []struct{ threshold, required, want int }{{0, 0, 0}, {1, 0, 1}, {0, 2, 2}, {2, 1, 2}} {
		text := strings.Replace(full(t), "threshold: 2", fmt.Sprintf("threshold: %d", tt.threshold), 1)
		text = strings.Replace(text, "rebuilder: 2}", fmt.Sprintf("rebuilder: %d}", tt.required), 1)
		p, err := Parse("p.yaml", []byte(text))
		if err != nil {
			t.Fatal(err)
		}
		if got := p.Roles()[1].Threshold; got != tt.want {
			t.Errorf("%+v: %d", tt, got)
		}
	}
}

func TestResolveRefuses(t *testing.T) {
	private, err := x509.MarshalPKCS8PrivateKey(newKey(t, elliptic.P256()))
	if err != nil {
		t.Fatal(err)
	}
	weak, err := rsa.GenerateKey(rand.Reader, 1024)
	if err != nil {
		t.Fatal(err)
	}
	for _, tt := range []struct {
		name   string
		change func(files map[string][]byte)
		code   strictyaml.Code
		path   string
	}{
		{"a root that is not there", func(f map[string][]byte) { delete(f, "roots/trusted_root.json") }, Unreadable, "trust.roots[0].file"},
		{"an empty root", func(f map[string][]byte) { f["roots/trusted_root.json"] = nil }, Unreadable, "trust.roots[0].file"},
		{"a root too large", func(f map[string][]byte) { f["roots/trusted_root.json"] = make([]byte, maxRoot+1) }, Unreadable, "trust.roots[0].file"},
		{"another root", func(f map[string][]byte) { f["roots/trusted_root.json"] = []byte(`{}`) }, DigestMismatch, "trust.roots[0].digest"},
		{"a key that is not there", func(f map[string][]byte) { delete(f, "keys/r2.pem") }, Unreadable, "trust.roles.rebuilder.principals[1].key"},
		{"a key too large", func(f map[string][]byte) { f["keys/r1.pem"] = make([]byte, maxKey+1) }, Unreadable, "trust.roles.rebuilder.principals[0].key"},
		{"no PEM", func(f map[string][]byte) { f["keys/r1.pem"] = []byte("key") }, BadKey, "trust.roles.rebuilder.principals[0].key"},
		{"a private key", func(f map[string][]byte) {
			f["keys/r1.pem"] = pem.EncodeToMemory(&pem.Block{Type: "PRIVATE KEY", Bytes: private})
		}, BadKey, "trust.roles.rebuilder.principals[0].key"},
		{"a broken key", func(f map[string][]byte) {
			f["keys/r1.pem"] = pem.EncodeToMemory(&pem.Block{Type: "PUBLIC KEY", Bytes: []byte{1}})
		}, BadKey, "trust.roles.rebuilder.principals[0].key"},
		{"two keys in one file", func(f map[string][]byte) { f["keys/r1.pem"] = append(f["keys/r1.pem"], f["keys/r2.pem"]...) }, BadKey, "trust.roles.rebuilder.principals[0].key"},
		{"text before the key", func(f map[string][]byte) { f["keys/r1.pem"] = append([]byte("x\n"), f["keys/r1.pem"]...) }, BadKey, "trust.roles.rebuilder.principals[0].key"},
		{"a small curve", func(f map[string][]byte) { f["keys/r1.pem"] = publicPEM(t, newKey(t, elliptic.P224()).Public()) }, BadKey, "trust.roles.rebuilder.principals[0].key"},
		{"a short RSA key", func(f map[string][]byte) { f["keys/r1.pem"] = publicPEM(t, weak.Public()) }, BadKey, "trust.roles.rebuilder.principals[0].key"},
		{"a key that only agrees on secrets", func(f map[string][]byte) { f["keys/r1.pem"] = x25519PEM() }, BadKey, "trust.roles.rebuilder.principals[0].key"},
		{"one key under two names", func(f map[string][]byte) { f["keys/r2.pem"] = append([]byte("\n"), f["keys/r1.pem"]...) }, Unsatisfiable, "trust.roles.rebuilder.threshold"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			files, policy := folder(t)
			tt.change(files)
			_, err := resolve(t, policy, files)
			var e *strictyaml.Error
			if !errors.As(err, &e) {
				t.Fatalf("accepted, or another error: %v", err)
			}
			if e.Code != tt.code || e.Path != tt.path || e.Line == 0 {
				t.Errorf("%s at %s (line %d), want %s at %s: %v", e.Code, e.Path, e.Line, tt.code, tt.path, e)
			}
		})
	}
}

// x25519PEM is a public key of the right file type that signs nothing: the
// algorithm 1.3.101.110 and 32 bytes.
func x25519PEM() []byte {
	der := append([]byte{0x30, 0x2a, 0x30, 0x05, 0x06, 0x03, 0x2b, 0x65, 0x6e, 0x03, 0x21, 0x00}, make([]byte, 31)...)
	return pem.EncodeToMemory(&pem.Block{Type: "PUBLIC KEY", Bytes: append(der, 9)})
}

func TestOtherKeysAreRead(t *testing.T) {
	edwards, _, err := ed25519.GenerateKey(rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	strong, err := rsa.GenerateKey(rand.Reader, 2048)
	if err != nil {
		t.Fatal(err)
	}
	for name, key := range map[string]any{"Ed25519": edwards, "RSA": strong.Public(), "P-384": newKey(t, elliptic.P384()).Public()} {
		if _, err := publicKey(publicPEM(t, key)); err != nil {
			t.Errorf("%s: %v", name, err)
		}
	}
}
