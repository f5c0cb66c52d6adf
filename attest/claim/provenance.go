package claim

import (
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"

	"github.com/proffer-audit/proffer/attest/statement"
)

// descriptor is an in-toto resource descriptor, as far as it is kept.
type descriptor struct {
	URI       string            `json:"uri"`
	Name      string            `json:"name"`
	MediaType string            `json:"mediaType"`
	Digest    map[string]string `json:"digest"`
}

func (d descriptor) resource() (Resource, error) {
	if len(d.Digest) > statement.MaxDigests {
		return Resource{}, fmt.Errorf("resource %.80q has %d digests, the limit is %d", d.Name, len(d.Digest), statement.MaxDigests)
	}
	for _, alg := range sortedKeys(d.Digest) {
		if err := capped(alg, d.Digest[alg]); err != nil {
			return Resource{}, err
		}
	}
	return Resource{URI: d.URI, Name: d.Name, MediaType: d.MediaType, Digest: d.Digest}, capped(d.URI, d.Name, d.MediaType)
}

func resources(list []descriptor) ([]Resource, error) {
	if len(list) > MaxList {
		return nil, fmt.Errorf("list of %d resources, the limit is %d", len(list), MaxList)
	}
	out := make([]Resource, 0, len(list))
	for _, d := range list {
		r, err := d.resource()
		if err != nil {
			return nil, err
		}
		out = append(out, r)
	}
	return out, nil
}

func sortedKeys[V any](m map[string]V) []string { return slices.Sorted(maps.Keys(m)) }

// readProvenance reads SLSA provenance v1 (slsa.dev/spec/v1.0/provenance) and
// the statements of oss-rebuild, which are provenance of a build type of their
// own.
func (c *Claim) readProvenance(raw json.RawMessage) error {
	var p struct {
		Definition struct {
			BuildType    string          `json:"buildType"`
			External     json.RawMessage `json:"externalParameters"`
			Dependencies json.RawMessage `json:"resolvedDependencies"`
		} `json:"buildDefinition"`
		Details struct {
			Builder struct {
				ID string `json:"id"`
			} `json:"builder"`
			Metadata *struct {
				Finished string `json:"finishedOn"`
			} `json:"metadata"`
			Byproducts json.RawMessage `json:"byproducts"`
		} `json:"runDetails"`
	}
	if err := decode(raw, &p); err != nil {
		return err
	}
	c.Kind, c.BuildType, c.By = Provenance, p.Definition.BuildType, p.Details.Builder.ID
	if c.BuildType == "" || c.By == "" {
		return errors.New("no buildDefinition.buildType or no runDetails.builder.id")
	}
	if p.Details.Metadata != nil {
		c.Time = p.Details.Metadata.Finished
	}
	if err := capped(c.BuildType, c.By, c.Time); err != nil {
		return err
	}
	list := resourceList
	if c.BuildType == NetworkRebuildBuild {
		list = looseResources
	}
	var err error
	if c.Sources, err = list(p.Definition.Dependencies); err != nil {
		return fmt.Errorf("resolvedDependencies: %w", err)
	}
	if c.Byproducts, err = list(p.Details.Byproducts); err != nil {
		return fmt.Errorf("byproducts: %w", err)
	}
	switch c.BuildType {
	case RebuildBuild:
		return c.readRebuild()
	case EquivalenceBuild:
		return c.readEquivalence(p.Definition.External)
	case NetworkRebuildBuild:
		c.Kind = NetworkRebuild
	}
	return nil
}

func resourceList(raw json.RawMessage) ([]Resource, error) {
	if len(raw) == 0 {
		return nil, nil
	}
	var list []descriptor
	if err := decode(raw, &list); err != nil {
		return nil, err
	}
	return resources(list)
}

// looseResources also takes an object of resources by name, which some writers
// of NetworkRebuild@v0.1 and its documentation have in place of the list.
func looseResources(raw json.RawMessage) ([]Resource, error) {
	if len(raw) == 0 || raw[0] != '{' {
		return resourceList(raw)
	}
	named := map[string]json.RawMessage{}
	if err := decode(raw, &named); err != nil {
		return nil, err
	}
	var all []Resource
	for _, key := range sortedKeys(named) {
		value := named[key]
		if value[0] != '[' {
			value = json.RawMessage("[" + string(value) + "]")
		}
		list, err := resourceList(value)
		if err != nil {
			return nil, fmt.Errorf("%.80q: %w", key, err)
		}
		all = append(all, list...)
	}
	return all, capped(sortedKeys(named)...)
}

