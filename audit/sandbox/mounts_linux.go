package sandbox

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"

	"golang.org/x/sys/unix"
)

// mounted is what was done on the host for the binds of one run.
type mounted struct {
	files   []*os.File // detached mounts for the keeper
	lent    []string   // writable trees that belong to the spare id meanwhile
	written []string   // writable trees that belong to the caller
	id      identity
}

// mount fills in the mount points. Root makes the mounts itself, detached: the
// spare id could not walk to a folder within root's own, and idmapped mounts
// take root's right. For a plain user the keeper makes them.
func (l *launcher) mount(points []mountPoint) (*mounted, error) {
	m := &mounted{id: l.id}
	for i := range points {
		if err := l.mountOne(&points[i], m); err != nil {
			return nil, errors.Join(err, m.giveBack(), m.close())
		}
	}
	return m, nil
}

func (l *launcher) mountOne(p *mountPoint, m *mounted) error {
	st, err := os.Stat(p.Host)
	if err != nil {
		return fmt.Errorf("look at what is to be bound: %w", err)
	}
	p.Folder = st.IsDir()
	mapped, err := l.detach(p, m)
	switch {
	case err != nil || !p.Writable:
		return err
	case l.id.spare && !mapped:
		m.lent = append(m.lent, p.Host)
		return changeOwner(p.Host, l.id.uid, l.id.gid)
	}
	m.written = append(m.written, p.Host)
	return nil
}

// detach makes a mount for the keeper, if this process may, and tells whether
// its owners are mapped.
func (l *launcher) detach(p *mountPoint, m *mounted) (mapped bool, err error) {
	if l.tier != Namespaces || !l.id.powerful {
		return false, nil
	}
	p.FD, err = unix.OpenTree(unix.AT_FDCWD, p.Host, unix.OPEN_TREE_CLONE|unix.OPEN_TREE_CLOEXEC|unix.AT_RECURSIVE)
	if errors.Is(err, unix.EPERM) {
		// The power is over a user namespace that does not own the mounts.
		p.FD = 0
		return false, nil
	}
	if err != nil {
		return false, fmt.Errorf("reach %s: %w", p.Host, err)
	}
	m.files = append(m.files, os.NewFile(uintptr(p.FD), p.Host))
	mapped, err = l.restrictMapped(p)
	p.FD = fdMounts + len(m.files) - 1
	return mapped, err
}

// restrictMapped puts the attributes on a mount, with the owners mapped where
// the file system can do that.
func (l *launcher) restrictMapped(p *mountPoint) (mapped bool, err error) {
	if l.mapping != nil {
		if err := p.restrict(int(l.mapping.Fd())); err == nil {
			return true, nil
		}
	}
	return false, p.restrict(0)
}

// giveBack makes the caller the owner of what was written, and lets him into
// it. Nothing runs inside any more, so nobody exchanges files meanwhile.
func (m *mounted) giveBack() error {
	var errs []error
	for _, tree := range m.lent {
		errs = append(errs, changeOwner(tree, os.Geteuid(), os.Getegid()))
	}
	if os.Geteuid() != 0 {
		for _, tree := range m.written {
			errs = append(errs, letIn(tree))
		}
	}
	return errors.Join(errs...)
}

func (m *mounted) close() error {
	var errs []error
	for _, f := range m.files {
		errs = append(errs, f.Close())
	}
	return errors.Join(errs...)
}

// changeOwner gives a tree away, symbolic links as such.
func changeOwner(tree string, uid, gid int) error {
	return filepath.WalkDir(tree, func(path string, _ fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		return os.Lchown(path, uid, gid)
	})
}

// letIn gives the owner back what a command may have taken from him: reading
// files, and all in folders.
func letIn(tree string) error {
	return filepath.WalkDir(tree, func(path string, d fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		need := fs.FileMode(0o400)
		switch {
		case d.IsDir():
			need = 0o700
		case !d.Type().IsRegular():
			return nil
		}
		info, err := d.Info()
		if err != nil || info.Mode().Perm()&need == need {
			return err
		}
		return os.Chmod(path, info.Mode().Perm()|need)
	})
}

// removeTree removes a folder in which a command may have written.
func removeTree(dir string) error {
	if err := os.RemoveAll(dir); err == nil {
		return nil
	}
	return errors.Join(letIn(dir), os.RemoveAll(dir))
}

// emptyFolder removes all that is in a folder.
func emptyFolder(dir string) error {
	entries, err := os.ReadDir(dir)
	if err != nil {
		return err
	}
	var errs []error
	for _, e := range entries {
		errs = append(errs, removeTree(filepath.Join(dir, e.Name())))
	}
	return errors.Join(errs...)
}

// grant makes a tree readable for the spare id, where no mount maps it.
func (l *launcher) grant(tree string) error {
	if !l.id.spare {
		return nil
	}
	p := mountPoint{Host: tree}
	fd, err := unix.OpenTree(unix.AT_FDCWD, tree, unix.OPEN_TREE_CLONE|unix.OPEN_TREE_CLOEXEC|unix.AT_RECURSIVE)
	if err != nil {
		return fmt.Errorf("sandbox: grant: reach %s: %w", tree, err)
	}
	defer unix.Close(fd)
	p.FD = fd
	mapped, err := l.restrictMapped(&p)
	if err != nil || mapped {
		return err
	}
	return filepath.WalkDir(tree, func(path string, d fs.DirEntry, err error) error {
		if err != nil || d.Type()&fs.ModeSymlink != 0 {
			return err
		}
		info, err := d.Info()
		if err != nil {
			return err
		}
		mode := info.Mode().Perm() | 0o444
		if d.IsDir() || mode&0o100 != 0 {
			mode |= 0o111
		}
		return os.Chmod(path, mode)
	})
}
