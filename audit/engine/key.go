package engine

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"slices"
	"strconv"
	"strings"

	"github.com/gowebpki/jcs"

	"github.com/proffer-audit/proffer/audit/evidence"
)

// keyed is everything that a step's result may depend on.
type keyed struct {
	Kind    string          `json:"kind"`
	Version int             `json:"version"`
	Tool    string          `json:"tool"`
	Params  json.RawMessage `json:"params"`
	Inputs  []keyedBlob     `json:"inputs"`
	Needs   []keyedNeed     `json:"needs"`
}

type keyedBlob struct {
	Name      string          `json:"name"`
	MediaType string          `json:"mediaType"`
	Digest    evidence.Digest `json:"digest"`
}

type keyedNeed struct {
	Step    string      `json:"step"`
	Outputs []keyedBlob `json:"outputs"`
}

// Key is the name of a step's result: the SHA-256 of the canonical JSON of its
// kind, version, tool and parameters, its inputs, and the outputs of the steps
// that it needs, which must all be in needs. The step's own id is not in it, so
// that two audits share what they have in common; nor are clock, host or limits.
func Key(s Step, needs map[string]Result) (evidence.Digest, error) {
	params, err := canonicalParams(s.Params)
	if err != nil {
		return "", &PlanError{s.ID, err.Error()}
	}
	k := keyed{Kind: s.Kind, Version: s.Version, Tool: s.Tool, Params: params, Inputs: keyedBlobs(s.Inputs), Needs: []keyedNeed{}}
	for _, id := range slices.Sorted(slices.Values(s.Needs)) {
		need, ok := needs[id]
		if !ok {
			return "", &PlanError{s.ID, fmt.Sprintf("there is no result of %q, which it needs", id)}
		}
		k.Needs = append(k.Needs, keyedNeed{Step: id, Outputs: keyedBlobs(need.Outputs)})
	}
	raw, err := canonical(k)
	if err != nil {
		return "", &PlanError{s.ID, err.Error()}
	}
	return evidence.Of(raw), nil
}

func keyedBlobs(list []evidence.Descriptor) []keyedBlob {
	blobs := make([]keyedBlob, len(list))
	for i, d := range list {
		blobs[i] = keyedBlob{Name: d.Name, MediaType: d.MediaType, Digest: d.Digest}
	}
	slices.SortFunc(blobs, func(a, b keyedBlob) int { return strings.Compare(a.Name, b.Name) })
	return blobs
}

// canonical is the RFC 8785 form of v.
func canonical(v any) ([]byte, error) {
	raw, err := json.Marshal(v)
	if err != nil {
		return nil, err
	}
	return jcs.Transform(raw)
}

// canonicalParams is the RFC 8785 form of parameters; none are null. A number
// that this form would change is refused: two parameters that are not the same
// must not have the same key.
func canonicalParams(raw json.RawMessage) (json.RawMessage, error) {
	if len(raw) == 0 {
		return json.RawMessage("null"), nil
	}
	if err := exactNumbers(raw); err != nil {
		return nil, fmt.Errorf("parameters: %w", err)
	}
	out, err := jcs.Transform(raw)
	if err != nil {
		return nil, fmt.Errorf("parameters: %w", err)
	}
	return out, nil
}

// exactNumbers refuses whole numbers that JavaScript's numbers cannot tell apart.
func exactNumbers(raw []byte) error {
	const largest = 1<<53 - 1
	dec := json.NewDecoder(bytes.NewReader(raw))
	dec.UseNumber()
	for {
		token, err := dec.Token()
		if errors.Is(err, io.EOF) {
			return nil
		}
		if err != nil {
			return err
		}
		number, ok := token.(json.Number)
		if !ok || strings.ContainsAny(string(number), ".eE") {
			continue
		}
		if n, err := strconv.ParseInt(string(number), 10, 64); err != nil || n > largest || n < -largest {
			return fmt.Errorf("the number %.40s is beyond 2^53 and has no exact canonical form: write it as a string", number)
		}
	}
}
