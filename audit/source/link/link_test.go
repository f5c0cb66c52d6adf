package link

import (
	"context"
	"encoding/json"
	"fmt"
	gobuild "go/build"
	"os"
	"path/filepath"
	"runtime"
	"slices"
	"strings"
	"testing"

	"github.com/proffer-audit/proffer/audit/source/rules"
)

// cacheVariable names, for this test process alone, the build cache that all
// loads of a run share.
const cacheVariable = "PROFFER_LINK_TEST_CACHE"

func TestMain(m *testing.M) {
	dir, err := os.MkdirTemp("", "proffer-link-")
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
	os.Setenv(cacheVariable, dir)
	code := m.Run()
	os.RemoveAll(dir)
	os.Exit(code)
}

// goroot is the toolchain that runs the tests; they load packages of our own
// making with it, offline.
func goroot(t *testing.T) string {
	t.Helper()
	root := gobuild.Default.GOROOT
	if _, err := os.Stat(filepath.Join(root, "bin")); root == "" || err != nil {
		t.Skip("no Go toolchain at hand: the load is not tested")
	}
	t.Setenv("PATH", filepath.Join(root, "bin"))
	return root
}

func request(t *testing.T, source string, patterns ...string) Request {
	t.Helper()
	root := goroot(t)
	home := t.TempDir()
	env := []string{
		"PATH=" + filepath.Join(root, "bin"), "GOROOT=" + root, "HOME=" + home, "GOPATH=" + home,
		"GOCACHE=" + os.Getenv(cacheVariable), "GOENV=off", "GOWORK=off", "GOTOOLCHAIN=local",
		"GOPROXY=off", "GOSUMDB=off", "GOTELEMETRY=off", "CGO_ENABLED=0", "GOPACKAGESDRIVER=off", "GOOS=linux", "GOARCH=amd64",
	}
	return Request{Source: source, GOROOT: root, Env: env, Patterns: patterns, GOOS: "linux", GOARCH: "amd64"}
}

func sample(t *testing.T, name string) string {
	t.Helper()
	dir, err := filepath.Abs(filepath.Join("testdata", name))
	if err != nil {
		t.Fatal(err)
	}
	return dir
}

func analyse(t *testing.T, req Request) *Report {
	t.Helper()
	set, err := rules.Load()
	if err != nil {
		t.Fatal(err)
	}
	r, err := Analyse(context.Background(), req, set, func(string) {})
	if err != nil {
		t.Fatal(err)
	}
	return r
}

func capability(t *testing.T, r *Report, name string) Capability {
	t.Helper()
	for _, c := range r.Capabilities {
		if c.Name == name {
			return c
		}
	}
	t.Fatalf("no capability %s among %v", name, names(r))
	return Capability{}
}

func names(r *Report) []string {
	out := []string{}
	for _, c := range r.Capabilities {
		out = append(out, c.Name)
	}
	return out
}

func functions(path []Hop) []string {
	var out []string
	for _, h := range path {
		out = append(out, h.Function)
	}
	return out
}

func TestCapabilities(t *testing.T) {
	for _, c := range []struct {
		name, pattern string
		want          []string
	}{
		{"hello", ".", []string{}},
		{"exec", ".", []string{"EXEC"}},
		{"callbacks", ".", []string{"EXEC", "FILES", "READ_SYSTEM_STATE"}},
		{"endpoints", ".", []string{"NETWORK"}},
		{"tricks", ".", []string{"ARBITRARY_EXECUTION", "CGO", "EXEC", "READ_SYSTEM_STATE", "REFLECT", "UNANALYZED", "UNSAFE_POINTER"}},
		{"library", "./...", []string{"FILES", "MODIFY_SYSTEM_STATE"}},
		{"dependency", ".", []string{"NETWORK"}},
	} {
		t.Run(c.name, func(t *testing.T) {
			r := analyse(t, request(t, sample(t, c.name), c.pattern))
			if got := names(r); !slices.Equal(got, c.want) {
				t.Errorf("capabilities %v, want %v", got, c.want)
			}
			if len(r.Gaps) > 0 {
				t.Errorf("gaps %v", r.Gaps)
			}
			for _, c := range r.Capabilities {
				if len(c.Path) == 0 {
					t.Errorf("%s has no path", c.Name)
				}
			}
		})
	}
}

