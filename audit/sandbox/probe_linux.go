package sandbox

import (
	"bytes"
	"context"
	"crypto/rand"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strings"
	"time"

	"golang.org/x/sys/unix"

	"github.com/proffer-audit/proffer/reports"
	"github.com/proffer-audit/proffer/reports/safetext"
)

// probeRole is the worker that attacks the sandbox from the inside.
const probeRole = "sandbox-probe"

// A bait is what the probe is told to go for: things of the host that really
// exist and would answer.
type bait struct {
	Tier      Tier
	Outer     map[string]uint64 // the host's namespaces
	Secret    string            // what the canary files hold
	Canary    string            // a file outside of all binds
	Home      string            // another, in the home folder; "" where there is none
	ReadOnly  string            // a folder that is bound, with a file "file"
	Writable  string
	Temp      string
	TCPPort   int // a listener on loopback
	UDPPort   int
	Abstract  string // name of a listening abstract socket
	Socket    string // path of a listening socket
	Parent    int    // pid of proffer itself
	ParentAge string // when that process started, to know it by
	Tasks     int    // more than may exist inside
	FileSize  int64
	TmpSize   int64
	Memory    int64
}

// An attempt is the answer of the probe to one vector.
type attempt struct {
	Vector  string
	Blocked bool
	Detail  string
}

// probeWorker tries every vector. It refuses to when it is not confined: work
// has seen the filter, here the rest is checked before anything is touched.
func probeWorker(_ context.Context, _ []string, stdin io.Reader, stdout, stderr io.Writer) int {
	var b bait
	if err := json.NewDecoder(stdin).Decode(&b); err != nil {
		fmt.Fprintln(stderr, "sandbox: probe: read what to try:", err)
		return exitMisused
	}
	if err := b.guard(); err != nil {
		fmt.Fprintln(stderr, "sandbox: the probe refuses to run:", err)
		return exitUnconfined
	}
	attempts := make([]attempt, 0, len(vectors))
	for _, v := range vectors {
		a := attempt{Vector: v.name}
		if err := v.try(&b); err != nil {
			a.Blocked, a.Detail = true, brief(err)
		}
		attempts = append(attempts, a)
	}
	if err := json.NewEncoder(stdout).Encode(attempts); err != nil {
		fmt.Fprintln(stderr, "sandbox: probe:", err)
		return exitMisused
	}
	return 0
}

// brief is an error without what belongs to this machine: the kernel's word
// where there is one, for the message around it may name paths.
func brief(err error) string {
	var errno unix.Errno
	if errors.As(err, &errno) {
		return errno.Error()
	}
	return err.Error()
}

// guard says why the probe must not run here.
func (b *bait) guard() error {
	if _, err := os.ReadFile(b.Canary); err == nil {
		return errors.New("a file outside of the binds can be read")
	}
	if b.Tier != Namespaces {
		return nil
	}
	own, err := namespaceIDs()
	if err != nil {
		// There may be no /proc. Then the pid namespace shows by its keeper.
		if os.Getppid() != 1 {
			return err
		}
		return nil
	}
	for name, outer := range b.Outer {
		if own[name] == outer {
			return fmt.Errorf("the %s namespace is the host's", name)
		}
	}
	return nil
}

// probeLimits are small, so that reaching them is quick.
func probeLimits() Limits {
	return Limits{
		CPU: 10 * time.Second, Wall: 20 * time.Second, Memory: 256 << 20,
		FileSize: 1 << 20, Tmp: 2 << 20, Output: 1 << 20, Procs: 32,
	}
}

// prove runs the probe and fills the record. The error says which escape was
// not stopped.
func (l *launcher) prove(ctx context.Context, rec *reports.SandboxRecord) error {
	t, err := layBait(l)
	if err != nil {
		return at("probe", err)
	}
	defer t.remove()
	stdin, err := json.Marshal(t.bait)
	if err != nil {
		return at("probe", err)
	}
	res, notes, err := l.runNoting(ctx, Command{
		Worker: probeRole, Env: []string{}, Stdin: stdin, Limits: probeLimits(),
		Binds: []Bind{{Host: t.readOnly, Inside: t.ReadOnly}, {Host: t.writable, Inside: t.Writable, Writable: true}},
	})
	if err != nil {
		return err
	}
	var attempts []attempt
	if res.Exit != 0 || res.LimitHit != "" {
		return at("probe", fmt.Errorf("it ended with exit code %d, limit %q: %s", res.Exit, res.LimitHit, bytes.TrimSpace(res.Stderr)))
	}
	if err := json.Unmarshal(res.Stdout, &attempts); err != nil {
		return at("probe", fmt.Errorf("read its answer: %w", err))
	}
	if err := t.untouched(); err != nil {
		return at("probe", err)
	}
	for i := range attempts {
		if err := t.missing[attempts[i].Vector]; err != nil {
			attempts[i].Detail += " (the host has none to reach: " + brief(err) + ")"
		}
	}
	return at("probe", l.judge(attempts, notes, rec))
}

