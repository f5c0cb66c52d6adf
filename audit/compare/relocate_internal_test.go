package compare

import (
	"encoding/binary"
	"math/rand/v2"
	"slices"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/proffer-audit/proffer/audit/compare/sections"
)

func noise(n int) []byte {
	r := rand.New(rand.NewPCG(5, 6))
	b := make([]byte, n)
	for i := range b {
		b[i] = byte(r.Uint32())
	}
	return b
}

// What was put in and what was taken out has no counterpart; all else has the
// right one.
func TestAlign(t *testing.T) {
	b := noise(6000)
	a := slices.Concat(b[:1000], []byte("inserted, and not there before"), b[1000:4000], b[4100:])
	covered := make([]bool, len(a))
	for _, s := range align(a, b) {
		for i := range s.n {
			if a[s.a+i] != b[s.b+i] && (s.a+i < 1000 || s.a+i >= 1030) {
				t.Fatalf("byte %d is set against byte %d", s.a+i, s.b+i)
			}
			covered[s.a+i] = true
		}
	}
	left := 0
	for i, c := range covered {
		if !c && (i < 1000-2*anchorLen || i > 1030+2*anchorLen) && (i < 4030-2*anchorLen || i > 4030+2*anchorLen) {
			left++
		}
	}
	if left > 0 {
		t.Errorf("%d bytes have no counterpart and should", left)
	}
	for _, pair := range [][2][]byte{{nil, b}, {b, nil}, {b[:10], b[:11]}, {make([]byte, 500), make([]byte, 700)}} {
		at := 0
		for _, s := range align(pair[0], pair[1]) {
			if s.a < at || s.a+s.n > len(pair[0]) || s.b+s.n > len(pair[1]) {
				t.Errorf("stretch %+v of %d and %d bytes", s, len(pair[0]), len(pair[1]))
			}
			at = s.a + s.n
		}
	}
}

// A word is relocated when it points to the same place of the same thing, and
// unexplained when it points anywhere else.
func TestWords(t *testing.T) {
	program := func(text, data uint64) *sections.Program {
		return &sections.Program{Sections: []sections.Section{
			{Name: ".text", Addr: text, Off: 0x1000, Size: 0x800, Load: true},
			{Name: ".data", Addr: data, Off: 0x2000, Size: 0x100, Load: true},
		}}
	}
	m := &mapping{order: binary.LittleEndian, pa: program(0x401000, 0x402000), pb: program(0x401000, 0x402020)}
	m.bases = []span{{0x401000, 0x401000, 0}, {0x402000, 0x402020, 0}}
	m.spans = slices.Clone(m.bases)
	m.add(0x1100, 0x1120, 0x40) // a function that moved by 32 bytes
	m.sort()
	word := func(v ...uint64) []byte {
		var b []byte
		for _, w := range v {
			b = binary.LittleEndian.AppendUint64(b, w)
		}
		return b
	}
	half := func(v ...uint32) []byte {
		var b []byte
		for _, w := range v {
			b = binary.LittleEndian.AppendUint32(b, w)
		}
		return b
	}
	for _, tt := range []struct {
		name string
		a, b []byte
		want []classed
	}{
		{"the same", word(1, 2), word(1, 2), []classed{{0, 16, Moved}}},
		{"an address of the function", word(7, 0x401108, 9), word(7, 0x401128, 9), []classed{{0, 8, Moved}, {8, 16, Relocated}, {16, 24, Moved}}},
		{"another place of the function", word(0x401108), word(0x401130), []classed{{0, 1, Unexplained}, {1, 8, Moved}}},
		{"behind the function", word(0x401180), word(0x4011a0), []classed{{0, 1, Unexplained}, {1, 8, Moved}}},
		{"an offset from the text", half(0x108, 5), half(0x128, 5), []classed{{0, 4, Relocated}, {4, 8, Moved}}},
		{"a number", half(1000, 5), half(1001, 5), []classed{{0, 1, Unexplained}, {1, 8, Moved}}},
		{"the start of the data", word(0x402000), word(0x402020), []classed{{0, 8, Relocated}}},
	} {
		t.Run(tt.name, func(t *testing.T) {
			if diff := cmp.Diff(tt.want, m.compare(tt.a, tt.b, 0x2000), cmp.AllowUnexported(classed{})); diff != "" {
				t.Error(diff)
			}
		})
	}
}
