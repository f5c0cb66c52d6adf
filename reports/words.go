package reports

import "slices"

// Status is how a check ended. What did not run never reads as a pass.
type Status string

// The statuses of a check.
const (
	Pass          Status = "pass"
	Fail          Status = "fail"
	Incomplete    Status = "incomplete"     // ran in part, or hit a limit
	NotRun        Status = "not-run"        // could not run; the reason says why
	NotApplicable Status = "not-applicable" // was not asked for
)

// Severity orders findings.
type Severity string

// The severities of a finding, worst first.
const (
	Critical Severity = "critical"
	High     Severity = "high"
	Medium   Severity = "medium"
	Low      Severity = "low"
	Note     Severity = "note"
)

var severities = [...]Severity{Note, Low, Medium, High, Critical}

// Valid reports whether s is one of the five severities.
func (s Severity) Valid() bool { return slices.Contains(severities[:], s) }

// AtLeast reports whether s is as severe as min, or more. A severity that is
// not one of the five counts as worse than all: it must not slip through.
func (s Severity) AtLeast(min Severity) bool {
	i := slices.Index(severities[:], s)
	return i < 0 || i >= slices.Index(severities[:], min)
}

// Outcome says what the evidence does to the vendor's position on a concern.
type Outcome string

// The outcomes of a concern. There is no "cleared".
const (
	NotAssessed              Outcome = "not-assessed"
	Contradicted             Outcome = "contradicted"
	PartlySupported          Outcome = "partly-supported"
	Supported                Outcome = "supported"
	NotAnswerableTechnically Outcome = "not-answerable-technically"
)

// Level is how far a rebuilt artifact equals the shipped one.
type Level string

// The levels of a rebuild, best first.
const (
	BitIdentical    Level = "bit-identical"
	IdenticalGraft  Level = "identical-after-graft"
	EqualNormalised Level = "equal-after-declared-normalisation"
	Explained       Level = "explained"
	Unexplained     Level = "unexplained"
	BuildFailed     Level = "build-failed"
)

var levels = [...]Level{BuildFailed, Unexplained, Explained, EqualNormalised, IdenticalGraft, BitIdentical}

// Valid reports whether l is one of the six levels.
func (l Level) Valid() bool { return slices.Contains(levels[:], l) }

// AtLeast reports whether l is as good as min, or better. An unknown level is
// worse than all.
func (l Level) AtLeast(min Level) bool {
	return slices.Index(levels[:], l) >= slices.Index(levels[:], min) && l.Valid() && min.Valid()
}

// Class is the strength of the evidence behind a check: E0 assertion, E1 signed
// document, E2 vendor data checked by machine, E3 reproduced by this auditor,
// E4 reproduced by at least k independent parties.
type Class string

// The evidence classes, weakest first. They compare as strings.
const (
	E0 Class = "E0"
	E1 Class = "E1"
	E2 Class = "E2"
	E3 Class = "E3"
	E4 Class = "E4"
)

// Mode says who audits whom.
type Mode string

// The modes of an audit.
const (
	Independent    Mode = "independent"
	SelfAssessment Mode = "self-assessment"
	Agency         Mode = "agency"
)

// Result is the verdict over the whole audit, against the policy's demands.
type Result string

// The results, as `--json` prints them.
const (
	Met              Result = "met"
	NotMet           Result = "not-met"
	ResultIncomplete Result = "incomplete"
	Refused          Result = "refused"
	Invalid          Result = "invalid"
	NotIsolated      Result = "not-isolated"
)
