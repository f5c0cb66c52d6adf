package archive_test

import (
	"archive/tar"
	"io/fs"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/proffer-audit/proffer/audit/archive"
)

// listed reads a tree back as path → "mode content".
func listed(t *testing.T, dir string) map[string]string {
	t.Helper()
	got := map[string]string{}
	err := filepath.WalkDir(dir, func(p string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() {
			return err
		}
		rel, err := filepath.Rel(dir, p)
		if err != nil {
			return err
		}
		info, err := d.Info()
		if err != nil {
			return err
		}
		content, err := os.ReadFile(p)
		got[filepath.ToSlash(rel)] = info.Mode().String() + " " + string(content)
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	return got
}

func TestExtract(t *testing.T) {
	if runtime.GOOS == "windows" {
		t.Skip("modes are not kept on Windows")
	}
	data := zipOf(t, "m@v1/", "", "m@v1/go.mod", "module m\n", "m@v1/bin/tool", "#!", "m@v1/x/skip.me", "s", "m@v1/x/drop.me", "d", "other/file", "o")
	dir := filepath.Join(t.TempDir(), "new")
	list, err := archive.Extract(data, dir, archive.Limits{}, archive.ExtractOptions{
		StripPrefix: "m@v1/",
		Skip:        func(m archive.Member) bool { return strings.HasSuffix(m.Path, "skip.me") },
		Inspect:     func(_ archive.Member, content []byte) (bool, error) { return string(content) != "d", nil },
		Exec:        func(p string) bool { return strings.HasPrefix(p, "bin/") },
	})
	if err != nil {
		t.Fatal(err)
	}
	want := map[string]string{"go.mod": "-rw-r--r-- module m\n", "bin/tool": "-rwxr-xr-x #!"}
	if diff := cmp.Diff(want, listed(t, dir)); diff != "" {
		t.Error(diff)
	}
	var left []string
	for _, m := range list.Left {
		left = append(left, m.Path)
	}
	if diff := cmp.Diff([]string{"m@v1/x/skip.me", "m@v1/x/drop.me", "other/file"}, left); diff != "" {
		t.Error(diff)
	}
	if c := classes(list.Anomalies); c[archive.OutsidePrefix] != 1 || len(list.Anomalies) != 1 {
		t.Errorf("anomalies %v", list.Anomalies)
	}
}

// TestExtractStaysInside unpacks everything that tries to leave beside a canary
// and wants the canary's tree unchanged and no link or device made.
func TestExtractStaysInside(t *testing.T) {
	top := t.TempDir()
	canary := filepath.Join(top, "canary")
	if err := os.WriteFile(canary, []byte("alive"), 0o644); err != nil {
		t.Fatal(err)
	}
	hs := []tar.Header{
		{Name: "link", Typeflag: tar.TypeSymlink, Linkname: ".."},
		{Name: "link/canary", Typeflag: tar.TypeReg, Size: 4},
		{Name: "hard", Typeflag: tar.TypeLink, Linkname: "../canary"},
		{Name: "hard", Typeflag: tar.TypeReg, Size: 4},
		{Name: "../canary", Typeflag: tar.TypeReg, Size: 4},
		{Name: canary, Typeflag: tar.TypeReg, Size: 4},
		{Name: `..\canary`, Typeflag: tar.TypeReg, Size: 4},
		{Name: "dev", Typeflag: tar.TypeChar, Devmajor: 1, Devminor: 3},
		{Name: "suid", Typeflag: tar.TypeReg, Mode: 0o6755, Size: 4},
		{Name: "twice", Typeflag: tar.TypeReg, Mode: 0o644, Size: 4},
		{Name: "twice", Typeflag: tar.TypeReg, Mode: 0o644, Size: 4},
		{Name: "twice/below", Typeflag: tar.TypeReg, Mode: 0o644, Size: 4},
	}
	contents := make([]string, len(hs))
	for i, h := range hs {
		if h.Size > 0 {
			contents[i] = "evil"
		}
	}
	dir := filepath.Join(top, "out")
	list, err := archive.Extract(tarHeaders(t, hs, contents), dir, archive.Limits{}, archive.ExtractOptions{})
	if err != nil {
		t.Fatal(err)
	}
	for p, want := range map[string]bool{"link/canary": true, "hard": true, "suid": true, "twice": true, "dev": false} {
		info, err := os.Lstat(filepath.Join(dir, filepath.FromSlash(p)))
		if want && (err != nil || !info.Mode().IsRegular() || info.Mode()&(fs.ModeSetuid|fs.ModeSetgid) != 0) || !want && err == nil {
			t.Errorf("%s: %v, %v", p, info, err)
		}
	}
	if content, err := os.ReadFile(canary); err != nil || string(content) != "alive" {
		t.Errorf("canary: %q, %v", content, err)
	}
	names, err := os.ReadDir(top)
	if err != nil || len(names) != 2 {
		t.Errorf("beside the canary: %v, %v", names, err)
	}
	if len(list.Written)+len(list.Left) != len(hs) {
		t.Errorf("%d written and %d left of %d", len(list.Written), len(list.Left), len(hs))
	}
}
