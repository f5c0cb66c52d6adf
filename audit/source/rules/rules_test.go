package rules

import (
	"slices"
	"strings"
	"testing"

	"github.com/proffer-audit/proffer/reports"
)

func load(t *testing.T) *Set {
	t.Helper()
	s, err := Load()
	if err != nil {
		t.Fatal(err)
	}
	return s
}

func TestEveryTableLoads(t *testing.T) {
	s := load(t)
	if !strings.HasPrefix(s.Digest, "sha256:") || len(s.Digest) != 71 {
		t.Errorf("digest %q", s.Digest)
	}
	for rule, w := range s.Severities {
		if !reports.Severity(w.Severity).Valid() || !reports.Severity(w.Quiet).Valid() {
			t.Errorf("%s: severities %q and %q", rule, w.Severity, w.Quiet)
		}
	}
	for _, c := range AllCapabilities() {
		if len(s.Concerns[c]) == 0 {
			t.Errorf("%s bears on no concern", c)
		}
		if back, err := ParseCapability(c.String()); err != nil || back != c {
			t.Errorf("%s does not parse back: %v", c, err)
		}
	}
}

func TestReasonsInStd(t *testing.T) {
	raw, err := data.ReadFile("data/std.txt")
	if err != nil {
		t.Fatal(err)
	}
	for n, line := range strings.Split(string(raw), "\n") {
		if line == "" || line[0] == '#' {
			continue
		}
		if _, reason, ok := strings.Cut(line, " # "); !ok || strings.TrimSpace(reason) == "" {
			t.Errorf("std.txt line %d gives no reason: %q", n+1, line)
		}
	}
}

func TestSinks(t *testing.T) {
	s := load(t)
	for _, c := range []struct {
		name string
		want string
	}{
		{"os.Open", "FILES"},
		{"os.File.Write", ""},
		{"os.Root.Open", "FILES"},
		{"os/exec.Cmd.Run", "EXEC"},
		{"net.DialTCP", "NETWORK"},
		{"net.Dialer.DialContext", "NETWORK"},
		{"net.Dialer.SetMultipathTCP", ""},
		{"net.ParseIP", ""},
		{"net.lookupIP", ""},
		{"syscall.forkExec", "EXEC"},
		{"syscall.Syscall6", "SYSTEM_CALLS"},
		{"golang.org/x/sys/unix.Openat", "FILES"},
		{"example.org/os.Open", ""},
		{"runtime/debug.SetGCPercent", "RUNTIME"},
		{"runtime/debug.ReadBuildInfo", ""},
	} {
		sym, err := ParseSymbol(c.name)
		if err != nil {
			t.Fatal(err)
		}
		if got := s.Sinks.Of(sym).String(); got != c.want {
			t.Errorf("%s: got %q, want %q", c.name, got, c.want)
		}
	}
	if s.Sinks.Package("os/exec")&Exec == 0 || s.Sinks.Package("strings") != 0 {
		t.Error("what a package hints at is wrong")
	}
}

func TestReadings(t *testing.T) {
	s := load(t)
	for path, want := range map[string]Reading{
		"runtime": Opaque, "runtime/debug": Opaque, "net": Opaque, "net/http": Read,
		"net/http/internal/ascii": Read, "net/netip": Opaque, "fmt": Helper,
		"path/filepath": Helper, "encoding/json": Helper, "encoding/hex": Opaque,
		"go/build": Read, "html/template": Read, "html": Opaque,
	} {
		if got := s.Std.Reading(path); got != want {
			t.Errorf("%s: reading %d, want %d", path, got, want)
		}
	}
	if !s.Std.Cut(Symbol{Package: "mime", Name: "TypeByExtension"}) {
		t.Error("mime.TypeByExtension is not cut")
	}
}

func TestConfusables(t *testing.T) {
	c := load(t).Confusables
	for word, want := range map[string]string{
		"раypal":   "paypal",   // Cyrillic р, а
		"Αdmin":    "Admin",    // Greek Α
		"ｖａｌｕｅ":    "value",    // full width
		"𝐱":        "x",        // mathematical bold
		"isАdmin":  "isAdmin",  // Cyrillic А
		"plain":    "plain",    //
		"naïve":    "naïve",    // not a look-alike
		"checkѕum": "checksum", // Cyrillic ѕ
		"հello":    "hello",    // Armenian
	} {
		got, changed := c.Skeleton(word)
		if got != want || changed != (word != want) {
			t.Errorf("%q: skeleton %q (changed %v), want %q", word, got, changed, want)
		}
	}
	for word, want := range map[string][]string{
		"раypal": {"Cyrillic", "Latin"}, "value_1": {"Latin"}, "日本ごカタ": {"East Asian"},
		"переменная": {"Cyrillic"}, "_1": nil,
	} {
		if got := c.Scripts(word); !slices.Equal(got, want) {
			t.Errorf("%q: scripts %v, want %v", word, got, want)
		}
	}
}

