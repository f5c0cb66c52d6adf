package sarif

const (
	schemaURI      = "https://json.schemastore.org/sarif-2.1.0.json"
	informationURI = "https://github.com/proffer-audit/proffer"
)

// kinds says what the rules of each kind of check are about.
func kinds() map[string]string {
	return map[string]string{
		"fetch":      "An input could not be had, or is not what was pinned.",
		"archive":    "An archive that readers would not read alike.",
		"provenance": "A statement about who built or signed the product does not hold.",
		"rebuild":    "The shipped product differs from what its source builds.",
		"compare":    "The shipped product differs from what its source builds.",
		"inventory":  "The components of the product differ from what was offered.",
		"advisories": "A component has a known flaw, or is malicious.",
		"source":     "Something the source can do, or hides.",
		"declared":   "Something was seen that the vendor did not declare.",
		"claims":     "A claim of the vendor does not hold.",
	}
}

type log struct {
	Schema  string `json:"$schema"`
	Version string `json:"version"`
	Runs    []run  `json:"runs"`
}

type run struct {
	Tool              tool              `json:"tool"`
	AutomationDetails automation        `json:"automationDetails"`
	Invocations       []invocation      `json:"invocations"`
	Results           []result          `json:"results"`
	ColumnKind        string            `json:"columnKind"`
	Properties        map[string]string `json:"properties"`
}

type tool struct {
	Driver driver `json:"driver"`
}

type driver struct {
	Name           string `json:"name"`
	Version        string `json:"version,omitempty"`
	InformationURI string `json:"informationUri"`
	Rules          []rule `json:"rules"`
}

type rule struct {
	ID               string  `json:"id"`
	ShortDescription message `json:"shortDescription"`
}

type automation struct {
	ID string `json:"id"`
}

type invocation struct {
	ExecutionSuccessful bool           `json:"executionSuccessful"`
	Notifications       []notification `json:"toolExecutionNotifications"`
}

type notification struct {
	Level   string  `json:"level"`
	Message message `json:"message"`
}

type message struct {
	Text string `json:"text"`
}

type result struct {
	RuleID       string            `json:"ruleId"`
	RuleIndex    int               `json:"ruleIndex"`
	Level        string            `json:"level"`
	Message      message           `json:"message"`
	Locations    []location        `json:"locations"`
	Fingerprints map[string]string `json:"fingerprints"`
	CodeFlows    []codeFlow        `json:"codeFlows,omitempty"`
	Suppressions []suppression     `json:"suppressions,omitempty"`
	Properties   properties        `json:"properties"`
}

type properties struct {
	Severity string            `json:"severity"`
	Check    string            `json:"check"`
	Subject  string            `json:"subject"`
	Concerns []string          `json:"concerns"`
	Evidence []string          `json:"evidence"`
	Facts    map[string]string `json:"facts"`
}

type location struct {
	PhysicalLocation *physical `json:"physicalLocation,omitempty"`
	Message          *message  `json:"message,omitempty"`
}

type physical struct {
	ArtifactLocation artifact `json:"artifactLocation"`
	Region           region   `json:"region"`
}

type artifact struct {
	URI string `json:"uri"`
}

// region is a line, or, where the place is a whole file, the point at its start:
// viewers do without a region badly.
type region struct {
	StartLine  int  `json:"startLine,omitempty"`
	ByteOffset *int `json:"byteOffset,omitempty"`
	ByteLength *int `json:"byteLength,omitempty"`
}

type codeFlow struct {
	ThreadFlows []threadFlow `json:"threadFlows"`
}

type threadFlow struct {
	Locations []threadLocation `json:"locations"`
}

type threadLocation struct {
	Location location `json:"location"`
}

type suppression struct {
	Kind          string `json:"kind"`
	Status        string `json:"status"`
	Justification string `json:"justification"`
}
