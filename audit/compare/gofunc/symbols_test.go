package gofunc_test

import (
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/proffer-audit/proffer/audit/compare/gofunc"
)

const cSource = `
#include <stdio.h>
#include <string.h>
PAD
int table[] = {1, 2, 3, 4};
const char *names[] = {"one", "two", "three"};
__attribute__((noinline)) int check(const char *k) { return strcmp(k, "licence-123") == 0; }
__attribute__((noinline)) const char *words(int x) {
	switch (x) {
	case 0: return "zero";
	case 1: return "uno";
	case 2: puts("two"); return "due";
	case 3: return "tre";
	case 4: puts("four"); return "quattro";
	case 5: puts("five"); return "five";
	case 6: return names[x % 3];
	}
	return "none";
}
__attribute__((noinline)) int numbers(int x, int y) {
	switch (x) {
	case 0: return y + 1;
	case 1: return y * 3;
	case 2: puts("q"); return y;
	case 3: return y - 7;
	case 4: return y ^ 5;
	case 5: return printf("%d", y);
	case 6: return y << 2;
	}
	return 0;
}
__attribute__((noinline)) double scale(double d) { return d * 3.25 + table[2]; }
int main(int argc, char **argv) {
	printf("%d %s %f %d\n", check(argv[0]), words(argc), scale(argc), numbers(argc, 3));
	return EXTRA table[argc & 3];
}
`

// TestSymbols compares C programs by their symbol tables.
func TestSymbols(t *testing.T) {
	tool, err := exec.LookPath("cc")
	if err != nil {
		t.Skip("no C compiler")
	}
	compile := func(flag string, replace ...string) []byte {
		dir := t.TempDir()
		source := strings.NewReplacer(append(replace, "PAD", "", "EXTRA", "")...).Replace(cSource)
		if err := os.WriteFile(filepath.Join(dir, "a.c"), []byte(source), 0o600); err != nil {
			t.Fatal(err)
		}
		cmd := exec.Command(tool, "-O2", flag, "-o", "a", "a.c")
		cmd.Dir = dir
		if msg, err := cmd.CombinedOutput(); err != nil {
			t.Skipf("cc %s: %v\n%s", flag, err, msg)
		}
		b, err := os.ReadFile(filepath.Join(dir, "a"))
		if err != nil {
			t.Fatal(err)
		}
		return b
	}
	const pad = `static const char pad[] = "text that moves everything else"; __attribute__((noinline)) int extra(int x) { return printf("%s%d", pad, x); }`
	for _, flag := range []string{"-pie", "-no-pie"} {
		a := compile(flag)
		for _, tt := range []struct {
			name           string
			replace        []string
			changed, added []string
			data           []string
		}{
			{"nothing", nil, nil, nil, nil},
			{"a string", []string{"licence-123", "licence-124"}, []string{"check"}, nil, nil},
			{"a number", []string{"y - 7", "y - 8"}, []string{"numbers"}, nil, nil},
			{"a row of a table", []string{`"tre"`, `"dre"`}, []string{"words"}, nil, nil},
			{"a floating-point number", []string{"3.25", "3.5"}, []string{"scale"}, nil, nil},
			{"a variable", []string{"3, 4}", "3, 5}"}, nil, nil, []string{"table"}},
			{"everything moved", []string{"PAD", pad, "EXTRA", "extra(argc) +"}, []string{"main"}, []string{"extra"}, nil},
		} {
			t.Run(tt.name+" "+flag, func(t *testing.T) {
				v, err := gofunc.CompareSymbols(a, compile(flag, tt.replace...))
				if err != nil {
					t.Fatal(err)
				}
				var changed, added, data []string
				for _, f := range v.Functions {
					if f.Class == gofunc.Added {
						added = append(added, f.Name)
					} else {
						changed = append(changed, f.Name)
					}
				}
				for _, d := range v.Data {
					data = append(data, d.Name)
				}
				if !slices.Equal(changed, tt.changed) || !slices.Equal(added, tt.added) || !slices.Equal(data, tt.data) {
					t.Errorf("changed %v, added %v, data %v", changed, added, data)
				}
			})
		}
	}
}
