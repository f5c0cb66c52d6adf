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
	err = cmd.Run()
	close(ended)
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
