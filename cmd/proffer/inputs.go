package main

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"net/url"
	"os"
	"path/filepath"
	"strings"
	"time"

	"github.com/urfave/cli/v2"

	"github.com/proffer-audit/proffer/audit"
	"github.com/proffer-audit/proffer/audit/advisories"
	"github.com/proffer-audit/proffer/audit/evidence"
	"github.com/proffer-audit/proffer/audit/fetch"
	"github.com/proffer-audit/proffer/audit/policy"
	"github.com/proffer-audit/proffer/audit/profile"
	"github.com/proffer-audit/proffer/audit/submission"
	"github.com/proffer-audit/proffer/reports"
)

// inputs are the three documents as the command line names them.
type inputs struct {
	request audit.Request
	policy  *policy.Policy
}

// maxInput caps an input document, in bytes, before it is read.
const maxInput = 1 << 20

func readInputs(c *cli.Context) (*inputs, error) {
	name := c.Args().First()
	raw, err := readFile(name)
	if err != nil {
		return nil, err
	}
	in := &inputs{}
	in.request.Submission, in.request.Dir = audit.Document{Name: name, Raw: raw}, filepath.Dir(name)
	sub, err := submission.Parse(name, raw)
	if err != nil {
		return nil, err
	}
	policyName := c.String("policy")
	if c.Bool("self-assessment") && !c.IsSet("policy") {
		policyName = "self-assessment"
	}
	if in.policy, in.request.Policy, err = readPolicy(policyName); err != nil {
		return nil, err
	}
	in.request.PolicyFiles = policyFiles(policyName)
	profileName := c.String("profile")
	if profileName == "" {
		profileName = sub.Matter.Profile
	}
	in.request.Profile, err = readDocument(profileName, "profile", profile.Builtin, profile.BuiltinNames())
	if err != nil {
		return nil, err
	}
	in.request.Parameters.Mode = reports.Independent
	if c.Bool("self-assessment") {
		in.request.Parameters.Mode = reports.SelfAssessment
	}
	in.request.Parameters.Sequence = sub.Version
	return in, in.follow(c.String("previous"))
}

// follow chains the audit to the report before it.
func (in *inputs) follow(previous string) (err error) {
	if previous == "" {
		return nil
	}
	d, err := audit.OpenDossier(previous)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, d.Close()) }()
	v, err := audit.Verify(d, audit.Anchor{})
	if err != nil {
		return err
	}
	in.request.Parameters.Previous = string(v.ReportDigest())
	in.request.Parameters.Sequence = v.Report.Sequence + 1
	for _, concern := range v.Report.Concerns {
		if concern.Outcome == reports.Contradicted {
			in.request.Parameters.Carried = append(in.request.Parameters.Carried, concern.ID)
		}
	}
	return nil
}

// readPolicy reads a policy with the files it names.
func readPolicy(name string) (*policy.Policy, audit.Document, error) {
	doc, err := readDocument(name, "policy", policy.Builtin, policy.BuiltinNames())
	if err != nil {
		return nil, doc, err
	}
	p, err := policy.Parse(doc.Name, doc.Raw)
	if err != nil {
		return nil, doc, err
	}
	load := policyFiles(name)
	err = p.Resolve(func(path, _ string) ([]byte, error) { return load(path) })
	return p, doc, err
}

// policyFiles reads the files that a policy names, from its own folder and
// nowhere else.
func policyFiles(policyName string) func(string) ([]byte, error) {
	return func(path string) ([]byte, error) {
		root, err := os.OpenRoot(filepath.Dir(policyName))
		if err != nil {
			return nil, err
		}
		defer root.Close() // it was only read from
		raw, err := root.ReadFile(filepath.FromSlash(path))
		if err != nil {
			return nil, &failure{exit: exitInvalid, code: "no-policy-file", err: fmt.Errorf("the policy names %s: %w", path, err), hint: "paths in a policy are relative to it"}
		}
		return raw, nil
	}
}

