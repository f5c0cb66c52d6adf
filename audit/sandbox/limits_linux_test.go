package sandbox

import (
	"context"
	"errors"
	"os"
	"strconv"
	"strings"
	"testing"
	"time"
)

// small are limits that payloads reach quickly.
func small() Limits {
	return Limits{CPU: 20 * time.Second, Wall: 30 * time.Second, Memory: 128 << 20, FileSize: 4 << 20, Tmp: 8 << 20, Output: 1 << 20, Procs: 40}
}

func TestHogsAreContained(t *testing.T) {
	eachTier(t, func(t *testing.T, sb *Sandbox) {
		out := outDir(t)
		write := sb.Bind(out, "out", true)
		run := func(worker string, lim Limits, args ...string) Result {
			t.Helper()
			res, err := sb.Run(t.Context(), Command{
				Worker: worker, Argv: append([]string{where(t, sb)}, args...), Limits: lim, Binds: []Bind{write},
			})
			if err != nil {
				t.Fatalf("%s: %v", worker, err)
			}
			return res
		}

		lim := small()
		lim.CPU = time.Second
		if res := run("time-hog", lim); res.LimitHit != LimitCPU || res.Exit == 0 {
			t.Errorf("time hog: exit %d, limit %q, %v", res.Exit, res.LimitHit, res.UserCPU)
		}
		lim = small()
		lim.Wall = 300 * time.Millisecond
		if res := run("time-hog", lim); res.LimitHit != LimitWall || res.Exit == 0 {
			t.Errorf("time hog against the wall: exit %d, limit %q", res.Exit, res.LimitHit)
		}
		if res := run("memory-hog", small()); res.LimitHit != LimitMemory || res.Exit == 0 || res.MaxRSS > 256<<20 {
			t.Errorf("memory hog: exit %d, limit %q, %d bytes\n%s", res.Exit, res.LimitHit, res.MaxRSS, res.Stderr)
		}
		if res := run("flood", small()); res.LimitHit != LimitOutput || len(res.Stdout) != 1<<20 {
			t.Errorf("flood: limit %q, %d bytes", res.LimitHit, len(res.Stdout))
		}
		lim = small()
		lim.FileSize = 1 << 19
		if res := run("disk-hog", lim, write.Inside); res.LimitHit != LimitFileSize || len(res.Stdout) != 0 {
			t.Errorf("disk hog: exit %d, limit %q, wrote %q\n%s", res.Exit, res.LimitHit, res.Stdout, res.Stderr)
		}
		if sb.Tier() == Namespaces { // under Landlock it is lacking, and said to
			if res := run("disk-hog", small(), sb.Temp()); res.LimitHit != LimitTmp || strings.Count(string(res.Stdout), "MiB") > 8 {
				t.Errorf("disk hog in /tmp: exit %d, limit %q, wrote %q", res.Exit, res.LimitHit, res.Stdout)
			}
		}
		if impl := sb.impl.(*launcher); impl.countsProcesses() {
			res := run("fork-bomb", small())
			if n, err := strconv.Atoi(string(res.Stdout)); err != nil || n < 1 || sb.Tier() == Namespaces && n > 40+keeperTasks {
				t.Errorf("fork bomb: %q children, exit %d, %v", res.Stdout, res.Exit, err)
			}
		}
	})
}

func TestNothingIsLeftOver(t *testing.T) {
	eachTier(t, func(t *testing.T, sb *Sandbox) {
		impl := sb.impl.(*launcher)
		token := "left-over-" + string(sb.Tier()) + strconv.Itoa(os.Getpid())
		mustRun(t, sb, Command{Worker: "daemon", Argv: []string{where(t, sb), impl.programInside(), token, "2"}})
		if left := withWord(t, token); len(left) != 0 {
			t.Errorf("after the end: %v", left)
		}

		lim := small()
		lim.Wall = 200 * time.Millisecond
		res, err := sb.Run(t.Context(), Command{Worker: "sleep", Argv: []string{token}, Limits: lim})
		if err != nil || res.LimitHit != LimitWall {
			t.Errorf("sleep: %+v, %v", res, err)
		}
		if left := withWord(t, token); len(left) != 0 {
			t.Errorf("after the time was up: %v", left)
		}

		ctx, cancel := context.WithTimeout(t.Context(), 200*time.Millisecond)
		defer cancel()
		if _, err := sb.Run(ctx, Command{Worker: "sleep", Argv: []string{token}}); !errors.Is(err, context.DeadlineExceeded) {
			t.Errorf("cancelled: %v", err)
		}
		if left := withWord(t, token); len(left) != 0 {
			t.Errorf("after it was cancelled: %v", left)
		}
	})
}

// TestTheHostStaysAsItWas looks at mounts, cgroups and the scratch folder.
func TestTheHostStaysAsItWas(t *testing.T) {
	state := func() string {
		mounts, err := os.ReadFile("/proc/self/mountinfo")
		if err != nil {
			t.Fatal(err)
		}
		return string(mounts)
	}
	before := state()
	scratch := t.TempDir()
	for _, tier := range bothTiers {
		sb, err := Open(t.Context(), Options{Force: tier, Scratch: scratch})
		if err != nil {
			t.Fatal(err)
		}
		mustRun(t, sb, Command{Worker: "look", Binds: []Bind{sb.Bind(t.TempDir(), "x", true)}})
		groups := sb.impl.(*launcher).cgroups
		if err := sb.Close(); err != nil {
			t.Error(err)
		}
		for _, c := range groups {
			entries, err := os.ReadDir(c.dir)
			if err != nil {
				t.Fatal(err)
			}
			for _, e := range entries {
				if strings.HasPrefix(e.Name(), groupPrefix(os.Getpid())) {
					t.Errorf("a cgroup is left: %s", e.Name())
				}
			}
		}
	}
	if after := state(); after != before {
		t.Errorf("mounts before:\n%s\nafter:\n%s", before, after)
	}
	if left, err := os.ReadDir(scratch); err != nil || len(left) != 0 {
		t.Errorf("left in the scratch folder: %v, %v", left, err)
	}
}
