package rebuild

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"
)

// GitRole is the name of the worker role that GitStandIn plays in the sandbox.
const GitRole = "proffer-git"

// stampVar carries the stamp to the stand-in, as the JSON of a VCS.
const stampVar = "PROFFER_VCS_STAMP"

// GitStandIn answers what cmd/go asks git when it stamps a binary: the questions
// of Go 1.18 to 1.23 (status, and the newest commit) and those of Go 1.24 and
// later (tags, and files at the commit, which it takes from the working folder).
// Its answers are the claim in the environment; it looks at no repository. Any
// other question gets exit code 128, as from a git that cannot answer.
func GitStandIn(_ context.Context, args []string, _ io.Reader, stdout, stderr io.Writer) int {
	const fatal = 128
	var v VCS
	if err := json.Unmarshal([]byte(os.Getenv(stampVar)), &v); err != nil {
		fmt.Fprintf(stderr, "fatal: git stand-in: no stamp: %v\n", err)
		return fatal
	}
	answer, ok := v.answer(question(args), os.DirFS("."))
	if !ok {
		fmt.Fprintf(stderr, "fatal: git stand-in: no answer to %q\n", args)
		return fatal
	}
	if _, err := io.WriteString(stdout, answer); err != nil {
		return fatal
	}
	return 0
}

// question drops the settings before the command, none of which matters here.
func question(args []string) []string {
	for len(args) >= 2 && args[0] == "-c" {
		args = args[2:]
	}
	return args
}

// answer is what git would print in a clean clone at the claimed commit, or one
// with a stray file.
func (v VCS) answer(q []string, tree fs.FS) (string, bool) {
	switch {
	case is(q, "status", "--porcelain"):
		if v.Modified {
			return "?? modified\n", true
		}
		return "", true
	case is(q, "log", "-1", "--format=%H:%ct"):
		return fmt.Sprintf("%s:%d\n", v.Revision, v.Time.Unix()), true
	case is(q, "config", "extensions.objectformat"):
		if len(v.Revision) == 64 {
			return "sha256\n", true
		}
		return "", false // as for a setting that is not there
	case is(q, "log", "--no-decorate", "-n1", "--format=format:%H %ct %D", "--end-of-options", v.Revision, "--"):
		decoration := "HEAD"
		if v.Tag != "" {
			decoration += ", tag: " + v.Tag
		}
		return fmt.Sprintf("%s %d %s", v.Revision, v.Time.Unix(), decoration), true
	case is(q, "tag", "-l"):
		return lines("", v.Base, v.Tag), true
	case is(q, "for-each-ref", "--format=%(refname)", "--merged="+v.Revision):
		return lines("refs/tags/", v.Base, v.Tag), true
	case len(q) == 4 && is(q[:3], "cat-file", "--end-of-options", "blob"):
		return v.file(q[3], tree)
	}
	return "", false
}

// file is a file at the commit: the one in the working folder, since the source
// is what the commit is claimed to hold.
func (v VCS) file(name string, tree fs.FS) (string, bool) {
	p, ok := strings.CutPrefix(name, v.Revision+":")
	if !ok || !filepath.IsLocal(filepath.FromSlash(p)) {
		return "", false
	}
	content, err := fs.ReadFile(tree, p)
	return string(content), err == nil
}

func lines(prefix string, names ...string) string {
	var b strings.Builder
	for _, n := range names {
		if n != "" {
			b.WriteString(prefix + n + "\n")
		}
	}
	return b.String()
}

func is(q []string, words ...string) bool { return slices.Equal(q, words) }
