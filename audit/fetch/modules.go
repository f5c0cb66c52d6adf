package fetch

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"sync/atomic"

	"golang.org/x/mod/module"

	"github.com/proffer-audit/proffer/audit/evidence"
	"github.com/proffer-audit/proffer/reports"
)

// A Module is one module version of a go.sum, as obtained. Zip is nil where
// go.sum pins only go.mod, Mod where it pins only the zip, and either where it
// is among the missing.
type Module struct {
	Path    string               `json:"path"`
	Version string               `json:"version"`
	H1      string               `json:"h1,omitempty"`
	GoModH1 string               `json:"goModH1,omitempty"`
	Zip     *evidence.Descriptor `json:"zip,omitempty"`
	Mod     *evidence.Descriptor `json:"mod,omitempty"`
	Info    *evidence.Descriptor `json:"info,omitempty"` // the proxy's word; nothing proves it
}

// The parts of a module.
const (
	PartZip = "zip"
	PartMod = "mod"
)

// A Lack is a part of a module that go.sum pins and that was not obtained.
type Lack struct {
	Path     string `json:"path"`
	Version  string `json:"version"`
	Part     string `json:"part"` // PartZip or PartMod
	Code     Code   `json:"code"`
	Observed string `json:"observed,omitempty"` // the digest of what came instead
}

// An Unproven is a module that the checksum database did not vouch for.
type Unproven struct {
	Path    string `json:"path"`
	Version string `json:"version"`
	Code    Code   `json:"code"`
	Detail  string `json:"detail,omitempty"`
}

// A ModuleSet is the observation of all modules of one go.sum, ordered by path
// and version. What is said of Observation holds for it too.
type ModuleSet struct {
	Modules  []Module             `json:"modules"`
	Missing  []Lack               `json:"missing"`
	Proof    *evidence.Descriptor `json:"proof,omitempty"` // one for all
	Unproven []Unproven           `json:"unproven"`
}

// ParseModuleSet reads the JSON of a ModuleSet strictly; see ParseObservation.
func ParseModuleSet(data []byte) (ModuleSet, error) {
	var s ModuleSet
	if err := parseOwn(data, &s); err != nil {
		return ModuleSet{}, err
	}
	return s, nil
}

// Modules obtains every module that a go.sum pins: .zip, .mod and .info for a
// module, .mod alone where only go.mod is pinned, each held to its digest, and
// one proof by the checksum database for all that was obtained. The error is an
// *Error with code BadGoSum, or of the store or the context; what could not be
// had is in the set. Transfers come ordered by address.
func (c *Client) Modules(ctx context.Context, gosum []byte, note Note) (ModuleSet, []reports.Fetch, error) {
	sums, err := ParseGoSum(gosum)
	if err != nil {
		return ModuleSet{}, nil, err
	}
	all := &job{c: c, note: note, max: c.opt.MaxBytes}
	got := make([]fetched, len(sums))
	b := &breaker{}
	var done atomic.Int64
	each(ctx, len(sums), func(i int) {
		got[i] = c.module(ctx, sums[i], all, b)
		all.progress(fmt.Sprintf("module %d of %d", done.Add(1), len(sums)), 0, 0)
	})
	if ctx.Err() != nil {
		return ModuleSet{}, all.ordered(), context.Cause(ctx)
	}
	set := ModuleSet{Modules: []Module{}, Missing: []Lack{}, Unproven: []Unproven{}}
	for _, f := range got {
		if f.err != nil {
			return ModuleSet{}, all.ordered(), f.err
		}
		set.Modules = append(set.Modules, f.module)
		set.Missing = append(set.Missing, f.lacks...)
	}
	if err := set.prove(ctx, all); err != nil {
		return ModuleSet{}, all.ordered(), err
	}
	return set, all.ordered(), nil
}

