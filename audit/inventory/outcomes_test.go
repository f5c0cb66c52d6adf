package inventory

import (
	"runtime/debug"
	"slices"
	"strings"
	"testing"

	"github.com/proffer-audit/proffer/reports"
)

func offered() Inventory {
	gomod := "module example.org/agent\ngo 1.23\nrequire (\n\texample.org/a v1.0.0\n\texample.org/test v1.0.0\n)\n"
	gosum := "example.org/a v1.0.0 " + sum + "\nexample.org/test v1.0.0 " + sum + "\n"
	return Merge(FromGoMod([]byte(gomod), []byte(gosum), "agent"), FromToolchain("go1.23.12", "build"))
}

func built(change func(*debug.BuildInfo)) Inventory {
	info := &debug.BuildInfo{
		GoVersion: "go1.23.12",
		Path:      "example.org/agent",
		Main:      debug.Module{Path: "example.org/agent", Version: "(devel)"},
		Deps:      []*debug.Module{{Path: "example.org/a", Version: "v1.0.0", Sum: sum}},
	}
	if change != nil {
		change(info)
	}
	return fromBuildInfo(info, "linux-x64: agent")
}

func TestOutcomes(t *testing.T) {
	for _, tt := range []struct {
		name   string
		q      Question
		status reports.Status
		code   string
		rules  []string
	}{
		{"all agree", Question{Offered: offered(), BuiltIn: built(nil)}, reports.Pass, "", nil},
		{"a component that nobody pinned", Question{Offered: offered(), BuiltIn: built(func(i *debug.BuildInfo) {
			i.Deps = append(i.Deps, &debug.Module{Path: "example.org/hidden", Version: "v1.0.0"})
		})}, reports.Fail, CodeDifferences, []string{RuleNotLocked}},
		{"another version", Question{Offered: offered(), BuiltIn: built(func(i *debug.BuildInfo) { i.Deps[0].Version = "v0.9.0" })}, reports.Fail, CodeDifferences, []string{RuleVersionSkew}},
		{"another toolchain", Question{Offered: offered(), BuiltIn: built(func(i *debug.BuildInfo) { i.GoVersion = "go1.23.11" })}, reports.Fail, CodeDifferences, []string{RuleVersionSkew}},
		{"other content", Question{Offered: offered(), BuiltIn: built(func(i *debug.BuildInfo) { i.Deps[0].Sum = "h1:" + strings.Repeat("A", 43) + "=" })}, reports.Fail, CodeDifferences, []string{RuleSumMismatch}},
		{"another product", Question{Offered: offered(), BuiltIn: built(func(i *debug.BuildInfo) { i.Main.Path = "example.org/other" })}, reports.Fail, CodeDifferences, []string{RuleOtherMain}},
		{"built from a directory", Question{Offered: offered(), BuiltIn: built(func(i *debug.BuildInfo) { i.Deps[0].Replace = &debug.Module{Path: "../a"} })}, reports.Fail, CodeDifferences, []string{RuleVersionSkew}},
		{"not a Go binary", Question{Offered: offered(), BuiltIn: FromBinary([]byte("#!/bin/sh"), "a")}, reports.Incomplete, NotGoBinary, nil},
		{"no binary", Question{Offered: offered()}, reports.Incomplete, CodeNoBinary, nil},
		{"no lock file", Question{Offered: FromToolchain("go1.23.12", "build"), BuiltIn: built(func(i *debug.BuildInfo) { i.Deps = nil })}, reports.Incomplete, CodeNoDocuments, nil},
		{"unreadable go.mod", Question{Offered: FromGoMod([]byte("nonsense"), nil, "agent"), BuiltIn: built(func(i *debug.BuildInfo) { i.Deps = nil })}, reports.Incomplete, UnreadableGoMod, nil},
	} {
		t.Run(tt.name, func(t *testing.T) {
			tt.q.Artifact = "linux-x64"
			out := Outcomes(tt.q)
			c := out.Checks[0]
			if len(out.Checks) != 1 || c.ID != "inventory/linux-x64" || c.Status != tt.status || c.Code != tt.code || c.Reason.IsZero() || len(c.Limits) == 0 {
				t.Errorf("check %+v, want %s %s", c, tt.status, tt.code)
			}
			var rules []string
			for _, f := range out.Findings {
				rules = append(rules, f.Rule)
				if f.Check != c.ID || !strings.HasPrefix(f.ID, f.Rule+"/") || f.Location == nil {
					t.Errorf("finding %+v", f)
				}
			}
			if !slices.Equal(rules, tt.rules) {
				t.Errorf("findings %v, want %v", rules, tt.rules)
			}
		})
	}
}

func TestFailureStillNamesGaps(t *testing.T) {
	bad := FromBinary([]byte("#!/bin/sh"), "linux-x64: run.sh")
	hidden := built(func(i *debug.BuildInfo) {
		i.Deps = append(i.Deps, &debug.Module{Path: "example.org/hidden", Version: "v1.0.0"})
	})
	c := Outcomes(Question{Artifact: "a", Offered: offered(), BuiltIn: Merge(bad, hidden)}).Checks[0]
	if c.Status != reports.Fail || !strings.Contains(c.Reason.String(), "run.sh") {
		t.Errorf("%s: %s", c.Status, c.Reason)
	}
}
