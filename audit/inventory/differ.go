package inventory

import (
	"fmt"
	"slices"
	"strings"

	"github.com/proffer-audit/proffer/reports"
)

// The rules under which differences are reported.
const (
	RuleNotLocked   = "inventory.not-locked"    // in the binary, pinned nowhere
	RuleVersionSkew = "inventory.version-skew"  // in the binary at another version than pinned
	RuleSumMismatch = "inventory.sum-mismatch"  // the same version with other content
	RuleOtherMain   = "inventory.other-product" // the binary says it is another product
)

// severityOf is how bad a difference is: other content under the same name and
// version is worse than a component that nobody pinned.
func severityOf(rule string) reports.Severity {
	if rule == RuleSumMismatch {
		return reports.High
	}
	return reports.Medium
}

// A Difference is one thing that the binary says and the offered documents do not.
type Difference struct {
	Rule      string
	Component Component // as built in
	Detail    string
}

// Differences sets what is built in against what was offered: declared and
// locked modules, and the toolchain. It looks in one direction only: a module
// that is locked and not built in may serve tests or other programs.
func Differences(offered, builtIn Inventory) []Difference {
	byName := map[string][]Component{}
	var mains []string
	for _, c := range offered.Components {
		byName[c.Name] = append(byName[c.Name], c)
		if c.Main && !slices.Contains(mains, c.Name) {
			mains = append(mains, c.Name)
		}
	}
	var out []Difference
	for _, c := range builtIn.Components {
		switch {
		case c.Name == Toolchain:
		case c.Main:
			if len(mains) > 0 && !slices.Contains(mains, c.Name) {
				out = append(out, Difference{RuleOtherMain, c, fmt.Sprintf("the binary says that it is %s; offered was %s", c.Name, strings.Join(mains, ", "))})
			}
		default:
			if d, differs := differ(c, byName[c.Name]); differs {
				out = append(out, d)
			}
		}
	}
	return out
}

func differ(c Component, offered []Component) (Difference, bool) {
	if c.Name == Stdlib && len(offered) == 0 {
		return Difference{}, false // no toolchain was offered: the rebuild's check says so
	}
	if len(offered) == 0 {
		return Difference{RuleNotLocked, c, "no offered document declares or locks it"}, true
	}
	var versions []string
	for _, o := range offered {
		if o.Version == c.Version && o.Local == c.Local {
			return compareSums(c, o)
		}
		versions = append(versions, shownVersion(o))
	}
	return Difference{RuleVersionSkew, c, fmt.Sprintf("built in is %s; offered: %s", shownVersion(c), strings.Join(versions, ", "))}, true
}

// compareSums finds the same module at the same version with other content.
func compareSums(c, offered Component) (Difference, bool) {
	pinned := sums(offered)
	for _, s := range sums(c) {
		if len(pinned) > 0 && !slices.Contains(pinned, s) {
			return Difference{RuleSumMismatch, c, fmt.Sprintf("the binary was built from content %s; locked is %s", s, strings.Join(pinned, ", "))}, true
		}
	}
	return Difference{}, false
}

func sums(c Component) []string {
	var out []string
	for _, w := range c.Witnesses {
		if w.Sum != "" {
			out = append(out, w.Sum)
		}
	}
	return out
}

func shownVersion(c Component) string {
	switch {
	case c.Local != "":
		return "the directory " + c.Local
	case c.Version == "":
		return "no version"
	default:
		return c.Version
	}
}
