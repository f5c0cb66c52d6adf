package gofunc

import "encoding/binary"

// stepARM64 measures one instruction of AArch64, or an ADRP with the one that
// uses its page (Arm ARM, C4.1; the pairs are those of cmd/link/internal/arm64:
// ADRP+ADD, ADRP+LDR, ADRP+STR).
func stepARM64(b []byte, pc uint64, pos uint32) step {
	if len(b) < 4 {
		return step{n: len(b)}
	}
	w := binary.LittleEndian.Uint32(b)
	s := step{n: 4, ok: true}
	set := func(bits uint32, target uint64, branch bool) {
		s.mask[0] = field{0, bits}
		s.ref, s.has = ref{target: target, pos: pos, branch: branch}, true
	}
	switch {
	case w&0x7c000000 == 0x14000000: // B, BL
		set(0x03ffffff, pc+signed(w, 26)<<2, true)
	case w&0x9f000000 == 0x10000000: // ADR
		set(0x60ffffe0, pc+adrOffset(w), false)
		s.ref.taken = true
	case w&0x3b000000 == 0x18000000: // LDR (literal)
		set(0x00ffffe0, pc+signed(w>>5, 19)<<2, false)
	case w&0x9f000000 == 0x90000000: // ADRP
		page := pc&^0xfff + adrOffset(w)<<12
		if len(b) >= 8 {
			next := binary.LittleEndian.Uint32(b[4:])
			if low, ok := lowPart(next, w&31); ok {
				set(0x60ffffe0, page+low, false)
				s.ref.taken = next&0x7fc00000 == 0x11000000
				s.mask[1] = field{4, 0x003ffc00}
				s.n = 8
				return s
			}
		}
		set(0x60ffffe0, page, false)
	case w&0x7f800000 == 0x52800000, w&0x7f800000 == 0x72800000: // MOVZ, MOVK
		s.imm, s.ims = int64(w>>5&0xffff)<<(w>>21&3*16), true
	case w&0x7f000000 == 0x71000000, w&0x7f000000 == 0x11000000: // SUBS, ADD (immediate)
		s.imm, s.ims = int64(w>>10&0xfff), true
	}
	return s
}

// signed sign-extends the low bits of w.
func signed(w uint32, bits uint) uint64 {
	v := int64(w) << (64 - bits) >> (64 - bits) //nolint:gosec // sign extension
	return uint64(v)                            //nolint:gosec // two's complement
}

// adrOffset is the 21-bit operand of ADR and ADRP.
func adrOffset(w uint32) uint64 {
	return signed(w>>5&0x7ffff<<2|w>>29&3, 21)
}

// lowPart is the offset in the page that an instruction adds to the register
// base: ADD (immediate), LDR and STR (unsigned offset).
func lowPart(w, base uint32) (uint64, bool) {
	if w>>5&31 != base {
		return 0, false
	}
	imm := uint64(w >> 10 & 0xfff)
	switch {
	case w&0x7fc00000 == 0x11000000:
		return imm, true
	case w&0x3b000000 == 0x39000000:
		scale := w >> 30
		if w&0x04800000 == 0x04800000 && scale == 0 {
			scale = 4 // 128-bit registers
		}
		return imm << scale, true
	}
	return 0, false
}
