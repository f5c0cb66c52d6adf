package audit

import (
	"context"
	"encoding/json"
	"fmt"

	"github.com/proffer-audit/proffer/audit/engine"
	"github.com/proffer-audit/proffer/audit/evidence"
	"github.com/proffer-audit/proffer/audit/fetch"
	"github.com/proffer-audit/proffer/reports"
)

// A Fetcher obtains what a submission names. *fetch.Client is one; a replay has
// none, because its observations come from the dossier.
type Fetcher interface {
	Get(ctx context.Context, req fetch.Request, note fetch.Note) (fetch.Observation, []reports.Fetch, error)
	Modules(ctx context.Context, gosum []byte, note fetch.Note) (fetch.ModuleSet, []reports.Fetch, error)
}

// The names of what an observation step puts out.
const (
	outObservation = "observation"
	outBytes       = "bytes"
	outProof       = "proof"
	outInfo        = "info"
	outMod         = "mod"
)

// wanted is the part of a request that bears on what is obtained; it is the
// parameters of the step and so part of its key. Base is not: it is where the
// manifest lies on this machine.
type wanted struct {
	PURL      string   `json:"purl,omitempty"`
	Locations []string `json:"locations,omitempty"`
	Digest    string   `json:"digest"`
}

// observe plans the transfer of one pinned blob.
func (p *planner) observe(id string, w wanted, limit int64) engine.Step {
	return engine.Step{
		ID: id, Kind: "fetch", Version: 1, Observe: true, Class: engine.Network,
		Params: reports.Params(w),
		Run: func(ctx context.Context, in engine.Input) (engine.Output, error) {
			if p.tools.Fetch == nil {
				return engine.Output{}, errNoFetcher
			}
			req := fetch.Request{PURL: w.PURL, Locations: w.Locations, Digest: w.Digest, Base: p.req.Dir, Max: limit}
			obs, transfers, err := p.tools.Fetch.Get(ctx, req, stepNote(id, in))
			recordTransfers(in, id, transfers)
			if err != nil {
				return engine.Output{}, fmt.Errorf("fetch: %w", err)
			}
			return keepObservation(in.Store, obs)
		},
	}
}

// keepObservation names the blobs of an observation. One that obtained nothing
// holds for this run only: the next run tries again.
func keepObservation(store evidence.Writer, obs fetch.Observation) (engine.Output, error) {
	raw, err := json.Marshal(obs)
	if err != nil {
		return engine.Output{}, fmt.Errorf("write observation: %w", err)
	}
	d, err := putBytes(store, outObservation, mediaJSON, raw)
	if err != nil {
		return engine.Output{}, err
	}
	out := engine.Output{
		Outputs:   []evidence.Descriptor{d},
		Transient: obs.Outcome != fetch.Obtained,
	}
	for name, blob := range map[string]*evidence.Descriptor{
		outBytes: obs.Blob, outProof: obs.Proof, outInfo: obs.Info, outMod: obs.Mod, "attestations": obs.Attestations,
	} {
		if blob != nil {
			b := *blob
			b.Name = name
			out.Outputs = append(out.Outputs, b)
		}
	}
	return out, nil
}

// stepNote passes progress on under the step's id.
func stepNote(id string, in engine.Input) fetch.Note {
	return func(e engine.Event) {
		e.Step = id
		in.Events(e)
	}
}

// recordTransfers hands the transfers to the run record.
func recordTransfers(in engine.Input, id string, transfers []reports.Fetch) {
	for i := range transfers {
		transfers[i].Step = id
	}
	in.Events(engine.Event{Step: id, Phase: engine.Recorded, Record: transfers})
}

// observed reads what a fetch step observed.
func observed(in engine.Input, step string) (fetch.Observation, error) {
	d, err := needed(in, step, outObservation)
	if err != nil {
		return fetch.Observation{}, err
	}
	raw, err := in.Store.Read(d.Digest, maxDocument)
	if err != nil {
		return fetch.Observation{}, fmt.Errorf("read %s: %w", step, err)
	}
	obs, err := fetch.ParseObservation(raw)
	if err != nil {
		return obs, fmt.Errorf("read %s: %w", step, err)
	}
	return obs, nil
}
