package rebuild

import (
	"fmt"
	"maps"
	"path"
	"regexp"
	"slices"
	"strings"

	"github.com/proffer-audit/proffer/audit/workspace"
)

var envName = regexp.MustCompile(`^[A-Za-z_][A-Za-z0-9_]*$`)

// check refuses a recipe that cannot be run as what it says.
func (r Recipe) check() error {
	bad := func(format string, args ...any) error { return problemf(RecipeInvalid, format, args...) }
	for _, argv := range slices.Concat(r.Prepare, [][]string{r.Command}, r.Postprocess) {
		if len(argv) == 0 || argv[0] == "" {
			return bad("a command is empty")
		}
		if slices.ContainsFunc(argv, func(a string) bool { return strings.ContainsRune(a, 0) }) {
			return bad("a command holds a NUL")
		}
	}
	if !isLocal(r.Output) {
		return bad("output %.200q is no path below the source folder", r.Output)
	}
	if err := checkEnv(r.Env); err != nil {
		return err
	}
	if r.VCS != nil {
		if err := r.VCS.check(); err != nil {
			return bad("%v", err)
		}
	}
	return r.Paths.check()
}

// checkEnv keeps a recipe from undoing the isolation or the layout. It may say
// again what is the case.
func checkEnv(env map[string]string) error {
	for _, key := range slices.Sorted(maps.Keys(env)) {
		if !envName.MatchString(key) || strings.ContainsRune(env[key], 0) {
			return problemf(RecipeInvalid, "the variable %.80q cannot be set", key)
		}
		set, same := workspace.Fixed(key)
		if same = same && set == env[key]; workspace.Reserved(key) && !same || key == stampVar {
			return problemf(RecipeInvalid, "the variable %s is not the recipe's to set", key)
		}
	}
	return nil
}

// check requires absolute paths of which none is inside another: source that
// covers a part of the toolchain would choose the compiler.
func (p *Paths) check() error {
	if p == nil {
		return nil
	}
	list := []string{p.Source, p.Modules, p.Toolchain}
	for i, a := range list {
		if a == "" {
			continue
		}
		if !path.IsAbs(a) || path.Clean(a) != a || a == "/" || strings.ContainsAny(a, "\x00:") {
			return problemf(RecipeInvalid, "paths: %.200q is no absolute path of a folder", a)
		}
		for _, b := range list[i+1:] {
			if b != "" && (a == b || strings.HasPrefix(a, b+"/") || strings.HasPrefix(b, a+"/")) {
				return problemf(RecipeInvalid, "paths: %.200q and %.200q overlap", a, b)
			}
		}
	}
	return nil
}

// commands are all argument lists, in the order in which they run.
func (r Recipe) commands() [][]string {
	return slices.Concat(r.Prepare, [][]string{r.Command}, r.Postprocess)
}

// title is how a log shows a command.
func title(argv []string) string {
	words := make([]string, len(argv))
	for i, a := range argv {
		words[i] = a
		if a == "" || strings.ContainsAny(a, " \t\n\"'\\$") {
			words[i] = fmt.Sprintf("%q", a)
		}
	}
	return "$ " + strings.Join(words, " ")
}
