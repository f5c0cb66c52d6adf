package inventory

import (
	"bytes"
	"os"
	"runtime/debug"
	"slices"
	"strings"
	"testing"
)

// self is the test's own binary: a real one.
func self(t testing.TB) []byte {
	t.Helper()
	path, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	data, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	return data
}

func TestFromBinary(t *testing.T) {
	data := self(t)
	inv := FromBinary(data, "self")
	if m := one(t, inv, "github.com/proffer-audit/proffer"); !m.Main {
		t.Errorf("main module %+v", m)
	}
	c := one(t, inv, Stdlib)
	if want := (Witness{Kind: BuiltIn, Where: "self"}); c.Version == "" || !slices.Equal(c.Witnesses, []Witness{want}) {
		t.Errorf("%+v", c)
	}

	stripped := bytes.ReplaceAll(data, []byte("\xff Go buildinf:"), []byte("\xff No buildinf:"))
	if got := FromBinary(stripped, "self"); !slices.Equal(codes(got), []string{NoBuildInfo}) || len(got.Components) != 0 {
		t.Errorf("without build information: %+v", got)
	}
	if got := FromBinary(data[:len(data)/3], "self"); len(got.Gaps) == 0 {
		t.Errorf("a third of a binary: %+v", got)
	}
}

func TestFromBinaryGaps(t *testing.T) {
	for _, tt := range []struct{ name, data, want string }{
		{"empty", "", NotGoBinary},
		{"text that speaks of Go", "runtime.goexit", NotGoBinary},
		{"an executable of something else", "\x7fELF\x02\x01\x01" + strings.Repeat("\x00", 100), NotGoBinary},
		{"Go marks in a ruin", "\x7fELF\x02\x01\x01" + strings.Repeat("\x00", 100) + "\xff Go buildinf:", NoBuildInfo},
	} {
		t.Run(tt.name, func(t *testing.T) {
			inv := FromBinary([]byte(tt.data), "f")
			if !slices.Equal(codes(inv), []string{tt.want}) || len(inv.Components) != 0 {
				t.Errorf("%+v, want gap %s", inv, tt.want)
			}
		})
	}
}

func TestBuildInfo(t *testing.T) {
	info := &debug.BuildInfo{
		GoVersion: "go1.23.12 X:boringcrypto",
		Path:      "example.org/agent/cmd/agent",
		Main:      debug.Module{Path: "example.org/agent", Version: "(devel)"},
		Deps: []*debug.Module{
			{Path: "example.org/a", Version: "v1.0.0", Sum: sum},
			{Path: "example.org/b", Version: "v1.0.0", Replace: &debug.Module{Path: "example.org/c", Version: "v2.0.0", Sum: sum}},
			{Path: "example.org/d", Version: "v1.0.0", Replace: &debug.Module{Path: "../d", Version: "(devel)"}},
			{Path: "a\x1b[2J", Version: "v1.0.0"},
		},
	}
	inv := fromBuildInfo(info, "f")
	if c := one(t, inv, Stdlib); c.Version != "1.23.12" {
		t.Errorf("%+v", c)
	}
	if c := one(t, inv, "example.org/agent"); !c.Main || c.Version != "" {
		t.Errorf("%+v", c)
	}
	if w := one(t, inv, "example.org/a").Witnesses[0]; w.Kind != BuiltIn || w.Sum != sum || w.Where != "f" {
		t.Errorf("witness %+v", w)
	}
	if c := one(t, inv, "example.org/c"); c.Version != "v2.0.0" || c.Witnesses[0].Replaces != "example.org/b@v1.0.0" {
		t.Errorf("%+v", c)
	}
	if c := one(t, inv, "example.org/d"); c.Local != "../d" || c.Version != "" {
		t.Errorf("%+v", c)
	}
	if got := codes(inv); !slices.Equal(got, []string{LocalReplace, UnreadableName}) {
		t.Errorf("gaps %v", got)
	}

	bare := fromBuildInfo(&debug.BuildInfo{GoVersion: "go1.23.12"}, "f")
	if !slices.Equal(codes(bare), []string{NoModuleList}) || len(bare.Read) != 0 {
		t.Errorf("only a version: %+v", bare)
	}
	tool := fromBuildInfo(&debug.BuildInfo{GoVersion: "go1.26.5", Path: "cmd/gofmt"}, "gofmt")
	if c := one(t, tool, Toolchain); !c.Main || c.Version != "1.26.5" || len(tool.Gaps) != 0 {
		t.Errorf("a program of the Go distribution: %+v", tool)
	}
	dev := fromBuildInfo(&debug.BuildInfo{GoVersion: "devel go1.27-0123abcd", Path: "x"}, "f")
	if !slices.Equal(codes(dev), []string{DevelToolchain}) {
		t.Errorf("a development toolchain: %+v", dev)
	}
}

func FuzzFromBinary(f *testing.F) {
	data := self(f)
	f.Add(data[:4096])
	f.Add([]byte("MZ" + strings.Repeat("\x00", 64) + "\xff Go buildinf:\x08\x02"))
	f.Add([]byte("\xcf\xfa\xed\xfe\x07\x00\x00\x01"))
	f.Fuzz(func(t *testing.T, data []byte) {
		inv := FromBinary(data, "f")
		if len(inv.Read) == 0 && len(inv.Gaps) == 0 {
			t.Fatal("nothing was read and nothing is said about it")
		}
	})
}
