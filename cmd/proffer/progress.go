package main

import (
	"fmt"
	"io"
	"sync"

	"github.com/schollz/progressbar/v3"

	"github.com/proffer-audit/proffer/audit/engine"
	"github.com/proffer-audit/proffer/reports"
	"github.com/proffer-audit/proffer/reports/safetext"
)

// progress shows how a run goes: a bar over the steps on a terminal, a line per
// step elsewhere. It never writes to stdout.
type progress struct {
	mu    sync.Mutex
	w     io.Writer
	bar   *progressbar.ProgressBar // nil: lines
	quiet bool
}

func newProgress(w io.Writer, terminal, quiet, color bool, steps int) *progress {
	p := &progress{w: w, quiet: quiet}
	if terminal && !quiet {
		p.bar = progressbar.NewOptions(steps,
			progressbar.OptionSetWriter(w), progressbar.OptionShowCount(), progressbar.OptionClearOnFinish(),
			progressbar.OptionEnableColorCodes(color), progressbar.OptionSetWidth(24))
	}
	return p
}

// watch takes the events of a run.
func (p *progress) watch(e engine.Event) {
	if p.quiet {
		return
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	p.transfers(e)
	if p.bar != nil {
		p.draw(e)
		return
	}
	switch e.Phase {
	case engine.Started:
		fmt.Fprintf(p.w, "start   %s\n", e.Step)
	case engine.Done:
		if e.Cached {
			fmt.Fprintf(p.w, "cached  %s\n", e.Step)
		} else {
			fmt.Fprintf(p.w, "done    %s (%.1fs)\n", e.Step, e.Took.Seconds())
		}
	case engine.Failed:
		fmt.Fprintf(p.w, "failed  %s: %s\n", e.Step, safetext.Of(errText(e.Err)))
	case engine.Skipped:
		fmt.Fprintf(p.w, "skipped %s\n", e.Step)
	}
}

// transfers names the transfers that failed, where the steps that wanted them
// can only say that nothing came.
func (p *progress) transfers(e engine.Event) {
	list, ok := e.Record.([]reports.Fetch)
	if !ok {
		return
	}
	for _, t := range list {
		if t.Error.IsZero() {
			continue
		}
		if p.bar != nil {
			_ = p.bar.Clear() // see draw
		}
		fmt.Fprintf(p.w, "no luck %s: %s: %s\n", t.Step, t.URL, t.Error)
	}
}

// draw updates the bar; that a terminal could not be drawn on is nothing that
// an audit can act on.
func (p *progress) draw(e engine.Event) {
	switch e.Phase {
	case engine.Started:
		p.bar.Describe(e.Step)
	case engine.Progress:
		if e.Total > 0 {
			p.bar.Describe(fmt.Sprintf("%s %d/%d MiB", e.Step, e.Bytes>>20, e.Total>>20))
		}
	case engine.Done, engine.Failed, engine.Skipped:
		_ = p.bar.Add(1)
	}
}

func errText(err error) string {
	if err == nil {
		return ""
	}
	return err.Error()
}

// finish leaves the terminal as it was.
func (p *progress) finish() {
	if p.bar != nil {
		_ = p.bar.Finish() // see draw
	}
}
