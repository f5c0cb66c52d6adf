package archive

import (
	"archive/tar"
	"bytes"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"io/fs"
	"slices"
	"strings"

	"github.com/proffer-audit/proffer/audit/evidence"
)

// treePrefix marks a tree digest.
const treePrefix = "tree-sha256:"

// TreeDigest names the tree below fsys; the package comment has the algorithm.
// A tree that has no digest is a *FormatError with code "tree".
func TreeDigest(fsys fs.FS) (string, error) {
	var members []Member
	err := eachNode(fsys, func(m Member, _ []byte) error {
		members = append(members, m)
		return nil
	})
	if err != nil {
		return "", err
	}
	return DigestMembers(members)
}

// DigestMembers is the tree digest of members that a walk found: that of the
// tree which unpacking them faithfully would give. Directories do not enter.
func DigestMembers(members []Member) (string, error) {
	lines := make([]string, 0, len(members))
	sorted := slices.Clone(members)
	slices.SortFunc(sorted, func(a, b Member) int { return strings.Compare(a.Path, b.Path) })
	last := ""
	for _, m := range sorted {
		if m.Kind == Dir {
			continue
		}
		line, err := treeLine(m)
		if err != nil {
			return "", err
		}
		if m.Path == last {
			return "", treeFault(m.Path, "the path is there twice")
		}
		last = m.Path
		lines = append(lines, line)
	}
	sum := sha256.Sum256([]byte(strings.Join(lines, "")))
	return treePrefix + hex.EncodeToString(sum[:]), nil
}

func treeLine(m Member) (string, error) {
	if classes, unusable := judge(m.Path); m.Escaped || unusable {
		return "", treeFault(m.Path, nameFault(classes))
	}
	mark, digest := "-", m.Digest
	switch {
	case m.Kind == Symlink:
		mark, digest = "l", evidence.Of([]byte(m.Link))
	case m.Kind == Other:
		return "", treeFault(m.Path, "neither file, directory nor symbolic link")
	case m.Executable():
		mark = "x"
	}
	return mark + " " + digest.Hex() + "  " + m.Path + "\n", nil
}

// PackTree writes the tree below fsys as a tar that is the same bytes for the
// same tree: paths sorted, no times, no owners, modes 0644 and 0755, no
// directories. Walk and DigestMembers give the tree's digest back.
func PackTree(fsys fs.FS) ([]byte, error) {
	var packed bytes.Buffer
	w := tar.NewWriter(&packed)
	err := eachNode(fsys, func(m Member, content []byte) error {
		if _, err := treeLine(m); err != nil {
			return err
		}
		h := &tar.Header{Typeflag: tar.TypeReg, Name: m.Path, Size: m.Size, Mode: 0o644, Format: tar.FormatPAX}
		switch {
		case m.Kind == Symlink:
			h.Typeflag, h.Linkname, h.Size, h.Mode = tar.TypeSymlink, m.Link, 0, 0o777
		case m.Executable():
			h.Mode = 0o755
		}
		if err := w.WriteHeader(h); err != nil {
			return fmt.Errorf("pack %s: %w", m.Path, err)
		}
		if m.Kind == Symlink {
			return nil
		}
		_, err := w.Write(content)
		return err
	})
	if err != nil {
		return nil, err
	}
	if err := w.Close(); err != nil {
		return nil, fmt.Errorf("pack tree: %w", err)
	}
	return packed.Bytes(), nil
}

// eachNode visits files and symbolic links in the order of their paths as
// bytes, which is not the order of a walk: "a.b" stands before "a/b".
func eachNode(fsys fs.FS, visit Visit) error {
	var paths []string
	kinds := map[string]fs.FileMode{}
	err := fs.WalkDir(fsys, ".", func(p string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() {
			return err
		}
		paths = append(paths, p)
		kinds[p] = d.Type()
		return nil
	})
	if err != nil {
		return fmt.Errorf("list tree: %w", err)
	}
	slices.Sort(paths)
	for _, p := range paths {
		if classes, unusable := judge(p); unusable {
			return treeFault(p, nameFault(classes))
		}
		m, content, err := node(fsys, p, kinds[p])
		if err != nil {
			return err
		}
		if err := visit(m, content); err != nil {
			return err
		}
	}
	return nil
}

func node(fsys fs.FS, p string, kind fs.FileMode) (Member, []byte, error) {
	switch {
	case kind.IsRegular():
		content, err := fs.ReadFile(fsys, p)
		if err != nil {
			return Member{}, nil, fmt.Errorf("read tree: %w", err)
		}
		info, err := fs.Lstat(fsys, p)
		if err != nil {
			return Member{}, nil, fmt.Errorf("read tree: %w", err)
		}
		return Member{
			Path: p, Kind: File, Mode: info.Mode(), Size: int64(len(content)), Digest: evidence.Of(content),
		}, content, nil
	case kind&fs.ModeSymlink != 0:
		link, err := fs.ReadLink(fsys, p)
		if err != nil {
			return Member{}, nil, fmt.Errorf("read tree: %w", err)
		}
		return Member{Path: p, Kind: Symlink, Mode: kind, Link: link}, nil, nil
	default:
		return Member{}, nil, treeFault(p, "neither file, directory nor symbolic link")
	}
}

func nameFault(classes []string) string {
	return "the name cannot stand in a listing: " + strings.Join(classes, ", ")
}

func treeFault(p, detail string) error {
	clean, _, _ := cleaned(p)
	return &FormatError{Archive: "tree", Path: clean, Code: "tree", Detail: detail}
}
