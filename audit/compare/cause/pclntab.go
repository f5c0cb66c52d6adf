package cause

import (
	"bytes"
	"encoding/binary"
	"strings"
)

// table is what is read of a pclntab: the functions, and the file names.
type table struct {
	funcs []function // by address
	files []string
}

type function struct {
	name string
	addr uint64
	code []byte
}

// Magic numbers of a pclntab: Go 1.18 and 1.20. Older ones are not read.
const (
	magic118 = 0xfffffff0
	magic120 = 0xfffffff1
)

// pclntab is the table; nil where there is none. It is read once.
func (im *image) pclntab() *table {
	if im.read == nil {
		if im.read = im.findTable(); im.read == nil {
			im.read = &table{}
		}
	}
	if len(im.read.funcs) == 0 {
		return nil
	}
	return im.read
}

func (im *image) findTable() *table {
	for _, s := range im.sections {
		if s.name == ".gopclntab" || s.name == "__gopclntab" || s.name == ".data.rel.ro.gopclntab" {
			if t := im.readTable(s.data); t != nil {
				return t
			}
		}
	}
	for _, s := range im.sections { // PE has no section of its own for it
		for _, magic := range []uint32{magic120, magic118} {
			if t := im.scan(s.data, magic); t != nil {
				return t
			}
		}
	}
	return nil
}

func (im *image) scan(data []byte, magic uint32) *table {
	head := make([]byte, 6) // the magic number and two zeros
	im.order.PutUint32(head, magic)
	tables := 0
	for from := 0; tables < maxTables; {
		i := bytes.Index(data[from:], head)
		if i < 0 {
			return nil
		}
		if _, ok := im.readHeader(data[from+i:]); ok {
			tables++
			if t := im.readTable(data[from+i:]); t != nil {
				return t
			}
		}
		from += i + 1
	}
	return nil
}

// header is the start of a pclntab, with its parts cut out.
type header struct {
	nfunc              uint64
	textStart          uint64
	names, files, pcln []byte
}

func (im *image) readHeader(d []byte) (h header, ok bool) {
	if len(d) < 72 || d[4] != 0 || d[5] != 0 || (d[7] != 8 && d[7] != 4) || (d[7] == 8) != im.wide {
		return h, false
	}
	if m := im.order.Uint32(d); m != magic118 && m != magic120 {
		return h, false
	}
	size := int(d[7])
	word := func(i int) uint64 {
		if size == 8 {
			return im.order.Uint64(d[8+8*i:])
		}
		return uint64(im.order.Uint32(d[8+4*i:]))
	}
	part := func(from, to uint64) []byte {
		if to < from {
			return nil
		}
		return cut(d, from, to-from)
	}
	h.nfunc, h.textStart = word(0), word(2)
	h.names, h.files = part(word(3), word(4)), part(word(5), word(6))
	h.pcln = part(word(7), uint64(len(d)))
	if h.textStart == 0 { // Go 1.26 no longer writes it
		if t := im.text(); t != nil {
			h.textStart = t.addr
		}
	}
	return h, h.names != nil && h.files != nil && h.nfunc > 0 && h.nfunc < uint64(len(h.pcln))/8
}

func (im *image) readTable(d []byte) *table {
	h, ok := im.readHeader(d)
	if !ok {
		return nil
	}
	t := &table{}
	for name := range strings.SplitSeq(string(h.files), "\x00") {
		if name != "" {
			t.files = append(t.files, name)
		}
	}
	for i := range h.nfunc {
		entry, next := uint64(im.order.Uint32(h.pcln[8*i:])), uint64(im.order.Uint32(h.pcln[8*i+8:]))
		info := cut(h.pcln, uint64(im.order.Uint32(h.pcln[8*i+4:])), 8)
		if next < entry || info == nil {
			return nil
		}
		name, ok := cString(h.names, im.order, info[4:])
		if !ok {
			return nil
		}
		t.funcs = append(t.funcs, function{name, h.textStart + entry, im.at(h.textStart+entry, next-entry)})
	}
	return t
}

func cString(names []byte, order binary.ByteOrder, off []byte) (string, bool) {
	at := uint64(order.Uint32(off))
	if at >= uint64(len(names)) {
		return "", false
	}
	n := bytes.IndexByte(names[at:], 0)
	if n < 0 {
		return "", false
	}
	return string(names[at : at+uint64(n)]), true
}
