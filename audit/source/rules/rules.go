package rules

import (
	"bufio"
	"crypto/sha256"
	"embed"
	"encoding/hex"
	"fmt"
	"io/fs"
	"strings"
)

//go:embed data/*.txt
var data embed.FS

// A Set is all rule data, read. It is not changed after Load, so any number of
// goroutines may share it.
type Set struct {
	Digest      string // sha256: of all rule files, names and bytes
	Sinks       Sinks
	Std         Std
	Flows       Flows
	Confusables Confusables
	Languages   Languages
	Places      Places
	Hosts       Hosts
	Magic       Magic
	Severities  map[string]Weight
	Concerns    map[Capability][]string
}

// Load reads the embedded tables. An error means that the program was built with
// a broken table; it names file and line.
func Load() (*Set, error) {
	s := &Set{}
	digest, err := digest()
	if err != nil {
		return nil, err
	}
	s.Digest = digest
	for _, table := range []struct {
		name string
		line func(string) error
	}{
		{"sinks", s.Sinks.line},
		{"std", s.Std.line},
		{"flows", s.Flows.line},
		{"confusables", s.Confusables.line},
		{"languages", s.Languages.line},
		{"places", s.Places.line},
		{"hosts", s.Hosts.line},
		{"magic", s.Magic.line},
		{"severities", s.severity},
		{"concerns", s.concern},
	} {
		if err := lines(table.name, table.line); err != nil {
			return nil, err
		}
	}
	return s, nil
}

// lines calls each for every line of a table that says something. A comment
// starts at a # that begins the line or follows a blank; it is left out.
func lines(table string, each func(string) error) error {
	f, err := data.Open("data/" + table + ".txt")
	if err != nil {
		return fmt.Errorf("rule table: %w", err)
	}
	defer f.Close()
	sc := bufio.NewScanner(f)
	for n := 1; sc.Scan(); n++ {
		text := sc.Text()
		if i := strings.Index(text, " #"); i >= 0 {
			text = text[:i]
		}
		if text = strings.TrimSpace(text); text == "" || text[0] == '#' {
			continue
		}
		if err := each(text); err != nil {
			return fmt.Errorf("rule table %s.txt line %d: %w", table, n, err)
		}
	}
	return sc.Err()
}

func digest() (string, error) {
	h := sha256.New()
	err := fs.WalkDir(data, ".", func(path string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() {
			return err
		}
		b, err := data.ReadFile(path)
		if err != nil {
			return err
		}
		fmt.Fprintf(h, "%s %d\n", path, len(b))
		h.Write(b)
		return nil
	})
	if err != nil {
		return "", fmt.Errorf("digest rule tables: %w", err)
	}
	return "sha256:" + hex.EncodeToString(h.Sum(nil)), nil
}

// Weight is how severe a finding of one rule is.
type Weight struct {
	Severity string   // in code
	Quiet    string   // in tests and documents
	Concerns []string // ids that it bears on, in the table's order
}

func (s *Set) severity(line string) error {
	f := strings.Fields(line)
	if len(f) != 4 {
		return fmt.Errorf("want RULE SEVERITY QUIET CONCERNS, not %q", line)
	}
	w := Weight{Severity: f[1], Quiet: f[2]}
	if f[3] != "-" {
		w.Concerns = strings.Split(f[3], ",")
	}
	if s.Severities == nil {
		s.Severities = map[string]Weight{}
	}
	s.Severities[f[0]] = w
	return nil
}

func (s *Set) concern(line string) error {
	f := strings.Fields(line)
	if len(f) != 2 {
		return fmt.Errorf("want CAPABILITY CONCERNS, not %q", line)
	}
	if s.Concerns == nil {
		s.Concerns = map[Capability][]string{}
	}
	c, err := ParseCapability(f[0])
	if err != nil {
		return err
	}
	s.Concerns[c] = strings.Split(f[1], ",")
	return nil
}
