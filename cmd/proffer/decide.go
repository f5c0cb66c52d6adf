package main

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"time"

	"github.com/urfave/cli/v2"

	"github.com/proffer-audit/proffer/attest/bundle"
	"github.com/proffer-audit/proffer/attest/trust"
	"github.com/proffer-audit/proffer/audit"
	"github.com/proffer-audit/proffer/audit/decision"
	"github.com/proffer-audit/proffer/audit/evidence"
	"github.com/proffer-audit/proffer/audit/profile"
)

// decisionName is the file that decide writes, unless it is told otherwise.
const decisionName = "decision.sigstore.json"

func (d *door) decideCommand() *cli.Command {
	return &cli.Command{
		Name: "decide", Usage: "sign a decision on a dossier", ArgsUsage: "DOSSIER",
		Description: "The decision names the dossier by its digest, and with --previous the decision that it\n" +
			"follows, by the digest of that bundle: approvals by several are a chain of them.\n" +
			"`proffer verify DOSSIER --decision FILE…` reads the chain.",
		Flags: append(signerFlags(),
			&cli.StringFlag{Name: "profile", Usage: "the process that is decided under: a built-in `NAME` or a file (default: the report's)"},
			&cli.StringFlag{Name: "value", Usage: "what is decided, one of the `VALUES` of the profile's decisions"},
			&cli.StringSliceFlag{Name: "reason", Usage: "why; `TEXT`, may be repeated"},
			&cli.StringSliceFlag{Name: "condition", Usage: "under which condition; `TEXT`, may be repeated"},
			&cli.StringFlag{Name: "previous", Usage: "the `BUNDLE` of the decision that this one follows"},
			&cli.StringFlag{Name: "auditor", Usage: "refuse a dossier that this public key `FILE` did not sign"},
			&cli.StringFlag{Name: "policy", Usage: "refuse a dossier that no auditor of this policy `FILE` signed"},
			&cli.StringFlag{Name: "out", Usage: "write the bundle to `FILE` (default: " + decisionName + " beside the dossier)"},
			&cli.BoolFlag{Name: "allow-private-network", Usage: "connect to private and loopback addresses too, unencrypted there"},
		),
		Action: d.decide,
	}
}

func (d *door) decide(c *cli.Context) error {
	if c.NArg() != 1 {
		return usage("decide wants one dossier")
	}
	signing, err := d.readSigning(c)
	if err != nil {
		return err
	}
	v, err := verifyForDecision(c)
	if err != nil {
		return err
	}
	made, err := readDecision(c, v)
	if err != nil {
		return err
	}
	out := c.String("out")
	if out == "" {
		out = filepath.Join(filepath.Dir(c.Args().First()), decisionName)
	}
	if _, err := os.Lstat(out); !errors.Is(err, fs.ErrNotExist) {
		return &failure{exit: exitInvalid, code: "decision-exists", err: fmt.Errorf("%s is there already", out), hint: "name another file with --out; a decision is never overwritten"}
	}
	raw, err := decision.Statement(made, v.Dossier)
	if err != nil {
		return err
	}
	dir, err := stateDir(c)
	if err != nil {
		return err
	}
	one, local, err := signing.signer(c.Context, &state{dir: dir})
	if err != nil {
		return err
	}
	signed, err := one.Statement(c.Context, raw)
	if err != nil {
		return err
	}
	if err := writeFile(out, signed, 0o644); err != nil {
		return err
	}
	doc := newDocument("decide")
	doc.Dossier, doc.Report = string(v.Dossier), string(v.ReportDigest())
	doc.Signer, doc.Out = signedAs(one), out
	doc.Decisions = []decisionRow{{ID: string(evidence.Of(signed)), Profile: made.Profile, Value: made.Value, Signer: doc.Signer}}
	if local {
		doc.note("local-key", "signed with the local key of this state folder")
	}
	if !v.Anchored {
		doc.note("signer-not-anchored", "the dossier is whole, and nothing says that the auditor made it: use --auditor or --policy")
	}
	d.exit = doc.end(exitDone)
	return doc.write(d.out, c.Bool("json"))
}

// verifyForDecision verifies the dossier that is decided on.
func verifyForDecision(c *cli.Context) (v *audit.Verification, err error) {
	anchor := audit.Anchor{Roots: map[string][]byte{}}
	if name := c.String("auditor"); name != "" {
		raw, err := readAnchorKey(name, "auditor")
		if err != nil {
			return nil, err
		}
		anchor.Keys = append(anchor.Keys, raw)
	}
	if name := c.String("policy"); name != "" {
		if err := addRole(&anchor, name, trust.Auditor); err != nil {
			return nil, err
		}
	}
	dossier, err := audit.OpenDossier(c.Args().First())
	if err != nil {
		return nil, err
	}
	defer func() { err = errors.Join(err, dossier.Close()) }()
	return audit.Verify(dossier, anchor)
}

