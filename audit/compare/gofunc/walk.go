package gofunc

import (
	"bytes"
	"encoding/binary"
)

// A ref is an operand that refers to another place.
type ref struct {
	target uint64
	pos    uint32 // of the instruction, from the function's entry
	branch bool
	// taken is an address that is computed and not at once read from or written
	// to: it is where something begins.
	taken bool
	// weak is an absolute 32-bit value that may be an address, and is a plain
	// number when both sides hold the same.
	weak bool
}

// A step is one instruction: its length, the bits of its bytes that hold
// operands, and what these refer to.
type step struct {
	n    int
	ref  ref
	has  bool // a ref is there
	mask [2]field
	ok   bool // false for bytes that are no instruction
	imm  int64
	ims  bool
}

// A field is an operand's place in an instruction.
type field struct {
	at   int
	bits uint32 // a mask over the four bytes at at
}

// A decoder measures the instruction at the start of b, which stands at
// address pc, pos bytes behind the function's entry.
type decoder func(b []byte, pc uint64, pos uint32) step

func decoderFor(arch string) decoder {
	if arch == "arm64" {
		return stepARM64
	}
	return stepAMD64
}

func stepAMD64(b []byte, pc uint64, pos uint32) step {
	in := decodeAMD64(b)
	if in.n == 0 {
		return step{n: 1}
	}
	s := step{n: in.n, ok: true}
	s.imm, s.ims = in.immediate(b)
	switch {
	case in.dispSize == 4:
		s.mask[0] = field{in.disp, 0xffffffff}
		s.ref, s.has = ref{target: in.relative(b, pc), pos: pos, branch: in.branch, taken: in.lea}, true
	case in.abs != 0:
		s.mask[0] = field{in.abs, 0xffffffff}
		s.ref, s.has = ref{target: uint64(binary.LittleEndian.Uint32(b[in.abs:])), pos: pos, weak: true}, true
	}
	return s
}

// padding gives the length of code without what fills it up to the next
// function: INT3 on amd64, zeros on arm64.
func padding(arch string, code []byte) int {
	fill := byte(0xcc)
	if arch == "arm64" {
		fill = 0
	}
	n := len(code)
	for n > 0 && code[n-1] == fill {
		n--
	}
	if arch == "arm64" {
		n = (n + 3) &^ 3
	}
	return min(n, len(code))
}

// maskedEqual compares two instructions but for their operands' places.
func (s *step) maskedEqual(a, b []byte) bool {
	if len(b) < s.n {
		return false
	}
	if s.mask[0].bits == 0 {
		return bytes.Equal(a[:s.n], b[:s.n])
	}
	for i := 0; i < s.n; {
		bits, at := uint32(0), i
		for _, f := range s.mask {
			if f.bits != 0 && f.at == i {
				bits = f.bits
			}
		}
		if bits == 0 {
			if a[i] != b[i] {
				return false
			}
			i++
			continue
		}
		if (binary.LittleEndian.Uint32(a[at:])^binary.LittleEndian.Uint32(b[at:]))&^bits != 0 {
			return false
		}
		i += 4
	}
	return true
}

// A walk compares the instructions of two functions side by side.
type walk struct {
	dec  decoder
	arch string
	// The operands that refer somewhere, in step.
	a, b []ref
}

// run fills the operands. same is false when the instructions differ, at gives
// where.
func (w *walk) run(a []byte, pcA uint64, b []byte, pcB uint64) (same bool, at int) {
	w.a, w.b = w.a[:0], w.b[:0]
	endA, endB := padding(w.arch, a), padding(w.arch, b)
	i := 0
	for {
		if i >= endA || i >= endB {
			// What is longer by bytes that only look like padding may end with
			// an instruction that does.
			return w.tail(a, i, endA) && w.tail(b, i, endB), i
		}
		s := w.dec(a[i:], pcA+uint64(i), uint32(i)) //nolint:gosec // functions are smaller than 4 GiB
		if !s.maskedEqual(a[i:], b[i:]) {
			return false, i
		}
		if s.has {
			o := w.dec(b[i:], pcB+uint64(i), uint32(i)) //nolint:gosec // as above
			if o.n != s.n || !o.has {
				return false, i
			}
			if !s.ref.weak || s.ref.target != o.ref.target {
				w.a, w.b = append(w.a, s.ref), append(w.b, o.ref)
			}
		}
		i += s.n
	}
}

// tail reports whether nothing but padding is left.
func (w *walk) tail(code []byte, i, end int) bool { return i >= end || padding(w.arch, code[i:]) == 0 }

// refs lists the operands of a function alone.
func (w *walk) refs(code []byte, pc uint64, list []ref) []ref {
	end := padding(w.arch, code)
	for i := 0; i < end; {
		s := w.dec(code[i:], pc+uint64(i), uint32(i)) //nolint:gosec // functions are smaller than 4 GiB
		if s.has {
			list = append(list, s.ref)
		}
		i += s.n
	}
	return list
}
