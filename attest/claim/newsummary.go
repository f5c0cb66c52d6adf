package claim

import (
	"errors"
	"slices"
	"time"
)

// Judgement is what a verification summary says.
type Judgement struct {
	Verifier string            // URI of who verified
	Versions map[string]string // of the verifier's parts, by name; may be nil
	Time     time.Time         // when: the policy's instant, not a clock's
	Resource string            // URI of what was verified
	Policy   Resource          // that it was verified against
	Inputs   []Resource        // attestations that the judgement rests on
	Passed   bool
	Levels   []string // that were reached; none when it failed
}

// SummaryV1 is the predicate of a SLSA verification summary (VSA) v1.
type SummaryV1 struct {
	Verifier verifier   `json:"verifier"`
	Time     string     `json:"timeVerified"`
	Resource string     `json:"resourceUri"`
	Policy   Resource   `json:"policy"`
	Inputs   []Resource `json:"inputAttestations,omitempty"`
	Result   string     `json:"verificationResult"`
	Levels   []string   `json:"verifiedLevels"`
}

type verifier struct {
	ID      string            `json:"id"`
	Version map[string]string `json:"version,omitempty"`
}

// NewSummary writes a verification summary, of SummaryType. A failure has the
// one level that the specification has for it, FAILED.
func NewSummary(j Judgement) (SummaryV1, error) {
	if j.Verifier == "" || j.Resource == "" || j.Policy.URI == "" || j.Time.IsZero() {
		return SummaryV1{}, errors.New("a verification summary needs verifier, resource, policy and time")
	}
	s := SummaryV1{
		Verifier: verifier{j.Verifier, j.Versions}, Time: instant(j.Time), Resource: j.Resource,
		Policy: j.Policy, Inputs: sortedResources(j.Inputs), Result: "FAILED", Levels: []string{"FAILED"},
	}
	if j.Passed != (len(j.Levels) > 0) || slices.Contains(j.Levels, "FAILED") {
		return SummaryV1{}, errors.New("a verification summary names the levels that were reached if it passed, and none if it failed")
	}
	if j.Passed {
		s.Result, s.Levels = "PASSED", slices.Sorted(slices.Values(j.Levels))
	}
	return s, nil
}
