package sandbox

import (
	"fmt"
	"os"
	"slices"

	"github.com/proffer-audit/proffer/reports/safetext"
)

// conceded are the vectors that this tier does not claim to stop here. Each has
// its sentence in lacks.
func (l *launcher) conceded() map[string]bool {
	c := map[string]bool{}
	if l.tier == Landlock {
		c["fill-tmp"] = true
		c["signal-process"] = l.abi < 6
	}
	c["many-processes"] = !l.countsProcesses()
	return c
}

// countsProcesses tells whether a limit on their number holds.
func (l *launcher) countsProcesses() bool {
	return l.id.uid != 0 || l.controls(limitsPids)
}

// controls tells whether a cgroup limits all inside together.
func (l *launcher) controls(what string) bool {
	return slices.ContainsFunc(l.cgroups, func(c controller) bool { return slices.Contains(c.limits, what) })
}

// layers names what isolates, in the words of the report.
func (l *launcher) layers() []string {
	var layers []string
	if l.tier == Namespaces {
		for _, n := range namespaceNames {
			layers = append(layers, "namespace:"+n)
		}
		layers = append(layers, "private-root", "read-only-binds", "private-tmp", "private-dev", "no-interfaces")
		if l.id.spare {
			layers = append(layers, "spare-uid")
		}
	}
	if l.abi > 0 && !slices.Contains(l.tuning.omit, layerLandlock) {
		layers = append(layers, fmt.Sprintf("landlock:%d", l.abi))
	}
	if !slices.Contains(l.tuning.omit, layerFilter) {
		layers = append(layers, fmt.Sprintf("seccomp:%d-rules", len(callRules(l.tier, l.abi, os.Getpid()))))
	}
	layers = append(layers, "no-new-privileges", "no-capabilities", "rlimits")
	for _, c := range l.cgroups {
		for _, what := range c.limits {
			layers = append(layers, "cgroup:"+what)
		}
	}
	return layers
}

// lacks says in sentences what this isolation does not give.
func (l *launcher) lacks(notes []string) []safetext.Text {
	var lacks []safetext.Text
	say := func(format string, args ...any) { lacks = append(lacks, safetext.Sprintf(format, args...)) }
	if l.tier == Landlock {
		say("no mounted paths: a command sees its folders under the host's own names, and a recipe that needs paths: cannot run")
		say("no private file system view: names, sizes and times of the host's files can be seen, their content cannot")
		say("the private temporary folder has no size limit")
		say("no pid namespace: process numbers of the host exist inside; what a command leaves behind is found by descent and killed")
		say("modes, owners, times and attributes of files cannot be set inside")
		say("no sockets at all, not even within the command; only connected stream pairs")
		say("no own hostname")
		l.olderLandlock(say)
	} else if l.abi < 1 {
		say("no Landlock: files are kept out of reach by mounts alone")
	}
	if l.tier == Namespaces && slices.Contains(notes, noteNoProc) {
		say("no /proc inside: the kernel gives none where the host's own is partly covered, as in a container")
	}
	if !l.controls(limitsMemory) {
		say("no limit on the memory of all processes together, only on each one's")
	}
	if !l.countsProcesses() {
		say("no limit on the number of processes: the kernel does not count those of a root that is mapped to itself")
	} else if l.tier == Landlock && l.id.uid != 0 {
		say("the limit on processes counts all of the user's, so it is approximate")
	}
	say("the limit on CPU time is for each process; the wall-clock limit holds for all")
	return lacks
}

// olderLandlock says what older versions of Landlock lack.
func (l *launcher) olderLandlock(say func(string, ...any)) {
	if l.abi < 2 {
		say("Landlock %d: files cannot be moved or linked between folders", l.abi)
	}
	if l.abi < 3 {
		say("Landlock %d: cutting files is refused by the system call filter instead", l.abi)
	}
	if l.abi < 4 {
		say("Landlock %d: no network rules; sockets are refused by the system call filter alone", l.abi)
	}
	if l.abi < 5 {
		say("Landlock %d: no rules for device commands; only the five harmless devices can be opened", l.abi)
	}
	if l.abi < 6 {
		say("Landlock %d: no scopes: other processes of the user can be sent signals", l.abi)
	}
}
