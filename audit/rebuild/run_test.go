package rebuild

import (
	"context"
	"errors"
	"os"
	"path/filepath"
	"runtime"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/proffer-audit/proffer/audit/evidence"
	"github.com/proffer-audit/proffer/audit/sandbox"
	"github.com/proffer-audit/proffer/audit/workspace"
	"github.com/proffer-audit/proffer/reports"
)

var trusted = Verdict{Require: reports.BitIdentical, ToolchainTrusted: true}

func TestBitIdentical(t *testing.T) {
	for _, placed := range []bool{true, false} {
		store := evidence.NewMemory()
		sb := &fakeBox{canPlace: placed, do: builds(t, "out/agent", program)}
		r, usage := mustRun(t, sb, store, sample(t, store))
		if r.Level != reports.BitIdentical || !r.Recognised() || r.Code != "" || usage.Commands != 2 {
			t.Fatalf("%+v", r)
		}
		want := []Covered{
			{Path: "p/README", By: BySource, Digest: evidence.Of([]byte("read me\n")), Source: "README"},
			{Path: "p/agent", By: ByRebuild, Digest: evidence.Of([]byte(program)), Runs: true},
		}
		if diff := cmp.Diff(want, r.Coverage); diff != "" {
			t.Error(diff)
		}
		if diff := cmp.Diff([]workspace.Node{{Tree: "source", Path: "old/agent"}}, r.Removed); diff != "" {
			t.Error(diff)
		}
		o := Outcomes("linux-x64", r, trusted)
		if c := o.Checks[0]; c.ID != "rebuild/linux-x64" || c.Status != reports.Pass || c.Cap != "" || c.EvidenceClass != reports.E3 {
			t.Errorf("%+v", c)
		}
		if diff := cmp.Diff([]string{"note rebuild.removed-target"}, rules(r, trusted)); diff != "" {
			t.Error(diff)
		}
		log, err := store.Read(r.Log.Digest, 0)
		if err != nil || string(log) != "$ go build -trimpath -o out/agent .\n# m\n$SOURCE/main.go: noted\n" {
			t.Errorf("log %q, %v", log, err)
		}
	}
}

// TestCommandsSeeOnlyTheirOwn looks at what the sandbox is asked to do.
func TestCommandsSeeOnlyTheirOwn(t *testing.T) {
	t.Setenv("GOFLAGS", "-toolexec=evil")
	store := evidence.NewMemory()
	sb := &fakeBox{canPlace: true, do: builds(t, "out/agent", program)}
	job := sample(t, store)
	job.Recipe.Env = map[string]string{"GOOS": "windows"}
	job.Recipe.VCS = &VCS{Revision: strings.Repeat("a", 40), Time: time.Unix(1, 0)}
	r, _ := mustRun(t, sb, store, job)
	c := sb.commands[1]
	if c.Argv[0] != "/inside/toolchain/bin/go" || c.Dir != "/inside/source" || c.Tools["git"] != GitRole || c.Worker != "" {
		t.Errorf("%+v", c)
	}
	for _, want := range []string{"GOOS=windows", "PATH=/inside/toolchain/bin:/inside/bin", "GOPROXY=file:///inside/modules/cache/download", "GOFLAGS=-mod=readonly"} {
		if !slices.Contains(c.Env, want) {
			t.Errorf("no %s in %q", want, c.Env)
		}
	}
	writable := map[string]bool{}
	for _, b := range c.Binds {
		writable[b.Inside] = b.Writable
	}
	want := map[string]bool{"/inside/source": true, "/inside/toolchain": false, "/inside/modules": false, "/inside/scratch": true}
	if diff := cmp.Diff(want, writable); diff != "" {
		t.Error(diff)
	}
	if r.Stamp == nil || !slices.Contains(rules(r, trusted), "note rebuild.stamp-replayed") {
		t.Errorf("stamp %+v", r.Stamp)
	}
}

