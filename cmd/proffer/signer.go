package main

import (
	"context"
	"fmt"
	"os"
	"time"

	"github.com/urfave/cli/v2"
	"golang.org/x/term"

	"github.com/proffer-audit/proffer/attest/sign"
	"github.com/proffer-audit/proffer/attest/trust"
	"github.com/proffer-audit/proffer/attest/wire"
	"github.com/proffer-audit/proffer/audit/sandbox"
)

// The environment variables that say who signs.
const (
	tokenVariable        = "SIGSTORE_ID_TOKEN"
	jobURLVariable       = "ACTIONS_ID_TOKEN_REQUEST_URL"
	jobTokenVariable     = "ACTIONS_ID_TOKEN_REQUEST_TOKEN"
	maxSigningFile       = 4 << 20 // bytes: a token, a configuration, a trust root
	defaultOIDCClient    = "sigstore"
	pluginTimeout        = 5 * time.Minute // a person may have to touch a device
	keylessWithoutConfig = "use --signing-config, which `proffer trust init` fetches, or --fulcio-url, --rekor-url and --tsa-url"
)

// keyFlag is --key of every command that signs.
func keyFlag() cli.Flag {
	return &cli.StringFlag{Name: "key", Usage: "sign with this private key `FILE`, or with the key NAME://REFERENCE of the program sigstore-kms-NAME (default: the local key, made on first use)"}
}

// signerFlags are those of a command that signs, beside --allow-private-network.
func signerFlags() []cli.Flag {
	return append([]cli.Flag{
		keyFlag(),
		&cli.BoolFlag{Name: "keyless", Usage: "sign as the one whom an identity token names, with certificate, log entry and timestamp"},
	}, identityFlags()...)
}

func identityFlags() []cli.Flag {
	return []cli.Flag{
		&cli.StringFlag{Name: "identity-token", Usage: "the identity `TOKEN`; it shows in the list of processes: prefer a file or " + tokenVariable},
		&cli.StringFlag{Name: "identity-token-file", Usage: "read the identity token from `FILE`"},
		&cli.StringFlag{Name: "oidc-issuer", Usage: "get the identity token from this issuer `URL`, by a browser on any machine"},
		&cli.StringFlag{Name: "oidc-client-id", Value: defaultOIDCClient, Usage: "what that issuer knows this program as"},
		&cli.StringFlag{Name: "signing-config", Usage: "the services to sign with: a signing_config.json v0.2 `FILE`"},
		&cli.StringFlag{Name: "fulcio-url", Usage: "the certificate authority's `URL`, instead of the configuration's"},
		&cli.StringFlag{Name: "rekor-url", Usage: "the transparency log's `URL`, instead of the configuration's"},
		&cli.IntFlag{Name: "rekor-version", Value: 2, Usage: "the version of that log's API, `1 or 2`"},
		&cli.StringFlag{Name: "tsa-url", Usage: "the timestamp authority's `URL`, instead of the configuration's"},
		&cli.StringFlag{Name: "trusted-root", Usage: "verify what was signed under this trusted_root.json `FILE`, before it is handed out"},
	}
}

// signing is how a command signs, checked before its work begins.
type signing struct {
	key     string // file or name; "" for the local key, or an identity
	keyless bool
	config  []byte // the signing configuration, where there is one
	opt     sign.Options
	token   func(context.Context) (sign.Token, error)
}

// readSigning reads who signs and with what, as far as it can be read without a
// connection.
func (d *door) readSigning(c *cli.Context) (*signing, error) {
	g := &signing{key: c.String("key"), keyless: c.Bool("keyless")}
	if !g.keyless {
		for _, f := range identityFlags() {
			if name := f.Names()[0]; c.IsSet(name) && name != "trusted-root" {
				return nil, usage("--%s goes with --keyless", name)
			}
		}
		return g, nil
	}
	if g.key != "" {
		return nil, usage("--key and --keyless exclude each other")
	}
	if c.Bool("offline") {
		return nil, &failure{exit: exitInvalid, code: "offline", err: fmt.Errorf("--keyless needs connections, and --offline forbids them"), hint: "sign with --key"}
	}
	if err := g.readServices(c); err != nil {
		return nil, err
	}
	return g, g.readTokenSource(d, c)
}

