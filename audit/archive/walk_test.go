package archive_test

import (
	"archive/tar"
	"errors"
	"fmt"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/proffer-audit/proffer/audit/archive"
	"github.com/proffer-audit/proffer/audit/evidence"
)

func TestFormats(t *testing.T) {
	files := []string{"p/a.txt", "alpha", "p/b/c.txt", "gamma"}
	want := map[string]string{"p/a.txt": "alpha", "p/b/c.txt": "gamma"}
	for _, tt := range []struct {
		name string
		data []byte
		file string
		want map[string]string
	}{
		{"zip", zipOf(t, files...), "x.zip", want},
		{"tar", tarOf(t, files...), "x.tar", want},
		{"tar.gz", gz(t, tarOf(t, files...)), "x.tgz", want},
		{"gz", gz(t, []byte("hello")), "dir/x.txt.gz", map[string]string{"x.txt": "hello"}},
		{"plain", []byte("hello"), "dir/x.txt", map[string]string{"x.txt": "hello"}},
		{"empty", nil, "x", map[string]string{"x": ""}},
	} {
		t.Run(tt.name, func(t *testing.T) {
			var s seen
			odd, err := archive.Walk(tt.data, tt.file, archive.Limits{}, s.visit)
			if err != nil || len(odd) > 0 {
				t.Fatalf("Walk: %v, anomalies %v", err, odd)
			}
			if diff := cmp.Diff(tt.want, s.contents); diff != "" {
				t.Error(diff)
			}
			for _, m := range s.members {
				if m.Kind == archive.File && m.Digest != evidence.Of([]byte(s.contents[m.Path])) {
					t.Errorf("%s: digest %s", m.Path, m.Digest)
				}
			}
		})
	}
}

// TestNames offers every bad name as zip, tar and tar.gz: the same class each
// time, a path that stays inside, and never refused.
func TestNames(t *testing.T) {
	for _, tt := range []struct{ name, class, path string }{
		{"../evil", archive.NameDotDot, "%2E%2E/evil"},
		{"a/../../evil", archive.NameDotDot, "a/%2E%2E/%2E%2E/evil"},
		{"..", archive.NameDotDot, "%2E%2E"},
		{"/abs", archive.NameAbsolute, "%2Fabs"},
		{"//host/share", archive.NameAbsolute, "%2Fhost/share"},
		{`a\b`, archive.NameBackslash, "a%5Cb"},
		{`a\..\..\b`, archive.NameDotDot, "a%5C..%5C..%5Cb"},
		{"C:evil", archive.NameDrive, "C%3Aevil"},
		{"c:/evil", archive.NameDrive, "c%3A/evil"},
		{"a\nb", archive.NameControl, "a%0Ab"},
		{"a\x1b[31m", archive.NameControl, "a%1B[31m"},
		{"caf\xe9", archive.NameEncoding, "caf%E9"},
		{"con", archive.NameReserved, "con"},
		{"x/AUX.txt", archive.NameReserved, "x/AUX.txt"},
		{"lpt1.c", archive.NameReserved, "lpt1.c"},
		{"ab:stream", archive.NameReserved, "ab:stream"},
		{"trailing.", archive.NameReserved, "trailing."},
		{"trailing ", archive.NameReserved, "trailing "},
		{"a//b", archive.NameUnclean, "a/b"},
		{"a/./b", archive.NameUnclean, "a/b"},
		{strings.Repeat("n", 256), archive.NameLong, strings.Repeat("n", 256)},
	} {
		for format, data := range map[string][]byte{
			"zip": craft([]entry{{name: tt.name, content: "x"}}, ""),
			"tar": tarOf(t, tt.name, "x"),
			"tgz": gz(t, tarOf(t, tt.name, "x")),
		} {
			t.Run(fmt.Sprintf("%s/%.20q", format, tt.name), func(t *testing.T) {
				var s seen
				odd, err := archive.Walk(data, "x", archive.Limits{}, s.visit)
				if err != nil {
					t.Fatal(err)
				}
				if classes(odd)[tt.class] == 0 {
					t.Errorf("no %s in %v", tt.class, odd)
				}
				if len(s.members) != 1 || s.members[0].Path != tt.path {
					t.Errorf("members %+v, want path %q", s.members, tt.path)
				}
			})
		}
	}
	// A tar cannot carry a NUL in a name; a zip can.
	odd, err := archive.Walk(craft([]entry{{name: "a\x00b", content: "x"}, {name: "", content: "y"}}, ""), "x",
		archive.Limits{}, func(archive.Member, []byte) error { return nil })
	if c := classes(odd); err != nil || c[archive.NameNUL] != 1 || c[archive.NameEmpty] != 1 {
		t.Errorf("NUL and empty name: %v, %v", odd, err)
	}
}

