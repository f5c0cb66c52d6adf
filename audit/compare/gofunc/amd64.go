package gofunc

import "encoding/binary"

// An inst is the shape of one instruction: how long it is and where its
// operands stand. Offsets are from its first byte; a size of 0 is "none".
type inst struct {
	n        int
	disp     int // a displacement that is relative to the next instruction
	dispSize int
	lea      bool // the address is computed and not accessed
	branch   bool // the displacement is that of a jump or a call
	abs      int  // a 32-bit displacement or immediate that may be an address
	imm      int
	immSize  int
}

// decodeAMD64 measures an instruction in 64-bit mode (Intel SDM vol. 2, chapter
// 2 and appendix A; VEX and EVEX too). n is 0 for what is no instruction; what
// an instruction does is not its business.
func decodeAMD64(b []byte) inst {
	i, size16, wide := 0, false, false
	for ; i < len(b) && i < 14; i++ {
		if b[i] == 0x66 {
			size16 = true
		} else if !isPrefix(b[i]) {
			break
		}
	}
	if i >= len(b) {
		return inst{}
	}
	if b[i]&0xf0 == 0x40 {
		wide = b[i]&8 != 0
		if i++; i >= len(b) {
			return inst{}
		}
	}
	op, attr, i := opcode(b, i)
	if attr == invalid || i > len(b) {
		return inst{}
	}
	in := operands(b, i, op, attr, size16, wide)
	in.lea = op == 0x8d && attr == modRM && b[i-1] == op
	return in
}

// opcode reads the opcode at i and says what follows it.
func opcode(b []byte, i int) (op, attr byte, next int) {
	op = b[i]
	i++
	switch op {
	case 0x0f:
		if i >= len(b) {
			return op, invalid, i
		}
		op = b[i]
		i++
		switch op {
		case 0x38:
			return op, modRM, i + 1
		case 0x3a:
			return op, modRM | imm8, i + 1
		}
		return op, secondByte(op), i
	case 0xc4, 0xc5, 0x62:
		attr, i = vector(b, i-1)
		return op, attr, i
	}
	attr = firstByte(op)
	if attr == groupThree {
		attr = modRM
		if i < len(b) && b[i]&0x30 == 0 {
			attr |= map[bool]byte{false: imm8, true: immZ}[op == 0xf7]
		}
	}
	return op, attr, i
}

// operands measures what follows the opcode.
func operands(b []byte, i int, op, attr byte, size16, wide bool) inst {
	var in inst
	if attr&modRM != 0 {
		if i = in.address(b, i); i == 0 {
			return inst{}
		}
	}
	switch attr &^ modRM {
	case imm8:
		in.imm, in.immSize = i, 1
	case imm16:
		in.imm, in.immSize = i, 2
	case imm24:
		in.imm, in.immSize = i, 3
	case immZ:
		in.imm, in.immSize = i, 4
		if size16 {
			in.immSize = 2
		} else if in.abs == 0 {
			in.abs = i
		}
	case immV:
		in.imm, in.immSize = i, 4
		switch {
		case wide:
			in.immSize = 8
		case size16:
			in.immSize = 2
		default:
			in.abs = i
		}
	case offset8:
		in.imm, in.immSize = i, 8
	case rel8:
		in.disp, in.dispSize, in.branch = i, 1, true
		i++
	case rel32:
		in.disp, in.dispSize, in.branch = i, 4, true
		i += 4
	}
	in.n = i + in.immSize
	if in.n > len(b) || in.n > 15 {
		return inst{}
	}
	return in
}

// address measures a ModRM byte with what belongs to it and gives the offset
// behind, 0 when the code ends before.
func (in *inst) address(b []byte, i int) int {
	if i >= len(b) {
		return 0
	}
	mod, rm := b[i]>>6, b[i]&7
	i++
	if mod == 3 {
		return i
	}
	long := mod == 2
	if rm == 4 {
		if i >= len(b) {
			return 0
		}
		if mod == 0 && b[i]&7 == 5 {
			in.abs, long = i+1, true
		}
		i++
	} else if mod == 0 && rm == 5 {
		in.disp, in.dispSize = i, 4
		return i + 4
	}
	switch {
	case long:
		return i + 4
	case mod == 1:
		return i + 1
	}
	return i
}

// vector measures a VEX or EVEX prefix with its opcode.
func vector(b []byte, i int) (attr byte, next int) {
	space := byte(1)
	switch b[i] {
	case 0xc5:
		i += 2
	case 0xc4:
		if i+1 >= len(b) {
			return invalid, i
		}
		space = b[i+1] & 0x1f
		i += 3
	case 0x62:
		if i+1 >= len(b) {
			return invalid, i
		}
		space = b[i+1] & 7
		i += 4
	}
	if i >= len(b) {
		return invalid, i
	}
	op := b[i]
	switch space {
	case 1:
		attr = modRM
		if op == 0x77 {
			attr = 0
		} else if secondByte(op) == modRM|imm8 {
			attr |= imm8
		}
	case 2, 5, 6:
		attr = modRM
	case 3:
		attr = modRM | imm8
	default:
		attr = invalid
	}
	return attr, i + 1
}

// relative gives the address that a relative operand refers to.
func (in *inst) relative(b []byte, pc uint64) uint64 {
	d := int64(int8(b[in.disp])) //nolint:gosec // sign extension
	if in.dispSize == 4 {
		d = int64(int32(binary.LittleEndian.Uint32(b[in.disp:]))) //nolint:gosec // sign extension
	}
	return pc + uint64(in.n) + uint64(d) //nolint:gosec // two's complement
}

// immediate is the instruction's constant, sign-extended.
func (in *inst) immediate(b []byte) (int64, bool) {
	switch in.immSize {
	case 1:
		return int64(int8(b[in.imm])), true
	case 2:
		return int64(int16(binary.LittleEndian.Uint16(b[in.imm:]))), true //nolint:gosec // sign extension
	case 4:
		return int64(int32(binary.LittleEndian.Uint32(b[in.imm:]))), true //nolint:gosec // sign extension
	case 8:
		return int64(binary.LittleEndian.Uint64(b[in.imm:])), true //nolint:gosec // sign extension
	}
	return 0, false
}
