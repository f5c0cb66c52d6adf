package fetch

import (
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"net/url"
	"os"
	"path/filepath"
	"strings"

	"github.com/proffer-audit/proffer/audit/archive"
	"github.com/proffer-audit/proffer/reports"
)

// local is a file or directory beside the manifest. It is opened through
// os.Root, so that neither a name nor a link leads out of that directory.
func (j *job) local(ctx context.Context, location string) error {
	name, bad := j.localName(location)
	if bad != nil {
		return j.skip(location, bad)
	}
	if err := ctx.Err(); err != nil {
		return context.Cause(ctx)
	}
	rec := j.begin(location)
	rec.Attempts = 1
	return ended(rec, j.takeLocal(name, rec))
}

// localName is the path under the base directory that a file: location names.
func (j *job) localName(location string) (string, *Error) {
	raw := strings.TrimPrefix(location, "file:")
	name, err := url.PathUnescape(raw)
	if err != nil {
		return "", refuse(BadLocation, "", "the location is not well escaped").because(err)
	}
	name = filepath.FromSlash(name)
	if j.req.Base == "" || !filepath.IsLocal(name) || strings.ContainsAny(name, "\x00") || strings.Contains(raw, `\`) {
		return "", refuse(BadLocation, "", "a file: location is a path below the manifest's directory").
			hint("such as file:dist/agent.tar.gz")
	}
	return name, nil
}

func (j *job) takeLocal(name string, rec *reports.Fetch) error {
	root, err := os.OpenRoot(j.req.Base)
	if err != nil {
		return unreadable(err)
	}
	s, err := j.stageLocal(root, name)
	if err := errors.Join(err, root.Close()); err != nil {
		return err
	}
	rec.Size = s.size
	media := MediaBytes
	if s.tree != "" {
		media = MediaTree
	}
	return errors.Join(j.accept(s, media, true), s.drop())
}

func (j *job) stageLocal(root *os.Root, name string) (*staged, error) {
	info, err := root.Stat(name)
	if err != nil {
		return nil, unreadable(err)
	}
	switch {
	case info.IsDir() && j.pin.Algorithm == Tree:
		return j.stageTree(root, name)
	case info.IsDir():
		return nil, refuse(Unreadable, "", "it is a directory, and the digest is of bytes").
			hint("pin a directory by its tree-sha256:")
	case j.pin.Algorithm == Tree:
		return nil, refuse(Unreadable, "", "it is no directory, and the digest is of one")
	case !info.Mode().IsRegular():
		return nil, refuse(Unreadable, "", "it is not a regular file")
	case info.Size() > j.max:
		return nil, tooLarge(j.max)
	}
	f, err := root.Open(name)
	if err != nil {
		return nil, unreadable(err)
	}
	s, err := j.c.copyToScratch(f, j.max)
	return s, errors.Join(err, f.Close())
}

// stageTree packs a directory as a tar that is the same for the same tree.
func (j *job) stageTree(root *os.Root, name string) (*staged, error) {
	dir, err := root.OpenRoot(name)
	if err != nil {
		return nil, unreadable(err)
	}
	s, err := j.packTree(dir.FS())
	return s, errors.Join(err, dir.Close())
}

func (j *job) packTree(tree fs.FS) (*staged, error) {
	if err := capTree(tree, j.max); err != nil {
		return nil, err
	}
	packed, err := archive.PackTree(tree)
	if err != nil {
		return nil, unreadable(err)
	}
	// The digest is of what was packed, not of what the disk holds by now.
	digest, err := treeOfTar(packed, j.max)
	if err != nil {
		return nil, unreadable(err)
	}
	s, err := j.c.copyToScratch(strings.NewReader(string(packed)), j.max)
	if err != nil {
		return nil, err
	}
	s.tree = digest
	return s, nil
}

// capTree refuses a tree that is too large before it is read into memory.
func capTree(tree fs.FS, limit int64) error {
	var total int64
	return fs.WalkDir(tree, ".", func(_ string, d fs.DirEntry, err error) error {
		if err != nil {
			return unreadable(err)
		}
		if !d.Type().IsRegular() {
			return nil
		}
		info, err := d.Info()
		if err != nil {
			return unreadable(err)
		}
		if total += info.Size(); total > limit {
			return tooLarge(limit)
		}
		return nil
	})
}

// treeOfTar is the tree digest of a packed tree.
func treeOfTar(packed []byte, limit int64) (string, error) {
	var members []archive.Member
	lim := archive.Limits{Output: limit, PerFile: limit}
	// Anomalies concern whoever unpacks; DigestMembers refuses what would give
	// one digest to two trees.
	_, err := archive.Walk(packed, "tree.tar", lim, func(m archive.Member, _ []byte) error {
		members = append(members, m)
		return nil
	})
	if err != nil {
		return "", err
	}
	return archive.DigestMembers(members)
}

// copyToScratch copies what is to be judged to where nobody else changes it.
func (c *Client) copyToScratch(r io.Reader, limit int64) (*staged, error) {
	if err := os.MkdirAll(c.opt.Scratch, 0o700); err != nil {
		return nil, fmt.Errorf("make the scratch directory: %w", err)
	}
	f, err := os.CreateTemp(c.opt.Scratch, "local-*")
	if err != nil {
		return nil, fmt.Errorf("make a scratch file: %w", err)
	}
	drop := func() error { return errors.Join(f.Close(), os.Remove(f.Name())) }
	p := &partial{file: f}
	if _, err := p.append(r, limit); err != nil {
		if errors.Is(err, errOverLimit) {
			err = tooLarge(limit)
		}
		return nil, errors.Join(err, drop())
	}
	s, err := stage(f, drop)
	if err != nil {
		return nil, errors.Join(err, drop())
	}
	return s, nil
}

func unreadable(err error) *Error {
	e := refuse(Unreadable, "", "it cannot be read").because(err)
	if p, ok := errors.AsType[*fs.PathError](err); ok {
		e.Err = p.Err // its own text holds a path of this machine
	}
	return e
}
