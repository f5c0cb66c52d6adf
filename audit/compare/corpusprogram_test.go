package compare_test

import (
	"testing"

	"github.com/proffer-audit/proffer/audit/compare"
	"github.com/proffer-audit/proffer/audit/compare/sections/sectionstest"
	"github.com/proffer-audit/proffer/reports"
)

func program(s seeded) sectionstest.ELF {
	e := sectionstest.ELF{Text: s.bytes(3000), Rodata: s.text(400), Data: s.bytes(600), Comment: "GCC: (acme) 12.2.0\x00"}
	copy(e.BuildID[:], s.bytes(20))
	return e
}

func elfPairs(t testing.TB) []pair {
	s := seed(7)
	base := program(s)
	plain := base.Bytes()
	change := func(f func(e *sectionstest.ELF)) []byte { e := base; f(&e); return e.Bytes() }
	payload := []byte("\x90\x90\x90\x90\xcc\xcc\xcc\xcc")
	return []pair{
		benign("elf build ID", reports.Explained, change(func(e *sectionstest.ELF) { e.BuildID[3] ^= 1 }), plain),
		benign("elf debug information", reports.Explained, change(func(e *sectionstest.ELF) { e.Debug = s.bytes(800) }), plain),
		benign("elf compiler's mark", reports.Explained, change(func(e *sectionstest.ELF) { e.Comment = "GCC: (acme) 12.2.1\x00" }), plain),
		hidden("elf executable gap and build ID", change(func(e *sectionstest.ELF) { e.Gap = payload; e.BuildID[3] ^= 1 }), plain, compare.ExecPadding),
		planted("elf executable gap", change(func(e *sectionstest.ELF) { e.Gap = payload }), plain, compare.ExecPadding),
		planted("elf overlay", change(func(e *sectionstest.ELF) { e.Overlay = s.bytes(200) }), plain, compare.Appended),
		planted("elf and zip in one", change(func(e *sectionstest.ELF) { e.Overlay = zipOf(t, 6, zipFile("run.js", 0o644, s.text(300))) }), plain, compare.Appended),
		planted("elf section of unknown purpose", change(func(e *sectionstest.ELF) { e.Extra = s.bytes(200) }), plain, compare.HiddenData),
		planted("elf mapped section", change(func(e *sectionstest.ELF) { e.ExtraAlloc = s.bytes(64) }), plain, compare.AddedSection, compare.Mapping),
		planted("elf executable data", change(func(e *sectionstest.ELF) { e.DataFlags = 7 }), plain, compare.Mapping),
		planted("elf segment longer than its sections", change(func(e *sectionstest.ELF) { e.MoreText = 64 }), plain, compare.Mapping),
		planted("elf entry point", change(func(e *sectionstest.ELF) { e.Entry = 16 }), plain, compare.EntryPoint),
		planted("elf code", change(func(e *sectionstest.ELF) { e.Text = with(e.Text, 100, payload...) }), plain),
		planted("elf without section headers, code", change(func(e *sectionstest.ELF) { e.NoSections = true; e.Text = with(e.Text, 100, payload...) }),
			change(func(e *sectionstest.ELF) { e.NoSections = true })),
	}
}

func pePairs() []pair {
	s := seed(8)
	base := sectionstest.PE{Text: s.bytes(1000), Data: s.bytes(600), Time: 1700000000, Checksum: true}
	plain := base.Bytes()
	change := func(f func(p *sectionstest.PE)) []byte { p := base; f(&p); return p.Bytes() }
	rich := func(n byte) []byte {
		key := []byte{0x11, 0x22, 0x33, 0x44}
		mask := func(b ...byte) []byte {
			for i := range b {
				b[i] ^= key[i%4]
			}
			return b
		}
		out := mask('D', 'a', 'n', 'S', 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, n, 0, 1, 0, 5, 0, 0, 0)
		return append(append(out, "Rich"...), key...)
	}
	return []pair{
		benign("pe time and checksum", reports.EqualNormalised, change(func(p *sectionstest.PE) { p.Time = 1800000000 }), plain),
		benign("pe Rich header", reports.Explained, change(func(p *sectionstest.PE) { p.Rich = rich(7) }), change(func(p *sectionstest.PE) { p.Rich = rich(9) })),
		planted("pe wrong checksum", change(func(p *sectionstest.PE) { p.WrongSum = 0xbadbad }), plain, compare.WrongDerived),
		planted("pe padding of the text", change(func(p *sectionstest.PE) { p.TextPadding = []byte("\xcc\x90payload") }), plain, compare.ExecPadding),
		planted("pe gap after the headers", change(func(p *sectionstest.PE) { p.HeaderGap = []byte("payload") }), plain, compare.HiddenData),
		planted("pe overlay", change(func(p *sectionstest.PE) { p.Overlay = s.bytes(100) }), plain, compare.Appended),
		planted("pe executable data", change(func(p *sectionstest.PE) { p.Flags = 0xe0000040 }), plain, compare.Mapping),
		planted("pe entry point", change(func(p *sectionstest.PE) { p.EntryRVA = 32 }), plain, compare.EntryPoint),
		planted("pe certificate table that is no signature", change(func(p *sectionstest.PE) { p.Certificate = s.bytes(300) }), plain, compare.ForeignSigned),
		planted("pe code", change(func(p *sectionstest.PE) { p.Text = with(p.Text, 10, 1, 2, 3) }), plain),
	}
}

func machoPairs() []pair {
	s := seed(9)
	base := sectionstest.MachO{Text: s.bytes(900), Data: s.bytes(300), Symbols: make([]byte, 64)}
	plain := base.Bytes()
	change := func(f func(m *sectionstest.MachO)) []byte { m := base; f(&m); return m.Bytes() }
	return []pair{
		benign("mach-o UUID", reports.Explained, change(func(m *sectionstest.MachO) { m.UUID[0] = 9 }), plain),
		benign("mach-o symbols", reports.Explained, change(func(m *sectionstest.MachO) { m.Symbols = s.bytes(64) }), plain),
		planted("mach-o header padding", change(func(m *sectionstest.MachO) { m.HeaderPad = []byte("payload") }), plain, compare.ExecPadding),
		planted("mach-o padding of the text", change(func(m *sectionstest.MachO) { m.TextPadding = []byte("\xcc\xccpayload") }), plain, compare.ExecPadding),
		planted("mach-o overlay", change(func(m *sectionstest.MachO) { m.Overlay = s.bytes(60) }), plain, compare.Appended),
		planted("mach-o executable data", change(func(m *sectionstest.MachO) { m.Protection = 7 }), plain, compare.Mapping),
		planted("mach-o one more library", change(func(m *sectionstest.MachO) { m.Library = "/tmp/libhook.dylib" }), plain, compare.Mapping),
		planted("mach-o entry point", change(func(m *sectionstest.MachO) { m.Entry = 8 }), plain, compare.EntryPoint),
		planted("mach-o signature that is none", change(func(m *sectionstest.MachO) { m.Signature = s.bytes(80) }), plain, compare.ForeignSigned),
		planted("mach-o code", change(func(m *sectionstest.MachO) { m.Text = with(m.Text, 10, 1, 2, 3) }), plain),
	}
}