func TestPathThroughInterface(t *testing.T) {
	c := capability(t, analyse(t, request(t, sample(t, "exec"), ".")), "EXEC")
	want := []string{"example.invalid/exec.main", "(example.invalid/exec.loud).run", "(*os/exec.Cmd).Run"}
	if got := functions(c.Path); !slices.Equal(got, want) {
		t.Errorf("path %v, want %v", got, want)
	}
	if !c.Entry || c.Path[0].File != "main.go" || c.Path[0].Line != 24 || c.Path[1].Line != 14 ||
		!strings.HasPrefix(c.Path[2].File, "$GOROOT/src/os/exec/") {
		t.Errorf("path %+v", c.Path)
	}
}

func TestCallbacksAreChargedToTheirMakers(t *testing.T) {
	r := analyse(t, request(t, sample(t, "callbacks"), "."))
	p := "example.invalid/callbacks."
	for name, want := range map[string][]string{
		"FILES":             {p + "main", p + "reads", p + "reads$1"},
		"READ_SYSTEM_STATE": {"(example.invalid/callbacks.secret).String", p + "main", p + "prints"},
		"EXEC":              {p + "later", p + "later$1", p + "main"},
	} {
		c := capability(t, r, name)
		if !slices.Equal(c.First, want) || c.Functions != len(want) {
			t.Errorf("%s is charged to %v, want %v", name, c.First, want)
		}
		if !c.Entry || c.Path[0].Function != p+"main" {
			t.Errorf("%s: path %v does not begin at main", name, functions(c.Path))
		}
	}
}

func TestTricks(t *testing.T) {
	r := analyse(t, request(t, sample(t, "tricks"), "."))
	if got := functions(capability(t, r, "EXEC").Path); !slices.Contains(got, "example.invalid/tricks.spawn") {
		t.Errorf("the linkname is not followed: %v", got)
	}
	if c := capability(t, r, "READ_SYSTEM_STATE"); c.Path[0].Function != "example.invalid/tricks.init" {
		t.Errorf("what a variable's value calls is not charged to init: %v", functions(c.Path))
	}
	if c := capability(t, r, "UNSAFE_POINTER"); !slices.Equal(c.First, []string{"example.invalid/tricks.peek"}) {
		t.Errorf("unsafe is charged to %v", c.First)
	}
	if c := capability(t, r, "CGO"); c.Path[0].File != "native.go" || c.Path[0].Line != 4 {
		t.Errorf("cgo at %v", c.Path)
	}
	if want := []string{"native.go", "only_windows.go", "tagged.go"}; !slices.Equal(r.Ignored, want) {
		t.Errorf("ignored %v, want %v", r.Ignored, want)
	}
	if !slices.Equal(r.Foreign, []string{"opaque.s"}) || !slices.Equal(r.Compiled, []string{"main.go"}) {
		t.Errorf("foreign %v, compiled %v", r.Foreign, r.Compiled)
	}
	if len(r.Linknames) != 1 || r.Linknames[0] != (Linkname{File: "main.go", Line: 12, Local: "spawn", Target: "syscall.forkExec"}) {
		t.Errorf("linknames %v", r.Linknames)
	}
}

func TestOtherConfigurations(t *testing.T) {
	req := request(t, sample(t, "tricks"), ".")
	req.Tags = []string{"backdoor"}
	if !slices.Contains(names(analyse(t, req)), "NETWORK") {
		t.Error("a build tag does not bring its file in")
	}
	req = request(t, sample(t, "tricks"), ".")
	req.GOOS = "windows"
	req.Env = append(req.Env, "GOOS=windows")
	r := analyse(t, req)
	if !slices.Contains(r.Compiled, "only_windows.go") {
		t.Errorf("compiled for windows: %v", r.Compiled)
	}
}

