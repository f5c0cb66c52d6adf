package main

import (
	"crypto/ed25519"
	"errors"
	"fmt"
	"io"
	"os"
	"strings"

	"github.com/urfave/cli/v2"

	"github.com/proffer-audit/proffer/attest/bundle"
	"github.com/proffer-audit/proffer/attest/trust"
)

func (d *door) verifyBundleCommand() *cli.Command {
	return &cli.Command{
		Name: "verify-bundle", Usage: "did this identity or key sign this file, by this sigstore bundle?", ArgsUsage: "FILE|sha256:DIGEST",
		Description: "Everything that the bundle shows must verify: certificate, certificate timestamp, log\n" +
			"entries, timestamps. No connection is made and no clock is read. Without --trusted-root\n" +
			"the public-good root that came with this program is believed.",
		Flags: []cli.Flag{
			&cli.StringFlag{Name: "bundle", Usage: "the sigstore bundle `FILE`"},
			&cli.StringFlag{Name: "certificate-identity", Usage: "the exact subject alternative `NAME` of the signer"},
			&cli.StringFlag{Name: "certificate-oidc-issuer", Usage: "the exact `URL` of the issuer that vouches for it"},
			&cli.StringFlag{Name: "key", Usage: "the signer's public key `FILE`, in PEM, instead of an identity"},
			&cli.StringFlag{Name: "trusted-root", Usage: "believe the authorities and logs of this trusted_root.json `FILE`"},
			&cli.BoolFlag{Name: "staging", Usage: "believe sigstore's staging instance, without --trusted-root"},
		},
		Action: d.verifyBundle,
	}
}

// bundleQuestion is what verify-bundle is asked.
type bundleQuestion struct {
	bundle           []byte
	root             *bundle.Root
	key              *trust.Public // nil with an identity
	identity, issuer string
	about            bundle.Artifact
}

func (d *door) verifyBundle(c *cli.Context) error {
	q, err := readBundleQuestion(c)
	if err != nil {
		return err
	}
	v, err := q.answer()
	if err != nil {
		return bundleFailure(err)
	}
	doc := newDocument("verify-bundle")
	doc.Signer = v.KeyID
	if v.Identity != nil {
		doc.note("identity", "%s", v.Identity.SAN)
		doc.note("issuer", "%s", v.Identity.Issuer)
	}
	for _, o := range v.Times {
		doc.note("signed-by", "seen at %s by %s %s", o.At.Format("2006-01-02T15:04:05Z07:00"), o.Source, o.By)
	}
	if v.Statement != nil {
		doc.note("predicate-type", "%s", v.Statement.PredicateType)
	}
	d.exit = doc.end(exitDone)
	return doc.write(d.out, c.Bool("json"))
}

// answer verifies with everything demanded.
func (q *bundleQuestion) answer() (*bundle.Verified, error) {
	b, err := bundle.Read(q.bundle, bundle.MaxBundle)
	if err != nil {
		return nil, err
	}
	if q.key != nil {
		return bundle.VerifyKey(b, q.key, q.root, q.about, bundle.Strict())
	}
	v, err := bundle.VerifyCertificate(b, q.root, q.about, bundle.Strict())
	if err != nil {
		return nil, err
	}
	return v, v.Is(q.identity, q.issuer)
}

func readBundleQuestion(c *cli.Context) (*bundleQuestion, error) {
	if c.NArg() != 1 {
		return nil, usage("verify-bundle wants one file or digest")
	}
	if c.String("bundle") == "" {
		return nil, usage("verify-bundle wants --bundle")
	}
	q := &bundleQuestion{identity: c.String("certificate-identity"), issuer: c.String("certificate-oidc-issuer")}
	byKey := c.String("key") != ""
	if byKey == (q.identity != "" || q.issuer != "") || !byKey && (q.identity == "" || q.issuer == "") {
		return nil, usage("verify-bundle wants --certificate-identity and --certificate-oidc-issuer, or --key")
	}
	var err error
	if q.bundle, err = readCapped(c.String("bundle"), bundle.MaxBundle); err != nil {
		return nil, err
	}
	if byKey {
		if q.key, err = readPublicKey(c.String("key")); err != nil {
			return nil, err
		}
	}
	if q.root, err = readBundleRoot(c); err != nil {
		return nil, err
	}
	q.about, err = q.readArtifact(c.Args().First())
	return q, err
}

