package cause

import (
	"crypto/sha256"
	"errors"
	"fmt"
	"os"
	"runtime"
	"slices"
	"strings"
	"testing"
	"testing/fstest"
	"time"

	"github.com/google/go-cmp/cmp"
)

// self is this test program: a Go program of whose build something is known.
func self(t testing.TB) []byte {
	t.Helper()
	name, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	data, err := os.ReadFile(name)
	if err != nil {
		t.Fatal(err)
	}
	return data
}

func TestReadOfThisProgram(t *testing.T) {
	f, err := Read(self(t))
	if err != nil {
		t.Fatal(err)
	}
	if f.GoVersion != runtime.Version() || f.GOOS != runtime.GOOS || f.GOARCH != runtime.GOARCH || !f.BuildInfo || f.Main.Path != "github.com/proffer-audit/proffer" {
		t.Errorf("%+v", f)
	}
	if !f.Trimpath && f.Goroot == "" || SplitID(f.BuildID).Link == "" {
		t.Errorf("goroot %q, build id %q", f.Goroot, f.BuildID)
	}
	if !slices.ContainsFunc(f.Files, func(p string) bool { return strings.HasSuffix(p, "audit/compare/cause/cause_test.go") }) {
		t.Error("this file is not in the table")
	}
}

func TestReadRefuses(t *testing.T) {
	for _, data := range []string{"", "MZ", "\x7fELF", "#!/bin/sh\n", "\xcf\xfa\xed\xfe"} {
		if f, err := Read([]byte(data)); err == nil {
			t.Errorf("%q: %+v", data, f)
		}
	}
	if _, err := Read([]byte("text")); !errors.Is(err, errNoProgram) {
		t.Error(err)
	}
}

// FuzzRead: whatever a vendor ships, reading it ends.
func FuzzRead(f *testing.F) {
	data := self(f)
	for _, n := range []int{64, 4096, 64 << 10} {
		f.Add(data[:n])
	}
	f.Fuzz(func(t *testing.T, data []byte) {
		facts, err := Read(data)
		if err == nil && facts.Format == "" {
			t.Error("no format")
		}
		im, err := openImage(data)
		if err != nil {
			return
		}
		im.pclntab()
		im.headers([]Variable{{"x", "ELF"}})
	})
}

func TestWords(t *testing.T) {
	for _, tt := range []struct {
		flags string
		want  linker
	}{
		{"-s -w", linker{s: true, w: true}},
		{"-w -X main.a=1 -X=main.b=2=3", linker{w: true, set: []Variable{{"main.a", "1"}, {"main.b", "2=3"}}}},
		{"-X 'main.a=two words' -H=windowsgui", linker{set: []Variable{{"main.a", "two words"}}, rest: []string{"-H=windowsgui"}}},
		{"-s=false --w", linker{w: true, rest: []string{"-s=false"}}},
	} {
		if diff := cmp.Diff(tt.want, readLinker(tt.flags), cmp.AllowUnexported(linker{})); diff != "" {
			t.Errorf("%s: %s", tt.flags, diff)
		}
	}
	empty := ""
	if got := readLinker("-buildid= -s"); got.buildID == nil || *got.buildID != empty || !got.s {
		t.Errorf("%+v", got)
	}
	for _, list := range [][]string{{"-s", "-X", "main.a=it's"}, {"-X", `main.a="b c"`}, {""}, {"-X", "a=b\tc"}} {
		s, ok := join(list)
		if !ok || !slices.Equal(words(s), list) {
			t.Errorf("%q: %q, %v", list, s, ok)
		}
	}
	if s, ok := join([]string{`both ' and "`}); ok {
		t.Errorf("quoted as %q", s)
	}
}

// printedBy is what cmd/go prints of a link with these flags.
func printedBy(flags ...string) []byte {
	writes := []string{"go1.99", "link\n", "buildmode exe goos linux goarch amd64\n", fmt.Sprintf("linkflags %q\n", flags), "packagefile main=abc\n"}
	out := "noise\nHASH[build x]\nHASH[build x]: \"other\"\nHASH[link example.org/a]\n"
	for _, w := range writes {
		out += fmt.Sprintf("HASH[link example.org/a]: %q\n", w)
	}
	return fmt.Appendf([]byte(out), "HASH[link example.org/a]: %x\nHASH[build x]: 00\n", sha256.Sum256([]byte(strings.Join(writes, ""))))
}

