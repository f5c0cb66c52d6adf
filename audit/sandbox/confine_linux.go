package sandbox

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"syscall"

	"golang.org/x/sys/unix"
)

// Layers that a test may leave out, to see what the others hold alone.
const (
	layerLandlock = "landlock"
	layerFilter   = "filter"
)

// launch gives everything up on the calling thread and starts the command from
// it, so that the command never has more. It returns the command's pid.
func (k *keeper) launch() (int, error) {
	argv0, argv := k.Program, append([]string{marker, part(partWorker, k.Worker)}, k.Argv...)
	if k.Worker == "" {
		var err error
		if argv0, err = lookPath(k.Argv[0], k.Env); err != nil {
			return 0, at("exec", err)
		}
		argv = k.Argv
	}
	rules, err := k.openRules() // before the limits: they need files
	if err != nil {
		return 0, at("landlock", err)
	}
	if err := k.setLimits(); err != nil {
		return 0, at("limits", err)
	}
	if err := giveUpPrivileges(); err != nil {
		return 0, at("privileges", err)
	}
	if !slices.Contains(k.Omit, layerLandlock) {
		if err := restrictFiles(k.ABI, rules); err != nil {
			return 0, at("landlock", err)
		}
	}
	calls := callRules(k.Tier, k.ABI, os.Getpid())
	if slices.Contains(k.Omit, layerFilter) && k.Tier == Namespaces {
		calls = nil
	}
	if err := installFilter(buildFilter(auditArch, calls)); err != nil {
		return 0, at("filter", err)
	}
	attr := &syscall.ProcAttr{Dir: k.Dir, Env: k.Env, Files: []uintptr{0, 1, 2}, Sys: &syscall.SysProcAttr{Setsid: true}}
	if k.Tier == Landlock {
		attr.Sys.Pdeathsig = syscall.SIGKILL
	}
	pid, err := syscall.ForkExec(argv0, argv, attr)
	if err != nil {
		return 0, at("exec", fmt.Errorf("start %s in %s: %w", argv0, k.Dir, err))
	}
	return pid, nil
}

// lookPath finds a command by the PATH of the environment that it will get.
func lookPath(name string, env []string) (string, error) {
	if strings.Contains(name, "/") {
		return name, nil
	}
	for _, e := range slices.Backward(env) {
		list, ok := strings.CutPrefix(e, "PATH=")
		if !ok {
			continue
		}
		for _, dir := range filepath.SplitList(list) {
			p := filepath.Join(dir, name)
			if unix.Access(p, unix.X_OK) == nil && filepath.IsAbs(p) {
				return p, nil
			}
		}
		break
	}
	return "", fmt.Errorf("find %s on the PATH of its environment: %w", name, unix.ENOENT)
}

// setLimits sets the kernel's limits on the keeper, from which all inherit.
func (k *keeper) setLimits() error {
	for _, l := range k.Rlimits {
		lim := unix.Rlimit{Cur: l.Soft, Max: l.Max}
		var old unix.Rlimit
		if err := unix.Getrlimit(l.Resource, &old); err != nil {
			return fmt.Errorf("limit %d: %w", l.Resource, err)
		}
		// Only down: to raise a limit is a privilege.
		lim.Max = min(lim.Max, old.Max)
		lim.Cur = min(lim.Cur, lim.Max)
		if err := unix.Setrlimit(l.Resource, &lim); err != nil {
			return fmt.Errorf("limit %d to %d: %w", l.Resource, lim.Cur, err)
		}
	}
	return nil
}

// secureBits keep uid 0 from meaning anything, and themselves from changing.
const secureBits = 1<<0 | 1<<1 | // NOROOT
	1<<2 | 1<<3 | // NO_SETUID_FIXUP
	1<<5 | // KEEP_CAPS may not be set
	1<<6 | 1<<7 // NO_CAP_AMBIENT_RAISE

// giveUpPrivileges leaves the calling thread without a capability and without
// a way to one.
func giveUpPrivileges() error {
	if err := unix.Prctl(unix.PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0); err != nil {
		return fmt.Errorf("give up gaining privileges: %w", err)
	}
	if err := unix.Prctl(unix.PR_CAP_AMBIENT, unix.PR_CAP_AMBIENT_CLEAR_ALL, 0, 0, 0); err != nil {
		return fmt.Errorf("clear the ambient capabilities: %w", err)
	}
	for c := uintptr(0); c < 64; c++ {
		err := unix.Prctl(unix.PR_CAPBSET_DROP, c, 0, 0, 0)
		if errors.Is(err, unix.EINVAL) {
			break // one past the last that this kernel knows
		}
		// Who has no right to empty the bounding set has no capability to
		// bound; the sets below and no_new_privs hold.
		if err != nil && !errors.Is(err, unix.EPERM) {
			return fmt.Errorf("drop capability %d: %w", c, err)
		}
	}
	if err := unix.Prctl(unix.PR_SET_SECUREBITS, secureBits, 0, 0, 0); err != nil && !errors.Is(err, unix.EPERM) {
		return fmt.Errorf("set the secure bits: %w", err)
	}
	hdr := unix.CapUserHeader{Version: unix.LINUX_CAPABILITY_VERSION_3}
	var none [2]unix.CapUserData
	if err := unix.Capset(&hdr, &none[0]); err != nil {
		return fmt.Errorf("empty the capability sets: %w", err)
	}
	return nil
}
