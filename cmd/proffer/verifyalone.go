package main

import (
	"encoding/hex"
	"errors"
	"os"
	"time"

	"github.com/urfave/cli/v2"

	"github.com/proffer-audit/proffer/attest/bundle"
	"github.com/proffer-audit/proffer/attest/trust"
	"github.com/proffer-audit/proffer/audit"
)

// verifyAlone verifies a bundle that stands by itself.
func (d *door) verifyAlone(c *cli.Context, is bool, anchor audit.Anchor) error {
	if !is {
		return nil
	}
	for _, name := range []string{"replay", "min-sequence", "decision"} {
		if c.IsSet(name) {
			return usage("--%s wants a dossier, not a bundle", name)
		}
	}
	raw, err := readCapped(c.Args().First(), audit.MaxBundle)
	if err != nil {
		return err
	}
	b, err := bundle.Read(raw, audit.MaxBundle)
	if err != nil {
		return bundleFailure(err)
	}
	doc := newDocument("verify")
	if len(anchor.Keys)+len(anchor.Identities) == 0 {
		doc.note("signer-not-anchored", "the file is a bundle, and nothing says who should have signed it: use --key, --identity or --policy")
		d.exit = doc.end(exitIncomplete)
		return doc.write(d.out, c.Bool("json"))
	}
	abouts, err := artifactsOf(c)
	if err != nil {
		return err
	}
	var v *bundle.Verified
	for _, about := range abouts {
		if v, err = audit.VerifyBundle(b, anchor, about); err != nil {
			return bundleFailure(err)
		}
	}
	aloneNotes(doc, v)
	d.exit = doc.end(exitDone)
	return doc.write(d.out, c.Bool("json"))
}

// artifactsOf lists what a bundle must be about: nothing, where no artifact is
// named.
func artifactsOf(c *cli.Context) ([]bundle.Artifact, error) {
	names := c.StringSlice("artifact")
	if len(names) == 0 {
		return []bundle.Artifact{{}}, nil
	}
	var list []bundle.Artifact
	for _, name := range names {
		f, err := os.Open(name)
		if err != nil {
			return nil, err
		}
		about, err := bundle.Stream(f)
		if err = errors.Join(err, f.Close()); err != nil {
			return nil, err
		}
		list = append(list, about)
	}
	return list, nil
}

// aloneNotes says who signed what, and when.
func aloneNotes(doc *document, v *bundle.Verified) {
	doc.Signer = v.KeyID
	if v.Identity != nil {
		doc.Signer = text(trust.IdentityID(v.Identity.SAN, v.Identity.Issuer)).String()
	}
	if len(v.Times) == 0 {
		doc.note("time-not-attested", "no log and no timestamp authority vouches for when it was signed")
	} else {
		doc.note("time-attested", "a trusted log or timestamp authority saw the signature at %s", v.Times[0].At.UTC().Format(time.RFC3339))
	}
	if v.PayloadType != "" {
		doc.note("payload-type", "%s", v.PayloadType)
	}
	if v.Statement == nil {
		doc.note("artifact-not-checked", "nothing was held against it: use --artifact with what it should be about")
		return
	}
	doc.note("predicate-type", "%s", v.Statement.PredicateType)
	for _, s := range v.Statement.Subjects {
		sum, err := hex.DecodeString(s.Digest["sha256"])
		if err == nil && len(sum) > 0 {
			doc.note("subject", "%s sha256:%x", s.Name, sum)
		}
	}
}
