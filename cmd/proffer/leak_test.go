package main

import (
	"bytes"
	"errors"
	"io/fs"
	"os"
	"os/user"
	"path/filepath"
	"runtime"
	"strings"
	"testing"
)

// TestNothingLeaks searches everything that an audit writes for what it has no
// business to tell: who ran it, on which machine, and in which folders. The
// lab's folders, its user and, for root, its machine have the marker in their
// names.
func TestNothingLeaks(t *testing.T) {
	l := theLab(t)
	secret := map[string]string{"the marker of the lab": marker, "the folder of the lab": l.dir}
	if home, err := os.UserHomeDir(); err == nil && len(home) > 1 {
		secret["the home folder"] = home + "/"
	}
	if u, err := user.Current(); err == nil && len(u.Username) > 4 {
		secret["the user"] = u.Username
	}
	if host, err := os.Hostname(); err == nil && len(host) > 4 {
		secret["the machine"] = host
	}
	if wd, err := os.Getwd(); err == nil {
		secret["the folder of the repository"] = filepath.Dir(filepath.Dir(wd)) + "/"
	}
	entries, err := os.ReadDir(l.out)
	if err != nil || len(entries) < 7 {
		t.Fatalf("%d files in the output folder: %v", len(entries), err)
	}
	for _, e := range entries {
		data, err := os.ReadFile(filepath.Join(l.out, e.Name()))
		if err != nil {
			t.Fatal(err)
		}
		for what, word := range secret {
			if i := bytes.Index(data, []byte(word)); i >= 0 {
				t.Errorf("%s names %s, %q: …%q…", e.Name(), what, word, data[max(0, i-60):min(len(data), i+60)])
			}
		}
	}
	run, err := os.ReadFile(filepath.Join(l.out, "run.json"))
	if err != nil {
		t.Fatal(err)
	}
	if !bytes.Contains(run, []byte(`"machine":"`+runtime.GOOS+"/"+runtime.GOARCH+`"`)) {
		t.Errorf("the run record does not say what kind of machine: %s", run)
	}
}

// TestScratchIsEmptied: nothing of the vendor's is left unpacked, and no
// temporary folder is left behind.
func TestScratchIsEmptied(t *testing.T) {
	l := theLab(t)
	for _, dir := range []string{filepath.Join(l.dir, "tmp"), filepath.Join(l.state, "scratch"), filepath.Join(l.state, "transfers"), filepath.Join(l.state, "store", "tmp")} {
		entries, err := os.ReadDir(dir)
		if err != nil && !errors.Is(err, fs.ErrNotExist) {
			t.Error(err)
		}
		for _, e := range entries {
			t.Errorf("%s holds %s", strings.TrimPrefix(dir, l.dir), e.Name())
		}
	}
}
