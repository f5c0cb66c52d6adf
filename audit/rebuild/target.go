package rebuild

import (
	"fmt"
	"strings"
)

// A Target is what a recognised recipe compiles, for those who read the source.
type Target struct {
	Dir          string // that -C goes to, relative to the source; "" for its root
	Packages     []string
	Tags         []string
	GOOS, GOARCH string
}

// TargetOf reads a recipe whose command is a `go build` that proffer knows. The
// error says what in it is not known.
func TargetOf(r Recipe) (Target, error) {
	var t Target
	if len(r.Command) < 2 || r.Command[0] != "go" || r.Command[1] != "build" {
		return t, fmt.Errorf("the command is no go build")
	}
	p, err := readBuild(r.Command[2:])
	if err != nil {
		return t, err
	}
	t.Dir, t.Packages = p.dir, p.packages
	if len(t.Packages) == 0 {
		t.Packages = []string{"."}
	}
	for _, flag := range p.list {
		if tags, ok := strings.CutPrefix(flag, "-tags="); ok {
			t.Tags = strings.FieldsFunc(tags, func(c rune) bool { return c == ',' || c == ' ' })
		}
	}
	goos, goarch, _ := strings.Cut(r.Platform, "/")
	t.GOOS, t.GOARCH = or(r.Env["GOOS"], goos), or(r.Env["GOARCH"], goarch)
	if t.GOOS == "" || t.GOARCH == "" {
		return t, fmt.Errorf("neither the recipe nor the artifact says for which platform it compiles")
	}
	return t, nil
}

func or(s, other string) string {
	if s == "" {
		return other
	}
	return s
}
