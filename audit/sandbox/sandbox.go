package sandbox

import (
	"context"
	"errors"
	"fmt"
	"io"
	"strings"
	"time"

	"github.com/proffer-audit/proffer/reports"
)

// Tier is a strength of isolation.
type Tier string

// The tiers, strongest first. None is a word for records: Open never gives it.
const (
	Namespaces Tier = "namespaces"
	Landlock   Tier = "landlock"
	None       Tier = "none"
)

// rank orders the tiers; unknown words rank below None.
func (t Tier) rank() int {
	switch t {
	case Namespaces:
		return 2
	case Landlock:
		return 1
	case None:
		return 0
	}
	return -1
}

// Options says which isolation is wanted.
type Options struct {
	// Min is the weakest tier that is acceptable; "" means Landlock.
	Min Tier
	// Force is the only tier to try; "" means the best there is.
	Force Tier
	// Scratch is a folder in which the sandbox makes its private one; ""
	// means os.TempDir().
	Scratch string
}

// A Bind makes a folder or file of the host appear inside.
type Bind struct {
	Host     string // absolute path
	Inside   string // absolute path; equals Host where the tier cannot place
	Writable bool
}

// Limits bound one command. Zero means the default that is named.
type Limits struct {
	CPU      time.Duration // of one process; 10 minutes
	Wall     time.Duration // of the whole command; 30 minutes
	Memory   int64         // bytes of data of one process, and of all together where a cgroup is to be had; 4 GiB
	FileSize int64         // bytes of one file; 2 GiB
	Tmp      int64         // bytes of the private /tmp; 1 GiB
	Output   int64         // bytes of stdout and stderr together; 16 MiB
	Procs    int           // processes and threads at one time; 512
}

// A Command is what to run inside.
type Command struct {
	Argv []string // program and arguments, never a shell line; only the arguments when Worker is set
	Env  []string // the whole environment: nothing is added
	Dir  string   // working folder inside; "" means Temp()
	// Binds are the only parts of the host to be seen.
	Binds []Bind
	// Worker names a role of this program (see Child) to run instead of Argv[0].
	Worker string
	// Tools maps a command name to a worker role. Each becomes an executable in
	// the folder Place("bin"), for the command's PATH.
	Tools    map[string]string
	Stdin    []byte
	Limits   Limits
	Hostname string // "" means "proffer"; unchanged under Landlock
	// Umask holds the permission bits that new files lack; 0 means 0o022. The
	// caller's own never reaches a command.
	Umask int
}

// A Result is how a command ended.
type Result struct {
	Exit     int // exit code; 128 + number when a signal ended it
	Stdout   []byte
	Stderr   []byte
	UserCPU  time.Duration // of all processes inside
	SysCPU   time.Duration
	MaxRSS   int64  // bytes, of the largest process
	LimitHit string // "" or one of the Limit words
}

// The words of Result.LimitHit.
const (
	LimitCPU      = "cpu"
	LimitWall     = "wall"
	LimitMemory   = "memory"
	LimitFileSize = "file-size"
	LimitOutput   = "output"
	LimitTmp      = "tmp"
	LimitProcs    = "processes"
)

// A Worker is a role of this program that runs inside. It returns the exit code.
type Worker func(ctx context.Context, args []string, stdin io.Reader, stdout, stderr io.Writer) int

// ErrNoPlacement is returned by Run for a bind whose Inside differs from its
// Host in a tier that cannot place (see CanPlace).
var ErrNoPlacement = errors.New("sandbox: this tier cannot show a folder under another path")

// ErrInvalid is wrapped by what Run says of a command that makes no sense.
var ErrInvalid = errors.New("sandbox: invalid command")

// A Refusal is why a tier is not to be had.
type Refusal struct {
	Tier  Tier
	Stage string // what failed: start, map, mount, probe …
	Err   error
}

func (r Refusal) String() string { return fmt.Sprintf("%s: %s: %v", r.Tier, r.Stage, r.Err) }

// UnavailableError says that nothing isolates here (exit code 5).
type UnavailableError struct {
	Refusals []Refusal
	Hint     string
}

// Code is the stable word for this error.
func (e *UnavailableError) Code() string { return "not-isolated" }

func (e *UnavailableError) Error() string {
	why := make([]string, len(e.Refusals))
	for i, r := range e.Refusals {
		why[i] = r.String()
	}
	msg := "sandbox: cannot isolate, so nothing is run: " + strings.Join(why, "; ")
	if e.Hint != "" {
		msg += "\nhint: " + e.Hint
	}
	return msg
}

// Sandbox is an isolation that was probed on this machine.
type Sandbox struct {
	tier   Tier
	record reports.SandboxRecord
	impl   runner
}

// A runner is what a platform gives to a Sandbox.
type runner interface {
	run(ctx context.Context, c Command) (Result, error)
	place(name string) string
	temp() string
	grant(path string) error
	close() error
}

// Open finds the best tier that this machine allows and that withstands the
// probe. It takes well under a second. The error is an *UnavailableError when
// there is none. Close the Sandbox when done.
func Open(ctx context.Context, o Options) (*Sandbox, error) { return open(ctx, o) }

// Record says what isolates and what the probe saw.
func (s *Sandbox) Record() reports.SandboxRecord { return s.record }

// Tier is the tier that was found.
func (s *Sandbox) Tier() Tier { return s.tier }

// CanPlace tells whether a Bind's Inside may differ from its Host.
func (s *Sandbox) CanPlace() bool { return s.tier == Namespaces }

// Place is where the bind called name appears inside. Under Landlock only "bin"
// (the folder of Command.Tools) is known before a bind is made, every other name
// gives ""; use Bind.
func (s *Sandbox) Place(name string) string { return s.impl.place(name) }

// Temp is the private temporary folder as the command sees it, for TMPDIR and
// HOME. It is empty at the start of every command and gone after it.
func (s *Sandbox) Temp() string { return s.impl.temp() }

// Bind makes a bind of host with the Inside that this tier allows: Place(name),
// or host itself.
func (s *Sandbox) Bind(host, name string, writable bool) Bind {
	if !s.CanPlace() {
		return Bind{Host: host, Inside: host, Writable: writable}
	}
	return Bind{Host: host, Inside: s.Place(name), Writable: writable}
}

// Run runs a command inside and waits for its end. The error says that it could
// not be run; how it ended is in Result. When ctx ends first, everything inside
// is killed and the error is ctx's.
func (s *Sandbox) Run(ctx context.Context, c Command) (Result, error) { return s.impl.run(ctx, c) }

// Grant makes a scratch tree of the caller's own readable for the identity
// inside: read for all, search for all on folders. It does nothing where that
// identity is the caller's or is mapped to it (see the package's comment).
func (s *Sandbox) Grant(path string) error { return s.impl.grant(path) }

// Close removes the sandbox's private folder.
func (s *Sandbox) Close() error { return s.impl.close() }

// Child runs the part of this program that was started to be inside a sandbox.
// It is the first line of main, and of TestMain where a test opens a sandbox:
//
//	if code, ok := sandbox.Child(workers); ok { os.Exit(code) }
//
// ok is false in an ordinary start of the program. A worker refuses to run when
// it finds itself unconfined.
func Child(workers map[string]Worker) (code int, ok bool) { return child(workers) }

// Confined says why this process is not inside a sandbox, or nil. It is the
// first thing that a hostile payload of a test asks: such a payload refuses to
// run anywhere else.
func Confined() error { return confined() }
