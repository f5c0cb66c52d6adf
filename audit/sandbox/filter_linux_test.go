//go:build amd64 || arm64

package sandbox

import (
	"encoding/binary"
	"testing"

	"golang.org/x/sys/unix"
)

// evaluate runs a filter as the kernel would, and fails on a program that the
// kernel would not take.
func evaluate(t *testing.T, prog []unix.SockFilter, arch, nr uint32, args ...uint64) uint32 {
	t.Helper()
	var data [64]byte
	binary.LittleEndian.PutUint32(data[offNumber:], nr)
	binary.LittleEndian.PutUint32(data[offArch:], arch)
	for i, a := range args {
		binary.LittleEndian.PutUint64(data[offArgs+8*i:], a)
	}
	var acc uint32
	for pc := 0; pc < len(prog); pc++ {
		in := prog[pc]
		taken := false
		switch in.Code {
		case unix.BPF_LD | unix.BPF_W | unix.BPF_ABS:
			acc = binary.LittleEndian.Uint32(data[in.K:])
			continue
		case unix.BPF_ALU | unix.BPF_AND | unix.BPF_K:
			acc &= in.K
			continue
		case unix.BPF_RET | unix.BPF_K:
			return in.K
		case unix.BPF_JMP | unix.BPF_JEQ | unix.BPF_K:
			taken = acc == in.K
		case unix.BPF_JMP | unix.BPF_JGT | unix.BPF_K:
			taken = acc > in.K
		case unix.BPF_JMP | unix.BPF_JGE | unix.BPF_K:
			taken = acc >= in.K
		default:
			t.Fatalf("instruction %d: code %#x", pc, in.Code)
		}
		if taken {
			pc += int(in.Jt)
		} else {
			pc += int(in.Jf)
		}
	}
	t.Fatal("the program ran off its end")
	return 0
}

func refusal(e unix.Errno) uint32 { return unix.SECCOMP_RET_ERRNO | uint32(e) }

