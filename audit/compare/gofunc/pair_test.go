package gofunc_test

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/proffer-audit/proffer/audit/compare/gofunc"
)

// TestPair compares the two files that PROFFER_TEST_PAIR names, separated by a
// colon, so that time and memory of the whole process can be measured.
func TestPair(t *testing.T) {
	pair := os.Getenv("PROFFER_TEST_PAIR")
	if pair == "" {
		t.Skip("PROFFER_TEST_PAIR names no files")
	}
	from, to, _ := strings.Cut(pair, ":")
	a, err := os.ReadFile(from)
	if err != nil {
		t.Fatal(err)
	}
	b, err := os.ReadFile(to)
	if err != nil {
		t.Fatal(err)
	}
	v, err := gofunc.Compare(a, b)
	if err != nil {
		t.Fatal(err)
	}
	fmt.Printf("%d of %d functions differ, %d added, %d removed, %d variables\n",
		v.Counts.Changed, v.Shipped.Functions, v.Counts.Added, v.Counts.Removed, len(v.Data))
	fmt.Printf("%d and %d bytes of code outside of functions, differ: %v\n", v.Shipped.OutsideFunctions, v.Rebuilt.OutsideFunctions, v.Shipped.ForeignDiffers)
	for _, f := range v.Functions {
		fmt.Printf("%s %s, %s:%d, %d -> %d bytes, %+v through %v\n", f.Class, f.Name, filepath.Base(f.File), f.Line, f.ShippedSize, f.RebuiltSize, f.Summary, f.ThroughInlined)
	}
	for _, d := range v.Data {
		fmt.Printf("%s %s %q %v: %s -> %s\n", d.Class, d.Kind, d.Name, d.UsedBy, d.Shipped, d.Rebuilt)
	}
}

// TestWritePair builds the pair of the benchmark into the directory that
// PROFFER_TEST_WRITE_PAIR names: some 20 MB with symbols, one function changed.
func TestWritePair(t *testing.T) {
	dir := os.Getenv("PROFFER_TEST_WRITE_PAIR")
	if dir == "" {
		t.Skip("PROFFER_TEST_WRITE_PAIR names no directory")
	}
	a := newProgram(7, 420, "net/http", "go/types", "html/template")
	b := a.clone()
	b.shapes[1].s[0] += " and more"
	on := target{goos: "linux", goarch: "amd64"}
	for name, p := range map[string]*program{"shipped": a, "rebuilt": b} {
		if err := os.WriteFile(filepath.Join(dir, name), build(t, p, on), 0o700); err != nil {
			t.Fatal(err)
		}
	}
	t.Log("changed:", b.shapes[1].linkName())
}
