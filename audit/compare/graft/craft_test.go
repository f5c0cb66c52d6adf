package graft_test

import (
	"bytes"
	"encoding/binary"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"sync"
	"testing"

	"github.com/proffer-audit/proffer/audit/compare/graft"
	"github.com/proffer-audit/proffer/audit/compare/graft/signtest"
)

const program = `package main

func main() { println("a program that was built again") }
`

// built is a Go program for another machine. A run of the tests builds each
// once.
type built struct {
	once sync.Once
	data []byte
	err  string
}

var builds [4]built

func build(t *testing.T, index int, goos, goarch string) []byte {
	t.Helper()
	goTool, err := exec.LookPath("go")
	if err != nil {
		t.Skip("SKIPPED: there is no go command to build a program for ", goos)
	}
	b := &builds[index]
	b.once.Do(func() {
		dir, err := os.MkdirTemp("", "graft")
		if err != nil {
			b.err = err.Error()
			return
		}
		defer os.RemoveAll(dir)
		for name, text := range map[string]string{"main.go": program, "go.mod": "module example.org/tiny\n\ngo 1.26\n"} {
			if err := os.WriteFile(filepath.Join(dir, name), []byte(text), 0o600); err != nil {
				b.err = err.Error()
				return
			}
		}
		cmd := exec.Command(goTool, "build", "-trimpath", "-buildvcs=false", "-o", "out", ".")
		cmd.Dir = dir
		cmd.Env = append(os.Environ(), "GOOS="+goos, "GOARCH="+goarch, "CGO_ENABLED=0", "GOFLAGS=", "GOWORK=off")
		if out, err := cmd.CombinedOutput(); err != nil {
			b.err = err.Error() + "\n" + string(out)
			return
		}
		b.data, err = os.ReadFile(filepath.Join(dir, "out"))
		if err != nil {
			b.err = err.Error()
		}
	})
	if b.err != "" {
		t.Fatal(b.err)
	}
	return slices.Clone(b.data)
}

func windows(t *testing.T) []byte     { return build(t, 0, "windows", "amd64") }
func darwinARM(t *testing.T) []byte   { return build(t, 1, "darwin", "arm64") }
func darwinIntel(t *testing.T) []byte { return build(t, 2, "darwin", "amd64") }

func newSigner(t testing.TB) *signtest.Signer {
	t.Helper()
	s, err := signtest.New("Vendor Release", true)
	if err != nil {
		t.Fatal(err)
	}
	return s
}

func apply(t testing.TB, shipped, rebuilt []byte) *graft.Graft {
	t.Helper()
	g, err := graft.Apply(shipped, rebuilt, graft.Limits{})
	if err != nil {
		t.Fatal(err)
	}
	check(t, shipped, g)
	return g
}

// check holds every graft to what all of them promise.
func check(t testing.TB, shipped []byte, g *graft.Graft) {
	t.Helper()
	size, end := int64(len(shipped)), int64(-1)
	for _, r := range g.Area {
		if r.Offset <= end || r.Length <= 0 || r.Offset+r.Length > size {
			t.Fatalf("area %+v of %d bytes", g.Area, size)
		}
		end = r.Offset + r.Length
	}
	for _, f := range g.Findings {
		if f.Code == "" || f.Message == "" || f.Offset < 0 || f.Length < 0 || f.Offset+f.Length > size {
			t.Fatalf("finding %+v of %d bytes", f, size)
		}
	}
}

// clean demands a graft that is the shipped file and finds nothing in its area.
func clean(t testing.TB, shipped, rebuilt []byte) *graft.Graft {
	t.Helper()
	g := apply(t, shipped, rebuilt)
	for _, f := range g.Findings {
		if f.SecurityRelevant {
			t.Errorf("finding in an honest signature: %+v", f)
		}
	}
	if !g.Identical(shipped) {
		t.Fatalf("not identical: %d bytes grafted, %d shipped, first difference at %d", len(g.Bytes), len(shipped), firstDifference(g.Bytes, shipped))
	}
	return g
}

func firstDifference(a, b []byte) int {
	for i := range min(len(a), len(b)) {
		if a[i] != b[i] {
			return i
		}
	}
	return min(len(a), len(b))
}

// flagged demands a security-relevant finding with a code, that covers an
// offset of the shipped file unless it is negative.
func flagged(t testing.TB, g *graft.Graft, code string, at int64) {
	t.Helper()
	for _, f := range g.Findings {
		if f.Code == code && f.SecurityRelevant && (at < 0 || f.Offset <= at && at < f.Offset+f.Length) {
			return
		}
	}
	t.Errorf("no %s at %d among %+v", code, at, g.Findings)
}

// outside demands that the graft took nothing from outside the area: shipped
// files that differ there, between two offsets, give the same bytes. fix mends
// what follows from the whole file.
func outside(t *testing.T, shipped, rebuilt []byte, from, to int, fix func([]byte)) {
	t.Helper()
	want := apply(t, shipped, rebuilt)
	var free []int
	for i := from; i < to; i++ {
		if !slices.ContainsFunc(want.Area, func(r graft.Range) bool { return int64(i) >= r.Offset && int64(i) < r.Offset+r.Length }) {
			free = append(free, i)
		}
	}
	tried := 0
	for n := 0; n < len(free); n += max(len(free)/30, 1) {
		changed := slices.Clone(shipped)
		changed[free[n]] ^= 0x55
		if fix != nil {
			fix(changed)
		}
		got, err := graft.Apply(changed, rebuilt, graft.Limits{})
		if err != nil {
			continue // a header that is no longer one
		}
		tried++
		if !bytes.Equal(got.Bytes, want.Bytes) {
			t.Fatalf("byte %d of the shipped file, outside the area, reached the graft at %d", free[n], firstDifference(got.Bytes, want.Bytes))
		}
	}
	if tried < 10 {
		t.Fatalf("only %d bytes were tried", tried)
	}
}

// contents are the bounds of a zip's members: behind them the directory says
// which members there are.
func contents(z []byte) (from, to int) { return 0, int(get32(z, len(z)-22+16)) }

func put32(b []byte, at int, v uint32) { binary.LittleEndian.PutUint32(b[at:], v) }
func get32(b []byte, at int) uint32    { return binary.LittleEndian.Uint32(b[at:]) }
