package gofunc_test

import (
	"bytes"
	"encoding/binary"
	"errors"
	"slices"
	"testing"

	"github.com/proffer-audit/proffer/audit/compare/gofunc"
)

// Addresses in the small program: each segment begins at its offset in the file
// plus smallBase.
const (
	smallBase = 0x400000
	smallText = 0x1000
	smallData = 0x2000 // pclntab, strings, moduledata
	smallEnd  = 0x4000
	smallStr  = 0x3000
	smallMod  = 0x3800
)

// smallELF is a Go program as far as the comparison looks at it: three
// functions, a string, a variable.
func smallELF() []byte {
	b := make([]byte, smallEnd)
	le := binary.LittleEndian
	copy(b, "\x7fELF\x02\x01\x01")
	le.PutUint16(b[16:], 2)
	le.PutUint16(b[18:], 62)
	le.PutUint32(b[20:], 1)
	le.PutUint64(b[32:], 64)
	le.PutUint16(b[52:], 64)
	le.PutUint16(b[54:], 56)
	le.PutUint16(b[56:], 2)
	le.PutUint16(b[58:], 64)
	for i, p := range [][3]uint64{{smallText, smallData - smallText, 5}, {smallData, smallEnd - smallData, 6}} {
		h := b[64+56*i:]
		le.PutUint32(h, 1)
		le.PutUint32(h[4:], uint32(p[2]))
		le.PutUint64(h[8:], p[0])
		le.PutUint64(h[16:], p[0]+smallBase)
		le.PutUint64(h[24:], p[0]+smallBase)
		le.PutUint64(h[32:], p[1])
		le.PutUint64(h[40:], p[1])
	}
	smallCode(b)
	smallTable(b)
	return b
}

// smallCode writes main.a, which calls main.b; main.b, which loads the string
// and its length; main.c, which adds to the variable.
func smallCode(b []byte) {
	le := binary.LittleEndian
	for i := smallText; i < smallText+0x60; i++ {
		b[i] = 0xcc
	}
	at := func(i int, code ...byte) int { return i + copy(b[i:], code) }
	n := at(smallText, 0xe8, 0, 0, 0, 0)
	le.PutUint32(b[n-4:], uint32(smallText+0x20-n))
	at(n, 0xc3)
	n = at(smallText+0x20, 0x48, 0x8d, 0x05, 0, 0, 0, 0)
	le.PutUint32(b[n-4:], uint32(smallStr-n))
	at(n, 0xbb, 5, 0, 0, 0, 0xc3)
	n = at(smallText+0x40, 0xff, 0x05, 0, 0, 0, 0)
	le.PutUint32(b[n-4:], uint32(smallEnd-16-n))
	at(n, 0xc3)
	copy(b[smallStr:], "hello")
}

func smallTable(b []byte) {
	le := binary.LittleEndian
	t := b[smallData:]
	copy(t, "\xf1\xff\xff\xff\x00\x00\x01\x08")
	names := "\x00main.a\x00main.b\x00main.c\x00"
	offs := []uint64{3, 1, 0, 72, 128, 136, 144, 160}
	for i, v := range offs {
		le.PutUint64(t[8+8*i:], v)
	}
	copy(t[72:], names)
	copy(t[136:], "main.go\x00")
	copy(t[145:], []byte{2, 0x60, 0}) // one value for all of a function
	rows := t[160:]
	for i := range 4 {
		le.PutUint32(rows[8*i:], uint32(0x20*i))
		if i == 3 {
			break
		}
		rec := 32 + 48*i
		le.PutUint32(rows[8*i+4:], uint32(rec))
		le.PutUint32(rows[rec:], uint32(0x20*i))
		le.PutUint32(rows[rec+4:], uint32(1+7*i))
		le.PutUint32(rows[rec+20:], 1)
		le.PutUint32(rows[rec+36:], uint32(10+i))
	}
	m := b[smallMod:]
	word := func(i int, v uint64) { le.PutUint64(m[8*i:], v) }
	pcln := uint64(smallBase + smallData + 160)
	text := uint64(smallBase + smallText)
	word(0, smallBase+smallData)
	word(13, pcln)
	word(16, pcln)
	word(17, 4)
	word(20, text)
	word(21, text+0x60)
	word(22, text)
	word(23, text+0x60)
	word(24, smallBase+smallEnd-64)
	word(25, smallBase+smallEnd)
	for i := 26; i < 34; i++ {
		word(i, smallBase+smallEnd)
	}
	word(37, smallBase+smallStr)
	word(38, smallBase+smallStr+0x100)
	word(39, smallBase+smallStr)
	word(40, smallBase+smallStr)
}

func TestSmall(t *testing.T) {
	small := smallELF()
	change := func(at int, with ...byte) []byte {
		b := bytes.Clone(small)
		copy(b[at:], with)
		return b
	}
	moved := change(smallStr, 0, 0, 0, 0, 0)
	copy(moved[smallStr+0x40:], "hello")
	binary.LittleEndian.PutUint32(moved[smallText+0x23:], smallStr+0x40-(smallText+0x27))
	for _, tt := range []struct {
		name    string
		b       []byte
		changed []string
		moved   int
		data    int
	}{
		{"nothing", small, nil, 0, 0},
		{"the string", change(smallStr+4, 'a'), []string{"main.b"}, 0, 0},
		{"the string's place", moved, nil, 1, 0},
		{"the length", change(smallText+0x28, 4), []string{"main.b"}, 0, 0},
		{"an opcode", change(smallText+0x41, 0x0d), []string{"main.c"}, 0, 0},
		{"the callee", change(smallText+1, 0x3b), []string{"main.a"}, 0, 0},
		{"into the middle of the callee", change(smallText+1, 0x1c), []string{"main.a"}, 0, 0},
		{"what fills up", change(smallText+0x50, 0x90), []string{"main.c"}, 0, 0},
		{"the initial value", change(smallEnd-16, 1), nil, 0, 1},
		{"a table of the stack", change(smallData+160+32+16, 1), []string{"main.a"}, 0, 0},
	} {
		t.Run(tt.name, func(t *testing.T) {
			v, err := gofunc.Compare(small, tt.b)
			if err != nil {
				t.Fatal(err)
			}
			var names []string
			for _, f := range v.Functions {
				names = append(names, f.Name)
			}
			if !slices.Equal(names, tt.changed) || v.Counts.Relocated != tt.moved || len(v.Data) != tt.data {
				t.Errorf("changed %v, %+v, data %+v", names, v.Counts, v.Data)
			}
			if f := v.Shipped.Functions; f != 3 {
				t.Errorf("%d functions", f)
			}
			if len(v.Functions) > 0 && (v.Functions[0].File != "main.go" || v.Functions[0].Line < 10) {
				t.Errorf("%+v", v.Functions[0])
			}
			for i, r := range v.ShippedRanges {
				if r.Offset < 0 || r.Length <= 0 || r.Offset+r.Length > int64(len(small)) || i > 0 && r.Offset < v.ShippedRanges[i-1].Offset+v.ShippedRanges[i-1].Length {
					t.Errorf("range %d: %+v", i, r)
				}
			}
		})
	}
}

func TestSymbolsNeeded(t *testing.T) {
	if v, err := gofunc.CompareSymbols(smallELF(), smallELF()); v != nil || !errors.Is(err, gofunc.ErrUnsupported) {
		t.Errorf("verdict %v, error %v", v, err)
	}
}
