package evidence_test

import (
	"errors"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/proffer-audit/proffer/audit/evidence"
)

func TestOverlayLeavesItsBaseAlone(t *testing.T) {
	base, top := evidence.NewMemory(), evidence.NewMemory()
	old := put(t, base, "old")
	o := evidence.NewOverlay(base, top)
	put(t, o, "old")
	fresh := put(t, o, "new")
	if base.Has(fresh) || top.Has(old) || !o.Has(old) || !o.Has(fresh) {
		t.Errorf("base has new %v, top has old %v, overlay has old %v, new %v", base.Has(fresh), top.Has(old), o.Has(old), o.Has(fresh))
	}
	for d, want := range map[evidence.Digest]string{old: "old", fresh: "new"} {
		if got, err := o.Read(d, 0); err != nil || string(got) != want {
			t.Errorf("%q, %v", got, err)
		}
	}
}

// plain hides all but the ReadWriter.
type plain struct{ evidence.ReadWriter }

func TestOverlayOverPlainParts(t *testing.T) {
	base, top := evidence.NewMemory(), evidence.NewMemory()
	old := put(t, base, "old")
	o := evidence.NewOverlay(plain{base}, plain{top})
	d, n, err := o.Put(strings.NewReader("new"), 0)
	if err != nil || n != 3 || !top.Has(d) {
		t.Fatalf("Put: %d, %v", n, err)
	}
	r, n, err := o.Open(old)
	if err != nil || n != 3 {
		t.Fatal(n, err)
	}
	if got, err := io.ReadAll(r); err != nil || string(got) != "old" {
		t.Errorf("%q, %v", got, err)
	}
	if _, ok := o.Size(old); ok {
		t.Error("a size from a base that knows none")
	}
}

func TestReplaceFile(t *testing.T) {
	dir := t.TempDir()
	root, err := os.OpenRoot(dir)
	if err != nil {
		t.Fatal(err)
	}
	defer root.Close()
	left := filepath.Join(dir, "f"+evidence.TempSuffix)
	if err := os.WriteFile(left, []byte("half"), 0o600); err != nil {
		t.Fatal(err)
	}
	for _, want := range []string{"one", "two"} {
		if err := evidence.ReplaceFile(root, "f", []byte(want), 0o600); err != nil {
			t.Fatal(err)
		}
		if got, err := root.ReadFile("f"); err != nil || string(got) != want {
			t.Errorf("%q, %v", got, err)
		}
	}
	if _, err := os.Lstat(left); !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("the temporary file: %v", err)
	}
	if err := evidence.ReplaceFile(root, "absent/f", nil, 0o600); err == nil {
		t.Error("wrote into a folder that is not there")
	}
}
