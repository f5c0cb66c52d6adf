package inventory

import (
	"bytes"
	"slices"
	"strings"
	"testing"
)

const sum = "h1:3sRQfwbYWNuRC8kTJWPwKOu1ayeuXbHJJAqQxAyHlSI="

func find(inv Inventory, name string) []Component {
	var out []Component
	for _, c := range inv.Components {
		if c.Name == name {
			out = append(out, c)
		}
	}
	return out
}

func one(t *testing.T, inv Inventory, name string) Component {
	t.Helper()
	all := find(inv, name)
	if len(all) != 1 {
		t.Fatalf("%d components named %s in %+v", len(all), name, inv.Components)
	}
	return all[0]
}

func codes(inv Inventory) []string {
	var out []string
	for _, g := range inv.Gaps {
		out = append(out, g.Code)
	}
	return out
}

func TestFromGoMod(t *testing.T) {
	gomod := `module example.org/agent

go 1.23

require (
	github.com/BurntSushi/toml v1.4.0
	golang.org/x/sys v0.30.0 // indirect
	example.org/old v1.0.0
	example.org/here v0.0.0
	example.org/twice v1.1.0
)

replace example.org/old => example.org/fork v1.0.1
replace example.org/here => ./here
replace example.org/twice => example.org/any v9.0.0
replace example.org/twice v1.1.0 => example.org/exact v1.1.1
`
	gosum := "golang.org/x/sys v0.30.0 " + sum + "\n" +
		"golang.org/x/sys v0.30.0/go.mod " + sum + "\n" +
		"example.org/stray v1.0.0 " + sum + "\n" +
		"example.org/fork v1.0.1 " + sum + "\n"
	inv := FromGoMod([]byte(gomod), []byte(gosum), "agent")

	if m := one(t, inv, "example.org/agent"); !m.Main || m.Version != "" {
		t.Errorf("main module is %+v", m)
	}
	if c := one(t, inv, "github.com/BurntSushi/toml"); c.PURL != "pkg:golang/github.com/BurntSushi/toml@v1.4.0" {
		t.Errorf("purl %q lost the case of the path", c.PURL)
	}
	sys := one(t, inv, "golang.org/x/sys")
	want := []Witness{{Kind: Declared, Where: "agent: go.mod", Line: 7}, {Kind: Locked, Where: "agent: go.sum", Line: 1, Sum: sum}}
	if !slices.Equal(sys.Witnesses, want) {
		t.Errorf("x/sys witnesses %+v, want %+v", sys.Witnesses, want)
	}
	fork := one(t, inv, "example.org/fork")
	if fork.Version != "v1.0.1" || fork.Witnesses[0].Replaces != "example.org/old@v1.0.0" || fork.Witnesses[0].Line != 13 {
		t.Errorf("replacement %+v", fork)
	}
	if here := one(t, inv, "example.org/here"); here.Local != "./here" || here.Version != "" {
		t.Errorf("replacement by a directory %+v", here)
	}
	if got := one(t, inv, "example.org/exact"); got.Version != "v1.1.1" {
		t.Errorf("the replacement of the version did not win: %+v", got)
	}
	for _, gone := range []string{"example.org/old", "example.org/twice", "example.org/any", "example.org/stray", Stdlib} {
		if len(find(inv, gone)) > 0 {
			t.Errorf("%s is not part of the product, and is listed", gone)
		}
	}
	if got := codes(inv); !slices.Equal(got, []string{LocalReplace}) {
		t.Errorf("gaps %v", got)
	}
}

func TestOldGoModTakesIndirectFromSum(t *testing.T) {
	inv := FromGoMod([]byte("module m\ngo 1.16\nrequire example.org/a v1.0.0\n"),
		[]byte("example.org/a v1.0.0 "+sum+"\nexample.org/b v1.0.0 "+sum+"\nexample.org/c v1.0.0/go.mod "+sum+"\n"), "agent")
	if b := one(t, inv, "example.org/b"); b.Witnesses[0].Kind != Locked {
		t.Errorf("%+v", b)
	}
	if len(find(inv, "example.org/c")) > 0 {
		t.Error("a module of which only the go.mod is pinned is listed")
	}
}

