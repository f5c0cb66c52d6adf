package rebuild

import (
	"context"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/proffer-audit/proffer/audit/compare/cause"
	"github.com/proffer-audit/proffer/audit/evidence"
	"github.com/proffer-audit/proffer/audit/sandbox"
	"github.com/proffer-audit/proffer/reports"
)

// caseState is a folder that keeps what real cases fetch and compile between
// runs: PROFFER_TEST_STATE, or one that goes with the test.
func caseState(t *testing.T, name string) string {
	t.Helper()
	state := os.Getenv("PROFFER_TEST_STATE")
	if state == "" {
		state = t.TempDir()
	}
	dir := filepath.Join(state, name)
	if err := os.MkdirAll(dir, 0o755); err != nil {
		t.Fatal(err)
	}
	return dir
}

// npmPack obtains a package with the reviewer's own npm.
func npmPack(t *testing.T, store *evidence.Memory, name, version string) Artifact {
	t.Helper()
	dir := caseState(t, "npm")
	file := filepath.Join(dir, strings.ReplaceAll(strings.TrimPrefix(name, "@"), "/", "-")+"-"+version+".tgz")
	if _, err := os.Stat(file); err != nil {
		if _, err := sandbox.HostTool(context.Background(), "npm", "pack", "--pack-destination", dir, name+"@"+version); err != nil {
			t.Skipf("SKIPPED, NOT TESTED: npm gives no tarball: %v", err)
		}
	}
	data, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	return Artifact{Blob: keep(t, store, filepath.Base(file), data), URI: "pkg:npm/" + name + "@" + version}
}

// realCase is one public product.
type realCase struct {
	name     string
	artifact [2]string // npm package and version; none for the toolchain itself
	file     string
	digest   string // sha256 in hex, or the start of it
	source   string // version of esbuild's module
	tools    string // version of the toolchain
	recipe   Recipe
	patched  bool // the linker writes no build info
	infer    bool
	level    reports.Level
	causes   []string
	builds   int // counter-builds at most
}

func esbuild(goos, goarch string, flags ...string) Recipe {
	output := "out/esbuild"
	if goos == "windows" {
		output += ".exe"
	}
	argv := append([]string{"go", "build", "-trimpath"}, flags...)
	return Recipe{
		Command: append(argv, "-o", output, "./cmd/esbuild"), Output: output,
		Env: map[string]string{"CGO_ENABLED": "0", "GOOS": goos, "GOARCH": goarch},
	}
}

func stamped(r Recipe) Recipe {
	r.VCS = &VCS{Revision: "208f539945b145e7c9d6d844290f81c3fe5af320", Time: time.Date(2025, 11, 1, 23, 34, 16, 0, time.UTC)}
	return r
}

func ofToolchain(command string) Recipe {
	output := "src/out/" + command
	return Recipe{
		Command: []string{"go", "build", "-C", "src", "-trimpath", "-ldflags=-w", "-gcflags=cmd/...=-dwarf=false", "-o", "out/" + command, "cmd/" + command},
		Output:  output,
	}
}

