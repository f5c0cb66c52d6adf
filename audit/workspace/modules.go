package workspace

import (
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"golang.org/x/mod/module"
	"golang.org/x/mod/semver"

	"github.com/proffer-audit/proffer/audit/archive"
	"github.com/proffer-audit/proffer/audit/evidence"
)

// maxSmall bounds a .mod and an .info file, in bytes; cmd/go's limit for go.mod
// is the same.
const maxSmall = 16 << 20

// ModulePrefix is the prefix of every path in a module's zip, for Archive.Strip.
func ModulePrefix(path, version string) string { return path + "@" + version }

// modules writes the module proxy.
func (l *layer) modules() error {
	top := filepath.Join(l.out.Modules, "cache", "download")
	if err := os.MkdirAll(top, 0o755); err != nil {
		return fmt.Errorf("lay out modules: %w", err)
	}
	versions := map[string][]string{} // by folder
	for _, m := range l.spec.Modules {
		dir, base, err := l.module(top, m)
		if err != nil {
			return fmt.Errorf("lay out module %s@%s: %w", m.Path, m.Version, err)
		}
		versions[dir] = append(versions[dir], base)
	}
	for dir, list := range versions {
		semver.Sort(list)
		list = slices.Compact(list)
		if err := os.WriteFile(filepath.Join(dir, "list"), []byte(strings.Join(list, "\n")+"\n"), 0o644); err != nil {
			return fmt.Errorf("lay out modules: %w", err)
		}
	}
	return nil
}

func (l *layer) module(top string, m Module) (dir, version string, err error) {
	// Check refuses what could be more than one path element, so that the
	// escaped forms are safe to join.
	if err := module.Check(m.Path, m.Version); err != nil {
		return "", "", err
	}
	escaped, err := module.EscapePath(m.Path)
	if err != nil {
		return "", "", err
	}
	base, err := module.EscapeVersion(m.Version)
	if err != nil {
		return "", "", err
	}
	dir = filepath.Join(top, filepath.FromSlash(escaped), "@v")
	if err := os.MkdirAll(dir, 0o755); err != nil {
		return "", "", err
	}
	if err := l.small(m, filepath.Join(dir, base)); err != nil {
		return "", "", err
	}
	if m.Zip == "" {
		return dir, m.Version, nil
	}
	data, err := l.reader.Read(m.Zip, maxModule)
	if err != nil {
		return "", "", err
	}
	if keep, err := l.inspectModule(m, data); err != nil || !keep {
		return dir, m.Version, err
	}
	if err := os.WriteFile(filepath.Join(dir, base+".zip"), data, 0o644); err != nil || m.Mod != "" {
		return dir, m.Version, err
	}
	mod, err := l.goMod(m, data)
	if err != nil {
		return "", "", err
	}
	return dir, m.Version, os.WriteFile(filepath.Join(dir, base+".mod"), mod, 0o644)
}

// goMod is the go.mod of a module that is pinned by its zip alone: the one in it,
// or what cmd/go takes for it.
func (l *layer) goMod(m Module, zip []byte) ([]byte, error) {
	mod, err := archive.Pick(zip, "module", ModulePrefix(m.Path, m.Version)+"/go.mod", l.spec.Limits)
	if errors.Is(err, fs.ErrNotExist) {
		return []byte("module " + m.Path + "\n"), nil
	}
	return mod, err
}

// small writes the .info and .mod files. An .info that was not obtained is
// made from the version: a build reads nothing else in it.
func (l *layer) small(m Module, base string) error {
	info, err := json.Marshal(struct{ Version string }{m.Version})
	if m.Info != "" && err == nil {
		info, err = l.reader.Read(m.Info, maxSmall)
	}
	if err != nil {
		return err
	}
	if err := os.WriteFile(base+".info", info, 0o644); err != nil {
		return err
	}
	if m.Mod == "" {
		return nil
	}
	mod, err := l.reader.Read(m.Mod, maxSmall)
	if err != nil {
		return err
	}
	return os.WriteFile(base+".mod", mod, 0o644)
}

// inspectModule looks through a module for shipped files and for what is not
// plain Go. A module that holds a shipped file is withheld as a whole: without
// the file it would not have its checksum any more.
func (l *layer) inspectModule(m Module, data []byte) (keep bool, err error) {
	prefix := ModulePrefix(m.Path, m.Version)
	self := archive.Member{Path: prefix + ".zip", Digest: m.Zip}
	if inner, found := l.holdsTarget(ModulesTree, self, data); found {
		l.out.Removed = append(l.out.Removed, Node{ModulesTree, self.Path, inner})
		return false, nil
	}
	odd, err := archive.Walk(data, self.Path, l.spec.Limits, func(f archive.Member, content []byte) error {
		if what := Special(f.Path, content); f.Kind == archive.File && what != "" {
			l.out.Special = append(l.out.Special, Node{ModulesTree, f.Path, what})
		}
		return nil
	})
	l.anomalies(ModulesTree, odd)
	return err == nil, err
}

// Digests are all blobs that a spec names, for a caller that must have them.
func (s Spec) Digests() []evidence.Digest {
	var all []evidence.Digest
	for _, a := range []*Archive{s.Source, s.Toolchain} {
		if a != nil {
			all = append(all, a.Blob.Digest)
		}
	}
	for _, m := range s.Modules {
		for _, d := range []evidence.Digest{m.Zip, m.Mod, m.Info} {
			if d != "" {
				all = append(all, d)
			}
		}
	}
	slices.Sort(all)
	return slices.Compact(all)
}
