package strictyaml

import (
	"strings"
	"testing"
)

func TestCheckDigest(t *testing.T) {
	all := []string{H1, SHA256, SHA512, Tree}
	hex32, hex64 := strings.Repeat("0a", 32), strings.Repeat("0a", 64)
	b32 := "/yCM7qVQu6sYYUewQ39rtTtRMYMHdbP9oNjgp+lEV9w="
	b64 := strings.Repeat("A", 86) + "=="
	for _, tt := range []struct {
		in    string
		among []string
		ok    bool
	}{
		{"sha256:" + hex32, all, true},
		{"sha512:" + hex64, all, true},
		{"sha512-" + b64, all, true},
		{"h1:" + b32, all, true},
		{"tree-sha256:" + hex32, all, true},
		{"sha256:" + hex32, []string{SHA256}, true},
		{"h1:" + b32, []string{SHA256}, false},
		{"", all, false},
		{hex32, all, false},
		{"md5:" + hex32[:32], all, false},
		{"SHA256:" + hex32, all, false},
		{"sha256:" + strings.ToUpper(hex32), all, false},
		{"sha256:" + hex32[1:], all, false},
		{"sha256:" + hex32[2:], all, false},
		{"sha256: " + hex32, all, false},
		{"sha256-" + b32, all, false},
		{"h1-" + b32, all, false},
		{"sha512:" + b64, all, false},
		{"h1:" + b32[:43], all, false},
		{"h1:" + b32[:42] + "x=", all, false}, // bits beyond the last byte
		{"h1:" + b32[:20] + "\n" + b32[20:], all, false},
		{"h1:" + hex32, all, false},
		{"tree-sha256:" + hex64, all, false},
	} {
		if got := CheckDigest(tt.in, tt.among...); (got == nil) != tt.ok {
			t.Errorf("CheckDigest(%q, %v) = %v", tt.in, tt.among, got)
		} else if got != nil && got.Hint == "" {
			t.Errorf("CheckDigest(%q): no hint", tt.in)
		}
	}
}

func TestCheckNamesAndPaths(t *testing.T) {
	for _, tt := range []struct {
		what  string
		check func(string) *Problem
		good  []string
		bad   []string
	}{
		{
			"name", CheckName,
			[]string{"a", "linux-x64", "0.25_x", strings.Repeat("a", 64)},
			[]string{"", "A", "-a", ".a", "a/b", "a b", "ä", "a\n", strings.Repeat("a", 65)},
		},
		{
			"relative path", CheckRelative,
			[]string{"a", "package/bin/agent", "a b", "...", "ab:c/d"},
			[]string{
				"", ".", "..", "../a", "a/../b", "a/..", "/a", "a/", "a//b", "./a", `a\b`, `..\a`, "c:a", "C:/a", "a\nb",
				strings.Repeat("a", maxPath+1),
			},
		},
		{
			"absolute path", CheckAbsolute,
			[]string{"/a", "/usr/local/go"},
			[]string{"", "/", "a", "//a", "/a/", "/a/..", "/./a", `\a`, "C:/a"},
		},
	} {
		for _, s := range tt.good {
			if p := tt.check(s); p != nil {
				t.Errorf("%s %q refused: %v", tt.what, s, p)
			}
		}
		for _, s := range tt.bad {
			if tt.check(s) == nil {
				t.Errorf("%s %q accepted", tt.what, s)
			}
		}
	}
}
