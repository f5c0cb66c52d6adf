package sandbox

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"testing"

	"golang.org/x/sys/unix"

	"github.com/proffer-audit/proffer/audit/sandbox/sandboxtest"
	"github.com/proffer-audit/proffer/reports"
)

// reportVar makes the test program open a sandbox and print a report.
const reportVar = "PROFFER_TEST_REPORT"

// A machineReport is what a start of the program with reportVar prints.
type machineReport struct {
	Tier     Tier
	Refusals []string
	Code     string
	Record   reports.SandboxRecord
	Output   string
}

// otherPart is what the test program is when it is not to run tests: one that
// was started on another machine, so to speak.
func otherPart() (int, bool) {
	if code, ok := sandboxtest.Elsewhere(); ok {
		return code, true
	}
	if tier := os.Getenv(abandonVar); tier != "" {
		return abandon(Tier(tier), os.Args[1]), true
	}
	if os.Getenv(reportVar) == "" {
		return 0, false
	}
	if err := json.NewEncoder(os.Stdout).Encode(report(context.Background())); err != nil {
		fmt.Fprintln(os.Stderr, err)
		return 1, true
	}
	return 0, true
}

func report(ctx context.Context) machineReport {
	sb, err := Open(ctx, Options{})
	var un *UnavailableError
	var r machineReport
	if errors.As(err, &un) {
		r.Code = un.Code()
		for _, f := range un.Refusals {
			r.Refusals = append(r.Refusals, f.String())
		}
	}
	if err != nil {
		r.Output = err.Error()
		return r
	}
	r.Tier, r.Record = sb.Tier(), sb.Record()
	res, err := sb.Run(ctx, Command{Worker: "call-tool", Argv: []string{"git"}, Env: []string{"PATH=" + sb.Place("bin")}, Tools: map[string]string{"git": "stand-in"}})
	r.Output = fmt.Sprintf("%s%s%v", res.Stdout, res.Stderr, err)
	if err := sb.Close(); err != nil {
		r.Output = err.Error()
	}
	return r
}

// onMachine reports from a machine with refusals. cloneflags are the namespaces
// that it takes to make them.
func onMachine(t *testing.T, refuse string, cloneflags uintptr) machineReport {
	t.Helper()
	cmd := exec.Command("/proc/self/exe")
	cmd.Env = append(os.Environ(), sandboxtest.Variable+"="+refuse, reportVar+"=1", "TMPDIR="+t.TempDir())
	cmd.SysProcAttr = &syscall.SysProcAttr{Cloneflags: cloneflags}
	if cloneflags&unix.CLONE_NEWUSER != 0 {
		cmd.SysProcAttr.UidMappings = []syscall.SysProcIDMap{{ContainerID: os.Getuid(), HostID: os.Getuid(), Size: 1}}
		cmd.SysProcAttr.GidMappings = []syscall.SysProcIDMap{{ContainerID: os.Getgid(), HostID: os.Getgid(), Size: 1}}
		cmd.SysProcAttr.AmbientCaps = []uintptr{unix.CAP_SYS_ADMIN, unix.CAP_SYS_RESOURCE}
	}
	var stdout, stderr bytes.Buffer
	cmd.Stdout, cmd.Stderr = &stdout, &stderr
	if err := cmd.Run(); err != nil {
		t.Fatalf("%s: %v: %s", refuse, err, stderr.String())
	}
	var r machineReport
	if err := json.Unmarshal(stdout.Bytes(), &r); err != nil {
		t.Fatalf("%s: %v: %s", refuse, err, stdout.String())
	}
	return r
}

