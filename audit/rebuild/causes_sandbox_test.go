package rebuild

import (
	"context"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/proffer-audit/proffer/audit/compare/cause"
	"github.com/proffer-audit/proffer/audit/evidence"
	"github.com/proffer-audit/proffer/audit/sandbox"
	"github.com/proffer-audit/proffer/reports"
)

// mounts is the host's mount table, as this process sees it.
func mounts(t *testing.T) string {
	t.Helper()
	data, err := os.ReadFile("/proc/self/mountinfo")
	if err != nil {
		t.Skipf("SKIPPED, NOT TESTED: no mount table to read: %v", err)
	}
	return string(data)
}

// tinyCauses builds the sample with recipes that lack what it was built by.
func tinyCauses(t *testing.T, sb *sandbox.Sandbox, store *evidence.Memory, job Job) {
	before := mounts(t)
	job.Recipe.VCS, job.CounterBuilds = nil, DefaultCounterBuilds
	job.Recipe.Command = []string{"go", "build", "-trimpath", "-o", "out/tiny", "."}
	r := ran(t, sb, store, job)
	want := []string{cause.KindStrip, cause.KindString, cause.KindStamp}
	if diff := cmp.Diff(want, kinds(r)); diff != "" || r.Level != reports.Explained || !r.Search.Equal {
		t.Fatalf("%s\n%s %+v", diff, r.Level, r.Search)
	}
	c := Outcomes("tiny", r, trusted).Checks[0]
	if c.Status != reports.Fail || c.Level != reports.Explained || !strings.Contains(c.Reason.String(), "-X main.version=1") {
		t.Errorf("%+v", c)
	}
	missing := slices.DeleteFunc(rules(r, trusted), func(rule string) bool { return rule != "medium "+RuleMissingInput })
	if len(missing) != 3 || slices.Contains(rules(r, trusted), "high "+RuleUnexplained) {
		t.Errorf("findings %q", rules(r, trusted))
	}
	if r.Recipe == nil || r.Recipe.VCS == nil || !slices.Contains(r.Recipe.Command, "-ldflags=-s -w -X main.version=1") {
		t.Errorf("recipe %+v", r.Recipe)
	}
	if after := mounts(t); after != before {
		t.Errorf("the mount table of the host changed:\n%s\n%s", before, after)
	}
}

// tinyNoCause: another source is no cause that a build could prove.
func tinyNoCause(t *testing.T, sb *sandbox.Sandbox, store *evidence.Memory, job Job) {
	other := strings.Replace(tinyMain, `"tiny"`, `"tinier", 7`, 1)
	job.Source.Blob = keep(t, store, "source", zipOf(t, "tiny@v1/go.mod", tinyMod, "tiny@v1/main.go", other))
	job.CounterBuilds = DefaultCounterBuilds
	r := ran(t, sb, store, job)
	if r.Level.AtLeast(reports.Explained) || r.Search == nil || r.Search.Equal || len(r.Search.Causes) > 0 || len(r.Search.Remain) == 0 {
		t.Fatalf("%s %+v", r.Level, r.Search)
	}
	if len(r.Search.Trials) > 1 {
		t.Errorf("%d counter-builds for another source: %+v", len(r.Search.Trials), r.Search.Trials)
	}
}

// tinyInfer finds the recipe of the sample from binary and source alone.
func tinyInfer(t *testing.T, sb *sandbox.Sandbox, store *evidence.Memory, job Job) {
	job.Recipe, job.Infer, job.CounterBuilds = Recipe{}, true, DefaultCounterBuilds
	r := ran(t, sb, store, job)
	if r.Level != reports.BitIdentical || r.Recipe == nil || len(r.Search.Trials) > DefaultCounterBuilds {
		t.Fatalf("%s %s %+v", r.Level, r.Reason, r.Search)
	}
	again := job
	again.Infer, again.Recipe = false, *r.Recipe
	if r := ran(t, sb, store, again); r.Level != reports.BitIdentical || !r.Recognised() {
		t.Errorf("the recipe that was found gives %s: %+v", r.Level, r.Opaque)
	}
}

