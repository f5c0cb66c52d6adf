package main

import (
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"strings"

	"github.com/urfave/cli/v2"

	"github.com/proffer-audit/proffer/audit"
)

// attest writes what a rebuilder says of each build, every statement a bundle of
// its own. The names are stable: a rebuild that says less than the one before it
// in the same folder takes away what is no longer said, so that an old yes does
// not lie beside a new no.
func (d *door) attest(c *cli.Context, s *state, _ *job, p *audit.Partial, doc *document) error {
	signing, err := d.readSigning(c)
	if err != nil {
		return err
	}
	one, local, err := signing.signer(c.Context, s)
	if err != nil {
		return err
	}
	if local {
		doc.note("local-key", "signed with the local key of this state folder")
	}
	if err := os.MkdirAll(c.String("out"), 0o755); err != nil {
		return err
	}
	for _, r := range p.Rebuilds {
		list, err := audit.Attest(c.Context, p, r, c.String("builder-id"), one)
		if err != nil {
			return err
		}
		if err := writeAttested(c.String("out"), r, list, doc); err != nil {
			return err
		}
	}
	if len(p.Rebuilds) == 0 {
		doc.note("not-attested", "no build came to its end, so there is nothing to sign")
	}
	doc.Signer = signedAs(one)
	return nil
}

// writeAttested writes the attestations of one rebuild under their stable names.
func writeAttested(dir string, r audit.Rebuilt, list []audit.Attestation, doc *document) error {
	signed := map[string][]byte{}
	for _, a := range list {
		signed[a.Name] = a.Bundle
	}
	for _, name := range audit.AttestedNames() {
		file := filepath.Join(dir, strings.ReplaceAll(r.Artifact, "/", "-")+"."+name+".sigstore.json")
		bundle, ok := signed[name]
		if ok {
			if err := writeFile(file, bundle, 0o644); err != nil {
				return err
			}
			doc.note("attested", "%s: %s of the rebuild (%s) in %s", r.Artifact, name, r.Result.Level, file)
			continue
		}
		switch err := os.Remove(file); {
		case err == nil:
			doc.note("attestation-withdrawn", "%s: %s was taken away: this rebuild does not say it", r.Artifact, file)
		case !errors.Is(err, fs.ErrNotExist):
			return err
		}
	}
	return nil
}
