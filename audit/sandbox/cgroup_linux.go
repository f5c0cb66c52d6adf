package sandbox

import (
	"bytes"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"time"

	"golang.org/x/sys/unix"
)

// A controller is a folder of the cgroup file system under which groups can be
// made that limit memory or the number of processes of all inside together.
type controller struct {
	limits []string // limitsMemory, limitsPids
	dir    string
	files  []string // what to write: name=value, with %memory and %procs
}

// What a controller limits.
const (
	limitsMemory = "memory"
	limitsPids   = "pids"
)

// knownController is a controller by its name in /proc/self/cgroup, where ""
// is version 2. It limits nothing when the name is none that is used here.
func knownController(name string) controller {
	switch name {
	case "memory":
		return controller{limits: []string{limitsMemory}, files: []string{"memory.limit_in_bytes=%memory"}}
	case "pids":
		return controller{limits: []string{limitsPids}, files: []string{"pids.max=%procs"}}
	case "":
		return controller{
			limits: []string{limitsMemory, limitsPids},
			files:  []string{"memory.max=%memory", "memory.oom.group=1", "pids.max=%procs"},
		}
	}
	return controller{}
}

// findControllers looks for cgroups that this process may make groups in. None
// is no error: limits of single processes remain.
func findControllers() []controller {
	own, err := os.ReadFile("/proc/self/cgroup")
	if err != nil {
		return nil
	}
	mounts, err := os.ReadFile("/proc/self/mountinfo")
	if err != nil {
		return nil
	}
	var found []controller
	for _, c := range controllersFrom(string(own), string(mounts)) {
		c.removeStale()
		if c.usable() {
			found = append(found, c)
		}
	}
	return found
}

// controllersFrom reads the two files of /proc.
func controllersFrom(own, mounts string) []controller {
	var found []controller
	for line := range strings.Lines(own) {
		f := strings.SplitN(strings.TrimSpace(line), ":", 3)
		if len(f) != 3 {
			continue
		}
		for _, name := range strings.Split(f[1], ",") {
			c := knownController(name)
			if c.limits == nil {
				continue
			}
			if c.dir = cgroupDir(mounts, name, f[2]); c.dir != "" {
				found = append(found, c)
			}
		}
	}
	return found
}

// cgroupDir finds where the group of a path is mounted; name "" is version 2.
func cgroupDir(mounts, name, path string) string {
	for line := range strings.Lines(mounts) {
		head, tail, ok := strings.Cut(line, " - ")
		f, t := strings.Fields(head), strings.Fields(tail)
		if !ok || len(f) < 5 || len(t) < 3 {
			continue
		}
		switch {
		case name == "" && t[0] != "cgroup2":
			continue
		case name != "" && (t[0] != "cgroup" || !strings.Contains(","+t[2]+",", ","+name+",")):
			continue
		}
		rel, err := filepath.Rel(f[3], path)
		if err == nil && filepath.IsLocal(rel) {
			return filepath.Join(f[4], rel)
		}
	}
	return ""
}

// usable tries whether a group can be made and its limits exist. Which
// controllers version 2 hands down is the administrator's choice and stays so.
func (c controller) usable() bool {
	g, err := newGroup([]controller{c}, Limits{Memory: defaultMemory, Procs: defaultProcs})
	g.remove()
	return err == nil
}

// groupPrefix begins the names of the groups of a process.
func groupPrefix(pid int) string { return fmt.Sprintf("proffer-%d-", pid) }

// removeStale removes the empty groups of processes that were killed. A group
// in which something still runs cannot be removed.
func (c controller) removeStale() {
	entries, err := os.ReadDir(c.dir)
	if err != nil {
		return
	}
	for _, e := range entries {
		f := strings.Split(e.Name(), "-")
		if len(f) != 3 || f[0] != "proffer" {
			continue
		}
		if pid, err := strconv.Atoi(f[1]); err == nil && errors.Is(unix.Kill(pid, 0), unix.ESRCH) {
			_ = unix.Rmdir(filepath.Join(c.dir, e.Name())) // in use, then
		}
	}
}

// A group limits all processes of one run together. The nil group limits none.
type group struct{ dirs []string }

func (l *launcher) newGroup(lim Limits) (*group, error) { return newGroup(l.cgroups, lim) }

func newGroup(in []controller, lim Limits) (*group, error) {
	if len(in) == 0 {
		return nil, nil
	}
	g := &group{}
	for _, c := range in {
		dir, err := os.MkdirTemp(c.dir, groupPrefix(os.Getpid()))
		if err != nil {
			g.remove()
			return nil, fmt.Errorf("make a cgroup: %w", err)
		}
		g.dirs = append(g.dirs, dir)
		for _, f := range c.files {
			name, value, _ := strings.Cut(f, "=")
			value = strings.NewReplacer("%memory", strconv.FormatInt(lim.Memory, 10), "%procs", strconv.Itoa(lim.Procs+keeperTasks)).Replace(value)
			if err := writeExisting(filepath.Join(dir, name), value); err != nil {
				g.remove()
				return nil, fmt.Errorf("limit a cgroup: %w", err)
			}
		}
	}
	return g, nil
}

// writeExisting writes into a control file, and never makes one.
func writeExisting(file, value string) error {
	f, err := os.OpenFile(file, os.O_WRONLY, 0)
	if err != nil {
		return err
	}
	_, err = f.WriteString(value)
	return errors.Join(err, f.Close())
}

// add puts a process, and what it starts from now on, into the group.
func (g *group) add(pid int) error {
	if g == nil {
		return nil
	}
	for _, dir := range g.dirs {
		if err := writeExisting(filepath.Join(dir, "cgroup.procs"), strconv.Itoa(pid)); err != nil {
			return err
		}
	}
	return nil
}

// outOfMemory tells whether the kernel ended a process of the group because the
// group used up its memory.
func (g *group) outOfMemory() bool {
	if g == nil {
		return false
	}
	for _, dir := range g.dirs {
		for _, name := range []string{"memory.events", "memory.oom_control"} {
			data, err := os.ReadFile(filepath.Join(dir, name))
			if err != nil {
				continue // the other version's
			}
			for line := range bytes.Lines(data) {
				f := bytes.Fields(line)
				if len(f) == 2 && string(f[0]) == "oom_kill" && string(f[1]) != "0" {
					return true
				}
			}
		}
	}
	return false
}

// remove removes the group. The kernel needs a moment after the last process.
func (g *group) remove() {
	if g == nil {
		return
	}
	for _, dir := range g.dirs {
		for range 100 {
			if err := unix.Rmdir(dir); !errors.Is(err, unix.EBUSY) {
				break
			}
			time.Sleep(2 * time.Millisecond)
		}
	}
}
