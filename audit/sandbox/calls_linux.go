//go:build amd64 || arm64

package sandbox

import "golang.org/x/sys/unix"

// newNamespaces are the clone flags that make a namespace. CLONE_NEWTIME is not
// among them: its bit is part of clone's exit signal, and only clone3 and
// unshare, which are refused as a whole, understand it.
const newNamespaces = unix.CLONE_NEWNS | unix.CLONE_NEWUSER | unix.CLONE_NEWPID | unix.CLONE_NEWNET |
	unix.CLONE_NEWIPC | unix.CLONE_NEWUTS | unix.CLONE_NEWCGROUP

// setFileAttributes is FS_IOC_FSSETXATTR, which golang.org/x/sys does not name.
const setFileAttributes = 0x401c5820

const setIDBits = unix.S_ISUID | unix.S_ISGID

// refusedCalls are refused whatever their arguments. They reach into the kernel
// or into other processes, and no compiler needs them.
var refusedCalls = [...]uint32{
	// mounts and roots
	unix.SYS_MOUNT, unix.SYS_UMOUNT2, unix.SYS_PIVOT_ROOT, unix.SYS_CHROOT,
	unix.SYS_FSOPEN, unix.SYS_FSCONFIG, unix.SYS_FSMOUNT, unix.SYS_FSPICK,
	unix.SYS_OPEN_TREE, unix.SYS_OPEN_TREE_ATTR, unix.SYS_MOVE_MOUNT, unix.SYS_MOUNT_SETATTR,
	unix.SYS_STATMOUNT, unix.SYS_LISTMOUNT, unix.SYS_LISTNS,
	unix.SYS_QUOTACTL, unix.SYS_QUOTACTL_FD, unix.SYS_FILE_SETATTR,
	unix.SYS_NAME_TO_HANDLE_AT, unix.SYS_OPEN_BY_HANDLE_AT,
	unix.SYS_FANOTIFY_INIT, unix.SYS_FANOTIFY_MARK, unix.SYS_SWAPON, unix.SYS_SWAPOFF,
	// namespaces, other processes
	unix.SYS_UNSHARE, unix.SYS_SETNS, unix.SYS_PTRACE,
	unix.SYS_PROCESS_VM_READV, unix.SYS_PROCESS_VM_WRITEV,
	unix.SYS_PROCESS_MADVISE, unix.SYS_PROCESS_MRELEASE, unix.SYS_PIDFD_GETFD, unix.SYS_KCMP,
	unix.SYS_MIGRATE_PAGES, unix.SYS_MOVE_PAGES, unix.SYS_MBIND,
	unix.SYS_SET_MEMPOLICY, unix.SYS_SET_MEMPOLICY_HOME_NODE,
	// wide doors into the kernel
	unix.SYS_BPF, unix.SYS_PERF_EVENT_OPEN, unix.SYS_USERFAULTFD,
	unix.SYS_IO_URING_SETUP, unix.SYS_IO_URING_ENTER, unix.SYS_IO_URING_REGISTER,
	unix.SYS_ADD_KEY, unix.SYS_REQUEST_KEY, unix.SYS_KEYCTL,
	unix.SYS_SECCOMP, unix.SYS_LSM_SET_SELF_ATTR, unix.SYS_MEMFD_SECRET,
	unix.SYS_LOOKUP_DCOOKIE, unix.SYS_REMAP_FILE_PAGES,
	// the machine
	unix.SYS_INIT_MODULE, unix.SYS_FINIT_MODULE, unix.SYS_DELETE_MODULE,
	unix.SYS_KEXEC_LOAD, unix.SYS_REBOOT, unix.SYS_ACCT, unix.SYS_SYSLOG, unix.SYS_VHANGUP,
	unix.SYS_SETTIMEOFDAY, unix.SYS_ADJTIMEX, unix.SYS_CLOCK_SETTIME, unix.SYS_CLOCK_ADJTIME,
	unix.SYS_SETHOSTNAME, unix.SYS_SETDOMAINNAME,
}

