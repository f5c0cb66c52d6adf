package main

import (
	"bytes"
	"errors"
	"io"
	"os"
	"path/filepath"

	"github.com/urfave/cli/v2"

	"github.com/proffer-audit/proffer/attest/bundle"
	"github.com/proffer-audit/proffer/attest/sign"
	"github.com/proffer-audit/proffer/attest/tuf"
	"github.com/proffer-audit/proffer/attest/wire"
)

func (d *door) signBundleCommand() *cli.Command {
	return &cli.Command{
		Name: "sign-bundle", Usage: "sign a file, as a sigstore bundle", ArgsUsage: "FILE",
		Description: "As the one whom the identity token names, unless --key is given. With --in-toto the file\n" +
			"is a statement, which is signed as such; it must be in canonical form. With --key and\n" +
			"--signing-config the signature is logged and timestamped too. Without --signing-config an\n" +
			"identity signs with sigstore's public-good instance, which its TUF repository describes.",
		Flags: append(signerFlags(),
			&cli.StringFlag{Name: "bundle", Usage: "write the bundle to `FILE`"},
			&cli.BoolFlag{Name: "in-toto", Usage: "the file is an in-toto statement"},
			&cli.BoolFlag{Name: "staging", Usage: "believe sigstore's staging instance, without --trusted-root"},
			&cli.BoolFlag{Name: "allow-private-network", Usage: "connect to private and loopback addresses too, unencrypted there"},
		),
		Action: d.signBundle,
	}
}

func (d *door) signBundle(c *cli.Context) error {
	if c.NArg() != 1 {
		return usage("sign-bundle wants one file")
	}
	out := c.String("bundle")
	if out == "" {
		return usage("sign-bundle wants --bundle")
	}
	one, err := d.bundleSigner(c)
	if err != nil {
		return err
	}
	raw, err := signFile(c, one, c.Args().First())
	if err != nil {
		return err
	}
	if err := writeFile(out, raw, 0o644); err != nil {
		return err
	}
	doc := newDocument("sign-bundle")
	doc.Signer, doc.Out = signedAs(one), out
	if identity, issuer := one.Named(); identity != "" {
		doc.note("identity", "%s", identity)
		doc.note("issuer", "%s", issuer)
	}
	if !one.Connects() {
		doc.note("time-not-attested", "signed with a key alone: nobody vouches for when")
	}
	d.exit = doc.end(exitDone)
	return doc.write(d.out, c.Bool("json"))
}

// bundleSigner reads who signs. Without --key it is an identity, as the
// conformance suite has it.
func (d *door) bundleSigner(c *cli.Context) (*sign.Signer, error) {
	if c.String("key") != "" && c.String("signing-config") == "" && c.String("rekor-url") == "" && c.String("tsa-url") == "" {
		g, err := d.readSigning(c)
		if err != nil {
			return nil, err
		}
		one, _, err := g.signer(c.Context, &state{})
		return one, err
	}
	g := &signing{key: c.String("key"), keyless: c.String("key") == ""}
	if err := g.instance(c); err != nil {
		return nil, err
	}
	if err := g.readServices(c); err != nil {
		return nil, err
	}
	if g.keyless {
		if err := g.readTokenSource(d, c); err != nil {
			return nil, err
		}
		one, _, err := g.signer(c.Context, nil)
		return one, err
	}
	key, _, err := (&state{}).keyOf(c.Context, g.key)
	if err != nil {
		return nil, err
	}
	return sign.Witnessed(key, g.opt)
}

// instance fills in what the command line leaves out with what sigstore's own
// instance has: its trust root as it came with this program, or, where the
// services are left out too, both as its repository has them now.
func (g *signing) instance(c *cli.Context) error {
	url, first, root := "", []byte(nil), bundle.PublicGood()
	if url, first = tuf.PublicGood(); c.Bool("staging") {
		url, first = tuf.Staging()
		root = bundle.Staging()
	}
	if c.String("signing-config") == "" && c.String("fulcio-url") == "" && g.keyless {
		dir, err := stateDir(c)
		if err != nil {
			return err
		}
		m, err := tuf.Fetch(c.Context, tuf.Options{
			URL: url, Root: first, Cache: filepath.Join(dir, "tuf"), Client: wire.New(wire.Options{Offline: c.Bool("offline")}),
		})
		if err != nil {
			return err
		}
		root, g.config = m.TrustedRoot, m.SigningConfig
	}
	if c.String("trusted-root") == "" {
		g.opt.Root = root
	}
	return nil
}

func signFile(c *cli.Context, one *sign.Signer, name string) (raw []byte, err error) {
	f, err := os.Open(name)
	if err != nil {
		return nil, err
	}
	defer func() { err = errors.Join(err, f.Close()) }()
	if !c.Bool("in-toto") {
		return one.File(c.Context, f)
	}
	payload, err := io.ReadAll(io.LimitReader(f, sign.MaxStatement+1))
	if err != nil {
		return nil, err
	}
	return one.Statement(c.Context, bytes.TrimSpace(payload))
}
