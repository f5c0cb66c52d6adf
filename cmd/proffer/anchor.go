package main

import (
	"bytes"
	"errors"
	"fmt"
	"os"

	"github.com/urfave/cli/v2"

	"github.com/proffer-audit/proffer/attest/bundle"
	"github.com/proffer-audit/proffer/attest/trust"
	"github.com/proffer-audit/proffer/audit"
	"github.com/proffer-audit/proffer/audit/policy"
)

// commandRoot is the name of the trust root that the command line gives.
const commandRoot = "--trusted-root"

// readAnchor reads what the reviewer trusts beforehand.
func readAnchor(c *cli.Context) (audit.Anchor, error) {
	a := audit.Anchor{Roots: map[string][]byte{}}
	if name := c.String("key"); name != "" {
		raw, err := readAnchorKey(name, "auditor")
		if err != nil {
			return a, err
		}
		a.Keys = append(a.Keys, raw)
	}
	who, err := readIdentity(c, "identity", "issuer", a.Roots)
	if err != nil {
		return a, err
	}
	a.Identities = who
	if name := c.String("policy"); name != "" {
		if err := addRole(&a, name, trust.Auditor); err != nil {
			return a, err
		}
	}
	for _, name := range c.StringSlice("artifact") {
		f, err := os.Open(name)
		if err != nil {
			return a, err
		}
		digest, err := digestOf(f)
		if err = errors.Join(err, f.Close()); err != nil {
			return a, err
		}
		a.Artifacts = append(a.Artifacts, digest)
	}
	a.MinSequence = c.Int("min-sequence")
	return a, nil
}

func readAnchorKey(name, whose string) ([]byte, error) {
	raw, err := os.ReadFile(name)
	if err != nil {
		return nil, &failure{exit: exitInvalid, code: "no-key", err: fmt.Errorf("read the %s's key: %w", whose, err), hint: "name the " + whose + "'s public key, such as signer.pub"}
	}
	if _, err := trust.ParsePublic(raw); err != nil {
		return nil, &failure{exit: exitInvalid, code: "bad-key", err: fmt.Errorf("%s: %w", name, err), hint: "a public key in PEM is wanted"}
	}
	return raw, nil
}

// readIdentity reads an identity that the command line names, and the root under
// which it is believed.
func readIdentity(c *cli.Context, identity, issuer string, roots map[string][]byte) ([]trust.Principal, error) {
	p := trust.Principal{Name: "--" + identity, Identity: c.String(identity), Issuer: c.String(issuer), Root: commandRoot}
	if p.Identity == "" && p.Issuer == "" {
		return nil, nil
	}
	if p.Identity == "" || p.Issuer == "" {
		return nil, usage("--%s and --%s go together", identity, issuer)
	}
	if err := p.Validate(); err != nil {
		return nil, usage("%w", err)
	}
	raw, err := commandRootBytes(c)
	if err != nil {
		return nil, err
	}
	roots[commandRoot] = raw
	return []trust.Principal{p}, nil
}

// commandRootBytes is the trust root of the command line, or the public-good one.
func commandRootBytes(c *cli.Context) ([]byte, error) {
	raw := bundle.PublicGood()
	if name := c.String("trusted-root"); name != "" {
		var err error
		if raw, err = readCapped(name, maxSigningFile); err != nil {
			return nil, err
		}
	}
	if _, err := bundle.NewRoot(raw); err != nil {
		return nil, bundleFailure(err)
	}
	return raw, nil
}

// addRole adds the principals of one role of a policy to an anchor.
func addRole(a *audit.Anchor, name, role string) error {
	p, _, err := readPolicy(name)
	if err != nil {
		return err
	}
	before := len(a.Keys) + len(a.Identities)
	for root, raw := range p.Roots() {
		a.Roots[root] = raw
	}
	for _, r := range p.Roles() {
		for _, q := range r.Principals {
			switch {
			case r.Name != role:
			case len(q.Key) > 0:
				a.Keys = append(a.Keys, q.Key)
			default:
				a.Identities = append(a.Identities, principalOf(q))
			}
		}
	}
	if len(a.Keys)+len(a.Identities) == before {
		return &failure{exit: exitInvalid, code: "no-" + role, err: fmt.Errorf("policy %s lists no %s", name, role), hint: "list one under trust.roles." + role + ", or use --key or --identity"}
	}
	return nil
}

func principalOf(q policy.PrincipalDemand) trust.Principal {
	return trust.Principal{
		Name: q.Name, Organisation: q.Organisation, Identity: q.Identity, Match: q.Match, Issuer: q.Issuer, Root: q.Root,
		Key: q.Key, CI: trust.CI(q.CI),
	}
}

// isBundle tells a bundle, which is JSON, from a dossier, which is a tar.
func isBundle(name string) (bool, error) {
	if info, err := os.Stat(name); err != nil || !info.Mode().IsRegular() {
		return false, nil // it is for the reader of dossiers to say
	}
	f, err := os.Open(name)
	if err != nil {
		return false, err
	}
	defer f.Close()
	head := make([]byte, 64)
	n, err := f.Read(head)
	if n == 0 || err != nil {
		return false, nil // whatever it is, it is for the reader of dossiers to say
	}
	return bytes.HasPrefix(bytes.TrimLeft(head[:n], " \t\r\n"), []byte("{")), nil
}