func (j *job) ordered() []reports.Fetch {
	all := j.transfers()
	slices.SortStableFunc(all, func(a, b reports.Fetch) int { return strings.Compare(a.URL.String(), b.URL.String()) })
	return all
}

type fetched struct {
	module Module
	lacks  []Lack
	err    error
}

// module obtains one module version of a go.sum.
func (c *Client) module(ctx context.Context, sum Sum, all *job, b *breaker) (f fetched) {
	f.module = Module{Path: sum.Path, Version: sum.Version, H1: sum.H1, GoModH1: sum.GoModH1}
	m := module.Version{Path: sum.Path, Version: sum.Version}
	j := &job{c: c, mod: m, max: c.opt.MaxBytes}
	defer func() { all.adopt(j) }()
	if sum.H1 != "" {
		if f.err = f.zip(ctx, j, sum.H1, b); f.err != nil {
			return f
		}
		info, err := j.moduleText(ctx, m, ".info", maxInfo)
		if err == nil {
			f.module.Info, f.err = c.keepBytes("info", MediaJSON, info)
		} else if CodeOf(err) == "" {
			f.err = err
		}
	}
	if sum.GoModH1 != "" && f.err == nil {
		f.err = f.mod(ctx, j, sum.GoModH1, b)
	}
	return f
}

// adopt takes over the records of a part of the work.
func (j *job) adopt(part *job) {
	j.mu.Lock()
	defer j.mu.Unlock()
	j.records = append(j.records, part.records...)
}

func (f *fetched) zip(ctx context.Context, j *job, h1 string, b *breaker) error {
	pin, err := ParsePin(h1)
	if err != nil {
		return err
	}
	j.pin, j.obs = pin, Observation{Pin: h1}
	err = b.do(func() error { return j.moduleZip(ctx) })
	if own, ok := errors.AsType[*Error](err); ok {
		j.missed(own)
		f.lack(PartZip, j.obs.Code, j.obs.Observed)
		return nil
	}
	if err == nil {
		f.module.Zip = j.obs.Blob
		f.module.Zip.Name = PartZip
	}
	return err
}

func (f *fetched) mod(ctx context.Context, j *job, h1 string, b *breaker) error {
	rel, err := moduleFile(j.mod, ".mod")
	if err != nil {
		return err
	}
	var data []byte
	observed := ""
	err = b.do(func() error {
		return j.fromProxies(j.mod, rel, func(p goProxy) error {
			var err error
			if data, err = j.readProxy(ctx, p, rel, maxMod); err != nil {
				return err
			}
			got, err := hashGoMod(data)
			if err != nil || got == h1 {
				return err
			}
			observed = got
			return j.skip(p.label(rel), refuse(Mismatch, "", "go.mod has digest %s, pinned is %s", got, h1))
		})
	})
	if code := CodeOf(err); code != "" {
		f.lack(PartMod, code, observed)
		return nil
	}
	if err == nil {
		f.module.Mod, err = j.c.keepBytes(PartMod, MediaText, data)
	}
	return err
}

func (f *fetched) lack(part string, code Code, observed string) {
	f.lacks = append(f.lacks, Lack{
		Path: f.module.Path, Version: f.module.Version, Part: part, Code: code, Observed: observed,
	})
}

// prove asks the checksum database about everything that was obtained.
func (s *ModuleSet) prove(ctx context.Context, j *job) error {
	var mods []module.Version
	for _, m := range s.Modules {
		if m.Zip != nil || m.Mod != nil {
			mods = append(mods, module.Version{Path: m.Path, Version: m.Version})
		}
	}
	p, err := j.ask(ctx, mods)
	if err != nil {
		return err
	}
	for _, m := range mods {
		if why, failed := p.failed[m]; failed {
			s.Unproven = append(s.Unproven, Unproven{m.Path, m.Version, why.code, why.shown()})
		}
	}
	if p.doc != nil {
		s.Proof, err = j.c.keepProof(p.doc)
	}
	return err
}
