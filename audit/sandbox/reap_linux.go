package sandbox

import (
	"bytes"
	"io"
	"os"
	"strconv"
	"time"

	"golang.org/x/sys/unix"
)

// watch ends everything inside when the parent closes the control pipe or dies.
// It leaves the reaping to reap, which is waiting for the command.
func (k *keeper) watch() {
	// Whatever ends the copy: nobody is there any more.
	_, _ = io.Copy(io.Discard, k.control)
	k.killAll(func() {})
}

// reap waits for the command, ends what it left behind and tells how it went.
func (k *keeper) reap(command int) outcome {
	var out outcome
	for {
		var ws unix.WaitStatus
		pid, err := unix.Wait4(-1, &ws, 0, nil)
		if err == unix.EINTR {
			continue
		}
		if err != nil {
			return failed(at("wait", err))
		}
		if pid != command {
			continue // an orphan
		}
		if ws.Signaled() {
			out.Signal, out.Exit = int(ws.Signal()), 128+int(ws.Signal())
		} else {
			out.Exit = ws.ExitStatus()
		}
		break
	}
	k.killAll(reapEnded)
	var ru unix.Rusage
	if err := unix.Getrusage(unix.RUSAGE_CHILDREN, &ru); err != nil {
		return failed(at("wait", err))
	}
	out.User, out.Sys = time.Duration(ru.Utime.Nano()), time.Duration(ru.Stime.Nano())
	out.MaxRSS = int64(ru.Maxrss) << 10
	return out
}

// killAll ends every process inside but the keeper.
func (k *keeper) killAll(reap func()) {
	if k.Tier == Namespaces {
		// From pid 1 this means everyone in the pid namespace; that there is
		// nobody is an answer too. Who is killed cannot fork any more.
		_ = unix.Kill(-1, unix.SIGKILL)
		reap()
		return
	}
	late := time.After(sweepTime)
	for sweep(os.Getpid()) {
		reap()
		select {
		case <-late:
			return
		case <-time.After(time.Millisecond):
		}
	}
	reap()
}

// sweepTime is how long the keeper tries to end what multiplies.
const sweepTime = 10 * time.Second

// reapEnded waits for all children to end, who were all killed before.
func reapEnded() {
	for {
		if _, err := unix.Wait4(-1, nil, 0, nil); err != nil && err != unix.EINTR {
			return // there are none left
		}
	}
}

// sweep stops and then kills all descendants of a process: a stopped one cannot
// fork while the others are still being looked for. It tells whether there were
// any.
func sweep(root int) bool {
	stopped := map[int]bool{}
	for {
		fresh := false
		for _, pid := range descendants(root) {
			if !stopped[pid] {
				stopped[pid], fresh = true, true
				_ = unix.Kill(pid, unix.SIGSTOP) // gone is fine
			}
		}
		if !fresh {
			break
		}
	}
	for pid := range stopped {
		_ = unix.Kill(pid, unix.SIGKILL) // gone is fine
	}
	return len(stopped) > 0
}

// descendants lists the living processes that descend from a process.
func descendants(root int) []int {
	children := map[int][]int{}
	entries, err := os.ReadDir("/proc")
	if err != nil {
		return nil
	}
	for _, e := range entries {
		pid, err := strconv.Atoi(e.Name())
		if err != nil {
			continue
		}
		stat, err := os.ReadFile("/proc/" + e.Name() + "/stat")
		if err != nil {
			continue // gone meanwhile
		}
		// The name in parentheses may hold anything, so look from its end.
		fields := bytes.Fields(stat[bytes.LastIndexByte(stat, ')')+1:])
		if len(fields) < 2 || fields[0][0] == 'Z' {
			continue
		}
		if ppid, err := strconv.Atoi(string(fields[1])); err == nil {
			children[ppid] = append(children[ppid], pid)
		}
	}
	var found []int
	for next := []int{root}; len(next) > 0; {
		pid := next[0]
		next = append(next[1:], children[pid]...)
		found = append(found, children[pid]...)
	}
	return found
}