func TestPreimage(t *testing.T) {
	p, ok := LinkPreimage(printedBy())
	if !ok {
		t.Fatal("not read")
	}
	for _, flags := range [][]string{{}, {"-w", "-s"}, {"-X", "main.a=1", "-s", "-X=main.b=2"}, {"-buildid=x", "-w"}} {
		wanted, ok := LinkPreimage(printedBy(flags...))
		if !ok {
			t.Fatal("not read")
		}
		l := readLinker(strings.Join(flags, " "))
		if len(flags) == 0 {
			l = linker{s: true, w: true} // as a stripped program shows
		}
		got, ok := p.flagsOf(wanted.ID(), l)
		if !ok || !slices.Equal(got, flags) {
			t.Errorf("%q: got %q, %v", flags, got, ok)
		}
	}
	if got, ok := p.flagsOf("AAAAAAAAAAAAAAAAAAAA", linker{s: true, set: []Variable{{"main.a", "1"}}}); ok {
		t.Errorf("flags %q for no hash", got)
	}
	forged := strings.Replace(string(printedBy()), "packagefile main=abc", "packagefile main=abd", 1)
	if _, ok := LinkPreimage([]byte(forged)); ok {
		t.Error("writes that do not give the sum")
	}
	if _, ok := LinkPreimage(nil); ok {
		t.Error("nothing printed")
	}
}

func sourceTree() fstest.MapFS {
	file := func(s string) *fstest.MapFile { return &fstest.MapFile{Data: []byte(s)} }
	return fstest.MapFS{
		"go.mod":                      file("module example.org/agent\n"),
		"cmd/agent/main.go":           file("package main\n\nvar date, n = \"unknown\", 1\nvar channel string\nvar list []string\nvar made = f()\n"),
		"cmd/agent/main_test.go":      file("package main\nvar hidden = \"x\"\n"),
		"internal/version/version.go": file("package version\n\nvar Version = \"a\" + \"b\"\n"),
		"tools/go.mod":                file("module example.org/agent/tools\n"),
		"tools/gen/main.go":           file("package main\nvar mode string\n"),
		"testdata/x.go":               file("package x\nvar no string\n"),
		"broken.go":                   file("package"),
		"Makefile":                    file("build:\n\tgo build -ldflags=\"-s\"\n\tsed s/a/b/ go/src/cmd/link/main.go > x\n"),
	}
}

func TestReadSource(t *testing.T) {
	s, err := ReadSource(sourceTree(), false)
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff([]string{"example.org/agent/internal/version.Version", "main.channel", "main.date", "main.mode"}, s.Strings); diff != "" {
		t.Error(diff)
	}
	if diff := cmp.Diff([]Main{{"cmd/agent", []string{"main.go"}}, {"tools/gen", []string{"main.go"}}}, s.Mains); diff != "" {
		t.Error(diff)
	}
	want := []Hint{{"Makefile", 2, HintLinker, `go build -ldflags="-s"`}, {"Makefile", 3, HintToolchain, "sed s/a/b/ go/src/cmd/link/main.go > x"}}
	if diff := cmp.Diff(want, s.Hints); diff != "" {
		t.Error(diff)
	}
	names, err := ReadSource(sourceTree(), true)
	if err != nil || len(names.Strings) > 0 || len(names.Mains) > 0 || names.Modules["example.org/agent/tools"] != "tools" {
		t.Errorf("%+v, %v", names, err)
	}
}

