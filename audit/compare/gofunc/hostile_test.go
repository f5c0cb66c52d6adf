package gofunc_test

import (
	"bytes"
	"encoding/binary"
	"errors"
	"math/rand/v2"
	"os"
	"runtime"
	"strings"
	"testing"

	"github.com/proffer-audit/proffer/audit/compare/gofunc"
)

// self is this very test program, which is a Go program.
func self(t testing.TB) []byte {
	t.Helper()
	exe, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	b, err := os.ReadFile(exe)
	if err != nil {
		t.Fatal(err)
	}
	return b
}

func TestRefusals(t *testing.T) {
	program, tab := smallELF(), smallData
	changed := func(f func(b []byte)) []byte {
		b := bytes.Clone(program)
		f(b)
		return b
	}
	for _, tt := range []struct {
		name string
		b    []byte
		want error
	}{
		{"empty", nil, gofunc.ErrNotGo},
		{"a script", []byte("#!/bin/sh\nexit 0\n"), gofunc.ErrNotGo},
		{"a universal file", append([]byte{0xca, 0xfe, 0xba, 0xbe, 0, 0, 0, 2}, make([]byte, 100)...), gofunc.ErrUnsupported},
		{"half a header", program[:40], gofunc.ErrMalformed},
		{"cut off", program[:len(program)-1], gofunc.ErrMalformed},
		{"another processor", changed(func(b []byte) { b[18] = 0xf3 }), gofunc.ErrUnsupported},
		{"32 bits", changed(func(b []byte) { b[4] = 1 }), nil},
		{"segments that overlap", changed(func(b []byte) { binary.LittleEndian.PutUint64(b[64+16:], smallBase+smallData) }), gofunc.ErrMalformed},
		{"code that is not executable", changed(func(b []byte) { b[64+4] = 4 }), gofunc.ErrMalformed},
		{"no module data", changed(func(b []byte) { b[smallMod]++ }), gofunc.ErrUnsupported},
		{"no function table", changed(func(b []byte) { b[tab] = 0xf2 }), gofunc.ErrNotGo},
		{"more functions than rows", changed(func(b []byte) { binary.LittleEndian.PutUint64(b[tab+8:], 1<<40) }), gofunc.ErrNotGo},
		{"one function less", changed(func(b []byte) { b[tab+8]-- }), gofunc.ErrUnsupported},
		{"tables in another order", changed(func(b []byte) { binary.LittleEndian.PutUint64(b[tab+32:], 1<<60) }), gofunc.ErrNotGo},
		{"a record outside of the table", changed(func(b []byte) {
			binary.LittleEndian.PutUint32(b[tab+160+4:], 1<<31)
		}), gofunc.ErrMalformed},
		{"functions that overlap", changed(func(b []byte) {
			binary.LittleEndian.PutUint32(b[tab+160+8:], 1<<30)
		}), gofunc.ErrMalformed},
	} {
		t.Run(tt.name, func(t *testing.T) {
			for _, flip := range []bool{false, true} {
				a, b, side := tt.b, program, "shipped"
				if flip {
					a, b, side = b, a, "rebuilt"
				}
				v, err := gofunc.Compare(a, b)
				var e *gofunc.Error
				if v != nil || !errors.As(err, &e) || tt.want != nil && !errors.Is(err, tt.want) {
					t.Fatalf("verdict %v, error %v, want %v", v != nil, err, tt.want)
				}
				if e.Side != side {
					t.Errorf("the %s file is blamed, not the %s: %v", e.Side, side, err)
				}
			}
		})
	}
}

func TestUnlike(t *testing.T) {
	b := smallELF()
	b[18] = 0xb7
	if v, err := gofunc.Compare(smallELF(), b); v != nil || !errors.Is(err, gofunc.ErrUnlike) {
		t.Errorf("verdict %v, error %v", v != nil, err)
	}
}