func TestStrong(t *testing.T) {
	c := load(t).Confusables
	for word, want := range map[string]bool{"χ2": false, "αβ": false, "isАdmin": true, "plain": false, "οk": true} {
		if got := c.Strong(word); got != want {
			t.Errorf("%q: strong %v", word, got)
		}
	}
}

func TestFiles(t *testing.T) {
	s := load(t)
	for file, want := range map[string]string{
		"a/b.go": "Go", "Makefile": "Makefile", "x/README": "Text", "LICENSE-MIT": "Text",
		"CHANGELOG.md": "Markdown", "go.mod": "Gomod", "a.PNG": "", "noext": "", "x.tar.gz": "",
	} {
		if got, _ := s.Languages.Of(file); got.Name != want {
			t.Errorf("%s: language %q, want %q", file, got.Name, want)
		}
	}
	for file, want := range map[string]string{
		"a/testdata/x.go": "test", "a/x_test.go": "test", "docs/x.md": "doc", "README.md": "doc",
		"pkg/contest/x.go": "code", "main.go": "code", "LICENSE": "doc", "internal/licenses.go": "code",
	} {
		if got := s.Places.Of(file); got != want {
			t.Errorf("%s: place %q, want %q", file, got, want)
		}
	}
}

func TestMagic(t *testing.T) {
	m := load(t).Magic
	for head, want := range map[string]Type{
		"\x7fELF\x02":                      {"exec", "elf"},
		"MZ\x90\x00":                       {"exec", "pe"},
		"\xca\xfe\xba\xbe\x00\x00\x00\x02": {"exec", "macho-fat"},
		"\xca\xfe\xba\xbe\x00\x00\x00\x41": {"exec", "java-class"},
		"\x00asm\x01\x00\x00\x00":          {"exec", "wasm"},
		"PK\x03\x04":                       {"archive", "zip"},
		"\x89PNG\r\n\x1a\n":                {"media", "png"},
		"RIFF\x01\x02\x03\x04WEBP":         {"media", "webp"},
		"package main":                     {},
		"":                                 {},
	} {
		if got, _ := m.Of([]byte(head)); got != want {
			t.Errorf("%q: %v, want %v", head, got, want)
		}
	}
	if got := m.Claimed("x/a.PNG"); len(got) != 1 || got[0].Name != "png" {
		t.Errorf("a.PNG claims %v", got)
	}
}

func TestHosts(t *testing.T) {
	h := load(t).Hosts
	for _, c := range []struct{ host, path, want string }{
		{"www.w3.org", "/2000/svg", "namespace"},
		{"c2.invalid", "", "reserved"},
		{"notexample.com", "", ""},
		{"localhost", "/x", "loopback"},
		{"update.acme.com", "/v1", ""},
	} {
		if got := h.Class(c.host, c.path); got != c.want {
			t.Errorf("%s%s: class %q, want %q", c.host, c.path, got, c.want)
		}
	}
	if !h.BareName("c2.acme.com") || h.BareName("main.go") || h.BareName("com") {
		t.Error("bare names are told wrongly")
	}
}

func TestBrokenTablesAreRefused(t *testing.T) {
	for name, line := range map[string]func() error{
		"sink before a section": func() error { return new(Sinks).line("FILES Open") },
		"unknown capability": func() error {
			s := new(Sinks)
			if err := s.line("[os]"); err != nil {
				t.Fatal(err)
			}
			return s.line("FLIES Open")
		},
		"two capabilities": func() error {
			s := new(Sinks)
			for _, l := range []string{"[os]", "FILES Open"} {
				if err := s.line(l); err != nil {
					t.Fatal(err)
				}
			}
			return s.line("EXEC Open")
		},
		"unknown verb":          func() error { return new(Std).line("opqaue os") },
		"no path":               func() error { return new(Std).line("opaque") },
		"bad symbol":            func() error { return new(Std).line("cut os") },
		"bad argument":          func() error { return new(Flows).line("dial net.Dial x") },
		"two letters":           func() error { return new(Confusables).line("ab Latin U+0430") },
		"bad code point":        func() error { return new(Confusables).line("a Latin 0430") },
		"weak without a letter": func() error { return new(Confusables).line("weak Greek U+03B1") },
		"odd magic":             func() error { return new(Magic).line("exec elf 0 7f4") },
		"bad magic":             func() error { return new(Magic).line("exec elf 0 zz") },
		"unknown class":         func() error { return new(Hosts).line("friend a.com") },
		"bad place":             func() error { return new(Places).line("test folder x") },
		"short weight":          func() error { return new(Set).severity("source.bidi high") },
	} {
		if line() == nil {
			t.Errorf("%s: accepted", name)
		}
	}
}
