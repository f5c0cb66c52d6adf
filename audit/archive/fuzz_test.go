package archive_test

import (
	"path/filepath"
	"strings"
	"testing"
	"unicode/utf8"

	"github.com/proffer-audit/proffer/audit/archive"
)

var small = archive.Limits{Entries: 1000, Output: 8 << 20, PerFile: 1 << 20, Depth: 3}

// check states what holds for every input: paths stay inside, are clean and
// valid, and the budget is kept.
func check(t *testing.T, data []byte) {
	t.Helper()
	var total int64
	n := 0
	odd, err := archive.Nested(data, "fuzz", small, func(m archive.Member, content []byte) error {
		n++
		total += int64(len(content))
		for part := range strings.SplitSeq(m.Path, "!/") {
			if !filepath.IsLocal(filepath.FromSlash(part)) || !utf8.ValidString(part) || strings.ContainsAny(part, "\x00\n\\") {
				t.Errorf("path %q", m.Path)
			}
		}
		if m.Kind == archive.File && int64(len(content)) != m.Size {
			t.Errorf("%q: size %d, %d bytes", m.Path, m.Size, len(content))
		}
		return nil
	})
	if n > small.Entries || total > small.Output {
		t.Errorf("%d members, %d bytes", n, total)
	}
	for _, a := range odd {
		if a.Class == "" || !utf8.ValidString(a.Path) || !utf8.ValidString(a.Detail) {
			t.Errorf("anomaly %+v", a)
		}
	}
	if err != nil && !strings.HasPrefix(err.Error(), "archive ") {
		t.Errorf("error without a place: %v", err)
	}
}

func FuzzZip(f *testing.F) {
	f.Add(zipOf(f, "a", "alpha", "d/b", "beta"))
	f.Add(craft([]entry{{name: "../a", content: "x", mode: symlinkMode, unicode: "b"}}, "gap"))
	f.Add(append([]byte("MZ"), zipOf(f, "in.zip", string(zipOf(f, "a", "x")))...))
	f.Fuzz(func(t *testing.T, data []byte) { check(t, data) })
}

func FuzzTar(f *testing.F) {
	f.Add(tarOf(f, "a", "alpha", "d/b", "beta"))
	f.Add(gz(f, tarOf(f, "../a", "alpha")))
	f.Add(append(gz(f, []byte("one")), gz(f, []byte("two"))...))
	f.Fuzz(func(t *testing.T, data []byte) { check(t, data) })
}