// TestItself finds no difference, one byte in a function, one in a string that
// a function refers to, and bytes between functions.
func TestItself(t *testing.T) {
	program := self(t)
	v, err := gofunc.Compare(program, bytes.Clone(program))
	if err != nil {
		t.Skip("the test program cannot be read:", err)
	}
	if !v.Equal() || v.Counts.Relocated != 0 || v.Counts.Same != v.Shipped.Functions {
		t.Errorf("a program differs from itself: %+v, data %+v", v.Counts, v.Data)
	}
	find := func(name string) gofunc.Range {
		for _, r := range v.ShippedRanges {
			if r.Name == name {
				return r
			}
		}
		t.Fatalf("no range of %s", name)
		return gofunc.Range{}
	}
	code := find("github.com/proffer-audit/proffer/audit/compare/gofunc_test.landmark")
	marks := bytes.Index(program, []byte(strings.Join([]string{"a landmark", "that nothing", "else says"}, " ")))
	for _, tt := range []struct {
		name string
		at   int64
	}{{"code", code.Offset + 1}, {"string", int64(marks) + 20}} {
		b := bytes.Clone(program)
		b[tt.at] ^= 0x11
		v, err := gofunc.Compare(program, b)
		if err != nil {
			t.Fatal(err)
		}
		if v.Counts.Changed != 1 || v.Functions[0].Name != code.Name {
			t.Errorf("%s: %+v %+v", tt.name, v.Counts, v.Functions)
		}
	}
}

//go:noinline
func landmark(n int) string {
	if n > 1 {
		return landmark(n / 2)
	}
	return "a landmark that nothing else says"
}

func TestLandmark(t *testing.T) {
	if s := landmark(len(os.Args)); s == "" {
		t.Error(s)
	}
}

// TestDamage compares a program with copies of it that have random bytes in
// random places. It must come back, with a verdict or an error.
func TestDamage(t *testing.T) {
	p := newProgram(1, 1)
	if testing.Short() {
		t.Skip("builds programs")
	}
	program := build(t, p, target{runtime.GOOS, runtime.GOARCH, []string{"-ldflags=-s -w"}})
	tab := max(0, bytes.Index(program, []byte{0xf1, 0xff, 0xff, 0xff, 0, 0}))
	r := rand.New(rand.NewPCG(1, 1))
	verdicts := 0
	for range 20 {
		b := bytes.Clone(program)
		for range 1 + r.IntN(3) {
			at := r.IntN(len(b))
			switch r.IntN(3) {
			case 0:
				at = r.IntN(1024)
			case 1:
				at = min(tab+r.IntN(1<<20), len(b)-1)
			}
			b[at] = byte(r.IntN(256))
		}
		v, err := gofunc.Compare(program, b)
		var e *gofunc.Error
		if err != nil && !errors.As(err, &e) {
			t.Errorf("an error of another type: %v", err)
		}
		if err == nil {
			verdicts++
			if v.Equal() && !bytes.Equal(b, program) {
				t.Log("nothing of what differs is in code or data")
			}
		}
	}
	if verdicts == 0 {
		t.Error("no copy was read at all")
	}
}

func FuzzCompare(f *testing.F) {
	small := smallELF()
	f.Add(small, small)
	f.Add([]byte("MZ"), small)
	f.Add([]byte{0xcf, 0xfa, 0xed, 0xfe, 7, 0, 0, 1}, small)
	f.Fuzz(func(t *testing.T, a, b []byte) {
		for _, compare := range []func(a, b []byte) (*gofunc.Verdict, error){gofunc.Compare, gofunc.CompareSymbols} {
			v, err := compare(a, b)
			var e *gofunc.Error
			if (v == nil) == (err == nil) || err != nil && !errors.As(err, &e) {
				t.Fatalf("verdict %v, error %v", v, err)
			}
		}
	})
}

// FuzzOneSide changes bytes of a program of a few functions.
func FuzzOneSide(f *testing.F) {
	small := smallELF()
	f.Add(uint32(0x1000), uint64(0))
	f.Fuzz(func(t *testing.T, at uint32, v uint64) {
		b := bytes.Clone(small)
		binary.LittleEndian.PutUint64(b[int(at)%(len(b)-8):], v)
		for _, pair := range [][2][]byte{{small, b}, {b, small}, {b, b}} {
			got, err := gofunc.Compare(pair[0], pair[1])
			if (got == nil) == (err == nil) {
				t.Fatalf("verdict %v, error %v", got, err)
			}
			if err == nil && bytes.Equal(pair[0], pair[1]) && got.Counts.Changed > 0 {
				t.Fatalf("a program differs from itself: %+v", got.Functions)
			}
		}
	})
}