// commonRules hold in both tiers and on every architecture.
var commonRules = [...]rule{
	// Their flags lie in memory, where a filter cannot look. Callers fall back
	// to clone and openat when told that they do not exist.
	{nr: unix.SYS_CLONE3, errno: unix.ENOSYS},
	{nr: unix.SYS_OPENAT2, errno: unix.ENOSYS},
	{nr: unix.SYS_CLONE, errno: unix.EPERM, when: []match{anyBit(0, newNamespaces)}},
	{nr: unix.SYS_SOCKET, errno: unix.EPERM, when: []match{isNot(0, unix.AF_UNIX)}},
	{nr: unix.SYS_SOCKETPAIR, errno: unix.EPERM, when: []match{isNot(0, unix.AF_UNIX)}},
	// Keystrokes for whoever sits at the terminal.
	{nr: unix.SYS_IOCTL, errno: unix.EPERM, when: []match{is(1, unix.TIOCSTI)}},
	{nr: unix.SYS_IOCTL, errno: unix.EPERM, when: []match{is(1, unix.TIOCLINUX)}},
	// Another execution domain; 0 is the ordinary one, all ones only asks.
	{nr: unix.SYS_PERSONALITY, errno: unix.EPERM, when: []match{isNot(0, 0), isNot(0, 0xffffffff)}},
	// A set-user-id file in a writable bind is a door left open on the host.
	{nr: unix.SYS_FCHMOD, errno: unix.EPERM, when: []match{anyBit(1, setIDBits)}},
	{nr: unix.SYS_FCHMODAT, errno: unix.EPERM, when: []match{anyBit(2, setIDBits)}},
	{nr: unix.SYS_FCHMODAT2, errno: unix.EPERM, when: []match{anyBit(2, setIDBits)}},
	{nr: unix.SYS_OPENAT, errno: unix.EPERM, when: []match{anyBit(2, unix.O_CREAT), anyBit(3, setIDBits)}},
	{nr: unix.SYS_OPENAT, errno: unix.EPERM, when: []match{masked(2, unix.O_TMPFILE, unix.O_TMPFILE), anyBit(3, setIDBits)}},
	{nr: unix.SYS_MKNODAT, errno: unix.EPERM, when: []match{anyBit(2, setIDBits)}},
	{nr: unix.SYS_MKNODAT, errno: unix.EPERM, when: []match{masked(2, unix.S_IFMT, unix.S_IFCHR)}},
	{nr: unix.SYS_MKNODAT, errno: unix.EPERM, when: []match{masked(2, unix.S_IFMT, unix.S_IFBLK)}},
}

// sharedRules hold in addition where the command shares the host's mounts,
// processes and ipc objects, that is under Landlock: what Landlock itself does
// not govern.
var sharedRules = [...]rule{
	// A socket file of the host (a container engine's, a session bus) would be
	// within reach of connect and of sendmsg. Connected stream pairs are not.
	{nr: unix.SYS_SOCKET, errno: unix.EPERM},
	{nr: unix.SYS_CONNECT, errno: unix.EPERM},
	{nr: unix.SYS_BIND, errno: unix.EPERM},
	{nr: unix.SYS_LISTEN, errno: unix.EPERM},
	{nr: unix.SYS_SOCKETPAIR, errno: unix.EPERM, when: []match{
		{arg: 1, mask: 0xf, value: unix.SOCK_STREAM, not: true},
		{arg: 1, mask: 0xf, value: unix.SOCK_SEQPACKET, not: true},
	}},
	// Modes, owners, times and attributes of any file that the user owns.
	{nr: unix.SYS_FCHMOD, errno: unix.EPERM},
	{nr: unix.SYS_FCHMODAT, errno: unix.EPERM},
	{nr: unix.SYS_FCHMODAT2, errno: unix.EPERM},
	{nr: unix.SYS_FCHOWN, errno: unix.EPERM},
	{nr: unix.SYS_FCHOWNAT, errno: unix.EPERM},
	{nr: unix.SYS_UTIMENSAT, errno: unix.EPERM},
	{nr: unix.SYS_SETXATTR, errno: unix.EPERM},
	{nr: unix.SYS_LSETXATTR, errno: unix.EPERM},
	{nr: unix.SYS_FSETXATTR, errno: unix.EPERM},
	{nr: unix.SYS_SETXATTRAT, errno: unix.EPERM},
	{nr: unix.SYS_REMOVEXATTR, errno: unix.EPERM},
	{nr: unix.SYS_LREMOVEXATTR, errno: unix.EPERM},
	{nr: unix.SYS_FREMOVEXATTR, errno: unix.EPERM},
	{nr: unix.SYS_REMOVEXATTRAT, errno: unix.EPERM},
	{nr: unix.SYS_IOCTL, errno: unix.EPERM, when: []match{is(1, unix.FS_IOC_SETFLAGS)}},
	{nr: unix.SYS_IOCTL, errno: unix.EPERM, when: []match{is(1, setFileAttributes)}},
	// Objects of the machine's ipc namespace, and what happens to its files.
	{nr: unix.SYS_SHMGET, errno: unix.EPERM},
	{nr: unix.SYS_SHMAT, errno: unix.EPERM},
	{nr: unix.SYS_SHMCTL, errno: unix.EPERM},
	{nr: unix.SYS_SEMGET, errno: unix.EPERM},
	{nr: unix.SYS_SEMCTL, errno: unix.EPERM},
	{nr: unix.SYS_SEMOP, errno: unix.EPERM},
	{nr: unix.SYS_SEMTIMEDOP, errno: unix.EPERM},
	{nr: unix.SYS_MSGGET, errno: unix.EPERM},
	{nr: unix.SYS_MSGCTL, errno: unix.EPERM},
	{nr: unix.SYS_MSGSND, errno: unix.EPERM},
	{nr: unix.SYS_MSGRCV, errno: unix.EPERM},
	{nr: unix.SYS_MQ_OPEN, errno: unix.EPERM},
	{nr: unix.SYS_MQ_UNLINK, errno: unix.EPERM},
	{nr: unix.SYS_INOTIFY_ADD_WATCH, errno: unix.EPERM},
	// Limits and scheduling of other processes of the user.
	{nr: unix.SYS_PRLIMIT64, errno: unix.EPERM, when: []match{isNot(0, 0)}},
	{nr: unix.SYS_SCHED_SETAFFINITY, errno: unix.EPERM, when: []match{isNot(0, 0)}},
	{nr: unix.SYS_SCHED_SETSCHEDULER, errno: unix.EPERM, when: []match{isNot(0, 0)}},
	{nr: unix.SYS_SCHED_SETPARAM, errno: unix.EPERM, when: []match{isNot(0, 0)}},
	{nr: unix.SYS_SCHED_SETATTR, errno: unix.EPERM, when: []match{isNot(0, 0)}},
	{nr: unix.SYS_SETPRIORITY, errno: unix.EPERM, when: []match{isNot(0, unix.PRIO_PROCESS)}},
	{nr: unix.SYS_SETPRIORITY, errno: unix.EPERM, when: []match{isNot(1, 0)}},
	{nr: unix.SYS_IOPRIO_SET, errno: unix.EPERM},
}

