package main

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"path/filepath"
	"strings"
	"time"

	"github.com/urfave/cli/v2"

	"github.com/proffer-audit/proffer/audit"
	"github.com/proffer-audit/proffer/audit/engine"
	"github.com/proffer-audit/proffer/audit/policy"
	"github.com/proffer-audit/proffer/audit/sandbox"
	"github.com/proffer-audit/proffer/reports"
	"github.com/proffer-audit/proffer/reports/safetext"
)

// inferFlags are those of a search for a recipe.
func inferFlags() []cli.Flag {
	return []cli.Flag{
		&cli.BoolFlag{Name: "infer", Usage: "look for the recipe that a submission lacks, from the shipped program and the source, and print it; with --binary and --source, without a submission"},
		&cli.StringFlag{Name: "binary", Usage: "with --infer: the shipped program, or an archive that holds it, is `FILE`"},
		&cli.StringFlag{Name: "source", Usage: "with --infer: the source is `DIR|ZIP`"},
	}
}

// infer looks for recipes and prints them.
func (d *door) infer(c *cli.Context) (err error) {
	files := c.String("binary") != "" || c.String("source") != ""
	switch {
	case files && (c.String("binary") == "" || c.String("source") == "" || c.NArg() > 0):
		return usage("rebuild --infer wants one submission, or --binary and --source")
	case !files && c.NArg() != 1:
		return usage("rebuild --infer wants one submission, or --binary and --source")
	}
	s, err := openState(c)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, s.Close()) }()
	in := &inputs{}
	if files {
		in.policy, in.request.Policy, err = readPolicy(c.String("policy"))
	} else {
		in, err = readInputs(c)
	}
	if err != nil {
		return err
	}
	tools, done, err := d.inferTools(c, s, in.policy)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, done()) }()
	found, part, err := d.inferred(c, in, tools, files)
	if err != nil {
		return err
	}
	return d.inferOut(c, found, part)
}

func (d *door) inferred(c *cli.Context, in *inputs, tools audit.Tools, files bool) ([]audit.Inferred, *audit.Partial, error) {
	if !files {
		return audit.Infer(c.Context, in.request, tools, c.String("artifact"))
	}
	offered, err := audit.OfferFiles(tools.Store, c.String("binary"), c.String("source"))
	if err != nil {
		return nil, nil, err
	}
	var list []audit.Inferred
	for _, o := range offered {
		found, err := audit.InferOne(c.Context, o, tools, audit.CommandLimits(in.policy))
		if err != nil {
			return nil, nil, err
		}
		list = append(list, found)
	}
	return list, nil, nil
}

// inferTools is what a search needs: transfers and a sandbox.
func (d *door) inferTools(c *cli.Context, s *state, p *policy.Policy) (audit.Tools, func() error, error) {
	scratch, err := s.scratch()
	if err != nil {
		return audit.Tools{}, nil, err
	}
	client, err := s.fetcher(c.Context, c, p)
	if err != nil {
		return audit.Tools{}, nil, err
	}
	box := &isolation{options: sandbox.Options{Min: sandbox.Tier(p.Sandbox), Force: sandbox.Tier(c.String("sandbox")), Scratch: scratch}}
	tools := audit.Tools{
		Store: s.store, Cache: s.cache, Fetch: client, Scratch: scratch, Sandbox: box.open,
		Limits: engine.Limits{Network: 4, CPU: max(c.Int("jobs"), 1), Rebuild: 1}, Now: time.Now,
	}
	return tools, func() error { return errors.Join(box.close(), client.Close()) }, nil
}

// inferredDocument is what `--json` prints of a search.
type inferredDocument struct {
	*document
	Recipes []recipeRow `json:"recipes"`
}

type recipeRow struct {
	Artifact safetext.Text `json:"artifact"`
	File     safetext.Text `json:"file,omitzero"`
	Level    reports.Level `json:"level,omitempty"`
	Builds   int           `json:"builds"`             // that it took
	Manifest string        `json:"manifest,omitempty"` // YAML in ASCII, ready to paste
	Reason   safetext.Text `json:"reason,omitzero"`
}

// inferOut prints what was found, and writes the patches that recipes name.
func (d *door) inferOut(c *cli.Context, found []audit.Inferred, part *audit.Partial) error {
	doc := inferredDocument{newDocument("rebuild"), []recipeRow{}}
	code := exitDone
	if part != nil {
		doc.outcomes(part.Outcomes)
		code = partExit(part)
	}
	for _, f := range found {
		row := recipeRow{
			Artifact: safetext.Of(f.Offered.Name), File: safetext.Of(f.Offered.File), Level: f.Result.Level,
			Manifest: f.Recipe, Reason: safetext.Of(f.Why),
		}
		if f.Result.Search != nil {
			row.Builds = len(f.Result.Search.Trials)
		}
		if f.Result.Recipe == nil {
			code = worst(code, exitIncomplete)
		}
		if f.Patch != nil {
			name := filepath.Join(c.String("out"), audit.PatchFile)
			if err := writeFile(name, f.Patch, 0o644); err != nil {
				return err
			}
			doc.note("patch", "the recipe of %s needs a patched toolchain; the patch is in %s", f.Offered.Name, name)
		}
		doc.Recipes = append(doc.Recipes, row)
	}
	d.exit = doc.end(code)
	if c.Bool("json") {
		enc := json.NewEncoder(d.out)
		enc.SetEscapeHTML(false)
		return enc.Encode(doc)
	}
	return d.inferText(doc)
}

// inferText prints recipes as a manifest has them, with what is said about them
// as comments.
func (d *door) inferText(doc inferredDocument) error {
	var b strings.Builder
	for _, r := range doc.Recipes {
		if r.Manifest == "" {
			fmt.Fprintf(&b, "# %s %s: no recipe was found: %s\n", r.Artifact, r.File, r.Reason)
			continue
		}
		fmt.Fprintf(&b, "# %s %s: %s, after %d builds\n%s", r.Artifact, r.File, r.Level, r.Builds, r.Manifest)
	}
	for _, n := range doc.Notes {
		fmt.Fprintf(&b, "# %s\n", n.Text)
	}
	_, err := io.WriteString(d.out, b.String())
	return err
}
