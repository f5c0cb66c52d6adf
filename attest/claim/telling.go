package claim

import (
	"encoding/json"
	"errors"
	"fmt"
)

// readPublication reads what a registry says of what it serves: npm's publish
// attestation (name, version, registry), in-toto's release (purl), and the
// release of GitHub (purl, repository, tag).
func (c *Claim) readPublication(raw json.RawMessage) error {
	var p struct {
		PURL       string `json:"purl"`
		Name       string `json:"name"`
		Version    string `json:"version"`
		Registry   string `json:"registry"`
		Repository string `json:"repository"`
		Tag        string `json:"tag"`
	}
	if err := decode(raw, &p); err != nil {
		return err
	}
	c.Kind = Publication
	c.Package = &Package{PURL: p.PURL, Name: p.Name, Version: p.Version, Registry: p.Registry, Repository: p.Repository, Tag: p.Tag}
	if p.PURL == "" && (p.Name == "" || p.Version == "") {
		return errors.New("neither a purl nor name and version")
	}
	return capped(p.PURL, p.Name, p.Version, p.Registry, p.Repository, p.Tag)
}

// readLink reads a link as a predicate (in-toto.io/attestation/link/v0.3).
func (c *Claim) readLink(raw json.RawMessage) error {
	var p struct {
		Name      string       `json:"name"`
		Materials []descriptor `json:"materials"`
	}
	if err := decode(raw, &p); err != nil {
		return err
	}
	if p.Name == "" {
		return errors.New("a link without a name")
	}
	c.Kind, c.Step = Link, p.Name
	var err error
	if c.Sources, err = resources(p.Materials); err != nil {
		return fmt.Errorf("materials: %w", err)
	}
	return capped(p.Name)
}
