package main

import (
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strings"
	"time"

	"github.com/urfave/cli/v2"

	"github.com/proffer-audit/proffer/attest/trust"
	"github.com/proffer-audit/proffer/audit"
	"github.com/proffer-audit/proffer/audit/engine"
	"github.com/proffer-audit/proffer/audit/evidence"
	"github.com/proffer-audit/proffer/audit/policy"
	"github.com/proffer-audit/proffer/audit/sandbox"
)

func (d *door) verifyCommand() *cli.Command {
	return &cli.Command{
		Name: "verify", Usage: "is this dossier authentic, about this artifact, and does it come out again?", ArgsUsage: "DOSSIER|BUNDLE",
		Description: "Without --key, --identity or --policy only the integrity is checked, nothing is executed, and\n" +
			"the exit code is 3. No connection is made. A bundle alone, such as report.sigstore.json, is\n" +
			"checked for who signed it and for which artifacts.",
		Flags: []cli.Flag{
			&cli.StringFlag{Name: "key", Usage: "the auditor's public key `FILE`, got by another way than the dossier"},
			&cli.StringFlag{Name: "identity", Usage: "the auditor's exact identity, an e-mail address or the `URI` of a workflow; with --issuer"},
			&cli.StringFlag{Name: "issuer", Usage: "the exact `URL` of the issuer that vouches for the identity"},
			&cli.StringFlag{Name: "trusted-root", Usage: "believe the authorities and logs of this trusted_root.json `FILE` (default: the public-good root that came with this program)"},
			&cli.StringFlag{Name: "policy", Usage: "take the auditors from the role auditor of this policy `FILE`, and those who decide from the role agency"},
			&cli.StringSliceFlag{Name: "decision", Usage: "a signed decision on the dossier, as a bundle `FILE`; repeated for a chain of them, in any order"},
			&cli.StringSliceFlag{Name: "decider", Usage: "the public key `FILE` of one who may decide; may be repeated"},
			&cli.StringFlag{Name: "decider-identity", Usage: "the exact identity of one who may decide; with --decider-issuer"},
			&cli.StringFlag{Name: "decider-issuer", Usage: "the exact `URL` of the issuer that vouches for that identity"},
			&cli.StringSliceFlag{Name: "artifact", Usage: "the report must be about this `FILE`; may be repeated"},
			&cli.IntFlag{Name: "min-sequence", Usage: "refuse a report with a lower sequence than `N`"},
			&cli.GenericFlag{Name: "replay", Value: new(replayFlag), Usage: "execute every step again from the dossier alone, without a network; --replay=assess only assesses again"},
			&cli.StringFlag{Name: "sandbox", Usage: "use this `TIER` and no other: namespaces or landlock"},
		},
		Action: d.verify,
	}
}

// replayFlag is --replay, --replay=all or --replay=assess.
type replayFlag struct {
	set  bool
	mode audit.ReplayMode
}

// IsBoolFlag lets the flag stand without a value.
func (f *replayFlag) IsBoolFlag() bool { return true }

// Set reads the value.
func (f *replayFlag) Set(s string) error {
	switch s {
	case "true", "all", "":
		*f = replayFlag{true, audit.ReplayAll}
	case "assess":
		*f = replayFlag{true, audit.ReplayAssess}
	case "false":
		*f = replayFlag{}
	default:
		return fmt.Errorf("--replay=%.20q: want all or assess", s)
	}
	return nil
}

// String is the value as it is set.
func (f *replayFlag) String() string {
	switch {
	case f == nil || !f.set:
		return ""
	case f.mode == audit.ReplayAssess:
		return "assess"
	}
	return "all"
}

func (d *door) verify(c *cli.Context) (err error) {
	if c.NArg() != 1 {
		return usage("verify wants one dossier or bundle")
	}
	anchor, err := readAnchor(c)
	if err != nil {
		return err
	}
	if alone, err := isBundle(c.Args().First()); err != nil || alone {
		return errors.Join(err, d.verifyAlone(c, alone, anchor))
	}
	dossier, err := audit.OpenDossier(c.Args().First())
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, dossier.Close()) }()
	v, err := audit.Verify(dossier, anchor)
	if err != nil {
		return err
	}
	doc := newDocument("verify")
	doc.report(v.Report)
	doc.Dossier, doc.Report = string(v.Dossier), string(v.ReportDigest())
	if pub, err := trust.ParsePublic(v.Signer); err == nil {
		doc.Signer = pub.ID()
	}
	if v.Identity != "" && v.Anchored {
		doc.Signer = text(trust.IdentityID(v.Identity, v.Issuer)).String()
	}
	code := verifyNotes(doc, c, v)
	decided, err := d.decisions(c, doc, v)
	if err != nil {
		return err
	}
	code = worst(code, decided)
	if replay := c.Generic("replay").(*replayFlag); replay.set && v.Anchored {
		replayed, err := d.replay(c, dossier, v, replay.mode)
		if err != nil {
			return err
		}
		code = worst(code, replayNotes(doc, replayed))
	} else if replay.set {
		doc.note("not-replayed", "nothing was executed, because nobody vouches for this dossier: name the auditor's key with --key")
	}
	d.exit = doc.end(code)
	return doc.write(d.out, c.Bool("json"))
}

