package main

import (
	"fmt"
	"maps"
	"slices"
	"strings"

	"github.com/urfave/cli/v2"

	"github.com/proffer-audit/proffer/audit/policy"
	"github.com/proffer-audit/proffer/audit/profile"
	"github.com/proffer-audit/proffer/audit/submission"
)

func schemas() map[string][]byte {
	return map[string][]byte{
		"submission": submission.Schema(), "policy": policy.Schema(), "profile": profile.Schema(),
	}
}

func (d *door) schemaCommand() *cli.Command {
	return &cli.Command{
		Name: "schema", Usage: "print the JSON Schema of a format: submission, policy or profile", ArgsUsage: "NAME",
		Action: func(c *cli.Context) error {
			raw, ok := schemas()[c.Args().First()]
			if !ok || c.NArg() != 1 {
				names := slices.Sorted(maps.Keys(schemas()))
				return usage("schema wants one of %s", strings.Join(names, ", "))
			}
			_, err := fmt.Fprintf(d.out, "%s\n", strings.TrimSpace(string(raw)))
			return err
		},
	}
}

func (d *door) profileCommand() *cli.Command {
	return &cli.Command{
		Name: "profile", Usage: "the written-response processes that are built in",
		Subcommands: []*cli.Command{{
			Name: "list", Usage: "their names",
			Action: func(*cli.Context) error {
				for _, name := range profile.BuiltinNames() {
					if _, err := fmt.Fprintln(d.out, name); err != nil {
						return err
					}
				}
				return nil
			},
		}, {
			Name: "show", Usage: "one of them, as it is read", ArgsUsage: "NAME",
			Action: func(c *cli.Context) error {
				raw, ok := profile.Builtin(c.Args().First())
				if !ok || c.NArg() != 1 {
					return usage("no built-in profile %q; there are: %s", c.Args().First(), strings.Join(profile.BuiltinNames(), ", "))
				}
				_, err := d.out.Write(raw)
				return err
			},
		}},
	}
}
