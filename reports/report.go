package reports

import (
	"encoding/json"

	"github.com/proffer-audit/proffer/reports/safetext"
)

// PredicateType names a Report inside an in-toto statement.
const PredicateType = "https://github.com/proffer-audit/proffer/predicates/mitigation-report/v1"

// A Check is one question put to the evidence.
type Check struct {
	// ID is kind/subject; the kinds are fetch, provenance, rebuild, inventory,
	// advisories, source, declared and claims.
	ID            string          `json:"id"`
	Status        Status          `json:"status"`
	Level         Level           `json:"level,omitempty"`
	Reason        safetext.Text   `json:"reason"`
	Code          string          `json:"code,omitempty"` // stable word for the reason, for scripts
	EvidenceClass Class           `json:"evidenceClass,omitempty"`
	Evidence      []string        `json:"evidence"`      // digests, sorted
	Limits        []safetext.Text `json:"limits"`        // what this check did not do
	Cap           Outcome         `json:"cap,omitempty"` // best outcome that this check lets a concern have
	// Comparison is set on a rebuild that gave a file, and another one.
	Comparison *Comparison `json:"comparison,omitempty"`
}

// A Finding is one thing seen.
type Finding struct {
	// ID is stable over runs and versions: rule and a digest of place and subject.
	ID       string          `json:"id"`
	Rule     string          `json:"rule"`
	Severity Severity        `json:"severity"`
	Check    string          `json:"check"` // id of the check that saw it
	Subject  safetext.Text   `json:"subject"`
	Location *Location       `json:"location,omitempty"`
	Concerns []string        `json:"concerns"`
	Message  safetext.Text   `json:"message"`
	Trace    []safetext.Text `json:"trace,omitempty"` // path from an entry point, caller first
	Evidence []string        `json:"evidence"`
	Waived   bool            `json:"waived,omitempty"`
	// Facts are machine-readable particulars (advisory id, capability, host).
	Facts map[string]safetext.Text `json:"facts,omitempty"`
}

// A Location is a place in a source or artifact; Line counts from 1, 0 is none.
type Location struct {
	Path safetext.Text `json:"path"`
	Line int           `json:"line,omitempty"`
}

// Outcomes is what one step of an audit adds to the report.
type Outcomes struct {
	Checks   []Check   `json:"checks"`
	Findings []Finding `json:"findings"`
}

// A Concern is the answer to one worry of the authority.
type Concern struct {
	ID            string          `json:"id"`
	Statement     safetext.Text   `json:"statement"`
	Outcome       Outcome         `json:"outcome"`
	Supporting    []string        `json:"supporting"`    // check ids
	Contradicting []string        `json:"contradicting"` // check and finding ids
	Missing       []string        `json:"missing"`       // check ids that did not run, and kinds that have no check
	Documents     []safetext.Text `json:"documents"`
	Limits        []safetext.Text `json:"limits"` // verbatim from the profile
}

// A Claim is the verdict on one claim of the vendor.
type Claim struct {
	ID      string        `json:"id"`
	Text    safetext.Text `json:"text"`
	Kind    string        `json:"kind"`
	Verdict string        `json:"verdict"` // supported | contradicted | documents-only | not-answerable-technically | not-assessed
	By      []string      `json:"by"`      // check ids
}

// Report is the predicate of the mitigation report.
type Report struct {
	Auditor     Auditor         `json:"auditor"`
	Sequence    int             `json:"sequence"`
	Previous    string          `json:"previous,omitempty"` // digest of the report before this one
	Inputs      Inputs          `json:"inputs"`
	AsOf        string          `json:"asOf"` // RFC 3339, UTC: the one instant the audit knows
	Mode        Mode            `json:"mode"`
	Respondent  Respondent      `json:"respondent"`
	Matter      Matter          `json:"matter"`
	Submission  SubmissionID    `json:"submission"`
	Products    []Product       `json:"products"`
	Clock       []Clock         `json:"clock"`
	Checks      []Check         `json:"checks"`
	Concerns    []Concern       `json:"concerns"`
	Claims      []Claim         `json:"claims"`
	Declared    Declared        `json:"declaredVsObserved"`
	Findings    []Finding       `json:"findings"`
	Components  string          `json:"components,omitempty"` // digest of the inventory
	Mitigations []Mitigation    `json:"mitigations"`
	Channels    []Channel       `json:"channels"`
	Exclusions  []Exclusion     `json:"exclusions"`
	Waivers     []Waiver        `json:"waivers"`
	Items       []ResponseItem  `json:"responseItems"`
	Result      Result          `json:"result"`
	Residual    []safetext.Text `json:"residual"`
	NotAssessed []safetext.Text `json:"notAssessed"`
	// DisclosureRoot is the root of a tree of salted leaves; absent while every
	// row is disclosed.
	DisclosureRoot string `json:"disclosureRoot,omitempty"`
	Replay         Replay `json:"replay"`
}

// Auditor is what produced the report, as far as it is the same everywhere.
type Auditor struct {
	Version      string `json:"version"`
	Rules        string `json:"rules"`        // digest of the rule data
	Dependencies string `json:"dependencies"` // digest of the dependency sums
}

// Inputs closes the report over what it was made from: digests, names sorted.
type Inputs struct {
	Submission string            `json:"submission"`
	Policy     string            `json:"policy"`
	Profile    string            `json:"profile"`
	Databases  map[string]string `json:"databases"`
	Documents  map[string]string `json:"documents"`
}

// Respondent is the party that answers.
type Respondent struct {
	Name    safetext.Text   `json:"name"`
	Aliases []safetext.Text `json:"aliases"`
	Contact safetext.Text   `json:"contact"`
	Basis   safetext.Text   `json:"basis"`
}

