package sandbox

import (
	"errors"
	"fmt"
	"runtime"
	"unsafe"

	"golang.org/x/sys/unix"
)

// Rights of Landlock in the words of this package.
const (
	rightsRead  = unix.LANDLOCK_ACCESS_FS_READ_FILE | unix.LANDLOCK_ACCESS_FS_READ_DIR
	rightsExec  = rightsRead | unix.LANDLOCK_ACCESS_FS_EXECUTE
	rightsWrite = rightsExec | unix.LANDLOCK_ACCESS_FS_WRITE_FILE | unix.LANDLOCK_ACCESS_FS_TRUNCATE |
		unix.LANDLOCK_ACCESS_FS_REMOVE_DIR | unix.LANDLOCK_ACCESS_FS_REMOVE_FILE |
		unix.LANDLOCK_ACCESS_FS_MAKE_DIR | unix.LANDLOCK_ACCESS_FS_MAKE_REG | unix.LANDLOCK_ACCESS_FS_MAKE_SYM |
		unix.LANDLOCK_ACCESS_FS_MAKE_FIFO | unix.LANDLOCK_ACCESS_FS_MAKE_SOCK | unix.LANDLOCK_ACCESS_FS_REFER
	rightsDevice = unix.LANDLOCK_ACCESS_FS_READ_FILE | unix.LANDLOCK_ACCESS_FS_WRITE_FILE | unix.LANDLOCK_ACCESS_FS_TRUNCATE

	// rightsFile are those that make sense on something that is no folder.
	rightsFile = unix.LANDLOCK_ACCESS_FS_EXECUTE | unix.LANDLOCK_ACCESS_FS_WRITE_FILE |
		unix.LANDLOCK_ACCESS_FS_READ_FILE | unix.LANDLOCK_ACCESS_FS_TRUNCATE | unix.LANDLOCK_ACCESS_FS_IOCTL_DEV
)

// handledFiles are the file rights that each ABI can refuse, by version.
var handledFiles = [...]uint64{
	0,
	1<<13 - 1, // 1: all up to MAKE_SYM
	1<<14 - 1, // 2: REFER
	1<<15 - 1, // 3: TRUNCATE
	1<<15 - 1,
	1<<16 - 1, // 5: IOCTL_DEV
}

// newestABI is the last version that adds something used here.
const newestABI = 6

// landlockABI asks the kernel for its version of Landlock; 0 for none.
func landlockABI() int {
	v, _, errno := unix.Syscall(unix.SYS_LANDLOCK_CREATE_RULESET, 0, 0, unix.LANDLOCK_CREATE_RULESET_VERSION)
	if errno != 0 {
		return 0
	}
	return min(int(v), newestABI)
}

// A fileRule allows rights on what an open path names, and beneath it.
type fileRule struct {
	fd     int
	rights uint64
}

// openRules opens all paths that the command may use. It is done while the
// keeper can still see them.
func (k *keeper) openRules() ([]fileRule, error) {
	if k.ABI == 0 {
		return nil, nil
	}
	var rules []fileRule
	add := func(path string, rights uint64) error {
		fd, err := unix.Open(path, unix.O_PATH|unix.O_CLOEXEC, 0)
		if err != nil {
			return fmt.Errorf("open %s: %w", path, err)
		}
		var st unix.Stat_t
		if err := unix.Fstat(fd, &st); err != nil {
			return fmt.Errorf("look at %s: %w", path, err)
		}
		if st.Mode&unix.S_IFMT != unix.S_IFDIR {
			rights &= rightsFile
		}
		rules = append(rules, fileRule{fd: fd, rights: rights})
		return nil
	}
	var errs []error
	for _, m := range k.Mounts {
		rights := uint64(rightsExec)
		if m.Writable {
			rights = rightsWrite
		}
		errs = append(errs, add(m.Inside, rights))
	}
	for _, d := range devices {
		errs = append(errs, add(d, rightsDevice))
	}
	errs = append(errs, add(k.Temp, rightsWrite))
	if len(k.Tools) > 0 {
		errs = append(errs, add(k.ToolDir, rightsExec))
	}
	if k.Tier == Namespaces {
		// Names may be listed everywhere: there is nothing of the host here.
		errs = append(errs, add("/", unix.LANDLOCK_ACCESS_FS_READ_DIR))
		errs = append(errs, add("/proc", rightsRead))
	}
	return rules, errors.Join(errs...)
}

// restrictFiles puts the calling thread, which must have given up gaining
// privileges, under Landlock: files by rules, no TCP, and no signals or
// abstract sockets to the outside, as far as the version goes.
func restrictFiles(abi int, rules []fileRule) error {
	if abi == 0 {
		return nil
	}
	handled := handledFiles[min(abi, len(handledFiles)-1)]
	attr := unix.LandlockRulesetAttr{Handled_access_fs: handled}
	size := unsafe.Sizeof(attr.Handled_access_fs)
	if abi >= 4 {
		attr.Handled_access_net = unix.LANDLOCK_ACCESS_NET_BIND_TCP | unix.LANDLOCK_ACCESS_NET_CONNECT_TCP
		size += unsafe.Sizeof(attr.Handled_access_net)
	}
	if abi >= 6 {
		attr.Scoped = unix.LANDLOCK_SCOPE_ABSTRACT_UNIX_SOCKET | unix.LANDLOCK_SCOPE_SIGNAL
		size += unsafe.Sizeof(attr.Scoped)
	}
	set, _, errno := unix.Syscall(unix.SYS_LANDLOCK_CREATE_RULESET, uintptr(unsafe.Pointer(&attr)), size, 0)
	if errno != 0 {
		return fmt.Errorf("make the rule set: %w", errno)
	}
	defer unix.Close(int(set))
	for _, r := range rules {
		// The attribute is packed in the kernel; its 12 bytes are the first
		// of this struct's.
		beneath := unix.LandlockPathBeneathAttr{Allowed_access: r.rights & handled, Parent_fd: int32(r.fd)}
		if beneath.Allowed_access == 0 {
			continue
		}
		_, _, errno := unix.Syscall6(unix.SYS_LANDLOCK_ADD_RULE, set, unix.LANDLOCK_RULE_PATH_BENEATH, uintptr(unsafe.Pointer(&beneath)), 0, 0, 0)
		runtime.KeepAlive(&beneath)
		if errno != 0 {
			return fmt.Errorf("add a rule: %w", errno)
		}
		unix.Close(r.fd)
	}
	if _, _, errno := unix.Syscall(unix.SYS_LANDLOCK_RESTRICT_SELF, set, 0, 0); errno != 0 {
		return fmt.Errorf("take the rules on: %w", errno)
	}
	return nil
}
