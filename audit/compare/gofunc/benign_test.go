package gofunc_test

import (
	"os"
	"runtime"
	"slices"
	"testing"

	"github.com/proffer-audit/proffer/audit/compare/gofunc"
)

// TestBenign compares builds of one program that differ in how they were made.
// No function may count as changed. All pairs run with PROFFER_TEST_MUTANTS,
// one without.
func TestBenign(t *testing.T) {
	if testing.Short() {
		t.Skip("builds programs")
	}
	const (
		strip  = "-ldflags=-s -w"
		noID   = "-ldflags=-buildid="
		longer = "-ldflags=-X main.Version=a-version-that-is-much-longer-than-the-one-before"
		trim   = "-trimpath"
		pie    = "-buildmode=pie"
	)
	pairs := []struct {
		name, goos, goarch string
		a, b               []string
	}{
		{"strip", "linux", "amd64", nil, []string{strip}},
		{"path", "linux", "amd64", nil, nil},
		{"build id", "linux", "amd64", nil, []string{noID}},
		{"longer string", "linux", "amd64", nil, []string{longer}},
		{"trimpath", "linux", "amd64", nil, []string{trim}},
		{"longer string, position-independent", "linux", "amd64", []string{pie}, []string{pie, longer}},
		{"trimpath", "linux", "arm64", []string{trim}, nil},
		{"longer string", "linux", "arm64", []string{longer}, nil},
		{"longer string", "windows", "amd64", nil, []string{longer}},
		{"trimpath", "windows", "amd64", nil, []string{trim}},
		{"strip", "windows", "arm64", nil, []string{strip}},
		{"longer string", "darwin", "amd64", nil, []string{longer}},
		{"strip", "darwin", "arm64", nil, []string{strip}},
		{"trimpath", "darwin", "arm64", nil, []string{trim}},
	}
	if os.Getenv("PROFFER_TEST_MUTANTS") == "" {
		pairs = pairs[:1]
		pairs[0].goos, pairs[0].goarch = runtime.GOOS, runtime.GOARCH
	}
	p := newProgram(1, 3)
	for _, pair := range pairs {
		t.Run(pair.name+" "+pair.goos+" "+pair.goarch, func(t *testing.T) {
			a := build(t, p, target{pair.goos, pair.goarch, pair.a})
			b := build(t, p, target{pair.goos, pair.goarch, pair.b})
			v, err := gofunc.Compare(a, b)
			if err != nil {
				t.Fatal(err)
			}
			if n := v.Counts; n.Changed+n.Added+n.Removed > 0 || v.Shipped.ForeignDiffers {
				t.Errorf("%+v, foreign code differs: %v: %+v", n, v.Shipped.ForeignDiffers, v.Functions[:min(5, len(v.Functions))])
			}
			for _, d := range v.Data {
				// The path of the Go installation is a variable.
				if d.Kind != gofunc.Table && d.Name != "runtime.defaultGOROOT" && !slices.Contains(d.UsedBy, "main.main") {
					t.Errorf("%+v", d)
				}
			}
		})
	}
}
