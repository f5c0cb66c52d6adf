package workspace_test

import (
	"archive/tar"
	"archive/zip"
	"bytes"
	"compress/gzip"
	"errors"
	"io/fs"
	"maps"
	"os"
	"path/filepath"
	"runtime"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/proffer-audit/proffer/audit/archive"
	"github.com/proffer-audit/proffer/audit/evidence"
	"github.com/proffer-audit/proffer/audit/workspace"
)

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

func tgzOf(t testing.TB, hs ...tar.Header) []byte {
	t.Helper()
	var b bytes.Buffer
	z := gzip.NewWriter(&b)
	w := tar.NewWriter(z)
	for i := range hs {
		if err := w.WriteHeader(&hs[i]); err != nil {
			t.Fatal(err)
		}
		if _, err := w.Write(make([]byte, hs[i].Size)); err != nil {
			t.Fatal(err)
		}
	}
	if err := errors.Join(w.Close(), z.Close()); err != nil {
		t.Fatal(err)
	}
	return b.Bytes()
}

// kept puts data into the store as an archive.
func kept(t testing.TB, store *evidence.Memory, data []byte, strip string) *workspace.Archive {
	t.Helper()
	d, err := store.PutBytes(data)
	if err != nil {
		t.Fatal(err)
	}
	return &workspace.Archive{Blob: evidence.Descriptor{Name: "x", Digest: d, Size: int64(len(data))}, Strip: strip}
}

func put(t testing.TB, store *evidence.Memory, data string) evidence.Digest {
	t.Helper()
	d, err := store.PutBytes([]byte(data))
	if err != nil {
		t.Fatal(err)
	}
	return d
}

