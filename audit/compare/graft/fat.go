package graft

import (
	"encoding/binary"
	"fmt"
	"slices"
)

// Universal binaries (mach-o/fat.h): a table of slices in big-endian numbers.
const (
	fatMagic32 = 0xcafebabe
	fatMagic64 = 0xcafebabf
	fatHeader  = 8
	fatMost    = 30 // above it, the same four bytes start a Java class
	fatAlign   = 16 // log2 of the largest alignment that is read
)

type arch struct {
	entry        int64 // offset of its entry in the table
	cpu, sub     uint32
	offset, size int64
	align        uint32 // log2
}

func isFat(data []byte) bool {
	if len(data) < fatHeader {
		return false
	}
	m, n := binary.BigEndian.Uint32(data), binary.BigEndian.Uint32(data[4:])
	return (m == fatMagic32 || m == fatMagic64) && n > 0 && n <= fatMost
}

func fatEntry(data []byte) int64 {
	if binary.BigEndian.Uint32(data) == fatMagic64 {
		return 32
	}
	return 20
}

func parseFat(data []byte, which string) ([]arch, error) {
	n, each := int64(binary.BigEndian.Uint32(data[4:])), fatEntry(data)
	if fatHeader+n*each > int64(len(data)) {
		return nil, refuse(Malformed, "the table of the %s universal binary is cut off", which)
	}
	var list []arch
	end := fatHeader + n*each
	for i := range n {
		at := fatHeader + i*each
		e := data[at:]
		a := arch{entry: at, cpu: binary.BigEndian.Uint32(e), sub: binary.BigEndian.Uint32(e[4:])}
		if each == 32 {
			a.offset, a.size = int64(binary.BigEndian.Uint64(e[8:])), int64(binary.BigEndian.Uint64(e[16:]))
			a.align = binary.BigEndian.Uint32(e[24:])
		} else {
			a.offset, a.size = int64(binary.BigEndian.Uint32(e[8:])), int64(binary.BigEndian.Uint32(e[12:]))
			a.align = binary.BigEndian.Uint32(e[16:])
		}
		if a.offset < end || a.size < 0 || a.offset > int64(len(data)) || a.size > int64(len(data))-a.offset || a.align > fatAlign {
			return nil, refuse(Malformed, "slice %d of the %s universal binary lies outside the file, or in another one", i+1, which)
		}
		end = a.offset + a.size
		list = append(list, a)
	}
	return list, nil
}

// fat grafts every slice and lays them out again: signatures make slices longer
// and move the next one.
func (w *work) fat() error {
	s, err := parseFat(w.shipped, "shipped")
	if err != nil {
		return err
	}
	r, err := parseFat(w.rebuilt, "rebuilt")
	if err != nil {
		return err
	}
	if len(s) != len(r) || fatEntry(w.shipped) != fatEntry(w.rebuilt) {
		return refuse(Layout, "the shipped universal binary has %d slices, the rebuilt one %d, or their tables differ in width", len(s), len(r))
	}
	tableEnd := fatHeader + int64(len(s))*fatEntry(w.shipped)
	out := slices.Clone(w.rebuilt[:tableEnd])
	end, signatures := tableEnd, 0
	for i := range s {
		if s[i].cpu != r[i].cpu || s[i].sub != r[i].sub || s[i].align != r[i].align {
			return refuse(Layout, "slice %d of the two universal binaries is for different processors or aligned differently", i+1)
		}
		w.fatGap(end, s[i])
		end = s[i].offset + s[i].size
		where := fmt.Sprintf("slice %d", i+1)
		one, signed, err := w.thin(s[i].offset, where, w.shipped[s[i].offset:end:end], w.rebuilt[r[i].offset:r[i].offset+r[i].size])
		if err != nil {
			return err
		}
		if signed {
			signatures++
		}
		at := aligned(int64(len(out)), 1<<s[i].align)
		out = append(append(out, make([]byte, at-int64(len(out)))...), one...)
		w.putArch(out, s[i].entry, at, int64(len(one)))
	}
	if rest := int64(len(w.shipped)) - end; rest > 0 {
		w.flag(AppendedData, end, rest, "%d bytes behind the last slice", rest)
	}
	if signatures == 0 {
		return refuse(Unsigned, "no slice of the shipped universal binary has a code signature")
	}
	w.graft.Bytes = out
	return nil
}

// fatGap judges what lies before a slice: zeros up to its alignment, which the
// graft writes, or something that it does not.
func (w *work) fatGap(end int64, a arch) {
	want := aligned(end, 1<<a.align)
	if a.offset != want {
		w.flag(FatLayout, end, a.offset-end, "a slice starts at %d, %d bytes behind the one before it, where its alignment wants %d", a.offset, a.offset-end, want)
	}
	w.slack(FatLayout, end, a.offset, 1<<a.align, "between slices")
	if a.offset == want && nonZero(w.shipped[end:a.offset]) == 0 {
		w.area(end, a.offset)
	}
}

func (w *work) putArch(out []byte, entry, offset, size int64) {
	if fatEntry(out) == 32 {
		w.area(entry+8, entry+24)
		binary.BigEndian.PutUint64(out[entry+8:], uint64(offset))
		binary.BigEndian.PutUint64(out[entry+16:], uint64(size))
		return
	}
	w.area(entry+8, entry+16)
	binary.BigEndian.PutUint32(out[entry+8:], uint32(offset))
	binary.BigEndian.PutUint32(out[entry+12:], uint32(size))
}
