package sandbox

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"
)

// TestDeathOfTheParent kills a proffer in the middle of a run.
func TestDeathOfTheParent(t *testing.T) {
	for _, tier := range bothTiers {
		t.Run(string(tier), func(t *testing.T) {
			token := "orphan-" + string(tier) + strconv.Itoa(os.Getpid())
			cmd := startPart(t, []string{token}, []string{abandonVar + "=" + string(tier), "TMPDIR=" + t.TempDir(), "HOME=" + t.TempDir()})
			cmd.Stderr = os.Stderr
			stdout, err := cmd.StdoutPipe()
			if err != nil {
				t.Fatal(err)
			}
			if err := cmd.Start(); err != nil {
				t.Fatal(err)
			}
			if line, err := bufio.NewReader(stdout).ReadString('\n'); err != nil || line != "open\n" {
				t.Errorf("it said %q, %v", line, err)
			}
			soon(t, "a command that runs", func() bool { return len(withWord(t, token)) > 1 })
			if err := cmd.Process.Signal(syscall.SIGKILL); err != nil {
				t.Error(err)
			}
			if err := cmd.Wait(); err == nil {
				t.Error("it ended by itself")
			}
			soon(t, "the end of all that it started", func() bool { return len(withWord(t, token)) == 0 })
		})
	}
}

// abandonVar makes the test program one that sleeps in a sandbox of a tier.
const abandonVar = "PROFFER_TEST_ABANDON"

func abandon(tier Tier, token string) int {
	sb, err := Open(context.Background(), Options{Force: tier})
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		return 1
	}
	fmt.Println("open")
	_, err = sb.Run(context.Background(), Command{Worker: "sleep", Argv: []string{token}})
	fmt.Fprintln(os.Stderr, err)
	return 1
}

func TestHostTool(t *testing.T) {
	dir := t.TempDir()
	script := func(name, body string) {
		t.Helper()
		if err := os.WriteFile(filepath.Join(dir, name), []byte("#!/bin/sh\n"+body+"\n"), 0o755); err != nil { //nolint:gosec // to be executed
			t.Fatal(err)
		}
	}
	script("say", `echo "$1"; ls -a | wc -l`)
	script("fail", "echo why >&2; exit 3")
	script("talk", "while :; do echo talktalktalktalktalktalktalktalktalktalktalktalktalktalktalk; done")
	script("hang", "sleep 60")
	t.Setenv("PATH", dir+":"+os.Getenv("PATH"))

	out, err := HostTool(t.Context(), "say", "a b")
	if f := strings.Split(string(out), "\n"); err != nil || f[0] != "a b" || strings.TrimSpace(f[1]) != "2" {
		t.Errorf("say: %q, %v (it starts in an empty folder)", out, err)
	}
	if _, err := HostTool(t.Context(), "fail"); !errors.Is(err, ErrHostTool) || !strings.Contains(err.Error(), "why") {
		t.Errorf("fail: %v", err)
	}
	if _, err := HostTool(t.Context(), "not-there-at-all"); !errors.Is(err, ErrHostTool) {
		t.Errorf("absent: %v", err)
	}
	if _, err := HostTool(t.Context(), "talk"); err == nil || !strings.Contains(err.Error(), "more than") {
		t.Errorf("talk: %v", err)
	}
	ctx, cancel := context.WithTimeout(t.Context(), 100*time.Millisecond)
	defer cancel()
	if _, err := HostTool(ctx, "hang"); !errors.Is(err, context.DeadlineExceeded) {
		t.Errorf("hang: %v", err)
	}
}

func TestHostPlugin(t *testing.T) {
	dir := t.TempDir()
	for name, body := range map[string]string{
		"echo-back": `cat; echo "$1"; exit 7`,
		"die":       "kill -9 $$",
	} {
		if err := os.WriteFile(filepath.Join(dir, name), []byte("#!/bin/sh\n"+body+"\n"), 0o755); err != nil { //nolint:gosec // to be executed
			t.Fatal(err)
		}
	}
	t.Setenv("PATH", dir+":"+os.Getenv("PATH"))
	out, err := HostPlugin(t.Context(), "echo-back", []string{"a b"}, []byte("in "))
	if err != nil || string(out) != "in a b\n" {
		t.Errorf("echo-back: %q, %v (its exit code is not its answer)", out, err)
	}
	if _, err := HostPlugin(t.Context(), "die", nil, nil); !errors.Is(err, ErrHostTool) {
		t.Errorf("die: %v", err)
	}
	if _, err := HostPlugin(t.Context(), "not-there-at-all", nil, nil); !errors.Is(err, ErrHostTool) {
		t.Errorf("absent: %v", err)
	}
}

func TestFindControllers(t *testing.T) {
	const mounts = "30 20 0:25 / /sys/fs/cgroup/unified rw,relatime - cgroup2 cgroup2 rw\n" +
		"31 20 0:26 /docker/abc /cg/memory rw,relatime shared:9 - cgroup cgroup rw,memory\n" +
		"32 20 0:27 / /cg/pids rw - cgroup cgroup rw,cpu,pids\n" +
		"33 20 8:1 / /home rw - ext4 /dev/sda rw,memory\n"
	for own, want := range map[string]string{
		"4:memory:/docker/abc/x\n": "/cg/memory/x",
		"4:memory:/elsewhere\n":    "",
		"8:cpu,pids:/\n":           "/cg/pids",
		"0::/user.slice\n":         "/sys/fs/cgroup/unified/user.slice",
		"3:cpuset:/\n":             "",
		"nonsense\n":               "",
	} {
		got := ""
		for _, c := range controllersFrom(own, mounts) {
			got += c.dir
		}
		if got != want {
			t.Errorf("%q: %q, want %q", own, got, want)
		}
	}
}

func TestLinkedFiles(t *testing.T) {
	files, err := linkedFiles("/proc/self/exe", libraryDirs())
	if err != nil {
		t.Fatal(err)
	}
	for _, f := range files {
		if !filepath.IsAbs(f) {
			t.Errorf("%q is not absolute", f)
		}
	}
	if len(files) > 0 { // a dynamic test program: its libraries are looked for
		if _, err := linkedFiles("/proc/self/exe", nil); err == nil || !strings.Contains(err.Error(), "static build") {
			t.Errorf("without library folders: %v", err)
		}
	}
	text := filepath.Join(t.TempDir(), "text")
	if err := os.WriteFile(text, []byte("no program"), 0o600); err != nil {
		t.Fatal(err)
	}
	if _, err := linkedFiles(text, nil); err == nil {
		t.Error("a text file has no libraries")
	}
}

func TestIDMap(t *testing.T) {
	file := filepath.Join(t.TempDir(), "map")
	if err := os.WriteFile(file, []byte("         0     100000      65536\n     70000  1 1\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	ranges, err := idMap(file)
	if err != nil {
		t.Fatal(err)
	}
	for id, want := range map[int]bool{0: true, 65535: true, 65536: false, 70000: true, 70001: false} {
		if ranges.holds(id) != want {
			t.Errorf("%d: %v", id, !want)
		}
	}
}