func TestPaths(t *testing.T) {
	store := evidence.NewMemory()
	job := sample(t, store)
	job.Recipe.Paths = &Paths{Source: "/build/agent", Modules: "/build/gomod", Toolchain: "/usr/local/go"}
	sb := &fakeBox{canPlace: true, do: builds(t, "out/agent", program)}
	r, _ := mustRun(t, sb, store, job)
	c := sb.commands[1]
	if r.Level != reports.BitIdentical || c.Dir != "/build/agent" || c.Argv[0] != "/usr/local/go/bin/go" || !slices.Contains(c.Env, "GOMODCACHE=/build/gomod") {
		t.Errorf("%s %+v", r.Level, c)
	}
	sb = &fakeBox{}
	r, _ = mustRun(t, sb, store, job)
	if o := Outcomes("a", r, trusted); r.Code != NeedsPaths || o.Checks[0].Status != reports.NotRun || o.Checks[0].EvidenceClass != "" || len(sb.commands) > 0 {
		t.Errorf("%+v", o.Checks)
	}
}

func TestUnexplained(t *testing.T) {
	store := evidence.NewMemory()
	r, _ := mustRun(t, &fakeBox{do: builds(t, "out/agent", program+"!")}, store, sample(t, store))
	o := Outcomes("a", r, trusted)
	if c := o.Checks[0]; r.Level != reports.Unexplained || c.Status != reports.Fail || c.Code != "unexplained" {
		t.Errorf("%+v", c)
	}
	if diff := cmp.Diff([]string{"high rebuild.unexplained", "note rebuild.removed-target"}, rules(r, trusted)); diff != "" {
		t.Error(diff)
	}
	if c := Outcomes("a", r, Verdict{Require: reports.Unexplained, ToolchainTrusted: true}).Checks[0]; c.Status != reports.Pass {
		t.Errorf("a policy that accepts it: %+v", c)
	}
}

// TestOpaqueNeverSupports: a recipe that copies gives the same bytes and is
// capped; so are an untrusted toolchain and a file that nothing explains.
func TestOpaqueNeverSupports(t *testing.T) {
	store := evidence.NewMemory()
	opaque := sample(t, store)
	opaque.Recipe.Command = []string{"go", "run", "./copy"}
	hook := sample(t, store, "p/package.json", `{"scripts":{"postinstall":"./agent"}}`, "p/NOTES", "?")
	for _, tt := range []struct {
		name string
		job  Job
		v    Verdict
		want []string
	}{
		{"opaque", opaque, trusted, []string{"medium rebuild.opaque-recipe", "note rebuild.removed-target"}},
		{"untrusted", sample(t, store), Verdict{ToolchainNote: "no proof"}, []string{"high rebuild.untrusted-toolchain", "note rebuild.removed-target"}},
		{"uncovered", hook, trusted, []string{"low rebuild.uncovered-file", "medium rebuild.uncovered-file", "note rebuild.removed-target"}},
	} {
		t.Run(tt.name, func(t *testing.T) {
			r, _ := mustRun(t, &fakeBox{do: builds(t, "out/agent", program)}, store, tt.job)
			c := Outcomes("a", r, tt.v).Checks[0]
			if r.Level != reports.BitIdentical || c.Status != reports.Pass || c.Cap != reports.PartlySupported {
				t.Errorf("%+v", c)
			}
			if diff := cmp.Diff(tt.want, rules(r, tt.v)); diff != "" {
				t.Error(diff)
			}
		})
	}
}

func TestObjectFilesAreOpaque(t *testing.T) {
	store := evidence.NewMemory()
	sb := &listBox{fakeBox{do: builds(t, "out/agent", program)}, "object m resource.syso\ncgo m/x c.go\n"}
	r, _ := mustRun(t, sb, store, sample(t, store))
	want := []string{"C code is compiled: m/x c.go", "an object file is linked as it is: m resource.syso"}
	if diff := cmp.Diff(want, r.Opaque); diff != "" || r.Log != nil {
		t.Errorf("%s, log %v", diff, r.Log)
	}
}

// listBox answers go list.
type listBox struct {
	fakeBox
	list string
}

func (l *listBox) Run(ctx context.Context, c sandbox.Command) (sandbox.Result, error) {
	res, err := l.fakeBox.Run(ctx, c)
	if len(c.Argv) > 1 && c.Argv[1] == "list" {
		res.Stdout = []byte(l.list)
	}
	return res, err
}