// listed is every file below dir with its content.
func listed(t *testing.T, dir string) map[string]string {
	t.Helper()
	got := map[string]string{}
	err := fs.WalkDir(os.DirFS(dir), ".", func(p string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() {
			return err
		}
		content, err := os.ReadFile(filepath.Join(dir, p))
		got[p] = string(content)
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	return got
}

const shipped = "\x7fELF the shipped program"

func TestLayTakesOutWhatWasShipped(t *testing.T) {
	store := evidence.NewMemory()
	inner := zipOf(t, "deep/prog", shipped)
	source := kept(t, store, zipOf(t,
		"m@v1/go.mod", "module m\n", "m@v1/main.go", "package main\n",
		"m@v1/testdata/prog", shipped, "m@v1/testdata/outer.zip", string(zipOf(t, "in.zip", string(inner))),
		"m@v1/testdata/other.zip", string(zipOf(t, "a", "b")), "m@v1/testdata/broken.zip", "PK\x03\x04",
		"m@v1/.git/config", "[core]\n\tfsmonitor = evil\n", "m@v1/.git/hooks/post-checkout", "evil", "m@v1/sub/.git", "gitdir: x",
		"m@v1/c.go", "package main\n\nimport \"C\"\n", "m@v1/r_windows.syso", "\x00", "m@v1/a.s", "TEXT", "m@v1/a.c", "int x;",
		"m@v1/said.go", "package main\n\nvar s = \"C\"\n",
	), "m@v1")
	modZip := zipOf(t, "example.org/Dep@v1.0.0/go.mod", "module example.org/Dep\n", "example.org/Dep@v1.0.0/x.syso", "")
	badZip := zipOf(t, "example.org/bad@v1.0.0/prog", shipped)
	modules := []workspace.Module{
		{Path: "example.org/Dep", Version: "v1.0.0", Zip: put(t, store, string(modZip)), Mod: put(t, store, "module example.org/Dep\n")},
		{Path: "example.org/Dep", Version: "v0.9.0", Mod: put(t, store, "module example.org/Dep // old\n"), Info: put(t, store, `{"Version":"v0.9.0","Time":"t"}`)},
		{Path: "example.org/bad", Version: "v1.0.0", Zip: put(t, store, string(badZip))},
	}
	dir := filepath.Join(t.TempDir(), "w")
	l, err := workspace.Lay(store, dir, workspace.Spec{Source: source, Modules: modules, Targets: []evidence.Digest{evidence.Of([]byte(shipped))}})
	if err != nil {
		t.Fatal(err)
	}
	got := slices.Sorted(maps.Keys(listed(t, l.Source)))
	want := []string{"a.c", "a.s", "c.go", "go.mod", "main.go", "r_windows.syso", "said.go", "testdata/broken.zip", "testdata/other.zip"}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("source: %s", diff)
	}
	for name, tt := range map[string]struct{ got, want []workspace.Node }{
		"removed": {l.Removed, []workspace.Node{
			{Tree: "modules", Path: "example.org/bad@v1.0.0.zip", Detail: "example.org/bad@v1.0.0/prog"},
			{Tree: "source", Path: "testdata/outer.zip", Detail: "in.zip!/deep/prog"},
			{Tree: "source", Path: "testdata/prog"},
		}},
		"dropped": {l.Dropped, []workspace.Node{{Tree: "source", Path: ".git"}, {Tree: "source", Path: "sub/.git"}}},
		"special": {l.Special, []workspace.Node{
			{Tree: "modules", Path: "example.org/Dep@v1.0.0/x.syso", Detail: workspace.Object},
			{Tree: "source", Path: "a.c", Detail: workspace.Foreign},
			{Tree: "source", Path: "a.s", Detail: workspace.Assembly},
			{Tree: "source", Path: "c.go", Detail: workspace.Cgo},
			{Tree: "source", Path: "r_windows.syso", Detail: workspace.Object},
		}},
	} {
		if diff := cmp.Diff(tt.want, tt.got); diff != "" {
			t.Errorf("%s: %s", name, diff)
		}
	}
	if len(l.Anomalies) != 1 || l.Anomalies[0].Path != "m@v1/testdata/broken.zip!/" || !strings.HasPrefix(l.Anomalies[0].Detail, archive.NestedUnread) {
		t.Errorf("anomalies: %+v", l.Anomalies)
	}
	wantProxy := map[string]string{
		"cache/download/example.org/!dep/@v/list":        "v0.9.0\nv1.0.0\n",
		"cache/download/example.org/!dep/@v/v1.0.0.mod":  "module example.org/Dep\n",
		"cache/download/example.org/!dep/@v/v1.0.0.info": `{"Version":"v1.0.0"}`,
		"cache/download/example.org/!dep/@v/v1.0.0.zip":  string(modZip),
		"cache/download/example.org/!dep/@v/v0.9.0.mod":  "module example.org/Dep // old\n",
		"cache/download/example.org/!dep/@v/v0.9.0.info": `{"Version":"v0.9.0","Time":"t"}`,
		"cache/download/example.org/bad/@v/list":         "v1.0.0\n",
		"cache/download/example.org/bad/@v/v1.0.0.info":  `{"Version":"v1.0.0"}`,
	}
	if diff := cmp.Diff(wantProxy, listed(t, l.Modules)); diff != "" {
		t.Errorf("proxy: %s", diff)
	}
}

func TestLayToolchain(t *testing.T) {
	if runtime.GOOS == "windows" {
		t.Skip("modes are not kept on Windows")
	}
	store := evidence.NewMemory()
	blob := kept(t, store, zipOf(t, "tc@v1/bin/go", "go", "tc@v1/pkg/tool/linux_amd64/link", "link", "tc@v1/src/x.go", "package x", "tc@v1/pkg/include/x.h", "h"), "tc@v1")
	for name, spec := range map[string]workspace.Spec{
		"apart": {Toolchain: blob, Source: kept(t, store, zipOf(t, "a", "b"), "")},
		"same":  {Toolchain: blob, Source: blob},
	} {
		l, err := workspace.Lay(store, filepath.Join(t.TempDir(), "w"), spec)
		if err != nil {
			t.Fatal(err)
		}
		if l.Same != (name == "same") || l.Same != (l.Source == l.Toolchain) {
			t.Errorf("%s: %+v", name, l)
		}
		for p, want := range map[string]fs.FileMode{"bin/go": 0o755, "pkg/tool/linux_amd64/link": 0o755, "src/x.go": 0o644, "pkg/include/x.h": 0o644} {
			info, err := os.Stat(filepath.Join(l.Toolchain, p))
			if err != nil || info.Mode() != want {
				t.Errorf("%s: %s: %v, %v", name, p, info, err)
			}
		}
	}
}

func TestLayLeavesOutLinks(t *testing.T) {
	store := evidence.NewMemory()
	src := kept(t, store, tgzOf(t,
		tar.Header{Name: "package/a", Typeflag: tar.TypeReg, Size: 1},
		tar.Header{Name: "package/l", Typeflag: tar.TypeSymlink, Linkname: "/etc/passwd"},
		tar.Header{Name: "package/../../evil", Typeflag: tar.TypeReg, Size: 1}), "package")
	l, err := workspace.Lay(store, filepath.Join(t.TempDir(), "w"), workspace.Spec{Source: src})
	if err != nil {
		t.Fatal(err)
	}
	if got := listed(t, l.Source); len(got) != 1 {
		t.Errorf("source: %v", got)
	}
	want := []workspace.Node{{Tree: "source", Path: "%2E%2E/%2E%2E/evil", Detail: "file"}, {Tree: "source", Path: "l", Detail: "symlink"}}
	if diff := cmp.Diff(want, l.Left); diff != "" {
		t.Error(diff)
	}
}

func TestLayRefusals(t *testing.T) {
	store := evidence.NewMemory()
	full := t.TempDir()
	if err := os.WriteFile(filepath.Join(full, "x"), nil, 0o644); err != nil {
		t.Fatal(err)
	}
	zipped := put(t, store, "PK\x03\x04")
	for _, tt := range []struct {
		name, want string
		dir        string
		spec       workspace.Spec
	}{
		{"folder in use", "not empty", full, workspace.Spec{}},
		{"blob absent", "no such blob", t.TempDir(), workspace.Spec{Source: &workspace.Archive{Blob: evidence.Descriptor{Digest: evidence.Of([]byte("?"))}}}},
		{"malformed", "zip-end", t.TempDir(), workspace.Spec{Source: &workspace.Archive{Blob: evidence.Descriptor{Digest: zipped, Size: 4}}}},
		{"module path that leaves", "malformed", t.TempDir(), workspace.Spec{Modules: []workspace.Module{{Path: "../../evil", Version: "v1.0.0"}}}},
		{"module version that leaves", "invalid version", t.TempDir(), workspace.Spec{Modules: []workspace.Module{{Path: "example.org/m", Version: "v1.0.0/../../x"}}}},
		{"module absent", "no such blob", t.TempDir(), workspace.Spec{Modules: []workspace.Module{{Path: "example.org/m", Version: "v1.0.0", Zip: evidence.Of([]byte("?"))}}}},
		{"malformed module", "zip-end", t.TempDir(), workspace.Spec{Modules: []workspace.Module{{Path: "example.org/m", Version: "v1.0.0", Zip: zipped}}}},
		{"too large", "output", t.TempDir(), workspace.Spec{Source: kept(t, store, zipOf(t, "a", "12345"), ""), Limits: archive.Limits{Output: 4}}},
	} {
		t.Run(tt.name, func(t *testing.T) {
			_, err := workspace.Lay(store, tt.dir, tt.spec)
			if err == nil || !strings.Contains(err.Error(), tt.want) {
				t.Errorf("want %q, got %v", tt.want, err)
			}
		})
	}
}

func TestRemoveReadOnlyFolders(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "w")
	sub := filepath.Join(dir, "a", "b")
	if err := os.MkdirAll(sub, 0o755); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(filepath.Join(sub, "f"), nil, 0o444); err != nil {
		t.Fatal(err)
	}
	for _, d := range []string{sub, filepath.Dir(sub)} {
		if err := os.Chmod(d, 0o555); err != nil {
			t.Fatal(err)
		}
	}
	if err := workspace.Remove(dir); err != nil {
		t.Error(err)
	}
	if _, err := os.Stat(dir); !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("still there: %v", err)
	}
	if err := workspace.Remove(dir); err != nil {
		t.Errorf("a second time: %v", err)
	}
}

