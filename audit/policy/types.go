package policy

import (
	"time"

	"github.com/proffer-audit/proffer/audit/strictyaml"
	"github.com/proffer-audit/proffer/reports"
)

// A Policy is one reviewer's demands. The values named as defaults here are
// those of defaults.yaml.
type Policy struct {
	APIVersion string `yaml:"apiVersion,required" enum:"proffer/v1"`
	Kind       string `yaml:"kind,required" enum:"Policy"`
	ID         string `yaml:"id,required"`
	// AsOf is the evaluation instant, in UTC; zero when the policy leaves it to
	// whoever runs the audit.
	AsOf      time.Time `yaml:"asOf"`
	Trust     Trust     `yaml:"trust"`
	Require   Require   `yaml:"require"`
	Databases Databases `yaml:"databases"`
	Waivers   []Waiver  `yaml:"waivers"`
	Limits    Limits    `yaml:"limits"`
	// Sandbox is the least tier in which vendor code may run. Default namespaces.
	Sandbox string `yaml:"sandbox" enum:"namespaces,landlock"`
	// Variations are the worlds in which to build a second time. Default none.
	Variations []string `yaml:"variations" enum:"path,user,host,locale,timezone,umask,clock,parallelism,cache"`
	// Witness demands the second witness for advisories. Default false.
	Witness bool `yaml:"witness"`
	// Independent is how many independent parties make evidence of class E4, at
	// least 2. Default 2.
	Independent int `yaml:"independent"`
	// Disclosure is what the report shows. Default full.
	Disclosure string `yaml:"disclosure" enum:"full,agency,public"`

	positions *strictyaml.Positions
}

// Trust is whom and what the reviewer believes.
type Trust struct {
	// Roots are trusted roots of sigstore, by name. Default none: no identity is
	// believed.
	Roots []Root `yaml:"roots"`
	// Toolchains are the compilers that a rebuild may use without a finding.
	// Default: Go's toolchain modules, as far as the checksum database proves them.
	Toolchains []ToolchainTrust `yaml:"toolchains"`
	// Logs are checksum databases and transparency logs. Default: the checksum
	// database of Go's public modules.
	Logs []Log `yaml:"logs"`
	// Roles are whose statements count. Default none.
	Roles map[string]Role `yaml:"roles" keys:"vendor,builder,rebuilder,auditor,agency"`
}

// A Root is a trusted_root.json beside the policy.
type Root struct {
	Name   string `yaml:"name,required"`
	File   string `yaml:"file,required"` // relative to the policy, not above it
	Digest string `yaml:"digest,required"`
	Data   []byte `yaml:"-"` // set by Resolve
}

// ToolchainTrust trusts toolchains of one name that a log proves, or one
// toolchain by its digest.
type ToolchainTrust struct {
	PURL   string `yaml:"purl" json:"purl,omitempty"` // without a version
	Proof  string `yaml:"proof" json:"proof,omitempty" enum:"checksum-database"`
	Digest string `yaml:"digest" json:"digest,omitempty"`
}

// A Log is a checksum database or transparency log, by the key that signs its
// tree head, in the form name+hash+base64.
type Log struct {
	Name string `yaml:"name,required"`
	Key  string `yaml:"key,required"`
}

// A Role is who may speak in it, and how many of them must.
type Role struct {
	// Threshold counts distinct principals; 0 demands nothing.
	Threshold int `yaml:"threshold,required"`
	// DistinctBy is in what the counted ones must differ: root is the root
	// certificate above the signer's, by its digest, log the transparency logs
	// that vouch for the signature, by their keys. A key is its own issuer and its
	// own root. Default principal, organisation and issuer, where more than one
	// must sign.
	DistinctBy []string    `yaml:"distinctBy" enum:"principal,organisation,issuer,root,log"`
	Principals []Principal `yaml:"principals"`
}

// A Principal is one party: by an exact identity, by a pattern of identities
// (each with the issuer and the root that vouch for it), or by a public key (with
// the root that its log entries and timestamps are held against, if it has any).
type Principal struct {
	Name         string `yaml:"name,required"`
	Organisation string `yaml:"organisation"`
	Identity     string `yaml:"identity"`
	Match        string `yaml:"match"` // RE2; anchored at both ends by the program
	Issuer       string `yaml:"issuer"`
	Root         string `yaml:"root"` // name of one of the trust roots
	Key          string `yaml:"key"`  // PEM file, relative to the policy
	PEM          []byte `yaml:"-"`    // of Key; set by Resolve
	CI           CI     `yaml:"ci"`   // what else the certificate must say
}

