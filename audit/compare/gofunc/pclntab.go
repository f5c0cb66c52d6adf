package gofunc

import (
	"bytes"
	"encoding/binary"
	"sort"
)

// The function table of Go 1.20 and later (runtime/symtab.go, pcHeader).
const (
	pclnMagic     = 0xfffffff1
	pclnHeaderLen = 72
	functabRow    = 8  // entry offset, offset of the function's record
	funcRecordLen = 44 // runtime2.go, _func, without the lists behind it
	inlineRowLen  = 16 // symtabinl.go, inlinedCall
)

// Indices of per-function tables (internal/abi/symtab.go).
const (
	pcdataUnsafePoint   = 0
	pcdataStackMapIndex = 1
	pcdataInlTreeIndex  = 2

	funcdataArgsPointerMaps   = 0
	funcdataLocalsPointerMaps = 1
	funcdataInlTree           = 3
)

// A pclntab is the table that maps code to functions, files and lines.
type pclntab struct {
	addr    uint64 // of the header
	header  []byte // everything from the header on
	nfunc   int
	quantum uint64 // bytes per instruction unit
	names   []byte
	cus     []byte
	files   []byte
	pcs     []byte
	records []byte // functab, then the records
	// From moduledata.
	text   uint64
	gofunc uint64
	end    uint64 // of the table, from its records
	im     *image
}

// A function is a row of the table.
type function struct {
	name       string
	entry, end uint64 // end includes padding
	record     []byte
	line       int
	id         byte // internal/abi.FuncID
}

// findPclntabs gives every place that can be the table's header. The header
// stands in no section of its own in PE files, and a stripped file may have no
// sections at all, so it is found by its first eight bytes.
func findPclntabs(im *image) []*pclntab {
	magic := []byte{0xf1, 0xff, 0xff, 0xff, 0, 0}
	var list []*pclntab
	for i := range im.segs {
		s := &im.segs[i]
		for at := 0; len(list) < 16; {
			n := bytes.Index(s.data[at:], magic)
			if n < 0 {
				break
			}
			at += n
			if t := readPclntab(im, s, at); t != nil {
				list = append(list, t)
			}
			at++
		}
	}
	return list
}

func readPclntab(im *image, s *segment, at int) *pclntab {
	b := s.data[at:]
	if len(b) < pclnHeaderLen || b[7] != 8 || b[6] != 1 && b[6] != 4 {
		return nil
	}
	field := func(i int) uint64 { return binary.LittleEndian.Uint64(b[8+8*i:]) }
	nfunc := field(0)
	offs := []uint64{field(3), field(4), field(5), field(6), field(7), uint64(len(b))}
	for i := 1; i < len(offs); i++ {
		if offs[i] < offs[i-1] {
			return nil
		}
	}
	if offs[0] < pclnHeaderLen || nfunc == 0 || nfunc > maxRows || nfunc*functabRow+4 > offs[5]-offs[4] {
		return nil
	}
	return &pclntab{
		addr: s.addr + uint64(at), header: b, nfunc: int(nfunc), quantum: uint64(b[6]), im: im,
		names: b[offs[0]:offs[1]], cus: b[offs[1]:offs[2]], files: b[offs[2]:offs[3]],
		pcs: b[offs[3]:offs[4]], records: b[offs[4]:],
	}
}

// functions reads the rows, which must be in ascending order and inside of one
// executable segment.
func (t *pclntab) functions() ([]function, error) {
	bad := func(what string) ([]function, error) {
		return nil, &Error{What: "function table: " + what, Reason: ErrMalformed}
	}
	seg := t.im.segment(t.text)
	if seg == nil || !seg.exec {
		return bad("the code it describes is not executable")
	}
	entry := func(i int) uint64 { return t.text + uint64(binary.LittleEndian.Uint32(t.records[i*functabRow:])) }
	list := make([]function, t.nfunc)
	for i := range list {
		f := &list[i]
		f.entry, f.end = entry(i), entry(i+1)
		if f.end < f.entry || f.end > seg.addr+uint64(len(seg.data)) {
			return bad("a function ends before it begins, or outside of the code")
		}
		off := uint64(binary.LittleEndian.Uint32(t.records[i*functabRow+4:]))
		if off+funcRecordLen > uint64(len(t.records)) {
			return bad("a record lies outside of the table")
		}
		f.record = t.records[off:]
		used := off + funcRecordLen + 4*(uint64(f.npcdata())+uint64(f.nfuncdata()))
		t.end = max(t.end, t.addr+uint64(len(t.header)-len(t.records))+used)
		if e := t.text + uint64(binary.LittleEndian.Uint32(f.record)); e != f.entry {
			return bad("a record is about another function")
		}
		name, ok := t.name(binary.LittleEndian.Uint32(f.record[4:]))
		if !ok {
			return bad("a name lies outside of the table")
		}
		f.name = name
		f.line = int(int32(binary.LittleEndian.Uint32(f.record[36:]))) //nolint:gosec // signed by definition
		f.id = f.record[40]
	}
	return list, nil
}

