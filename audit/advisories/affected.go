package advisories

import (
	"fmt"
	"slices"
	"strings"

	"github.com/google/osv-scalibr/semantic"
)

// normalise is the name under which an ecosystem files a package, by
// osv-scanner's rules: Python names are folded (PEP 503), and the Go
// distribution is "stdlib".
func normalise(ecosystem, name string) string {
	switch {
	case ecosystem == "PyPI":
		return foldPython(name)
	case ecosystem == "Go" && name == "go":
		return "stdlib"
	}
	return name
}

func foldPython(name string) string {
	var b strings.Builder
	dash := false
	for _, r := range strings.ToLower(name) {
		if r == '-' || r == '_' || r == '.' {
			dash = true
			continue
		}
		if dash {
			b.WriteByte('-')
			dash = false
		}
		b.WriteRune(r)
	}
	if dash {
		b.WriteByte('-')
	}
	return b.String()
}

// verdict is what one affected entry says about a version.
type verdict struct {
	affected bool
	gitFirst bool // only by ranges that stand behind a GIT range
}

// affects says whether a version is among those that an entry lists. The
// version is as osv-scanner has it, a Go version without its v.
func affects(ecosystem, version string, a *Affected) (verdict, error) {
	if slices.Contains(a.Versions, version) {
		return verdict{affected: true}, nil
	}
	subject, err := semantic.Parse(version, ecosystem)
	if err != nil {
		return verdict{}, fmt.Errorf("version %.80q of ecosystem %.80q: %w", version, ecosystem, err)
	}
	git := false
	for _, g := range a.Ranges {
		if g.Type != "SEMVER" && g.Type != "ECOSYSTEM" {
			git = true
			continue
		}
		in, err := rangeHolds(ecosystem, subject, version, g)
		if err != nil {
			return verdict{}, err
		}
		if in {
			return verdict{affected: true, gitFirst: git}, nil
		}
	}
	return verdict{}, nil
}

func rangeHolds(ecosystem string, subject semantic.Version, version string, g Range) (bool, error) {
	events, err := sortEvents(ecosystem, g.Events)
	if err != nil {
		return false, err
	}
	in := false
	for _, e := range events {
		switch {
		case in && e.Fixed != "":
			order, err := subject.CompareStr(e.Fixed)
			if err != nil {
				return false, fmt.Errorf("compare with fixed version %.80q: %w", e.Fixed, err)
			}
			in = order < 0
		case in && e.LastAffected != "":
			order, err := subject.CompareStr(e.LastAffected)
			if err != nil {
				return false, fmt.Errorf("compare with last affected version %.80q: %w", e.LastAffected, err)
			}
			in = e.LastAffected == version || order <= 0
		case !in && e.Introduced != "":
			order, err := subject.CompareStr(e.Introduced)
			if err != nil && e.Introduced != "0" {
				return false, fmt.Errorf("compare with introduced version %.80q: %w", e.Introduced, err)
			}
			in = e.Introduced == "0" || order >= 0
		}
	}
	return in, nil
}

// sortEvents orders events by version; "introduced: 0" comes before all.
func sortEvents(ecosystem string, events []Event) ([]Event, error) {
	type sortable struct {
		event   Event
		version semantic.Version
		text    string
	}
	items := make([]sortable, 0, len(events))
	for _, e := range events {
		v, err := semantic.Parse(e.version(), ecosystem)
		if err != nil {
			return nil, fmt.Errorf("version %.80q of ecosystem %.80q: %w", e.version(), ecosystem, err)
		}
		items = append(items, sortable{e, v, e.version()})
	}
	var failed error
	slices.SortStableFunc(items, func(a, b sortable) int {
		switch {
		case a.event.Introduced == "0" && b.event.Introduced == "0":
			return 0
		case a.event.Introduced == "0":
			return -1
		case b.event.Introduced == "0":
			return 1
		}
		order, err := a.version.CompareStr(b.text)
		if err != nil {
			failed = fmt.Errorf("compare %.80q with %.80q: %w", a.text, b.text, err)
		}
		return order
	})
	out := make([]Event, 0, len(items))
	for _, i := range items {
		out = append(out, i.event)
	}
	return out, failed
}

func (e Event) version() string {
	for _, s := range []string{e.Introduced, e.Fixed, e.Limit, e.LastAffected} {
		if s != "" {
			return s
		}
	}
	return ""
}

// fixedAfter are the versions of an entry that fix what a version has, oldest
// first.
func fixedAfter(ecosystem, version string, a *Affected) []string {
	subject, err := semantic.Parse(version, ecosystem)
	if err != nil {
		return nil
	}
	var events []Event
	for _, g := range a.Ranges {
		if g.Type != "SEMVER" && g.Type != "ECOSYSTEM" {
			continue
		}
		for _, e := range g.Events {
			if e.Fixed == "" {
				continue
			}
			if order, err := subject.CompareStr(e.Fixed); err == nil && order < 0 {
				events = append(events, e)
			}
		}
	}
	events, err = sortEvents(ecosystem, events)
	if err != nil {
		return nil
	}
	var out []string
	for _, e := range events {
		if !slices.Contains(out, e.Fixed) {
			out = append(out, e.Fixed)
		}
	}
	return out
}