func TestFilter(t *testing.T) {
	const (
		allow = unix.SECCOMP_RET_ALLOW
		high  = 1 << 32 // a bit that the kernel does not look at
	)
	eperm, enosys := refusal(unix.EPERM), refusal(unix.ENOSYS)
	ns, ll := callRules(Namespaces, newestABI, 4711), callRules(Landlock, newestABI, 4711)
	ll1 := callRules(Landlock, 1, 4711)
	for _, c := range []struct {
		name  string
		rules []rule
		nr    uint32
		args  []uint64
		want  uint32
	}{
		{"read", ns, unix.SYS_READ, nil, allow},
		{"mount", ns, unix.SYS_MOUNT, nil, eperm},
		{"clone3", ns, unix.SYS_CLONE3, nil, enosys},
		{"a call of tomorrow", ns, newestCall + 1, nil, enosys},
		{"x32", ns, x32Bit | unix.SYS_READ, nil, eperm},
		{"x32 mount", ns, x32Bit | unix.SYS_MOUNT, nil, eperm},
		{"a thread", ns, unix.SYS_CLONE, []uint64{unix.CLONE_VM | unix.CLONE_THREAD | unix.CLONE_FILES}, allow},
		{"a namespace", ns, unix.SYS_CLONE, []uint64{uint64(unix.CLONE_NEWUSER) | uint64(unix.SIGCHLD)}, eperm},
		{"a namespace among others", ns, unix.SYS_CLONE, []uint64{unix.CLONE_VM | unix.CLONE_NEWCGROUP}, eperm},
		{"unix socket", ns, unix.SYS_SOCKET, []uint64{unix.AF_UNIX, unix.SOCK_STREAM}, allow},
		{"unix socket, high bits", ns, unix.SYS_SOCKET, []uint64{high | unix.AF_INET}, eperm},
		{"inet socket", ns, unix.SYS_SOCKET, []uint64{unix.AF_INET, unix.SOCK_STREAM}, eperm},
		{"vsock socket", ns, unix.SYS_SOCKET, []uint64{unix.AF_VSOCK}, eperm},
		{"inet pair", ns, unix.SYS_SOCKETPAIR, []uint64{unix.AF_INET, unix.SOCK_STREAM}, eperm},
		{"ioctl", ns, unix.SYS_IOCTL, []uint64{0, unix.TCGETS}, allow},
		{"TIOCSTI", ns, unix.SYS_IOCTL, []uint64{0, unix.TIOCSTI}, eperm},
		{"TIOCSTI, high bits", ns, unix.SYS_IOCTL, []uint64{0, high | unix.TIOCSTI}, eperm},
		{"personality asked", ns, unix.SYS_PERSONALITY, []uint64{0xffffffff}, allow},
		{"personality ordinary", ns, unix.SYS_PERSONALITY, []uint64{0}, allow},
		{"personality changed", ns, unix.SYS_PERSONALITY, []uint64{0x0400000}, eperm},
		{"chmod", ns, unix.SYS_FCHMODAT, []uint64{0, 0, 0o755}, allow},
		{"chmod set-user-id", ns, unix.SYS_FCHMODAT, []uint64{0, 0, 0o4755}, eperm},
		{"chmod set-group-id", ns, unix.SYS_FCHMOD, []uint64{0, 0o2755}, eperm},
		{"open", ns, unix.SYS_OPENAT, []uint64{0, 0, unix.O_CREAT | unix.O_WRONLY, 0o644}, allow},
		{"open, old mode bits", ns, unix.SYS_OPENAT, []uint64{0, 0, unix.O_RDONLY, 0o4755}, allow},
		{"create set-user-id", ns, unix.SYS_OPENAT, []uint64{0, 0, unix.O_CREAT | unix.O_WRONLY, 0o4755}, eperm},
		{"nameless set-user-id", ns, unix.SYS_OPENAT, []uint64{0, 0, unix.O_TMPFILE | unix.O_WRONLY, 0o4755}, eperm},
		{"fifo", ns, unix.SYS_MKNODAT, []uint64{0, 0, unix.S_IFIFO | 0o644}, allow},
		{"device", ns, unix.SYS_MKNODAT, []uint64{0, 0, unix.S_IFCHR | 0o644}, eperm},
		{"block device", ns, unix.SYS_MKNODAT, []uint64{0, 0, unix.S_IFBLK | 0o644}, eperm},
		{"own limit", ns, unix.SYS_PRLIMIT64, []uint64{0, unix.RLIMIT_NOFILE}, allow},

		{"stream pair", ll, unix.SYS_SOCKETPAIR, []uint64{unix.AF_UNIX, unix.SOCK_STREAM | unix.SOCK_CLOEXEC}, allow},
		{"packet pair", ll, unix.SYS_SOCKETPAIR, []uint64{unix.AF_UNIX, unix.SOCK_SEQPACKET}, allow},
		{"datagram pair", ll, unix.SYS_SOCKETPAIR, []uint64{unix.AF_UNIX, unix.SOCK_DGRAM}, eperm},
		{"raw pair", ll, unix.SYS_SOCKETPAIR, []uint64{unix.AF_UNIX, unix.SOCK_RAW}, eperm},
		{"unix socket shared", ll, unix.SYS_SOCKET, []uint64{unix.AF_UNIX, unix.SOCK_STREAM}, eperm},
		{"connect shared", ll, unix.SYS_CONNECT, nil, eperm},
		{"chmod shared", ll, unix.SYS_FCHMODAT, []uint64{0, 0, 0o755}, eperm},
		{"times shared", ll, unix.SYS_UTIMENSAT, nil, eperm},
		{"own limit shared", ll, unix.SYS_PRLIMIT64, []uint64{0, unix.RLIMIT_NOFILE}, allow},
		{"another's limit", ll, unix.SYS_PRLIMIT64, []uint64{4711, unix.RLIMIT_NOFILE}, eperm},
		{"own priority", ll, unix.SYS_SETPRIORITY, []uint64{unix.PRIO_PROCESS, 0, 5}, allow},
		{"the user's priority", ll, unix.SYS_SETPRIORITY, []uint64{unix.PRIO_USER, 0, 5}, eperm},
		{"signal under a scope", ll, unix.SYS_KILL, []uint64{4711, 9}, allow},
		{"cut under a right", ll, unix.SYS_OPENAT, []uint64{0, 0, unix.O_TRUNC, 0}, allow},

		{"cut for writing", ll1, unix.SYS_OPENAT, []uint64{0, 0, unix.O_TRUNC | unix.O_WRONLY, 0}, allow},
		{"cut for both", ll1, unix.SYS_OPENAT, []uint64{0, 0, unix.O_TRUNC | unix.O_RDWR, 0}, allow},
		{"cut for reading", ll1, unix.SYS_OPENAT, []uint64{0, 0, unix.O_TRUNC | unix.O_RDONLY, 0}, eperm},
		{"cut for neither", ll1, unix.SYS_OPENAT, []uint64{0, 0, unix.O_TRUNC | unix.O_ACCMODE, 0}, eperm},
		{"truncate", ll1, unix.SYS_TRUNCATE, nil, eperm},
		{"signal the keeper", ll1, unix.SYS_KILL, []uint64{4711, 9}, eperm},
		{"signal the keeper's group", ll1, unix.SYS_KILL, []uint64{uint64(1<<64 - 4711), 9}, eperm},
		{"signal all", ll1, unix.SYS_KILL, []uint64{1<<64 - 1, 9}, eperm},
		{"signal a child", ll1, unix.SYS_KILL, []uint64{4712, 9}, allow},
		{"signal a thread of the keeper's", ll1, unix.SYS_TGKILL, []uint64{4711, 4711, 9}, eperm},
	} {
		if got := evaluate(t, buildFilter(auditArch, c.rules), auditArch, c.nr, c.args...); got != c.want {
			t.Errorf("%s: %#x, want %#x", c.name, got, c.want)
		}
	}
	const i386 = 0x40000003
	if got := evaluate(t, buildFilter(auditArch, ns), i386, unix.SYS_READ); got != unix.SECCOMP_RET_KILL_PROCESS {
		t.Errorf("another architecture: %#x", got)
	}
}

// TestEveryRuleIsReached asks the filter for each call that the tables name.
func TestEveryRuleIsReached(t *testing.T) {
	for _, tier := range bothTiers {
		rules := callRules(tier, 1, 4711)
		prog := buildFilter(auditArch, rules)
		if len(prog) > 4096 {
			t.Fatalf("%d instructions are more than the kernel takes", len(prog))
		}
		for _, r := range rules {
			if len(r.when) != 0 {
				continue
			}
			got := evaluate(t, prog, auditArch, r.nr)
			if r.nr > newestCall || got&unix.SECCOMP_RET_ACTION_FULL != unix.SECCOMP_RET_ERRNO {
				t.Errorf("%s: call %d is answered %#x", tier, r.nr, got)
			}
		}
	}
}
