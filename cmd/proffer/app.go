package main

import (
	"context"
	"fmt"
	"io"
	"os"
	"strings"

	"github.com/urfave/cli/v2"
	"golang.org/x/term"

	"github.com/proffer-audit/proffer/audit"
)

// door is what every command needs: where to write, and how.
type door struct {
	out, err io.Writer
	terminal bool // progress may draw bars
	exit     int  // what the command ended with
}

// run is the program without its process: arguments in, exit code out.
func run(ctx context.Context, args []string, out, errOut io.Writer) int {
	d := &door{out: out, err: errOut, terminal: isTerminal(errOut)}
	app := d.app()
	err := app.RunContext(ctx, arrange(app, args))
	if err == nil {
		return d.exit
	}
	f := exitOf(err)
	if wants(app, args, "json") {
		doc := newDocument(commandName(app, args))
		doc.Error = &errorRow{f.code, text(f.err.Error()), text(f.hint)}
		doc.end(f.exit)
		if werr := doc.write(out, true); werr != nil {
			fmt.Fprintln(errOut, exitOf(werr).message())
		}
		return f.exit
	}
	fmt.Fprintln(errOut, f.message())
	return f.exit
}

func isTerminal(w io.Writer) bool {
	f, ok := w.(*os.File)
	return ok && term.IsTerminal(int(f.Fd()))
}

func (d *door) app() *cli.App {
	app := &cli.App{
		Name:    "proffer",
		Usage:   "make a vendor's offer of source code checkable",
		Version: audit.Version,
		Description: "Exit codes: 0 done, the policy is met or the thing verified; 1 not met; 2 usage or\n" +
			"unreadable input; 3 incomplete; 4 refused: not authentic; 5 cannot isolate.",
		Flags: []cli.Flag{
			&cli.StringFlag{Name: "state", Usage: "keep evidence, step results and keys in `DIR` (default $XDG_STATE_HOME/proffer)"},
			&cli.BoolFlag{Name: "offline", Usage: "make no connection: what is missing makes its check not-run"},
			&cli.BoolFlag{Name: "json", Usage: "print one JSON document on stdout, progress on stderr"},
			&cli.BoolFlag{Name: "quiet", Usage: "print no progress"},
			&cli.BoolFlag{Name: "no-color", EnvVars: []string{"NO_COLOR"}, Usage: "draw progress without colours"},
		},
		Commands: []*cli.Command{
			d.auditCommand(), d.verifyCommand(), d.verifyBundleCommand(), d.signBundleCommand(), d.decideCommand(), d.fetchCommand(), d.rebuildCommand(), d.compareCommand(),
			d.keyCommand(), d.trustCommand(), d.profileCommand(), d.schemaCommand(),
		},
		Writer: d.out, ErrWriter: d.err,
		HideHelpCommand:       false,
		EnableBashCompletion:  false,
		CustomAppHelpTemplate: "",
		ExitErrHandler:        func(*cli.Context, error) {}, // run decides
		OnUsageError:          usageError,
		CommandNotFound:       func(*cli.Context, string) {},
		Action: func(c *cli.Context) error {
			if c.NArg() > 0 {
				return usage("no command %q", c.Args().First())
			}
			return cli.ShowAppHelp(c)
		},
	}
	for _, c := range app.Commands {
		c.OnUsageError = usageError
		if len(c.Subcommands) > 0 {
			c.Action = unknownSubcommand
			c.CustomHelpTemplate = familyHelp
		}
		for _, s := range c.Subcommands {
			s.OnUsageError = usageError
		}
	}
	return app
}

// familyHelp is the help of a command that has commands: the library's own lists
// them after `proffer COMMAND --help` alone.
const familyHelp = `NAME:
   proffer {{.Name}} - {{.Usage}}

USAGE:
   proffer {{.Name}} COMMAND

COMMANDS:{{range .Subcommands}}{{if ne .Name "help"}}
   {{.Name}}{{"\t"}}{{.Usage}}{{end}}{{end}}
`

// unknownSubcommand is what a command does that is given none of its own.
func unknownSubcommand(c *cli.Context) error {
	if c.NArg() > 0 {
		return usage("%s has no command %q", c.Command.Name, c.Args().First())
	}
	var names []string
	for _, s := range c.Command.Subcommands {
		if s.Name != "help" {
			names = append(names, s.Name)
		}
	}
	return usage("%s wants a command: %s", c.Command.Name, strings.Join(names, ", "))
}

func usageError(_ *cli.Context, err error, _ bool) error { return usage("%w", err) }

// wants tells whether a flag that every command has was given, before parsing
// can have failed.
func wants(app *cli.App, args []string, flag string) bool {
	for _, a := range arrange(app, args) {
		if a == "--" {
			return false
		}
		if a == "--"+flag || a == "-"+flag || a == "--"+flag+"=true" {
			return true
		}
	}
	return false
}

func commandName(app *cli.App, args []string) string {
	for _, a := range arrange(app, args)[1:] {
		if app.Command(a) != nil {
			return a
		}
	}
	return ""
}
