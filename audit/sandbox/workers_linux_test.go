package sandbox

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"syscall"
	"time"

	"golang.org/x/sys/unix"
)

// testWorkers are the payloads of the tests. Every one runs inside only: work
// refuses outside of a filter, and hostile ones ask guarded once more.
func testWorkers() map[string]Worker {
	return map[string]Worker{
		"look":       lookAround,
		"read":       readFile,
		"write":      writeFile,
		"exit":       func(context.Context, []string, io.Reader, io.Writer, io.Writer) int { return 7 },
		"abort":      guarded(abort),
		"call-tool":  callTool,
		"stand-in":   standIn,
		"daemon":     guarded(daemon),
		"sleep":      sleep,
		"time-hog":   guarded(timeHog),
		"memory-hog": guarded(memoryHog),
		"disk-hog":   guarded(diskHog),
		"fork-bomb":  guarded(forkBomb),
		"flood":      guarded(flood),
		"lock-out":   guarded(lockOut),
	}
}

// guarded wraps a hostile payload: it runs only where it can do no harm. The
// first argument names the namespaces it must not be in, "" under Landlock.
func guarded(w Worker) Worker {
	return func(ctx context.Context, args []string, stdin io.Reader, stdout, stderr io.Writer) int {
		if err := mayHarm(args); err != nil {
			fmt.Fprintln(stderr, "the payload refuses to run:", err)
			return exitUnconfined
		}
		return w(ctx, args[1:], stdin, stdout, stderr)
	}
}

func mayHarm(args []string) error {
	if err := confined(); err != nil {
		return err
	}
	if len(args) == 0 {
		return errors.New("it is not told where it must not be")
	}
	if args[0] == "" {
		if _, err := os.ReadFile("/etc/passwd"); err == nil {
			return errors.New("the host's files can be read")
		}
		return nil
	}
	var outer map[string]uint64
	if err := json.Unmarshal([]byte(args[0]), &outer); err != nil {
		return err
	}
	own, err := namespaceIDs()
	if err != nil {
		return err
	}
	for name, id := range own {
		if id == outer[name] {
			return fmt.Errorf("the %s namespace is the host's", name)
		}
	}
	return nil
}

// A view is what a command sees of itself.
type view struct {
	Args, Env              []string
	Dir, Host, Stdin       string
	UID, GID, PID, Parent  int
	Umask                  int
	Groups                 []int
	Root, Proc, Interfaces []string
}

func lookAround(_ context.Context, args []string, stdin io.Reader, stdout, _ io.Writer) int {
	v := view{Args: args, Env: os.Environ(), UID: os.Getuid(), GID: os.Getgid(), PID: os.Getpid(), Parent: os.Getppid()}
	v.Dir, _ = os.Getwd()
	v.Host, _ = os.Hostname()
	v.Umask = unix.Umask(0)
	v.Groups, _ = os.Getgroups()
	in, _ := io.ReadAll(stdin)
	v.Stdin = string(in)
	for dir, into := range map[string]*[]string{"/": &v.Root, "/proc": &v.Proc, "/sys/class/net": &v.Interfaces} {
		entries, _ := os.ReadDir(dir)
		for _, e := range entries {
			*into = append(*into, e.Name())
		}
	}
	_ = json.NewEncoder(stdout).Encode(v)
	return 0
}

func readFile(_ context.Context, args []string, _ io.Reader, stdout, stderr io.Writer) int {
	data, err := os.ReadFile(args[0])
	if err != nil {
		fmt.Fprintln(stderr, err)
		return 1
	}
	_, _ = stdout.Write(data)
	return 0
}

func writeFile(_ context.Context, args []string, stdin io.Reader, _, stderr io.Writer) int {
	f, err := os.Create(args[0])
	if err == nil {
		_, err = io.Copy(f, stdin)
		err = errors.Join(err, f.Close())
	}
	if err != nil {
		fmt.Fprintln(stderr, err)
		return 1
	}
	return 0
}