func TestBuildsThatEndOtherwise(t *testing.T) {
	store := evidence.NewMemory()
	for _, tt := range []struct {
		name   string
		do     func(c sandbox.Command, source string) sandbox.Result
		code   string
		level  reports.Level
		status reports.Status
	}{
		{"fails", func(c sandbox.Command, _ string) sandbox.Result {
			return sandbox.Result{Exit: 1, Stderr: []byte("# m\n" + c.Dir + "/main.go:1: undefined: x\n")}
		}, CommandFailed, reports.BuildFailed, reports.Fail},
		{"limit", func(sandbox.Command, string) sandbox.Result {
			return sandbox.Result{Exit: 137, LimitHit: sandbox.LimitCPU}
		}, LimitHit, "", reports.Incomplete},
		{"leaves nothing", func(sandbox.Command, string) sandbox.Result { return sandbox.Result{} }, NoOutput, reports.BuildFailed, reports.Fail},
		{"leaves a folder", func(_ sandbox.Command, source string) sandbox.Result {
			write(t, source, "out/agent/x", "")
			return sandbox.Result{}
		}, NoOutput, reports.BuildFailed, reports.Fail},
		{"leaves a link", func(_ sandbox.Command, source string) sandbox.Result {
			link(t, "go.mod", filepath.Join(source, "out", "agent"))
			return sandbox.Result{}
		}, NoOutput, reports.BuildFailed, reports.Fail},
		{"leaves a link to a folder", func(_ sandbox.Command, source string) sandbox.Result {
			write(t, source, "real/agent", program)
			link(t, "real", filepath.Join(source, "out"))
			return sandbox.Result{}
		}, NoOutput, reports.BuildFailed, reports.Fail},
		{"leaves a link to the host", func(_ sandbox.Command, source string) sandbox.Result {
			link(t, os.DevNull, filepath.Join(source, "out", "agent"))
			return sandbox.Result{}
		}, NoOutput, reports.BuildFailed, reports.Fail},
	} {
		t.Run(tt.name, func(t *testing.T) {
			if strings.Contains(tt.name, "link") && runtime.GOOS == "windows" {
				t.Skip("links need a privilege on Windows")
			}
			r, usage := mustRun(t, &fakeBox{do: tt.do}, store, sample(t, store))
			c := Outcomes("a", r, trusted).Checks[0]
			if r.Code != tt.code || r.Level != tt.level || c.Status != tt.status || usage.Commands != 2 {
				t.Errorf("%+v %+v", r, c)
			}
			if tt.code == CommandFailed && !slices.Equal(r.Failure, []string{"# m", "$SOURCE/main.go:1: undefined: x"}) {
				t.Errorf("failure %q", r.Failure)
			}
			for _, covered := range r.Coverage {
				if covered.By == ByRebuild {
					t.Errorf("%+v", covered)
				}
			}
		})
	}
}

func link(t *testing.T, target, at string) {
	t.Helper()
	if err := os.MkdirAll(filepath.Dir(at), 0o755); err != nil {
		t.Fatal(err)
	}
	if err := os.Symlink(target, at); err != nil {
		t.Fatal(err)
	}
}

