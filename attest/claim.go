package attest

import (
	"encoding/json"
	"slices"

	"github.com/proffer-audit/proffer/attest/statement"
	"github.com/proffer-audit/proffer/attest/strictjson"
	"github.com/proffer-audit/proffer/attest/trust"
)

// The predicate types that are read further than their name.
const (
	ProvenanceType = "https://slsa.dev/provenance/v1"
	SummaryType    = "https://slsa.dev/verification_summary/v1"
	ComparisonType = "https://github.com/proffer-audit/proffer/predicates/rebuild-comparison/v1"
	TestResultType = "https://in-toto.io/attestation/test-result/v0.1"
	ReportType     = "https://github.com/proffer-audit/proffer/predicates/mitigation-report/v1"
)

// claim is what a statement says, as far as a verdict needs it.
type claim struct {
	predicateType, builder, buildType string
}

// outcome is where a predicate says whether it is good news, and which of its
// values are. Every other value, and none, is not.
type outcome struct {
	field string
	good  []string
}

// outcomeOf lists the predicates that can say no. A signed "no" is evidence, but
// it must not count as somebody speaking for the artifact.
func outcomeOf(predicateType string) (outcome, bool) {
	switch predicateType {
	case SummaryType:
		return outcome{"verificationResult", []string{"PASSED"}}, true
	case ComparisonType:
		return outcome{"level", []string{"bit-identical", "identical-after-graft", "equal-after-declared-normalisation"}}, true
	case TestResultType:
		return outcome{"result", []string{"PASSED"}}, true
	case ReportType:
		return outcome{"result", []string{"met"}}, true
	}
	return outcome{}, false
}

// readClaim reads a predicate for a role. Builders and rebuilders are asked how
// a thing was built, so only SLSA provenance answers; in the other roles any
// statement speaks, unless it says no.
func readClaim(role string, st *statement.Statement) (claim, error) {
	c := claim{predicateType: st.PredicateType}
	builds := role == trust.Builder || role == trust.Rebuilder
	if st.PredicateType == ProvenanceType {
		return c, c.readProvenance(st.Predicate)
	}
	if o, ok := outcomeOf(st.PredicateType); ok {
		if err := o.check(st); err != nil {
			return claim{}, err
		}
	}
	if builds {
		return claim{}, refuse(PredicateRefused, "a %s is asked for %s, this is %.200q", role, ProvenanceType, st.PredicateType)
	}
	return c, nil
}

// lenient lets a predicate be extended by others, within the one reading.
func lenient() strictjson.Limits {
	return strictjson.Limits{Bytes: statement.MaxBytes, AllowUnknown: true}
}

func (c *claim) readProvenance(predicate json.RawMessage) error {
	var p struct {
		Definition struct {
			BuildType string `json:"buildType"`
		} `json:"buildDefinition"`
		Details struct {
			Builder struct {
				ID string `json:"id"`
			} `json:"builder"`
		} `json:"runDetails"`
	}
	if err := strictjson.Unmarshal(predicate, &p, lenient()); err != nil {
		return refuseFor(BadStatement, err, "SLSA provenance")
	}
	if p.Definition.BuildType == "" || p.Details.Builder.ID == "" {
		return refuse(BadStatement, "SLSA provenance without buildDefinition.buildType or runDetails.builder.id")
	}
	c.buildType, c.builder = p.Definition.BuildType, p.Details.Builder.ID
	return nil
}

func (o outcome) check(st *statement.Statement) error {
	fields := map[string]json.RawMessage{}
	if err := strictjson.Unmarshal(st.Predicate, &fields, lenient()); err != nil {
		return refuseFor(BadStatement, err, "predicate %.200s", st.PredicateType)
	}
	var value string
	if err := strictjson.Unmarshal(fields[o.field], &value, lenient()); err != nil {
		return refuse(BadStatement, "predicate %s without a word in %q", st.PredicateType, o.field)
	}
	if !slices.Contains(o.good, value) {
		return refuse(PredicateFailed, "%s says %s: %.80q", st.PredicateType, o.field, value)
	}
	return nil
}