func TestOtherMachines(t *testing.T) {
	root := os.Getuid() == 0
	for _, m := range []struct {
		name, refuse string
		flags        uintptr
		root         bool // takes root
		tier         Tier
		stage        string // of the namespaces tier's refusal
		lacks        string
	}{
		{name: "creation is denied", refuse: sandboxtest.Clone, tier: Landlock, stage: "start"},
		{name: "creation is used up", refuse: sandboxtest.Limit, flags: unix.CLONE_NEWUSER, tier: Landlock, stage: "start"},
		{name: "created without capabilities", refuse: sandboxtest.Mount, tier: Landlock, stage: "mount"},
		{name: "root without CAP_SYS_ADMIN, denied", refuse: sandboxtest.SysAdmin + "," + sandboxtest.Clone, root: true, tier: Landlock, stage: "start"},
		{name: "root without CAP_SYS_ADMIN", refuse: sandboxtest.SysAdmin, root: true, tier: Namespaces},
		{name: "a container's /proc", refuse: sandboxtest.Proc, flags: unix.CLONE_NEWUSER | unix.CLONE_NEWNS, tier: Namespaces, lacks: "no /proc inside"},
		{name: "no Landlock", refuse: sandboxtest.Landlock, tier: Namespaces, lacks: "no Landlock"},
		{name: "nothing at all", refuse: sandboxtest.Clone + "," + sandboxtest.Landlock, stage: "start"},
	} {
		t.Run(m.name, func(t *testing.T) {
			if m.root && !root {
				t.Skip("takes root")
			}
			r := onMachine(t, m.refuse, m.flags)
			if r.Tier != m.tier {
				t.Fatalf("tier %q, want %q: %v %s", r.Tier, m.tier, r.Refusals, r.Output)
			}
			if m.tier == "" {
				if r.Code != "not-isolated" || len(r.Refusals) != 2 || !strings.Contains(r.Output, "hint:") {
					t.Errorf("the error does not say why: %+v", r)
				}
				return
			}
			if !strings.HasPrefix(r.Output, `stand-in ["`) && !strings.HasPrefix(r.Output, "stand-in []") {
				t.Errorf("it does not run tools: %s", r.Output)
			}
			if m.stage != "" && (len(r.Record.Refused) != 1 || !strings.HasPrefix(r.Record.Refused[0].String(), "namespaces: "+m.stage+": ")) {
				t.Errorf("refused %v, want stage %s", r.Record.Refused, m.stage)
			}
			said := fmt.Sprint(r.Record.Lacks)
			if !strings.Contains(said, m.lacks) {
				t.Errorf("lacks %q does not say %q", said, m.lacks)
			}
		})
	}
}

// plainVar marks a run of the tests as a plain user.
const plainVar = "PROFFER_TEST_PLAIN"

// TestAsAPlainUser runs all tests once more as somebody without rights.
func TestAsAPlainUser(t *testing.T) {
	if os.Getuid() != 0 {
		t.Skip("this is a plain user already")
	}
	dir, err := os.MkdirTemp("", "proffer-plain-")
	if err != nil {
		t.Fatal(err)
	}
	defer os.RemoveAll(dir)
	data, err := os.ReadFile("/proc/self/exe")
	if err != nil {
		t.Fatal(err)
	}
	program, home := filepath.Join(dir, "sandbox.test"), filepath.Join(dir, "home")
	const nobody = 65533
	if err := errors.Join(os.Chmod(dir, 0o755), os.WriteFile(program, data, 0o755), os.Mkdir(home, 0o700), os.Chown(home, nobody, nobody)); err != nil { //nolint:gosec // to be executed
		t.Fatal(err)
	}
	args := []string{"-test.v"}
	if testing.Short() {
		args = append(args, "-test.short")
	}
	cmd := exec.Command(program, args...)
	cmd.Dir, cmd.Env = home, []string{plainVar + "=1", "HOME=" + home, "TMPDIR=" + home, "PATH=" + os.Getenv("PATH")}
	cmd.SysProcAttr = &syscall.SysProcAttr{Credential: &syscall.Credential{Uid: nobody, Gid: nobody}}
	out, err := cmd.CombinedOutput()
	if err != nil {
		t.Fatalf("%v\n%s", err, out)
	}
	if !bytes.Contains(out, []byte("--- PASS: TestProbeBlocksEveryVector/namespaces")) {
		t.Errorf("the probe did not run:\n%s", out)
	}
}
