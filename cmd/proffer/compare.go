package main

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"

	"github.com/urfave/cli/v2"

	"github.com/proffer-audit/proffer/audit/compare"
	"github.com/proffer-audit/proffer/reports"
	"github.com/proffer-audit/proffer/reports/safetext"
)

func (d *door) compareCommand() *cli.Command {
	return &cli.Command{
		Name: "compare", Usage: "why two artifacts differ", ArgsUsage: "A B",
		Description: "A is the shipped artifact, B the rebuilt one. Every differing byte is given to a class with\n" +
			"evidence; what has none is unexplained. Exit 0 when the files are identical or differ only\n" +
			"by what --level allows, 1 when a finding or an unexplained byte remains.",
		Flags: []cli.Flag{
			&cli.StringFlag{Name: "level", Value: string(reports.Explained), Usage: "the least `LEVEL` that passes: bit-identical, identical-after-graft, equal-after-declared-normalisation, explained, unexplained"},
		},
		Action: d.compare,
	}
}

func (d *door) compare(c *cli.Context) error {
	if c.NArg() != 2 {
		return usage("compare wants two files, the shipped one and the rebuilt one; %d given", c.NArg())
	}
	least := reports.Level(c.String("level"))
	if !least.Valid() || least == reports.BuildFailed {
		return usage("%q is no level of a comparison", least)
	}
	var files [2][]byte
	for i := range files {
		var err error
		if files[i], err = artifactFile(c.Args().Get(i)); err != nil {
			return err
		}
	}
	r, err := compare.Artifacts(files[0], files[1], compare.Limits{})
	if err != nil {
		return err
	}
	doc := newComparison(c.Args().Get(0), c.Args().Get(1), r, least)
	d.exit = doc.Exit
	if c.Bool("json") {
		enc := json.NewEncoder(d.out)
		enc.SetEscapeHTML(false)
		return enc.Encode(doc)
	}
	_, err = io.WriteString(d.out, doc.text())
	return err
}

// artifactFile reads a regular file.
func artifactFile(name string) ([]byte, error) {
	info, err := os.Stat(name)
	if err == nil && !info.Mode().IsRegular() {
		return nil, &failure{
			exit: exitInvalid, code: "not-a-file", err: fmt.Errorf("%s is no regular file", name),
			hint: "compare takes two files; pack a folder into an archive first",
		}
	}
	if err != nil {
		f := &failure{exit: exitInvalid, code: "unreadable", err: err, hint: "check the path and its permissions"}
		if errors.Is(err, fs.ErrNotExist) {
			f.code = "no-such-file"
		}
		return nil, f
	}
	return os.ReadFile(name)
}

// account is the result under a name of its own, so that a comparison can have a
// Result in the sense of every command.
type account = compare.Result

// comparison is what compare prints. The fields that are named here stand in the
// place of those of the account.
type comparison struct {
	Proffer  string         `json:"proffer"`
	Command  string         `json:"command"`
	Result   reports.Result `json:"result"`
	Exit     int            `json:"exit"`
	Shipped  safetext.Text  `json:"shipped"`
	Rebuilt  safetext.Text  `json:"rebuilt"`
	Answer   safetext.Text  `json:"answer"`
	Least    reports.Level  `json:"leastLevel"`
	Findings []findingRow   `json:"findings"`
	// Functions is there also where none were compared; a note then says why.
	Functions compare.Functions `json:"functions"`
	account
}

func newComparison(shipped, rebuilt string, r compare.Result, least reports.Level) comparison {
	c := comparison{
		Proffer: "1", Command: "compare", Least: least, Answer: r.Sentence(), account: r,
		Shipped: safetext.Of(shipped), Rebuilt: safetext.Of(rebuilt),
		Findings: []findingRow{}, Functions: compare.Functions{Changed: []compare.Function{}},
	}
	if r.Functions != nil {
		c.Functions = *r.Functions
	}
	if !passes(r, least) {
		c.Exit = exitNotMet
	}
	c.Result = results[c.Exit]
	for _, f := range r.Findings("compare/"+shipped, shipped, nil) {
		c.Findings = append(c.Findings, findingRow{f.ID, f.Rule, f.Severity, f.Subject, f.Location, []string{}, f.Message, false})
	}
	return c
}

// passes reports whether a difference is one that is allowed. Whoever asks for
// less than an explanation wants to know the level only.
func passes(r compare.Result, least reports.Level) bool {
	if !least.AtLeast(reports.Explained) {
		return r.Level.AtLeast(least)
	}
	return r.Clean(least)
}
