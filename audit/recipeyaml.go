package audit

import (
	"fmt"
	"maps"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/proffer-audit/proffer/audit/rebuild"
	"github.com/proffer-audit/proffer/audit/submission"
)

// PatchFile is what a recipe that was found calls the patch of its toolchain.
const PatchFile = "toolchain.patch"

// recipeYAML is the entry of builds by which a manifest says what was found.
func recipeYAML(f Inferred, tool submission.Toolchain, lock string) string {
	var b strings.Builder
	line := func(indent int, format string, args ...any) {
		fmt.Fprintf(&b, strings.Repeat("  ", indent)+format+"\n", args...)
	}
	r := f.Result.Recipe
	line(0, "builds:")
	line(1, "- artifact: %s", quote(f.Offered.Name))
	if f.Offered.File != "" {
		line(2, "file: %s", quote(f.Offered.File))
	}
	line(2, "source: %s", quote(f.Offered.From))
	line(2, "toolchain:")
	line(3, "purl: %s", quote(tool.PURL))
	line(3, "digest: %s", quote(tool.Digest))
	if f.Result.Patch != nil {
		line(3, "patches: [{location: %s, digest: %s}]", quote("file:"+PatchFile), quote(string(f.Result.Patch.Digest)))
		line(3, "rebuild: %s", quoteAll(f.Result.Made.Tools))
	}
	if lock != "" {
		line(2, "modules: %s", quote(lock))
	}
	surroundings(r, line)
	var env []string
	for _, key := range slices.Sorted(maps.Keys(r.Env)) {
		env = append(env, key+": "+quote(r.Env[key]))
	}
	line(2, "env: {%s}", strings.Join(env, ", "))
	line(2, "command: %s", quoteAll(r.Command))
	line(2, "output: %s", quote(r.Output))
	if len(r.Workspace) > 0 {
		line(2, "workspace: %s", quoteAll(r.Workspace))
	}
	return b.String()
}

// surroundings writes what a build finds around it: the stamp, and the builder's
// folders.
func surroundings(r *rebuild.Recipe, line func(indent int, format string, args ...any)) {
	if v := r.VCS; v != nil {
		line(2, "vcs: {revision: %s, time: %s, modified: %t}", quote(v.Revision), v.Time.UTC().Format(time.RFC3339), v.Modified)
	}
	if p := r.Paths; p != nil {
		line(2, "paths:")
		for _, x := range [][2]string{{"source", p.Source}, {"modules", p.Modules}, {"toolchain", p.Toolchain}} {
			if x[1] != "" {
				line(3, "%s: %s", x[0], quote(x[1]))
			}
		}
	}
}

// quote writes a string in double quotes, as YAML reads them, in ASCII: what a
// vendor's program holds is harmless on a terminal then. What is plain stays plain.
func quote(s string) string {
	if s != "" && strings.Trim(s, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ/_.") == "" && strings.ContainsAny(s[:1], "abcdefghijklmnopqrstuvwxyz") &&
		!slices.Contains([]string{"true", "false", "null", "yes", "no", "on", "off", "y", "n"}, strings.ToLower(s)) {
		return s
	}
	return strconv.QuoteToASCII(s)
}

func quoteAll(list []string) string {
	words := make([]string, len(list))
	for i, s := range list {
		words[i] = quote(s)
	}
	return "[" + strings.Join(words, ", ") + "]"
}
