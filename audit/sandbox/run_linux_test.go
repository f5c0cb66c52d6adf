package sandbox

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"

	"golang.org/x/sys/unix"
)

// tiersHere are the tiers that this machine gives to whoever runs the tests.
var bothTiers = [...]Tier{Namespaces, Landlock}

// eachTier runs a test in both tiers.
func eachTier(t *testing.T, test func(t *testing.T, sb *Sandbox)) {
	t.Helper()
	for _, tier := range bothTiers {
		t.Run(string(tier), func(t *testing.T) { test(t, openTest(t, tier, tuning{abi: newestABI})) })
	}
}

// where is the argument by which a hostile payload knows where it must not be.
func where(t *testing.T, sb *Sandbox) string {
	t.Helper()
	if sb.Tier() == Landlock {
		return ""
	}
	ids, err := namespaceIDs()
	if err != nil {
		t.Fatal(err)
	}
	data, err := json.Marshal(ids)
	if err != nil {
		t.Fatal(err)
	}
	return string(data)
}

// mustRun runs a command that has to exit with 0.
func mustRun(t *testing.T, sb *Sandbox, c Command) Result {
	t.Helper()
	res, err := sb.Run(t.Context(), c)
	if err != nil || res.Exit != 0 {
		t.Fatalf("run: exit %d, limit %q, error %v, stderr %s", res.Exit, res.LimitHit, err, res.Stderr)
	}
	return res
}

// outDir is a folder that the caller owns, as a build's output folder would be.
func outDir(t *testing.T) string {
	t.Helper()
	dir := filepath.Join(t.TempDir(), "out")
	if err := os.Mkdir(dir, 0o700); err != nil {
		t.Fatal(err)
	}
	return dir
}

func TestWhatACommandSees(t *testing.T) {
	eachTier(t, func(t *testing.T, sb *Sandbox) {
		res := mustRun(t, sb, Command{
			Worker: "look", Argv: []string{"a", "b c"}, Env: []string{"ONE=1", "TWO=2"},
			Stdin: []byte("words"), Hostname: "build", Umask: 0o027,
		})
		var v view
		if err := json.Unmarshal(res.Stdout, &v); err != nil {
			t.Fatal(err)
		}
		if !slices.Equal(v.Args, []string{"a", "b c"}) || !slices.Equal(v.Env, []string{"ONE=1", "TWO=2"}) || v.Stdin != "words" {
			t.Errorf("arguments, environment or stdin differ: %+v", v)
		}
		if v.Dir != sb.Temp() {
			t.Errorf("working folder %q, want %q", v.Dir, sb.Temp())
		}
		if len(v.Interfaces) != 0 {
			t.Errorf("it sees interfaces %v", v.Interfaces)
		}
		if v.Umask != 0o027 {
			t.Errorf("umask %03o, want 027", v.Umask)
		}
		if sb.Tier() == Landlock {
			if v.Root != nil || v.Proc != nil {
				t.Errorf("it lists the host's %v, %v", v.Root, v.Proc)
			}
			return
		}
		if v.UID != insideID || v.GID != insideID || v.Host != "build" || v.Parent != 1 {
			t.Errorf("identity differs: %+v", v)
		}
		if os.Getuid() == 0 && len(v.Groups) != 0 {
			t.Errorf("it keeps root's groups: %v", v.Groups)
		}
		for _, name := range v.Root {
			if !slices.Contains([]string{"dev", "lib", "lib64", "proc", "proffer", "tmp", "usr"}, name) {
				t.Errorf("the root holds %q", name)
			}
		}
		for _, name := range v.Proc {
			if strings.Trim(name, "0123456789") != "" && !slices.Contains([]string{"self", "thread-self"}, name) {
				t.Errorf("/proc holds %q", name)
			}
		}
	})
}

func TestHowACommandEnds(t *testing.T) {
	eachTier(t, func(t *testing.T, sb *Sandbox) {
		res, err := sb.Run(t.Context(), Command{Worker: "exit"})
		if err != nil || res.Exit != 7 || res.LimitHit != "" {
			t.Errorf("exit: %+v, %v", res, err)
		}
		if res.MaxRSS <= 0 || res.UserCPU+res.SysCPU <= 0 {
			t.Errorf("nothing was measured: %+v", res)
		}
		res, err = sb.Run(t.Context(), Command{Worker: "abort", Argv: []string{where(t, sb)}})
		if err != nil || res.Exit != 128+int(unix.SIGKILL) || res.LimitHit != "" {
			t.Errorf("signal: %+v, %v", res, err)
		}
		_, err = sb.Run(t.Context(), Command{Argv: []string{"/no/such/program"}})
		var se *SetupError
		if !errors.As(err, &se) || se.Stage != "exec" {
			t.Errorf("a missing program: %v", err)
		}
		_, err = sb.Run(t.Context(), Command{Argv: []string{"nowhere"}, Env: []string{"PATH=" + sb.Place("bin")}})
		if !errors.Is(err, os.ErrNotExist) {
			t.Errorf("a program that is not on the path: %v", err)
		}
		res, err = sb.Run(t.Context(), Command{Worker: "unheard-of"})
		if err != nil || res.Exit != exitMisused {
			t.Errorf("an unknown worker: %+v, %v", res, err)
		}
	})
}