// CI is what the certificate of an identity must say of the build job that
// signed, exactly; what is left out is not asked. The fields are Fulcio's
// extensions.
type CI struct {
	SourceRepository       string `yaml:"sourceRepository"`   // URL
	SourceRepositoryID     string `yaml:"sourceRepositoryID"` // the forge's own number for it
	SourceRepositoryDigest string `yaml:"sourceRepositoryDigest"`
	SourceRef              string `yaml:"sourceRef"`   // such as refs/tags/v1.2.3
	SourceOwner            string `yaml:"sourceOwner"` // URL
	SourceOwnerID          string `yaml:"sourceOwnerID"`
	Runner                 string `yaml:"runner" enum:"github-hosted,gitlab-hosted,self-hosted"`
	BuildSignerURI         string `yaml:"buildSignerURI"` // of the workflow that signed
	BuildSignerDigest      string `yaml:"buildSignerDigest"`
	BuildConfigURI         string `yaml:"buildConfigURI"` // of the workflow that began the build
	BuildConfigDigest      string `yaml:"buildConfigDigest"`
	BuildTrigger           string `yaml:"buildTrigger"` // such as push
	Visibility             string `yaml:"visibility"`   // of the repository: public or private
}

// Require is the least that each kind of check must give.
type Require struct {
	// Rebuild is the least level. Default bit-identical.
	Rebuild reports.Level `yaml:"rebuild" enum:"bit-identical,identical-after-graft,equal-after-declared-normalisation,explained,unexplained,build-failed"`
	// Provenance is how many principals of a role must have signed, on top of the
	// role's own threshold: the larger number counts. Default none.
	Provenance map[string]int `yaml:"provenance" keys:"vendor,builder,rebuilder,auditor,agency"`
	// Inventory is how much of it must be known. Default complete.
	Inventory  string     `yaml:"inventory" enum:"complete,partial"`
	Advisories Advisories `yaml:"advisories"`
	Source     Source     `yaml:"source"`
}

// Advisories is what known flaws may be in the product.
type Advisories struct {
	FailOn FailOn `yaml:"failOn"`
	// MaxAge bounds the age of the database at the evaluation instant. Default
	// 168h.
	MaxAge time.Duration `yaml:"maxAge"`
}

// FailOn is which advisories fail the check.
type FailOn struct {
	// Severity is the least that fails. Default low.
	Severity reports.Severity `yaml:"severity" enum:"critical,high,medium,low,note"`
	// Reachable says when an advisory counts: always, unless it was disproved that
	// the flaw can be reached, or only where that was proven. Default always.
	Reachable string `yaml:"reachable" enum:"always,unless-disproved,proven"`
	// Malicious fails on malicious packages whatever their severity. Default true.
	Malicious bool `yaml:"malicious"`
}

// Source is what the source may do.
type Source struct {
	Deny        []string `yaml:"deny"`        // capabilities that fail; default none
	MustDeclare []string `yaml:"mustDeclare"` // capabilities that the vendor must declare; default NETWORK, EXEC
	// FailOn is the least severity of a finding that fails. Default low.
	FailOn reports.Severity `yaml:"failOn" enum:"critical,high,medium,low,note"`
}

// Databases pins what is matched against. Default no pin: whatever is current,
// within the age allowed.
type Databases struct {
	OSV *Pin `yaml:"osv"`
}

// A Pin is the digest of a snapshot.
type Pin struct {
	Digest string `yaml:"digest,required"`
}

// A Waiver lets one finding pass until a date.
type Waiver struct {
	Finding  string          `yaml:"finding,required"` // its id
	Reason   string          `yaml:"reason,required"`
	Approver string          `yaml:"approver,required"`
	Expires  strictyaml.Date `yaml:"expires,required"`
}

// Applies reports whether the waiver still holds: until the day on which it
// expires begins, in UTC.
func (w Waiver) Applies(asOf time.Time) bool { return asOf.Before(w.Expires.Start()) }

// Limits bound each command in the sandbox.
type Limits struct {
	CPU    time.Duration `yaml:"cpu"`    // default 30m
	Memory Size          `yaml:"memory"` // default 4GiB
	Wall   time.Duration `yaml:"wall"`   // default 1h
	Output Size          `yaml:"output"` // of all files written; default 4GiB
}