// realCases are public products of which it is known how they are built, with
// what is to come of each.
func realCases() []realCase {
	const (
		linux25   = "bab29b2ca7a9e89b67cf720b77b2d743f9f31f5cf0d5bd74ee8c8de30ced7014"
		windows25 = "cae1bbc86f4df800b01d99e28aea0a154b02243de6797e98f48a9b88a64a7be0"
		linux28   = "e1698a3d5c6c0798fee4fd3b5cc816651f460c63d390a7a26ea4beb0b1884100"
		stripped  = "-ldflags=-s -w"
		bare      = "-ldflags=-s -w -buildid="
	)
	x64, arm, win := "@esbuild/linux-x64", "@esbuild/linux-arm64", "@esbuild/win32-x64"
	same := reports.BitIdentical
	list := []realCase{
		{name: "esbuild linux 0.25", artifact: [2]string{x64, "0.25.12"}, file: "package/bin/esbuild", digest: linux25, recipe: stamped(esbuild("linux", "amd64", stripped)), level: same},
		{name: "esbuild windows 0.25", artifact: [2]string{win, "0.25.12"}, file: "package/esbuild.exe", digest: windows25, recipe: stamped(esbuild("windows", "amd64", stripped)), level: same},
		{name: "esbuild linux 0.25 inferred", artifact: [2]string{x64, "0.25.12"}, file: "package/bin/esbuild", digest: linux25, infer: true, level: same, builds: 6},
		{name: "esbuild linux 0.25 without the stamp", artifact: [2]string{x64, "0.25.12"}, file: "package/bin/esbuild", digest: linux25, recipe: esbuild("linux", "amd64", "-buildvcs=false", stripped), level: reports.Explained, causes: []string{cause.KindStamp}, builds: 6},

		{name: "esbuild linux 0.28", artifact: [2]string{x64, "0.28.2"}, file: "package/bin/esbuild", digest: linux28, recipe: esbuild("linux", "amd64", "-buildvcs=false", bare), patched: true, level: same},
		{name: "esbuild linux 0.28 by the stock linker", artifact: [2]string{x64, "0.28.2"}, file: "package/bin/esbuild", digest: linux28, recipe: esbuild("linux", "amd64", "-buildvcs=false", bare), level: reports.Explained, causes: []string{cause.KindNoBuildInfo}, builds: 6},
		{name: "esbuild linux 0.28 inferred", artifact: [2]string{x64, "0.28.2"}, file: "package/bin/esbuild", digest: linux28, infer: true, level: same, builds: 6},
		{name: "esbuild arm64 0.28", artifact: [2]string{arm, "0.28.2"}, file: "package/bin/esbuild", digest: "90bd2695", recipe: esbuild("linux", "arm64", "-buildvcs=false", bare), patched: true, level: same},
		{name: "esbuild windows 0.28", artifact: [2]string{win, "0.28.2"}, file: "package/esbuild.exe", digest: "c7bee378", recipe: esbuild("windows", "amd64", "-buildvcs=false", bare), patched: true, level: same},

		{name: "gofmt", file: "bin/gofmt", digest: "198a3d0a83314900388906b849ef9f6238cc8112fc8230fd4be466d90cc4e0e5", recipe: ofToolchain("gofmt"), level: same},
		{name: "gofmt inferred", file: "bin/gofmt", digest: "198a3d0a", infer: true, level: same, builds: 6},
		{name: "link", file: "pkg/tool/linux_amd64/link", digest: "e58a36e6", recipe: ofToolchain("link"), level: same},
		{name: "link inferred", file: "pkg/tool/linux_amd64/link", digest: "e58a36e6", infer: true, level: same, builds: 6},
		{name: "vet", file: "pkg/tool/linux_amd64/vet", digest: "84ce96db", recipe: ofToolchain("vet"), level: same},
		{name: "go", file: "bin/go", digest: "8da5fd32", recipe: ofToolchain("go"), level: same},
	}
	for i := range list {
		list[i].source, list[i].tools = "v"+list[i].artifact[1], "1.26.5"
		if list[i].artifact[1] == "0.25.12" {
			list[i].tools = "1.23.12"
		}
	}
	return list
}

// TestRealCases builds public products again. They cost some minutes of CPU
// time: what was compiled is kept in PROFFER_TEST_STATE, by toolchain.
func TestRealCases(t *testing.T) {
	registries(t)
	store := evidence.NewMemory()
	sb := openSandbox(t, sandbox.Options{})
	for _, c := range realCases() {
		t.Run(c.name, func(t *testing.T) {
			job := c.job(t, store)
			r, usage, err := Run(context.Background(), sb, store, t.TempDir(), job)
			if err != nil {
				t.Fatal(err)
			}
			t.Logf("%s %s: %v CPU, %d commands; opaque %q", r.Level, r.Reason, usage.UserCPU+usage.SysCPU, usage.Commands, r.Opaque)
			c.check(t, r)
			if t.Failed() {
				t.Logf("%+v\n%s", r.Search, usage.Log)
			}
		})
	}
}

