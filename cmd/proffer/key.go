package main

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"

	"github.com/urfave/cli/v2"

	"github.com/proffer-audit/proffer/attest/trust"
)

// passphraseVariable is the environment variable that a key is encrypted with.
const passphraseVariable = "PROFFER_KEY_PASSPHRASE"

func (d *door) keyCommand() *cli.Command {
	return &cli.Command{
		Name: "key", Usage: "keys for signing reports",
		Subcommands: []*cli.Command{{
			Name: "new", Usage: "make a key pair: FILE (private) and FILE with the ending .pub", ArgsUsage: "FILE",
			Description: "ECDSA P-256. The private half is encrypted when " + passphraseVariable + " is set.",
			Action: func(c *cli.Context) error {
				if c.NArg() != 1 {
					return usage("key new wants one file name")
				}
				name := c.Args().First()
				pub, err := newKeyPair(name, publicName(name))
				if err != nil {
					return err
				}
				_, err = fmt.Fprintf(d.out, "private  %s\npublic   %s\nkey id   %s\n", name, publicName(name), pub.ID())
				return err
			},
		}},
	}
}

// publicName is where the public half of a key file stands.
func publicName(private string) string {
	if filepath.Ext(private) == ".key" {
		return private[:len(private)-len(".key")] + ".pub"
	}
	return private + ".pub"
}

// newKeyPair makes a key pair; it never overwrites a file.
func newKeyPair(private, public string) (*trust.Public, error) {
	for _, name := range []string{private, public} {
		if _, err := os.Lstat(name); !errors.Is(err, fs.ErrNotExist) {
			return nil, &failure{exit: exitInvalid, code: "key-exists", err: fmt.Errorf("%s is there already", name), hint: "name another file; a key is never overwritten"}
		}
	}
	secret, pub, err := trust.NewKey([]byte(os.Getenv(passphraseVariable)))
	if err != nil {
		return nil, err
	}
	if err := writeFile(private, secret, 0o600); err != nil {
		return nil, err
	}
	if err := writeFile(public, pub, 0o644); err != nil {
		return nil, err
	}
	return trust.ParsePublic(pub)
}

// signingKey loads the key that a command signs with: the one named, or the
// local one, which is made on first use. local says which.
func (s *state) signingKey(name string) (key *trust.Key, local bool, err error) {
	if name == "" {
		local = true
		name = filepath.Join(s.dir, "keys", "local.key")
		if _, err := os.Lstat(name); errors.Is(err, fs.ErrNotExist) {
			if _, err := newKeyPair(name, publicName(name)); err != nil {
				return nil, local, fmt.Errorf("make the local key: %w", err)
			}
		}
	}
	raw, err := os.ReadFile(name)
	if err != nil {
		return nil, local, &failure{exit: exitInvalid, code: "no-key", err: fmt.Errorf("read the signing key: %w", err), hint: "make one with `proffer key new FILE`"}
	}
	key, err = trust.LoadKey(raw, []byte(os.Getenv(passphraseVariable)))
	if err != nil {
		return nil, local, &failure{exit: exitInvalid, code: "bad-key", err: fmt.Errorf("load the signing key: %w", err), hint: "an encrypted key wants its passphrase in " + passphraseVariable}
	}
	return key, local, nil
}
