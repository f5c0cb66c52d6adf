package gofunc

import (
	"bytes"
	"debug/elf"
	"os"
	"testing"

	"golang.org/x/arch/x86/x86asm"
)

// TestLengths sets the measured lengths and operand places against x/arch's
// decoder, over the code of this very test program.
func TestLengths(t *testing.T) {
	exe, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	raw, err := os.ReadFile(exe)
	if err != nil {
		t.Fatal(err)
	}
	f, err := elf.NewFile(bytes.NewReader(raw))
	if err != nil || f.Machine != elf.EM_X86_64 {
		t.Skip("the test program is not an ELF file for amd64")
	}
	text, err := f.Section(".text").Data()
	if err != nil {
		t.Fatal(err)
	}
	seen, unknown, odd := 0, 0, 0
	for at := 0; at < len(text) && odd < 20; {
		in := decodeAMD64(text[at:])
		ref, err := x86asm.Decode(text[at:min(at+15, len(text))], 64)
		if first := text[at]; err != nil || first == 0xc4 || first == 0xc5 || first == 0x62 {
			// VEX and EVEX are not known there: VZEROUPPER is, without the end
			// of its length.
			unknown++
			at += max(in.n, 1)
			continue
		}
		if seen++; ref.Len != in.n {
			odd++
			t.Errorf("% x: length %d, want %d: %v", text[at:at+15], in.n, ref.Len, ref)
		} else if ref.PCRel != 0 && (in.dispSize != ref.PCRel || in.disp != ref.PCRelOff) {
			odd++
			t.Errorf("% x: relative operand %d at %d, want %d at %d", text[at:at+15], in.dispSize, in.disp, ref.PCRel, ref.PCRelOff)
		}
		at += ref.Len
	}
	t.Logf("%d instructions, %d unknown to x/arch", seen, unknown)
	if seen < 100_000 || unknown > seen/100 {
		t.Errorf("%d instructions, %d unknown: too few to say anything", seen, unknown)
	}
}
