package fetch

import (
	"context"
	"errors"
	"fmt"
	"sync"

	"golang.org/x/mod/module"

	"github.com/proffer-audit/proffer/audit/engine"
	"github.com/proffer-audit/proffer/audit/evidence"
	"github.com/proffer-audit/proffer/reports"
	"github.com/proffer-audit/proffer/reports/safetext"
)

// A job is one request under way.
type job struct {
	c    *Client
	req  Request
	pin  Pin
	pkg  pkg            // zero without a purl
	mod  module.Version // zero unless the purl is a Go module's
	max  int64
	note Note
	obs  Observation
	// discover takes the first content for the pinned one.
	discover bool

	mu      sync.Mutex
	records []*reports.Fetch
}

func (c *Client) newJob(req Request, note Note) (*job, error) {
	pin, err := ParsePin(req.Digest)
	if err != nil {
		return nil, err
	}
	j := &job{c: c, req: req, pin: pin, note: note, max: c.opt.MaxBytes}
	if req.Max > 0 {
		j.max = min(req.Max, j.max)
	}
	j.obs = Observation{PURL: req.PURL, Pin: pin.String()}
	if req.PURL != "" {
		if err := j.identify(req.PURL); err != nil {
			return nil, err
		}
	}
	if pin.Algorithm == H1 && j.mod.Path == "" {
		return nil, refuse(BadPin, req.PURL, "an h1: digest is of a Go module, and this is none").
			hint("give the purl pkg:golang/…, or a sha256:")
	}
	return j, nil
}

// identify reads the purl. Types without a registry protocol here are names
// only: their bytes come from locations.
func (j *job) identify(purl string) error {
	p, err := parsePURL(purl)
	if err != nil {
		return err
	}
	j.pkg = p
	switch p.typ {
	case typeGo:
		j.mod, err = p.module()
		return err
	case typeNPM:
		return p.checkNPM()
	}
	return nil
}

// A place is somewhere the pinned bytes may be. It returns nil when it had them.
type place func(ctx context.Context) error

func (j *job) places() ([]place, error) {
	var all []place
	for _, location := range j.req.Locations {
		all = append(all, j.location(location))
	}
	switch {
	case j.mod.Path != "" && j.pin.Algorithm != Tree:
		all = append(all, j.moduleZip)
	case j.pkg.typ == typeNPM && j.pin.Algorithm != Tree:
		all = append(all, j.npmTarball)
	}
	if len(all) == 0 {
		return nil, refuse(BadLocation, j.req.PURL, "nothing says where to get this").
			hint("give locations, or a purl of type golang or npm")
	}
	return all, nil
}

// fromStore takes what the store already holds under a sha256 pin, verified.
func (j *job) fromStore() error {
	if j.pin.Algorithm != SHA256 {
		return nil
	}
	d := evidence.Digest(j.pin.String())
	if !j.c.opt.Store.Has(d) {
		return nil
	}
	got, size, err := hashBlob(j.c.opt.Store, d, SHA256)
	if errors.Is(err, evidence.ErrCorrupt) || err == nil && got != j.pin {
		return nil // a fresh copy replaces the damaged one
	}
	if err != nil {
		return fmt.Errorf("read what the store has: %w", err)
	}
	if size > j.max {
		return nil
	}
	j.obtained(d, size, MediaBytes)
	return nil
}

func (j *job) obtained(d evidence.Digest, size int64, media string) {
	if j.mod.Path != "" {
		media = MediaZip
	}
	j.obs.Outcome, j.obs.Code, j.obs.Observed = Obtained, "", ""
	j.obs.Blob = &evidence.Descriptor{Name: "bytes", MediaType: media, Digest: d, Size: size}
}

// missed notes that a place did not have the bytes. A mismatch outweighs every
// other reason, and the first of equal weight stays.
func (j *job) missed(e *Error) {
	switch {
	case e.Code == Mismatch:
		j.obs.Outcome, j.obs.Code = Mismatched, Mismatch
	case j.obs.Outcome == "":
		j.obs.Outcome, j.obs.Code = Missing, e.Code
	}
}

// accept holds staged content against the pin, and keeps it if it is right.
// What is wrong is noted as what the place serves only when it is final.
func (j *job) accept(s *staged, media string, final bool) error {
	observed, err := j.observe(s)
	if err != nil {
		return err
	}
	if j.discover {
		found, err := ParsePin(observed)
		if err != nil {
			return err
		}
		if found.Algorithm != j.pin.Algorithm {
			return refuse(BadZip, "", "the content is no module zip (%s)", observed)
		}
		j.pin, j.obs.Pin = found, observed
	}
	if observed == j.pin.String() {
		d, err := j.c.keep(s, j.max)
		if err != nil {
			return err
		}
		j.obtained(d, s.size, media)
		return nil
	}
	if final && j.obs.Observed == "" {
		j.obs.Observed = observed
		if s.size <= keepMismatch {
			d, err := j.c.keep(s, keepMismatch)
			if err != nil {
				return err
			}
			j.obs.Blob = &evidence.Descriptor{Name: "bytes", MediaType: MediaBytes, Digest: d, Size: s.size}
		}
	}
	return refuse(Mismatch, "", "the content has digest %s, pinned is %s", observed, j.pin)
}

// observe is the digest of staged content in the pin's algorithm. What has none
// there, such as a file that is no module zip, is named by its sha256.
func (j *job) observe(s *staged) (string, error) {
	switch j.pin.Algorithm {
	case SHA512:
		return string(SHA512) + ":" + s.sha512, nil
	case Tree:
		if s.tree != "" {
			return s.tree, nil
		}
	case H1:
		h1, err := s.moduleHash(j.mod)
		if err == nil {
			return h1, nil
		}
		if CodeOf(err) != BadZip {
			return "", err
		}
	}
	return string(s.sha256), nil
}

// begin opens the record of one transfer.
func (j *job) begin(address string) *reports.Fetch {
	r := &reports.Fetch{URL: safetext.Of(address)}
	j.mu.Lock()
	defer j.mu.Unlock()
	j.records = append(j.records, r)
	return r
}

// skip records a place that was not tried, and why.
func (j *job) skip(address string, e *Error) *Error {
	r := j.begin(address)
	r.Error = safetext.Of(e.Error())
	return e
}

func (j *job) transfers() []reports.Fetch {
	j.mu.Lock()
	defer j.mu.Unlock()
	out := make([]reports.Fetch, 0, len(j.records))
	for _, r := range j.records {
		out = append(out, *r)
	}
	return out
}

// progress tells a watcher how far a transfer is.
func (j *job) progress(what string, done, total int64) {
	if j.note != nil {
		j.note(Event{Phase: engine.Progress, Note: safetext.Of(what).String(), Bytes: done, Total: max(total, 0)})
	}
}
