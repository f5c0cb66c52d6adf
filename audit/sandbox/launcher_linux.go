package sandbox

import (
	"context"
	"crypto/rand"
	"encoding/gob"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"slices"
	"sync"
	"syscall"
	"time"

	"golang.org/x/sys/unix"
)

// A launcher starts keepers of one tier.
type launcher struct {
	tier    Tier
	self    program
	id      identity
	abi     int
	outer   map[string]uint64
	scratch string
	tuning  tuning
	mapping *os.File // user namespace for idmapped mounts, or nil
	cgroups []controller
	mu      sync.Mutex // under Landlock: one command at a time, the scratch folder is theirs
}

// prepare makes what all runs share.
func (l *launcher) prepare() error {
	if os.Geteuid() == 0 && !l.tuning.noCgroup {
		l.cgroups = findControllers()
	}
	if l.tier == Landlock {
		for _, dir := range []string{l.temp(), l.toolDir()} {
			if err := os.Mkdir(dir, 0o700); err != nil {
				return at("scratch", err)
			}
		}
		// A short name without blanks, for the first line of scripts.
		return at("scratch", os.Symlink(l.self.path, l.programInside()))
	}
	if l.id.spare && !l.tuning.noIDMap {
		var err error
		if l.mapping, err = l.id.mountIdentity(); err != nil {
			return at("start", err)
		}
	}
	return nil
}

func (l *launcher) close() error {
	var err error
	if l.mapping != nil {
		err = l.mapping.Close()
	}
	return errors.Join(err, removeTree(l.scratch))
}

func (l *launcher) place(name string) string {
	if l.tier == Namespaces {
		return insideBase + "/" + name
	}
	if name == "bin" {
		return l.toolDir()
	}
	return ""
}

func (l *launcher) temp() string {
	if l.tier == Namespaces {
		return insideTemp
	}
	return filepath.Join(l.scratch, "tmp")
}

func (l *launcher) toolDir() string {
	if l.tier == Namespaces {
		return insideTools
	}
	return filepath.Join(l.scratch, "bin")
}

// programInside is where this program is to be found inside.
func (l *launcher) programInside() string {
	if l.tier == Namespaces {
		return insideProgram
	}
	return filepath.Join(l.scratch, "self")
}

func (l *launcher) run(ctx context.Context, c Command) (Result, error) {
	res, _, err := l.runNoting(ctx, c)
	return res, err
}

// runNoting also returns the keeper's notes on what could not be had.
func (l *launcher) runNoting(ctx context.Context, c Command) (Result, []string, error) {
	c.Limits = c.Limits.withDefaults()
	if c.Dir == "" {
		c.Dir = l.temp()
	}
	if c.Hostname == "" {
		c.Hostname = "proffer"
	}
	if err := l.check(c); err != nil {
		return Result{}, nil, err
	}
	s := l.describe(c)
	if l.tier == Landlock {
		l.mu.Lock()
		defer l.mu.Unlock()
		if err := l.openScratch(c.Tools); err != nil {
			return Result{}, nil, at("scratch", err)
		}
	}
	mounts, err := l.mount(s.Mounts)
	if err != nil {
		return Result{}, nil, at("bind", err)
	}
	res, notes, err := l.start(ctx, s, mounts, c)
	if shut := mounts.close(); shut != nil {
		err = errors.Join(err, at("bind", shut))
	}
	if back := mounts.giveBack(); back != nil {
		err = errors.Join(err, at("bind", back))
	}
	if l.tier == Landlock {
		if left := emptyFolder(l.temp()); left != nil {
			err = errors.Join(err, at("scratch", left))
		}
	}
	return res, notes, err
}

// openScratch empties the private folders and puts the tools in.
func (l *launcher) openScratch(tools map[string]string) error {
	if err := errors.Join(emptyFolder(l.temp()), emptyFolder(l.toolDir())); err != nil {
		return err
	}
	return writeTools(l.toolDir(), l.programInside(), tools)
}

// describe says what the keeper has to build.
func (l *launcher) describe(c Command) *setup {
	s := &setup{
		Token: rand.Text(), Tier: l.tier, Outer: l.outer, ABI: l.abi, Omit: l.tuning.omit,
		Program: l.programInside(), Argv: c.Argv, Env: c.Env, Dir: c.Dir, Worker: c.Worker,
		Tools: c.Tools, ToolDir: l.toolDir(), Temp: l.temp(), TempSize: c.Limits.Tmp,
		Hostname: c.Hostname, Rlimits: l.rlimits(c.Limits),
	}
	for _, b := range c.Binds {
		s.Mounts = append(s.Mounts, mountPoint{Host: b.Host, Inside: b.Inside, Writable: b.Writable})
	}
	s.Mounts = append(s.Mounts, mountPoint{Host: l.self.path, Inside: l.programInside()})
	for _, f := range l.self.needs {
		s.Mounts = append(s.Mounts, mountPoint{Host: f, Inside: f})
	}
	return s
}