// tinyVaried builds the sample in other worlds.
func tinyVaried(t *testing.T, sb *sandbox.Sandbox, store *evidence.Memory, job Job) {
	job.Variations = []string{"path", "user", "host", "locale", "timezone", "umask", "clock", "parallelism", "cache"}
	r := ran(t, sb, store, job)
	for _, v := range r.Variations {
		placed := sb.CanPlace() || v.Name != "path" && v.Name != "host"
		if placed != (v.Outcome == VariedSame) || !placed && (v.Outcome != VariedNotMade || v.Why == "") {
			t.Errorf("%+v", v)
		}
	}
	c := Outcomes("tiny", r, trusted).Checks[0]
	if want := map[bool]reports.Status{true: reports.Pass, false: reports.Incomplete}[sb.CanPlace()]; c.Status != want {
		t.Errorf("%+v", c)
	}
	if !sb.CanPlace() {
		return
	}
	job.Recipe.Command = slices.DeleteFunc(slices.Clone(job.Recipe.Command), func(a string) bool { return a == "-trimpath" })
	job.Variations = []string{"locale", "path"}
	r = ran(t, sb, store, job)
	if diff := cmp.Diff([]string{"path"}, r.varied(VariedDiffers)); diff != "" {
		t.Errorf("%s\n%+v", diff, r.Variations)
	}
}

// tinyPaths builds a program that was built without -trimpath: its file table
// holds the builder's folders, at which everything is mounted.
func tinyPaths(t *testing.T, sb *sandbox.Sandbox, store *evidence.Memory, job Job) {
	if !sb.CanPlace() {
		t.Skip("SKIPPED, NOT TESTED: this tier cannot place folders")
	}
	before := mounts(t)
	for key, value := range map[string]string{"CGO_ENABLED": "0", "GOENV": "off", "GOFLAGS": "", "GOWORK": "off", "GOTOOLCHAIN": "local"} {
		t.Setenv(key, value)
	}
	dir := t.TempDir()
	write(t, dir, "go.mod", tinyMod)
	write(t, dir, "main.go", tinyMain)
	out := filepath.Join(t.TempDir(), "tiny")
	hostGo(t, "build", "-C", dir, "-o", out, ".")
	shipped, err := os.ReadFile(out)
	if err != nil {
		t.Fatal(err)
	}
	job.Artifact.Blob, job.CounterBuilds = keep(t, store, "tiny", shipped), DefaultCounterBuilds
	job.Recipe = Recipe{
		Command: []string{"go", "build", "-o", "out/tiny", "."}, Output: "out/tiny",
		Paths: &Paths{Source: dir, Toolchain: hostGo(t, "env", "GOROOT")},
	}
	if r := ran(t, sb, store, job); r.Level != reports.BitIdentical {
		t.Errorf("%s %s %+v", r.Level, r.Reason, r.Search)
	}
	job.Recipe.Paths = nil // they are in the program
	if r := ran(t, sb, store, job); r.Level != reports.Explained || !slices.Equal(kinds(r), []string{cause.KindPaths}) {
		t.Errorf("%s %+v", r.Level, r.Search)
	}
	if after := mounts(t); after != before {
		t.Errorf("the mount table of the host changed:\n%s\n%s", before, after)
	}
}

func ran(t *testing.T, sb *sandbox.Sandbox, store *evidence.Memory, job Job) Result {
	t.Helper()
	r, usage, err := Run(context.Background(), sb, store, t.TempDir(), job)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if t.Failed() {
			t.Logf("%s", usage.Log)
		}
	})
	return r
}

func kinds(r Result) []string {
	var list []string
	if r.Search != nil {
		for _, c := range r.Search.Causes {
			list = append(list, c.Kind)
		}
	}
	return list
}
