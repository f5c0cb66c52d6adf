package main

import (
	"bytes"
	"encoding/json"
	"errors"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"syscall"
	"testing"

	"github.com/proffer-audit/proffer/audit/sandbox/sandboxtest"
	"github.com/proffer-audit/proffer/reports"
)

// plainUser is nobody's uid, for runs as a plain user.
const plainUser = 61234

// TestGofmtOnOtherMachines audits gofmt, as the Go project ships it, on machines
// that refuse what the stronger tier needs. The refusals are this kernel's own.
func TestGofmtOnOtherMachines(t *testing.T) {
	if os.Getenv("PROFFER_TEST_REGISTRIES") != "1" || os.Getuid() != 0 {
		t.Skip("SKIPPED, NOT TESTED: needs root and the registries; set PROFFER_TEST_REGISTRIES=1")
	}
	for _, tt := range []struct {
		name, refuse string
		uid          uint32
		exit         int
		tier         string
	}{
		{"nothing isolates", sandboxtest.Clone + "," + sandboxtest.Landlock, plainUser, exitNotIsolated, ""},
		{"a plain user, creation denied", sandboxtest.Clone, plainUser, exitNotMet, "landlock"},
		{"a plain user, created without capabilities", sandboxtest.Mount, plainUser, exitNotMet, "landlock"},
		{"root without CAP_SYS_ADMIN, creation denied", sandboxtest.SysAdmin + "," + sandboxtest.Clone, 0, exitNotMet, "landlock"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			doc, run := auditGofmt(t, tt.refuse, tt.uid, tt.exit)
			status := map[string]checkRow{}
			for _, c := range doc.Checks {
				status[c.ID] = c
			}
			if tt.exit == exitNotIsolated {
				for _, id := range []string{"rebuild/gofmt", "source/go"} {
					if c := status[id]; c.Status != reports.NotRun || c.Code != "not-isolated" {
						t.Errorf("%s is %s (%s)", id, c.Status, c.Code)
					}
				}
				return
			}
			if doc.Sandbox != tt.tier || run.Sandbox == nil || run.Sandbox.Tier != tt.tier || len(run.Sandbox.Lacks) == 0 {
				t.Errorf("the tier is %q, and the run record says %+v", doc.Sandbox, run.Sandbox)
			}
			if c := status["rebuild/gofmt"]; c.Status != reports.Pass || c.Level != reports.BitIdentical {
				t.Errorf("rebuild/gofmt is %s, %s: %s", c.Status, c.Level, c.Reason)
			}
		})
	}
}

// auditGofmt runs an audit of the gofmt sample behind refusals, as a user.
func auditGofmt(t *testing.T, refuse string, uid uint32, wantExit int) (document, reports.Run) {
	t.Helper()
	dir, err := os.MkdirTemp("", "proffer-other-machine-")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { exec.Command("rm", "-rf", dir).Run() })
	program := filepath.Join(dir, "proffer")
	copySelf(t, program)
	if err := os.CopyFS(filepath.Join(dir, "samples"), os.DirFS(filepath.Join("..", "..", "samples"))); err != nil {
		t.Fatal(err)
	}
	out, home := filepath.Join(dir, "out"), filepath.Join(dir, "home")
	for _, d := range []string{dir, out, home} {
		if err := errors.Join(os.MkdirAll(d, 0o755), os.Chmod(d, 0o755), os.Chown(d, int(uid), int(uid))); err != nil {
			t.Fatal(err)
		}
	}
	cmd := exec.Command(program, "audit", "samples/gofmt/submission.yaml", "--osv", "samples/osv",
		"--as-of", "2026-11-21T00:00:00Z", "--out", out, "--state", filepath.Join(home, "state"), "--json", "--quiet")
	cmd.Dir = dir
	cmd.Env = []string{
		"PATH=" + os.Getenv("PATH"), "HOME=" + home, sandboxtest.Variable + "=" + refuse,
		"GOPROXY=" + goSetting(t, "GOPROXY"), "GOSUMDB=" + goSetting(t, "GOSUMDB"),
	}
	cmd.SysProcAttr = &syscall.SysProcAttr{Credential: &syscall.Credential{Uid: uid, Gid: uid}}
	var stdout, stderr bytes.Buffer
	cmd.Stdout, cmd.Stderr = &stdout, &stderr
	err = cmd.Run()
	if code := cmd.ProcessState.ExitCode(); code != wantExit {
		t.Fatalf("exit %d, want %d: %v\n%s%s", code, wantExit, err, stdout.String(), stderr.String())
	}
	var doc document
	if err := json.Unmarshal(stdout.Bytes(), &doc); err != nil {
		t.Fatal(err)
	}
	raw, err := os.ReadFile(filepath.Join(out, "run.json"))
	if err != nil {
		t.Fatal(err)
	}
	var run reports.Run
	if err := json.Unmarshal(raw, &run); err != nil {
		t.Fatal(err)
	}
	return doc, run
}

// copySelf puts the test program, which is proffer when it is called so, where a
// plain user may run it.
func copySelf(t *testing.T, name string) {
	t.Helper()
	from, err := os.Open("/proc/self/exe")
	if err != nil {
		t.Fatal(err)
	}
	defer from.Close()
	to, err := os.OpenFile(name, os.O_CREATE|os.O_WRONLY, 0o755)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := io.Copy(to, from); err != nil {
		t.Fatal(err)
	}
	if err := to.Close(); err != nil {
		t.Fatal(err)
	}
}

func goSetting(t *testing.T, name string) string {
	t.Helper()
	out, err := exec.Command("go", "env", name).Output()
	if err != nil {
		t.Fatal(err)
	}
	return string(bytes.TrimSpace(out))
}