func TestBinds(t *testing.T) {
	eachTier(t, func(t *testing.T, sb *Sandbox) {
		in, out := t.TempDir(), outDir(t)
		if err := os.WriteFile(filepath.Join(in, "private"), []byte("hello"), 0o600); err != nil {
			t.Fatal(err)
		}
		read, write := sb.Bind(in, "in", false), sb.Bind(out, "out", true)
		binds := []Bind{read, write}
		// A file that only its owner may read is the owner's inside too.
		res := mustRun(t, sb, Command{Worker: "read", Argv: []string{filepath.Join(read.Inside, "private")}, Binds: binds})
		if string(res.Stdout) != "hello" {
			t.Errorf("read %q", res.Stdout)
		}
		mustRun(t, sb, Command{Worker: "write", Argv: []string{filepath.Join(write.Inside, "made")}, Binds: binds, Stdin: []byte("made")})
		if got, err := os.ReadFile(filepath.Join(out, "made")); err != nil || string(got) != "made" {
			t.Errorf("outside: %q, %v", got, err)
		}
		var st unix.Stat_t
		if err := unix.Stat(filepath.Join(out, "made"), &st); err != nil || int(st.Uid) != os.Getuid() {
			t.Errorf("what was written belongs to %d (%v)", st.Uid, err)
		}
		res, err := sb.Run(t.Context(), Command{Worker: "write", Argv: []string{filepath.Join(read.Inside, "no")}, Binds: binds})
		if err != nil || res.Exit != 1 {
			t.Errorf("write into a read-only bind: %+v, %v", res, err)
		}
		res, err = sb.Run(t.Context(), Command{Worker: "read", Argv: []string{filepath.Join(read.Inside, "private")}})
		if err != nil || res.Exit != 1 {
			t.Errorf("read what this command was not given: %+v, %v", res, err)
		}
	})
}

func TestOutputsCanBeReadAndRemoved(t *testing.T) {
	eachTier(t, func(t *testing.T, sb *Sandbox) {
		out := outDir(t)
		write := sb.Bind(out, "out", true)
		mustRun(t, sb, Command{Worker: "lock-out", Argv: []string{where(t, sb), write.Inside}, Binds: []Bind{write}})
		for _, f := range []string{"locked/in", "unreadable"} {
			if got, err := os.ReadFile(filepath.Join(out, f)); err != nil || string(got) != "x" {
				t.Errorf("%s: %q, %v", f, got, err)
			}
		}
		if err := os.RemoveAll(out); err != nil {
			t.Error(err)
		}
		// The same in the private folder does not disturb the next command.
		mustRun(t, sb, Command{Worker: "lock-out", Argv: []string{where(t, sb), sb.Temp()}})
		mustRun(t, sb, Command{Worker: "lock-out", Argv: []string{where(t, sb), sb.Temp()}})
	})
}

func TestTools(t *testing.T) {
	eachTier(t, func(t *testing.T, sb *Sandbox) {
		res := mustRun(t, sb, Command{
			Worker: "call-tool", Argv: []string{"git", "status", "--porcelain"},
			Env: []string{"PATH=" + sb.Place("bin")}, Tools: map[string]string{"git": "stand-in"},
		})
		want := `stand-in ["status" "--porcelain"] env ["PATH=` + sb.Place("bin") + `"]`
		if string(res.Stdout) != want {
			t.Errorf("got %s\nwant %s", res.Stdout, want)
		}
		res, err := sb.Run(t.Context(), Command{Worker: "call-tool", Argv: []string{"git"}, Env: []string{"PATH=" + sb.Place("bin")}})
		if err != nil || res.Exit != 1 {
			t.Errorf("a tool of the command before: %+v, %v", res, err)
		}
	})
}

