package sandbox

import (
	"path"
	"regexp"
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