// readDecision reads what is decided, and what it follows.
func readDecision(c *cli.Context, v *audit.Verification) (decision.Decision, error) {
	name := c.String("profile")
	if name == "" {
		name = v.Report.Matter.Profile
	}
	doc, err := readDocument(name, "profile", profile.Builtin, profile.BuiltinNames())
	if err != nil {
		return decision.Decision{}, err
	}
	p, err := profile.Parse(doc.Name, doc.Raw)
	if err != nil {
		return decision.Decision{}, err
	}
	if p.ID != v.Report.Matter.Profile {
		return decision.Decision{}, &failure{
			exit: exitInvalid, code: "wrong-profile", err: fmt.Errorf("the report answers profile %q, and the decision is to be under %q", v.Report.Matter.Profile, p.ID),
			hint: "leave out --profile, or decide on a report of that process",
		}
	}
	made := decision.Decision{Profile: p.ID, Value: c.String("value"), Reasons: c.StringSlice("reason"), Conditions: c.StringSlice("condition")}
	if name := c.String("previous"); name != "" {
		raw, err := readCapped(name, decision.MaxBundle)
		if err != nil {
			return made, err
		}
		// Only a bundle that is a decision on this dossier can be followed.
		if _, err := decision.Chain(v.Dossier, [][]byte{raw}, nil); err != nil {
			var e *decision.Error
			if !errors.As(err, &e) || e.Code != decision.Gap {
				return made, err
			}
		}
		made.Previous = evidence.Of(raw)
	}
	return made, made.Fits(p)
}

// decisions reads the chain of decisions on a verified dossier.
func (d *door) decisions(c *cli.Context, doc *document, v *audit.Verification) (int, error) {
	names := c.StringSlice("decision")
	if len(names) == 0 {
		return exitDone, nil
	}
	var bundles [][]byte
	for _, name := range names {
		raw, err := readCapped(name, decision.MaxBundle)
		if err != nil {
			return exitDone, err
		}
		bundles = append(bundles, raw)
	}
	anchor, err := readDeciders(c)
	if err != nil {
		return exitDone, err
	}
	code, verify := exitDone, func(b *bundle.Bundle) (*bundle.Verified, error) {
		return audit.VerifyBundle(b, anchor, bundle.Artifact{})
	}
	if len(anchor.Keys)+len(anchor.Identities) == 0 {
		code, verify = exitIncomplete, nil
		doc.note("decider-not-anchored", "the decisions follow from one another, and nothing says who may decide: use --decider, --decider-identity or --policy")
	}
	chain, err := decision.Chain(v.Dossier, bundles, verify)
	if err != nil {
		return code, err
	}
	for i, a := range chain {
		row := decisionRow{ID: string(a.Digest), Profile: a.Decision.Profile, Value: a.Decision.Value, Signer: a.Signer, Previous: string(a.Decision.Previous)}
		if a.Identity != "" {
			row.Signer = text(trust.IdentityID(a.Identity, a.Issuer)).String()
		}
		if !a.Signed.IsZero() {
			row.Signed = a.Signed.UTC().Format(time.RFC3339)
		}
		for _, r := range a.Decision.Reasons {
			row.Reasons = append(row.Reasons, text(r))
		}
		for _, r := range a.Decision.Conditions {
			row.Conditions = append(row.Conditions, text(r))
		}
		doc.Decisions = append(doc.Decisions, row)
		doc.note("decided", "%d of %d: %s, by %s", i+1, len(chain), a.Decision.Value, orUnknown(row.Signer))
	}
	return code, nil
}

func orUnknown(signer string) string {
	if signer == "" {
		return "somebody whom nothing vouches for"
	}
	return signer
}

// readDeciders reads who may decide.
func readDeciders(c *cli.Context) (audit.Anchor, error) {
	a := audit.Anchor{Roots: map[string][]byte{}}
	for _, name := range c.StringSlice("decider") {
		raw, err := readAnchorKey(name, "decider")
		if err != nil {
			return a, err
		}
		a.Keys = append(a.Keys, raw)
	}
	who, err := readIdentity(c, "decider-identity", "decider-issuer", a.Roots)
	if err != nil {
		return a, err
	}
	a.Identities = who
	if name := c.String("policy"); name != "" && len(a.Keys)+len(a.Identities) == 0 {
		return a, addRole(&a, name, trust.Agency)
	}
	return a, nil
}