func TestNothingRunsFor(t *testing.T) {
	store := evidence.NewMemory()
	for _, tt := range []struct {
		name   string
		change func(*Job)
		code   string
		status reports.Status
	}{
		{"a broken artifact", func(j *Job) { j.Artifact.Blob = keep(t, store, "x", []byte("PK\x03\x04")) }, ArtifactUnreadable, reports.Fail},
		{"an absent file", func(j *Job) { j.File = "p/other" }, FileMissing, reports.Fail},
		{"a file that is there twice", func(j *Job) {
			j.Artifact.Blob = keep(t, store, "x", zipOf(t, "p/agent", "one", "p/agent", "two"))
		}, FileMissing, reports.Fail},
		{"another digest", func(j *Job) { j.FileDigest = evidence.Of(nil) }, FileDigestDiffers, reports.Fail},
		{"a bad recipe", func(j *Job) { j.Recipe.Output = "/x" }, RecipeInvalid, reports.NotRun},
		{"a patch that is none", func(j *Job) { j.Patches = []Patch{{Name: "link.patch", Blob: keep(t, store, "x", []byte("?"))}} }, ToolchainPatched, reports.NotRun},
		{"a patch of a program", func(j *Job) {
			j.Patches = []Patch{{Blob: keep(t, store, "x", []byte("--- a/bin/go\n+++ b/bin/go\n@@ -1 +1 @@\n-go\n+no\n"))}}
		}, ToolchainPatched, reports.NotRun},
		{"a broken source", func(j *Job) { j.Source.Blob = keep(t, store, "x", []byte("PK\x03\x04")) }, SourceUnreadable, reports.NotRun},
		{"a program that is not there", func(j *Job) { j.Recipe.Command = []string{"make"} }, CommandFailed, reports.Fail},
		{"a program above", func(j *Job) { j.Recipe.Command = []string{"../x"} }, RecipeInvalid, reports.NotRun},
		{"a program elsewhere", func(j *Job) { j.Recipe.Command = []string{"/bin/sh"} }, RecipeInvalid, reports.NotRun},
	} {
		t.Run(tt.name, func(t *testing.T) {
			job := sample(t, store)
			tt.change(&job)
			sb := &fakeBox{do: builds(t, "out/agent", program)}
			r, _ := mustRun(t, sb, store, job)
			c := Outcomes("a", r, trusted).Checks[0]
			if r.Code != tt.code || c.Status != tt.status || c.Status == reports.Pass || len(sb.commands) > 0 || c.Cap != reports.PartlySupported {
				t.Errorf("%+v %+v", r, c)
			}
		})
	}
}

func TestErrorsOfTheMachineAreNoResult(t *testing.T) {
	store := evidence.NewMemory()
	broken := errors.New("cannot start")
	if _, _, err := run(context.Background(), &fakeBox{err: broken}, store, t.TempDir(), sample(t, store)); !errors.Is(err, broken) {
		t.Errorf("got %v", err)
	}
	absent := sample(t, store)
	absent.Source.Blob.Digest = evidence.Of([]byte("?"))
	if _, _, err := run(context.Background(), &fakeBox{}, store, t.TempDir(), absent); !errors.Is(err, evidence.ErrNotFound) {
		t.Errorf("got %v", err)
	}
	if _, _, err := Run(context.Background(), nil, store, t.TempDir(), absent); err == nil {
		t.Error("ran without a sandbox")
	}
}

// TestBuildsItself: a tool that every build takes stays in the toolchain, which
// caps what the rebuild supports; another one is taken out.
func TestBuildsItself(t *testing.T) {
	store := evidence.NewMemory()
	for file, stays := range map[string]bool{"tc/bin/go": true, "tc/bin/gofmt": false} {
		job := sample(t, store)
		job.Artifact.Blob, job.Source, job.File = job.Toolchain.Blob, job.Toolchain, file
		content := filepath.Base(file)
		r, _ := mustRun(t, &fakeBox{do: builds(t, "out/agent", content)}, store, job)
		if r.Level != reports.BitIdentical || r.Itself != stays || (len(r.Removed) == 0) != stays {
			t.Errorf("%s: %s itself %v, removed %v: %s", file, r.Level, r.Itself, r.Removed, r.Reason)
		}
		if c := Outcomes("a", r, trusted).Checks[0]; stays && c.Cap != reports.PartlySupported {
			t.Errorf("%s: %+v", file, c)
		}
	}
}

// TestArtifactIsTheFile: no archive around it, whatever its content looks like.
func TestArtifactIsTheFile(t *testing.T) {
	store := evidence.NewMemory()
	job := sample(t, store)
	job.File, job.Artifact.Blob = "", keep(t, store, "agent", []byte(program))
	r, _ := mustRun(t, &fakeBox{do: builds(t, "out/agent", program)}, store, job)
	if r.Level != reports.BitIdentical || len(r.Coverage) != 1 || r.Coverage[0].By != ByRebuild {
		t.Errorf("%+v", r)
	}
}
