package main

import (
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"github.com/proffer-audit/proffer/attest/sign/stacktest"
)

// keepVariable names a folder that gets what TestKeylessAudit made, for others to
// verify.
const keepVariable = "PROFFER_SIGSTORE_KEEP"

// TestKeylessAudit audits the local sample and signs it with the real services,
// as a person and as a job of GitHub Actions. Both dossiers verify by who signed.
func TestKeylessAudit(t *testing.T) {
	bin := os.Getenv(stacktest.Variable)
	if bin == "" {
		t.Skipf("%s names no folder with %s: the keyless audit is not made", stacktest.Variable, strings.Join(stacktest.Programs(), ", "))
	}
	keep := os.Getenv(keepVariable)
	if keep == "" {
		keep = t.TempDir()
	}
	s, err := stacktest.Start(t.Context(), bin, t.TempDir())
	if err != nil {
		t.Fatal(err)
	}
	defer func() {
		if err := s.Close(); err != nil {
			t.Error(err)
		}
	}()
	job, workflow := s.Workflow("acme/auditor", "audit.yml", "refs/heads/main")
	write := func(name, data string) string {
		t.Helper()
		name = filepath.Join(keep, name)
		if err := os.WriteFile(name, []byte(data), 0o600); err != nil {
			t.Fatal(err)
		}
		return name
	}
	// Beside what identities sign: the lab's own audit, which a key signed, and the
	// artifact that all are about.
	l := theLab(t)
	for from, to := range map[string]string{
		l.out: "key", filepath.Join(l.state, "keys", "local.pub"): "local.pub", filepath.Join(l.sample, "agent"): "agent",
	} {
		if err := lend(from, filepath.Join(keep, to)); err != nil {
			t.Fatal(err)
		}
	}
	root, config := write("trusted_root.json", string(s.TrustedRoot)), write("signing_config.json", string(s.SigningConfig))
	for _, who := range []struct{ name, token, identity, issuer string }{
		{"person", s.Person("auditor@house.example"), "auditor@house.example", s.People},
		{"job", job, workflow, s.Workflows},
	} {
		t.Run(who.name, func(t *testing.T) {
			out := filepath.Join(keep, who.name)
			// The lab's state has every step, so that signing is what is new.
			cmd := l.command(copyOf(t, l.state), out)
			cmd.Args = without(cmd.Args, "--offline")
			cmd.Args = append(cmd.Args, "--keyless", "--signing-config", config, "--trusted-root", root, "--allow-private-network")
			cmd.Env = append(cmd.Env, tokenVariable+"="+who.token)
			if out, err := cmd.CombinedOutput(); err != nil || strings.Contains(string(out), who.token) {
				t.Fatalf("%v\n%s", err, out)
			}
			write(who.name+".identity", who.identity+"\n"+who.issuer+"\n")
			verify := func(identity, issuer string) (string, error) {
				raw, err := exec.Command("proffer", "verify", filepath.Join(out, "dossier.oci.tar"),
					"--identity", identity, "--issuer", issuer, "--trusted-root", root, "--json").CombinedOutput()
				return string(raw), err
			}
			if said, err := verify(who.identity, who.issuer); err != nil || !strings.Contains(said, `"time-attested"`) {
				t.Fatalf("%v\n%s", err, said)
			}
			if said, err := verify("x"+who.identity, who.issuer); err == nil || !strings.Contains(said, `"wrong-signer"`) {
				t.Errorf("another identity: %v\n%s", err, said)
			}
			if said, err := verify(who.identity, who.issuer+"/x"); err == nil || !strings.Contains(said, `"wrong-signer"`) {
				t.Errorf("another issuer: %v\n%s", err, said)
			}
			holds(t, out, who.token)
		})
	}
}

// holds fails if any file below a folder holds a secret, or its signature part.
func holds(t *testing.T, dir, secret string) {
	t.Helper()
	parts := strings.Split(secret, ".")
	err := filepath.WalkDir(dir, func(name string, d os.DirEntry, err error) error {
		if err != nil || d.IsDir() {
			return err
		}
		raw, err := os.ReadFile(name)
		if strings.Contains(string(raw), parts[len(parts)-1]) {
			t.Errorf("%s holds the token", name)
		}
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
}

func copyOf(t *testing.T, dir string) string {
	t.Helper()
	to := filepath.Join(t.TempDir(), "state")
	if err := lend(dir, to); err != nil {
		t.Fatal(err)
	}
	return to
}

func without(args []string, word string) []string {
	var out []string
	for _, a := range args {
		if a != word {
			out = append(out, a)
		}
	}
	return out
}
