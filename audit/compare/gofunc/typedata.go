package gofunc

import (
	"encoding/hex"
	"fmt"
	"maps"
	"slices"
	"strconv"
)

// Kinds of types with more than the common fields (internal/abi, Kind).
const (
	kindArray     = 17
	kindChan      = 18
	kindFunc      = 19
	kindInterface = 20
	kindPointer   = 22
	kindSlice     = 23
	kindStruct    = 25
	kindMap       = 21
)

// Flags of a type (internal/abi, TFlag) and of its kind before Go 1.24.
const (
	flagUncommon   = 1
	flagGCOnDemand = 1 << 4
	kindGCProgram  = 1 << 6
)

// types compares what the type descriptors say: sizes, fields with their tags,
// methods with their functions. Code refers to types by name (typeAt), so that
// a changed one shows here.
func (c *comparison) types() []Data {
	a, b := c.a.allTypes(), c.b.allTypes()
	var out []Data
	members := 0
	for _, t := range slices.SortedFunc(maps.Keys(a), func(s, t goType) int {
		if d := slices.Compare([]byte(s.name), []byte(t.name)); d != 0 {
			return d
		}
		return cmpUint(uint64(s.hash), uint64(t.hash))
	}) {
		x := a[t]
		y, ok := b[t]
		if !ok {
			continue
		}
		if members > maxAllMembers {
			return append(out, Data{
				Name: "type " + t.name, Kind: Constant, Class: Changed, ShippedOffset: -1, RebuiltOffset: -1,
				Shipped: "more members of types than can be compared, from here on",
			})
		}
		l, r := c.a.typeLines(x), c.b.typeLines(y)
		if members += len(l) + len(r); slices.Equal(l, r) {
			continue
		}
		i := 0
		for i < len(l) && i < len(r) && l[i] == r[i] {
			i++
		}
		row := Data{
			Name: "type " + t.name, Kind: Constant, Class: Changed,
			ShippedOffset: c.a.im.offset(x), RebuiltOffset: c.b.im.offset(y),
		}
		if i < len(l) {
			row.Shipped = l[i]
		}
		if i < len(r) {
			row.Rebuilt = r[i]
		}
		out = append(out, row)
	}
	return out
}

// allTypes are the descriptors that something refers to. Types of one name and
// hash are left out.
func (s *side) allTypes() map[goType]uint64 {
	m, twice := map[goType]uint64{}, map[goType]bool{}
	if s.md == nil {
		return m
	}
	i, _ := slices.BinarySearch(s.heads, s.md.types)
	for ; i < len(s.heads) && s.heads[i] < s.md.after; i++ {
		if t, ok := s.typeAt(s.heads[i]); ok {
			if _, ok := m[t]; ok {
				twice[t] = true
			}
			m[t] = s.heads[i]
		}
	}
	maps.DeleteFunc(m, func(t goType, _ uint64) bool { return twice[t] })
	return m
}

// typeLines says in words what a descriptor says, a line per fact.
func (s *side) typeLines(addr uint64) []string {
	b := s.im.bytes(addr, typeLen)
	size, prefix, flags, kind := leWord(b), leWord(b[8:]), b[20], b[23]
	lines := []string{
		fmt.Sprintf("%d bytes, pointers in %d, flags %#x, aligned to %d and %d, kind %d", size, prefix, flags, b[21], b[22], kind),
		"equal: " + s.functionOf(leWord(b[24:])),
	}
	if flags&flagGCOnDemand == 0 && kind&kindGCProgram == 0 && prefix > 0 && prefix <= 1<<16 {
		lines = append(lines, "pointers: "+hex.EncodeToString(s.im.bytes(leWord(b[32:]), (prefix/8+7)/8)))
	}
	word := func(i uint64) uint64 { v, _ := s.im.word(addr + typeLen + 8*i); return v }
	base := uint64(typeLen)
	switch kind & 31 {
	case kindPointer, kindSlice:
		lines, base = append(lines, "of "+s.typeNamed(word(0))), 56
	case kindArray:
		lines, base = append(lines, "of "+s.typeNamed(word(0)), strconv.FormatUint(word(2), 10)), 72
	case kindChan:
		lines, base = append(lines, "of "+s.typeNamed(word(0)), strconv.FormatUint(word(1), 10)), 64
	case kindFunc:
		lines, base = append(lines, fmt.Sprintf("parameters %#x", uint32(word(0)))), 56 //nolint:gosec // the low half
	case kindMap:
		return append(lines, "of "+s.typeNamed(word(0))+" to "+s.typeNamed(word(1)), "hash: "+s.functionOf(word(3)))
	case kindInterface:
		lines, base = append(lines, s.interfaceLines(word(1), word(2))...), 80
	case kindStruct:
		lines, base = append(lines, s.fieldLines(word(1), word(2))...), 80
	}
	if flags&flagUncommon != 0 {
		lines = append(lines, s.methodLines(addr+base)...)
	}
	return lines
}

