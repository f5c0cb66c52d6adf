package sandbox

import (
	"context"
	"crypto/rand"
	"errors"
	"os"
	"path/filepath"
	"runtime"
	"sync"
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
	link    string // under Landlock: the folder of a short name for this program
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
		if l.link = l.scratch; !scriptable(l.programInside()) {
			var err error
			if l.link, err = os.MkdirTemp("", "proffer-"); err != nil {
				return at("scratch", err)
			}
		}
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
	if l.link != "" && l.link != l.scratch {
		err = errors.Join(err, removeTree(l.link))
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
	return filepath.Join(l.link, "self")
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
	if c.Umask == 0 {
		c.Umask = usualUmask
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
		Hostname: c.Hostname, Umask: c.Umask, Rlimits: l.rlimits(c.Limits),
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