func (c realCase) job(t *testing.T, store *evidence.Memory) Job {
	t.Helper()
	job := Job{Recipe: c.recipe, File: c.file, Infer: c.infer, CounterBuilds: c.builds, warm: caseState(t, "go"+c.tools)}
	job.Toolchain, _ = download(t, store, "golang.org/toolchain", "v0.0.1-go"+c.tools+".linux-amd64")
	if c.artifact[0] == "" {
		job.Source, job.Artifact = job.Toolchain, Artifact{Blob: job.Toolchain.Blob}
		job.File = job.Toolchain.Strip + "/" + c.file
	} else {
		job.Artifact = npmPack(t, store, c.artifact[0], c.artifact[1])
		job.Source, _ = download(t, store, "github.com/evanw/esbuild", c.source)
		_, sys := download(t, store, "golang.org/x/sys", "v0.0.0-20220715151400-c0bba94af5f8")
		job.Modules = []Module{sys}
	}
	if c.patched {
		job.Patches, job.Tools = []Patch{{Name: "no-buildinfo.patch", Blob: c.patch(t, store, job.Toolchain)}}, []string{"cmd/link"}
	}
	return job
}

// patch is what the vendor's Makefile does to the linker, as the sample has it.
func (c realCase) patch(t *testing.T, store *evidence.Memory, toolchain Archive) evidence.Descriptor {
	t.Helper()
	data, err := os.ReadFile(filepath.Join("..", "..", "samples", "esbuild-patched", "no-buildinfo.patch"))
	if err != nil {
		t.Fatal(err)
	}
	return keep(t, store, "no-buildinfo.patch", data)
}

func (c realCase) check(t *testing.T, r Result) {
	t.Helper()
	if r.Level != c.level || !strings.HasPrefix(r.Shipped.Digest.Hex(), c.digest) {
		t.Errorf("level %s, shipped %s", r.Level, r.Shipped.Digest)
	}
	if r.Level == reports.BitIdentical && r.Rebuilt.Digest != r.Shipped.Digest {
		t.Errorf("rebuilt %s", r.Rebuilt.Digest)
	}
	var kinds []string
	if r.Search != nil && !c.infer {
		for _, found := range r.Search.Causes {
			kinds = append(kinds, found.Kind)
			t.Logf("cause: %s (%s)", found.Words(), found.Where)
		}
	}
	if !slices.Equal(kinds, c.causes) {
		t.Errorf("causes %q, want %q", kinds, c.causes)
	}
	if r.Search != nil {
		t.Logf("%d builds", len(r.Search.Trials))
		if len(r.Search.Trials) > c.builds {
			t.Errorf("%d builds", len(r.Search.Trials))
		}
	}
	if c.infer && r.Recipe != nil {
		t.Logf("recipe %q %v %+v", r.Recipe.Command, r.Recipe.Env, r.Made)
	}
	rules := rules(r, Verdict{ToolchainTrusted: !c.patched})
	// A patched linker is found whether it is declared, a cause, or inferred.
	want := c.patched || slices.Contains(c.causes, cause.KindNoBuildInfo) || c.infer && c.artifact[1] == "0.28.2"
	if patched := slices.Contains(rules, "high "+RulePatchedToolchain); patched != want {
		t.Errorf("findings %q", rules)
	}
}

// TestCasesAreRecognised: the recipes of the cases are compiles, with no build to
// see it.
func TestCasesAreRecognised(t *testing.T) {
	seen := map[string]bool{}
	for _, c := range realCases() {
		if seen[c.name] || c.file == "" || c.digest == "" {
			t.Errorf("%+v", c)
		}
		seen[c.name] = true
		if !c.infer {
			if _, reasons := recognised(c.recipe); len(reasons) > 0 {
				t.Errorf("%s: %q", c.name, reasons)
			}
		}
	}
}