// judge writes the record and refuses a tier that let through more than it
// says it does.
func (l *launcher) judge(attempts []attempt, notes []string, rec *reports.SandboxRecord) error {
	conceded := l.conceded()
	tried := map[string]bool{}
	var open []string
	for _, a := range attempts {
		tried[a.Vector] = true
		rec.Probe = append(rec.Probe, reports.ProbeResult{Vector: a.Vector, Blocked: a.Blocked, Detail: safetext.Of(a.Detail)})
		if !a.Blocked && !conceded[a.Vector] {
			open = append(open, a.Vector)
		}
	}
	for _, v := range vectors {
		if !tried[v.name] {
			open = append(open, v.name+" (not tried)")
		}
	}
	rec.Tier = string(l.tier)
	rec.Layers = l.layers()
	rec.Lacks = l.lacks(notes)
	if len(open) > 0 {
		return fmt.Errorf("not stopped inside: %s", strings.Join(open, ", "))
	}
	return nil
}

// A trap is the bait as it lies on the host.
type trap struct {
	bait
	dir      string // the folder of the canary, holding nothing else
	readOnly string // on the host, as writable
	writable string
	fds      []int
	missing  map[string]error // vectors whose bait could not be laid
}

// layBait puts real files and real listeners in place.
func layBait(l *launcher) (*trap, error) {
	t := &trap{bait: bait{Tier: l.tier, Outer: l.outer, Secret: rand.Text(), Parent: os.Getpid()}}
	lim := probeLimits()
	t.FileSize, t.TmpSize, t.Memory, t.Tasks = lim.FileSize, lim.Tmp, lim.Memory, 4*(lim.Procs+keeperTasks)
	t.Temp = l.temp()
	t.dir = filepath.Join(l.scratch, "bait")
	t.Canary, t.Socket = filepath.Join(t.dir, "canary"), filepath.Join(l.scratch, "socket")
	t.readOnly, t.writable = filepath.Join(l.scratch, "read"), filepath.Join(l.scratch, "write")
	for _, dir := range []string{t.dir, t.readOnly, t.writable} {
		if err := os.Mkdir(dir, 0o755); err != nil {
			return nil, fmt.Errorf("lay bait: %w", err)
		}
	}
	for _, file := range []string{t.Canary, filepath.Join(t.readOnly, "file")} {
		if err := os.WriteFile(file, []byte(t.Secret), 0o644); err != nil { //nolint:gosec // to be read, were it not for the sandbox
			return nil, fmt.Errorf("lay bait: %w", err)
		}
	}
	t.ReadOnly, t.Writable = t.readOnly, t.writable
	if l.tier == Namespaces {
		t.ReadOnly, t.Writable = l.place("read"), l.place("write")
	}
	t.layHome()
	age, err := startTime(t.Parent)
	if err != nil {
		return nil, fmt.Errorf("lay bait: %w", err)
	}
	t.ParentAge = age
	t.listen()
	return t, nil
}

// layHome puts a canary into the home folder. Who has none, or may not write
// there, has the folder itself for a bait.
func (t *trap) layHome() {
	home, err := os.UserHomeDir()
	if err != nil {
		return
	}
	f, err := os.CreateTemp(home, ".proffer-probe-")
	if err != nil {
		t.Home = home
		return
	}
	t.Home = f.Name()
	_, werr := f.WriteString(t.Secret)
	if err := errors.Join(werr, f.Close()); err != nil {
		_ = os.Remove(t.Home) // it is worthless
		t.Home = home
	}
}

