package main

import (
	"github.com/urfave/cli/v2"

	"github.com/proffer-audit/proffer/audit"
	"github.com/proffer-audit/proffer/reports"
)

func (d *door) rebuildCommand() *cli.Command {
	return &cli.Command{
		Name: "rebuild", Usage: "only rebuild and compare", ArgsUsage: "SUBMISSION",
		Flags: append(append(append(inputFlags(), inferFlags()...), signerFlags()...),
			&cli.StringFlag{Name: "artifact", Usage: "only the artifact `NAME`"},
			&cli.BoolFlag{Name: "attest", Usage: "sign what was found, each as ARTIFACT.NAME.sigstore.json: provenance, comparison and summary (PASSED or FAILED), and equivalence when it is so"},
			&cli.StringFlag{Name: "builder-id", Value: "https://github.com/proffer-audit/proffer", Usage: "the `URI` of who builds, as the provenance names it"},
			&cli.StringFlag{Name: "out", Value: ".", Usage: "write attestations into `DIR`"},
		),
		Action: func(c *cli.Context) error {
			if c.Bool("infer") {
				return d.infer(c)
			}
			return d.part(c, "rebuild", audit.OnlyRebuild, c.String("artifact"))
		},
	}
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
