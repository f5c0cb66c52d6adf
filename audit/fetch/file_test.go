package fetch

import (
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/proffer-audit/proffer/audit/archive"
)

func TestFile(t *testing.T) {
	base := t.TempDir()
	inside := filepath.Join(base, "manifest")
	write(t, filepath.Join(base, "secret"), "secret")
	write(t, filepath.Join(inside, "dist", "a b.tgz"), "content")
	for link, to := range map[string]string{"out": "../secret", "abs": filepath.Join(base, "secret"), "in": "dist/a b.tgz", "dir": ".."} {
		if err := os.Symlink(to, filepath.Join(inside, link)); err != nil {
			t.Skip("no symbolic links here: ", err)
		}
	}
	for location, code := range map[string]Code{
		"file:dist/a%20b.tgz":      "",
		"file:dist/a b.tgz":        "",
		"file:in":                  "",
		"file:./dist/a b.tgz":      "",
		"file:out":                 Unreadable,
		"file:abs":                 Unreadable,
		"file:dir/secret":          Unreadable,
		"file:../secret":           BadLocation,
		"file:dist/../../secret":   BadLocation,
		"file:%2e%2e/secret":       BadLocation,
		"file:" + base + "/secret": BadLocation,
		"file:///etc/passwd":       BadLocation,
		"file://host/x":            BadLocation,
		`file:dist\..\..\secret`:   BadLocation,
		"file:":                    BadLocation,
		"file:%zz":                 BadLocation,
		"file:a%00b":               BadLocation,
		"file:dist":                Unreadable,
		"file:nothing":             Unreadable,
	} {
		w := newWorld(t, func(o *Options, _ *hooks) { o.Offline = true })
		o, recs := w.get(t, Request{Locations: []string{location}, Digest: pin512([]byte("content")), Base: inside})
		if o.Code != code {
			t.Errorf("%s: code %q, want %q: %s", location, o.Code, code, errorsOf(recs))
		}
		if text := errorsOf(recs); code != BadLocation && strings.Contains(text, base) {
			t.Errorf("%s: the record holds a path of this machine: %s", location, text)
		}
		leftoversIfAny(t, w)
	}
	w := newWorld(t, nil)
	o, recs := w.get(t, Request{Locations: []string{"file:dist/a b.tgz"}, Digest: pin512(nil), Base: inside, Max: 3})
	w.wantCode(t, o, recs, Missing, TooLarge)
	o, recs = w.get(t, Request{Locations: []string{"file:dist/a b.tgz"}, Digest: pin512(nil)})
	w.wantCode(t, o, recs, Missing, BadLocation)
}

func leftoversIfAny(t *testing.T, w *world) {
	t.Helper()
	if _, err := os.Stat(w.opt.Scratch); errors.Is(err, os.ErrNotExist) {
		return
	}
	leftovers(t, w)
}

func write(t testing.TB, path, data string) {
	t.Helper()
	if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(path, []byte(data), 0o644); err != nil {
		t.Fatal(err)
	}
}

func TestTree(t *testing.T) {
	base := t.TempDir()
	write(t, filepath.Join(base, "src", "main.go"), "package main\n")
	write(t, filepath.Join(base, "src", "lib", "a.go"), "package lib\n")
	digest, err := archive.TreeDigest(os.DirFS(filepath.Join(base, "src")))
	if err != nil {
		t.Fatal(err)
	}
	req := Request{Locations: []string{"file:src"}, Digest: digest, Base: base}
	w := newWorld(t, func(o *Options, _ *hooks) { o.Offline = true })
	o, recs := w.get(t, req)
	w.wantObtained(t, o, recs)
	if o.Blob.MediaType != MediaTree {
		t.Errorf("media type %s", o.Blob.MediaType)
	}
	req.Max = 10
	o, recs = w.get(t, req)
	w.wantCode(t, o, recs, Missing, TooLarge)

	req.Max = 0
	write(t, filepath.Join(base, "src", "extra.go"), "package main\n")
	o, recs = w.get(t, req)
	w.wantCode(t, o, recs, Mismatched, Mismatch)
	if !strings.HasPrefix(o.Observed, "tree-sha256:") || o.Observed == digest {
		t.Errorf("observed %q", o.Observed)
	}
	o, recs = w.get(t, Request{Locations: []string{"file:src/main.go"}, Digest: digest, Base: base})
	w.wantCode(t, o, recs, Missing, Unreadable)
}
