package workspace

import (
	"bytes"
	"errors"
	"path"
	"slices"
	"strings"
	"unicode/utf8"

	"github.com/proffer-audit/proffer/audit/archive"
)

// versionControl are the names under which version control systems that cmd/go
// or a recipe would ask keep their metadata.
var versionControl = []string{".git", ".hg", ".svn", ".bzr", ".jj", "_FOSSIL_", ".fslckout"}

// treeVisit decides, file by file, what of an archive becomes part of a tree.
type treeVisit struct {
	*layer
	tree  string
	strip string
}

// path is a member's path without the prefix; ok is false outside it.
func (t *treeVisit) path(p string) (short string, ok bool) {
	if t.strip == "" {
		return p, true
	}
	short, ok = strings.CutPrefix(p, t.strip+"/")
	return short, ok
}

// versionControl leaves out metadata of version control, and records it once.
func (t *treeVisit) versionControl(m archive.Member) bool {
	short, _ := t.path(m.Path)
	parts := strings.Split(short, "/")
	i := slices.IndexFunc(parts, func(c string) bool {
		return slices.Contains(versionControl, c) || slices.Contains(versionControl, strings.ToLower(c))
	})
	if i < 0 {
		return false
	}
	n := Node{Tree: t.tree, Path: strings.Join(parts[:i+1], "/")}
	if k := len(t.out.Dropped); k == 0 || t.out.Dropped[k-1] != n {
		t.out.Dropped = append(t.out.Dropped, n)
	}
	return true
}

// inspect keeps a file unless it is a shipped one, or an archive that holds one.
func (t *treeVisit) inspect(m archive.Member, content []byte) (bool, error) {
	p, ok := t.path(m.Path)
	if !ok {
		return false, nil // Extract offers none such
	}
	if inner, found := t.holdsTarget(t.tree, m, content); found {
		t.out.Removed = append(t.out.Removed, Node{t.tree, p, inner})
		return false, nil
	}
	if t.tree == SourceTree {
		t.out.Files = append(t.out.Files, File{Path: p, Digest: m.Digest, Text: IsText(content)})
		if what := Special(p, content); what != "" {
			t.out.Special = append(t.out.Special, Node{t.tree, p, what})
		}
	}
	return true, nil
}

// holdsTarget looks for a target in a file and, where it is an archive, in all
// that it holds. A file that reads as no archive holds only itself.
func (l *layer) holdsTarget(tree string, m archive.Member, content []byte) (inner string, found bool) {
	if l.targets[m.Digest] {
		return "", true
	}
	if len(l.targets) == 0 || archive.Sniff(content) == archive.Plain {
		return "", false
	}
	odd, err := archive.Nested(content, path.Base(m.Path), l.spec.Limits, func(in archive.Member, _ []byte) error {
		if l.targets[in.Digest] {
			inner = in.Path
			return errFound
		}
		return nil
	})
	if errors.Is(err, errFound) {
		return inner, true
	}
	// What could not be looked into is said: the file stays, since a test
	// archive that is broken on purpose is no reason to refuse a source.
	if err != nil {
		odd = append(odd, archive.Anomaly{Class: archive.NestedUnread, Detail: err.Error()})
	}
	for _, a := range odd {
		if a.Class == archive.NestedUnread || a.Class == archive.NotRead {
			a.Path = m.Path + "!/" + a.Path
			l.anomalies(tree, []archive.Anomaly{a})
		}
	}
	return "", false
}

var errFound = errors.New("found")

// packedOrRunnable are the first bytes of what is not source: programs, object
// files and archives.
var packedOrRunnable = []string{
	"\x7fELF", "MZ", "\xfe\xed\xfa\xce", "\xfe\xed\xfa\xcf", "\xce\xfa\xed\xfe", "\xcf\xfa\xed\xfe",
	"\xca\xfe\xba\xbe", "\x00asm", "!<arch>\n", "!<thin>\n", "PK\x03\x04", "PK\x05\x06", "\x1f\x8b",
	"\xfd7zXZ", "\x28\xb5\x2f\xfd", "BZh", "7z\xbc\xaf", "Rar!", "dex\n", "\xdf\xc0\x17\x0b",
}

// Runnable reports whether content is, by its first bytes, a program, an object
// file or an archive.
func Runnable(content []byte) bool {
	for _, magic := range packedOrRunnable {
		if bytes.HasPrefix(content, []byte(magic)) {
			return true
		}
	}
	return false
}

// IsText reports whether a reviewer can read content as source: valid UTF-8
// without NUL bytes, and not the start of a program or an archive.
func IsText(content []byte) bool {
	return !Runnable(content) && !bytes.ContainsRune(content, 0) && utf8.Valid(content)
}