func TestGoModGaps(t *testing.T) {
	for _, tt := range []struct {
		name, gomod string
		gosum       []byte
		want        string
	}{
		{"not a go.mod", "modul x\n", []byte{}, UnreadableGoMod},
		{"require without version", "module m\nrequire x\n", []byte{}, UnreadableGoMod},
		{"no go.sum", "module m\ngo 1.23\nrequire example.org/a v1.0.0\n", nil, MissingGoSum},
		{"two fields in go.sum", "module m\ngo 1.23\n", []byte("example.org/a v1.0.0\n"), UnreadableGoSum},
		{"other hash in go.sum", "module m\ngo 1.23\n", []byte("example.org/a v1.0.0 md5:abc\n"), UnreadableGoSum},
		{"bidi in a path", "module \"a\u202eb\"\ngo 1.23\n", []byte{}, UnreadableName},
	} {
		t.Run(tt.name, func(t *testing.T) {
			if got := codes(FromGoMod([]byte(tt.gomod), tt.gosum, "agent")); !slices.Contains(got, tt.want) {
				t.Errorf("gaps %v, want %s", got, tt.want)
			}
		})
	}
	if got := FromGoMod([]byte("module m\ngo 1.23\n"), nil, "agent").Gaps; len(got) != 0 {
		t.Errorf("a module that requires nothing needs no go.sum: %+v", got)
	}
}

func TestFromToolchain(t *testing.T) {
	inv := FromToolchain("go1.23.12", "build linux-x64: toolchain")
	if c := one(t, inv, Stdlib); c.Version != "1.23.12" || c.PURL != "pkg:golang/stdlib@1.23.12" {
		t.Errorf("%+v", c)
	}
	one(t, inv, Toolchain)
	for _, bad := range []string{"devel go1.27-abcdef", "", "1.23", "gopher", "go\x1b[2J"} {
		if got := codes(FromToolchain(bad, "b")); !slices.Equal(got, []string{DevelToolchain}) {
			t.Errorf("toolchain %q: gaps %v", bad, got)
		}
	}
}

func TestFromPURL(t *testing.T) {
	inv := FromPURL("pkg:golang/github.com/BurntSushi/toml@v1.4.0", "submission")
	if c := one(t, inv, "github.com/BurntSushi/toml"); !c.Main || c.Version != "v1.4.0" {
		t.Errorf("%+v", c)
	}
	if inv := FromPURL("pkg:npm/%40a/b@1.0.0", "submission"); len(inv.Components)+len(inv.Gaps) != 0 {
		t.Errorf("an npm package: %+v", inv)
	}
	for text, want := range map[string]string{"nonsense": UnreadablePURL, "pkg:golang/example.org/a": UnreadableName} {
		if got := codes(FromPURL(text, "submission")); !slices.Equal(got, []string{want}) {
			t.Errorf("%q: gaps %v, want %s", text, got, want)
		}
	}
}

func TestMergeGivesMainItsVersion(t *testing.T) {
	a := FromGoMod([]byte("module example.org/agent\ngo 1.23\n"), nil, "agent")
	b := FromPURL("pkg:golang/example.org/agent@v1.2.3", "submission")
	c := one(t, Merge(a, b), "example.org/agent")
	if c.Version != "v1.2.3" || len(c.Witnesses) != 2 || !strings.HasSuffix(c.PURL, "@v1.2.3") {
		t.Errorf("%+v", c)
	}
	two := FromPURL("pkg:golang/example.org/agent@v1.2.4", "submission")
	if got := find(Merge(a, b, two), "example.org/agent"); len(got) != 3 {
		t.Errorf("with two versions known the module without one was joined to one of them: %+v", got)
	}
}

func TestCanonicalIsOrderFree(t *testing.T) {
	a := FromGoMod([]byte("module m\ngo 1.23\nrequire (\n\texample.org/b v1.0.0\n\texample.org/a v1.0.0\n)\n"), []byte{}, "agent")
	b := FromToolchain("go1.23.12", "build")
	first, err := Merge(a, b).Canonical()
	if err != nil {
		t.Fatal(err)
	}
	second, err := Merge(b, a, b).Canonical()
	if err != nil {
		t.Fatal(err)
	}
	if !bytes.Equal(first, second) {
		t.Errorf("order changes the inventory:\n%s\n%s", first, second)
	}
	empty, err := Inventory{}.Canonical()
	if err != nil || string(empty) != `{"components":[],"gaps":[],"read":[]}` {
		t.Errorf("empty inventory is %s, %v", empty, err)
	}
}

func FuzzFromGoMod(f *testing.F) {
	f.Add([]byte("module m\ngo 1.16\nrequire example.org/a v1.0.0\nreplace example.org/a => ./a\n"), []byte("example.org/a v1.0.0 "+sum+"\n"))
	f.Add([]byte("module m\ntoolchain go1.2\n"), []byte("x"))
	f.Fuzz(func(t *testing.T, gomod, gosum []byte) {
		inv := FromGoMod(gomod, gosum, "agent")
		if len(inv.Read) == 0 && len(inv.Gaps) == 0 {
			t.Fatal("nothing was read and nothing is said about it")
		}
		for _, c := range inv.Components {
			if !readable(c.Name) || len(c.Witnesses) == 0 {
				t.Fatalf("component %+v", c)
			}
		}
		if _, err := inv.Canonical(); err != nil {
			t.Fatal(err)
		}
	})
}
