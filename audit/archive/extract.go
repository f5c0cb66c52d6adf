package archive

import (
	"fmt"
	"io/fs"
	"os"
	"path"
	"path/filepath"
	"strings"
)

// ExtractOptions say what to write where, and how.
type ExtractOptions struct {
	// StripPrefix is cut from every path. What does not start with it is not
	// written, and is an OutsidePrefix anomaly.
	StripPrefix string
	// Skip leaves a member out when it returns true. It sees the path as the
	// archive has it, after escaping and before StripPrefix.
	Skip func(Member) bool
	// Inspect, when set, sees the content of each file that would be written
	// and leaves it out by returning false.
	Inspect func(m Member, content []byte) (keep bool, err error)
	// Exec gives a file mode 0755, by its path after StripPrefix, in addition
	// to what the archive says. Module zips carry no execute bits.
	Exec func(path string) bool
}

// Listing is what Extract found: the members that it wrote, under the paths it
// wrote them to, those that it left out, and what was odd.
type Listing struct {
	Written   []Member
	Left      []Member // under the path in the archive
	Anomalies []Anomaly
}

// Extract unpacks regular files and directories below dir, which is made if it
// is not there. It writes through os.Root and never over something that exists:
// of two members with one path the first is kept. Links, devices, names that
// had to be escaped and what Skip or Inspect refuse are in Listing.Left.
//
// Modes are 0644 and 0755. On an error the folder holds part of the archive.
func Extract(data []byte, dir string, lim Limits, opt ExtractOptions) (Listing, error) {
	if err := os.MkdirAll(dir, 0o755); err != nil {
		return Listing{}, fmt.Errorf("extract into %s: %w", dir, err)
	}
	root, err := os.OpenRoot(dir)
	if err != nil {
		return Listing{}, fmt.Errorf("extract into %s: %w", dir, err)
	}
	defer root.Close()
	x := &extractor{root: root, opt: opt, made: map[string]bool{".": true}}
	defer x.closeFolder()
	anomalies, err := Walk(data, filepath.Base(dir), lim, x.member)
	x.list.Anomalies = append(anomalies, x.odd...)
	return x.list, err
}

type extractor struct {
	root   *os.Root
	opt    ExtractOptions
	made   map[string]bool // directories that exist
	folder *os.Root        // the directory of the last file: its siblings follow
	at     string          // its path
	list   Listing
	odd    []Anomaly
}

func (x *extractor) member(m Member, content []byte) error {
	if m.Escaped || m.Kind == Symlink || m.Kind == Other || x.opt.Skip != nil && x.opt.Skip(m) {
		x.list.Left = append(x.list.Left, m)
		return nil
	}
	target, ok := x.target(m)
	if !ok {
		x.list.Left = append(x.list.Left, m)
		return nil
	}
	if m.Kind == Dir {
		if err := x.mkdir(target); err != nil && !x.clash(target) {
			return fmt.Errorf("extract %s: %w", target, err)
		}
		return nil
	}
	if x.opt.Inspect != nil {
		if keep, err := x.opt.Inspect(m, content); err != nil || !keep {
			x.list.Left = append(x.list.Left, m)
			return err
		}
	}
	return x.write(m, target, content)
}

// target is the path to write to; false where the prefix does not fit.
func (x *extractor) target(m Member) (string, bool) {
	prefix := strings.Trim(x.opt.StripPrefix, "/")
	if prefix == "" {
		return m.Path, filepath.IsLocal(filepath.FromSlash(m.Path))
	}
	if m.Path == prefix && m.Kind == Dir {
		return ".", true
	}
	rest, ok := strings.CutPrefix(m.Path, prefix+"/")
	if !ok {
		if m.Kind != Dir || !strings.HasPrefix(prefix+"/", m.Path+"/") {
			x.odd = append(x.odd, Anomaly{Class: OutsidePrefix, Path: m.Path})
		}
		return "", false
	}
	return rest, filepath.IsLocal(filepath.FromSlash(rest))
}

// mkdir makes a directory and its parents; a directory that is there is fine.
func (x *extractor) mkdir(dir string) error {
	if x.made[dir] {
		return nil
	}
	if err := x.root.MkdirAll(filepath.FromSlash(dir), 0o755); err != nil {
		return err
	}
	for d := dir; d != "." && !x.made[d]; d = path.Dir(d) {
		x.made[d] = true
	}
	return nil
}

func (x *extractor) write(m Member, target string, content []byte) error {
	dir, base := path.Split(target)
	dir = path.Clean(dir)
	mode := fs.FileMode(0o644)
	if m.Executable() || x.opt.Exec != nil && x.opt.Exec(target) {
		mode = 0o755
	}
	err := x.mkdir(dir)
	if err == nil {
		err = x.create(dir, base, mode, content)
	}
	if err != nil && x.clash(target) {
		x.list.Left = append(x.list.Left, m)
		return nil
	}
	if err != nil {
		return fmt.Errorf("extract %s: %w", target, err)
	}
	m.Path, m.Mode = target, mode
	x.list.Written = append(x.list.Written, m)
	return nil
}

// clash looks for what a failure is most often due to: two members want one
// path, or one of them a file where the other wants a directory. The walk has
// noted that already where names alone show it; where only the file system does
// (it ignores case), it is noted here.
func (x *extractor) clash(target string) bool {
	taken := false
	for p := target; p != "." && !taken; p = path.Dir(p) {
		info, err := x.root.Lstat(filepath.FromSlash(p))
		taken = err == nil && (p == target || !info.IsDir())
	}
	if taken {
		x.odd = append(x.odd, Anomaly{Class: Duplicate, Path: target, Detail: "not written: its place was taken"})
	}
	return taken
}

// create writes a new file; a chmod follows, since the umask is the user's.
func (x *extractor) create(dir, base string, mode fs.FileMode, content []byte) error {
	if x.folder == nil || x.at != dir {
		folder, err := x.root.OpenRoot(filepath.FromSlash(dir))
		if err != nil {
			return err
		}
		x.closeFolder()
		x.folder, x.at = folder, dir
	}
	f, err := x.folder.OpenFile(base, os.O_WRONLY|os.O_CREATE|os.O_EXCL, mode)
	if err != nil {
		return err
	}
	_, err = f.Write(content)
	if chmod := f.Chmod(mode); err == nil {
		err = chmod
	}
	if closed := f.Close(); err == nil {
		err = closed
	}
	return err
}

func (x *extractor) closeFolder() {
	if x.folder != nil {
		x.folder.Close() // opened for reading: nothing can be lost
		x.folder = nil
	}
}
