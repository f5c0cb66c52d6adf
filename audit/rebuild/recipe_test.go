package rebuild

import (
	"errors"
	"strings"
	"testing"
	"time"
)

func TestRecipeRefusals(t *testing.T) {
	good := func() Recipe {
		return Recipe{Command: []string{"go", "build", "-o", "out/x", "."}, Output: "out/x"}
	}
	revision := strings.Repeat("ab", 20)
	at := time.Date(2026, 1, 1, 0, 0, 0, 0, time.UTC)
	for _, tt := range []struct {
		name   string
		change func(*Recipe)
		want   string // "" is accepted
	}{
		{"as it is", func(*Recipe) {}, ""},
		{"says again what is so", func(r *Recipe) {
			r.Env = map[string]string{"GOTOOLCHAIN": "local", "GOENV": "off", "GOFLAGS": "", "CGO_ENABLED": "0", "GOOS": "windows"}
		}, ""},
		{"a stamp", func(r *Recipe) { r.VCS = &VCS{Revision: revision, Time: at, Tag: "v1.2.3", Base: "sub/v1.2.2"} }, ""},
		{"paths", func(r *Recipe) {
			r.Paths = &Paths{Source: "/build/src", Modules: "/build/mod", Toolchain: "/usr/local/go"}
		}, ""},

		{"no command", func(r *Recipe) { r.Command = nil }, "a command is empty"},
		{"empty program", func(r *Recipe) { r.Prepare = [][]string{{""}} }, "a command is empty"},
		{"NUL", func(r *Recipe) { r.Command[1] = "a\x00b" }, "NUL"},
		{"output above", func(r *Recipe) { r.Output = "../x" }, "output"},
		{"output absolute", func(r *Recipe) { r.Output = "/etc/passwd" }, "output"},
		{"output missing", func(r *Recipe) { r.Output = "" }, "output"},
		{"output is the folder", func(r *Recipe) { r.Output = "." }, "output"},
		{"PATH", func(r *Recipe) { r.Env = map[string]string{"PATH": "/bin"} }, "PATH"},
		{"HOME", func(r *Recipe) { r.Env = map[string]string{"HOME": "/root"} }, "HOME"},
		{"GOPROXY", func(r *Recipe) { r.Env = map[string]string{"GOPROXY": "direct"} }, "GOPROXY"},
		{"GOENV", func(r *Recipe) { r.Env = map[string]string{"GOENV": "evil"} }, "GOENV"},
		{"GOROOT", func(r *Recipe) { r.Env = map[string]string{"GOROOT": "/evil"} }, "GOROOT"},
		{"another toolchain", func(r *Recipe) { r.Env = map[string]string{"GOTOOLCHAIN": "go1.99"} }, "GOTOOLCHAIN"},
		{"the stamp itself", func(r *Recipe) { r.Env = map[string]string{stampVar: "{}"} }, stampVar},
		{"no name", func(r *Recipe) { r.Env = map[string]string{"A=B": "x"} }, "cannot be set"},
		{"NUL in a variable", func(r *Recipe) { r.Env = map[string]string{"A": "x\x00PATH=/"} }, "cannot be set"},
		{"short revision", func(r *Recipe) { r.VCS = &VCS{Revision: "abc123", Time: at} }, "revision"},
		{"no time", func(r *Recipe) { r.VCS = &VCS{Revision: revision} }, "time"},
		{"part of a second", func(r *Recipe) { r.VCS = &VCS{Revision: revision, Time: at.Add(1)} }, "time"},
		{"tag", func(r *Recipe) { r.VCS = &VCS{Revision: revision, Time: at, Tag: "x, tag: y"} }, "tag"},
		{"relative path", func(r *Recipe) { r.Paths = &Paths{Source: "build"} }, "absolute"},
		{"unclean path", func(r *Recipe) { r.Paths = &Paths{Source: "/build/../etc"} }, "absolute"},
		{"the root", func(r *Recipe) { r.Paths = &Paths{Source: "/"} }, "absolute"},
		{"source over the compiler", func(r *Recipe) { r.Paths = &Paths{Source: "/go/pkg/tool", Toolchain: "/go"} }, "overlap"},
		{"toolchain in the source", func(r *Recipe) { r.Paths = &Paths{Source: "/b", Toolchain: "/b/go"} }, "overlap"},
		{"one path twice", func(r *Recipe) { r.Paths = &Paths{Source: "/b", Modules: "/b"} }, "overlap"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			r := good()
			tt.change(&r)
			err := r.check()
			if tt.want == "" {
				if err != nil {
					t.Error(err)
				}
				return
			}
			if p := new(problem); !errors.As(err, &p) || p.code != RecipeInvalid || !strings.Contains(p.reason, tt.want) {
				t.Errorf("want %q, got %v", tt.want, err)
			}
		})
	}
}
