package sandbox

import (
	"context"
	"encoding/gob"
	"errors"
	"fmt"
	"io"
	"os"
	"runtime"
	"runtime/debug"
	"strings"
	"syscall"

	"golang.org/x/sys/unix"
)

// How a start of the program is told to be one inside a sandbox: the first
// argument is marker, a colon and the part; the keeper's also needs tokenVar.
const (
	marker   = "proffer-sandbox"
	tokenVar = "PROFFER_SANDBOX"

	partKeeper = "keeper" // builds the isolation, starts the command, reaps
	partWorker = "worker" // a worker role
	partTool   = "tool"   // a worker role that stands in for a command
	partHolder = "holder" // keeps a user namespace alive until stdin ends
)

// File descriptors that a keeper is started with; detached mounts follow.
const (
	fdControl = 3
	fdStatus  = 4
	fdMounts  = 5
)

// Exit codes of a start that went wrong before the part's own work.
const (
	exitMisused    = 2
	exitUnconfined = 125
)

// part is the marker argument for a part with a name.
func part(kind, name string) string { return marker + ":" + kind + ":" + name }

func child(workers map[string]Worker) (int, bool) {
	if len(os.Args) < 2 {
		return 0, false
	}
	word, ok := strings.CutPrefix(os.Args[1], marker+":")
	if !ok {
		return 0, false
	}
	kind, name, _ := strings.Cut(word, ":")
	switch kind {
	case partKeeper:
		return keep(), true
	case partWorker:
		return work(workers, name, os.Args[2:]), true
	case partTool:
		return work(workers, name, os.Args[min(3, len(os.Args)):]), true
	case partHolder:
		if _, err := io.Copy(io.Discard, os.Stdin); err != nil {
			return exitMisused, true
		}
		return 0, true
	}
	fmt.Fprintf(os.Stderr, "sandbox: no part %q\n", kind)
	return exitMisused, true
}

// work runs a worker role, but only behind a system call filter and without
// the power to gain privileges: a role is written for the inside.
func work(workers map[string]Worker, name string, args []string) int {
	if err := confined(); err != nil {
		fmt.Fprintf(os.Stderr, "sandbox: the worker %q refuses to run: %v\n", name, err)
		return exitUnconfined
	}
	w := workers[name]
	if name == probeRole {
		w = probeWorker
	}
	if w == nil {
		fmt.Fprintf(os.Stderr, "sandbox: this program has no worker %q\n", name)
		return exitMisused
	}
	return w(context.Background(), args, os.Stdin, os.Stdout, os.Stderr)
}

// confined says why this process is not inside a sandbox, or nil.
func confined() error {
	nnp, err := unix.PrctlRetInt(unix.PR_GET_NO_NEW_PRIVS, 0, 0, 0, 0)
	if err != nil || nnp != 1 {
		return errors.New("it may gain privileges, so it is not inside a sandbox")
	}
	mode, err := unix.PrctlRetInt(unix.PR_GET_SECCOMP, 0, 0, 0, 0)
	if err != nil || mode != unix.SECCOMP_MODE_FILTER {
		return errors.New("it is behind no system call filter, so it is not inside a sandbox")
	}
	return nil
}

// keep is the keeper's whole life.
func keep() int {
	if err := unix.CloseRange(fdControl, ^uint(0), unix.CLOSE_RANGE_CLOEXEC); err != nil {
		fmt.Fprintln(os.Stderr, "sandbox: keeper: mark inherited files:", err)
		return exitMisused
	}
	debug.SetGCPercent(-1) // a collector would want threads when the limit on them is reached
	control, status := os.NewFile(fdControl, "control"), os.NewFile(fdStatus, "status")
	var s setup
	if err := gob.NewDecoder(control).Decode(&s); err != nil || s.Token == "" || s.Token != os.Getenv(tokenVar) {
		fmt.Fprintln(os.Stderr, "sandbox: this part of the program is started by the program itself")
		return exitMisused
	}
	k := &keeper{setup: s, control: control}
	out := k.run()
	if err := gob.NewEncoder(status).Encode(out); err != nil {
		fmt.Fprintln(os.Stderr, "sandbox: keeper: report:", err)
		return exitMisused
	}
	return 0
}

// A keeper is the process that stands between proffer and a command: pid 1 of
// the pid namespace, or under Landlock the reaper of all its descendants.
type keeper struct {
	setup
	control *os.File
	notes   []string
}

