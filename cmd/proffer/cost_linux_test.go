package main

import (
	"bytes"
	"context"
	"errors"
	"os"
	"os/exec"
	"path"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/proffer-audit/proffer/audit/archive"
	"github.com/proffer-audit/proffer/audit/sandbox"
	"github.com/proffer-audit/proffer/audit/workspace"
)

// costVariable makes TestRebuildCost run.
const costVariable = "PROFFER_TEST_COST"

// costRounds and costLimit are what TestRebuildCost measures and allows.
const (
	costRounds = 5
	costLimit  = 1.10 // CPU inside over CPU outside, medians
)

// TestRebuildCost builds the local sample with the toolchain it was submitted
// with, inside the sandbox and bare, and compares the CPU time and the bytes.
// The source is our own, so it may run bare.
func TestRebuildCost(t *testing.T) {
	if os.Getenv(costVariable) == "" {
		t.Skipf("NOT RUN: it builds the sample %d times and wants a quiet machine; set %s=1", 2*costRounds, costVariable)
	}
	b := newBench(t)
	var bare, inside []time.Duration
	for range costRounds {
		for _, run := range []struct {
			into  *[]time.Duration
			build func(*testing.T, string) time.Duration
		}{{&bare, b.bare}, {&inside, b.inside}} {
			scratch := b.scratch(t)
			*run.into = append(*run.into, run.build(t, scratch))
			got, err := os.ReadFile(filepath.Join(scratch, "agent"))
			if err != nil {
				t.Fatal(err)
			}
			if !bytes.Equal(got, b.want) {
				t.Errorf("another agent: %d bytes, and the shipped one has %d", len(got), len(b.want))
			}
			if err := workspace.Remove(scratch); err != nil {
				t.Fatal(err)
			}
		}
	}
	slices.Sort(bare)
	slices.Sort(inside)
	ratio := inside[costRounds/2].Seconds() / bare[costRounds/2].Seconds()
	t.Logf("CPU bare %v, inside %v; ratio of the medians %.3f, byte-identical", bare, inside, ratio)
	if ratio >= costLimit {
		t.Errorf("the sandbox costs %.1f %% of CPU, and less than %.0f %% is wanted", (ratio-1)*100, (costLimit-1)*100)
	}
}

// bench is the sample laid out for builds.
type bench struct {
	dir, toolchain, source string
	want                   []byte
	box                    *sandbox.Sandbox
}

func newBench(t *testing.T) *bench {
	t.Helper()
	l := theLab(t)
	dir, err := os.MkdirTemp("", "proffer-cost-")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := workspace.Remove(dir); err != nil {
			t.Error(err)
		}
	})
	b := &bench{dir: dir, toolchain: filepath.Join(dir, "toolchain"), source: filepath.Join(dir, "source")}
	if b.want, err = os.ReadFile(filepath.Join(l.sample, "agent")); err != nil {
		t.Fatal(err)
	}
	packed, err := os.ReadFile(filepath.Join(l.sample, "toolchain.zip"))
	if err != nil {
		t.Fatal(err)
	}
	programs := func(p string) bool { return strings.HasPrefix(p, "bin/") || strings.HasPrefix(p, "pkg/tool/") }
	if _, err := archive.Extract(packed, b.toolchain, archive.Limits{}, archive.ExtractOptions{StripPrefix: "go", Exec: programs}); err != nil {
		t.Fatal(err)
	}
	if b.box, err = sandbox.Open(context.Background(), sandbox.Options{}); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := b.box.Close(); err != nil {
			t.Error(err)
		}
	})
	if err := errors.Join(os.CopyFS(b.source, os.DirFS(filepath.Join(l.sample, "source"))), b.box.Grant(dir)); err != nil {
		t.Fatal(err)
	}
	return b
}

// scratch makes a folder for one build, with caches that are empty.
func (b *bench) scratch(t *testing.T) string {
	t.Helper()
	dir, err := os.MkdirTemp(b.dir, "scratch-")
	if err != nil {
		t.Fatal(err)
	}
	for _, name := range []string{"home", "tmp", "gocache", "gopath", "gomodcache"} {
		if err := os.Mkdir(filepath.Join(dir, name), 0o755); err != nil {
			t.Fatal(err)
		}
	}
	if err := b.box.Grant(dir); err != nil {
		t.Fatal(err)
	}
	return dir
}

// recipe is the sample's, for a placement.
func recipe(p workspace.Placement) (argv, env []string) {
	argv = []string{path.Join(p.Toolchain, "bin", "go"), "build", "-trimpath", "-buildvcs=false", "-ldflags=-s -w", "-o", path.Join(p.Scratch, "agent"), "."}
	return argv, workspace.GoEnv(p, map[string]string{"GOFLAGS": ""})
}

func (b *bench) bare(t *testing.T, scratch string) time.Duration {
	t.Helper()
	argv, env := recipe(workspace.Placement{Source: b.source, Toolchain: b.toolchain, Modules: scratch, Scratch: scratch})
	cmd := exec.Command(argv[0], argv[1:]...)
	cmd.Dir, cmd.Env = b.source, env
	if out, err := cmd.CombinedOutput(); err != nil {
		t.Fatalf("go build: %v\n%s", err, out)
	}
	return cmd.ProcessState.UserTime() + cmd.ProcessState.SystemTime()
}

func (b *bench) inside(t *testing.T, scratch string) time.Duration {
	t.Helper()
	binds := []sandbox.Bind{
		b.box.Bind(b.source, "source", true), b.box.Bind(b.toolchain, "toolchain", false), b.box.Bind(scratch, "scratch", true),
	}
	argv, env := recipe(workspace.Placement{Source: binds[0].Inside, Toolchain: binds[1].Inside, Modules: binds[2].Inside, Scratch: binds[2].Inside})
	res, err := b.box.Run(context.Background(), sandbox.Command{Argv: argv, Env: env, Dir: binds[0].Inside, Binds: binds})
	if err != nil {
		t.Fatal(err)
	}
	if res.Exit != 0 {
		t.Fatalf("go build inside: exit %d\n%s%s", res.Exit, res.Stdout, res.Stderr)
	}
	return res.UserCPU + res.SysCPU
}
