package sandbox

import (
	"golang.org/x/sys/unix"
)

// forkIdle makes a process that does nothing but wait to be killed, without a
// start of a program. The child may not touch the Go runtime, hence no stack
// growth and only raw calls, as in package syscall's own fork.
//
//go:nosplit
//go:norace
func forkIdle(flags uintptr) (int, unix.Errno) {
	pid, _, errno := unix.RawSyscall6(unix.SYS_CLONE, flags|uintptr(unix.SIGCHLD), 0, 0, 0, 0, 0)
	if errno != 0 || pid != 0 {
		return int(pid), errno
	}
	for {
		// Wait for nothing, for ever.
		unix.RawSyscall6(unix.SYS_PPOLL, 0, 0, 0, 0, 0, 0)
	}
}

// cloneNamespace asks clone for a user namespace, by the call itself.
func cloneNamespace(*bait) error {
	pid, errno := forkIdle(unix.CLONE_NEWUSER)
	if errno != 0 {
		return errno
	}
	endIdle(pid)
	return nil
}

// manyProcesses makes more of them than may exist.
func manyProcesses(b *bait) error {
	var pids []int
	defer func() {
		for _, pid := range pids {
			endIdle(pid)
		}
	}()
	for range b.Tasks + 1 {
		pid, errno := forkIdle(0)
		if errno != 0 {
			return errno
		}
		pids = append(pids, pid)
	}
	return nil
}

// endIdle ends a process of forkIdle's. It is a child of this one, so its
// number is not somebody else's.
func endIdle(pid int) {
	_ = unix.Kill(pid, unix.SIGKILL) // cannot fail on a child of one's own
	_, _ = unix.Wait4(pid, nil, 0, nil)
}