// maxName is longer than any name that the compiler was seen to write.
const maxName = 1 << 16

func (t *pclntab) name(off uint32) (string, bool) {
	return cstring(t.names, uint64(off))
}

func cstring(b []byte, off uint64) (string, bool) {
	if off >= uint64(len(b)) {
		return "", false
	}
	b = b[off:min(off+maxName, uint64(len(b)))]
	n := bytes.IndexByte(b, 0)
	if n < 0 {
		return "", false
	}
	return string(b[:n]), true
}

func (f *function) field(i int) uint32 { return binary.LittleEndian.Uint32(f.record[4*i:]) }

func (f *function) npcdata() uint32   { return f.field(7) }
func (f *function) nfuncdata() uint32 { return uint32(f.record[43]) }

// pcdata gives the offset of a table of values by address, 0 if there is none.
func (f *function) pcdata(i uint32) uint32 {
	at := uint64(funcRecordLen) + 4*uint64(i)
	if i >= f.npcdata() || at+4 > uint64(len(f.record)) {
		return 0
	}
	return binary.LittleEndian.Uint32(f.record[at:])
}

// funcdata gives the address of a function's table, false if there is none.
func (t *pclntab) funcdata(f *function, i uint32) (uint64, bool) {
	at := uint64(funcRecordLen) + 4*uint64(f.npcdata()) + 4*uint64(i)
	if i >= f.nfuncdata() || at+4 > uint64(len(f.record)) {
		return 0, false
	}
	off := binary.LittleEndian.Uint32(f.record[at:])
	return t.gofunc + uint64(off), off != ^uint32(0)
}

// A pcvalue is a value that holds from the previous row's end to this one's.
type pcvalue struct {
	end   uint64 // offset from the function's entry
	value int32
}

// values decodes a table of values by address (symtab.go, step).
func (t *pclntab) values(off uint32) []pcvalue {
	if off == 0 || uint64(off) >= uint64(len(t.pcs)) {
		return nil
	}
	b := t.pcs[off:]
	var list []pcvalue
	v, pc := int32(-1), uint64(0)
	for first := true; ; first = false {
		d, n := uvarint32(b)
		if n == 0 || d == 0 && !first {
			return list
		}
		b = b[n:]
		p, n := uvarint32(b)
		if n == 0 {
			return list
		}
		b = b[n:]
		v += int32(d>>1) ^ -int32(d&1) //nolint:gosec // zig-zag
		pc += uint64(p) * t.quantum
		list = append(list, pcvalue{pc, v})
	}
}

func uvarint32(b []byte) (uint32, int) {
	var v uint32
	for i := 0; i < len(b) && i < 5; i++ {
		v |= uint32(b[i]&0x7f) << (7 * i)
		if b[i]&0x80 == 0 {
			return v, i + 1
		}
	}
	return 0, 0
}

// valueAt looks an offset from the entry up.
func valueAt(list []pcvalue, pc uint64) int32 {
	i := sort.Search(len(list), func(i int) bool { return list[i].end > pc })
	if i == len(list) {
		return -1
	}
	return list[i].value
}

// encoded is a table's bytes up to its end mark. They do not depend on where
// the function is.
func (t *pclntab) encoded(off uint32) []byte {
	if off == 0 || uint64(off) >= uint64(len(t.pcs)) {
		return nil
	}
	b := t.pcs[off:]
	for at, first := 0, true; ; first = false {
		d, n := uvarint32(b[at:])
		if n == 0 || d == 0 && !first {
			return b[:at]
		}
		at += n
		_, n = uvarint32(b[at:])
		if n == 0 {
			return b[:at]
		}
		at += n
	}
}

// file is the source file of a function's first instruction.
func (t *pclntab) file(f *function) string {
	no := valueAt(t.values(f.field(5)), 0)
	if no < 0 {
		return ""
	}
	row := (uint64(f.field(8)) + uint64(no)) * 4
	if row+4 > uint64(len(t.cus)) {
		return ""
	}
	name, _ := cstring(t.files, uint64(binary.LittleEndian.Uint32(t.cus[row:])))
	return name
}

// An inlined is a copy of a function's code inside of another one.
type inlined struct {
	name   string
	parent uint64 // offset of an instruction of the call's place
}

// inlineTree reads the copies in a function and which instruction belongs to
// which.
func (t *pclntab) inlineTree(f *function) ([]inlined, []pcvalue) {
	at, ok := t.funcdata(f, funcdataInlTree)
	if !ok {
		return nil, nil
	}
	index := t.values(f.pcdata(pcdataInlTreeIndex))
	rows := int32(-1)
	for _, v := range index {
		rows = max(rows, v.value)
	}
	b := t.im.bytes(at, uint64(rows+1)*inlineRowLen)
	var list []inlined
	for ; len(b) >= inlineRowLen; b = b[inlineRowLen:] {
		name, ok := t.name(binary.LittleEndian.Uint32(b[4:]))
		if !ok {
			return nil, nil
		}
		list = append(list, inlined{name, uint64(binary.LittleEndian.Uint32(b[8:]))})
	}
	return list, index
}
