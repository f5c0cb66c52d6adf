package main

import (
	"crypto/sha256"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
)

// The signer of sigstore-conformance, where a case names no other.
const (
	conformanceIdentity = "https://github.com/sigstore-conformance/extremely-dangerous-public-oidc-beacon/.github/workflows/extremely-dangerous-oidc-beacon.yml@refs/heads/main"
	conformanceIssuer   = "https://token.actions.githubusercontent.com"
)

// TestSigstoreConformance runs every case of the suite through the program, as
// its own harness would: by path and by digest. The exit status is the verdict.
func TestSigstoreConformance(t *testing.T) {
	checkout := os.Getenv("PROFFER_SIGSTORE_CONFORMANCE")
	if checkout == "" {
		t.Skip("SKIPPED: set PROFFER_SIGSTORE_CONFORMANCE to a checkout of sigstore-conformance")
	}
	dir := filepath.Join(checkout, "test", "assets", "bundle-verify")
	files, err := filepath.Glob(filepath.Join(dir, "*", "bundle.sigstore.json"))
	if err != nil || len(files) < 60 {
		t.Fatalf("%d cases in %s: %v", len(files), dir, err)
	}
	program := filepath.Join(t.TempDir(), "proffer")
	if out, err := exec.Command("go", "build", "-o", program, ".").CombinedOutput(); err != nil {
		t.Fatalf("build: %v\n%s", err, out)
	}
	right := map[string]int{}
	for _, f := range files {
		name := filepath.Base(filepath.Dir(f))
		args := conformanceArgs(t, filepath.Dir(f))
		artifact := first(filepath.Join(filepath.Dir(f), "artifact"), filepath.Join(dir, "a.txt"))
		contents, err := os.ReadFile(artifact)
		if err != nil {
			t.Fatal(err)
		}
		for how, what := range map[string]string{"path": artifact, "digest": fmt.Sprintf("sha256:%x", sha256.Sum256(contents))} {
			out, err := exec.Command(program, append(args, what)...).CombinedOutput()
			var exit *exec.ExitError
			if err != nil && !errors.As(err, &exit) {
				t.Fatal(err)
			}
			if pass := err == nil; pass == strings.HasSuffix(name, "_fail") {
				t.Errorf("%s by %s: %v\n%s", name, how, err, out)
				continue
			}
			if exit != nil && exit.ExitCode() != exitRefused && exit.ExitCode() != exitInvalid {
				t.Errorf("%s by %s: %v\n%s", name, how, err, out)
				continue
			}
			right[how]++
		}
	}
	t.Logf("of %d cases, as the suite has them: %d by path, %d by digest", len(files), right["path"], right["digest"])
}

func conformanceArgs(t *testing.T, dir string) []string {
	t.Helper()
	args := []string{"verify-bundle", "--bundle", filepath.Join(dir, "bundle.sigstore.json")}
	if root := filepath.Join(dir, "trusted_root.json"); first(root) != "" {
		args = append(args, "--trusted-root", root)
	}
	if key := filepath.Join(dir, "key.pub"); first(key) != "" {
		return append(args, "--key", key)
	}
	return append(args,
		"--certificate-identity", line(t, filepath.Join(dir, "identity"), conformanceIdentity),
		"--certificate-oidc-issuer", line(t, filepath.Join(dir, "issuer"), conformanceIssuer))
}

// first is the first of these files that is there, or "".
func first(names ...string) string {
	for _, n := range names {
		if _, err := os.Stat(n); err == nil {
			return n
		}
	}
	return ""
}

func line(t *testing.T, name, otherwise string) string {
	t.Helper()
	if first(name) == "" {
		return otherwise
	}
	b, err := os.ReadFile(name)
	if err != nil {
		t.Fatal(err)
	}
	return strings.TrimSpace(string(b))
}
