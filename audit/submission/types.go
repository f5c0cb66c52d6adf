package submission

import (
	"time"

	"github.com/proffer-audit/proffer/audit/strictyaml"
)

// A Submission is one vendor's manifest, read and checked by Parse. Strings are
// as the vendor wrote them: what is shown goes through safetext.
type Submission struct {
	APIVersion string `yaml:"apiVersion,required" enum:"proffer/v1"`
	Kind       string `yaml:"kind,required" enum:"Submission"`
	// ID and Version name the submission; Version rises with each resubmission.
	ID      string `yaml:"id,required"`
	Version int    `yaml:"version,required"`
	// Supersedes is the sha256 of the submission file before this one.
	Supersedes string     `yaml:"supersedes"`
	Respondent Respondent `yaml:"respondent,required"`
	Matter     Matter     `yaml:"matter"`
	Products   []Product  `yaml:"products,required"`
	// Sources and Artifacts share one space of names, because check ids are made
	// of them. At least one of either is offered.
	Sources      []Source      `yaml:"sources"`
	Artifacts    []Artifact    `yaml:"artifacts"`
	Builds       []Build       `yaml:"builds"`
	Attestations []Attestation `yaml:"attestations"`
	SBOMs        []SBOM        `yaml:"sboms"`
	VEX          []VEX         `yaml:"vex"`
	Channels     []Channel     `yaml:"channels"`
	Endpoints    []Endpoint    `yaml:"endpoints"`
	Capabilities []Capability  `yaml:"capabilities"`
	Claims       []Claim       `yaml:"claims"`
	Mitigations  []Mitigation  `yaml:"mitigations"`
	Documents    []Document    `yaml:"documents"`
	Exclusions   []Exclusion   `yaml:"exclusions"`

	positions *strictyaml.Positions
}

// A Respondent is the party that answers the authority.
type Respondent struct {
	Name    string   `yaml:"name,required"`
	Aliases []string `yaml:"aliases"`
	Contact string   `yaml:"contact"`
	Basis   string   `yaml:"basis"` // how its interests are affected
}

// A Matter is the process that is answered. The profile is what the vendor
// believes to answer; the reviewer's own choice decides.
type Matter struct {
	Profile  string          `yaml:"profile,required"`
	Number   string          `yaml:"number"`
	Received strictyaml.Date `yaml:"received"`
}

// A Product is one product under audit.
type Product struct {
	Name        string   `yaml:"name,required"`
	Version     string   `yaml:"version,required"`
	Identifiers []string `yaml:"identifiers"` // purl or cpe:2.3
	Embeds      []string `yaml:"embeds"`      // products inside it: purl or name
	EmbeddedIn  []string `yaml:"embeddedIn"`  // products it is inside of: purl or name
}

// A Source is a tree that the vendor offers to be read.
type Source struct {
	Name string `yaml:"name,required"`
	// PURL is the identity, Locations are places of the same digest: https,
	// git+https with a full commit, oci with a digest, file. At least one of all.
	PURL      string   `yaml:"purl"`
	Locations []string `yaml:"locations"`
	Digest    string   `yaml:"digest,required"`
	// Completeness is full, or partial with what was Omitted. A submission has to
	// say it: nothing is assumed to be complete.
	Completeness string    `yaml:"completeness,required" enum:"full,partial"`
	Omitted      []Omitted `yaml:"omitted"`
}

// Omitted is a part of a source that is not offered.
type Omitted struct {
	Path   string `yaml:"path,required"`
	Reason string `yaml:"reason,required"`
}

// An Artifact is a file, or an archive of files, that the vendor ships.
type Artifact struct {
	Name      string   `yaml:"name,required"`
	PURL      string   `yaml:"purl"`
	Locations []string `yaml:"locations"`
	Digest    string   `yaml:"digest,required"`
	Kind      string   `yaml:"kind,required" enum:"binary,installer,source,sbom,update,rules,config"`
	Platform  string   `yaml:"platform"` // GOOS/GOARCH; empty for any
	// Files are what is inside and matters; none when the artifact is the file.
	Files []File `yaml:"files"`
}

// A File is a member of an artifact, by the path it has inside.
type File struct {
	Path   string `yaml:"path,required"`
	Digest string `yaml:"digest,required"` // sha256 or sha512
}

// An Attestation is a signed statement about an artifact, and the role in which
// its signer speaks. Whether anybody has that role is for the policy.
type Attestation struct {
	Location string `yaml:"location,required"`
	Digest   string `yaml:"digest,required"`
	Artifact string `yaml:"artifact,required"`
	Role     string `yaml:"role,required" enum:"vendor,builder,rebuilder,auditor,agency"`
}

// An SBOM is a list of components, of one artifact or of the whole.
type SBOM struct {
	Location string `yaml:"location,required"`
	Digest   string `yaml:"digest,required"`
	Artifact string `yaml:"artifact"`
}

// A VEX is a document that says which advisories do not apply, and why.
type VEX struct {
	Location string `yaml:"location,required"`
	Digest   string `yaml:"digest,required"`
}

// A Channel is a way by which the product is changed or reports home.
type Channel struct {
	Kind           string   `yaml:"kind,required" enum:"update,telemetry,remote-config,rules,licensing"`
	Endpoint       string   `yaml:"endpoint,required"` // URL
	Purpose        string   `yaml:"purpose,required"`
	Data           []string `yaml:"data"`           // classes of data that pass
	Jurisdiction   string   `yaml:"jurisdiction"`   // ISO 3166-1, two capitals
	Authentication string   `yaml:"authentication"` // how the far end is known
	Operators      []string `yaml:"operators"`      // who can push
}

// An Endpoint is a host that the product talks to.
type Endpoint struct {
	Host    string `yaml:"host,required"` // name or address, *.name for all below; :port optional
	Purpose string `yaml:"purpose,required"`
}

// A Capability is a power that the product uses.
type Capability struct {
	Name string `yaml:"name,required"`
	Why  string `yaml:"why,required"`
}

// A Claim is a sentence that the vendor wants judged.
type Claim struct {
	ID       string   `yaml:"id,required"`
	Text     string   `yaml:"text,required"`
	Concerns []string `yaml:"concerns"` // ids of the profile
	Kind     string   `yaml:"kind,required" enum:"technical,documentary,legal"`
	// Evidence refers to parts of this submission by name, id or digest, or to a
	// check by kind/subject.
	Evidence []string `yaml:"evidence"`
}

// A Mitigation is a measure against a concern.
type Mitigation struct {
	ID           string          `yaml:"id,required"`
	Concern      string          `yaml:"concern,required"`
	Measure      string          `yaml:"measure,required"`
	Status       string          `yaml:"status,required" enum:"in-place,planned"`
	Due          strictyaml.Date `yaml:"due"` // of a planned measure
	VerifiableBy string          `yaml:"verifiableBy"`
}

// A Document is a paper that goes with the submission. What is not public may
// be named by its digest alone.
type Document struct {
	Title           string `yaml:"title,required"`
	Location        string `yaml:"location"`
	Digest          string `yaml:"digest,required"`
	Confidentiality string `yaml:"confidentiality,required" enum:"public,cbi,restricted"`
}

// An Exclusion is something that the vendor does not offer, said up front.
type Exclusion struct {
	What string `yaml:"what,required"`
	Why  string `yaml:"why,required"`
}

// A Stamp is the state of the version control that a build asked for. It is
// replayed from this claim, not verified by it.
type Stamp struct {
	Revision string    `yaml:"revision,required"` // full commit
	Time     time.Time `yaml:"time,required"`
	Modified bool      `yaml:"modified"`
}