func TestDuplicates(t *testing.T) {
	for _, tt := range []struct {
		class string
		names []string
	}{
		{archive.Duplicate, []string{"a", "b", "a"}},
		{archive.DuplicateCase, []string{"Read", "READ"}},
		{archive.DuplicateCase, []string{"dir/a", "DIR/b", "DIR/c"}},
		{archive.DuplicateCase, []string{"straße", "STRAßE"}},
		{archive.DuplicateNFC, []string{"caf\u00e9", "cafe\u0301"}},
		{archive.FileAndDirectory, []string{"a", "a/b"}},
		{archive.FileAndDirectory, []string{"a/b", "a"}},
		{"", []string{"a/b", "a/c", "b/a", "ab"}},
	} {
		var pairs []string
		for _, n := range tt.names {
			pairs = append(pairs, n, "x")
		}
		for format, data := range map[string][]byte{"zip": zipOf(t, pairs...), "tar": tarOf(t, pairs...)} {
			var s seen
			odd, err := archive.Walk(data, "x", archive.Limits{}, s.visit)
			if err != nil || len(s.members) != len(tt.names) {
				t.Fatalf("%s %q: %v, %d members", format, tt.names, err, len(s.members))
			}
			switch c := classes(odd); {
			case tt.class == "" && len(odd) > 0:
				t.Errorf("%s %q: %v", format, tt.names, odd)
			case tt.class != "" && (c[tt.class] != 1 || len(odd) != 1):
				t.Errorf("%s %q: want one %s, got %v", format, tt.names, tt.class, odd)
			}
		}
	}
}

func TestTarKinds(t *testing.T) {
	for _, tt := range []struct {
		h     tar.Header
		class string
		kind  archive.Kind
		link  string
	}{
		{tar.Header{Typeflag: tar.TypeSymlink, Linkname: "/etc/passwd"}, archive.IsSymlink, archive.Symlink, "/etc/passwd"},
		{tar.Header{Typeflag: tar.TypeLink, Linkname: "other"}, archive.IsHardLink, archive.Other, "other"},
		{tar.Header{Typeflag: tar.TypeChar}, archive.IsSpecial, archive.Other, ""},
		{tar.Header{Typeflag: tar.TypeBlock}, archive.IsSpecial, archive.Other, ""},
		{tar.Header{Typeflag: tar.TypeFifo}, archive.IsSpecial, archive.Other, ""},
		{tar.Header{Typeflag: tar.TypeReg, Mode: 0o4755}, archive.SetID, archive.File, ""},
		{tar.Header{Typeflag: tar.TypeReg, Mode: 0o2755}, archive.SetID, archive.File, ""},
		{
			tar.Header{Typeflag: tar.TypeReg, PAXRecords: map[string]string{"SCHILY.xattr.security.capability": "x"}},
			archive.Capabilities, archive.File, "",
		},
	} {
		tt.h.Name = "m"
		var s seen
		odd, err := archive.Walk(tarHeaders(t, []tar.Header{tt.h}, nil), "x.tar", archive.Limits{}, s.visit)
		if err != nil {
			t.Fatal(err)
		}
		if m := s.members[0]; m.Kind != tt.kind || m.Link != tt.link {
			t.Errorf("%s: member %+v", tt.class, m)
		}
		if c := classes(odd); c[tt.class] != 1 || len(odd) != 1 {
			t.Errorf("want one %s, got %v", tt.class, odd)
		}
	}
}

func TestTails(t *testing.T) {
	member := gz(t, []byte("one"))
	for _, tt := range []struct {
		name, class string
		data        []byte
	}{
		{"tar", archive.TarTrailing, append(tarOf(t, "a", "x"), "more"...)},
		{"tar.gz", archive.TarTrailing, gz(t, append(tarOf(t, "a", "x"), "more"...))},
		{"gzip junk", archive.GzipTrailing, append(gz(t, []byte("one")), "junk"...)},
		{"gzip members", archive.GzipMembers, append(member, gz(t, []byte("two"))...)},
		{"xz", archive.NotRead, []byte("\xfd7zXZ\x00rest")},
	} {
		odd, err := archive.Walk(tt.data, "x.gz", archive.Limits{}, new(seen).visit)
		if err != nil || classes(odd)[tt.class] != 1 || len(odd) != 1 {
			t.Errorf("%s: want one %s, got %v, %v", tt.name, tt.class, odd, err)
		}
	}
}

func TestNested(t *testing.T) {
	inner := zipOf(t, "deep.txt", "treasure")
	data := zipOf(t, "a/in.tgz", string(gz(t, tarOf(t, "z.zip", string(inner)))), "broken.zip", "PK\x03\x04junk", "n.xz", "\xfd7zXZ\x00")
	var s seen
	odd, err := archive.Nested(data, "x.zip", archive.Limits{}, s.visit)
	if err != nil {
		t.Fatal(err)
	}
	var paths []string
	for _, m := range s.members {
		paths = append(paths, m.Path)
	}
	want := []string{"a/in.tgz", "a/in.tgz!/z.zip", "a/in.tgz!/z.zip!/deep.txt", "broken.zip", "n.xz"}
	if diff := cmp.Diff(want, paths); diff != "" {
		t.Error(diff)
	}
	if s.contents["a/in.tgz!/z.zip!/deep.txt"] != "treasure" {
		t.Errorf("content %q", s.contents)
	}
	if c := classes(odd); c[archive.NestedUnread] != 1 || c[archive.NotRead] != 1 || len(odd) != 2 {
		t.Errorf("anomalies %v", odd)
	}
	_, err = archive.Nested(data, "x.zip", archive.Limits{Depth: 1}, s.visit)
	if limit := new(archive.LimitError); !errors.As(err, &limit) || limit.Code != "depth" {
		t.Errorf("depth 1: %v", err)
	}
}

func TestVisitorsErrorEndsTheWalk(t *testing.T) {
	stop := errors.New("stop")
	n := 0
	_, err := archive.Walk(zipOf(t, "a", "1", "b", "2"), "x", archive.Limits{}, func(archive.Member, []byte) error {
		n++
		return stop
	})
	if !errors.Is(err, stop) || n != 1 {
		t.Errorf("after %d members: %v", n, err)
	}
}