// Matter is the process that is answered.
type Matter struct {
	Profile  string        `json:"profile"`
	Number   safetext.Text `json:"number"`
	Received string        `json:"received,omitempty"` // YYYY-MM-DD
}

// SubmissionID names the submission; Supersedes is the digest of the one before.
type SubmissionID struct {
	ID         string `json:"id"`
	Version    int    `json:"version"`
	Supersedes string `json:"supersedes,omitempty"`
}

// Product is one product under audit.
type Product struct {
	Name        safetext.Text   `json:"name"`
	Version     safetext.Text   `json:"version"`
	Identifiers []safetext.Text `json:"identifiers"`
}

// Clock is one deadline of the profile, as far as it can be computed.
type Clock struct {
	ID         string        `json:"id"`
	Event      string        `json:"event"`
	Due        string        `json:"due,omitempty"` // YYYY-MM-DD
	Kind       string        `json:"kind"`
	Confidence string        `json:"confidence"`
	Citation   safetext.Text `json:"citation"`
	Note       safetext.Text `json:"note,omitzero"`
}

// Declared sets what the vendor declared against what was seen.
type Declared struct {
	Endpoints    []DeclaredRow `json:"endpoints"`
	Capabilities []DeclaredRow `json:"capabilities"`
	Channels     []DeclaredRow `json:"channels"`
}

// DeclaredRow is one endpoint, capability or channel.
type DeclaredRow struct {
	Name     safetext.Text `json:"name"`
	Declared bool          `json:"declared"`
	Observed bool          `json:"observed"`
	Where    safetext.Text `json:"where,omitzero"`
}

// Mitigation is one measure of the vendor, judged.
type Mitigation struct {
	ID      string        `json:"id"`
	Concern string        `json:"concern"`
	Measure safetext.Text `json:"measure"`
	Status  string        `json:"status"`
	Verdict string        `json:"verdict"`
	By      []string      `json:"by"`
}

// Channel is one way by which the product is changed or reports home.
type Channel struct {
	Kind         string          `json:"kind"`
	Endpoint     safetext.Text   `json:"endpoint"`
	Purpose      safetext.Text   `json:"purpose"`
	Data         []safetext.Text `json:"data"`
	Jurisdiction safetext.Text   `json:"jurisdiction"`
	Operators    []safetext.Text `json:"operators"`
}

// Exclusion is something that the vendor did not offer.
type Exclusion struct {
	What safetext.Text `json:"what"`
	Why  safetext.Text `json:"why"`
}

// Waiver is one of the policy's waivers that was applied or had expired.
type Waiver struct {
	Finding  string        `json:"finding"`
	Reason   safetext.Text `json:"reason"`
	Approver safetext.Text `json:"approver"`
	Expires  string        `json:"expires"`
	Applied  bool          `json:"applied"`
}

// ResponseItem is one thing that the profile wants answered.
type ResponseItem struct {
	ID      string        `json:"id"`
	Text    safetext.Text `json:"text"`
	Where   string        `json:"where"` // report field that answers it
	Missing bool          `json:"missing"`
}

// Replay closes the report over its evidence.
type Replay struct {
	Evidence string `json:"evidence"` // digest of the evidence manifest
}

// Run is what is true of one run only. It is signed beside the report.
type Run struct {
	Report       string          `json:"report"` // digest of the statement this run produced
	Binary       string          `json:"binary"` // digest of the program
	Go           string          `json:"go"`
	Machine      string          `json:"machine"` // GOOS/GOARCH
	Started      string          `json:"started"`
	Finished     string          `json:"finished"`
	Proxy        string          `json:"proxy,omitempty"`
	Sandbox      *SandboxRecord  `json:"sandbox,omitempty"`
	LimitsHit    []safetext.Text `json:"limitsHit"`
	Steps        []RunStep       `json:"steps"`
	Fetches      []Fetch         `json:"fetches"`
	Unreplayable []string        `json:"unreplayable"` // check ids that another machine cannot repeat
}

// RunStep is one step of the run.
type RunStep struct {
	ID     string        `json:"id"`
	Key    string        `json:"key"`
	Cached bool          `json:"cached"`
	Millis int64         `json:"millis"`
	Error  safetext.Text `json:"error,omitzero"`
}

// Fetch is one transfer of the run.
type Fetch struct {
	Step     string        `json:"step"`
	URL      safetext.Text `json:"url"`
	FinalURL safetext.Text `json:"finalUrl,omitzero"`
	Peer     string        `json:"peer,omitempty"`
	Size     int64         `json:"size"`
	Attempts int           `json:"attempts"`
	Resumed  bool          `json:"resumed,omitempty"`
	Error    safetext.Text `json:"error,omitzero"`
}

// SandboxRecord says what isolated the vendor's code, and what it proved first.
type SandboxRecord struct {
	Tier    string          `json:"tier"`
	Layers  []string        `json:"layers"`
	Lacks   []safetext.Text `json:"lacks"`
	Probe   []ProbeResult   `json:"probe"`
	Refused []safetext.Text `json:"refused,omitempty"` // tiers tried before, and why they were not to be had
}

// ProbeResult is one escape that was tried inside.
type ProbeResult struct {
	Vector  string        `json:"vector"`
	Blocked bool          `json:"blocked"`
	Detail  safetext.Text `json:"detail,omitzero"`
}

// Params marshals parameters of a step; it exists so that callers need not
// check an error that cannot happen for plain structs.
func Params(v any) json.RawMessage {
	b, err := json.Marshal(v)
	if err != nil {
		panic("reports: parameters that do not marshal: " + err.Error())
	}
	return b
}
