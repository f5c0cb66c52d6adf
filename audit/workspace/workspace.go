package workspace

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"github.com/proffer-audit/proffer/audit/archive"
	"github.com/proffer-audit/proffer/audit/evidence"
)

// Archive is a tree that is kept packed in one blob: a Go module zip, an npm
// tarball, the tar of a tree.
type Archive struct {
	Blob  evidence.Descriptor
	Strip string // prefix of every path, such as "example.org/m@v1.2.3" or "package"
	URI   string // what it is called outside, such as its purl
}

// Module is one Go module in the form in which a module proxy serves it. A
// module of which only the go.mod is needed has no Zip.
type Module struct {
	Path, Version  string
	Zip, Mod, Info evidence.Digest
}

// Spec says what to lay out. Source, Toolchain or both may be nil.
type Spec struct {
	Source, Toolchain *Archive
	Modules           []Module
	Targets           []evidence.Digest // of shipped files, which no tree may hold
	Limits            archive.Limits    // for each archive
}

// The trees of a layout, as records name them.
const (
	SourceTree    = "source"
	ToolchainTree = "toolchain"
	ModulesTree   = "modules"
)

// Node is a place in a tree. In ModulesTree the path starts with "path@version/".
type Node struct {
	Tree   string `json:"tree"`
	Path   string `json:"path"`
	Detail string `json:"detail,omitempty"`
}

// File is one regular file of the source tree.
type File struct {
	Path   string
	Digest evidence.Digest
	Text   bool // source or documentation, as opposed to something that runs or is packed
}

// Layout is what was laid out, by paths on the host, and what was left out.
type Layout struct {
	Source, Toolchain, Modules, Scratch string
	// Same says that source and toolchain are one tree.
	Same bool

	Files     []File // of the source, sorted by path
	Special   []Node // of source and modules: what is not plain Go; see the function Special
	Removed   []Node // equal to a target; Detail names the place inside an archive
	Dropped   []Node // version control metadata: the topmost folders or files
	Left      []Node // not created: links, devices, names that are no path
	Anomalies []Node // Detail starts with the class
}

// maxModule bounds one module zip, in bytes; cmd/go's own limit is the same.
const maxModule = 500 << 20

// Lay unpacks everything below dir, which must not exist or be empty. On an
// error dir holds part of it; Remove takes it away.
func Lay(r evidence.Reader, dir string, s Spec) (*Layout, error) {
	l := &layer{reader: r, spec: s, targets: map[evidence.Digest]bool{}, out: &Layout{
		Modules: filepath.Join(dir, "modules"), Scratch: filepath.Join(dir, "scratch"),
	}}
	for _, t := range s.Targets {
		l.targets[t] = true
	}
	if err := emptyFolder(dir); err != nil {
		return nil, err
	}
	if err := l.trees(dir); err != nil {
		return nil, err
	}
	if err := l.modules(); err != nil {
		return nil, err
	}
	for _, d := range scratchFolders {
		if err := os.MkdirAll(filepath.Join(l.out.Scratch, d), 0o755); err != nil {
			return nil, fmt.Errorf("lay out scratch: %w", err)
		}
	}
	l.sort()
	return l.out, nil
}

func emptyFolder(dir string) error {
	if err := os.MkdirAll(dir, 0o755); err != nil {
		return fmt.Errorf("lay out %s: %w", dir, err)
	}
	names, err := os.ReadDir(dir)
	if err != nil {
		return fmt.Errorf("lay out %s: %w", dir, err)
	}
	if len(names) > 0 {
		return fmt.Errorf("lay out %s: the folder is not empty", dir)
	}
	return nil
}

func (l *layer) trees(dir string) error {
	src, tool := l.spec.Source, l.spec.Toolchain
	if tool != nil {
		l.out.Toolchain = filepath.Join(dir, "toolchain")
		l.out.Same = src != nil && src.Blob.Digest == tool.Blob.Digest
		name := ToolchainTree
		if l.out.Same {
			name, l.out.Source = SourceTree, l.out.Toolchain
		}
		if err := l.tree(name, *tool, l.out.Toolchain, goTool); err != nil {
			return err
		}
	}
	if src != nil && !l.out.Same {
		l.out.Source = filepath.Join(dir, "source")
		return l.tree(SourceTree, *src, l.out.Source, nil)
	}
	return nil
}

// goTool tells the programs of a Go toolchain, which its module zip keeps
// without execute bits.
func goTool(p string) bool {
	parts := strings.Split(p, "/")
	return len(parts) == 2 && parts[0] == "bin" ||
		len(parts) == 4 && parts[0] == "pkg" && parts[1] == "tool"
}

// layer is a layout in the making.
type layer struct {
	reader  evidence.Reader
	spec    Spec
	targets map[evidence.Digest]bool
	out     *Layout
}

func (l *layer) tree(name string, a Archive, dir string, exec func(string) bool) error {
	data, err := l.reader.Read(a.Blob.Digest, max(a.Blob.Size, 1))
	if err != nil {
		return fmt.Errorf("lay out %s: %w", name, err)
	}
	t := &treeVisit{layer: l, tree: name, strip: strings.Trim(a.Strip, "/")}
	list, err := archive.Extract(data, dir, l.spec.Limits, archive.ExtractOptions{
		StripPrefix: a.Strip, Exec: exec, Skip: t.versionControl, Inspect: t.inspect,
	})
	if err != nil {
		return fmt.Errorf("lay out %s from %s: %w", name, a.Blob.Digest, err)
	}
	for _, m := range list.Left {
		if m.Kind != archive.File || m.Escaped {
			p, _ := t.path(m.Path)
			l.out.Left = append(l.out.Left, Node{name, p, string(m.Kind)})
		}
	}
	l.anomalies(name, list.Anomalies)
	return nil
}

func (l *layer) anomalies(tree string, list []archive.Anomaly) {
	for _, a := range list {
		detail := a.Class
		if a.Detail != "" {
			detail += ": " + a.Detail
		}
		l.out.Anomalies = append(l.out.Anomalies, Node{tree, a.Path, detail})
	}
}

func (l *layer) sort() {
	for _, list := range []*[]Node{&l.out.Special, &l.out.Removed, &l.out.Dropped, &l.out.Left, &l.out.Anomalies} {
		slices.SortFunc(*list, compareNodes)
		*list = slices.Compact(*list)
	}
	slices.SortFunc(l.out.Files, func(a, b File) int { return strings.Compare(a.Path, b.Path) })
}

func compareNodes(a, b Node) int {
	if c := strings.Compare(a.Tree, b.Tree); c != 0 {
		return c
	}
	if c := strings.Compare(a.Path, b.Path); c != 0 {
		return c
	}
	return strings.Compare(a.Detail, b.Detail)
}

// Remove deletes a layout's folder, with the read-only folders that a module
// cache is made of.
func Remove(dir string) error {
	err := os.RemoveAll(dir)
	if err == nil || !errors.Is(err, fs.ErrPermission) {
		return err
	}
	root, err := os.OpenRoot(dir)
	if errors.Is(err, fs.ErrNotExist) {
		return nil
	}
	if err != nil {
		return err
	}
	defer root.Close()
	// Through the root: what ran here may have left links that lead elsewhere.
	err = fs.WalkDir(root.FS(), ".", func(p string, d fs.DirEntry, err error) error {
		if d != nil && d.IsDir() && p != "." {
			return errors.Join(err, root.Chmod(filepath.FromSlash(p), 0o700))
		}
		return err
	})
	if err != nil {
		return fmt.Errorf("remove %s: %w", dir, err)
	}
	return os.RemoveAll(dir)
}
