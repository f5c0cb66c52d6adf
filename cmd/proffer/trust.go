package main

import (
	"encoding/json"
	"fmt"
	"io"
	"path/filepath"
	"strings"
	"time"

	"github.com/urfave/cli/v2"

	"github.com/proffer-audit/proffer/attest/trust"
	"github.com/proffer-audit/proffer/attest/tuf"
	"github.com/proffer-audit/proffer/attest/wire"
	"github.com/proffer-audit/proffer/audit/evidence"
	"github.com/proffer-audit/proffer/reports/safetext"
)

// The files that trust init writes.
const (
	nameTrustedRoot   = "trusted_root.json"
	nameSigningConfig = "signing_config.json"
)

func (d *door) trustCommand() *cli.Command {
	return &cli.Command{
		Name: "trust", Usage: "trust roots: fetch one, and see whom it believes",
		Subcommands: []*cli.Command{{
			Name: "init", Usage: "fetch a trust root and signing configuration by TUF",
			Description: "On a connected machine. The root.json of the repository is what the fetch is trusted by: get\n" +
				"it by another way. What is written is pinned by its digest from then on; no command\n" +
				"fetches a trust root by itself. Run it again with the same --out to update.",
			Flags: []cli.Flag{
				&cli.StringFlag{Name: "tuf", Usage: "the repository's `URL`"},
				&cli.StringFlag{Name: "root", Usage: "the repository's root.json `FILE`"},
				&cli.BoolFlag{Name: "public-good", Usage: "sigstore's own repository, with the root.json that its library has"},
				&cli.BoolFlag{Name: "staging", Usage: "the repository that sigstore tries itself out with"},
				&cli.StringFlag{Name: "out", Usage: "write into `DIR`"},
				&cli.StringFlag{Name: "name", Value: "own", Usage: "what a policy calls the root"},
				&cli.BoolFlag{Name: "allow-private-network", Usage: "connect to private and loopback addresses too, unencrypted there"},
			},
			Action: d.trustInit,
		}, {
			Name: "show", Usage: "whom a trust root believes, and when", ArgsUsage: "FILE", Action: d.trustShow,
		}},
	}
}

// trustDocument is what `trust … --json` prints.
type trustDocument struct {
	Proffer       string      `json:"proffer"`
	Command       string      `json:"command"`
	Result        string      `json:"result"`
	Exit          int         `json:"exit"`
	Root          string      `json:"root"` // digest of the trust root
	SigningConfig string      `json:"signingConfig,omitempty"`
	Out           string      `json:"out,omitempty"`
	Anchors       []anchorRow `json:"anchors"`
}

// anchorRow is one party that a trust root believes.
type anchorRow struct {
	Kind  string        `json:"kind"`
	Name  safetext.Text `json:"name"`
	URI   safetext.Text `json:"uri"`
	ID    string        `json:"id"`
	From  string        `json:"from,omitempty"`
	Until string        `json:"until,omitempty"`
}

func describeRoot(command string, raw []byte) (*trustDocument, error) {
	list, err := trust.Describe(raw)
	if err != nil {
		return nil, &failure{exit: exitInvalid, code: string(trust.BadRoot), err: err, hint: "a trusted_root.json is wanted"}
	}
	doc := &trustDocument{Proffer: "1", Command: command, Result: string(results[exitDone]), Root: string(evidence.Of(raw)), Anchors: []anchorRow{}}
	for _, a := range list {
		doc.Anchors = append(doc.Anchors, anchorRow{a.Kind, text(a.Name), text(a.URI), a.ID, instant(a.From), instant(a.Until)})
	}
	return doc, nil
}

func instant(t time.Time) string {
	if t.IsZero() {
		return ""
	}
	return t.UTC().Format(time.RFC3339)
}