// Bounds for fields and methods of one type, and of all together.
const (
	maxMembers    = 1 << 12
	maxAllMembers = 1 << 21
)

func (s *side) fieldLines(p, n uint64) []string {
	lines := []string{strconv.FormatUint(n, 10) + " fields"}
	for i := range min(n, maxMembers) {
		name, ok1 := s.im.word(p + 24*i)
		typ, ok2 := s.im.word(p + 24*i + 8)
		off, ok3 := s.im.word(p + 24*i + 16)
		if !ok1 || !ok2 || !ok3 {
			break
		}
		lines = append(lines, fmt.Sprintf("field %s %s at %d", s.nameAt(name), s.typeNamed(typ), off))
	}
	return lines
}

func (s *side) interfaceLines(p, n uint64) []string {
	lines := []string{strconv.FormatUint(n, 10) + " methods"}
	for i := range min(n, maxMembers) {
		name, ok1 := s.im.uint32(p + 8*i)
		typ, ok2 := s.im.uint32(p + 8*i + 4)
		if !ok1 || !ok2 {
			break
		}
		lines = append(lines, "method "+s.nameAt(s.md.types+uint64(name))+" "+s.typeNamed(s.md.types+uint64(typ)))
	}
	return lines
}

// methodLines reads the methods of a named type (internal/abi, UncommonType,
// Method). A method that nothing can call has no function.
func (s *side) methodLines(addr uint64) []string {
	counts, ok1 := s.im.uint32(addr + 4)
	moff, ok2 := s.im.uint32(addr + 8)
	if !ok1 || !ok2 {
		return nil
	}
	var lines []string
	for i := range uint64(counts & 0xffff) {
		at := addr + uint64(moff) + 16*i
		name, ok := s.im.uint32(at)
		if !ok {
			break
		}
		line := "method " + s.nameAt(s.md.types+uint64(name))
		for k := uint64(4); k < 16; k += 4 {
			off, _ := s.im.uint32(at + k)
			switch {
			case off == 0, off == ^uint32(0):
				line += " -"
			case k == 4:
				line += " " + s.typeNamed(s.md.types+uint64(off))
			default:
				line += " " + s.functionAt(s.md.text+uint64(off))
			}
		}
		lines = append(lines, line)
	}
	return lines
}

// nameAt reads a name with its tag (internal/abi, Name).
func (s *side) nameAt(addr uint64) string {
	flags := s.im.bytes(addr, 1)
	text, next := s.counted(addr + 1)
	if len(flags) == 0 {
		return "?"
	}
	out := strconv.Quote(text)
	if flags[0]&2 != 0 {
		tag, _ := s.counted(next)
		out += " tag " + strconv.Quote(tag)
	}
	return out + " " + strconv.Itoa(int(flags[0]&^4)) // 4: a package path follows
}

// counted reads a varint and as many bytes.
func (s *side) counted(addr uint64) (string, uint64) {
	l, n := uvarint32(s.im.bytes(addr, 5))
	if n == 0 || l > 1<<16 {
		return "?", addr
	}
	return string(s.im.bytes(addr+uint64(n), uint64(l))), addr + uint64(n) + uint64(l)
}

func (s *side) typeNamed(addr uint64) string {
	if addr == 0 {
		return "-"
	}
	t, ok := s.typeAt(addr)
	if !ok {
		return "?"
	}
	return t.name + "#" + strconv.FormatUint(uint64(t.hash), 16)
}

// functionOf names the function of a function value.
func (s *side) functionOf(addr uint64) string {
	pc, ok := s.im.word(addr)
	if addr == 0 || !ok {
		return "-"
	}
	return s.functionAt(pc)
}

func (s *side) functionAt(pc uint64) string {
	i := s.funcAt(pc)
	if i < 0 {
		return "?"
	}
	return s.funcs[i].name
}
