package rebuild

import (
	"bytes"
	"context"
	"debug/buildinfo"
	"encoding/json"
	"io/fs"
	"os"
	"path"
	"path/filepath"
	"strings"
	"testing"
	"testing/fstest"
	"time"

	"github.com/proffer-audit/proffer/audit/archive"
	"github.com/proffer-audit/proffer/audit/evidence"
	"github.com/proffer-audit/proffer/audit/sandbox"
	"github.com/proffer-audit/proffer/reports"
)

// The sample that is really built: it imports nothing, so that little is
// compiled.
const (
	tinyMod  = "module example.org/tiny\n\ngo 1.21\n"
	tinyMain = "package main\n\nvar version = \"none\"\n\nfunc main() { println(\"tiny\", version) }\n"
)

// hostGo asks the Go at hand; without one the test cannot run.
func hostGo(t *testing.T, args ...string) string {
	t.Helper()
	out, err := sandbox.HostTool(context.Background(), "go", args...)
	if err != nil {
		t.Skipf("SKIPPED, NOT TESTED: no Go at hand: %v", err)
	}
	return strings.TrimSpace(string(out))
}

// tinyToolchain packs the part of the Go at hand that building the sample takes.
func tinyToolchain(t *testing.T, store *evidence.Memory, module string, packages ...string) Archive {
	t.Helper()
	goroot := hostGo(t, "env", "GOROOT")
	tools := strings.Join([]string{"pkg", "tool", hostGo(t, "env", "GOHOSTOS") + "_" + hostGo(t, "env", "GOHOSTARCH")}, "/")
	wanted := []string{"bin/go", "bin/gofmt", "VERSION", "go.env", "pkg/include", "src/go.mod", "src/vendor/modules.txt", "src/runtime/cgo/*"}
	for _, tool := range []string{"asm", "buildid", "compile", "link"} {
		wanted = append(wanted, tools+"/"+tool)
	}
	systems := []string{"", "windows"}
	if len(packages) == 0 {
		packages, systems = []string{"."}, systems[:1]
	}
	for _, system := range systems {
		if system != "" {
			t.Setenv("GOOS", system)
		}
		listed := append([]string{"list", "-C", module, "-deps", "-f", "{{if .Standard}}{{.Dir}}{{end}}"}, packages...)
		for dir := range strings.Lines(hostGo(t, listed...)) {
			if rel, err := filepath.Rel(goroot, strings.TrimSpace(dir)); err == nil && filepath.IsLocal(rel) {
				wanted = append(wanted, filepath.ToSlash(rel)+"/*")
			}
		}
	}
	tree := fstest.MapFS{}
	host := os.DirFS(goroot)
	for _, w := range wanted {
		pack(t, host, w, tree)
	}
	packed, err := archive.PackTree(tree)
	if err != nil {
		t.Fatal(err)
	}
	return Archive{Blob: keep(t, store, "toolchain", packed)}
}