// noTruncateRules stand in for Landlock's truncate right, which its ABI 1 and 2
// lack: only a file that is open for writing may be cut.
var noTruncateRules = [...]rule{
	{nr: unix.SYS_TRUNCATE, errno: unix.EPERM},
	{nr: unix.SYS_OPENAT, errno: unix.EPERM, when: truncates(2)},
}

// truncates matches open flags that cut a file without opening it for writing.
func truncates(arg uint32) []match {
	return []match{
		anyBit(arg, unix.O_TRUNC),
		{arg: arg, mask: unix.O_ACCMODE, value: unix.O_WRONLY, not: true},
		{arg: arg, mask: unix.O_ACCMODE, value: unix.O_RDWR, not: true},
	}
}

// keeperRules keep the process that watches over a command out of its reach
// where Landlock cannot scope signals (ABI below 6).
func keeperRules(keeper int) []rule {
	var rules []rule
	for _, pid := range []uint32{^uint32(0), uint32(keeper), uint32(-keeper)} {
		rules = append(rules, rule{nr: unix.SYS_KILL, errno: unix.EPERM, when: []match{is(0, pid)}})
	}
	for _, nr := range []uint32{unix.SYS_TKILL, unix.SYS_TGKILL, unix.SYS_RT_SIGQUEUEINFO, unix.SYS_RT_TGSIGQUEUEINFO, unix.SYS_PIDFD_OPEN} {
		rules = append(rules, rule{nr: nr, errno: unix.EPERM, when: []match{is(0, uint32(keeper))}})
	}
	return rules
}

// callRules collects the rules for a tier. abi is Landlock's version, keeper
// the pid of the watching process.
func callRules(t Tier, abi, keeper int) []rule {
	var rules []rule
	for _, nr := range append(refusedCalls[:], archRefused[:]...) {
		rules = append(rules, rule{nr: nr, errno: unix.EPERM})
	}
	rules = append(rules, commonRules[:]...)
	rules = append(rules, archRules[:]...)
	if t != Landlock {
		return rules
	}
	rules = append(rules, sharedRules[:]...)
	rules = append(rules, archSharedRules[:]...)
	if abi < 3 {
		rules = append(rules, noTruncateRules[:]...)
		rules = append(rules, archNoTruncateRules()...)
	}
	if abi < 6 {
		rules = append(rules, keeperRules(keeper)...)
	}
	return rules
}