// readProvenanceV02 reads SLSA provenance v0.2 (slsa.dev/provenance/v0.2), which
// npm's older attestations carry.
func (c *Claim) readProvenanceV02(raw json.RawMessage) error {
	var p struct {
		Builder struct {
			ID string `json:"id"`
		} `json:"builder"`
		BuildType string `json:"buildType"`
		Metadata  *struct {
			Finished string `json:"buildFinishedOn"`
		} `json:"metadata"`
		Materials []descriptor `json:"materials"`
	}
	if err := decode(raw, &p); err != nil {
		return err
	}
	c.Kind, c.BuildType, c.By = Provenance, p.BuildType, p.Builder.ID
	if c.BuildType == "" || c.By == "" {
		return errors.New("no buildType or no builder.id")
	}
	if p.Metadata != nil {
		c.Time = p.Metadata.Finished
	}
	var err error
	if c.Sources, err = resources(p.Materials); err != nil {
		return fmt.Errorf("materials: %w", err)
	}
	return capped(c.BuildType, c.By, c.Time)
}

// rebuiltName is how oss-rebuild begins the name of what was built again.
const rebuiltName = "rebuild/"

// readRebuild holds a Rebuild@v0.1 to its three byproducts (strategy, steps and
// Dockerfile), as oss-rebuild's own reader does.
func (c *Claim) readRebuild() error {
	c.Kind = Rebuild
	if len(c.Byproducts) != 3 {
		return fmt.Errorf("%d byproducts, Rebuild@v0.1 has 3", len(c.Byproducts))
	}
	return nil
}

// readEquivalence holds an ArtifactEquivalence@v0.1 to the shape that
// oss-rebuild's own reader demands, and to itself: its subject must be the
// artifact that it calls the target.
func (c *Claim) readEquivalence(external json.RawMessage) error {
	c.Kind, c.Verdict = Equivalence, Yes
	var p struct {
		Candidate string `json:"candidate"`
		Target    string `json:"target"`
	}
	if err := decode(external, &p); err != nil {
		return fmt.Errorf("externalParameters: %w", err)
	}
	if len(c.Sources) != 2 || len(c.Byproducts) != 1 {
		return fmt.Errorf("%d resolvedDependencies and %d byproducts, ArtifactEquivalence@v0.1 has 2 and 1", len(c.Sources), len(c.Byproducts))
	}
	for i := range c.Sources {
		r := c.Sources[i]
		if strings.HasPrefix(r.Name, rebuiltName) {
			c.Candidate = &r
		} else {
			c.Target = &r
		}
		if err := statement.CheckDigests(r.Digest); err != nil {
			return fmt.Errorf("resolvedDependencies[%d]: %w", i, err)
		}
	}
	if c.Candidate == nil || c.Target == nil {
		return fmt.Errorf("not one of the two resolvedDependencies is called %s… and the other not", rebuiltName)
	}
	if c.Candidate.Name != p.Candidate || c.Target.Name != p.Target {
		return errors.New("externalParameters name another candidate or target than resolvedDependencies")
	}
	c.Said = "ArtifactEquivalence@v0.1"
	return c.equates()
}

// equates finds the level of an equivalence by its digests, and refuses one
// whose target is not its subject.
func (c *Claim) equates() error {
	whole := statement.Statement{Subjects: c.Subjects}
	if _, err := whole.Match(c.Target.Digest); err != nil {
		return fmt.Errorf("the target is not the subject: %w", err)
	}
	c.Level = "equal-after-declared-normalisation"
	candidate := statement.Statement{Subjects: []statement.Subject{{Digest: c.Candidate.Digest}}}
	_, err := candidate.Match(c.Target.Digest)
	var e *statement.Error
	switch {
	case err == nil:
		c.Level = "bit-identical"
	case errors.As(err, &e) && e.Code == statement.DigestConflict:
		return fmt.Errorf("candidate and target: %w", err)
	}
	return nil
}
