package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"runtime"
	"sync"
	"time"

	"github.com/urfave/cli/v2"

	"github.com/proffer-audit/proffer/audit"
	"github.com/proffer-audit/proffer/audit/engine"
	"github.com/proffer-audit/proffer/audit/evidence"
	"github.com/proffer-audit/proffer/audit/sandbox"
	"github.com/proffer-audit/proffer/reports"
)

func inputFlags() []cli.Flag {
	return []cli.Flag{
		&cli.StringFlag{Name: "policy", Value: "baseline", Usage: "the reviewer's demands: a built-in `NAME` or a file"},
		&cli.StringFlag{Name: "profile", Usage: "the written-response process: a built-in `NAME` or a file (default: the one that the submission answers)"},
		&cli.StringFlag{Name: "osv", Usage: "advisories from `DIR|FILE|URL` (default: the public OSV archive)"},
		&cli.StringFlag{Name: "as-of", Usage: "the evaluation instant, RFC 3339 `TIME` (default: the policy's, otherwise now, and kept for the next run)"},
		&cli.BoolFlag{Name: "fresh", Usage: "resolve the evaluation instant and the advisories again"},
		&cli.BoolFlag{Name: "self-assessment", Usage: "the vendor audits itself: says so in the report"},
		&cli.BoolFlag{Name: "allow-private-network", Usage: "fetch from private and loopback addresses too, for internal mirrors and tests"},
		&cli.IntFlag{Name: "jobs", Value: runtime.NumCPU(), Usage: "steps at one time"},
		&cli.StringFlag{Name: "sandbox", Usage: "use this `TIER` and no other: namespaces or landlock"},
	}
}

func (d *door) auditCommand() *cli.Command {
	return &cli.Command{
		Name: "audit", Usage: "fetch, verify, rebuild, scan, read, report and sign", ArgsUsage: "SUBMISSION",
		Flags: append(append(inputFlags(), signerFlags()...),
			&cli.StringFlag{Name: "out", Usage: "write into `DIR` (default proffer-out/ID)"},
			&cli.StringFlag{Name: "previous", Usage: "the `DOSSIER` of the report that this one follows"},
		),
		Action: d.audit,
	}
}

