package workspace

import (
	"bytes"
	"errors"
	"fmt"
	"path"
	"regexp"
	"slices"
	"strconv"
	"strings"
)

// A Patch is a change to the files of a tree, in unified diff format (POSIX
// diff -u). Only what it says is done: every line that it removes or passes over
// must stand where it says, to the byte.
type Patch struct{ files []filePatch }

type filePatch struct {
	path  string
	hunks []hunk
}

// hunk replaces lines by others.
type hunk struct {
	at       int // first line replaced, from 0
	old, new []string
}

// ErrPatch is wrapped by all that is wrong with a patch.
var ErrPatch = errors.New("patch")

// limits of a patch.
const (
	maxPatch      = 4 << 20 // bytes
	maxPatchFiles = 1000
)

var hunkHead = regexp.MustCompile(`^@@ -([0-9]{1,7})(?:,([0-9]{1,7}))? \+([0-9]{1,7})(?:,([0-9]{1,7}))? @@`)

// ParsePatch reads a unified diff. Files are changed in place: one that is made,
// removed, renamed or binary is refused.
func ParsePatch(data []byte) (Patch, error) {
	var p Patch
	if len(data) > maxPatch {
		return p, fmt.Errorf("%w: %d bytes, more than %d", ErrPatch, len(data), maxPatch)
	}
	r := patchReader{lines: strings.SplitAfter(string(data), "\n")}
	for r.more() {
		line := r.line()
		switch {
		case strings.HasPrefix(line, "--- "):
			f, err := r.file(line)
			if err != nil {
				return Patch{}, err
			}
			p.files = append(p.files, f)
		case strings.HasPrefix(line, "@@ "), strings.HasPrefix(line, "rename "), strings.HasPrefix(line, "GIT binary"), strings.HasPrefix(line, "new file"), strings.HasPrefix(line, "deleted file"):
			return Patch{}, r.refuse("%.60q is not understood here", strings.TrimSpace(line))
		}
		if len(p.files) > maxPatchFiles {
			return Patch{}, r.refuse("more than %d files", maxPatchFiles)
		}
	}
	if len(p.files) == 0 {
		return p, fmt.Errorf("%w: it changes no file; a unified diff is wanted", ErrPatch)
	}
	return p, nil
}

type patchReader struct {
	lines []string
	n     int // lines taken
}

func (r *patchReader) more() bool {
	return r.n < len(r.lines) && (r.n < len(r.lines)-1 || r.lines[r.n] != "")
}

func (r *patchReader) line() string {
	r.n++
	return r.lines[r.n-1]
}

func (r *patchReader) refuse(format string, args ...any) error {
	return fmt.Errorf("%w: line %d: %s", ErrPatch, r.n, fmt.Sprintf(format, args...))
}

// file reads what is said of one file, from its "---" line on.
func (r *patchReader) file(first string) (filePatch, error) {
	var f filePatch
	if !r.more() || !strings.HasPrefix(r.lines[r.n], "+++ ") {
		return f, r.refuse("a line --- without +++")
	}
	a, b := patchName(first), patchName(r.line())
	if a == "" || a != b {
		return f, r.refuse("it does not change one file in place: %.80q and %.80q", a, b)
	}
	f.path = a
	for r.more() && strings.HasPrefix(r.lines[r.n], "@@ ") {
		h, err := r.hunk()
		if err != nil {
			return f, err
		}
		f.hunks = append(f.hunks, h)
	}
	if len(f.hunks) == 0 {
		return f, r.refuse("nothing is changed in %.80q", a)
	}
	return f, nil
}

// patchName is the path in a line --- or +++, without the first folder that git
// adds and the time that diff adds; "" where it is none below the tree.
func patchName(line string) string {
	name := strings.TrimRight(line[4:], "\r\n")
	name, _, _ = strings.Cut(name, "\t")
	if first, rest, ok := strings.Cut(name, "/"); ok && (first == "a" || first == "b") {
		name = rest
	}
	if name == "" || path.IsAbs(name) || path.Clean(name) != name || name == ".." || strings.HasPrefix(name, "../") || strings.ContainsAny(name, "\\\x00\"") {
		return ""
	}
	return name
}