func (d *door) trustShow(c *cli.Context) error {
	if c.NArg() != 1 {
		return usage("trust show wants one trusted_root.json")
	}
	raw, err := readCapped(c.Args().First(), maxSigningFile)
	if err != nil {
		return err
	}
	doc, err := describeRoot("trust show", raw)
	if err != nil {
		return err
	}
	return doc.write(d.out, c.Bool("json"), "")
}

func (d *door) trustInit(c *cli.Context) error {
	out, name := c.String("out"), c.String("name")
	if c.NArg() != 0 || out == "" {
		return usage("trust init wants --out and no arguments")
	}
	opt, err := readRepository(c)
	if err != nil {
		return err
	}
	opt.Cache = filepath.Join(out, "tuf")
	m, err := tuf.Fetch(c.Context, opt)
	if err != nil {
		return err
	}
	doc, err := describeRoot("trust init", m.TrustedRoot)
	if err != nil {
		return err
	}
	if err := writeFile(filepath.Join(out, nameTrustedRoot), m.TrustedRoot, 0o644); err != nil {
		return err
	}
	if m.SigningConfig != nil {
		if err := writeFile(filepath.Join(out, nameSigningConfig), m.SigningConfig, 0o644); err != nil {
			return err
		}
		doc.SigningConfig = string(evidence.Of(m.SigningConfig))
	}
	doc.Out = out
	return doc.write(d.out, c.Bool("json"), fmt.Sprintf("\nA policy beside it names it so:\n\ntrust:\n  roots:\n    - {name: %s, file: %s, digest: %q}\n", name, nameTrustedRoot, doc.Root))
}

// readRepository reads which repository is asked, and by whose root.
func readRepository(c *cli.Context) (tuf.Options, error) {
	opt := tuf.Options{Client: wire.New(wire.Options{AllowPrivate: c.Bool("allow-private-network"), Offline: c.Bool("offline")})}
	ways := 0
	for _, f := range []string{"tuf", "public-good", "staging"} {
		if c.IsSet(f) {
			ways++
		}
	}
	if ways != 1 || c.IsSet("tuf") != c.IsSet("root") {
		return opt, usage("trust init wants --tuf and --root, or --public-good, or --staging")
	}
	switch {
	case c.Bool("public-good"):
		opt.URL, opt.Root = tuf.PublicGood()
	case c.Bool("staging"):
		opt.URL, opt.Root = tuf.Staging()
	default:
		raw, err := readCapped(c.String("root"), maxSigningFile)
		if err != nil {
			return opt, err
		}
		opt.URL, opt.Root = c.String("tuf"), raw
	}
	return opt, nil
}

func (t *trustDocument) write(w io.Writer, asJSON bool, after string) error {
	if asJSON {
		enc := json.NewEncoder(w)
		enc.SetEscapeHTML(false)
		return enc.Encode(t)
	}
	var b strings.Builder
	for _, a := range t.Anchors {
		from, until := a.From, a.Until
		if from == "" {
			from = "ever"
		}
		if until == "" {
			until = "now"
		}
		fmt.Fprintf(&b, "%-22s %s\n%22s id     %s\n%22s from   %s until %s\n", a.Kind, join(a.Name.String(), a.URI.String()), "", a.ID, "", from, until)
	}
	fmt.Fprintf(&b, "\ntrust root      %s\n", t.Root)
	if t.SigningConfig != "" {
		fmt.Fprintf(&b, "signing config  %s\n", t.SigningConfig)
	}
	if t.Out != "" {
		fmt.Fprintf(&b, "written to      %s\n", t.Out)
	}
	b.WriteString(after)
	_, err := io.WriteString(w, b.String())
	return err
}

// tufFailure is the exit code of an error of fetching a trust root.
func tufFailure(e *tuf.Error) int {
	switch e.Code {
	case tuf.Refused, tuf.BadTarget:
		return exitRefused
	case tuf.Unreachable, tuf.Missing:
		return exitIncomplete
	}
	return exitInvalid
}