// listen opens sockets that would answer if they could be reached. The calls
// are the kernel's own: nothing here may become a way to dial out. A host
// without a network has no such bait, which the record then says.
func (t *trap) listen() {
	loopback := [4]byte{127, 0, 0, 1}
	t.Abstract = "@proffer-" + t.Secret
	t.missing = map[string]error{}
	lay := func(vector string, domain, kind int, addr unix.Sockaddr) int {
		fd, port, err := listenOn(domain, kind, addr)
		if err != nil {
			t.missing[vector] = err
			return 9 // where nobody listens
		}
		t.fds = append(t.fds, fd)
		return port
	}
	t.TCPPort = lay("tcp-connect", unix.AF_INET, unix.SOCK_STREAM, &unix.SockaddrInet4{Addr: loopback})
	t.UDPPort = lay("udp-send", unix.AF_INET, unix.SOCK_DGRAM, &unix.SockaddrInet4{Addr: loopback})
	lay("abstract-socket", unix.AF_UNIX, unix.SOCK_STREAM, &unix.SockaddrUnix{Name: t.Abstract})
	dir, err := os.Open(filepath.Dir(t.Socket))
	if err != nil {
		t.missing["socket-file"] = err
		return
	}
	defer dir.Close()
	// The name of a socket is short; the folder's may be long.
	short := fmt.Sprintf("/proc/self/fd/%d/%s", dir.Fd(), filepath.Base(t.Socket))
	lay("socket-file", unix.AF_UNIX, unix.SOCK_STREAM, &unix.SockaddrUnix{Name: short})
}

// listenOn opens one socket and tells its port, if it has any.
func listenOn(domain, kind int, addr unix.Sockaddr) (fd, port int, err error) {
	fd, err = unix.Socket(domain, kind|unix.SOCK_CLOEXEC|unix.SOCK_NONBLOCK, 0)
	if err != nil {
		return 0, 0, err
	}
	err = unix.Bind(fd, addr)
	if err == nil && kind == unix.SOCK_STREAM {
		err = unix.Listen(fd, 4)
	}
	if err != nil {
		return 0, 0, errors.Join(err, unix.Close(fd))
	}
	own, err := unix.Getsockname(fd)
	if in, ok := own.(*unix.SockaddrInet4); ok {
		port = in.Port
	}
	return fd, port, err
}

// untouched looks at the bait from outside: what the probe says of itself is
// not the only witness.
func (t *trap) untouched() error {
	for _, file := range []string{t.Canary, filepath.Join(t.readOnly, "file")} {
		data, err := os.ReadFile(file)
		if err != nil || string(data) != t.Secret {
			return fmt.Errorf("the probe changed %s: %w", filepath.Base(file), errors.Join(err, errors.New("its content differs")))
		}
		if st, err := os.Stat(file); err != nil || st.Mode().Perm()&^0o644 != 0 {
			return fmt.Errorf("the probe changed the mode of %s", filepath.Base(file))
		}
	}
	for dir, want := range map[string]int{t.dir: 1, t.readOnly: 1} {
		if entries, err := os.ReadDir(dir); err != nil || len(entries) != want {
			return fmt.Errorf("the probe left something in %s", filepath.Base(dir))
		}
	}
	for _, fd := range t.fds {
		if n, _, err := unix.Recvfrom(fd, make([]byte, 1), 0); err == nil {
			return fmt.Errorf("%d bytes came out through a socket", n)
		}
		if conn, _, err := unix.Accept(fd); err == nil {
			return errors.Join(errors.New("a connection came out of the sandbox"), unix.Close(conn))
		}
	}
	return nil
}

// remove takes the bait away. The scratch folder goes with the sandbox.
func (t *trap) remove() {
	for _, fd := range t.fds {
		unix.Close(fd)
	}
	if strings.Contains(filepath.Base(t.Home), ".proffer-probe-") {
		_ = os.Remove(t.Home) // gone is fine
	}
}

// startTime is when a process started, in the kernel's words.
func startTime(pid int) (string, error) {
	stat, err := os.ReadFile(fmt.Sprintf("/proc/%d/stat", pid))
	if err != nil {
		return "", err
	}
	f := bytes.Fields(stat[bytes.LastIndexByte(stat, ')')+1:])
	if len(f) < 20 {
		return "", errors.New("/proc: a stat file of few words")
	}
	return string(f[19]), nil
}