func TestManyAtOnce(t *testing.T) {
	eachTier(t, func(t *testing.T, sb *Sandbox) {
		var wg sync.WaitGroup
		for i := range 6 {
			wg.Go(func() {
				res, err := sb.Run(t.Context(), Command{Worker: "look", Argv: []string{fmt.Sprint("number-", i)}})
				if err != nil || res.Exit != 0 || !bytes.Contains(res.Stdout, []byte(fmt.Sprintf(`"number-%d"`, i))) {
					t.Errorf("%d: %+v, %v", i, res, err)
				}
			})
		}
		wg.Wait()
	})
}

// TestFolderWithBlanks keeps its scratch where scripts cannot name a program.
func TestFolderWithBlanks(t *testing.T) {
	for _, tier := range bothTiers {
		scratch := filepath.Join(t.TempDir(), "a folder with blanks", strings.Repeat("long", 60))
		if err := os.MkdirAll(scratch, 0o700); err != nil {
			t.Fatal(err)
		}
		sb, err := Open(t.Context(), Options{Force: tier, Scratch: scratch})
		if err != nil {
			t.Fatal(err)
		}
		link := sb.impl.(*launcher).link
		mustRun(t, sb, Command{
			Worker: "call-tool", Argv: []string{"git"}, Env: []string{"PATH=" + sb.Place("bin")},
			Tools: map[string]string{"git": "stand-in"},
		})
		if err := sb.Close(); err != nil {
			t.Error(err)
		}
		if _, err := os.Lstat(link); tier == Landlock && !errors.Is(err, os.ErrNotExist) {
			t.Errorf("%s is left: %v", link, err)
		}
	}
}

func TestInvalidCommands(t *testing.T) {
	eachTier(t, func(t *testing.T, sb *Sandbox) {
		dir := t.TempDir()
		for name, c := range map[string]Command{
			"nothing to run":   {},
			"empty program":    {Argv: []string{""}},
			"worker's name":    {Worker: "a:b"},
			"relative folder":  {Worker: "exit", Dir: "x"},
			"tool's name":      {Worker: "exit", Tools: map[string]string{"../x": "exit"}},
			"tool's role":      {Worker: "exit", Tools: map[string]string{"x": "exit\nrm"}},
			"relative bind":    {Worker: "exit", Binds: []Bind{{Host: "x", Inside: "/x"}}},
			"bind with dots":   {Worker: "exit", Binds: []Bind{{Host: dir, Inside: dir + "/../x"}}},
			"two at one place": {Worker: "exit", Binds: []Bind{{Host: dir, Inside: dir}, {Host: dir, Inside: dir}}},
		} {
			if _, err := sb.Run(t.Context(), c); !errors.Is(err, ErrInvalid) {
				t.Errorf("%s: %v", name, err)
			}
		}
		_, err := sb.Run(t.Context(), Command{Worker: "exit", Binds: []Bind{{Host: dir, Inside: "/elsewhere"}}})
		if sb.CanPlace() != (err == nil) || !sb.CanPlace() && !errors.Is(err, ErrNoPlacement) {
			t.Errorf("placing: %v", err)
		}
		if _, err := sb.Run(t.Context(), Command{Worker: "exit", Binds: []Bind{sb.Bind(dir+"/absent", "x", false)}}); !errors.Is(err, os.ErrNotExist) {
			t.Errorf("a bind of what is not there: %v", err)
		}
		if sb.CanPlace() {
			for _, own := range []string{"/", "/proc", "/proc/self", "/dev/null", "/tmp", insideBase, insideProgram, insideTools, insideTools + "/x"} {
				if _, err := sb.Run(t.Context(), Command{Worker: "exit", Binds: []Bind{{Host: dir, Inside: own}}}); !errors.Is(err, ErrInvalid) {
					t.Errorf("a bind over %s: %v", own, err)
				}
			}
		}
	})
}

// TestWorkersRefuseOutside runs no payload: it starts the part that decides.
func TestWorkersRefuseOutside(t *testing.T) {
	var stderr bytes.Buffer
	cmd := startPart(t, []string{part(partWorker, "exit")}, nil)
	cmd.Stderr = &stderr
	if err := cmd.Run(); err == nil || cmd.ProcessState.ExitCode() != exitUnconfined {
		t.Errorf("a worker outside: %v: %s", err, stderr.String())
	}
	for name, args := range map[string][]string{"keeper": {part(partKeeper, "")}, "unknown": {marker + ":x"}} {
		if err := startPart(t, args, []string{tokenVar + "=x"}).Run(); err == nil {
			t.Errorf("%s: started by hand", name)
		}
	}
}
