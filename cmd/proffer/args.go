package main

import (
	"slices"
	"strings"

	"github.com/urfave/cli/v2"
)

// arrange puts arguments into the order that the flag parser wants: flags of
// every command, the command, its own flags, and what is left. A person may
// write them in any order, as in `proffer audit submission.yaml --json`.
func arrange(app *cli.App, args []string) []string {
	if len(args) == 0 {
		return args
	}
	a := arranger{globals: app.Flags, commands: app.Commands}
	for rest := args[1:]; len(rest) > 0; {
		rest = rest[a.take(rest):]
	}
	out := append([]string{args[0]}, a.global...)
	out = append(out, a.path...)
	out = append(out, a.own...)
	if len(a.words) > 0 {
		out = append(append(out, "--"), a.words...)
	}
	return out
}

type arranger struct {
	globals  []cli.Flag
	commands []*cli.Command // those that may come next
	current  *cli.Command

	global, path, own, words []string
}

// take sorts the first argument, with its value if it has one, and says how many
// it took.
func (a *arranger) take(rest []string) int {
	word := rest[0]
	switch {
	case word == "--":
		a.words = append(a.words, rest[1:]...)
		return len(rest)
	case len(word) > 1 && word[0] == '-':
		name, _, valued := strings.Cut(strings.TrimLeft(word, "-"), "=")
		list, flag := &a.own, a.find(name)
		if f := find(a.globals, name); f != nil {
			list, flag = &a.global, f
		}
		n := 1
		if flag != nil && !standsAlone(flag) && !valued && len(rest) > 1 {
			n = 2
		}
		*list = append(*list, rest[:n]...)
		return n
	}
	if len(a.words) == 0 {
		if i := slices.IndexFunc(a.commands, func(c *cli.Command) bool { return c.HasName(word) }); i >= 0 {
			a.current, a.commands = a.commands[i], a.commands[i].Subcommands
			a.path = append(a.path, word)
			return 1
		}
	}
	a.words = append(a.words, word)
	return 1
}

// standsAlone tells a flag that takes no value from the next argument.
func standsAlone(flag cli.Flag) bool {
	switch f := flag.(type) {
	case *cli.BoolFlag:
		return true
	case *cli.GenericFlag:
		b, ok := f.Value.(interface{ IsBoolFlag() bool })
		return ok && b.IsBoolFlag()
	}
	return false
}

func (a *arranger) find(name string) cli.Flag {
	if a.current == nil {
		return nil
	}
	return find(a.current.Flags, name)
}

func find(flags []cli.Flag, name string) cli.Flag {
	for _, f := range flags {
		if slices.Contains(f.Names(), name) {
			return f
		}
	}
	return nil
}
