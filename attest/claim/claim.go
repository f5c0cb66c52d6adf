package claim

import (
	"github.com/proffer-audit/proffer/attest/statement"
)

// Kind is what sort of thing is said.
type Kind string

// The kinds of a Claim.
const (
	Provenance     Kind = "provenance"      // SLSA provenance: how the subject was built
	Rebuild        Kind = "rebuild"         // oss-rebuild Rebuild@v0.1: how the subject was built again
	Equivalence    Kind = "equivalence"     // oss-rebuild ArtifactEquivalence@v0.1: the subject equals what was built again
	NetworkRebuild Kind = "network-rebuild" // oss-rebuild NetworkRebuild@v0.1: what a rebuild did on the network
	Summary        Kind = "summary"         // SLSA verification summary (VSA): somebody verified the subject
	TestResult     Kind = "test-result"     // tests of the subject
	Comparison     Kind = "comparison"      // our comparison of shipped and rebuilt
	Report         Kind = "report"          // our report on a submission
	Properties     Kind = "properties"      // simple verification result (SVR): properties that were found
	Publication    Kind = "publication"     // npm publish, in-toto and GitHub release: a registry has it under this name
	BOM            Kind = "bom"             // CycloneDX, with its declarations where it has them
	Link           Kind = "link"            // in-toto link: a step made the subject
	Other          Kind = "other"           // a predicate that is known by its name alone
)

// Verdict is whether a claim is good news.
type Verdict string

// The verdicts. A predicate that can fail says yes only in the words that its
// specification has for it; every other word is a no.
const (
	Yes     Verdict = "says-yes"
	No      Verdict = "says-no"
	Neutral Verdict = "neutral" // it tells, and does not judge
)

// The limits of what is read, in bytes and in entries. More is refused.
const (
	MaxText = 4096
	MaxList = 65536
)

// Claim is what one statement says.
type Claim struct {
	Kind          Kind
	PredicateType string
	Subjects      []statement.Subject // what it is said about; digests as statement.Parse holds them

	Verdict Verdict
	Said    string // where the verdict stands, such as `verificationResult: "FAILED"`; "" for Neutral

	// By is whom the predicate names as speaking: builder, verifier or assessor.
	// It is the signer's word; the signature says who it was.
	By        string
	BuildType string // of SLSA provenance: URI
	Time      string // when it was finished or verified, as written
	// Level is how far the rebuilt artifact equals the shipped one, of a
	// Comparison or an Equivalence: one of reports.Level's words or, of a
	// Comparison, another that was written.
	Level  string
	Levels []string // of a Summary its verified levels, of Properties the properties

	Sources    []Resource // what it was made from, or verified with
	Byproducts []Resource
	Target     *Resource // of a Comparison or an Equivalence: what was shipped
	Candidate  *Resource // of the same: what was built again
	Package    *Package  // of a Publication
	Step       string    // of a Link: its name
	Assertions []Assertion
}

// Resource is something that a claim names. Its digests are as written: not held
// to the spelling that subjects are held to.
type Resource struct {
	URI       string            `json:"uri,omitempty"`
	Name      string            `json:"name,omitempty"`
	MediaType string            `json:"mediaType,omitempty"`
	Digest    map[string]string `json:"digest,omitempty"`
	Content   []byte            `json:"content,omitempty"`
}

// Package is what a registry calls its subject.
type Package struct {
	PURL, Name, Version, Registry, Repository, Tag string
}

// Assertion is one line of a CycloneDX attestation (CycloneDX 1.6,
// declarations.attestations.map): somebody assessed a requirement.
type Assertion struct {
	Requirement string
	Assessor    string // name of the organisation
	ThirdParty  bool   // the document calls the assessor a third party
	Claims      []string
	Against     []string // claims that speak against it
	Scored      bool
	Score       float64 // conformance, 0 to 1
}