// verifyNotes says what a reader of "verified" must know beside it.
func verifyNotes(doc *document, c *cli.Context, v *audit.Verification) int {
	code := exitDone
	if !v.Anchored {
		code = exitIncomplete
		doc.note("signer-not-anchored", "the dossier is whole and signed by the key in it, but nothing says whose key that is: use --key, --identity or --policy")
	}
	doc.note("audit-result", "the audit's own result is %s", v.Report.Result)
	code = worst(code, timeNotes(doc, v))
	if !c.IsSet("min-sequence") {
		doc.note("supersession-not-checked", "whether a later report exists is not in a dossier: use --min-sequence with the sequence that you know of")
	}
	if !v.RenderingsVouched() {
		doc.note("renderings-not-vouched", "the report is by proffer %s; its renderings were not made again by this one", v.Report.Auditor.Version)
	}
	return code
}

// timeNotes compares the instant that the report evaluates as of with the time at
// which somebody trusted saw its signature. A report cannot speak of a day that
// had not come when it was signed.
func timeNotes(doc *document, v *audit.Verification) int {
	asOf, err := time.Parse(time.RFC3339, v.Report.AsOf)
	if v.Signed.IsZero() || err != nil {
		doc.note("time-not-attested", "no timestamp authority vouches for when the report was signed; it evaluates as of %s", v.Report.AsOf)
		return exitDone
	}
	at := v.Signed.UTC().Format(time.RFC3339)
	if ahead := asOf.Sub(v.Signed); ahead > clockSlack {
		doc.note("as-of-not-reached", "the report evaluates as of %s, and was signed %s before that, at %s", v.Report.AsOf, ahead.Round(time.Minute), at)
		return exitIncomplete
	}
	lag := max(v.Signed.Sub(asOf), 0)
	doc.note("time-attested", "a trusted log or timestamp authority saw the signature at %s; the report evaluates as of %s, %s before that", at, v.Report.AsOf, lag.Round(time.Minute))
	return exitDone
}

// clockSlack is how far apart the clocks of an auditor and of a timestamp
// authority may be.
const clockSlack = 5 * time.Minute

func replayNotes(doc *document, r *audit.Replayed) int {
	doc.Steps = &stepCount{r.Audit.Ran, r.Audit.Cached}
	if box := r.Audit.Run.Sandbox; box != nil {
		doc.Sandbox = box.Tier
	}
	if r.Same {
		doc.note("replayed", "the report came out again, byte for byte: %s", evidence.Of(r.Audit.Statement))
		return exitDone
	}
	code := exitDone
	if len(r.NotComparable) > 0 {
		doc.note("not-comparable", "could not be repeated here, or was not finished there: %s", strings.Join(r.NotComparable, ", "))
		code = exitIncomplete
	}
	if len(r.Differs) > 0 {
		doc.note("replay-differs", "came out otherwise: %s", strings.Join(r.Differs, ", "))
		code = exitNotMet
	}
	if !r.Audit.Isolated {
		code = worst(code, exitNotIsolated)
	}
	return code
}

// replay runs a dossier's audit again, in a state folder of its own.
func (d *door) replay(c *cli.Context, dossier *evidence.Dossier, v *audit.Verification, mode audit.ReplayMode) (r *audit.Replayed, err error) {
	dir, err := os.MkdirTemp("", "proffer-replay-")
	if err != nil {
		return nil, err
	}
	s := &state{dir: dir}
	defer func() { err = errors.Join(err, s.discard()) }()
	if s.store, err = evidence.OpenStore(filepath.Join(dir, "store")); err != nil {
		return nil, err
	}
	if s.cache, err = engine.OpenCache(filepath.Join(dir, "steps")); err != nil {
		return nil, err
	}
	scratch, err := s.scratch()
	if err != nil {
		return nil, err
	}
	p := newProgress(d.err, d.terminal, c.Bool("quiet"), !c.Bool("no-color"), len(v.Run.Steps))
	defer p.finish()
	bounds, err := ownLimits()
	if err != nil {
		return nil, err
	}
	box := &isolation{options: sandbox.Options{Force: sandbox.Tier(c.String("sandbox")), Scratch: scratch}}
	defer func() { err = errors.Join(err, box.close()) }()
	return audit.Replay(c.Context, dossier, v, mode, audit.Tools{
		Store: s.store, Cache: s.cache, Scratch: scratch, Sandbox: box.open,
		Limits: engine.Limits{Network: 1, CPU: 2, Rebuild: 1},
		Bounds: bounds,
		Now:    time.Now, Watch: p.watch,
	})
}

// ownLimits are those of the built-in baseline policy.
func ownLimits() (*policy.Limits, error) {
	raw, _ := policy.Builtin("baseline")
	p, err := policy.Parse("baseline", raw)
	if err != nil {
		return nil, err
	}
	return &p.Limits, nil
}

func digestOf(r io.Reader) (evidence.Digest, error) {
	h := sha256.New()
	if _, err := io.Copy(h, r); err != nil {
		return "", err
	}
	return evidence.Digest("sha256:" + hex.EncodeToString(h.Sum(nil))), nil
}