func TestPropose(t *testing.T) {
	s, err := ReadSource(sourceTree(), false)
	if err != nil {
		t.Fatal(err)
	}
	id := "link/compile/main/content"
	full := Facts{
		Format: "elf", GOOS: "linux", GOARCH: "amd64", GoVersion: "go1.26.5", BuildInfo: true, Path: "example.org/agent/cmd/agent",
		BuildID: id, GNUBuildID: "00", Trimpath: true, Symbols: true, DWARF: true,
		Settings: map[string]string{"-trimpath": "true", "-tags": "a,b", "GOAMD64": "v3", "vcs": "git", "vcs.revision": strings.Repeat("a", 40), "vcs.time": "2026-01-02T03:04:05Z"},
	}
	stamp := &Stamp{strings.Repeat("a", 40), time.Date(2026, 1, 2, 3, 4, 5, 0, time.UTC), false}
	env := map[string]string{"GOOS": "linux", "GOARCH": "amd64", "CGO_ENABLED": "0"}
	for _, tt := range []struct {
		name   string
		change func(*Facts)
		want   Build
		lacks  int
	}{
		{"all told", func(*Facts) {}, Build{Package: "./cmd/agent", Toolchain: "go1.26.5", Trimpath: true, Tags: "a,b", Stamp: stamp, Env: map[string]string{"GOOS": "linux", "GOARCH": "amd64", "CGO_ENABLED": "0", "GOAMD64": "v3"}}, 0},
		{"stripped", func(f *Facts) { f.Symbols, f.DWARF, f.BuildID, f.GNUBuildID, f.Settings = false, false, "", "", nil }, Build{Package: "./cmd/agent", Toolchain: "go1.26.5", Trimpath: true, Ldflags: "-s -w -buildid=", Env: env}, 0},
		{"a module of its own", func(f *Facts) { f.Path, f.Settings = "example.org/agent/tools/gen", nil }, Build{Dir: "tools", Package: "./gen", Toolchain: "go1.26.5", Trimpath: true, Env: env}, 0},
		{"no build info", func(f *Facts) {
			f.BuildInfo, f.Path, f.Settings, f.Files = false, "", nil, []string{"example.org/agent/cmd/agent/main.go"}
		}, Build{Package: "./cmd/agent", Toolchain: "go1.26.5", Trimpath: true, NoBuildInfo: true, Env: env}, 0},
		{"with paths", func(f *Facts) {
			f.Trimpath, f.Goroot, f.Settings = false, "/go", map[string]string{"-ldflags": "-s -w"}
			f.Files = []string{"/go/src/runtime/proc.go", "/ci/x/cmd/agent/main.go"}
		}, Build{Package: "./cmd/agent", Toolchain: "go1.26.5", Ldflags: "-s -w", Paths: Paths{Source: "/ci/x", Toolchain: "/go"}, Env: env}, 0},
		{"another product", func(f *Facts) { f.Path, f.Settings = "example.org/other", nil }, Build{Toolchain: "go1.26.5", Trimpath: true, Env: env}, 1},
	} {
		t.Run(tt.name, func(t *testing.T) {
			f := full
			tt.change(&f)
			b, lacks := Propose(f, s)
			if diff := cmp.Diff(tt.want, b); diff != "" || len(lacks) != tt.lacks {
				t.Errorf("%s lacks %q", diff, lacks)
			}
		})
	}
}

func TestChanges(t *testing.T) {
	said := Build{Package: "./a", Trimpath: true, Ldflags: "-s -w -X main.v=1", Env: map[string]string{"GOAMD64": "v1"}}
	is := said.clone()
	is.Ldflags, is.Env, is.Stamp, is.NoBuildInfo = "-s -w -X main.v=2 -buildid=", map[string]string{"GOAMD64": "v3"}, &Stamp{"r", time.Unix(0, 0), true}, true
	want := []Change{
		{KindNoBuildInfo, "", "a linker that writes no build info"},
		{KindBuildID, "", "-buildid="},
		{KindString, "-X main.v=1", "-X main.v=2"},
		{KindArchitecture, "GOAMD64=v1", "GOAMD64=v3"},
		{KindStamp, "", "r 1970-01-01T00:00:00Z modified"},
	}
	if diff := cmp.Diff(want, Changes(&said, is)); diff != "" {
		t.Error(diff)
	}
	if c := Changes(&said, said.clone()); len(c) > 0 {
		t.Errorf("%+v", c)
	}
	reordered := said.clone()
	reordered.Ldflags = "-w -s -X main.v=1"
	if c := Changes(&said, reordered); len(c) != 1 || c[0].Kind != KindLinker {
		t.Errorf("%+v", c)
	}
}

// TestNoCauseWithoutProof: a trial that is not the same proves nothing, however
// near it is.
func TestNoCauseWithoutProof(t *testing.T) {
	shipped := self(t)
	near := slices.Clone(shipped)
	near[len(near)-1]++
	given := Build{Package: "./a"}
	x, err := NewSearch(shipped, Source{}, &given, near)
	if err != nil {
		t.Fatal(err)
	}
	tried := given.clone()
	tried.Trimpath = true
	x.Took(Trial{Build: tried, Why: "a guess", Data: near})
	if o := x.Outcome(); o.Equal || len(o.Causes) > 0 || len(o.Trials) != 1 {
		t.Errorf("%+v", o)
	}
	x.Took(Trial{Build: tried, Why: "the same, really", Data: shipped})
	o := x.Outcome()
	if !o.Equal || len(o.Causes) != 1 || o.Causes[0].Kind != KindTrimpath {
		t.Errorf("%+v", o)
	}
	if _, ok := x.Next(); ok {
		t.Error("something is left to try")
	}
}
