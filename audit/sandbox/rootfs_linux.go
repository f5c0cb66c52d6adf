package sandbox

import (
	"errors"
	"fmt"
	"os"
	"path"
	"path/filepath"
	"sort"

	"golang.org/x/sys/unix"
)

// Paths inside, in the tier that places.
const (
	insideBase    = "/proffer"
	insideProgram = "/proffer/.self"
	insideTools   = "/proffer/bin"
	insideTemp    = "/tmp"
)

// devices are the nodes of /dev that are there inside.
var devices = [...]string{"/dev/null", "/dev/zero", "/dev/full", "/dev/random", "/dev/urandom"}

// stages are folders of the host that the new root may be mounted over, before
// it takes the place of the old one; the first that exists is used.
var stages = [...]string{"/tmp", "/run", "/mnt", "/proc"}

// buildRoot makes the private root and moves into it. Every step works on the
// keeper's own mount namespace, which verifyNamespaces has seen to be its own.
func (k *keeper) buildRoot() error {
	if err := unix.Mount("", "/", "", unix.MS_REC|unix.MS_PRIVATE, ""); err != nil {
		return at("mount", fmt.Errorf("make the mounts private: %w", err))
	}
	mounts := k.Mounts
	for _, d := range devices {
		mounts = append(mounts, mountPoint{Host: d, Inside: d, Writable: true, Device: true})
	}
	// Clones first: what comes next hides a part of the host.
	for i := range mounts {
		if err := mounts[i].clone(); err != nil {
			return at("bind", err)
		}
	}
	if err := enterNewRoot(); err != nil {
		return at("root", err)
	}
	if err := k.ownMounts(); err != nil {
		return err
	}
	sort.SliceStable(mounts, func(i, j int) bool { return mounts[i].Inside < mounts[j].Inside })
	for _, m := range mounts {
		if err := m.attach(); err != nil {
			return at("bind", err)
		}
	}
	return at("root", closeRoot())
}

// clone makes a detached copy of a part of the host, unless the parent did.
func (m *mountPoint) clone() error {
	if m.FD != 0 {
		return nil
	}
	fd, err := unix.OpenTree(unix.AT_FDCWD, m.Host, unix.OPEN_TREE_CLONE|unix.OPEN_TREE_CLOEXEC|unix.AT_RECURSIVE)
	if err != nil {
		return fmt.Errorf("reach %s: %w", m.Host, err)
	}
	m.FD = fd
	return m.restrict(0)
}

// restrict puts the attributes on the clone and all that is mounted in it;
// mapping, if not 0, is the user namespace of its owners.
func (m *mountPoint) restrict(mapping int) error {
	attr := unix.MountAttr{Attr_set: m.attributes()}
	if mapping != 0 {
		attr.Attr_set |= unix.MOUNT_ATTR_IDMAP
		attr.Userns_fd = uint64(mapping)
	}
	if err := unix.MountSetattr(m.FD, "", unix.AT_EMPTY_PATH|unix.AT_RECURSIVE, &attr); err != nil {
		return fmt.Errorf("restrict %s: %w", m.Host, err)
	}
	return nil
}

// attributes are the restrictions on a mount and all that is mounted in it.
func (m *mountPoint) attributes() uint64 {
	switch {
	case m.Device: // without them a device node could not be opened
		return unix.MOUNT_ATTR_RDONLY | unix.MOUNT_ATTR_NOSUID | unix.MOUNT_ATTR_NOEXEC
	case m.Writable:
		return unix.MOUNT_ATTR_NOSUID | unix.MOUNT_ATTR_NODEV
	}
	return unix.MOUNT_ATTR_RDONLY | unix.MOUNT_ATTR_NOSUID | unix.MOUNT_ATTR_NODEV
}

// attach puts the clone at its place in the new root.
func (m *mountPoint) attach() error {
	defer unix.Close(m.FD)
	if err := makePlace(m.Inside, m.Folder); err != nil {
		return err
	}
	if err := unix.MoveMount(m.FD, "", unix.AT_FDCWD, m.Inside, unix.MOVE_MOUNT_F_EMPTY_PATH); err != nil {
		return fmt.Errorf("place %s at %s: %w", m.Host, m.Inside, err)
	}
	return nil
}