// readServices reads trust root and services.
func (g *signing) readServices(c *cli.Context) (err error) {
	g.opt.Client = wire.New(wire.Options{AllowPrivate: c.Bool("allow-private-network"), Offline: c.Bool("offline")})
	g.opt.Now = time.Now
	if name := c.String("trusted-root"); name != "" && g.opt.Root == nil {
		if g.opt.Root, err = readCapped(name, maxSigningFile); err != nil {
			return err
		}
	}
	if name := c.String("signing-config"); name != "" {
		if g.config, err = readCapped(name, maxSigningFile); err != nil {
			return err
		}
	}
	if g.config != nil {
		if g.opt.Services, err = sign.ParseConfig(g.config, time.Now()); err != nil {
			return err
		}
	}
	s := &g.opt.Services
	if u := c.String("fulcio-url"); u != "" {
		s.Authority = sign.Service{URL: u, Version: 1}
	}
	if u := c.String("rekor-url"); u != "" {
		s.Logs = []sign.Service{{URL: u, Version: c.Int("rekor-version")}}
	}
	if u := c.String("tsa-url"); u != "" {
		s.Timestamps = []sign.Service{{URL: u, Version: 1}}
	}
	if s.Authority.URL == "" && g.keyless {
		return &failure{exit: exitInvalid, code: string(sign.NoService), err: fmt.Errorf("nothing says which services to sign with"), hint: keylessWithoutConfig}
	}
	if len(g.opt.Root) == 0 {
		return &failure{exit: exitInvalid, code: string(sign.NoRoot), err: fmt.Errorf("there is no trust root to verify the signature under"), hint: "name it with --trusted-root; `proffer trust init` fetches it"}
	}
	_, err = trust.ParseRoot(g.opt.Root)
	return err
}

// readTokenSource finds where the identity token comes from: the first of flag,
// file, variable, job and browser. A given token is read at once, so that a
// mistake shows before the work; the others are asked for when it is time to sign.
func (g *signing) readTokenSource(d *door, c *cli.Context) error {
	given := func(raw string) error {
		token, err := sign.ParseToken(raw)
		g.token = func(context.Context) (sign.Token, error) { return token, nil }
		return err
	}
	switch issuer := c.String("oidc-issuer"); {
	case c.IsSet("identity-token"):
		return given(c.String("identity-token"))
	case c.String("identity-token-file") != "":
		raw, err := readCapped(c.String("identity-token-file"), maxSigningFile)
		if err != nil {
			return err
		}
		return given(string(raw))
	case issuer == "" && os.Getenv(tokenVariable) != "":
		return given(os.Getenv(tokenVariable))
	case issuer == "" && os.Getenv(jobURLVariable) != "":
		g.token = func(ctx context.Context) (sign.Token, error) {
			return sign.Job(ctx, g.opt.Client, os.Getenv(jobURLVariable), os.Getenv(jobTokenVariable))
		}
		return nil
	case issuer == "" && g.opt.Services.Issuer.URL != "" && term.IsTerminal(int(os.Stdin.Fd())):
		g.browse(d, g.opt.Services.Issuer.URL, c.String("oidc-client-id"))
		return nil
	case issuer != "":
		g.browse(d, issuer, c.String("oidc-client-id"))
		return nil
	}
	return &failure{
		exit: exitInvalid, code: string(sign.NoToken), err: fmt.Errorf("nothing says who signs: there is no identity token"),
		hint: "use --identity-token-file, the variable " + tokenVariable + ", GitHub Actions with id-token: write, or --oidc-issuer for a browser",
	}
}

// browse asks a person, on whatever machine a browser is.
func (g *signing) browse(d *door, issuer, client string) {
	g.token = sign.DeviceFlow{
		Client: g.opt.Client, Issuer: issuer, ClientID: client,
		Show: func(p sign.Prompt) error {
			_, err := fmt.Fprintf(d.err, "To sign, open %s\nand type the code %s\n", text(p.URL), text(p.Code))
			return err
		},
	}.Token
}

// signer makes the signer. local tells that it is the key of the state folder.
func (g *signing) signer(ctx context.Context, s *state) (one *sign.Signer, local bool, err error) {
	if g.keyless {
		token, err := g.token(ctx)
		if err != nil {
			return nil, false, err
		}
		one, err = sign.Identity(ctx, token, g.opt)
		return one, false, err
	}
	key, local, err := s.keyOf(ctx, g.key)
	if err != nil {
		return nil, local, err
	}
	return sign.Bare(key), local, nil
}

// keyOf loads the key that a command signs with, from a file or from a key
// management service.
func (s *state) keyOf(ctx context.Context, name string) (*trust.Key, bool, error) {
	if !sign.IsKMS(name) {
		return s.signingKey(name)
	}
	key, err := sign.KMS(ctx, name, func(ctx context.Context, program string, args []string, stdin []byte) ([]byte, error) {
		ctx, cancel := context.WithTimeout(ctx, pluginTimeout)
		defer cancel()
		return sandbox.HostPlugin(ctx, program, args, stdin)
	})
	return key, false, err
}

// signedAs is how a document names who signed.
func signedAs(one *sign.Signer) string {
	if identity, issuer := one.Named(); identity != "" {
		return text(trust.IdentityID(identity, issuer)).String()
	}
	return one.Key().Public().ID()
}

// signFailure is the exit code of an error of signing: 2 for what was asked, 3
// for what could not be had, 4 for what does not verify.
func signFailure(e *sign.Error) int {
	switch e.Code {
	case sign.NotVerified:
		return exitRefused
	case sign.BadAnswer, sign.BadPlugin, sign.NotGranted:
		return exitIncomplete
	case sign.NoToken:
		if wire.CodeOf(e) != "" {
			return exitIncomplete
		}
	}
	return exitInvalid
}
