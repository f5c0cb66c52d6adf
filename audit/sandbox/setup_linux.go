package sandbox

import (
	"fmt"
	"syscall"
	"time"
)

// A setup is what the starting process tells the copy of the program that
// builds the isolation around itself (the keeper). It goes through a pipe that
// stays open: its end tells the keeper that its parent is gone.
type setup struct {
	Token    string // equals the environment's: this start was meant
	Tier     Tier
	Outer    map[string]uint64 // namespaces of the parent: name, inode
	ABI      int               // Landlock's version, 0 for none
	Omit     []string          // layers that a test leaves out
	Mounts   []mountPoint
	Program  string // this program, as seen inside
	Argv     []string
	Env      []string
	Dir      string
	Worker   string
	Tools    map[string]string
	ToolDir  string
	Temp     string
	TempSize int64
	Hostname string
	Umask    int
	Rlimits  []rlimit
}

// A mountPoint is a part of the host to be seen inside.
type mountPoint struct {
	Host, Inside string
	FD           int // a detached mount that the parent made; 0 when it could not
	Writable     bool
	Folder       bool
	Device       bool
}

// An rlimit is one limit of the kernel's on a process.
type rlimit struct {
	Resource  int
	Soft, Max uint64
}

// An outcome is what the keeper answers at the end.
type outcome struct {
	Stage  string // "" when the command ran; what failed otherwise
	Error  string
	Errno  int
	Exit   int
	Signal int
	User   time.Duration
	Sys    time.Duration
	MaxRSS int64
	Notes  []string // what of the isolation could not be had
}

// A SetupError says that the isolation or the command could not be started.
type SetupError struct {
	Stage string // start, namespaces, mount, landlock, filter, exec …
	Err   error
}

func (e *SetupError) Error() string { return fmt.Sprintf("sandbox: %s: %v", e.Stage, e.Err) }

func (e *SetupError) Unwrap() error { return e.Err }

// A relayed error is one that happened in the keeper.
type relayed struct {
	text  string
	errno syscall.Errno
}

func (r relayed) Error() string { return r.text }

func (r relayed) Unwrap() error {
	if r.errno == 0 {
		return nil
	}
	return r.errno
}

// failure is the error that an outcome carries, or nil.
func (o outcome) failure() error {
	if o.Stage == "" {
		return nil
	}
	return &SetupError{Stage: o.Stage, Err: relayed{text: o.Error, errno: syscall.Errno(o.Errno)}}
}

// Limits in force where a Limits field is zero.
const (
	defaultCPU      = 10 * time.Minute
	defaultWall     = 30 * time.Minute
	defaultMemory   = 4 << 30
	defaultFileSize = 2 << 30
	defaultTmp      = 1 << 30
	defaultOutput   = 16 << 20
	defaultProcs    = 512
	openFiles       = 4096
	usualUmask      = 0o022
	// leastMemory is what the keeper, a Go program, needs to live.
	leastMemory = 64 << 20
	// keeperTasks is how many threads the keeper itself may have; they count
	// against the same limit as the command's.
	keeperTasks = 16
)

// withDefaults fills what is zero.
func (l Limits) withDefaults() Limits {
	fill := func(v *int64, d int64) {
		if *v <= 0 {
			*v = d
		}
	}
	if l.CPU <= 0 {
		l.CPU = defaultCPU
	}
	if l.Wall <= 0 {
		l.Wall = defaultWall
	}
	if l.Procs <= 0 {
		l.Procs = defaultProcs
	}
	fill(&l.Memory, defaultMemory)
	fill(&l.FileSize, defaultFileSize)
	fill(&l.Tmp, defaultTmp)
	fill(&l.Output, defaultOutput)
	l.Memory = max(l.Memory, leastMemory)
	return l
}
