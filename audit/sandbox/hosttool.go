package sandbox

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
)

// hostToolOutput is how many bytes a host tool may print on each stream.
const hostToolOutput = 4 << 20

// ErrHostTool is wrapped by every error of HostTool.
var ErrHostTool = errors.New("sandbox: host tool")

// HostTool runs one of the reviewer's own tools (go env, npm config) outside of
// any sandbox and returns its stdout. It is the single door of that kind: name
// and args are the program's own words and never come from a vendor, the tool
// is found on the reviewer's PATH, and it starts in an empty folder so that no
// project file (go.mod, go.work, .npmrc) of a vendor's tree bears on it. It gets
// the reviewer's environment and no stdin. More than 4 MiB of output is an error.
func HostTool(ctx context.Context, name string, args ...string) ([]byte, error) {
	path, err := exec.LookPath(name)
	if err != nil {
		return nil, fmt.Errorf("%w: %w", ErrHostTool, err)
	}
	dir, err := os.MkdirTemp("", "proffer-tool-")
	if err != nil {
		return nil, fmt.Errorf("%w: %s: %w", ErrHostTool, name, err)
	}
	defer os.RemoveAll(dir) // an empty folder left behind harms nobody
	var stdout, stderr capped
	stdout.left, stderr.left = hostToolOutput, hostToolOutput
	cmd := exec.CommandContext(ctx, path, args...)
	cmd.Dir, cmd.Stdout, cmd.Stderr = dir, &stdout, &stderr
	if err := cmd.Run(); err != nil {
		line, _, _ := bytes.Cut(bytes.TrimSpace(stderr.buf.Bytes()), []byte("\n"))
		return nil, fmt.Errorf("%w: %s: %w: %s", ErrHostTool, name, errors.Join(err, ctx.Err()), line)
	}
	if stdout.over {
		return nil, fmt.Errorf("%w: %s printed more than %d bytes", ErrHostTool, name, hostToolOutput)
	}
	return stdout.buf.Bytes(), nil
}
