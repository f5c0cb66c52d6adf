package sandbox

import (
	"context"
	"errors"
	"fmt"
	"os"

	"golang.org/x/sys/unix"

	"github.com/proffer-audit/proffer/reports/safetext"
)

// unavailableHint tells a person what to do where nothing isolates.
const unavailableHint = "allow unprivileged user namespaces (sysctl user.max_user_namespaces, kernel.unprivileged_userns_clone, " +
	"kernel.apparmor_restrict_unprivileged_userns), or use a kernel with Landlock (Linux 5.13 or newer, lsm=landlock), or a virtual machine"

// tuning is what tests change to stand for other kernels.
type tuning struct {
	abi      int      // newest version of Landlock to use; -1 for none
	omit     []string // layers to leave out
	noIDMap  bool     // as on a file system without idmapped mounts
	noCgroup bool     // as without a cgroup to be had
}

func open(ctx context.Context, o Options) (*Sandbox, error) {
	return openTuned(ctx, o, tuning{abi: newestABI})
}

// openTuned tries the tiers in order and probes each before it trusts it.
func openTuned(ctx context.Context, o Options, t tuning) (*Sandbox, error) {
	if o.Min == "" {
		o.Min = Landlock
	}
	tiers := []Tier{Namespaces, Landlock}
	if o.Force != "" {
		tiers = []Tier{o.Force}
	}
	fail := &UnavailableError{Hint: unavailableHint}
	for _, tier := range tiers {
		sb, err := tryTier(ctx, tier, o, t)
		if err == nil {
			for _, r := range fail.Refusals {
				sb.record.Refused = append(sb.record.Refused, safetext.Sprintf("%s: %s: %s", r.Tier, r.Stage, brief(r.Err)))
			}
			return sb, nil
		}
		if ctx.Err() != nil {
			return nil, ctx.Err()
		}
		r := Refusal{Tier: tier, Stage: "start", Err: err}
		var se *SetupError
		if errors.As(err, &se) {
			r.Stage, r.Err = se.Stage, se.Err
		}
		fail.Refusals = append(fail.Refusals, r)
	}
	return nil, fail
}

// tryTier makes a sandbox of one tier and lets the probe attack it.
func tryTier(ctx context.Context, tier Tier, o Options, t tuning) (*Sandbox, error) {
	if tier != Namespaces && tier != Landlock {
		return nil, at("policy", fmt.Errorf("%q is no tier that isolates", tier))
	}
	if tier.rank() < o.Min.rank() {
		return nil, at("policy", fmt.Errorf("weaker than %s, the least that is accepted", o.Min))
	}
	if auditArch == 0 {
		return nil, at("filter", errors.New("no system call filter was written for this architecture"))
	}
	l, err := newLauncher(tier, o.Scratch, t)
	if err != nil {
		return nil, err
	}
	sb := &Sandbox{tier: tier, impl: l}
	if err := l.prove(ctx, &sb.record); err != nil {
		return nil, errors.Join(err, l.close())
	}
	return sb, nil
}

// newLauncher gathers what every run needs. The error names the stage.
func newLauncher(tier Tier, scratch string, t tuning) (*launcher, error) {
	self, err := thisProgram()
	if err != nil {
		return nil, at("program", err)
	}
	id, err := hostIdentity()
	if err != nil {
		return nil, at("identity", err)
	}
	if tier == Landlock { // it shares the host's ids
		id = identity{uid: os.Geteuid(), gid: os.Getegid()}
	}
	l := &launcher{tier: tier, self: self, id: id, tuning: t, abi: min(landlockABI(), t.abi)}
	if tier == Landlock && l.abi < 1 {
		return nil, at("landlock", fmt.Errorf("this kernel has it not, or not switched on: %w", unix.EOPNOTSUPP))
	}
	if l.outer, err = namespaceIDs(); err != nil {
		return nil, at("namespaces", err)
	}
	if l.scratch, err = os.MkdirTemp(scratch, "proffer-"); err != nil {
		return nil, at("scratch", err)
	}
	if err := l.prepare(); err != nil {
		return nil, errors.Join(err, l.close())
	}
	return l, nil
}