// makePlace makes the folder or empty file that something is mounted over.
func makePlace(inside string, folder bool) error {
	if folder {
		if err := os.MkdirAll(inside, 0o755); err != nil {
			return fmt.Errorf("make a place for a folder: %w", err)
		}
		return nil
	}
	if err := os.MkdirAll(path.Dir(inside), 0o755); err != nil {
		return fmt.Errorf("make a place for a file: %w", err)
	}
	f, err := os.OpenFile(inside, os.O_CREATE|os.O_RDONLY, 0o444)
	if err != nil {
		return fmt.Errorf("make a place for a file: %w", err)
	}
	return f.Close()
}

// enterNewRoot mounts an empty file system and makes it the root. The old root
// stays reachable as the working folder until closeRoot lets go of it: the
// kernel gives a new /proc only to those who see one.
func enterNewRoot() error {
	for _, stage := range stages {
		if _, err := os.Stat(stage); err != nil {
			continue
		}
		if err := unix.Mount("proffer", stage, "tmpfs", unix.MS_NOSUID|unix.MS_NODEV, "size=4m,nr_inodes=16k,mode=755"); err != nil {
			return fmt.Errorf("mount an empty root: %w", err)
		}
		if err := unix.Chdir(stage); err != nil {
			return fmt.Errorf("enter the empty root: %w", err)
		}
		if err := unix.PivotRoot(".", "."); err != nil {
			return fmt.Errorf("exchange the roots: %w", err)
		}
		return nil
	}
	return errors.New("no folder to stage the new root in")
}

// ownMounts adds what is the sandbox's own. It comes before the binds, so that
// one may lie within the private /tmp.
func (k *keeper) ownMounts() error {
	if err := makePlace(insideTools, true); err != nil {
		return at("tools", err)
	}
	if err := writeTools(insideTools, k.Program, k.Tools); err != nil {
		return at("tools", err)
	}
	if err := makePlace(insideTemp, true); err != nil {
		return at("tmp", err)
	}
	// The number of inodes bounds what many empty files take in memory.
	opts := fmt.Sprintf("size=%d,nr_inodes=%d,mode=1777", k.TempSize, 1024+k.TempSize/4096)
	if err := unix.Mount("tmp", insideTemp, "tmpfs", unix.MS_NOSUID|unix.MS_NODEV, opts); err != nil {
		return at("tmp", err)
	}
	return at("proc", k.mountProc())
}

// closeRoot lets go of the host's root and closes the new one for writing.
func closeRoot() error {
	if err := unix.Unmount(".", unix.MNT_DETACH); err != nil {
		return fmt.Errorf("let go of the host's root: %w", err)
	}
	if err := unix.Chdir("/"); err != nil {
		return fmt.Errorf("enter the new root: %w", err)
	}
	attr := unix.MountAttr{Attr_set: unix.MOUNT_ATTR_RDONLY | unix.MOUNT_ATTR_NOSUID | unix.MOUNT_ATTR_NODEV}
	if err := unix.MountSetattr(unix.AT_FDCWD, "/", 0, &attr); err != nil {
		return fmt.Errorf("close the root for writing: %w", err)
	}
	return nil
}

// mountProc mounts a /proc that shows the processes inside and nothing of the
// machine. Where the host's is partly covered (a container), the kernel gives
// no new one: then there is none, which is noted.
func (k *keeper) mountProc() error {
	if err := makePlace("/proc", true); err != nil {
		return err
	}
	flags := uintptr(unix.MS_NOSUID | unix.MS_NODEV | unix.MS_NOEXEC | unix.MS_RDONLY)
	err := unix.Mount("proc", "/proc", "proc", flags, "hidepid=invisible,subset=pid")
	if errors.Is(err, unix.EPERM) {
		k.notes = append(k.notes, noteNoProc)
		return nil
	}
	return err
}

// noteNoProc is what a keeper notes when the kernel gave it no /proc.
const noteNoProc = "no-proc"

// writeTools writes the stand-ins for commands: scripts that hand over to this
// program in a worker role.
func writeTools(dir, program string, tools map[string]string) error {
	for name, role := range tools {
		script := "#!" + program + " " + part(partTool, role) + "\n"
		if err := os.WriteFile(filepath.Join(dir, name), []byte(script), 0o555); err != nil { //nolint:gosec // to be executed
			return fmt.Errorf("write the stand-in for %s: %w", name, err)
		}
	}
	return nil
}