func (r *patchReader) hunk() (hunk, error) {
	head := hunkHead.FindStringSubmatch(r.line())
	if head == nil {
		return hunk{}, r.refuse("no hunk head")
	}
	count := func(i int) int {
		if head[i] == "" {
			return 1
		}
		n, _ := strconv.Atoi(head[i]) // the expression takes digits only
		return n
	}
	start, oldLines, newLines := count(1), count(2), count(4)
	h := hunk{at: start - 1}
	if oldLines == 0 {
		h.at = start
	}
	var last *[]string
	for len(h.old) < oldLines || len(h.new) < newLines || r.more() && strings.HasPrefix(r.lines[r.n], `\`) {
		if !r.more() {
			return h, r.refuse("the hunk ends early")
		}
		var ok bool
		if last, ok = h.take(r.line(), last); !ok {
			return h, r.refuse("%.20q in a hunk", r.lines[r.n-1])
		}
	}
	if len(h.old) != oldLines || len(h.new) != newLines || h.at < 0 {
		return h, r.refuse("the hunk has other lines than its head says")
	}
	return h, nil
}

// take reads one line of a hunk. last is the side that the line before it was of,
// nil for both.
func (h *hunk) take(line string, last *[]string) (*[]string, bool) {
	switch line[0] {
	case ' ':
		h.old, h.new, last = append(h.old, line[1:]), append(h.new, line[1:]), nil
	case '-':
		h.old, last = append(h.old, line[1:]), &h.old
	case '+':
		h.new, last = append(h.new, line[1:]), &h.new
	case '\n': // an empty line that lost its blank
		h.old, h.new, last = append(h.old, line), append(h.new, line), nil
	case '\\':
		h.cutNewline(last)
	default:
		return last, false
	}
	return last, true
}

// cutNewline takes the newline off the line before "\ No newline at end of file".
func (h *hunk) cutNewline(last *[]string) {
	cut := func(list []string) {
		if n := len(list); n > 0 {
			list[n-1] = strings.TrimSuffix(list[n-1], "\n")
		}
	}
	if last != nil {
		cut(*last)
		return
	}
	cut(h.old)
	cut(h.new)
}

// Paths are the files that are changed, sorted.
func (p Patch) Paths() []string {
	var list []string
	for _, f := range p.files {
		list = append(list, f.path)
	}
	slices.Sort(list)
	return slices.Compact(list)
}

// Apply changes the content of one of the files. The error wraps ErrPatch.
func (p Patch) Apply(name string, content []byte) ([]byte, error) {
	for _, f := range p.files {
		if f.path != name {
			continue
		}
		var err error
		if content, err = f.apply(content); err != nil {
			return nil, err
		}
	}
	return content, nil
}

func (f filePatch) apply(content []byte) ([]byte, error) {
	lines := strings.SplitAfter(string(content), "\n")
	if lines[len(lines)-1] == "" {
		lines = lines[:len(lines)-1]
	}
	var out bytes.Buffer
	done := 0
	for _, h := range f.hunks {
		if h.at < done || h.at+len(h.old) > len(lines) || !slices.Equal(lines[h.at:h.at+len(h.old)], h.old) {
			return nil, fmt.Errorf("%w: %s: what is to be changed does not stand at line %d", ErrPatch, f.path, h.at+1)
		}
		for _, line := range slices.Concat(lines[done:h.at], h.new) {
			out.WriteString(line)
		}
		done = h.at + len(h.old)
	}
	for _, line := range lines[done:] {
		out.WriteString(line)
	}
	return out.Bytes(), nil
}

// LinePatch is the unified diff that replaces one line of a file, without
// context. ok is false where the line does not stand there just once.
func LinePatch(name string, content []byte, old, changed string) (diff []byte, ok bool) {
	lines := strings.SplitAfter(string(content), "\n")
	at := slices.Index(lines, old+"\n")
	if at < 0 || slices.Contains(lines[at+1:], old+"\n") {
		return nil, false
	}
	return fmt.Appendf(nil, "--- a/%s\n+++ b/%s\n@@ -%d +%d @@\n-%s\n+%s\n", name, name, at+1, at+1, old, changed), true
}
