package audit

import (
	"encoding/json"
	"fmt"

	"github.com/proffer-audit/proffer/attest/statement"
	"github.com/proffer-audit/proffer/audit/engine"
	"github.com/proffer-audit/proffer/audit/evidence"
)

// Media types of the blobs that an audit makes itself.
const (
	mediaJSON  = "application/json"
	mediaYAML  = "application/yaml"
	mediaBytes = "application/octet-stream"
)

// maxDocument caps the JSON documents that steps hand to each other, in bytes.
const maxDocument = 256 << 20

// putJSON keeps v in its canonical form under a name.
func putJSON(w evidence.Writer, name string, v any) (evidence.Descriptor, error) {
	raw, err := statement.Canonical(v)
	if err != nil {
		return evidence.Descriptor{}, fmt.Errorf("write %s: %w", name, err)
	}
	return putBytes(w, name, mediaJSON, raw)
}

func putBytes(w evidence.Writer, name, media string, raw []byte) (evidence.Descriptor, error) {
	d, err := w.PutBytes(raw)
	if err != nil {
		return evidence.Descriptor{}, fmt.Errorf("keep %s: %w", name, err)
	}
	return evidence.Descriptor{Name: name, MediaType: media, Digest: d, Size: int64(len(raw))}, nil
}

// readJSON reads a document that a step of this program wrote. It is read from
// the store by digest, so its bytes are what that step wrote.
func readJSON(r evidence.Reader, d evidence.Descriptor, into any) error {
	raw, err := r.Read(d.Digest, maxDocument)
	if err != nil {
		return fmt.Errorf("read %s: %w", d.Name, err)
	}
	if err := json.Unmarshal(raw, into); err != nil {
		return fmt.Errorf("read %s: %w", d.Name, err)
	}
	return nil
}

// needed returns the output of a step that this one needs.
func needed(in engine.Input, step, output string) (evidence.Descriptor, error) {
	d, ok := in.Needs[step][output]
	if !ok {
		return d, fmt.Errorf("step %s gave no %s", step, output)
	}
	return d, nil
}

// outputs collects what a step found, keeping the first error.
type outputs struct {
	store evidence.Writer
	out   engine.Output
	err   error
}

func (o *outputs) json(name string, v any) evidence.Descriptor {
	if o.err != nil {
		return evidence.Descriptor{}
	}
	d, err := putJSON(o.store, name, v)
	o.err = err
	o.out.Outputs = append(o.out.Outputs, d)
	return d
}

// link adds a blob that is in the store already.
func (o *outputs) link(name string, d evidence.Descriptor) {
	d.Name = name
	o.out.Outputs = append(o.out.Outputs, d)
}

func (o *outputs) done() (engine.Output, error) { return o.out, o.err }
