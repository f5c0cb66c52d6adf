package claim

import (
	"errors"
	"slices"
	"strings"
	"time"
)

// Build is what a builder says about one build, to be written as SLSA
// provenance v1.
type Build struct {
	BuilderID string // URI of who built
	BuildType string // URI of how External is to be read
	External  any    // parameters that were asked for; an object
	Internal  any    // parameters that the builder set; an object, or nil
	// Dependencies and Byproducts are written in the order of their URIs.
	Dependencies []Resource
	Byproducts   []Resource
	Invocation   string    // the builder's own name for the run, or ""
	Started      time.Time // left out if zero: there is no clock here
	Finished     time.Time // left out if zero
}

// ProvenanceV1 is the predicate of SLSA provenance v1, as statement.New takes it.
type ProvenanceV1 struct {
	Definition provenanceDefinition `json:"buildDefinition"`
	Details    provenanceDetails    `json:"runDetails"`
}

type provenanceDefinition struct {
	BuildType    string     `json:"buildType"`
	External     any        `json:"externalParameters"`
	Internal     any        `json:"internalParameters,omitempty"`
	Dependencies []Resource `json:"resolvedDependencies,omitempty"`
}

type provenanceDetails struct {
	Builder    provenanceBuilder   `json:"builder"`
	Metadata   *provenanceMetadata `json:"metadata,omitempty"`
	Byproducts []Resource          `json:"byproducts,omitempty"`
}

type provenanceBuilder struct {
	ID string `json:"id"`
}

type provenanceMetadata struct {
	Invocation string `json:"invocationId,omitempty"`
	Started    string `json:"startedOn,omitempty"`
	Finished   string `json:"finishedOn,omitempty"`
}

// NewProvenance writes the provenance of a build. Its type goes with it as
// ProvenanceType.
func NewProvenance(b Build) (ProvenanceV1, error) {
	if b.BuilderID == "" || b.BuildType == "" || b.External == nil {
		return ProvenanceV1{}, errors.New("SLSA provenance needs builder, build type and external parameters")
	}
	p := ProvenanceV1{
		Definition: provenanceDefinition{
			BuildType: b.BuildType, External: b.External, Internal: b.Internal,
			Dependencies: sortedResources(b.Dependencies),
		},
		Details: provenanceDetails{Builder: provenanceBuilder{b.BuilderID}, Byproducts: sortedResources(b.Byproducts)},
	}
	meta := provenanceMetadata{Invocation: b.Invocation, Started: instant(b.Started), Finished: instant(b.Finished)}
	if meta != (provenanceMetadata{}) {
		p.Details.Metadata = &meta
	}
	return p, nil
}

func instant(t time.Time) string {
	if t.IsZero() {
		return ""
	}
	return t.UTC().Format(time.RFC3339)
}

// sortedResources orders by everything that tells two resources apart.
func sortedResources(in []Resource) []Resource {
	key := func(r Resource) string {
		parts := []string{r.URI, r.Name, r.MediaType}
		for _, alg := range sortedKeys(r.Digest) {
			parts = append(parts, alg, r.Digest[alg])
		}
		return strings.Join(append(parts, string(r.Content)), "\x00")
	}
	return slices.SortedFunc(slices.Values(in), func(a, b Resource) int { return strings.Compare(key(a), key(b)) })
}
