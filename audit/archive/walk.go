package archive

import (
	"errors"
	"fmt"
	"io/fs"
	"maps"
	"path"
	"slices"
	"strings"

	"github.com/proffer-audit/proffer/audit/evidence"
)

// Visit is called for each member in the archive's own order. The content of
// anything but a file is nil; it is valid only during the call. An error ends
// the walk and is returned as it is.
type Visit func(m Member, content []byte) error

// Walk reads one archive, one level of it, and calls visit for each member.
// name stands in messages, and names the one member of a gz or plain file.
//
// Anomalies are returned also beside an error: a *FormatError, a *LimitError or
// the error of visit.
func Walk(data []byte, name string, lim Limits, visit Visit) ([]Anomaly, error) {
	return start(data, name, lim, visit, false)
}

// Nested walks as Walk does and descends into every archive that it meets, up
// to lim.Depth. The archive itself is visited first, then its members as
// "outer.zip!/inner"; a "!/" that a name itself holds reads "%21/". One inside that cannot be read is an anomaly, so that a
// test file which is meant to be broken does not hide the rest; the limits on
// entries, output and ratio hold for the whole and end the walk.
func Nested(data []byte, name string, lim Limits, visit Visit) ([]Anomaly, error) {
	return start(data, name, lim, visit, true)
}

func start(data []byte, name string, lim Limits, visit Visit, nested bool) ([]Anomaly, error) {
	w := walker{
		name: name, nested: nested, visit: visit, found: &findings{count: map[string]int{}}, names: newNames(),
		budget: &budget{lim: lim.withDefaults(), input: int64(len(data))},
	}
	err := w.walk(data, Sniff(data))
	return w.found.all(), err
}

// walker is what every format shares: where members go and what they cost.
type walker struct {
	name   string // of this archive, for messages
	prefix string // of its members' paths
	depth  int
	nested bool
	visit  Visit
	found  *findings
	names  *names
	budget *budget
}

func (w walker) walk(data []byte, f Format) error {
	switch f {
	case Zip:
		return walkZip(w, data)
	case Tar:
		return walkTar(w, data)
	case Gzip:
		return walkGzip(w, data)
	default:
		if what := Unread(data); what != "" {
			w.note(NotRead, "", "%s is not read here", what)
		}
		return w.single(path.Base(w.name), data)
	}
}

// single emits the only member of something that is no collection.
func (w walker) single(name string, content []byte) error {
	if err := w.budget.entry(w.name); err != nil {
		return err
	}
	if err := w.budget.spent(w.name, name, int64(len(content))); err != nil {
		return err
	}
	return w.emit(name, Member{
		Mode: 0o644, Kind: File, Size: int64(len(content)), Digest: evidence.Of(content),
	}, content)
}

// emit names a member, notes what is odd about it, and visits it.
func (w walker) emit(raw string, m Member, content []byte) error {
	var classes []string
	m.Path, m.Escaped, classes = cleaned(raw)
	if m.Path == "." && m.Kind == Dir {
		return nil // the root of the tree is no member of it
	}
	if m.Path == "." {
		m.Path, m.Escaped, classes = "%2E", true, append(classes, NameEmpty)
	}
	for _, c := range classes {
		w.note(c, raw, "")
	}
	if class, with := w.names.add(m.Path, m.Kind == Dir); class != "" {
		w.note(class, raw, "against %q", with)
	}
	w.noteKind(raw, m)
	if m.Kind != File {
		content = nil
	}
	inner := m.Path
	m.Path = w.prefix + w.shown(m.Path)
	if err := w.visit(m, content); err != nil {
		return err
	}
	if !w.nested || m.Kind != File {
		return nil
	}
	return w.descend(inner, content)
}

func (w walker) noteKind(raw string, m Member) {
	switch {
	case m.Kind == Symlink:
		w.note(IsSymlink, raw, "to %q", m.Link)
	case m.Kind == Other && m.Link != "":
		w.note(IsHardLink, raw, "to %q", m.Link)
	case m.Kind == Other:
		w.note(IsSpecial, raw, "%s", m.Mode.Type())
	}
	if m.Mode&(fs.ModeSetuid|fs.ModeSetgid) != 0 || m.Mode&fs.ModeSticky != 0 && m.Kind != Dir {
		w.note(SetID, raw, "%s", m.Mode)
	}
}

// descend walks an archive inside. Its own faults do not end the walk.
func (w walker) descend(inner string, content []byte) error {
	f := Sniff(content)
	if f == Plain {
		if what := Unread(content); what != "" {
			w.note(NotRead, inner, "%s is not read here", what)
		}
		return nil
	}
	if w.depth+1 > w.budget.lim.Depth {
		return &LimitError{Archive: w.name, Path: inner, Code: "depth", Limit: int64(w.budget.lim.Depth)}
	}
	in := w
	in.name, in.prefix, in.depth, in.names = path.Base(inner), w.prefix+w.shown(inner)+"!/", w.depth+1, newNames()
	err := in.walk(content, f)
	var malformed *FormatError
	var limit *LimitError
	switch {
	case errors.As(err, &malformed) && malformed.Archive == in.name:
		w.note(NestedUnread, inner, "%s: %s", malformed.Code, malformed.Detail)
		return nil
	case errors.As(err, &limit) && limit.Code == "per-file":
		w.note(NestedUnread, inner, "a member is larger than %d bytes", limit.Limit)
		return nil
	}
	return err
}

// note books an anomaly. Paths are escaped where they are not plain, so that
// they can be written anywhere that takes a string.
func (w walker) note(class, raw, format string, args ...any) {
	p := strings.TrimSuffix(w.prefix, "!/")
	if raw != "" {
		clean, _, _ := cleaned(raw)
		p = w.prefix + w.shown(clean)
	}
	w.found.add(class, p, format, args...)
}

// shown keeps a name that holds the separator of a nested walk from passing for
// an archive and its content.
func (w walker) shown(p string) string {
	if !w.nested {
		return p
	}
	return strings.ReplaceAll(p, "!/", "%21/")
}

// findings are the anomalies of a walk, at most maxPerClass of one class: a
// hostile archive must not be able to fill a report.
type findings struct {
	list  []Anomaly
	count map[string]int
}

const (
	maxPerClass = 1000
	maxDetail   = 400 // bytes: a detail is a hint, not a copy
)

// add books one anomaly. Its detail quotes what the archive chose with %q and
// so is printable.
func (f *findings) add(class, path, format string, args ...any) {
	if f.count[class]++; f.count[class] > maxPerClass {
		return
	}
	detail := fmt.Sprintf(format, args...)
	if len(detail) > maxDetail {
		detail = strings.ToValidUTF8(detail[:maxDetail], "") + "…"
	}
	f.list = append(f.list, Anomaly{Class: class, Path: path, Detail: detail})
}

// all is what was booked, with one closing line for each class that was cut.
func (f *findings) all() []Anomaly {
	for _, class := range slices.Sorted(maps.Keys(f.count)) {
		if more := f.count[class] - maxPerClass; more > 0 {
			f.list = append(f.list, Anomaly{Class: class, Detail: fmt.Sprintf("and %d more", more)})
		}
	}
	return f.list
}

func (w walker) malformed(raw, code, detail string) error {
	p := raw
	if raw != "" {
		p, _, _ = cleaned(raw)
	}
	return &FormatError{Archive: w.name, Path: p, Code: code, Detail: detail}
}

func kindOf(mode fs.FileMode) Kind {
	switch {
	case mode.IsRegular():
		return File
	case mode.IsDir():
		return Dir
	case mode&fs.ModeSymlink != 0:
		return Symlink
	default:
		return Other
	}
}
