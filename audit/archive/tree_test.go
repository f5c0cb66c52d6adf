package archive_test

import (
	"bytes"
	"errors"
	"io/fs"
	"testing"
	"testing/fstest"

	"github.com/proffer-audit/proffer/audit/archive"
)

func tree() fstest.MapFS {
	return fstest.MapFS{
		"a/b":     {Data: []byte("hello\n"), Mode: 0o644},
		"a.b":     {Data: []byte("hello\n"), Mode: 0o600},
		"a/run":   {Data: []byte("#!\n"), Mode: 0o700},
		"a/empty": {Mode: fs.ModeDir | 0o755},
		"l":       {Data: []byte("a/b"), Mode: fs.ModeSymlink | 0o777},
	}
}

// TestTreeDigestIsTheDocumentedOne was computed with sort, printf and sha256sum
// from the four lines of the listing.
func TestTreeDigestIsTheDocumentedOne(t *testing.T) {
	got, err := archive.TreeDigest(tree())
	if err != nil {
		t.Fatal(err)
	}
	if want := "tree-sha256:193bb167d700330efc4c83ccb3800b6635c4fcbfd8d31f543ef521942cfee6ce"; got != want {
		t.Errorf("got %s, want %s", got, want)
	}
}

func TestTreeDigestSeesWhatMatters(t *testing.T) {
	base, err := archive.TreeDigest(tree())
	if err != nil {
		t.Fatal(err)
	}
	for name, tt := range map[string]struct {
		change func(fstest.MapFS)
		same   bool
	}{
		"content":    {func(m fstest.MapFS) { m["a/b"].Data = []byte("x") }, false},
		"exec bit":   {func(m fstest.MapFS) { m["a/b"].Mode = 0o755 }, false},
		"name":       {func(m fstest.MapFS) { m["c"] = m["a/b"]; delete(m, "a/b") }, false},
		"target":     {func(m fstest.MapFS) { m["l"].Data = []byte("a.b") }, false},
		"other mode": {func(m fstest.MapFS) { m["a/b"].Mode = 0o640 }, true},
		"empty dir":  {func(m fstest.MapFS) { m["e"] = &fstest.MapFile{Mode: fs.ModeDir} }, true},
	} {
		m := tree()
		tt.change(m)
		got, err := archive.TreeDigest(m)
		if err != nil || (got == base) != tt.same {
			t.Errorf("%s: %s against %s, %v", name, got, base, err)
		}
	}
}

func TestTreeRefusals(t *testing.T) {
	for name, m := range map[string]fstest.MapFS{
		"device":  {"d": {Mode: fs.ModeDevice}},
		"newline": {"a\nb": {Data: []byte("x")}},
		"utf-8":   {"a\xffb": {Data: []byte("x")}},
	} {
		_, digest := archive.TreeDigest(m)
		_, pack := archive.PackTree(m)
		for _, err := range []error{digest, pack} {
			if format := new(archive.FormatError); !errors.As(err, &format) || format.Code != "tree" {
				t.Errorf("%s: %v", name, err)
			}
		}
	}
}

func TestPackTree(t *testing.T) {
	packed, err := archive.PackTree(tree())
	if err != nil {
		t.Fatal(err)
	}
	again, err := archive.PackTree(tree())
	if err != nil || !bytes.Equal(packed, again) {
		t.Errorf("two packings differ, %v", err)
	}
	var s seen
	odd, err := archive.Walk(packed, "tree.tar", archive.Limits{}, s.visit)
	if err != nil || len(odd) != 1 || odd[0].Class != archive.IsSymlink {
		t.Fatalf("walk: %v, %v", odd, err)
	}
	got, err := archive.DigestMembers(s.members)
	want, werr := archive.TreeDigest(tree())
	if err != nil || werr != nil || got != want {
		t.Errorf("digest of the packed tree %s, of the tree %s (%v, %v)", got, want, err, werr)
	}
}
