package gofunc

import (
	"encoding/binary"
	"hash/maphash"
)

// A token is an instruction that can be compared wherever it stands.
type token struct {
	at   int
	key  uint64 // of its bytes without operands
	step step
}

// tokens splits a function. Where jumps inside of it go is left out: it moves
// with every instruction.
func (s *side) tokens(seed maphash.Seed, f *function) []token {
	code := s.code(f)
	end := padding(s.im.arch, code)
	list := make([]token, 0, end/4)
	var buf [16]byte
	for i := 0; i < end; {
		st := s.dec(code[i:], f.entry+uint64(i), uint32(i)) //nolint:gosec // functions are smaller than 4 GiB
		b := buf[:copy(buf[:], code[i:i+st.n])]
		for _, m := range st.mask {
			if m.bits != 0 {
				v := binary.LittleEndian.Uint32(b[m.at:])
				binary.LittleEndian.PutUint32(b[m.at:], v&^m.bits)
			}
		}
		maskLocal(s.im.arch, b)
		list = append(list, token{i, maphash.Bytes(seed, b), st})
		i += st.n
	}
	return list
}

// maskLocal clears the distance of short and conditional jumps.
func maskLocal(arch string, b []byte) {
	if arch != "arm64" {
		if in := decodeAMD64(b); in.branch && in.dispSize == 1 {
			b[in.disp] = 0
		}
		return
	}
	if len(b) < 4 {
		return
	}
	w := binary.LittleEndian.Uint32(b)
	switch {
	case w&0xff000010 == 0x54000000, w&0x7e000000 == 0x34000000: // B.cond, CBZ
		w &^= 0x00ffffe0
	case w&0x7e000000 == 0x36000000: // TBZ
		w &^= 0x0007ffe0
	}
	binary.LittleEndian.PutUint32(b, w)
}

// maxEdits bounds the work on one function; beyond it, everything between the
// first and the last difference counts as different.
const maxEdits = 600

// differing marks the tokens of a and of b that a shortest edit script touches
// (Myers, An O(ND) Difference Algorithm, 1986).
func differing(n, m int, equal func(i, j int) bool) (a, b []bool) {
	a, b = make([]bool, n), make([]bool, m)
	lo := 0
	for lo < n && lo < m && equal(lo, lo) {
		lo++
	}
	hi := 0
	for hi < n-lo && hi < m-lo && equal(n-1-hi, m-1-hi) {
		hi++
	}
	n, m = n-lo-hi, m-lo-hi
	trace, ok := edits(n, m, func(i, j int) bool { return equal(lo+i, lo+j) })
	if !ok {
		for i := range n {
			a[lo+i] = true
		}
		for j := range m {
			b[lo+j] = true
		}
		return a, b
	}
	for x, y, d := n, m, len(trace)-1; d > 0; d-- {
		v, k := trace[d], x-y
		down := k == -d || k != d && v[k-1+maxEdits+1] < v[k+1+maxEdits+1]
		if down {
			k++
		} else {
			k--
		}
		px := int(v[k+maxEdits+1])
		py := px - k
		if down {
			b[lo+py] = true
		} else {
			a[lo+px] = true
		}
		x, y = px, py
	}
	return a, b
}

// edits gives, for each number of edits up to the needed one, how far each
// diagonal had been reached before.
func edits(n, m int, equal func(i, j int) bool) (trace [][]int32, ok bool) {
	v := make([]int32, 2*maxEdits+3)
	for d := 0; d <= maxEdits; d++ {
		trace = append(trace, append([]int32(nil), v...))
		for k := -d; k <= d; k += 2 {
			x := v[k+1+maxEdits+1-0]
			if !(k == -d || k != d && v[k-1+maxEdits+1] < v[k+1+maxEdits+1]) {
				x = v[k-1+maxEdits+1] + 1
			}
			i, j := int(x), int(x)-k
			for i < n && j < m && equal(i, j) {
				i, j = i+1, j+1
			}
			v[k+maxEdits+1] = int32(i) //nolint:gosec // functions are smaller than 2 GiB
			if i >= n && j >= m {
				return trace, true
			}
		}
	}
	return nil, false
}
