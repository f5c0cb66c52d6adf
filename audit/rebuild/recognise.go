package rebuild

import (
	"errors"
	"fmt"
	"maps"
	"path"
	"slices"
	"strings"
)

// recognised reads a recipe as a compile. reasons is empty when all of it is
// known; plan then holds what the command says.
func recognised(r Recipe) (plan plan, reasons []string) {
	add := func(format string, args ...any) { reasons = append(reasons, fmt.Sprintf(format, args...)) }
	if len(r.Prepare) > 0 {
		add("commands run before the build")
	}
	if len(r.Postprocess) > 0 {
		add("commands change the output after the build")
	}
	reasons = append(reasons, unknownEnv(r.Env)...)
	if len(r.Command) < 2 || r.Command[0] != "go" || r.Command[1] != "build" {
		add("the command is not go build")
		return plan, reasons
	}
	plan, err := readBuild(r.Command[2:])
	if err != nil {
		add("%v", err)
		return plan, reasons
	}
	if words, err := splitWords(r.Env["GOFLAGS"]); err != nil {
		add("GOFLAGS: %v", err)
	} else if more, err := readBuild(words); err != nil || len(more.packages) > 0 {
		add("GOFLAGS: %v", errors.Join(err, notFlags(more.packages)))
	} else {
		plan.list = append(plan.list, more.list...)
	}
	if plan.output == "" {
		add("the command does not say -o")
	} else if path.Join(plan.dir, plan.output) != path.Clean(r.Output) {
		add("-o %.200q is not the output that the recipe names", plan.output)
	}
	return plan, reasons
}

func notFlags(words []string) error {
	if len(words) == 0 {
		return nil
	}
	return fmt.Errorf("%.200q is no flag", words[0])
}

// plan is what a go build command says, as far as more must be asked of it.
type plan struct {
	dir      string   // of -C
	output   string   // of -o
	list     []string // flags that decide which packages and files are compiled
	packages []string
}

// readBuild reads the arguments after "go build". The error is the first thing
// that is not known.
func readBuild(args []string) (plan, error) {
	var p plan
	for len(args) > 0 {
		arg := args[0]
		if arg == "--" || !strings.HasPrefix(arg, "-") || arg == "-" {
			break
		}
		name, value, rest, err := readFlag(buildFlags, args)
		if err != nil {
			return p, err
		}
		switch name {
		case "C":
			p.dir = value
		case "o":
			p.output = value
		case "tags", "mod":
			p.list = append(p.list, "-"+name+"="+value)
		}
		args = rest
	}
	if len(args) > 0 && args[0] == "--" {
		args = args[1:]
	}
	for _, a := range args {
		if err := knownPackage(a); err != nil {
			return p, err
		}
	}
	p.packages = args
	return p, nil
}

// knownPackage allows what names packages or files of the source or of the
// standard library: no version, no way out of the tree.
func knownPackage(arg string) error {
	clean := path.Clean(arg)
	if arg == "" || strings.HasPrefix(arg, "-") || strings.ContainsAny(arg, "@\\\x00") || path.IsAbs(arg) ||
		clean == ".." || strings.HasPrefix(clean, "../") {
		return fmt.Errorf("%.200q names no package of the source", arg)
	}
	return nil
}

// readFlag reads the first argument as a flag by a table and returns what is
// left. A flag of one or two dashes takes its value after "=" or, unless it is
// a switch, from the next argument.
func readFlag(table map[string]rule, args []string) (name, value string, rest []string, err error) {
	name = strings.TrimPrefix(strings.TrimPrefix(args[0], "-"), "-")
	name, value, has := strings.Cut(name, "=")
	rest = args[1:]
	r, known := table[name]
	if !known {
		return name, value, rest, fmt.Errorf("the flag -%.200s is not on the list", name)
	}
	isSwitch := r.form == switchOnly || r.form == oneOf && slices.Contains(r.words, "")
	if !has && !isSwitch {
		if len(rest) == 0 {
			return name, value, rest, fmt.Errorf("the flag -%s lacks its value", name)
		}
		value, rest = rest[0], rest[1:]
	}
	if err := r.allows(value); err != nil {
		return name, value, rest, fmt.Errorf("the flag -%s: %w", name, err)
	}
	return name, value, rest, nil
}

// maxValue is how long a word may be that is taken as data, in bytes: an -X of
// kilobytes is no version.
const maxValue = 1024

// allows reports what is not known about a flag's value.
func (r rule) allows(value string) error {
	ok := true
	switch r.form {
	case anyValue:
		ok = len(value) <= maxValue
	case switchOnly:
		ok = slices.Contains([]string{"", "true", "false", "1", "0", "t", "f"}, value)
	case number:
		ok = value != "" && strings.Trim(value, "0123456789") == ""
	case oneOf:
		ok = slices.Contains(r.words, value)
	case localPath:
		ok = isLocal(value)
	default:
		return toolWords(toolFlags[r.form], value)
	}
	if !ok {
		return fmt.Errorf("the value %.200q is not on the list", value)
	}
	return nil
}

// isLocal reports whether p stays below the folder it is relative to.
func isLocal(p string) bool {
	clean := path.Clean(p)
	return p != "" && !path.IsAbs(p) && !strings.ContainsAny(p, "\\\x00") &&
		clean != "." && clean != ".." && !strings.HasPrefix(clean, "../")
}

// toolWords reads the flags of a tool as cmd/go passes them on: words with
// quotes, after an optional "pattern=".
func toolWords(table map[string]rule, value string) error {
	if value = strings.TrimSpace(value); !strings.HasPrefix(value, "-") {
		if _, after, ok := strings.Cut(value, "="); ok {
			value = after
		}
	}
	words, err := splitWords(value)
	for err == nil && len(words) > 0 {
		if !strings.HasPrefix(words[0], "-") {
			return fmt.Errorf("%.200q is no flag", words[0])
		}
		_, _, words, err = readFlag(table, words)
	}
	return err
}

// splitWords splits at white space; a word that starts with a quote goes on to
// the same quote. There are no escapes: this is how cmd/go reads such lists.
func splitWords(s string) ([]string, error) {
	const space = " \t\n\r"
	var words []string
	for s = strings.TrimLeft(s, space); s != ""; s = strings.TrimLeft(s, space) {
		if s[0] == '"' || s[0] == '\'' {
			stop := strings.IndexByte(s[1:], s[0])
			if stop < 0 {
				return nil, errors.New("a quote is not closed")
			}
			words, s = append(words, s[1:1+stop]), s[2+stop:]
			continue
		}
		stop := strings.IndexAny(s, space)
		if stop < 0 {
			stop = len(s)
		}
		words, s = append(words, s[:stop]), s[stop:]
	}
	return words, nil
}

func unknownEnv(env map[string]string) []string {
	var reasons []string
	for _, key := range slices.Sorted(maps.Keys(env)) {
		values, known := knownEnv[key]
		switch {
		case !known:
			reasons = append(reasons, fmt.Sprintf("the variable %.200s is not on the list", key))
		case values != nil && !slices.Contains(values, env[key]):
			reasons = append(reasons, fmt.Sprintf("the variable %s has the value %.200q", key, env[key]))
		}
	}
	return reasons
}
