package sandbox

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"time"
)

// hostToolOutput is how many bytes a host tool may print.
const hostToolOutput = 4 << 20

// ErrHostTool is wrapped by every error of HostTool.
var ErrHostTool = errors.New("sandbox: host tool")

// HostTool runs one of the reviewer's own tools (go env, npm config) outside of
// any sandbox and returns its stdout. It is the single door of that kind: name
// and args are the program's own words and never come from a vendor, the tool
// is found on the reviewer's PATH, and it starts in an empty folder so that no
// project file (go.mod, go.work, .npmrc) of a vendor's tree bears on it. It gets
// the reviewer's environment and no stdin. More than 4 MiB of output is an
// error, and so is an exit code other than 0.
func HostTool(ctx context.Context, name string, args ...string) ([]byte, error) {
	return hostProgram(ctx, name, args, nil, false)
}

// HostPlugin is HostTool for a program that speaks a protocol, as the plugins of
// signing keys do: it gets stdin, and its answer is what it prints, whatever its
// exit code is. Name and args are the reviewer's own words and never come from a
// vendor.
func HostPlugin(ctx context.Context, name string, args []string, stdin []byte) ([]byte, error) {
	return hostProgram(ctx, name, args, stdin, true)
}

func hostProgram(ctx context.Context, name string, args []string, stdin []byte, anyExit bool) ([]byte, error) {
	path, err := exec.LookPath(name)
	if err != nil {
		return nil, fmt.Errorf("%w: %w", ErrHostTool, err)
	}
	dir, err := os.MkdirTemp("", "proffer-tool-")
	if err != nil {
		return nil, fmt.Errorf("%w: %s: %w", ErrHostTool, name, err)
	}
	out := newOutput(hostToolOutput)
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	ended := make(chan struct{})
	go func() {
		select {
		case <-out.over:
			cancel()
		case <-ended:
		}
	}()
	cmd := exec.CommandContext(ctx, path, args...)
	cmd.Dir, cmd.Stdout, cmd.Stderr = dir, out.stdout(), out.stderr()
	cmd.WaitDelay = time.Second
	if stdin != nil {
		cmd.Stdin = bytes.NewReader(stdin)
	}
	err = cmd.Run()
	close(ended)
	if exit, ok := errors.AsType[*exec.ExitError](err); ok && anyExit && exit.Exited() && ctx.Err() == nil {
		err = nil
	}
	if out.exceeded() {
		err = errors.Join(err, fmt.Errorf("it printed more than %d bytes", hostToolOutput))
	}
	if err != nil {
		line, _, _ := bytes.Cut(bytes.TrimSpace(out.bytes(2)), []byte("\n"))
		return nil, fmt.Errorf("%w: %s: %w: %s", ErrHostTool, name, errors.Join(err, context.Cause(ctx), os.RemoveAll(dir)), line)
	}
	if err := os.RemoveAll(dir); err != nil {
		return nil, fmt.Errorf("%w: %s: %w", ErrHostTool, name, err)
	}
	return out.bytes(1), nil
}
