package workspace

import (
	"bytes"
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

const patchOld = "one\ntwo\nthree\nfour\nfive\nsix\nseven\neight\n"

func TestPatch(t *testing.T) {
	for _, tt := range []struct{ name, diff, want string }{
		{"one line", "--- a/src/x.go\n+++ b/src/x.go\n@@ -3,3 +3,3 @@ three\n three\n-four\n+vier\n five\n", strings.Replace(patchOld, "four", "vier", 1)},
		{"with git's head and a time", "diff --git a/src/x.go b/src/x.go\nindex 1..2 100644\n--- src/x.go\t2026-01-01\n+++ src/x.go\t2026-01-02\n@@ -1 +1,2 @@\n-one\n+eins\n+half\n", strings.Replace(patchOld, "one", "eins\nhalf", 1)},
		{"two hunks", "--- a/src/x.go\n+++ b/src/x.go\n@@ -1,2 +1 @@\n-one\n two\n@@ -8 +7,2 @@\n eight\n+nine\n", strings.TrimPrefix(patchOld, "one\n") + "nine\n"},
		{"only added", "--- a/src/x.go\n+++ b/src/x.go\n@@ -0,0 +1 @@\n+zero\n", "zero\n" + patchOld},
		{"newline at the end taken", "--- a/src/x.go\n+++ b/src/x.go\n@@ -8 +8 @@\n-eight\n+eight\n\\ No newline at end of file\n", strings.TrimSuffix(patchOld, "\n")},
	} {
		t.Run(tt.name, func(t *testing.T) {
			p, err := ParsePatch([]byte(tt.diff))
			if err != nil {
				t.Fatal(err)
			}
			got, err := p.Apply("src/x.go", []byte(patchOld))
			if err != nil {
				t.Fatal(err)
			}
			if diff := cmp.Diff(tt.want, string(got)); diff != "" {
				t.Error(diff)
			}
		})
	}
}

func TestPatchRefuses(t *testing.T) {
	for _, tt := range []struct{ name, diff string }{
		{"nothing", "hello\n"},
		{"a path above", "--- a/../x\n+++ b/../x\n@@ -1 +1 @@\n-a\n+b\n"},
		{"an absolute path", "--- /etc/x\n+++ /etc/x\n@@ -1 +1 @@\n-a\n+b\n"},
		{"a new file", "--- /dev/null\n+++ b/src/x\n@@ -0,0 +1 @@\n+b\n"},
		{"a renamed file", "--- a/src/y\n+++ b/src/x\n@@ -1 +1 @@\n-a\n+b\n"},
		{"a hunk cut short", "--- a/src/x\n+++ b/src/x\n@@ -1,2 +1,2 @@\n a\n"},
		{"a hunk with other counts", "--- a/src/x\n+++ b/src/x\n@@ -1,1 +1,2 @@\n a\n b\n c\n"},
		{"a foreign line", "--- a/src/x\n+++ b/src/x\n@@ -1,2 +1,2 @@\n a\n?\n"},
		{"no hunk", "--- a/src/x\n+++ b/src/x\n"},
		{"a binary one", "GIT binary patch\nliteral 1\n"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			if p, err := ParsePatch([]byte(tt.diff)); !errors.Is(err, ErrPatch) {
				t.Errorf("%v, %v", p, err)
			}
		})
	}
	p, err := ParsePatch([]byte("--- a/src/x\n+++ b/src/x\n@@ -2 +2 @@\n-one\n+uno\n"))
	if err != nil {
		t.Fatal(err)
	}
	if _, err := p.Apply("src/x", []byte(patchOld)); !errors.Is(err, ErrPatch) {
		t.Errorf("a hunk in another place: %v", err)
	}
}

