package main

import (
	"os"
	"path/filepath"
	"strings"

	"github.com/urfave/cli/v2"

	"github.com/proffer-audit/proffer/audit"
	"github.com/proffer-audit/proffer/reports"
)

func (d *door) rebuildCommand() *cli.Command {
	return &cli.Command{
		Name: "rebuild", Usage: "only rebuild and compare", ArgsUsage: "SUBMISSION",
		Flags: append(inputFlags(),
			&cli.StringFlag{Name: "artifact", Usage: "only the artifact `NAME`"},
			&cli.BoolFlag{Name: "attest", Usage: "sign what was built: SLSA provenance, for the submission's attestations"},
			&cli.StringFlag{Name: "builder-id", Value: "https://github.com/proffer-audit/proffer", Usage: "the `URI` of who builds, as the provenance names it"},
			&cli.StringFlag{Name: "key", Usage: "sign with this private key `FILE` (default: the local key, made on first use)"},
			&cli.StringFlag{Name: "out", Value: ".", Usage: "write attestations into `DIR`"},
		),
		Action: func(c *cli.Context) error { return d.part(c, "rebuild", audit.OnlyRebuild, c.String("artifact")) },
	}
}

// attest writes a signed provenance for each build that gave a file. Its subject
// is the file that was built here: it speaks of the shipped file exactly when
// the two are the same to the last bit.
func (d *door) attest(c *cli.Context, s *state, _ *job, p *audit.Partial, doc *document) error {
	key, local, err := s.signingKey(c.String("key"))
	if err != nil {
		return err
	}
	if local {
		doc.note("local-key", "signed with the local key of this state folder")
	}
	for _, r := range p.Rebuilds {
		bundle, err := audit.Attest(c.Context, r, c.String("builder-id"), key)
		if err != nil {
			return err
		}
		name := filepath.Join(c.String("out"), strings.ReplaceAll(r.Artifact, "/", "-")+".provenance.sigstore.json")
		if err := os.MkdirAll(filepath.Dir(name), 0o755); err != nil {
			return err
		}
		if err := writeFile(name, bundle, 0o644); err != nil {
			return err
		}
		doc.note("attested", "%s: provenance of what was built (%s) in %s", r.Artifact, r.Result.Level, name)
	}
	if len(p.Rebuilds) == 0 {
		doc.note("not-attested", "no build gave a file, so there is nothing to sign")
	}
	doc.Signer = key.Public().ID()
	return nil
}

// partExit is the exit code of a part of an audit: a failed check is 1, one that
// did not run 3.
func partExit(p *audit.Partial) int {
	code := exitDone
	for _, c := range p.Outcomes.Checks {
		switch c.Status {
		case reports.Fail:
			code = worst(code, exitNotMet)
		case reports.NotRun, reports.Incomplete:
			code = worst(code, exitIncomplete)
		}
	}
	if p.Mismatch {
		code = worst(code, exitRefused)
	}
	if !p.Isolated {
		code = worst(code, exitNotIsolated)
	}
	return code
}
