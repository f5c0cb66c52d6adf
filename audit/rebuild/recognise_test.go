package rebuild

import (
	"slices"
	"strings"
	"testing"
)

func TestRecognised(t *testing.T) {
	known := Recipe{
		Command: []string{"go", "build", "-trimpath", "-ldflags=-s -w", "-o", "out/agent", "./cmd/agent"},
		Output:  "out/agent",
		Env:     map[string]string{"CGO_ENABLED": "0", "GOOS": "linux", "GOARCH": "arm64", "GOFLAGS": ""},
	}
	if _, reasons := recognised(known); len(reasons) > 0 {
		t.Fatalf("the plain recipe: %q", reasons)
	}
	build := func(args ...string) Recipe {
		r := known
		r.Command = append([]string{"go", "build", "-o", "out/agent"}, args...)
		return r
	}
	env := func(key, value string) Recipe {
		r := known
		r.Env = map[string]string{key: value}
		return r
	}
	for _, tt := range []struct {
		name   string
		recipe Recipe
		reason string // "" is recognised
	}{
		{"two dashes", build("--trimpath", "--ldflags", "-s -w", "./cmd/agent"), ""},
		{"-X with a word", build("-ldflags=-X main.version=1.2.3 -X 'main.name=a b'", "."), ""},
		{"-X=", build("-ldflags=-X=main.version=1.2.3", "."), ""},
		{"pattern", build("-ldflags=example.org/...=-s", "-gcflags=cmd/...=-dwarf=false", "cmd/gofmt"), ""},
		{"windows program", build("-ldflags=-H windowsgui -buildid=", "."), ""},
		{"tags and mode", build("-tags", "netgo,osusergo", "-buildmode=pie", "-mod=vendor", "-p", "4", "-v", "-buildvcs", "."), ""},
		{"files", build("main.go", "sub/other.go"), ""},
		{"the end of flags", build("--", "./cmd/agent"), ""},
		{"flags in GOFLAGS", env("GOFLAGS", "-trimpath '-ldflags=-s -w' -mod=mod"), ""},
		{"no package", build(), ""},

		{"toolexec", build("-toolexec=./wrap", "."), "-toolexec"},
		{"toolexec in GOFLAGS", env("GOFLAGS", "-toolexec=./wrap"), "-toolexec"},
		{"package in GOFLAGS", env("GOFLAGS", "./evil"), "is no flag"},
		{"quote in GOFLAGS", env("GOFLAGS", "'-trimpath"), "not closed"},
		{"overlay", build("-overlay", "o.json", "."), "-overlay"},
		{"external linker", build("-ldflags=-linkmode external", "."), "external"},
		{"foreign linker", build("-ldflags=-extld=./ld", "."), "-extld"},
		{"linker flags", build("-ldflags=-extldflags -static", "."), "-extldflags"},
		{"hidden behind a pattern", build("-ldflags=all=-extld=./ld", "."), "-extld"},
		{"a word that is no flag", build("-ldflags=-s main.o", "."), "is no flag"},
		{"quote in ldflags", build("-ldflags=-X 'main.a=b", "."), "not closed"},
		{"compiler flag", build("-gcflags=-B", "."), "-B"},
		{"assembler flag", build("-asmflags=-I /elsewhere", "."), "-I"},
		{"compiler", build("-compiler=gccgo", "."), "-compiler"},
		{"package folder", build("-pkgdir", "pkg", "."), "-pkgdir"},
		{"mode", build("-buildmode=c-shared", "."), "c-shared"},
		{"output above", build("-o", "../agent", "."), "-o"},
		{"folder above", build("-C", "..", "."), "-C"},
		{"other output", build("-o", "other", "."), "not the output"},
		{"package above", build("../evil"), "no package of the source"},
		{"absolute package", build("/evil"), "no package of the source"},
		{"versioned package", build("example.org/evil@latest"), "no package of the source"},
		{"flag after packages", build(".", "-toolexec=x"), "no package of the source"},
		{"value lacks", build("-tags"), "lacks its value"},
		{"a program in -X", build("-ldflags=-X main.payload="+strings.Repeat("A", maxValue), "."), "not on the list"},
		{"switch with a word", build("-trimpath=maybe", "."), "not on the list"},
		{"cgo", env("CGO_ENABLED", "1"), "CGO_ENABLED"},
		{"compiler by variable", env("CC", "./cc"), "CC"},
		{"experiment", env("GOEXPERIMENT", "nocoverageredesign"), "GOEXPERIMENT"},
		{"other command", Recipe{Command: []string{"go", "run", "./copy"}, Output: "out/agent"}, "not go build"},
		{"a file named go", Recipe{Command: []string{"./go", "build"}, Output: "out/agent"}, "not go build"},
		{"no output", Recipe{Command: []string{"go", "build", "."}, Output: "agent"}, "does not say -o"},
		{"prepare", Recipe{Prepare: [][]string{{"x"}}, Command: known.Command, Output: known.Output}, "before the build"},
		{"postprocess", Recipe{Postprocess: [][]string{{"x"}}, Command: known.Command, Output: known.Output}, "after the build"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			_, reasons := recognised(tt.recipe)
			found := slices.ContainsFunc(reasons, func(s string) bool { return strings.Contains(s, tt.reason) })
			if tt.reason == "" && len(reasons) > 0 || tt.reason != "" && !found {
				t.Errorf("want %q, got %q", tt.reason, reasons)
			}
		})
	}
}

func TestPlanKeepsWhatDecidesOnPackages(t *testing.T) {
	p, reasons := recognised(Recipe{
		Command: []string{"go", "build", "-C", "src", "-tags=a,b", "-o", "out/x", "./cmd/x", "./cmd/y"},
		Output:  "src/out/x", Env: map[string]string{"GOFLAGS": "-mod=vendor"},
	})
	if len(reasons) > 0 || p.dir != "src" || !slices.Equal(p.list, []string{"-tags=a,b", "-mod=vendor"}) || !slices.Equal(p.packages, []string{"./cmd/x", "./cmd/y"}) {
		t.Errorf("%+v, %q", p, reasons)
	}
}

func FuzzSplitWords(f *testing.F) {
	f.Add("-s -w")
	f.Add("-X 'main.a=b c' \"d\"")
	f.Add("'")
	f.Fuzz(func(t *testing.T, s string) {
		words, err := splitWords(s)
		if err != nil {
			return
		}
		total := 0
		for _, w := range words {
			total += len(w)
			if !strings.Contains(s, w) {
				t.Errorf("%q is not in %q", w, s)
			}
		}
		if total > len(s) {
			t.Errorf("%q gave %q", s, words)
		}
	})
}