func TestLinePatch(t *testing.T) {
	for _, line := range []string{"one", "four", "eight"} {
		diff, ok := LinePatch("src/x.go", []byte(patchOld), line, "//"+line)
		if !ok {
			t.Fatal(line)
		}
		p, err := ParsePatch(diff)
		if err != nil {
			t.Fatal(err)
		}
		got, err := p.Apply("src/x.go", []byte(patchOld))
		if want := strings.Replace(patchOld, line, "//"+line, 1); err != nil || string(got) != want {
			t.Errorf("%s: %q, %v", line, got, err)
		}
	}
	if _, ok := LinePatch("x", []byte("a\na\n"), "a", "b"); ok {
		t.Error("a line that stands twice")
	}
}

func TestPatchToolchain(t *testing.T) {
	dir := t.TempDir()
	l := &Layout{Toolchain: filepath.Join(dir, "toolchain")}
	for p, content := range map[string]string{"VERSION": "go1.99.1\ntime x\n", "src/x.go": patchOld, "pkg/tool/os_arch/link": "old", "bin/go": "go"} {
		name := filepath.Join(l.Toolchain, filepath.FromSlash(p))
		if err := os.MkdirAll(filepath.Dir(name), 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(name, []byte(content), 0o755); err != nil {
			t.Fatal(err)
		}
	}
	diff, _ := LinePatch("src/x.go", []byte(patchOld), "four", "vier")
	p, err := ParsePatch(diff)
	if err != nil {
		t.Fatal(err)
	}
	patched, err := l.PatchToolchain("patched", []Patch{p})
	if err != nil {
		t.Fatal(err)
	}
	built := filepath.Join(dir, "built")
	if err := os.WriteFile(built, []byte("new"), 0o644); err != nil {
		t.Fatal(err)
	}
	if err := ReplaceTool(patched, "cmd/link", built); err != nil {
		t.Fatal(err)
	}
	for _, want := range [][3]string{
		{l.Toolchain, "src/x.go", patchOld},
		{l.Toolchain, "pkg/tool/os_arch/link", "old"},
		{patched, "src/x.go", strings.Replace(patchOld, "four", "vier", 1)},
		{patched, "pkg/tool/os_arch/link", "new"},
		{patched, "bin/go", "go"},
	} {
		got, err := os.ReadFile(filepath.Join(want[0], filepath.FromSlash(want[1])))
		if err != nil || string(got) != want[2] {
			t.Errorf("%s: %q, %v", want[1], got, err)
		}
	}
	if v := GoVersion(patched); v != "go1.99.1" {
		t.Errorf("version %q", v)
	}
	outside, err := ParsePatch([]byte("--- a/bin/go\n+++ b/bin/go\n@@ -1 +1 @@\n-go\n+evil\n"))
	if err != nil {
		t.Fatal(err)
	}
	if _, err := l.PatchToolchain("other", []Patch{outside}); !errors.Is(err, ErrPatch) {
		t.Errorf("a patch outside of src: %v", err)
	}
	if err := ReplaceTool(patched, "cmd/none", built); !errors.Is(err, ErrPatch) {
		t.Errorf("a tool that is not there: %v", err)
	}
}

func FuzzParsePatch(f *testing.F) {
	f.Add([]byte("--- a/src/x.go\n+++ b/src/x.go\n@@ -3,3 +3,3 @@ three\n three\n-four\n+vier\n five\n"))
	f.Add([]byte("--- a/src/x.go\n+++ b/src/x.go\n@@ -8 +8 @@\n-eight\n+eight\n\\ No newline at end of file\n"))
	f.Fuzz(func(t *testing.T, data []byte) {
		p, err := ParsePatch(data)
		if err != nil {
			return
		}
		for _, name := range p.Paths() {
			if !filepath.IsLocal(filepath.FromSlash(name)) {
				t.Errorf("path %q", name)
			}
			content := bytes.Repeat([]byte("line\n"), 20)
			if _, err := p.Apply(name, content); err != nil && !errors.Is(err, ErrPatch) {
				t.Error(err)
			}
		}
	})
}
