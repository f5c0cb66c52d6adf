package claim

import (
	"slices"
	"strings"

	"github.com/proffer-audit/proffer/attest/trust"
)

// counts lists the roles that a claim of each kind can count in. A builder is
// asked how the shipped thing was built and a rebuilder how it was built again,
// so only claims of having built answer; in the other roles the policy has asked
// for somebody's word, and any word that is not a no will do.
//
// A Rebuild is no builder's word: it is about the rebuilt file. A NetworkRebuild
// tells what a build did and not what it made. A comparison and a summary judge
// a build without saying how it was made.
func counts(k Kind) []string {
	anybody := []string{trust.Vendor, trust.Auditor, trust.Agency}
	switch k {
	case Provenance:
		return append(anybody, trust.Builder, trust.Rebuilder)
	case Rebuild, Equivalence:
		return append(anybody, trust.Rebuilder)
	}
	return anybody
}

// rebuildStep is how rebuilderd begins the name of its links.
const rebuildStep = "rebuild "

// Speaks reports that the claim may count for its subjects in the role. It is an
// *Error otherwise: SaysNo for a claim that is bad news, in every role; NotThis
// for one that does not answer what the role is asked.
func (c Claim) Speaks(role string) error {
	if c.Verdict == No {
		return refuse(SaysNo, "%s says %s", c.PredicateType, c.Said)
	}
	roles := counts(c.Kind)
	if c.Kind == Link && strings.HasPrefix(c.Step, rebuildStep) {
		roles = append(roles, trust.Rebuilder)
	}
	if !slices.Contains(roles, role) {
		return refuse(NotThis, "a %.40s is asked for how it was built; this is %s (%.200s)", role, c.Kind, c.PredicateType)
	}
	return nil
}
