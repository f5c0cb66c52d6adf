package sandbox

import (
	"bufio"
	"bytes"
	"fmt"
	"os"
	"os/exec"
	"strconv"
	"strings"
	"syscall"

	"golang.org/x/sys/unix"
)

// insideID is the uid and gid of everyone inside, whoever is outside: what is
// built must not differ by who builds it.
const insideID = 1000

// An identity is who the processes inside are on the host.
type identity struct {
	uid, gid int
	// spare says that uid is nobody's: proffer is root and has others to map to.
	spare bool
	// powerful says that proffer may mount for them.
	powerful bool
}

// hostIdentity decides who the processes inside will be. A root that is mapped
// to itself escapes the limit on processes, so root becomes a spare uid.
func hostIdentity() (identity, error) {
	id := identity{uid: os.Geteuid(), gid: os.Getegid()}
	caps, err := effectiveCaps()
	if err != nil {
		return id, err
	}
	has := func(c int) bool { return caps&(1<<c) != 0 }
	id.powerful = has(unix.CAP_SYS_ADMIN)
	if id.uid != 0 || !has(unix.CAP_SETUID) || !has(unix.CAP_SETGID) || !id.powerful {
		return id, nil
	}
	spare, err := spareID()
	if err != nil || spare == 0 {
		return id, err
	}
	id.uid, id.gid, id.spare = spare, spare, true
	return id, nil
}

// effectiveCaps is the set of capabilities of this thread.
func effectiveCaps() (uint64, error) {
	hdr := unix.CapUserHeader{Version: unix.LINUX_CAPABILITY_VERSION_3}
	var data [2]unix.CapUserData
	if err := unix.Capget(&hdr, &data[0]); err != nil {
		return 0, fmt.Errorf("read the capabilities: %w", err)
	}
	return uint64(data[1].Effective)<<32 | uint64(data[0].Effective), nil
}

// Where a spare id is looked for: the top of what a container is usually given,
// away from people and from packages.
const (
	spareHigh = 65500
	spareLow  = 61184
)

// spareID finds a number that is a mapped uid and gid here and that no account
// has; 0 when there is none.
func spareID() (int, error) {
	taken := map[int]bool{}
	for _, file := range []string{"/etc/passwd", "/etc/group"} {
		if err := eachLine(file, ":", func(f []string) {
			if len(f) > 2 {
				if id, err := strconv.Atoi(f[2]); err == nil {
					taken[id] = true
				}
			}
		}); err != nil && !os.IsNotExist(err) {
			return 0, err
		}
	}
	uids, err := idMap("/proc/self/uid_map")
	if err != nil {
		return 0, err
	}
	gids, err := idMap("/proc/self/gid_map")
	if err != nil {
		return 0, err
	}
	for id := spareHigh; id >= spareLow; id-- {
		if !taken[id] && uids.holds(id) && gids.holds(id) {
			return id, nil
		}
	}
	return 0, nil
}

// idRanges are the ids that exist in a user namespace: first, count.
type idRanges [][2]int

func (r idRanges) holds(id int) bool {
	for _, e := range r {
		if id >= e[0] && id-e[0] < e[1] {
			return true
		}
	}
	return false
}

func idMap(file string) (idRanges, error) {
	var ranges idRanges
	err := eachLine(file, "", func(f []string) {
		if len(f) != 3 {
			return
		}
		first, err1 := strconv.Atoi(f[0])
		count, err2 := strconv.Atoi(f[2])
		if err1 == nil && err2 == nil {
			ranges = append(ranges, [2]int{first, count})
		}
	})
	return ranges, err
}

// eachLine splits the lines of a small system file; sep "" means white space.
func eachLine(file, sep string, visit func(fields []string)) error {
	data, err := os.ReadFile(file)
	if err != nil {
		return fmt.Errorf("read the ids in use: %w", err)
	}
	sc := bufio.NewScanner(bytes.NewReader(data))
	for sc.Scan() {
		if sep == "" {
			visit(strings.Fields(sc.Text()))
		} else {
			visit(strings.Split(sc.Text(), sep))
		}
	}
	return sc.Err()
}

// attributes are the namespaces to start a keeper in, and who it is there.
func (id identity) attributes() *syscall.SysProcAttr {
	attr := &syscall.SysProcAttr{
		Cloneflags:  newNamespaceFlags,
		UidMappings: []syscall.SysProcIDMap{{ContainerID: insideID, HostID: id.uid, Size: 1}},
		GidMappings: []syscall.SysProcIDMap{{ContainerID: insideID, HostID: id.gid, Size: 1}},
		AmbientCaps: []uintptr{unix.CAP_SYS_ADMIN, unix.CAP_SETPCAP},
		Setsid:      true,
	}
	if id.spare {
		// Root's own groups must go, which takes setgroups once. Afterwards
		// nobody inside has the capability for it.
		attr.GidMappingsEnableSetgroups = true
		attr.Credential = &syscall.Credential{Uid: insideID, Gid: insideID}
	}
	return attr
}

const newNamespaceFlags = unix.CLONE_NEWUSER | unix.CLONE_NEWNS | unix.CLONE_NEWPID | unix.CLONE_NEWNET |
	unix.CLONE_NEWIPC | unix.CLONE_NEWUTS | unix.CLONE_NEWCGROUP

// mountIdentity makes the user namespace that idmapped mounts refer to: files
// of root on disk are files of the spare id in the mount, and the other way
// round. A namespace needs a process; it ends as soon as the file is open.
func (id identity) mountIdentity() (*os.File, error) {
	cmd := exec.Command("/proc/self/exe")
	cmd.Args = []string{marker, part(partHolder, "")}
	cmd.Env = []string{}
	cmd.SysProcAttr = &syscall.SysProcAttr{
		Cloneflags:  unix.CLONE_NEWUSER,
		UidMappings: []syscall.SysProcIDMap{{ContainerID: 0, HostID: id.uid, Size: 1}},
		GidMappings: []syscall.SysProcIDMap{{ContainerID: 0, HostID: id.gid, Size: 1}},
	}
	stdin, err := cmd.StdinPipe()
	if err != nil {
		return nil, err
	}
	if err := cmd.Start(); err != nil {
		return nil, fmt.Errorf("make a user namespace for mounts: %w", err)
	}
	defer func() {
		_ = cmd.Process.Kill() // it has nothing to lose, and may have ended
		_ = stdin.Close()
		_ = cmd.Wait() // reports the kill
	}()
	return os.Open(fmt.Sprintf("/proc/%d/ns/user", cmd.Process.Pid))
}
