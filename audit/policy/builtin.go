package policy

import (
	_ "embed"
	"slices"
)

var (
	//go:embed baseline.yaml
	baseline []byte
	//go:embed self-assessment.yaml
	selfAssessment []byte
)

// BuiltinNames are the policies that ship with the program.
func BuiltinNames() []string { return []string{"baseline", "self-assessment"} }

// Builtin gives the bytes of a built-in policy, which reports cite by digest.
func Builtin(name string) ([]byte, bool) {
	switch name {
	case "baseline":
		return slices.Clone(baseline), true
	case "self-assessment":
		return slices.Clone(selfAssessment), true
	}
	return nil, false
}
