package rebuild

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"

	"github.com/proffer-audit/proffer/audit/archive"
	"github.com/proffer-audit/proffer/audit/compare"
	"github.com/proffer-audit/proffer/audit/evidence"
	"github.com/proffer-audit/proffer/audit/sandbox"
	"github.com/proffer-audit/proffer/audit/workspace"
	"github.com/proffer-audit/proffer/reports"
)

// box is the part of a sandbox that a job needs.
type box interface {
	Run(ctx context.Context, c sandbox.Command) (sandbox.Result, error)
	Bind(host, name string, writable bool) sandbox.Bind
	Place(name string) string
	CanPlace() bool
	Grant(path string) error
}

// Run does a job in the sandbox. What the vendor's files, recipe or build are at
// fault for is in the result; the error says what this machine could not do.
// scratch is a folder in which a private one is made, and removed again.
//
// The sandbox's program must know the worker GitRole (GitStandIn) when a recipe
// has a stamp.
func Run(ctx context.Context, sb *sandbox.Sandbox, store evidence.ReadWriter, scratch string, job Job) (Result, Usage, error) {
	if sb == nil {
		return Result{}, Usage{}, errors.New("rebuild: no sandbox: nothing of the vendor's is run without one")
	}
	return run(ctx, sb, store, scratch, job)
}

func run(ctx context.Context, sb box, store evidence.ReadWriter, scratch string, job Job) (Result, Usage, error) {
	j := &running{box: sb, store: store, job: job, result: Result{
		File: job.File, Artifact: job.Artifact.Blob, Source: job.Source.Blob.Digest,
		Toolchain: job.Toolchain.Blob.Digest, Patches: patchNames(job.Patches), Itself: job.buildsItself(),
		Opaque: []string{}, Removed: []workspace.Node{}, Dropped: []workspace.Node{}, Left: []workspace.Node{},
		Odd: []workspace.Node{}, Anomalies: []archive.Anomaly{}, Coverage: []Covered{},
	}}
	dir, err := os.MkdirTemp(scratch, "rebuild-")
	if err != nil {
		return j.result, j.usage, fmt.Errorf("rebuild: %w", err)
	}
	err = j.all(ctx, filepath.Join(dir, "w"))
	var p *problem
	if errors.As(err, &p) {
		j.result.Code, j.result.Reason, err = p.code, p.reason, nil
		if p.code == CommandFailed || p.code == NoOutput {
			j.result.Level = reports.BuildFailed
		}
	}
	if j.shipped != nil {
		built := evidence.Digest("")
		if j.result.Level == reports.BitIdentical {
			built = j.result.Rebuilt.Digest
		}
		j.result.Coverage = cover(j.shipped, built, j.files)
	}
	if removed := workspace.Remove(dir); err == nil && removed != nil {
		err = removed
	}
	if err != nil {
		err = fmt.Errorf("rebuild: %w", err)
	}
	return j.result, j.usage, err
}

// running is a job being done.
type running struct {
	box     box
	store   evidence.ReadWriter
	job     Job
	shipped *shipped
	files   []workspace.File // of the source
	layout  *workspace.Layout
	// toolchain is the folder of the toolchain that builds: the layout's, or the
	// patched one beside it.
	toolchain string
	cache     string // name of the build cache that goes with it, "" for the usual
	noInfo    string // folder of the toolchain whose linker writes no build info
	infoPatch evidence.Descriptor
	place     placement
	dir       string // of the layout
	world     world
	varies    int    // builds in other worlds
	quiet     bool   // one of them: nothing is kept of its log
	log       []byte // settled, for the result
	result    Result
	usage     Usage
}

func (j *running) all(ctx context.Context, dir string) error {
	var err error
	if j.shipped, err = readShipped(j.store, j.job); err != nil {
		return err
	}
	j.result.Anomalies = append(j.result.Anomalies, j.shipped.anomalies...)
	if j.result.Shipped, err = j.keep("shipped", j.shipped.file); err != nil {
		return err
	}
	if err := j.admissible(); err != nil {
		return err
	}
	if err := j.lay(dir); err != nil {
		return err
	}
	if err := j.patched(ctx); err != nil {
		return err
	}
	if j.job.Infer {
		return j.infer(ctx)
	}
	if err := j.prepared(); err != nil {
		return err
	}
	if err := j.recognise(ctx); err != nil {
		return err
	}
	if err := j.commands(ctx); err != nil {
		return err
	}
	if err := j.compare(); err != nil {
		return err
	}
	if err := j.vary(ctx); err != nil {
		return err
	}
	return j.explain(ctx)
}

// admissible refuses what cannot be run here as it is meant.
func (j *running) admissible() error {
	r := j.job.Recipe
	if j.job.Infer {
		return nil
	}
	if err := r.check(); err != nil {
		return err
	}
	if r.Paths != nil && !j.box.CanPlace() {
		return problemf(NeedsPaths, "the recipe needs the builder's absolute paths, which this tier of the sandbox cannot mount")
	}
	return nil
}

// lay lays out the trees and decides where they appear.
func (j *running) lay(dir string) error {
	j.dir = dir
	l, err := workspace.Lay(j.store, dir, workspace.Spec{
		Source: &j.job.Source, Toolchain: &j.job.Toolchain, Modules: j.job.Modules,
		Targets: j.shipped.targets(j.job), Limits: j.job.Limits.Archive,
	})
	var format *archive.FormatError
	var limit *archive.LimitError
	if errors.As(err, &format) || errors.As(err, &limit) {
		return problemf(SourceUnreadable, "%v", err)
	}
	if err != nil {
		return err
	}
	j.layout, j.files = l, l.Files
	j.result.Removed = append(j.result.Removed, l.Removed...)
	j.result.Dropped = append(j.result.Dropped, l.Dropped...)
	j.result.Left = append(j.result.Left, l.Left...)
	j.result.Odd = append(j.result.Odd, l.Anomalies...)
	j.toolchain = l.Toolchain
	return j.box.Grant(dir)
}

// prepared makes ready what the recipe asks for beside its commands.
func (j *running) prepared() error {
	r := &j.job.Recipe
	if r.VCS != nil {
		v := r.VCS.withTags(j.shipped.file)
		j.result.Stamp, r.VCS = &v, &v
	}
	var err error
	j.place, err = j.ready(j.usual())
	return err
}

// compare sets what was built against what was shipped.
func (j *running) compare() error {
	built, err := collect(j.layout.Source, j.job.Recipe.Output)
	if err != nil {
		return err
	}
	d, err := j.keep("rebuilt", built)
	if err != nil {
		return err
	}
	c, err := compare.Artifacts(j.shipped.file, built, compare.Limits{})
	if err != nil {
		return problemf(LimitHit, "the comparison came to a limit: %v", err)
	}
	j.result.Rebuilt, j.result.Comparison, j.result.Level = &d, &c, c.Level
	return nil
}

func (j *running) keep(name string, data []byte) (evidence.Descriptor, error) {
	d, err := j.store.PutBytes(data)
	if err != nil {
		return evidence.Descriptor{}, fmt.Errorf("keep the %s file: %w", name, err)
	}
	return evidence.Descriptor{Name: name, MediaType: "application/octet-stream", Digest: d, Size: int64(len(data))}, nil
}
