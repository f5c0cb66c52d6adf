package workspace

import (
	"errors"
	"fmt"
	"io"
	"os"
	"path"
	"path/filepath"
	"regexp"
	"slices"
	"strings"

	"golang.org/x/mod/module"
	"golang.org/x/mod/sumdb/dirhash"
)

// The workspace of a build lies in scratch, with one member beside the source.
const (
	workspaceDir = "workspace"
	memberDir    = "member"
)

// WorkspaceFile is the go.work of Layout.Workspace at a placement, for GOWORK.
func WorkspaceFile(p Placement) string { return path.Join(p.Scratch, workspaceDir, "go.work") }

var goLine = regexp.MustCompile(`(?m)^go\s+([0-9][0-9a-z.]*)\s*$`)

// Workspace writes a go.work with two members: the source's module in dir, and a
// stub that requires modules at exact versions. The version that a workspace
// selects is the highest that a member asks for, so the stub stands for the
// members that the vendor's workspace had and the source has not.
func (l *Layout) Workspace(p Placement, dir string, members []module.Version) error {
	mod, err := os.ReadFile(filepath.Join(l.Source, filepath.FromSlash(dir), "go.mod"))
	if err != nil {
		return fmt.Errorf("make a workspace: the source has no go.mod in %q", dir)
	}
	line := "1.21"
	if m := goLine.FindSubmatch(mod); m != nil {
		line = string(m[1])
	}
	var work, stub strings.Builder
	fmt.Fprintf(&work, "go %s\n\nuse (\n\t%s\n\t./%s\n)\n", line, path.Join(p.Source, dir), memberDir)
	fmt.Fprintf(&stub, "module proffer.invalid/%s\n\ngo %s\n\nrequire (\n", memberDir, line)
	for _, m := range members {
		if err := module.Check(m.Path, m.Version); err != nil {
			return fmt.Errorf("make a workspace: %w", err)
		}
		fmt.Fprintf(&stub, "\t%s %s\n", m.Path, m.Version)
	}
	stub.WriteString(")\n")
	sums, err := l.sums()
	if err != nil {
		return fmt.Errorf("make a workspace: %w", err)
	}
	at := filepath.Join(l.Scratch, workspaceDir)
	if err := os.MkdirAll(filepath.Join(at, memberDir), 0o755); err != nil {
		return fmt.Errorf("make a workspace: %w", err)
	}
	return errors.Join(
		os.WriteFile(filepath.Join(at, "go.work"), []byte(work.String()), 0o644),
		os.WriteFile(filepath.Join(at, memberDir, "go.mod"), []byte(stub.String()), 0o644),
		os.WriteFile(filepath.Join(at, memberDir, "go.sum"), []byte(sums), 0o644))
}

// sums are the lines of go.sum for all modules of the layout. They were held to
// their pins before they came here.
func (l *Layout) sums() (string, error) {
	top := filepath.Join(l.Modules, "cache", "download")
	var lines []string
	err := filepath.WalkDir(top, func(p string, d os.DirEntry, err error) error {
		if err != nil || d.IsDir() {
			return err
		}
		ext := filepath.Ext(p)
		if ext != ".zip" && ext != ".mod" {
			return nil
		}
		rel, err := filepath.Rel(top, p)
		if err != nil {
			return err
		}
		name, file, ok := strings.Cut(filepath.ToSlash(rel), "/@v/")
		if !ok {
			return nil
		}
		modPath, err := module.UnescapePath(name)
		if err != nil {
			return err
		}
		version, err := module.UnescapeVersion(strings.TrimSuffix(file, ext))
		if err != nil {
			return err
		}
		line, err := sumLine(modPath, version, p, ext)
		lines = append(lines, line)
		return err
	})
	slices.Sort(lines)
	return strings.Join(lines, ""), err
}

func sumLine(modPath, version, file, ext string) (string, error) {
	if ext == ".zip" {
		h, err := dirhash.HashZip(file, dirhash.Hash1)
		return fmt.Sprintf("%s %s %s\n", modPath, version, h), err
	}
	h, err := dirhash.Hash1([]string{"go.mod"}, func(string) (io.ReadCloser, error) { return os.Open(file) })
	return fmt.Sprintf("%s %s/go.mod %s\n", modPath, version, h), err
}
