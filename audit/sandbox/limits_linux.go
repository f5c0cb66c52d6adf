package sandbox

import (
	"bytes"
	"io"
	"os"
	"strconv"
	"syscall"

	"golang.org/x/sys/unix"
)

// A limitSign is what programs say when a limit stopped them. A command can
// print it without cause; it can only make itself incomplete by that.
type limitSign struct{ text, limit string }

var limitSigns = [...]limitSign{
	{"SIGXCPU", LimitCPU},
	{"CPU time limit exceeded", LimitCPU},
	{"cpu limit exceeded", LimitCPU},
	{"SIGXFSZ", LimitFileSize},
	{"ile size limit exceeded", LimitFileSize},
	{"ile too large", LimitFileSize},
	{"out of memory", LimitMemory},
	{"annot allocate memory", LimitMemory},
	// The Go runtime may also trip over memory that it did not get.
	{"goroutine 0 gp=", LimitMemory},
	{"o space left on device", LimitTmp},
	{"ailed to create new OS thread", LimitProcs},
	{"esource temporarily unavailable", LimitProcs},
}

// signTail is how much of the end of stderr is searched for signs.
const signTail = 64 << 10

// limitHit guesses which limit, if any, made a command fail.
func (j *job) limitHit(o outcome, res Result) string {
	switch {
	case j.group.outOfMemory():
		return LimitMemory
	case o.Exit == 0:
		return ""
	case o.Signal == int(unix.SIGXCPU):
		return LimitCPU
	case o.Signal == int(unix.SIGXFSZ):
		return LimitFileSize
	case res.UserCPU+res.SysCPU >= j.limits.CPU*8/10 && ( // the kernel counts in ticks
	o.Signal == int(unix.SIGKILL) || bytes.Contains(res.Stderr, []byte("killed"))):
		return LimitCPU
	}
	tail := res.Stderr[max(0, len(res.Stderr)-signTail):]
	for _, s := range limitSigns {
		if bytes.Contains(tail, []byte(s.text)) {
			return s.limit
		}
	}
	return ""
}

// newReader is stdin for a command; nothing at all is the null device.
func newReader(data []byte) io.Reader {
	if len(data) == 0 {
		return nil
	}
	return bytes.NewReader(data)
}

// tasksOf counts the threads of all processes of a user, as the kernel does for
// its limit on them.
func tasksOf(uid int) int {
	entries, err := os.ReadDir("/proc")
	if err != nil {
		return 0
	}
	n := 0
	for _, e := range entries {
		if _, err := strconv.Atoi(e.Name()); err != nil {
			continue
		}
		info, err := e.Info()
		if err != nil {
			continue // gone meanwhile
		}
		if st, ok := info.Sys().(*syscall.Stat_t); !ok || int(st.Uid) != uid {
			continue
		}
		tasks, err := os.ReadDir("/proc/" + e.Name() + "/task")
		if err == nil {
			n += len(tasks)
		}
	}
	return n
}