// rlimits translates Limits for the kernel.
func (l *launcher) rlimits(lim Limits) []rlimit {
	seconds := uint64((lim.CPU + time.Second - 1) / time.Second)
	procs := uint64(lim.Procs + keeperTasks)
	if l.tier == Landlock {
		// The kernel counts all of the user's, not only those inside.
		procs += uint64(tasksOf(os.Getuid()))
	}
	same := func(resource int, v uint64) rlimit { return rlimit{Resource: resource, Soft: v, Max: v} }
	return []rlimit{
		same(unix.RLIMIT_CPU, seconds), // no warning first: Go programs ignore it
		// Data, not address space: Go reserves far more than it uses.
		same(unix.RLIMIT_DATA, uint64(lim.Memory)),
		same(unix.RLIMIT_FSIZE, uint64(lim.FileSize)),
		same(unix.RLIMIT_NPROC, procs),
		same(unix.RLIMIT_NOFILE, openFiles),
		same(unix.RLIMIT_CORE, 0),
		same(unix.RLIMIT_MSGQUEUE, 0),
		same(unix.RLIMIT_RTPRIO, 0),
	}
}

// start runs a keeper to its end.
func (l *launcher) start(ctx context.Context, s *setup, mounts *mounted, c Command) (Result, []string, error) {
	// The kernel's death notice to the keeper is tied to this thread.
	runtime.LockOSThread()
	defer runtime.UnlockOSThread()
	group, err := l.newGroup(c.Limits)
	if err != nil {
		return Result{}, nil, at("cgroup", err)
	}
	defer group.remove()
	j := &job{setup: s, limits: c.Limits, out: newOutput(c.Limits.Output), group: group}
	if err := j.begin(l, mounts.files, c.Stdin); err != nil {
		return Result{}, nil, err
	}
	res, err := j.finish(ctx)
	return res, j.notes, err
}

// A job is one keeper that runs.
type job struct {
	setup   *setup
	limits  Limits
	out     *output
	group   *group
	cmd     *exec.Cmd
	control *os.File // this end
	status  *os.File
	notes   []string // what the keeper could not have
}

// begin starts the keeper and tells it what to do.
func (j *job) begin(l *launcher, mounts []*os.File, stdin []byte) error {
	controlIn, controlOut, err := os.Pipe()
	if err != nil {
		return at("start", err)
	}
	defer controlIn.Close()
	statusIn, statusOut, err := os.Pipe()
	if err != nil {
		return at("start", errors.Join(err, controlOut.Close()))
	}
	defer statusOut.Close()
	j.control, j.status = controlOut, statusIn
	j.cmd = keeperCommand(l, j.setup.Token)
	j.cmd.ExtraFiles = append([]*os.File{controlIn, statusOut}, mounts...)
	j.cmd.Stdin = newReader(stdin)
	j.cmd.Stdout, j.cmd.Stderr = j.out.stdout(), j.out.stderr()
	if err := j.cmd.Start(); err != nil {
		return at("start", errors.Join(err, controlOut.Close(), statusIn.Close()))
	}
	if err := j.group.add(j.cmd.Process.Pid); err != nil {
		return at("cgroup", errors.Join(err, j.cmd.Process.Kill(), j.cmd.Wait(), controlOut.Close(), statusIn.Close()))
	}
	go func() {
		// When the keeper is gone before it read this, finish says so.
		_ = gob.NewEncoder(controlOut).Encode(j.setup)
	}()
	return nil
}

// keeperCommand is a start of this program as a keeper.
func keeperCommand(l *launcher, token string) *exec.Cmd {
	cmd := exec.Command("/proc/self/exe")
	cmd.Args = []string{marker, part(partKeeper, "")}
	cmd.Env = []string{tokenVar + "=" + token}
	cmd.Dir = "/"
	cmd.WaitDelay = 2 * time.Second
	if l.tier == Landlock {
		cmd.SysProcAttr = &syscall.SysProcAttr{Setsid: true}
	} else {
		cmd.SysProcAttr = l.id.attributes()
	}
	return cmd
}