// readCapped reads a file, and one byte beyond the limit if there is one, so
// that whoever parses it refuses it for its size.
func readCapped(name string, limit int64) ([]byte, error) {
	f, err := os.Open(name)
	if err != nil {
		return nil, err
	}
	data, err := io.ReadAll(io.LimitReader(f, limit+1))
	return data, errors.Join(err, f.Close())
}

func readPublicKey(name string) (*trust.Public, error) {
	raw, err := readCapped(name, 1<<20)
	if err != nil {
		return nil, err
	}
	key, err := trust.ParsePublic(raw)
	if err != nil {
		return nil, &failure{exit: exitInvalid, code: "bad-key", err: fmt.Errorf("%s: %w", name, err), hint: "a public key in PEM is wanted"}
	}
	return key, nil
}

func readBundleRoot(c *cli.Context) (*bundle.Root, error) {
	raw := bundle.PublicGood()
	if c.Bool("staging") {
		raw = bundle.Staging()
	}
	if name := c.String("trusted-root"); name != "" {
		var err error
		if raw, err = readCapped(name, bundle.MaxBundle); err != nil {
			return nil, err
		}
	}
	r, err := bundle.NewRoot(raw)
	if err != nil {
		return nil, bundleFailure(err)
	}
	return r, nil
}

// readArtifact takes a digest for a digest, whatever files there are. Contents
// are kept for the one kind of key that signs them as they are.
func (q *bundleQuestion) readArtifact(name string) (about bundle.Artifact, err error) {
	for _, alg := range []string{"sha256:", "sha384:", "sha512:"} {
		if strings.HasPrefix(name, alg) {
			if about, err = bundle.Digest(name); err != nil {
				return about, usage("%w", err)
			}
			return about, nil
		}
	}
	f, err := os.Open(name)
	if err != nil {
		return about, err
	}
	defer func() { err = errors.Join(err, f.Close()) }()
	if q.key != nil {
		if _, ok := q.key.Key.(ed25519.PublicKey); ok {
			data, err := io.ReadAll(f)
			return bundle.Contents(data), err
		}
	}
	return bundle.Stream(f)
}

// bundleFailure tells what is no bundle, exit 2, from what is not authentic.
func bundleFailure(err error) error {
	var e *bundle.Error
	if !errors.As(err, &e) {
		return err
	}
	f := &failure{exit: exitRefused, code: string(e.Code), err: fmt.Errorf("bundle: %w", err)}
	switch e.Code {
	case bundle.Unreadable, bundle.TooLarge, bundle.UnknownVersion, bundle.BadRoot, bundle.BadDemand, bundle.ArtifactNeeded:
		f.exit = exitInvalid
	}
	f.hint = bundleHint(e.Code)
	return f
}

// bundleHint says what a person can do about a refusal.
func bundleHint(code bundle.Code) string {
	switch code {
	case bundle.Unreadable, bundle.UnknownVersion:
		return "a sigstore bundle of v0.1 to v0.3 in JSON is wanted, such as artifact.sigstore.json"
	case bundle.TooLarge:
		return fmt.Sprintf("bundles of up to %d bytes are read", bundle.MaxBundle)
	case bundle.BadRoot:
		return "get trusted_root.json from whoever runs the authorities, by a way that you trust"
	case bundle.UntrustedRoot, bundle.UnknownLog, bundle.UntrustedTimestamper, bundle.SCTUnknownLog:
		return "if another instance of sigstore signed it and you trust that, name its trusted_root.json with --trusted-root"
	case bundle.WrongIdentity:
		return "name the identity and issuer that you expect, from another source than the bundle"
	case bundle.UntrustedSigner:
		return "use --key for a bundle that a key signed, --certificate-identity for one under a certificate"
	case bundle.DigestMismatch, bundle.SubjectMismatch:
		return "this bundle belongs to another file"
	case bundle.ArtifactNeeded:
		return "name the file itself instead of its digest"
	}
	return "do not use the file: ask its supplier for a bundle that verifies"
}
