package sandboxtest

import (
	"errors"
	"fmt"
	"os"
	"runtime"
	"slices"
	"strings"
	"unsafe"

	"golang.org/x/sys/unix"
)

// Elsewhere makes the refusals that Variable names and starts the program again
// behind them, without the variable. ok is false when there are none to make.
func Elsewhere() (code int, ok bool) {
	list := os.Getenv(Variable)
	if list == "" {
		return 0, false
	}
	// What is refused is refused to this thread, which becomes the program.
	runtime.LockOSThread()
	for _, name := range strings.Split(list, ",") {
		if err := refuse(name); err != nil {
			fmt.Fprintf(os.Stderr, "sandboxtest: %s: %v\n", name, err)
			return 1, true
		}
	}
	env := slices.DeleteFunc(os.Environ(), func(e string) bool { return strings.HasPrefix(e, Variable+"=") })
	err := unix.Exec("/proc/self/exe", os.Args, env)
	fmt.Fprintln(os.Stderr, "sandboxtest: start again:", err)
	return 1, true
}

func refuse(name string) error {
	switch name {
	case Clone:
		return filter(unix.SYS_CLONE, unix.CLONE_NEWUSER, unix.EPERM)
	case Mount:
		return filter(unix.SYS_MOUNT, 0, unix.EPERM)
	case Landlock:
		return filter(unix.SYS_LANDLOCK_CREATE_RULESET, 0, unix.ENOSYS)
	case SysAdmin:
		return unix.Prctl(unix.PR_CAPBSET_DROP, unix.CAP_SYS_ADMIN, 0, 0, 0)
	case Limit:
		return os.WriteFile("/proc/sys/user/max_user_namespaces", []byte("0"), 0)
	case Proc:
		if err := unix.Mount("", "/", "", unix.MS_REC|unix.MS_PRIVATE, ""); err != nil {
			return err
		}
		return unix.Mount("cover", "/proc/irq", "tmpfs", unix.MS_RDONLY, "size=4k")
	}
	return errors.New("no such refusal")
}

// filter answers one system call with an error; bits, unless 0, must be among
// those of its first argument.
func filter(nr uint32, bits uint32, errno unix.Errno) error {
	if err := unix.Prctl(unix.PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0); err != nil {
		return err
	}
	const number, firstArg = 0, 16 // offsets in the kernel's seccomp_data
	answer := unix.SECCOMP_RET_ERRNO | uint32(errno)
	prog := []unix.SockFilter{
		{Code: unix.BPF_LD | unix.BPF_W | unix.BPF_ABS, K: number},
		{Code: unix.BPF_JMP | unix.BPF_JEQ | unix.BPF_K, K: nr, Jf: 4},
		{Code: unix.BPF_LD | unix.BPF_W | unix.BPF_ABS, K: firstArg},
		{Code: unix.BPF_ALU | unix.BPF_AND | unix.BPF_K, K: bits},
		{Code: unix.BPF_JMP | unix.BPF_JEQ | unix.BPF_K, K: 0, Jt: 1},
		{Code: unix.BPF_RET | unix.BPF_K, K: answer},
		{Code: unix.BPF_RET | unix.BPF_K, K: unix.SECCOMP_RET_ALLOW},
	}
	if bits == 0 { // then nothing of the argument matters
		prog[4].Jt = 0
	}
	fprog := unix.SockFprog{Len: uint16(len(prog)), Filter: &prog[0]}
	err := unix.Prctl(unix.PR_SET_SECCOMP, unix.SECCOMP_MODE_FILTER, uintptr(unsafe.Pointer(&fprog)), 0, 0)
	runtime.KeepAlive(prog)
	return err
}
