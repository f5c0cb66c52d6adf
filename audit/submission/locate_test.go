package submission

import (
	"errors"
	"io/fs"
	"strings"
	"testing"

	"github.com/proffer-audit/proffer/audit/strictyaml"
)

func TestFilePath(t *testing.T) {
	for _, tt := range []struct {
		location, path string
		ok             bool
	}{
		{"file:a/b.zip", "a/b.zip", true},
		{"https://a.example/b", "", false},
		{"file:/a", "", false},
		{"file:a/../b", "", false},
		{"file:a?b", "", false},
	} {
		path, ok := FilePath(tt.location)
		if ok != tt.ok || (ok && path != tt.path) {
			t.Errorf("FilePath(%q) = %q, %v", tt.location, path, ok)
		}
	}
	if got := Scheme("git+https://a.example/b#c"); got != SchemeGit {
		t.Errorf("Scheme = %q", got)
	}
}

func TestGoModuleKeepsCase(t *testing.T) {
	for _, tt := range []struct {
		purl, path, version string
		ok                  bool
	}{
		{"pkg:golang/github.com/BurntSushi/toml@v1.6.0", "github.com/BurntSushi/toml", "v1.6.0", true},
		{"pkg:golang/golang.org/toolchain@v0.0.1-go1.26.5.linux-amd64", "golang.org/toolchain", "v0.0.1-go1.26.5.linux-amd64", true},
		{"pkg:golang/example.org/a@v2.0.0%2Bincompatible", "example.org/a", "v2.0.0+incompatible", true},
		{"pkg:golang/example.org/a%2F..%2Fb@v1.0.0", "", "", false},
		{"pkg:golang/example.org/a@v1", "", "", false},
		{"pkg:golang/example.org/a@v1.0.0?x=y", "", "", false},
		{"pkg:golang/example.org/%zz@v1.0.0", "", "", false},
		{"pkg:npm/a@1.0.0", "", "", false},
	} {
		path, version, ok := GoModule(tt.purl)
		if ok != tt.ok || path != tt.path || version != tt.version {
			t.Errorf("GoModule(%q) = %q, %q, %v", tt.purl, path, version, ok)
		}
	}
}

// Whatever Parse accepts, no location and no path leaves its folder.
func FuzzParse(f *testing.F) {
	f.Add([]byte(full(f)))
	for _, tt := range refusals {
		f.Add([]byte(strings.Replace(full(f), tt.old, tt.new, 1)))
	}
	f.Fuzz(func(t *testing.T, data []byte) {
		s, err := Parse("f", data)
		if err != nil {
			var e *strictyaml.Error
			if !errors.As(err, &e) || e.Line < 1 || e.Column < 1 {
				t.Fatalf("an error without a place: %#v", err)
			}
			return
		}
		for _, a := range s.Artifacts {
			for _, l := range a.Locations {
				if path, ok := FilePath(l); ok != (Scheme(l) == SchemeFile) || (ok && (!fs.ValidPath(path) || path == ".")) {
					t.Fatalf("accepted the location %q", l)
				}
			}
			for _, file := range a.Files {
				if !fs.ValidPath(file.Path) {
					t.Fatalf("accepted the path %q", file.Path)
				}
			}
		}
	})
}
