package workspace

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path"
	"path/filepath"
	"strings"
)

// PatchToolchain makes a second toolchain beside the first, with the patches
// applied to its source: name is the folder, below that of the layout. Only files
// below src may be changed. Files that are not changed are shared with the first,
// so neither may be written to any more. The error wraps ErrPatch where a patch is
// at fault.
func (l *Layout) PatchToolchain(name string, patches []Patch) (string, error) {
	dir := filepath.Join(filepath.Dir(l.Toolchain), name)
	changed := map[string][]byte{}
	from, err := os.OpenRoot(l.Toolchain)
	if err != nil {
		return "", fmt.Errorf("patch the toolchain: %w", err)
	}
	defer from.Close()
	for _, p := range patches {
		for _, file := range p.Paths() {
			if !strings.HasPrefix(file, "src/") {
				return "", fmt.Errorf("%w: %.200q is no source of the toolchain, whose files are below src/", ErrPatch, file)
			}
			content, ok := changed[file]
			if !ok {
				if content, err = from.ReadFile(filepath.FromSlash(file)); err != nil {
					return "", fmt.Errorf("%w: the toolchain has no file %.200q", ErrPatch, file)
				}
			}
			if changed[file], err = p.Apply(file, content); err != nil {
				return "", err
			}
		}
	}
	if err := linkTree(l.Toolchain, dir, changed); err != nil {
		return "", fmt.Errorf("patch the toolchain: %w", err)
	}
	return dir, nil
}

// linkTree makes a tree of hard links, with other content for some files.
func linkTree(from, to string, changed map[string][]byte) error {
	return filepath.WalkDir(from, func(p string, d fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		rel, err := filepath.Rel(from, p)
		if err != nil {
			return err
		}
		at := filepath.Join(to, rel)
		if d.IsDir() {
			return os.Mkdir(at, 0o755)
		}
		if content, ok := changed[filepath.ToSlash(rel)]; ok {
			return os.WriteFile(at, content, 0o644)
		}
		return os.Link(p, at)
	})
}

// ToolPath is where a toolchain keeps a command that it is made of, such as
// cmd/link, relative to its root.
func ToolPath(toolchain, command string) (string, error) {
	name := path.Base(command)
	if command == "cmd/go" || command == "cmd/gofmt" {
		return path.Join("bin", name), nil
	}
	dirs, err := os.ReadDir(filepath.Join(toolchain, "pkg", "tool"))
	if err != nil {
		return "", fmt.Errorf("find the tools of the toolchain: %w", err)
	}
	for _, d := range dirs {
		p := path.Join("pkg", "tool", d.Name(), name)
		if info, err := os.Lstat(filepath.Join(toolchain, filepath.FromSlash(p))); err == nil && info.Mode().IsRegular() {
			return p, nil
		}
	}
	return "", fmt.Errorf("%w: the toolchain has no tool %.80q", ErrPatch, command)
}

// ReplaceTool puts a built program in the place of a tool of a toolchain that
// PatchToolchain made. built must be a regular file.
func ReplaceTool(toolchain, command, built string) error {
	p, err := ToolPath(toolchain, command)
	if err != nil {
		return err
	}
	info, err := os.Lstat(built)
	if err != nil {
		return err
	}
	if !info.Mode().IsRegular() {
		return errors.New("the built tool is no regular file")
	}
	content, err := os.ReadFile(built)
	if err != nil {
		return err
	}
	at := filepath.Join(toolchain, filepath.FromSlash(p))
	if err := os.Remove(at); err != nil { // the name only: the file is shared with the stock toolchain
		return err
	}
	return os.WriteFile(at, content, 0o755)
}

// GoVersion is the release that a toolchain says it is, such as "go1.26.5".
func GoVersion(toolchain string) string {
	content, err := os.ReadFile(filepath.Join(toolchain, "VERSION"))
	if err != nil {
		return ""
	}
	first, _, _ := strings.Cut(string(content), "\n")
	return strings.TrimSpace(first)
}
