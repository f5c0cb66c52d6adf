package graft_test

import (
	"archive/zip"
	"bytes"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/proffer-audit/proffer/audit/compare/graft"
)

// signersOnly skips what starts Java many times, unless it is asked for.
func signersOnly(t *testing.T, packages string, tools ...string) {
	t.Helper()
	if os.Getenv("PROFFER_TEST_SIGNERS") == "" {
		t.Skip("SKIPPED: PROFFER_TEST_SIGNERS is not set; checked against our own signer only")
	}
	for _, tool := range tools {
		if _, err := exec.LookPath(tool); err != nil {
			t.Skip("SKIPPED: ", tool, " is not installed (Debian: apt-get install ", packages, "); checked against our own signer only")
		}
	}
}

// TestJarsigner has Java's own tools make and sign the jar.
func TestJarsigner(t *testing.T) {
	signersOnly(t, "default-jdk-headless", "jarsigner", "keytool")
	dir := t.TempDir()
	unsigned := zipOf(t, jarFiles()...)
	in, store, out := filepath.Join(dir, "in.jar"), filepath.Join(dir, "keys"), filepath.Join(dir, "out.jar")
	if err := os.WriteFile(in, unsigned, 0o600); err != nil {
		t.Fatal(err)
	}
	for _, args := range [][]string{
		{"keytool", "-genkeypair", "-keystore", store, "-storepass", "password", "-alias", "vendor", "-keyalg", "EC", "-dname", "CN=Vendor"},
		{"jarsigner", "-keystore", store, "-storepass", "password", "-signedjar", out, in, "vendor"},
	} {
		if text, err := exec.Command(args[0], args[1:]...).CombinedOutput(); err != nil {
			t.Fatalf("%v: %v\n%s", args, err, text)
		}
	}
	shipped, err := os.ReadFile(out)
	if err != nil {
		t.Fatal(err)
	}
	// Java packs the members again, so the rebuilt jar is made of its output:
	// everything but the signature, with the first manifest.
	r, err := zip.NewReader(bytes.NewReader(shipped), int64(len(shipped)))
	if err != nil {
		t.Fatal(err)
	}
	var again bytes.Buffer
	w := zip.NewWriter(&again)
	addFile(t, w, jarFiles()[0])
	for _, f := range r.File {
		if strings.HasPrefix(f.Name, "META-INF/") && !strings.HasPrefix(f.Name, "META-INF/services") {
			continue
		}
		if err := w.Copy(f); err != nil {
			t.Fatal(err)
		}
	}
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	g := clean(t, shipped, again.Bytes())
	if len(g.Findings) != 0 || len(g.Signers) != 1 || !g.Signers[0].Valid || g.Signers[0].Subject.String() != "CN=Vendor" {
		t.Errorf("%+v, %+v", g.Signers, g.Findings)
	}
}

// TestApksigner has Android's own tool sign, by every scheme that it knows.
func TestApksigner(t *testing.T) {
	signersOnly(t, "apksigner default-jdk-headless", "apksigner", "keytool")
	dir := t.TempDir()
	store := filepath.Join(dir, "keys")
	run := func(args ...string) {
		t.Helper()
		if text, err := exec.Command(args[0], args[1:]...).CombinedOutput(); err != nil {
			t.Fatalf("%v: %v\n%s", args, err, text)
		}
	}
	run("keytool", "-genkeypair", "-keystore", store, "-storepass", "password", "-alias", "vendor", "-keyalg", "RSA", "-dname", "CN=Vendor")
	unsigned := zipOf(t, apkFiles()...)
	in := filepath.Join(dir, "in.apk")
	if err := os.WriteFile(in, unsigned, 0o600); err != nil {
		t.Fatal(err)
	}
	for _, tt := range []struct {
		name, v1, v2, v3 string
		signers          int
		more             []string
	}{
		{"v1", "true", "false", "false", 1, nil},
		{"v2", "false", "true", "false", 1, nil},
		{"v3", "false", "false", "true", 1, nil},
		{"all", "true", "true", "true", 3, nil},
		{"verity", "false", "true", "true", 2, []string{"--verity-enabled", "true"}},
	} {
		t.Run(tt.name, func(t *testing.T) {
			out := filepath.Join(dir, tt.name+".apk")
			run(slices.Concat([]string{
				"apksigner", "sign", "--ks", store, "--ks-pass", "pass:password", "--min-sdk-version", "24", "--v4-signing-enabled", "false",
				"--v1-signing-enabled", tt.v1, "--v2-signing-enabled", tt.v2, "--v3-signing-enabled", tt.v3, "--out", out,
			}, tt.more, []string{in})...)
			shipped, err := os.ReadFile(out)
			if err != nil {
				t.Fatal(err)
			}
			g := clean(t, shipped, unsigned)
			if g.Kind != graft.APK || len(g.Findings) != 0 || len(g.Signers) != tt.signers {
				t.Errorf("%s, %+v, %+v", g.Kind, g.Signers, g.Findings)
			}
			for _, one := range g.Signers {
				if !one.Valid || one.Subject.String() != "CN=Vendor" {
					t.Errorf("%+v", one)
				}
			}
		})
	}
}