func TestIsText(t *testing.T) {
	for content, want := range map[string]bool{
		"package main\n": true, "": true, "naïve ü": true, "#!/bin/sh\n": true,
		shipped: false, "MZ": false, "PK\x03\x04": false, "\x1f\x8b\x08": false, "\x00asm": false, "a\x00b": false,
		"\xcf\xfa\xed\xfe": false, "latin \xe9": false, "\x28\xb5\x2f\xfd": false, "\xfd7zXZ\x00": false,
	} {
		if got := workspace.IsText([]byte(content)); got != want {
			t.Errorf("%q: %v", content, got)
		}
	}
}

func FuzzSpecial(f *testing.F) {
	f.Add("a.go", []byte("package a\nimport \"C\"\n"))
	f.Add("a.go", []byte("package a\nvar c = \"C\"\n"))
	f.Add("a.syso", []byte{})
	f.Fuzz(func(t *testing.T, name string, content []byte) {
		switch what := workspace.Special(name, content); what {
		case workspace.Object:
			if !strings.HasSuffix(name, ".syso") {
				t.Errorf("%q is %s", name, what)
			}
		case workspace.Cgo:
			if !strings.HasSuffix(name, ".go") || !bytes.Contains(content, []byte(`"C"`)) {
				t.Errorf("%q is %s", name, what)
			}
		case "", workspace.Assembly, workspace.Foreign:
		default:
			t.Errorf("%q is %q", name, what)
		}
	})
}
