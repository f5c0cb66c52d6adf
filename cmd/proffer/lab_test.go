package main

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"

	"github.com/proffer-audit/proffer/audit/workspace"
)

// marker stands in the name of every folder of the lab, in the user's name and
// in the machine's. No output may hold it.
const marker = "quokka"

// A lab is the local sample, made once for all tests, and one audit of it.
type lab struct {
	dir    string
	sample string // what `go run ./samples/local` wrote
	state  string // the state folder after one audit
	out    string // what that audit wrote
	doc    document
}

var (
	labOnce = sync.OnceValues(makeLab)
	labDirs = make(chan string, 1) // the folder, once it is made
)

// theLab makes the lab when the first test wants it.
func theLab(t testing.TB) *lab {
	t.Helper()
	l, err := labOnce()
	if err != nil {
		t.Fatalf("make the lab: %v", err)
	}
	return l
}

func removeLab() error {
	select {
	case dir := <-labDirs:
		return workspace.Remove(dir)
	default:
		return nil
	}
}

func makeLab() (*lab, error) {
	dir, err := os.MkdirTemp("", marker+"-")
	if err != nil {
		return nil, err
	}
	labDirs <- dir
	l := &lab{dir: dir, sample: filepath.Join(dir, "sample"), state: filepath.Join(dir, "state"), out: filepath.Join(dir, "out")}
	cmd := exec.Command("go", "run", "./samples/local", l.sample)
	cmd.Dir = filepath.Join("..", "..")
	if out, err := cmd.CombinedOutput(); err != nil {
		return nil, fmt.Errorf("go run ./samples/local: %w\n%s", err, out)
	}
	cmd = l.command(l.state, l.out)
	onHost(cmd, marker+".example")
	out, err := cmd.Output()
	if err != nil {
		return nil, fmt.Errorf("audit the local sample: %w\n%s", err, errors.Join(err, stderrOf(err)))
	}
	return l, json.Unmarshal(out, &l.doc)
}

func stderrOf(err error) error {
	var exit *exec.ExitError
	if errors.As(err, &exit) {
		return errors.New(string(exit.Stderr))
	}
	return nil
}

// command audits the sample as the lab's own user, offline.
func (l *lab) command(state, out string) *exec.Cmd {
	cmd := exec.Command("proffer", "audit", filepath.Join(l.sample, "submission.yaml"),
		"--policy", filepath.Join(l.sample, "policy.yaml"), "--osv", osvDir(), "--out", out, "--state", state, "--offline", "--json")
	home, tmp := filepath.Join(l.dir, "home"), filepath.Join(l.dir, "tmp")
	for _, dir := range []string{home, tmp} {
		if err := os.MkdirAll(dir, 0o755); err != nil {
			cmd.Err = err
		}
	}
	cmd.Env = []string{
		"PATH=" + os.Getenv("PATH"), "HOME=" + home, "TMPDIR=" + tmp,
		"USER=" + marker, "LOGNAME=" + marker, "HOSTNAME=" + marker,
	}
	return cmd
}

func osvDir() string {
	dir, err := filepath.Abs(filepath.Join("..", "..", "samples", "osv"))
	if err != nil {
		return err.Error() // no such folder: the audit refuses it
	}
	return dir
}

// linked is the size from which a file is linked, not copied: what a test writes
// to is small, or written anew.
const linked = 256 << 10

// lend gives a test a tree of the lab under a name of its own.
func lend(from, to string) error {
	return filepath.WalkDir(from, func(name string, d fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		rel, err := filepath.Rel(from, name)
		if err != nil {
			return err
		}
		target := filepath.Join(to, rel)
		info, err := d.Info()
		if err != nil {
			return err
		}
		switch {
		case d.IsDir():
			return os.MkdirAll(target, info.Mode().Perm()|0o700)
		case !d.Type().IsRegular() || strings.HasSuffix(rel, "lock"):
			return nil
		case info.Size() >= linked && os.Link(name, target) == nil:
			return nil
		}
		return copyFile(name, target, info.Mode().Perm())
	})
}

func copyFile(from, to string, mode fs.FileMode) error {
	in, err := os.Open(from)
	if err != nil {
		return err
	}
	defer in.Close()
	out, err := os.OpenFile(to, os.O_CREATE|os.O_EXCL|os.O_WRONLY, mode|0o200)
	if err != nil {
		return err
	}
	_, err = io.Copy(out, in)
	return errors.Join(err, out.Chmod(mode), out.Close())
}

// stepFiles are the files of the step cache in a state folder, with what changes
// when one is written again.
func stepFiles(t testing.TB, state string) map[string]string {
	t.Helper()
	files := map[string]string{}
	err := filepath.WalkDir(filepath.Join(state, "steps"), func(name string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() || filepath.Ext(name) != ".json" || strings.HasPrefix(d.Name(), ".") {
			return err
		}
		info, err := d.Info()
		if err == nil {
			files[d.Name()] = info.ModTime().String()
		}
		return err
	})
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		t.Fatal(err)
	}
	return files
}

// checkNames lists the checks of the lab's audit.
func (l *lab) checkNames() []string {
	var names []string
	for _, c := range l.doc.Checks {
		names = append(names, c.ID)
	}
	slices.Sort(names)
	return names
}

// TestLab says what the audit that the others rest on came to.
func TestLab(t *testing.T) {
	l := theLab(t)
	if l.doc.Exit != exitDone || l.doc.Result != "met" {
		t.Errorf("exit %d, result %s", l.doc.Exit, l.doc.Result)
	}
	want := []string{
		"advisories/agent", "declared/source", "fetch/agent", "fetch/source", "fetch/toolchain/agent",
		"inventory/agent", "provenance/agent", "rebuild/agent", "source/source",
	}
	if got := l.checkNames(); !slices.Equal(got, want) {
		t.Errorf("checks %v, want %v", got, want)
	}
	if l.doc.Steps == nil || l.doc.Steps.Cached != 0 || l.doc.Steps.Run != len(stepFiles(t, l.state)) {
		t.Errorf("steps %+v, and %d in the cache after it", l.doc.Steps, len(stepFiles(t, l.state)))
	}
}