func (k *keeper) run() outcome {
	if err := k.isolate(); err != nil {
		return failed(err)
	}
	unix.Umask(k.Umask) // what the isolation itself made has its modes already
	warmUp()
	type start struct {
		pid int
		err error
	}
	started := make(chan start)
	go func() {
		// This thread gives everything up and is the parent of the command;
		// it lives as long as the keeper does. Threads that the runtime makes
		// meanwhile do not descend from a locked one.
		runtime.LockOSThread()
		pid, err := k.launch()
		started <- start{pid, err}
		select {}
	}()
	st := <-started
	if st.err != nil {
		return failed(st.err)
	}
	go k.watch()
	out := k.reap(st.pid)
	out.Notes = k.notes
	return out
}

// failed puts an error into an outcome.
func failed(err error) outcome {
	out := outcome{Stage: "keeper", Error: err.Error()}
	var se *SetupError
	if errors.As(err, &se) {
		out.Stage, out.Error = se.Stage, se.Err.Error()
	}
	var no syscall.Errno
	if errors.As(err, &no) {
		out.Errno = int(no)
	}
	return out
}

// at names the stage that an error belongs to.
func at(stage string, err error) error {
	if err == nil {
		return nil
	}
	return &SetupError{Stage: stage, Err: err}
}

// isolate does what concerns the whole process.
func (k *keeper) isolate() error {
	// Its memory is nobody's business, whatever the ids say.
	if err := unix.Prctl(unix.PR_SET_DUMPABLE, 0, 0, 0, 0); err != nil {
		return at("keeper", fmt.Errorf("hide its memory: %w", err))
	}
	if k.Tier == Landlock {
		if err := unix.Prctl(unix.PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0); err != nil {
			return at("keeper", fmt.Errorf("become the reaper: %w", err))
		}
		return nil
	}
	if err := unix.Prctl(unix.PR_SET_PDEATHSIG, uintptr(unix.SIGKILL), 0, 0, 0); err != nil {
		return at("keeper", fmt.Errorf("die with the parent: %w", err))
	}
	if err := k.verifyNamespaces(); err != nil {
		return at("namespaces", err)
	}
	if err := unix.Sethostname([]byte(k.Hostname)); err != nil {
		return at("hostname", err)
	}
	if err := k.buildRoot(); err != nil {
		return err
	}
	return at("network", verifyNoNetwork())
}

// namespaceNames are the namespaces that a sandbox has to itself.
var namespaceNames = [...]string{"user", "mnt", "pid", "net", "ipc", "uts", "cgroup"}

// namespaceIDs reads which namespaces this process is in.
func namespaceIDs() (map[string]uint64, error) {
	ids := make(map[string]uint64, len(namespaceNames))
	for _, name := range namespaceNames {
		var st unix.Stat_t
		if err := unix.Stat("/proc/self/ns/"+name, &st); err != nil {
			return nil, fmt.Errorf("which %s namespace this is: %w", name, err)
		}
		ids[name] = st.Ino
	}
	return ids, nil
}

// verifyNamespaces refuses to go on (to mount!) in a namespace of the parent's.
func (k *keeper) verifyNamespaces() error {
	own, err := namespaceIDs()
	if err != nil {
		return err
	}
	for _, name := range namespaceNames {
		outer, known := k.Outer[name]
		if !known || own[name] == outer {
			return fmt.Errorf("the %s namespace is the parent's", name)
		}
	}
	return nil
}

// verifyNoNetwork sees for itself that there is no way out, before the filter
// makes the question moot.
func verifyNoNetwork() error {
	fd, err := unix.Socket(unix.AF_INET, unix.SOCK_DGRAM|unix.SOCK_CLOEXEC, 0)
	if err != nil {
		return nil //nolint:nilerr // no sockets at all is what is wanted
	}
	defer unix.Close(fd)
	for _, addr := range [][4]byte{{127, 0, 0, 1}, {192, 0, 2, 1}} {
		if err := unix.Connect(fd, &unix.SockaddrInet4{Port: 9, Addr: addr}); err == nil {
			return fmt.Errorf("there is a route to %v", addr)
		}
	}
	return nil
}

// warmUp lets the runtime make the threads that the keeper will want, before
// the limit on them is in force and a command uses it up.
func warmUp() {
	const threads = 4
	gate, ready := make(chan struct{}), make(chan struct{})
	for range threads {
		go func() {
			runtime.LockOSThread()
			defer runtime.UnlockOSThread()
			ready <- struct{}{}
			<-gate
		}()
	}
	for range threads {
		<-ready
	}
	close(gate)
}