func TestLibraryEntries(t *testing.T) {
	r := analyse(t, request(t, sample(t, "library"), "./..."))
	c := capability(t, r, "FILES")
	if !c.Entry || !strings.Contains(c.Path[0].Function, "library.Load") {
		t.Errorf("path %v", functions(c.Path))
	}
	if c := capability(t, r, "MODIFY_SYSTEM_STATE"); c.Entry || c.Path[0].Function != "example.invalid/library/internal/hidden.unused" {
		t.Errorf("a function that nobody calls has an entry point: %+v", c)
	}
}

func TestModules(t *testing.T) {
	r := analyse(t, request(t, sample(t, "dependency"), "."))
	if len(r.Modules) != 1 || r.Modules[0].Path != "example.invalid/dep" || r.Modules[0].Replaced == "" {
		t.Fatalf("modules %+v", r.Modules)
	}
	if n := r.Modules[0].Capabilities["NETWORK"]; n != 3 {
		t.Errorf("%d functions of the dependency reach the network, want init, init#1 and its goroutine", n)
	}
	if got := functions(capability(t, r, "NETWORK").Path); !slices.Contains(got, "net.LookupTXT") {
		t.Errorf("path %v", got)
	}
}

func TestEndpoints(t *testing.T) {
	r := analyse(t, request(t, sample(t, "endpoints"), "."))
	var got []string
	for _, e := range r.Endpoints {
		s := e.Kind + " " + e.Address
		if e.Partial {
			s += "…"
		}
		got = append(got, s)
	}
	want := []string{
		"dial update.vendor.invalid:443", "dial 203.0.113.9:4444", "dial [2001:db8::1]:53", "resolve c2.…",
		"listen :8080", "dial a.invalid:1", "dial b.invalid:2",
	}
	if !slices.Equal(got, want) {
		t.Errorf("endpoints\n%v, want\n%v", got, want)
	}
}

func TestGapsAreNamed(t *testing.T) {
	r := analyse(t, request(t, sample(t, "broken"), "."))
	var what []string
	for _, g := range r.Gaps {
		what = append(what, g.What)
		if strings.Contains(g.Why, sample(t, "broken")) {
			t.Errorf("the gap names a folder of this machine: %s", g.Why)
		}
	}
	if want := []string{"example.invalid/broken/bad", "example.invalid/broken"}; !slices.Equal(what, want) {
		t.Errorf("gaps at %v, want %v", what, want)
	}
	for name, change := range map[string]func(*Request){
		"no such package": func(r *Request) { r.Patterns = []string{"./nowhere"} },
		"a size limit":    func(r *Request) { r.Limits.PackageBytes = 100 },
	} {
		req := request(t, sample(t, "hello"), ".")
		change(&req)
		if r := analyse(t, req); len(r.Gaps) == 0 {
			t.Errorf("%s leaves no gap", name)
		}
	}
}

// TestDeterminism analyses the same source in two folders, with one processor
// and with four.
func TestDeterminism(t *testing.T) {
	for _, name := range []string{"callbacks", "tricks"} {
		var outputs [][]byte
		for _, procs := range []int{1, 4} {
			old := runtime.GOMAXPROCS(procs)
			dir := t.TempDir()
			if err := os.CopyFS(dir, os.DirFS(sample(t, name))); err != nil {
				t.Fatal(err)
			}
			out, err := json.Marshal(analyse(t, request(t, dir, ".")))
			runtime.GOMAXPROCS(old)
			if err != nil {
				t.Fatal(err)
			}
			outputs = append(outputs, out)
		}
		for _, out := range outputs[1:] {
			if string(out) != string(outputs[0]) {
				t.Errorf("%s: two runs differ:\n%s\n%s", name, outputs[0], out)
			}
		}
	}
}

func TestStopsWhenAsked(t *testing.T) {
	set, err := rules.Load()
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(context.Background())
	cancel()
	if _, err := Analyse(ctx, request(t, sample(t, "hello"), "."), set, func(string) {}); err == nil {
		t.Error("a cancelled analysis gives an answer")
	}
}