// pack takes a file, the files of a folder ("x/*"), or a whole folder.
func pack(t *testing.T, host fs.FS, name string, tree fstest.MapFS) {
	t.Helper()
	dir, flat := strings.CutSuffix(name, "/*")
	err := fs.WalkDir(host, dir, func(p string, d fs.DirEntry, err error) error {
		switch {
		case err != nil:
			return nil // a Go that lacks the file has another way without it
		case d.IsDir() && flat && p != dir:
			return fs.SkipDir
		case !d.Type().IsRegular() || strings.HasSuffix(p, "_test.go"):
			return nil
		}
		content, err := fs.ReadFile(host, p)
		if err != nil {
			return err
		}
		mode := fs.FileMode(0o644)
		if path.Dir(p) == "bin" || strings.HasPrefix(p, "pkg/tool/") {
			mode = 0o755
		}
		tree[p] = &fstest.MapFile{Data: content, Mode: mode}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
}

// tinyStamp is the stamp of the sample.
var tinyStamp = VCS{
	Revision: "c0ffeec0ffeec0ffeec0ffeec0ffeec0ffeec0ff", Time: time.Date(2026, 2, 3, 4, 5, 6, 0, time.UTC),
	Modified: true, Tag: "v1.2.3",
}

// asGit makes the Go at hand ask this test program, under the name of git, for a
// stamp.
func asGit(t *testing.T, v VCS) {
	t.Helper()
	standIn := t.TempDir()
	self, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	link(t, self, filepath.Join(standIn, "git"))
	line, err := stampLine(v)
	if err != nil {
		t.Fatal(err)
	}
	t.Setenv(stampVar, line)
	t.Setenv("PATH", standIn+string(os.PathListSeparator)+os.Getenv("PATH"))
}

// tiny is the sample as a job, with what the Go at hand makes of it as the
// shipped file. That Go asks this test program, under the name of git, for the
// stamp.
func tiny(t *testing.T, store *evidence.Memory) Job {
	t.Helper()
	asGit(t, tinyStamp)
	for key, value := range map[string]string{
		"CGO_ENABLED": "0", "GOENV": "off", "GOFLAGS": "", "GOWORK": "off", "GOTOOLCHAIN": "local",
	} {
		t.Setenv(key, value)
	}
	dir := t.TempDir()
	write(t, dir, "go.mod", tinyMod)
	write(t, dir, "main.go", tinyMain)
	write(t, dir, ".git/HEAD", "")
	out := filepath.Join(t.TempDir(), "tiny")
	hostGo(t, "build", "-C", dir, "-trimpath", "-ldflags=-s -w -X main.version=1", "-o", out, ".")
	shipped, err := os.ReadFile(out)
	if err != nil {
		t.Fatal(err)
	}
	return Job{
		Artifact:  Artifact{Blob: keep(t, store, "tiny", shipped)},
		Source:    Archive{Blob: keep(t, store, "source", zipOf(t, "tiny@v1/go.mod", tinyMod, "tiny@v1/main.go", tinyMain, "tiny@v1/old/tiny", string(shipped))), Strip: "tiny@v1"},
		Toolchain: tinyToolchain(t, store, dir),
		Recipe: Recipe{
			Command: []string{"go", "build", "-trimpath", "-ldflags=-s -w -X main.version=1", "-o", "out/tiny", "."}, Output: "out/tiny",
			// The tag is left to be found in the shipped file.
			VCS: &VCS{Revision: tinyStamp.Revision, Time: tinyStamp.Time, Modified: true},
		},
	}
}

// TestRebuildInTheSandbox builds for real: what the Go at hand made outside
// comes out again inside, byte for byte, stamp included; a recipe that launders
// the shipped bytes is seen through.
func TestRebuildInTheSandbox(t *testing.T) {
	if testing.Short() {
		t.Skip("SKIPPED, NOT TESTED: compiles the Go runtime")
	}
	tiers := []sandbox.Tier{""} // the best there is
	if os.Getenv("PROFFER_TEST_REGISTRIES") == "1" {
		tiers = []sandbox.Tier{sandbox.Namespaces, sandbox.Landlock} // with the other slow tests
	}
	store := evidence.NewMemory()
	for _, tier := range tiers {
		sb := openSandbox(t, sandbox.Options{Force: tier})
		job := tiny(t, store)
		job.warm = t.TempDir() // one cache for all that is built of this sample
		t.Run("compile "+string(sb.Tier()), func(t *testing.T) { tinyCompile(t, sb, store, job) })
		t.Run("launder "+string(sb.Tier()), func(t *testing.T) { tinyLaunder(t, sb, store, job) })
		t.Run("causes "+string(sb.Tier()), func(t *testing.T) { tinyCauses(t, sb, store, job) })
		if os.Getenv("PROFFER_TEST_INFER") != "1" {
			continue // a dozen more builds: with the other slow tests
		}
		t.Run("no cause "+string(sb.Tier()), func(t *testing.T) { tinyNoCause(t, sb, store, job) })
		t.Run("infer "+string(sb.Tier()), func(t *testing.T) { tinyInfer(t, sb, store, job) })
		t.Run("varied "+string(sb.Tier()), func(t *testing.T) { tinyVaried(t, sb, store, job) })
		t.Run("workspace "+string(sb.Tier()), func(t *testing.T) { tinyWorkspace(t, sb, store, job) })
		t.Run("paths "+string(sb.Tier()), func(t *testing.T) { tinyPaths(t, sb, store, job) })
	}
}

func tinyCompile(t *testing.T, sb *sandbox.Sandbox, store *evidence.Memory, job Job) {
	r, usage, err := Run(context.Background(), sb, store, t.TempDir(), job)
	if err != nil {
		t.Fatal(err)
	}
	if r.Level != reports.BitIdentical || !r.Recognised() || len(r.Removed) != 1 || usage.UserCPU == 0 {
		t.Fatalf("%+v\n%s", r, usage.Log)
	}
	checkStamp(t, store, r)
	raw, err := json.Marshal(r)
	if err != nil {
		t.Fatal(err)
	}
	if strings.Contains(string(raw), os.TempDir()) || strings.Contains(string(raw), sb.Place("bin")) {
		t.Errorf("a path of this machine in %s", raw)
	}
}

// tinyLaunder lets gofmt make the shipped text out of one that differs by a
// blank: equal bytes, and no proof of anything.
func tinyLaunder(t *testing.T, sb *sandbox.Sandbox, store *evidence.Memory, job Job) {
	const text = "package shipped\n"
	job.Artifact.Blob = keep(t, store, "shipped.go", []byte(text))
	job.Source.Blob = keep(t, store, "source", zipOf(t, "tiny@v1/x.go", "package  shipped\n", "tiny@v1/shipped.go", text))
	job.Recipe = Recipe{Command: []string{"gofmt", "-w", "x.go"}, Output: "x.go"}
	r, usage, err := Run(context.Background(), sb, store, t.TempDir(), job)
	if err != nil {
		t.Fatal(err)
	}
	c := Outcomes("x", r, trusted).Checks[0]
	if r.Level != reports.BitIdentical || r.Recognised() || c.Cap != reports.PartlySupported || len(r.Removed) != 1 {
		t.Errorf("%+v %+v\n%s", r, c, usage.Log)
	}
}

// checkStamp reads the stamp back out of what was built.
func checkStamp(t *testing.T, store *evidence.Memory, r Result) {
	t.Helper()
	want := tinyStamp
	built, err := store.Read(r.Rebuilt.Digest, 0)
	if err != nil {
		t.Fatal(err)
	}
	info, err := buildinfo.Read(bytes.NewReader(built))
	if err != nil {
		t.Fatal(err)
	}
	got := map[string]string{}
	for _, s := range info.Settings {
		got[s.Key] = s.Value
	}
	if got["vcs.revision"] != want.Revision || got["vcs.time"] != want.Time.Format(time.RFC3339) || got["vcs.modified"] != "true" {
		t.Errorf("stamp %v", got)
	}
	if v := info.Main.Version; v != "v1.2.3+dirty" && v != "(devel)" { // before Go 1.24
		t.Errorf("version %q", v)
	}
}

// TestResultsHoldNothingOfTheMachine: nothing of the sandbox is in a result.
func TestResultsHoldNothingOfTheMachine(t *testing.T) {
	store := evidence.NewMemory()
	job := sample(t, store)
	var first string
	for _, placed := range []bool{true, false} {
		r, _ := mustRun(t, &fakeBox{canPlace: placed, do: builds(t, "out/agent", program)}, store, job)
		raw, err := json.Marshal(r)
		if err != nil {
			t.Fatal(err)
		}
		if first == "" {
			first = string(raw)
		}
		if string(raw) != first {
			t.Errorf("%s\n%s", first, raw)
		}
	}
}