// readDocument reads a built-in document or a file. A name without a dot and a
// separator is a built-in one.
func readDocument(name, kind string, builtin func(string) ([]byte, bool), names []string) (audit.Document, error) {
	if raw, ok := builtin(name); ok {
		return audit.Document{Name: name, Raw: raw}, nil
	}
	if !strings.ContainsAny(name, `./\`) {
		return audit.Document{}, usage("no built-in %s %q; there are: %s", kind, name, strings.Join(names, ", "))
	}
	raw, err := readFile(name)
	return audit.Document{Name: name, Raw: raw}, err
}

func readFile(name string) ([]byte, error) {
	info, err := os.Stat(name)
	if err == nil && info.Size() > maxInput {
		err = fmt.Errorf("it has %d bytes, and at most %d are read", info.Size(), maxInput)
	}
	var raw []byte
	if err == nil {
		raw, err = os.ReadFile(name)
	}
	if err != nil {
		return nil, &failure{exit: exitInvalid, code: "unreadable", err: fmt.Errorf("read %s: %w", name, err), hint: "name a file that is there"}
	}
	return raw, nil
}

// resolve fixes what a run resolves once: the evaluation instant and the
// advisories. Both are kept with the run and used again until --fresh.
func (s *state) resolve(c *cli.Context, in *inputs, client *fetch.Client, req *audit.Request) error {
	*req = in.request
	key := evidence.Of(append(append([]byte{}, req.Submission.Raw...), req.Policy.Raw...))
	kept, ok, err := s.recall(key)
	if err != nil {
		return err
	}
	if !ok || c.Bool("fresh") {
		kept = remembered{AsOf: time.Now()}
	}
	if kept.AsOf, err = asOf(c, in.policy, kept.AsOf); err != nil {
		return err
	}
	req.Parameters.AsOf = kept.AsOf
	if err := s.advisories(c, client, &kept, req); err != nil {
		return err
	}
	return s.remember(key, kept)
}

// asOf is the evaluation instant: of the command line, of the policy, or kept.
func asOf(c *cli.Context, p *policy.Policy, kept time.Time) (time.Time, error) {
	t := kept
	if !p.AsOf.IsZero() {
		t = p.AsOf
	}
	if text := c.String("as-of"); text != "" {
		var err error
		if t, err = time.Parse(time.RFC3339, text); err != nil {
			return t, usage("--as-of wants an instant such as 2026-11-21T00:00:00Z: %w", err)
		}
	}
	return t.UTC().Truncate(time.Second), nil
}

// ecosystems are those that this version lists components of.
func ecosystems() []string { return []string{"Go"} }

// advisories packs the database that --osv names, or the public archive's.
func (s *state) advisories(c *cli.Context, client *fetch.Client, kept *remembered, req *audit.Request) error {
	name := c.String("osv")
	if strings.HasPrefix(name, "https://") || strings.HasPrefix(name, "http://") || name == "" {
		return s.publicAdvisories(c.Context, client, name, kept, req, c.Bool("fresh"))
	}
	info, err := os.Stat(name)
	if err == nil && info.IsDir() {
		req.OSV, err = advisories.PackDir(os.DirFS(name), ecosystems(), "given by --osv")
	} else if err == nil {
		var raw []byte
		if raw, err = os.ReadFile(name); err == nil {
			req.OSV, err = advisories.PackZip(raw, ecosystems(), "given by --osv")
		}
	}
	if errors.Is(err, fs.ErrNotExist) {
		return &failure{exit: exitInvalid, code: "no-osv", err: fmt.Errorf("read the advisories: %w", err), hint: "--osv wants a folder of records, an all.zip, or a URL"}
	}
	return err
}

// maxArchive caps an archive of advisories, in bytes.
const maxArchive = 1 << 30

// archiveOf is where an ecosystem's archive is: below a mirror that --osv names,
// the archive itself, or the public one.
func archiveOf(base, ecosystem string) string {
	switch {
	case base == "":
		return advisories.ArchiveURL(ecosystem)
	case strings.HasSuffix(base, ".zip"):
		return base
	}
	return strings.TrimSuffix(base, "/") + "/" + url.PathEscape(ecosystem) + "/all.zip"
}

// publicAdvisories fetches the archive once, and keeps the snapshot. That
// it cannot be had is no error: the check says not-run.
func (s *state) publicAdvisories(ctx context.Context, client *fetch.Client, base string, kept *remembered, req *audit.Request, fresh bool) error {
	if kept.OSV != "" && kept.OSVFrom == base && !fresh {
		raw, err := s.store.Read(kept.OSV, maxArchive)
		req.OSV = raw
		return err
	}
	label := advisories.PublicLabel
	if base != "" {
		label = "fetched from the address of --osv"
	}
	var got []advisories.Fetched
	for _, eco := range ecosystems() {
		blob, _, err := client.Snapshot(ctx, archiveOf(base, eco), maxArchive, nil)
		if ctx.Err() != nil {
			return context.Cause(ctx)
		}
		if code := fetch.CodeOf(err); code != "" {
			req.Parameters.OSVAbsent = "the OSV archive could not be fetched (" + string(code) + ")"
			return nil
		}
		if err != nil {
			return err
		}
		raw, err := s.store.Read(blob.Digest, maxArchive)
		if err != nil {
			return err
		}
		got = append(got, advisories.Fetched{Ecosystem: eco, Data: raw})
	}
	pack, err := advisories.PackFetched(got, label)
	if err != nil {
		return err
	}
	req.OSV, kept.OSVFrom = pack, base
	kept.OSV, err = s.store.PutBytes(pack)
	return err
}
