package cause

import (
	"bytes"
	"encoding/binary"
	"slices"
)

// recovered is a string variable as the code of two programs finds it.
type recovered struct {
	Variable
	shipped string
}

// recoverStrings reads from a shipped program the values of the variables that a
// probe of the same source marked. Function by function, the code of both is the
// same but for addresses; where the probe's holds that of a marked variable, the
// shipped one's holds that of the same variable. plain is the same source built
// without -X: what has its value there was not set. Only 64-bit programs for
// amd64 and arm64 are read.
func recoverStrings(shipped, probe, plain *image, marked []Variable) []Variable {
	var list []Variable
	for _, v := range readVariables(shipped, probe, marked) {
		list = append(list, Variable{v.Name, v.shipped})
	}
	if plain == nil {
		return list
	}
	unset := map[string]string{}
	for _, v := range readVariables(plain, probe, marked) {
		unset[v.Name] = v.shipped
	}
	return slices.DeleteFunc(list, func(v Variable) bool {
		value, ok := unset[v.Name]
		return ok && value == v.Value
	})
}

func readVariables(shipped, probe *image, marked []Variable) []recovered {
	if shipped == nil || probe == nil || !probe.wide || !shipped.wide {
		return nil
	}
	headers := probe.headers(marked)
	if len(headers) == 0 {
		return nil
	}
	a, b := shipped.pclntab(), probe.pclntab()
	if a == nil || b == nil {
		return nil
	}
	theirs := make(map[string]function, len(a.funcs))
	for _, f := range a.funcs {
		theirs[f.name] = f
	}
	votes := map[uint64]map[uint64]int{} // header in the probe -> header in the shipped -> references
	for _, f := range b.funcs {
		if g, ok := theirs[f.name]; ok && len(f.code) == len(g.code) {
			pair(probe.goarch, f, g, headers, votes)
		}
	}
	var list []recovered
	for header, name := range headers {
		best, n := uint64(0), 0
		for at, count := range votes[header] {
			if count > n || count == n && at < best {
				best, n = at, count
			}
		}
		if value, ok := shipped.stringAt(best); ok && n > 0 {
			list = append(list, recovered{Variable{Name: name}, value})
		}
	}
	slices.SortFunc(list, func(x, y recovered) int { return bytes.Compare([]byte(x.Name), []byte(y.Name)) })
	return list
}

// headers finds the string headers that point at markers: address -> variable.
func (im *image) headers(marked []Variable) map[uint64]string {
	at := map[uint64]int{} // address of a marker -> its index
	for _, s := range im.sections {
		for i, v := range marked {
			if k := bytes.Index(s.data, []byte(v.Value)); k >= 0 {
				at[s.addr+uint64(k)] = i
			}
		}
	}
	found := map[uint64]string{}
	for _, s := range im.sections {
		if len(at) == 0 || s.name == ".text" || s.name == "__text" {
			continue
		}
		for k := (8 - s.addr%8) % 8; k+16 <= uint64(len(s.data)); k += 8 {
			i, ok := at[im.order.Uint64(s.data[k:])]
			if ok && im.order.Uint64(s.data[k+8:]) == uint64(len(marked[i].Value)) {
				found[s.addr+k] = marked[i].Name
			}
		}
	}
	return found
}

// pair books where the code of f, of the probe, refers to a header, and where
// the code of g refers to at the same place.
func pair(goarch string, f, g function, headers map[uint64]string, votes map[uint64]map[uint64]int) {
	vote := func(mine, other uint64) {
		// The pointer, the length, and either compared with a constant of one or
		// of four bytes, which stands behind the address.
		for _, d := range [...]int64{0, 8, -1, 7, -4, 4} {
			h := mine - uint64(d)
			if _, ok := headers[h]; ok {
				if votes[h] == nil {
					votes[h] = map[uint64]int{}
				}
				votes[h][other-uint64(d)]++
				return
			}
		}
	}
	switch goarch {
	case "amd64":
		for i := 0; i+4 <= len(f.code); i++ {
			vote(relative(f, i), relative(g, i))
		}
	case "arm64":
		for i := 0; i+8 <= len(f.code); i += 4 {
			mine, ok := paged(f, i)
			if !ok {
				continue
			}
			if other, ok := paged(g, i); ok {
				vote(mine, other)
			}
		}
	}
}

// relative is the address that four bytes of amd64 code hold, relative to the
// byte behind them.
func relative(f function, i int) uint64 {
	return f.addr + uint64(i) + 4 + uint64(int64(int32(binary.LittleEndian.Uint32(f.code[i:]))))
}

// paged is the address that ADRP and the next use of its register hold.
func paged(f function, i int) (uint64, bool) {
	adrp := binary.LittleEndian.Uint32(f.code[i:])
	if adrp&0x9f000000 != 0x90000000 {
		return 0, false
	}
	reg := adrp & 31
	imm := int64(int32(adrp<<8)>>13)<<2 | int64(adrp>>29&3)
	page := (f.addr+uint64(i))&^0xfff + uint64(imm<<12)
	for k := i + 4; k+4 <= len(f.code) && k <= i+16; k += 4 {
		in := binary.LittleEndian.Uint32(f.code[k:])
		if in>>5&31 != reg {
			continue
		}
		switch {
		case in&0xffc00000 == 0x91000000: // ADD, 64 bits
			return page + uint64(in>>10&0xfff), true
		case in&0xffc00000 == 0xf9400000: // LDR, 64 bits
			return page + uint64(in>>10&0xfff)<<3, true
		case in&0xffc00000 == 0xa9400000: // LDP, 64 bits
			return page + uint64(int64(int32(in<<10)>>25)<<3), true
		}
	}
	return 0, false
}
