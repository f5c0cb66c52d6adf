package engine_test

import (
	"bytes"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"sync"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/proffer-audit/proffer/audit/engine"
	"github.com/proffer-audit/proffer/audit/evidence"
)

func openCache(t *testing.T, dir string) engine.Cache {
	t.Helper()
	c, err := engine.OpenCache(dir)
	if err != nil {
		t.Fatal(err)
	}
	return c
}

func cacheFile(dir string, key evidence.Digest) string {
	return filepath.Join(dir, key.Hex()[:2], key.Hex()+".json")
}

func aResult(seed string) engine.Result {
	return engine.Result{
		ID: "fetch/x", Kind: "fetch", Key: evidence.Of([]byte(seed)), Observe: true,
		Outputs: []evidence.Descriptor{blob("bytes", seed), blob("log <é>", "log")},
	}
}

func TestCacheRemembers(t *testing.T) {
	dir := t.TempDir()
	for _, want := range []engine.Result{aResult("a"), aResult("b"), {ID: "none", Kind: "k", Key: evidence.Of(nil), Outputs: []evidence.Descriptor{}}} {
		if _, ok, err := openCache(t, dir).Get(want.Key); ok || err != nil {
			t.Fatalf("before: %v, %v", ok, err)
		}
		for range 2 {
			if err := openCache(t, dir).Put(want); err != nil {
				t.Fatal(err)
			}
		}
		got, ok, err := openCache(t, dir).Get(want.Key)
		if diff := cmp.Diff(want, got); !ok || err != nil || diff != "" {
			t.Errorf("%v, %v\n%s", ok, err, diff)
		}
	}
}

// TestCacheFileIsNotBelieved: every byte of a file counts, and its name.
func TestCacheFileIsNotBelieved(t *testing.T) {
	dir := t.TempDir()
	c := openCache(t, dir)
	r, other := aResult("a"), aResult("b")
	for _, r := range []engine.Result{r, other} {
		if err := c.Put(r); err != nil {
			t.Fatal(err)
		}
	}
	file := cacheFile(dir, r.Key)
	good, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	foreign, err := os.ReadFile(cacheFile(dir, other.Key))
	if err != nil {
		t.Fatal(err)
	}
	bad := map[string][]byte{
		"empty": {}, "no JSON": []byte("not JSON"), "cut": good[:len(good)/2], "foreign": foreign,
		"newline": append(bytes.Clone(good), '\n'), "large": bytes.Repeat([]byte(" "), 17<<20),
		"other key": bytes.ReplaceAll(good, []byte(r.Key), []byte(other.Key)),
	}
	for i := range good {
		flipped := bytes.Clone(good)
		flipped[i] ^= 0x01
		bad[fmt.Sprintf("byte %d flipped", i)] = flipped
	}
	for name, raw := range bad {
		if err := os.WriteFile(file, raw, 0o600); err != nil {
			t.Fatal(err)
		}
		if got, ok, err := c.Get(r.Key); ok || err != nil {
			t.Errorf("%q: %+v, %v, %v", name, got, ok, err)
		}
	}
	if err := c.Put(r); err != nil {
		t.Fatal(err)
	}
	if _, ok, err := c.Get(r.Key); !ok || err != nil {
		t.Errorf("after it was put again: %v, %v", ok, err)
	}
}

func TestCacheDoesNotFollowLinks(t *testing.T) {
	if runtime.GOOS == "windows" {
		t.Skip("making symbolic links needs a privilege on Windows")
	}
	dir := t.TempDir()
	c := openCache(t, dir)
	r := aResult("a")
	if err := c.Put(r); err != nil {
		t.Fatal(err)
	}
	file, aside := cacheFile(dir, r.Key), filepath.Join(dir, "aside")
	if err := errors.Join(os.Rename(file, aside), os.Symlink(aside, file)); err != nil {
		t.Fatal(err)
	}
	if _, ok, err := c.Get(r.Key); ok || err != nil {
		t.Errorf("through a link: %v, %v", ok, err)
	}
	if err := c.Put(r); err != nil {
		t.Fatal(err)
	}
	if info, err := os.Lstat(file); err != nil || !info.Mode().IsRegular() {
		t.Errorf("the link was not replaced: %v", err)
	}
}

func TestCacheRefusals(t *testing.T) {
	c := openCache(t, t.TempDir())
	if _, _, err := c.Get("sha256:../../x"); err == nil {
		t.Error("Get of a key that is no digest")
	}
	if err := c.Put(engine.Result{Key: "x"}); err == nil {
		t.Error("Put under a key that is no digest")
	}
	large := aResult("a")
	large.Outputs[0].Name = strings.Repeat("n", 17<<20)
	if err := c.Put(large); err == nil || !strings.Contains(err.Error(), large.ID) {
		t.Errorf("a result of 17 MiB: %v", err)
	}
	file := filepath.Join(t.TempDir(), "file")
	if err := os.WriteFile(file, nil, 0o600); err != nil {
		t.Fatal(err)
	}
	if _, err := engine.OpenCache(file); err == nil {
		t.Error("a file as a cache")
	}
	dir := t.TempDir()
	c = openCache(t, dir)
	if err := os.WriteFile(filepath.Join(dir, aResult("a").Key.Hex()[:2]), nil, 0o600); err != nil {
		t.Fatal(err)
	}
	if err := c.Put(aResult("a")); err == nil {
		t.Error("a file in the place of a folder")
	}
}

func TestCacheByManyGoroutines(t *testing.T) {
	c := openCache(t, t.TempDir())
	var wg sync.WaitGroup
	for i := range 16 {
		wg.Go(func() {
			r := aResult(string(rune('a' + i%3)))
			if err := c.Put(r); err != nil {
				t.Error(err)
			}
			if got, ok, err := c.Get(r.Key); !ok || err != nil || got.Key != r.Key {
				t.Errorf("%v, %v", ok, err)
			}
		})
	}
	wg.Wait()
}
