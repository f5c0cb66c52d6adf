package gofunc

import (
	"bytes"
	"encoding/binary"
)

// A moduledata is what the runtime knows about the layout (runtime/symtab.go,
// moduledata); the words up to gofunc differ by version only between types and
// rodata.
type moduledata struct {
	addr         uint64
	text, etext  uint64
	writable     []span // noptrdata, data, bss, noptrbss, coverage counters
	types, after uint64 // after is the end of types
	rodata       uint64
	gofunc       uint64
}

// Words of moduledata, counted from its start. 1 + 3*5 words of slices come
// before ftab, which takes 3.
const (
	wordPclntable = 13
	wordFtab      = 16
	wordMinPC     = 20
	wordText      = 22
	wordNoptrdata = 24
	wordTypes     = 37
	wordsNeeded   = 48
	// moduledataLen is what of it is not compared: it repeats the layout.
	moduledataLen = 8 * 90
)

// findModuledata looks for the word that points to the header, and checks what
// follows it.
func findModuledata(im *image, t *pclntab) *moduledata {
	var want [8]byte
	binary.LittleEndian.PutUint64(want[:], t.addr)
	for i := range im.segs {
		s := &im.segs[i]
		if s.exec {
			continue
		}
		for at := 0; ; at++ {
			n := bytes.Index(s.data[at:], want[:])
			if n < 0 {
				break
			}
			at += n
			if (s.addr+uint64(at))%8 != 0 || len(s.data)-at < 8*wordsNeeded {
				continue
			}
			if m := readModuledata(im, t, s.data[at:]); m != nil {
				m.addr = s.addr + uint64(at)
				return m
			}
		}
	}
	return nil
}

func readModuledata(im *image, t *pclntab, b []byte) *moduledata {
	word := func(i int) uint64 { return binary.LittleEndian.Uint64(b[8*i:]) }
	m := &moduledata{text: word(wordText), etext: word(wordText + 1)}
	if word(wordPclntable) != word(wordFtab) || word(wordMinPC) < m.text || word(wordMinPC+1) > m.etext || m.text > m.etext {
		return nil
	}
	if word(wordFtab+1) != uint64(t.nfunc)+1 {
		return nil
	}
	for i := 0; i < 5; i++ {
		from, to := word(wordNoptrdata+2*i), word(wordNoptrdata+2*i+1)
		if to < from {
			return nil
		}
		if to > from {
			m.writable = append(m.writable, span{from, to})
		}
	}
	m.types = word(wordTypes)
	// Go 1.20 to 1.26: types, etypes, rodata, gofunc.
	// Go 1.27: types, typedesclen, etypes, itaboffset, itabsize, rodata, gofunc.
	for _, at := range [][3]int{{1, 2, 3}, {2, 5, 6}} {
		m.after, m.rodata, m.gofunc = word(wordTypes+at[0]), word(wordTypes+at[1]), word(wordTypes+at[2])
		if m.types < m.after && im.segment(m.after-1) != nil && im.segment(m.rodata) != nil && im.segment(m.gofunc) != nil {
			t.text, t.gofunc = m.text, m.gofunc
			return m
		}
	}
	return nil
}
