package main

import (
	"errors"
	"fmt"

	"github.com/urfave/cli/v2"

	"github.com/proffer-audit/proffer/audit"
	"github.com/proffer-audit/proffer/audit/fetch"
	"github.com/proffer-audit/proffer/audit/policy"
	"github.com/proffer-audit/proffer/reports/safetext"
)

func (d *door) fetchCommand() *cli.Command {
	return &cli.Command{
		Name: "fetch", Usage: "only the fetch steps: what a later audit needs is then in the state folder", ArgsUsage: "SUBMISSION",
		Flags: append(inputFlags(),
			&cli.BoolFlag{Name: "discover", Usage: "take purls instead of a submission, print the pins a manifest needs, audit nothing"},
		),
		Action: func(c *cli.Context) error {
			if c.Bool("discover") {
				return d.discover(c)
			}
			return d.fetch(c)
		},
	}
}

func (d *door) fetch(c *cli.Context) error {
	return d.part(c, "fetch", audit.OnlyFetch, "")
}

// part runs a part of an audit's plan and prints its checks. It signs nothing
// and writes no report.
func (d *door) part(c *cli.Context, command string, part audit.Part, artifact string) (err error) {
	if c.NArg() != 1 {
		return usage("%s wants one submission", command)
	}
	if command == "rebuild" && c.Bool("attest") {
		if _, err := d.readSigning(c); err != nil { // before the work, not after it
			return err
		}
	}
	s, err := openState(c)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, s.Close()) }()
	job, err := d.prepare(c, s)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, job.close()) }()
	p, err := audit.RunPart(c.Context, job.request, job.tools, part, artifact)
	job.progress.finish()
	if err != nil {
		return err
	}
	doc := newDocument(command)
	doc.outcomes(p.Outcomes)
	doc.Steps = &stepCount{p.Ran, p.Cached}
	code := partExit(p)
	if command == "rebuild" && c.Bool("attest") {
		if err := d.attest(c, s, job, p, doc); err != nil {
			return err
		}
	}
	d.exit = doc.end(code)
	return doc.write(d.out, c.Bool("json"))
}

// discover prints the pins of what purls name now.
func (d *door) discover(c *cli.Context) (err error) {
	if c.NArg() == 0 {
		return usage("fetch --discover wants one or more purls")
	}
	s, err := openState(c)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, s.Close()) }()
	raw, _ := policy.Builtin("baseline")
	p, err := policy.Parse("baseline", raw)
	if err != nil {
		return err
	}
	client, err := s.fetcher(c.Context, c, p)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, client.Close()) }()
	for _, purl := range c.Args().Slice() {
		found, _, err := client.Discover(c.Context, purl, nil)
		if err != nil {
			return err
		}
		if found.Observation.Outcome != fetch.Obtained {
			d.exit = exitIncomplete
			fmt.Fprintf(d.err, "proffer: %s was not obtained (%s)\n", safetext.Of(purl), found.Observation.Code)
			continue
		}
		if _, err := fmt.Fprintf(d.out, "- purl: %q\n  digest: %q\n", safetext.Of(purl), found.Observation.Pin); err != nil {
			return err
		}
	}
	return nil
}
