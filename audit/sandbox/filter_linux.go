package sandbox

import (
	"fmt"
	"runtime"
	"unsafe"

	"golang.org/x/sys/unix"
)

// A rule refuses one system call. Without matches it always does, with some
// only when all of them hold.
type rule struct {
	nr    uint32
	errno unix.Errno
	when  []match
}

// A match compares the lower half of an argument: the kernel reads the flags,
// commands and ids that the rules look at as 32-bit numbers, so an upper half
// must not make a difference.
type match struct {
	arg   uint32
	mask  uint32
	value uint32
	not   bool // hold when it differs
}

func is(arg, value uint32) match { return match{arg: arg, mask: ^uint32(0), value: value} }
func isNot(arg, value uint32) match {
	return match{arg: arg, mask: ^uint32(0), value: value, not: true}
}
func masked(arg, mask, value uint32) match { return match{arg: arg, mask: mask, value: value} }
func anyBit(arg, mask uint32) match        { return match{arg: arg, mask: mask, not: true} }

// Offsets in the kernel's struct seccomp_data.
const (
	offNumber = 0
	offArch   = 4
	offArgs   = 16
)

// x32Bit marks the calls of amd64's 32-bit-pointer interface.
const x32Bit = 0x40000000

// newestCall is the highest call number that the tables were written against.
// What is newer is unknown here, so it does not exist inside.
const newestCall = 470 // listns

// A filter is a seccomp program under construction.
type filter []unix.SockFilter

func (f *filter) op(code uint16, k uint32, jt, jf uint8) {
	*f = append(*f, unix.SockFilter{Code: code, Jt: jt, Jf: jf, K: k})
}

func (f *filter) load(off uint32) { f.op(unix.BPF_LD|unix.BPF_W|unix.BPF_ABS, off, 0, 0) }

func (f *filter) answer(k uint32) { f.op(unix.BPF_RET|unix.BPF_K, k, 0, 0) }

func (f *filter) refuse(e unix.Errno) { f.answer(unix.SECCOMP_RET_ERRNO | uint32(e)) }

// buildFilter assembles the program: another architecture's calls kill, calls
// newer than the tables do not exist, then the rules, then allow.
func buildFilter(arch uint32, rules []rule) []unix.SockFilter {
	var f filter
	f.load(offArch)
	f.op(unix.BPF_JMP|unix.BPF_JEQ|unix.BPF_K, arch, 1, 0)
	f.answer(unix.SECCOMP_RET_KILL_PROCESS)
	f.load(offNumber)
	f.op(unix.BPF_JMP|unix.BPF_JGE|unix.BPF_K, x32Bit, 0, 1)
	f.refuse(unix.EPERM)
	f.op(unix.BPF_JMP|unix.BPF_JGT|unix.BPF_K, newestCall, 0, 1)
	f.refuse(unix.ENOSYS)
	for _, r := range rules {
		f.rule(r)
	}
	f.answer(unix.SECCOMP_RET_ALLOW)
	return f
}

// rule adds one rule. The accumulator holds the call's number before and after.
func (f *filter) rule(r rule) {
	var body filter
	for i, m := range r.when {
		body.load(offArgs + 8*m.arg)
		if m.mask != ^uint32(0) {
			body.op(unix.BPF_ALU|unix.BPF_AND|unix.BPF_K, m.mask, 0, 0)
		}
		// On a mismatch go on behind the refusal: over what the other
		// matches take, and the refusal itself.
		skip := uint8(1)
		for _, later := range r.when[i+1:] {
			skip += later.length()
		}
		if m.not {
			body.op(unix.BPF_JMP|unix.BPF_JEQ|unix.BPF_K, m.value, skip, 0)
		} else {
			body.op(unix.BPF_JMP|unix.BPF_JEQ|unix.BPF_K, m.value, 0, skip)
		}
	}
	body.refuse(r.errno)
	if len(r.when) > 0 {
		body.load(offNumber)
	}
	f.op(unix.BPF_JMP|unix.BPF_JEQ|unix.BPF_K, r.nr, 0, uint8(len(body)))
	*f = append(*f, body...)
}

func (m match) length() uint8 {
	if m.mask != ^uint32(0) {
		return 3
	}
	return 2
}

// installFilter puts the filter on the calling thread, which must have given
// up gaining privileges.
func installFilter(prog []unix.SockFilter) error {
	fprog := unix.SockFprog{Len: uint16(len(prog)), Filter: &prog[0]}
	err := unix.Prctl(unix.PR_SET_SECCOMP, unix.SECCOMP_MODE_FILTER, uintptr(unsafe.Pointer(&fprog)), 0, 0)
	runtime.KeepAlive(prog)
	if err != nil {
		return fmt.Errorf("install the system call filter of %d instructions: %w", len(prog), err)
	}
	return nil
}
