package sandbox

import (
	"fmt"
	"path"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
)

// The names that end up in the first line of a script and in an argument.
var (
	roleName = regexp.MustCompile(`^[a-z][a-z0-9-]{0,63}$`)
	toolName = regexp.MustCompile(`^[A-Za-z0-9][A-Za-z0-9._+-]{0,63}$`)
)

// maxScriptHead is what the kernel reads of a script's first line, less what a
// role may need.
const maxScriptHead = 255 - len("#! \n") - len(marker) - len(partTool) - 66

// scriptable tells whether a path can be an interpreter of scripts.
func scriptable(p string) bool { return len(p) <= maxScriptHead && !strings.ContainsAny(p, " \t\n") }

// ownPlaces are paths inside that the sandbox fills itself.
var ownPlaces = [...]string{"/", insideTemp, insideBase, insideProgram, insideTools}

// reserved tells whether a bind would cover what the sandbox fills itself.
func reserved(inside string) bool {
	for _, own := range ownPlaces {
		if inside == own {
			return true
		}
	}
	for p := inside; p != "/"; p = path.Dir(p) {
		if p == "/proc" || p == "/dev" || p == insideTools {
			return true
		}
	}
	return false
}

// check refuses commands that make no sense, before anything is started.
func (l *launcher) check(c Command) error {
	wrong := func(format string, args ...any) error {
		return fmt.Errorf("%w: %s", ErrInvalid, fmt.Sprintf(format, args...))
	}
	if c.Worker == "" && (len(c.Argv) == 0 || c.Argv[0] == "") {
		return wrong("neither a program nor a worker to run")
	}
	if c.Worker != "" && !roleName.MatchString(c.Worker) {
		return wrong("%q is no name of a worker", c.Worker)
	}
	if !filepath.IsAbs(c.Dir) {
		return wrong("the working folder %q is not absolute", c.Dir)
	}
	for name, role := range c.Tools {
		if !toolName.MatchString(name) || !roleName.MatchString(role) {
			return wrong("the tool %q in the role %q", name, role)
		}
	}
	if len(c.Tools) > 0 && !scriptable(l.programInside()) {
		return wrong("tools need a temporary folder (TMPDIR) with a shorter name without blanks than %q", l.link)
	}
	var places []string
	for _, b := range c.Binds {
		if !filepath.IsAbs(b.Host) || !filepath.IsAbs(b.Inside) || filepath.Clean(b.Inside) != b.Inside {
			return wrong("the bind of %q at %q: both must be absolute, and without . and ..", b.Host, b.Inside)
		}
		if l.tier == Landlock && b.Inside != b.Host {
			return fmt.Errorf("%w: %s at %s", ErrNoPlacement, b.Host, b.Inside)
		}
		if l.tier == Namespaces && reserved(b.Inside) {
			return wrong("the bind of %q: %s is the sandbox's own", b.Host, b.Inside)
		}
		if slices.Contains(places, b.Inside) {
			return wrong("two binds at %s", b.Inside)
		}
		places = append(places, b.Inside)
	}
	return nil
}
