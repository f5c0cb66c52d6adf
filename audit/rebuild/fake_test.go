package rebuild

import (
	"archive/zip"
	"bytes"
	"context"
	"encoding/json"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/proffer-audit/proffer/audit/evidence"
	"github.com/proffer-audit/proffer/audit/sandbox"
	"github.com/proffer-audit/proffer/audit/workspace"
)

// fakeBox stands for a sandbox in tests of what a job does around its commands.
// It starts nothing: do plays the command, in the host folder of the source.
type fakeBox struct {
	canPlace bool
	commands []sandbox.Command
	do       func(c sandbox.Command, source string) sandbox.Result
	err      error
}

func (f *fakeBox) CanPlace() bool           { return f.canPlace }
func (f *fakeBox) Place(name string) string { return "/inside/" + name }
func (f *fakeBox) Grant(string) error       { return nil }

func (f *fakeBox) Bind(host, name string, writable bool) sandbox.Bind {
	b := sandbox.Bind{Host: host, Inside: host, Writable: writable}
	if f.canPlace {
		b.Inside = f.Place(name)
	}
	return b
}

func (f *fakeBox) Run(_ context.Context, c sandbox.Command) (sandbox.Result, error) {
	f.commands = append(f.commands, c)
	if f.err != nil {
		return sandbox.Result{}, f.err
	}
	source := ""
	for _, b := range c.Binds {
		if b.Inside == c.Dir {
			source = b.Host
		}
	}
	if len(c.Argv) > 1 && c.Argv[1] == "list" {
		return sandbox.Result{}, nil
	}
	return f.do(c, source), nil
}

// builds makes a do that writes the output.
func builds(t *testing.T, output, content string) func(sandbox.Command, string) sandbox.Result {
	return func(c sandbox.Command, source string) sandbox.Result {
		write(t, source, output, content)
		return sandbox.Result{Stderr: []byte("# m\n" + c.Dir + "/main.go: noted\n")}
	}
}

func write(t testing.TB, dir, name, content string) {
	t.Helper()
	p := filepath.Join(dir, filepath.FromSlash(name))
	if err := os.MkdirAll(filepath.Dir(p), 0o755); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(p, []byte(content), 0o755); err != nil {
		t.Fatal(err)
	}
}

func zipOf(t testing.TB, pairs ...string) []byte {
	t.Helper()
	var b bytes.Buffer
	w := zip.NewWriter(&b)
	for i := 0; i < len(pairs); i += 2 {
		f, err := w.Create(pairs[i])
		if err != nil {
			t.Fatal(err)
		}
		if _, err := f.Write([]byte(pairs[i+1])); err != nil {
			t.Fatal(err)
		}
	}
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	return b.Bytes()
}

func keep(t testing.TB, store *evidence.Memory, name string, data []byte) evidence.Descriptor {
	t.Helper()
	d, err := store.PutBytes(data)
	if err != nil {
		t.Fatal(err)
	}
	return evidence.Descriptor{Name: name, Digest: d, Size: int64(len(data))}
}

const program = "\x7fELF the program"

// sample is a job whose artifact holds the program, a reviewed text and a hook
// that the source has not.
func sample(t testing.TB, store *evidence.Memory, extra ...string) Job {
	t.Helper()
	source := []string{"m@v1/go.mod", "module m\n", "m@v1/main.go", "package main\n", "m@v1/README", "read me\n", "m@v1/old/agent", program}
	artifact := append([]string{"p/agent", program, "p/README", "read me\n"}, extra...)
	return Job{
		Artifact:  Artifact{Blob: keep(t, store, "artifact", zipOf(t, artifact...)), URI: "pkg:generic/agent@1"},
		File:      "p/agent",
		Source:    workspace.Archive{Blob: keep(t, store, "source", zipOf(t, source...)), Strip: "m@v1", URI: "pkg:golang/m@v1"},
		Toolchain: workspace.Archive{Blob: keep(t, store, "toolchain", zipOf(t, "tc/bin/go", "go", "tc/bin/gofmt", "gofmt")), Strip: "tc", URI: "pkg:golang/golang.org/toolchain@v1"},
		Recipe:    Recipe{Command: []string{"go", "build", "-trimpath", "-o", "out/agent", "."}, Output: "out/agent"},
	}
}

func mustRun(t *testing.T, sb box, store *evidence.Memory, job Job) (Result, Usage) {
	t.Helper()
	scratch := t.TempDir()
	r, usage, err := run(context.Background(), sb, store, scratch, job)
	if err != nil {
		t.Fatal(err)
	}
	if left, err := os.ReadDir(scratch); err != nil || len(left) > 0 {
		t.Errorf("left in scratch: %v, %v", left, err)
	}
	raw, err := json.Marshal(r)
	if err != nil {
		t.Fatal(err)
	}
	if bytes.Contains(raw, []byte(scratch)) || strings.Contains(string(raw), "/inside/") {
		t.Errorf("a path of this machine in %s", raw)
	}
	return r, usage
}

func rules(r Result, v Verdict) []string {
	var list []string
	for _, f := range Outcomes("linux-x64", r, v).Findings {
		list = append(list, string(f.Severity)+" "+f.Rule)
	}
	slices.Sort(list)
	return list
}
