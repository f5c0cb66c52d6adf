package source

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"runtime/debug"
	"slices"

	"github.com/proffer-audit/proffer/audit/source/bytes"
	"github.com/proffer-audit/proffer/audit/source/link"
	"github.com/proffer-audit/proffer/audit/source/rules"
)

// WorkerName is the role under which the program calls itself inside the sandbox.
const WorkerName = "source"

// The exit codes of the worker.
const (
	exitDone    = 0 // a Result was written, though perhaps one with gaps
	exitFailed  = 1
	exitRequest = 2 // the request was refused
)

// gcPercent trades memory for time: the heap is mostly alive until it is dropped
// as a whole.
const gcPercent = 200

// Worker is the program's role inside the sandbox: a Request on stdin, a Result
// on stdout, and on stderr one line per phase, so that who stops it knows where
// it was. It sets its own process's PATH to the analysing toolchain, because the
// go command is found by it.
func Worker(ctx context.Context, args []string, stdin io.Reader, stdout, stderr io.Writer) int {
	if len(args) > 0 {
		return fail(stderr, exitRequest, badRequest("arguments", "the worker takes none"))
	}
	data, err := io.ReadAll(io.LimitReader(stdin, maxRequest+1))
	if err != nil {
		return fail(stderr, exitFailed, fmt.Errorf("read request: %w", err))
	}
	req, err := parseRequest(data)
	if err != nil {
		return fail(stderr, exitRequest, err)
	}
	memory := req.Limits.Memory
	if memory == 0 {
		memory = defaultMemory
	}
	debug.SetGCPercent(gcPercent)
	debug.SetMemoryLimit(memory)
	if slices.Contains(req.Passes, PassLink) {
		if err := os.Setenv("PATH", filepath.Join(req.GOROOT, "bin")); err != nil {
			return fail(stderr, exitFailed, err)
		}
	}
	res, err := Analyse(ctx, req, func(phase string) { fmt.Fprintln(stderr, phase) })
	if err != nil {
		return fail(stderr, exitFailed, err)
	}
	out, err := json.Marshal(res)
	if err != nil {
		return fail(stderr, exitFailed, fmt.Errorf("write result: %w", err))
	}
	if _, err := stdout.Write(append(out, '\n')); err != nil {
		return fail(stderr, exitFailed, fmt.Errorf("write result: %w", err))
	}
	return exitDone
}

func fail(stderr io.Writer, code int, err error) int {
	fmt.Fprintln(stderr, err)
	return code
}

// Analyse runs the passes of the request, in this process. It is for the worker;
// nothing but sources of our own making may be analysed outside the sandbox.
func Analyse(ctx context.Context, req Request, phase func(string)) (Result, error) {
	set, err := rules.Load()
	if err != nil {
		return Result{}, err
	}
	res := Result{
		Rules: set.Digest, Passes: slices.Sorted(slices.Values(req.Passes)),
		Uncovered: []Uncovered{}, Gaps: []link.Gap{},
	}
	inBuild := map[string]bool{}
	if slices.Contains(req.Passes, PassLink) {
		l, err := link.Analyse(ctx, req.link(), set, phase)
		switch {
		case err == nil:
			res.Link = l
			inBuild = members(append(slices.Clone(l.Compiled), l.Embedded...))
		case ctx.Err() != nil:
			return Result{}, err
		default:
			res.Gaps = append(res.Gaps, link.Gap{What: "Go packages " + fmt.Sprint(req.Packages), Why: err.Error()})
		}
	}
	if slices.Contains(req.Passes, PassBytes) {
		phase("files")
		b, files, err := bytes.Scan(ctx, req.Source, inBuild, set, req.bytes())
		var many *bytes.TooManyFilesError
		switch {
		case err == nil:
			res.Bytes = b
			res.Uncovered = uncovered(&req, files, res.Link, set)
		case errors.As(err, &many):
			res.Gaps = append(res.Gaps, link.Gap{What: "files", Why: err.Error()})
		default:
			return Result{}, err
		}
	}
	return res, nil
}
