package claim

import (
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"

	"github.com/proffer-audit/proffer/attest/statement"
)

// Equality is what is said by an ArtifactEquivalence@v0.1: that an artifact and
// what was built again are the same, to the last bit or after one and the same
// treatment of both.
type Equality struct {
	BuilderID string // URI of who compared
	Artifact  string // name of the shipped file
	TargetURI string // where it was shipped from, or what it is called there
	Level     string // one of the levels that are good news
	// Digests, algorithm to lower-case hexadecimal; sha256 or sha512 at least.
	Target     map[string]string // the shipped file
	Candidate  map[string]string // what was built
	Stabilised map[string]string // both after the treatment; of a BitIdentical level the shipped file itself
	Internal   any               // an object of the builder's own parameters, or nil
}

// NewArtifactEquivalence writes an equivalence in the form that oss-rebuild
// reads (ArtifactEquivalence@v0.1: two dependencies, one byproduct), with the
// subject that it is about. It is provenance by its predicate type. What is not
// so cannot be written: a level that is not good news, bit-identical files whose
// digests differ, a treatment without a result.
func NewArtifactEquivalence(e Equality) (ProvenanceV1, statement.Subject, error) {
	if err := e.check(); err != nil {
		return ProvenanceV1{}, statement.Subject{}, fmt.Errorf("artifact equivalence: %w", err)
	}
	candidate := rebuiltName + e.Artifact
	p, err := NewProvenance(Build{
		BuilderID: e.BuilderID, BuildType: EquivalenceBuild,
		External: map[string]any{"candidate": candidate, "target": e.TargetURI}, Internal: e.Internal,
		Dependencies: []Resource{{Name: candidate, Digest: e.Candidate}, {Name: e.TargetURI, Digest: e.Target}},
		Byproducts:   []Resource{{Name: "stabilized/" + e.Artifact, Digest: e.Stabilised}},
	})
	return p, statement.Subject{Name: e.Artifact, Digest: e.Target}, err
}

func (e Equality) check() error {
	if e.Artifact == "" || e.TargetURI == "" || strings.HasPrefix(e.TargetURI, rebuiltName) {
		return fmt.Errorf("needs the name of the artifact and of the target, which does not begin with %q", rebuiltName)
	}
	if !slices.Contains(goodLevels(), e.Level) {
		return fmt.Errorf("level %q does not make the two the same", e.Level)
	}
	for _, d := range [...]map[string]string{e.Target, e.Candidate, e.Stabilised} {
		if err := statement.CheckDigests(d); err != nil {
			return err
		}
		if d["sha256"] == "" && d["sha512"] == "" {
			return errors.New("needs sha256 or sha512 of target, candidate and what both became")
		}
	}
	same := maps.Equal(e.Target, e.Candidate)
	switch exact := e.Level == goodLevels()[0]; {
	case exact && (!same || !maps.Equal(e.Target, e.Stabilised)):
		return errors.New("digests differ of what is called bit-identical")
	case !exact && same:
		return fmt.Errorf("digests are equal of what is called %s", e.Level)
	}
	return nil
}
