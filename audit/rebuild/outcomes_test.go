package rebuild

import (
	"context"
	"encoding/json"
	"fmt"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/proffer-audit/proffer/audit/archive"
	"github.com/proffer-audit/proffer/audit/compare"
	"github.com/proffer-audit/proffer/audit/evidence"
	"github.com/proffer-audit/proffer/audit/workspace"
	"github.com/proffer-audit/proffer/reports"
)

func identical() Result {
	d := evidence.Descriptor{Digest: evidence.Of([]byte("x")), Size: 1}
	c, err := compare.Artifacts([]byte("x"), []byte("x"), compare.Limits{})
	if err != nil {
		panic(err)
	}
	return Result{
		Level: c.Level, Comparison: &c, Rebuilt: &d, Shipped: d, Artifact: d, File: "bin/x",
		Source: evidence.Of([]byte("s")), Toolchain: evidence.Of([]byte("t")),
		Coverage: []Covered{{Path: "bin/x", By: ByRebuild, Digest: d.Digest}},
	}
}

// TestWithholdingNeverPays: taking anything away from a good result never
// raises status or cap.
func TestWithholdingNeverPays(t *testing.T) {
	good := Outcomes("a", identical(), trusted).Checks[0]
	if good.Status != reports.Pass || good.Cap != "" {
		t.Fatalf("%+v", good)
	}
	for name, change := range map[string]func(*Result, *Verdict){
		"trust":      func(_ *Result, v *Verdict) { v.ToolchainTrusted = false },
		"coverage":   func(r *Result, _ *Verdict) { r.Coverage = nil },
		"comparison": func(r *Result, _ *Verdict) { r.Comparison = nil },
		"level":      func(r *Result, _ *Verdict) { r.Level = "" },
		"everything": func(r *Result, v *Verdict) { *r, *v = Result{}, Verdict{} },
		"opaque":     func(r *Result, _ *Verdict) { r.Opaque = []string{"x"} },
		"limit":      func(r *Result, _ *Verdict) { r.LimitHit = "cpu" },
		"code":       func(r *Result, _ *Verdict) { r.Code = "something new" },
		"unknown":    func(_ *Result, v *Verdict) { v.Require = "perfect" },
	} {
		r, v := identical(), trusted
		change(&r, &v)
		c := Outcomes("a", r, v).Checks[0]
		if c.Status == reports.Pass && c.Cap != reports.PartlySupported {
			t.Errorf("without %s: %+v", name, c)
		}
		if len(c.Limits) == 0 {
			t.Errorf("without %s: no limits", name)
		}
	}
}

func TestFindingsAreStable(t *testing.T) {
	r := identical()
	r.Opaque = []string{"commands run before the build"}
	a, b := Outcomes("a", r, trusted), Outcomes("a", r, trusted)
	if diff := cmp.Diff(mustJSON(t, a), mustJSON(t, b)); diff != "" {
		t.Error(diff)
	}
	other := Outcomes("b", r, trusted)
	if a.Findings[0].ID == other.Findings[0].ID || !strings.HasPrefix(a.Findings[0].ID, RuleOpaqueRecipe+"/") {
		t.Errorf("%s and %s", a.Findings[0].ID, other.Findings[0].ID)
	}
	if c := a.Findings[0].Concerns; len(c) != 1 || c[0] != "C8" {
		t.Errorf("concerns %q", c)
	}
}

func TestAnomalyFindings(t *testing.T) {
	r := identical()
	r.Anomalies = []archive.Anomaly{{Class: archive.SetID, Path: "bin/x"}, {Class: archive.SetID, Path: "bin/\x1b[31my"}, {Class: archive.IsSymlink, Path: "l"}}
	r.Odd = []workspace.Node{{Tree: "source", Path: "a", Detail: archive.ZipGap + ": 3 bytes"}}
	r.Left = []workspace.Node{{Tree: "source", Path: "l", Detail: "symlink"}}
	r.Dropped = []workspace.Node{{Tree: "source", Path: ".git"}}
	want := []string{
		"low rebuild.archive-anomaly", "low rebuild.left-out", "medium rebuild.archive-anomaly",
		"medium rebuild.archive-anomaly", "note rebuild.dropped-metadata",
	}
	if diff := cmp.Diff(want, rules(r, trusted)); diff != "" {
		t.Error(diff)
	}
	if raw := mustJSON(t, Outcomes("a", r, trusted)); strings.Contains(raw, `\u001b`) {
		t.Errorf("an escape in %s", raw)
	}
}

func TestManyUncoveredFilesAreFewFindings(t *testing.T) {
	r := identical()
	for i := range 500 {
		r.Coverage = append(r.Coverage, Covered{Path: fmt.Sprintf("f%d", i), By: Uncovered, Runs: i == 499})
	}
	o := Outcomes("a", r, trusted)
	if n := len(o.Findings); n != maxUncovered+1 {
		t.Fatalf("%d findings", n)
	}
	if f := o.Findings[0]; f.Severity != reports.Medium || f.Location.Path.String() != "f499" {
		t.Errorf("what runs comes first: %+v", f)
	}
	if last := o.Findings[maxUncovered]; !strings.Contains(last.Message.String(), "450 more") {
		t.Errorf("%+v", last)
	}
}

func TestProvenance(t *testing.T) {
	store := evidence.NewMemory()
	job := sample(t, store)
	job.Modules = []Module{
		{Path: "example.org/z", Version: "v1.0.0", Zip: evidence.Of([]byte("z")), Mod: evidence.Of([]byte("zm"))},
		{Path: "example.org/a", Version: "v1.0.0", Mod: evidence.Of([]byte("am"))},
	}
	for i := range job.Modules {
		for _, content := range []string{"z", "zm", "am"} {
			keep(t, store, "m", []byte(content))
		}
		job.Modules[i].Zip = ""
	}
	r, _, err := run(context.Background(), &fakeBox{do: builds(t, "out/agent", program)}, store, t.TempDir(), job)
	if err != nil {
		t.Fatal(err)
	}
	p := Provenance(job, r)
	var names []string
	for _, d := range p.ResolvedDependencies {
		names = append(names, d.Name+" "+d.URI)
		if len(d.Digest["sha256"]) != 64 {
			t.Errorf("%+v", d)
		}
	}
	want := []string{
		"source pkg:golang/m@v1", "toolchain pkg:golang/golang.org/toolchain@v1",
		"go.mod pkg:golang/example.org/a@v1.0.0", "go.mod pkg:golang/example.org/z@v1.0.0",
	}
	if diff := cmp.Diff(want, names); diff != "" {
		t.Error(diff)
	}
	if p.BuildType != BuildType || len(p.Byproducts) != 2 || p.ExternalParameters["recipe"] == nil {
		t.Errorf("%+v", p)
	}
	if a, b := mustJSON(t, p), mustJSON(t, Provenance(job, r)); a != b {
		t.Error("two readings differ")
	}
}

func mustJSON(t *testing.T, v any) string {
	t.Helper()
	raw, err := json.Marshal(v)
	if err != nil {
		t.Fatal(err)
	}
	return string(raw)
}
