package source

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	gobuild "go/build"
	"os"
	"path/filepath"
	"runtime"
	"slices"
	"strings"
	"testing"

	"github.com/proffer-audit/proffer/audit/source/link"
)

// product is a small source tree of our own with something of everything.
func product(t *testing.T) string {
	t.Helper()
	dir := t.TempDir()
	if err := os.CopyFS(dir, os.DirFS("testdata/product")); err != nil {
		t.Fatal(err)
	}
	// The toolchain leaves files called testdata alone, and editors are kind to
	// bidi controls; so what is ugly is written here.
	for name, content := range map[string]string{
		"hidden.go":           "package main\n\n// \u202e controls\nfunc hidden() {}\n",
		"assets/logo.png":     "\x7fELF" + strings.Repeat("\x00\x01", 600),
		"testdata/fixture.py": "x = '\u2066'\n",
	} {
		path := filepath.Join(dir, filepath.FromSlash(name))
		if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(path, []byte(content), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	return dir
}

func requestFor(t *testing.T, dir string) Request {
	t.Helper()
	root := gobuild.Default.GOROOT
	if _, err := os.Stat(filepath.Join(root, "bin")); root == "" || err != nil {
		t.Skip("no Go toolchain at hand: the worker is not tested")
	}
	t.Setenv("PATH", os.Getenv("PATH")) // put back what the worker sets
	home := t.TempDir()
	env := Env{
		GOROOT: root, GOOS: "linux", GOARCH: "amd64", Home: home, Temp: home,
		Cache: filepath.Join(home, "cache"), ModCache: filepath.Join(home, "mod"),
	}
	return Request{
		Source: dir, GOROOT: root, ModCache: env.ModCache, GoEnv: env.List(),
		Packages: []string{"."}, GOOS: "linux", GOARCH: "amd64",
	}
}

// work runs the worker and returns its exit code and what it wrote.
func work(t *testing.T, request any) (code int, stdout []byte, stderr string) {
	t.Helper()
	in, err := json.Marshal(request)
	if raw, ok := request.(string); ok {
		in, err = []byte(raw), nil
	}
	if err != nil {
		t.Fatal(err)
	}
	var out, errs bytes.Buffer
	code = Worker(context.Background(), nil, bytes.NewReader(in), &out, &errs)
	return code, out.Bytes(), errs.String()
}

func resultOf(t *testing.T, req Request) Result {
	t.Helper()
	code, out, errs := work(t, req)
	if code != 0 {
		t.Fatalf("exit %d: %s", code, errs)
	}
	res, err := ParseResult(out)
	if err != nil {
		t.Fatal(err)
	}
	return res
}

func TestWorker(t *testing.T) {
	res := resultOf(t, requestFor(t, product(t)))
	if len(res.Gaps) > 0 || res.Link == nil || res.Bytes == nil || !strings.HasPrefix(res.Rules, "sha256:") {
		t.Fatalf("result %+v", res)
	}
	var got []string
	for _, u := range res.Uncovered {
		got = append(got, u.File+" "+u.Why)
	}
	want := []string{
		"main_test.go test", "native.go cgo", "nested/nested.go other-module",
		"only_windows.go build-constraint", "opaque.s assembly", "tools/gen.go not-in-build",
	}
	if !slices.Equal(got, want) {
		t.Errorf("uncovered %q, want %q", got, want)
	}
	if i := slices.IndexFunc(res.Uncovered, func(u Uncovered) bool { return u.File == "only_windows.go" }); !slices.Contains(res.Uncovered[i].Hints, "EXEC") {
		t.Errorf("the hidden file's imports hint at %v", res.Uncovered[i].Hints)
	}
}

// TestWorkerIsDeterministic runs the worker in two folders, with one processor
// and with four.
func TestWorkerIsDeterministic(t *testing.T) {
	var first []byte
	for _, procs := range []int{1, 4} {
		old := runtime.GOMAXPROCS(procs)
		code, out, errs := work(t, requestFor(t, product(t)))
		runtime.GOMAXPROCS(old)
		if code != 0 {
			t.Fatalf("exit %d: %s", code, errs)
		}
		if first == nil {
			first = out
		}
		if !bytes.Equal(first, out) {
			t.Errorf("two runs differ:\n%s\n%s", first, out)
		}
	}
}

func TestBytesAlone(t *testing.T) {
	code, out, errs := work(t, Request{Source: product(t)})
	if code != 0 {
		t.Fatalf("exit %d: %s", code, errs)
	}
	res, err := ParseResult(out)
	if err != nil || res.Link != nil || res.Bytes == nil || !slices.Equal(res.Passes, []string{PassBytes}) {
		t.Errorf("result %+v, error %v", res, err)
	}
}

func TestGapInsteadOfAnswer(t *testing.T) {
	req := requestFor(t, product(t))
	req.Dir = "assets"
	req.Limits.Files = 3
	res := resultOf(t, req)
	if len(gapsOf(res)) < 2 {
		t.Errorf("gaps %v", gapsOf(res))
	}
	out, _, err := Outcomes("p", res, Policy{})
	if err != nil || out.Checks[0].Status != "incomplete" || out.Checks[1].Status != "incomplete" {
		t.Errorf("checks %+v, error %v", out.Checks, err)
	}
}

func TestRefusedRequests(t *testing.T) {
	good := requestFor(t, t.TempDir())
	change := func(f func(*Request)) Request {
		r := good
		r.GoEnv = slices.Clone(good.GoEnv)
		f(&r)
		return r
	}
	set := func(name, value string) Request {
		return change(func(r *Request) {
			for i, e := range r.GoEnv {
				if strings.HasPrefix(e, name+"=") {
					r.GoEnv[i] = name + "=" + value
				}
			}
		})
	}
	for name, request := range map[string]any{
		"no JSON":            "{",
		"an unknown key":     `{"source":"/x","exec":"y"}`,
		"a relative source":  Request{Source: "x"},
		"an unknown pass":    Request{Source: "/x", Passes: []string{"all"}},
		"a flag for a name":  change(func(r *Request) { r.Packages = []string{"-toolexec=sh"} }),
		"a query":            change(func(r *Request) { r.Packages = []string{"file=x.go"} }),
		"no packages":        change(func(r *Request) { r.Packages = nil; r.Passes = []string{PassLink} }),
		"a relative GOROOT":  change(func(r *Request) { r.GOROOT = "go" }),
		"a folder outside":   change(func(r *Request) { r.Dir = "../x" }),
		"a tag with a blank": change(func(r *Request) { r.Tags = []string{"a b"} }),
		"an empty GOOS":      change(func(r *Request) { r.GOOS = "" }),
		"a double setting":   change(func(r *Request) { r.GoEnv = append(r.GoEnv, "GOFLAGS=-mod=readonly") }),
		"no setting":         change(func(r *Request) { r.GoEnv = append(r.GoEnv, "X") }),
		"cgo":                set("CGO_ENABLED", "1"),
		"a driver":           set("GOPACKAGESDRIVER", "/bin/sh"),
		"a workspace":        set("GOWORK", "/x/go.work"),
		"a go env file":      set("GOENV", "/x/env"),
		"another toolchain":  set("GOTOOLCHAIN", "auto"),
		"toolexec":           set("GOFLAGS", "-mod=readonly -toolexec=sh"),
		"an overlay":         set("GOFLAGS", "-overlay=/x"),
		"a remote proxy":     set("GOPROXY", "https://modules.invalid"),
		"a list of proxies":  set("GOPROXY", "file:///x,direct"),
		"another PATH":       set("PATH", "/usr/bin"),
		"another GOOS":       set("GOOS", "plan9"),
	} {
		code, out, errs := work(t, request)
		if code != exitRequest || len(out) > 0 || !strings.Contains(errs, "source request") {
			t.Errorf("%s: exit %d, said %q", name, code, errs)
		}
	}
	var out, errs bytes.Buffer
	if code := Worker(context.Background(), []string{"x"}, strings.NewReader("{}"), &out, &errs); code != exitRequest {
		t.Errorf("an argument: exit %d", code)
	}
}

func TestEnvIsComplete(t *testing.T) {
	list := Env{GOROOT: "/go", GOOS: "linux", GOARCH: "arm64", Home: "/h", Proxy: "file:///p", Vendored: true}.List()
	if !slices.IsSorted(list) {
		t.Errorf("not sorted: %v", list)
	}
	for _, want := range []string{"CGO_ENABLED=0", "GOENV=off", "GOPACKAGESDRIVER=off", "GOWORK=off", "GOPROXY=file:///p", "GOFLAGS=-mod=vendor"} {
		if !slices.Contains(list, want) {
			t.Errorf("%s is missing from %v", want, list)
		}
	}
}

func TestSourceThatIsNotThere(t *testing.T) {
	code, out, errs := work(t, Request{Source: filepath.Join(t.TempDir(), "nowhere")})
	if code != exitFailed || len(out) > 0 || errs == "" {
		t.Errorf("exit %d, said %q", code, errs)
	}
}

func TestInterrupted(t *testing.T) {
	res := Interrupted(Request{Passes: []string{"link", "bytes"}}, "memory", []byte("parse a\nbuild example.invalid/huge\n"))
	want := link.Gap{What: "build example.invalid/huge", Why: "stopped by the limit on memory"}
	if len(res.Gaps) != 1 || res.Gaps[0] != want {
		t.Errorf("gaps %v", res.Gaps)
	}
	if res := Interrupted(Request{}, "wall", nil); res.Gaps[0].What != "source analysis" {
		t.Errorf("gaps %v", res.Gaps)
	}
}

func TestParseResultIsStrict(t *testing.T) {
	for _, bad := range []string{"", "{}x", `{"rules":"a","rules":"b"}`, `{"Rules":"a"}`, `{"verdict":"pass"}`, "[]"} {
		if _, err := ParseResult([]byte(bad)); err == nil {
			t.Errorf("%q is accepted", bad)
		}
	}
	var want *RequestError
	if _, err := parseRequest([]byte("{}")); !errors.As(err, &want) || want.Code != "bad-request" {
		t.Errorf("an empty request: %v", err)
	}
}

// FuzzParseResult checks that what reads as a result can be turned into findings.
func FuzzParseResult(f *testing.F) {
	f.Add([]byte(`{"rules":"sha256:","passes":["bytes"],"uncovered":[],"gaps":[]}`))
	f.Add([]byte(`{"rules":"","passes":[],"bytes":{"files":1,"bytes":2,"languages":[],"marks":[{"kind":"bidi","file":"a","place":"code","line":1,"column":1,"where":"code","runes":["U+202E"],"count":1}],"identifiers":[],"blobs":[],"archives":[],"hosts":[{"name":"h","built":1,"loud":0,"quiet":0,"first":[]}],"unread":[]},"uncovered":[],"gaps":[]}`))
	f.Fuzz(func(t *testing.T, data []byte) {
		res, err := ParseResult(data)
		if err != nil {
			return
		}
		out, _, err := Outcomes("p", res, Policy{})
		if err != nil || len(out.Checks) != 2 {
			t.Errorf("%d checks, error %v", len(out.Checks), err)
		}
	})
}