func abort(context.Context, []string, io.Reader, io.Writer, io.Writer) int {
	_ = unix.Kill(os.Getpid(), unix.SIGKILL)
	select {}
}

// callTool runs a command by name, as a build would.
func callTool(ctx context.Context, args []string, _ io.Reader, stdout, stderr io.Writer) int {
	cmd := exec.CommandContext(ctx, args[0], args[1:]...)
	cmd.Stdout, cmd.Stderr = stdout, stderr
	if err := cmd.Run(); err != nil {
		fmt.Fprintln(stderr, err)
		return 1
	}
	return 0
}

func standIn(_ context.Context, args []string, _ io.Reader, stdout, _ io.Writer) int {
	fmt.Fprintf(stdout, "stand-in %q env %q", args, os.Environ())
	return 0
}

func sleep(context.Context, []string, io.Reader, io.Writer, io.Writer) int {
	time.Sleep(time.Minute)
	return 0
}

// daemon leaves a grandchild behind, in a session of its own.
func daemon(_ context.Context, args []string, _ io.Reader, _, stderr io.Writer) int {
	exe, token, depth := args[0], args[1], args[2]
	if depth == "0" {
		time.Sleep(time.Minute)
		return 0
	}
	// The guard's words are handed on as they came.
	argv := []string{marker, part(partWorker, "daemon"), os.Args[2], exe, token, string(depth[0] - 1)}
	_, err := syscall.ForkExec(exe, argv, &syscall.ProcAttr{Env: []string{}, Files: []uintptr{0, 1, 2}, Sys: &syscall.SysProcAttr{Setsid: true}})
	if err != nil {
		fmt.Fprintln(stderr, err)
		return 1
	}
	return 0
}

func timeHog(context.Context, []string, io.Reader, io.Writer, io.Writer) int {
	for n := 0; ; n++ {
		runtime.KeepAlive(n)
	}
}

func memoryHog(context.Context, []string, io.Reader, io.Writer, io.Writer) int {
	var hoard [][]byte
	for {
		piece := make([]byte, 16<<20)
		for i := 0; i < len(piece); i += 4096 {
			piece[i] = 1
		}
		hoard = append(hoard, piece)
		runtime.KeepAlive(hoard)
	}
}

// diskHog writes files until it is stopped, and tells how much it could.
func diskHog(_ context.Context, args []string, _ io.Reader, stdout, stderr io.Writer) int {
	piece := make([]byte, 1<<20)
	for i := range 64 {
		if err := os.WriteFile(filepath.Join(args[0], fmt.Sprint("hog-", i)), piece, 0o600); err != nil {
			fmt.Fprintln(stderr, err)
			return 1
		}
		fmt.Fprintln(stdout, "another MiB")
	}
	return 0
}

// forkBomb makes processes until it is refused one, and waits with all of them.
func forkBomb(_ context.Context, _ []string, _ io.Reader, stdout, _ io.Writer) int {
	for n := range 5000 {
		if _, errno := forkIdle(0); errno != 0 {
			fmt.Fprint(stdout, n)
			return 0
		}
	}
	fmt.Fprint(stdout, "unlimited")
	return 1
}

func flood(_ context.Context, _ []string, _ io.Reader, stdout, _ io.Writer) int {
	line := make([]byte, 4096)
	for {
		if _, err := stdout.Write(line); err != nil {
			return 1
		}
	}
}

// lockOut leaves a folder and a file that its owner may not enter.
func lockOut(_ context.Context, args []string, _ io.Reader, _, stderr io.Writer) int {
	dir := filepath.Join(args[0], "locked")
	err := errors.Join(os.Mkdir(dir, 0o700), os.WriteFile(filepath.Join(dir, "in"), []byte("x"), 0o600),
		os.Mkdir(filepath.Join(dir, "deeper"), 0), os.WriteFile(filepath.Join(args[0], "unreadable"), []byte("x"), 0))
	// Refused under Landlock, where modes cannot be changed.
	_ = os.Chmod(dir, 0)
	if err != nil {
		fmt.Fprintln(stderr, err)
		return 1
	}
	return 0
}