func (d *door) audit(c *cli.Context) (err error) {
	if c.NArg() != 1 {
		return usage("audit wants one submission")
	}
	signing, err := d.readSigning(c)
	if err != nil {
		return err
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
	a, err := audit.Run(c.Context, job.request, job.tools)
	job.progress.finish()
	if err != nil {
		return err
	}
	return d.deliver(c, s, job, a, signing)
}

// job is a request with everything to run it.
type job struct {
	request  audit.Request
	tools    audit.Tools
	progress *progress
	close    func() error
}

// prepare reads the inputs and opens what an audit works with.
func (d *door) prepare(c *cli.Context, s *state) (*job, error) {
	in, err := readInputs(c)
	if err != nil {
		return nil, err
	}
	scratch, err := s.scratch()
	if err != nil {
		return nil, err
	}
	client, err := s.fetcher(c.Context, c, in.policy)
	if err != nil {
		return nil, err
	}
	j := &job{request: in.request, close: client.Close}
	if err := s.resolve(c, in, client, &j.request); err != nil {
		return nil, errors.Join(err, client.Close())
	}
	steps, err := audit.Steps(j.request)
	if err != nil {
		return nil, errors.Join(err, client.Close())
	}
	j.progress = newProgress(d.err, d.terminal, c.Bool("quiet"), !c.Bool("no-color"), steps)
	n := max(c.Int("jobs"), 1)
	box := &isolation{options: sandbox.Options{Min: sandbox.Tier(in.policy.Sandbox), Force: sandbox.Tier(c.String("sandbox")), Scratch: scratch}}
	j.close = func() error { return errors.Join(box.close(), client.Close()) }
	j.tools = audit.Tools{
		Store: s.store, Cache: s.cache, Fetch: client, Scratch: scratch, Sandbox: box.open,
		Limits: engine.Limits{Network: 4, CPU: n, Rebuild: 1},
		Now:    time.Now, Watch: j.progress.watch,
	}
	return j, nil
}

// isolation opens the sandbox once, when the first step needs it.
type isolation struct {
	options sandbox.Options
	once    sync.Once
	box     *sandbox.Sandbox
	err     error
}

func (i *isolation) open(ctx context.Context) (*sandbox.Sandbox, error) {
	i.once.Do(func() { i.box, i.err = sandbox.Open(ctx, i.options) })
	return i.box, i.err
}

// close takes away what the sandbox keeps on the host, if it was opened.
func (i *isolation) close() error {
	if i.box == nil {
		return nil
	}
	return i.box.Close()
}

// deliver signs, writes the output folder and prints the result.
func (d *door) deliver(c *cli.Context, s *state, j *job, a *audit.Audit, signing *signing) error {
	one, local, err := signing.signer(c.Context, s)
	if err != nil {
		return err
	}
	run, err := completeRun(a.Run, j)
	if err != nil {
		return err
	}
	sealed, err := audit.Seal(c.Context, s.store, a, run, one)
	if err != nil {
		return err
	}
	out := c.String("out")
	if out == "" {
		out = filepath.Join("proffer-out", a.Report.Submission.ID)
	}
	digest, err := writeOut(out, s.store, sealed)
	if err != nil {
		return err
	}
	doc := newDocument("audit")
	doc.report(a.Report)
	doc.Dossier, doc.Report = string(digest), string(evidence.Of(a.Statement))
	doc.Signer, doc.Out = signedAs(one), out
	doc.Steps = &stepCount{a.Ran, a.Cached}
	if run.Sandbox != nil {
		doc.Sandbox = run.Sandbox.Tier
	}
	auditNotes(doc, a, local)
	d.exit = doc.end(auditExit(a))
	return doc.write(d.out, c.Bool("json"))
}

// auditExit is the exit code of a finished audit.
func auditExit(a *audit.Audit) int {
	code := exitDone
	switch a.Report.Result {
	case reports.NotMet:
		code = exitNotMet
	case reports.ResultIncomplete:
		code = exitIncomplete
	}
	if a.Mismatch {
		code = worst(code, exitRefused)
	}
	if !a.Isolated {
		code = worst(code, exitNotIsolated)
	}
	return code
}

func auditNotes(doc *document, a *audit.Audit, local bool) {
	if local {
		doc.note("local-key", "signed with the local key of this state folder; a reviewer needs its public half, signer.pub, by another way than the dossier")
	}
	if !a.Isolated {
		doc.note("not-isolated", "nothing isolates on this machine, so nothing of the vendor's was run; see SECURITY.md")
	}
	if run := a.Run.Sandbox; run != nil {
		for _, lack := range run.Lacks {
			doc.note("sandbox-lacks", "%s", lack)
		}
	}
}

// completeRun adds what only the process knows.
func completeRun(run reports.Run, j *job) (reports.Run, error) {
	name, err := os.Executable()
	if err != nil {
		return run, fmt.Errorf("find this program: %w", err)
	}
	f, err := os.Open(name)
	if err != nil {
		return run, err
	}
	defer f.Close()
	digest, err := digestOf(f)
	if err != nil {
		return run, err
	}
	run.Binary, run.Go, run.Machine = string(digest), runtime.Version(), runtime.GOOS+"/"+runtime.GOARCH
	if p, ok := j.tools.Fetch.(interface{ Proxy() string }); ok {
		run.Proxy = p.Proxy()
	}
	return run, nil
}

// writeOut writes the output folder; the dossier last, so that a folder with a
// dossier in it is whole.
func writeOut(dir string, store *evidence.Store, s *audit.Sealed) (evidence.Digest, error) {
	for name, data := range map[string][]byte{
		evidence.ReportName: s.Statement, evidence.BundleName: s.Bundle, evidence.SignerName: s.Signer,
		evidence.RunName: s.Run, "report.html": s.HTML, "findings.sarif": s.SARIF,
	} {
		if err := writeFile(filepath.Join(dir, name), data, 0o644); err != nil {
			return "", err
		}
	}
	name := filepath.Join(dir, "dossier.oci.tar")
	f, err := os.CreateTemp(dir, ".dossier-*")
	if err != nil {
		return "", err
	}
	digest, err := s.Write(f, store)
	err = errors.Join(err, f.Chmod(0o644), f.Sync(), f.Close())
	if err == nil {
		err = os.Rename(f.Name(), name)
	}
	if err != nil {
		return "", errors.Join(err, os.Remove(f.Name()))
	}
	return digest, nil
}