// finish waits for the end, or brings it about.
func (j *job) finish(ctx context.Context) (Result, error) {
	ended, why := make(chan struct{}), make(chan string, 1)
	go func() { why <- j.guard(ctx, ended) }()
	answer := make(chan outcome, 1)
	go func() {
		var o outcome
		if err := gob.NewDecoder(j.status).Decode(&o); err != nil {
			o = outcome{Stage: "keeper", Error: "it ended without an answer"}
		}
		answer <- o
	}()
	waitErr := j.cmd.Wait()
	close(ended)
	reason := <-why
	o := <-answer
	j.notes = o.Notes
	if err := errors.Join(j.control.Close(), j.status.Close()); err != nil && !errors.Is(err, os.ErrClosed) {
		return Result{}, at("keeper", err)
	}
	if err := ctx.Err(); err != nil && reason == stopCancelled {
		return Result{}, fmt.Errorf("sandbox: %w", context.Cause(ctx))
	}
	return j.result(o, reason, waitErr)
}

// stopCancelled is the reason of an end that the caller's context brought.
const stopCancelled = "cancelled"

// killGrace is how long a keeper that cannot simply be killed gets to end what
// it started.
const killGrace = sweepTime + 2*time.Second

// guard ends the job when its time or output is used up or nobody wants it any
// more. It tells the reason, "" when the job ended by itself.
func (j *job) guard(ctx context.Context, ended <-chan struct{}) string {
	timer := time.NewTimer(j.limits.Wall)
	defer timer.Stop()
	reason := ""
	select {
	case <-ended:
		return ""
	case <-ctx.Done():
		reason = stopCancelled
	case <-timer.C:
		reason = LimitWall
	case <-j.out.over:
		reason = LimitOutput
	}
	if j.setup.Tier == Landlock {
		// The keeper must outlive its descendants, or they get away. The end
		// of the control pipe tells it.
		_ = j.control.Close() // an error means closed
		select {
		case <-ended:
			return reason
		case <-time.After(killGrace):
		}
	}
	_ = j.cmd.Process.Kill() // an error means that it ended just now
	return reason
}

// result puts together how the command ended.
func (j *job) result(o outcome, reason string, waitErr error) (Result, error) {
	res := Result{Stdout: j.out.bytes(1), Stderr: j.out.bytes(2), LimitHit: reason}
	if st := j.cmd.ProcessState; st != nil {
		res.UserCPU, res.SysCPU = st.UserTime(), st.SystemTime()
		if ru, ok := st.SysUsage().(*syscall.Rusage); ok {
			res.MaxRSS = int64(ru.Maxrss) << 10
		}
	}
	switch {
	case o.Stage == "":
		res.Exit, res.UserCPU, res.SysCPU, res.MaxRSS = o.Exit, o.User, o.Sys, o.MaxRSS
	case reason != "":
		res.Exit = 128 + int(syscall.SIGKILL) // the keeper went with the command
	case j.group.outOfMemory():
		res.Exit, reason = 128+int(syscall.SIGKILL), LimitMemory
	default:
		err := o.failure()
		if o.Error == "" || waitErr != nil {
			err = errors.Join(err, waitErr)
		}
		return Result{}, err
	}
	if reason == "" && j.out.exceeded() {
		reason = LimitOutput
	}
	if res.LimitHit = reason; reason == "" {
		res.LimitHit = j.limitHit(o, res)
	}
	return res, nil
}

// check refuses commands that make no sense, before anything is started.
func (l *launcher) check(c Command) error {
	wrong := func(format string, args ...any) error {
		return fmt.Errorf("%w: %s", ErrInvalid, fmt.Sprintf(format, args...))
	}
	if c.Worker == "" && (len(c.Argv) == 0 || c.Argv[0] == "") {
		return wrong("neither a program nor a worker to run")
	}
	if c.Worker != "" && !roleName.MatchString(c.Worker) {
		return wrong("%q is no name of a worker", c.Worker)
	}
	if !filepath.IsAbs(c.Dir) {
		return wrong("the working folder %q is not absolute", c.Dir)
	}
	for name, role := range c.Tools {
		if !toolName.MatchString(name) || !roleName.MatchString(role) {
			return wrong("the tool %q in the role %q", name, role)
		}
	}
	if len(c.Tools) > 0 && !scriptable(l.programInside()) {
		return wrong("tools need a scratch folder with a shorter name without blanks than %q", l.scratch)
	}
	var places []string
	for _, b := range c.Binds {
		if !filepath.IsAbs(b.Host) || !filepath.IsAbs(b.Inside) || filepath.Clean(b.Inside) != b.Inside {
			return wrong("the bind of %q at %q: both must be absolute, and without . and ..", b.Host, b.Inside)
		}
		if l.tier == Landlock && b.Inside != b.Host {
			return fmt.Errorf("%w: %s at %s", ErrNoPlacement, b.Host, b.Inside)
		}
		if l.tier == Namespaces && reserved(b.Inside) {
			return wrong("the bind of %q: %s is the sandbox's own", b.Host, b.Inside)
		}
		if slices.Contains(places, b.Inside) {
			return wrong("two binds at %s", b.Inside)
		}
		places = append(places, b.Inside)
	}
	return nil
}
