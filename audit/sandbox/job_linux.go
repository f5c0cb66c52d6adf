package sandbox

import (
	"context"
	"encoding/gob"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"syscall"
	"time"
)

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
	case errors.Is(waitErr, exec.ErrWaitDelay):
		return Result{}, at("keeper", errors.New("something that the command started holds its output open and still runs"))
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
