package claim

// The predicate types that are read further than their name.
const (
	ProvenanceType    = "https://slsa.dev/provenance/v1"
	ProvenanceV02Type = "https://slsa.dev/provenance/v0.2"
	SummaryType       = "https://slsa.dev/verification_summary/v1"
	TestResultType    = "https://in-toto.io/attestation/test-result/v0.1"
	PropertiesType    = "https://in-toto.io/attestation/svr/v0.2"
	PropertiesV01Type = "https://in-toto.io/attestation/svr/v0.1"
	ReleaseType       = "https://in-toto.io/attestation/release/v0.2"
	ReleaseV01Type    = "https://in-toto.io/attestation/release/v0.1" // GitHub's immutable releases
	PublishType       = "https://github.com/npm/attestation/tree/main/specs/publish/v0.1"
	LinkType          = "https://in-toto.io/attestation/link/v0.3"
	CycloneDXType     = "https://cyclonedx.org/bom" // also with "/v" and a version behind it
	ComparisonType    = "https://github.com/proffer-audit/proffer/predicates/rebuild-comparison/v1"
	ReportType        = "https://github.com/proffer-audit/proffer/predicates/mitigation-report/v1"
)

// The build types of oss-rebuild, which tell its statements apart: their
// predicate type is SLSA provenance v1 for all.
const (
	RebuildBuild        = "https://docs.oss-rebuild.dev/builds/Rebuild@v0.1"
	EquivalenceBuild    = "https://docs.oss-rebuild.dev/builds/ArtifactEquivalence@v0.1"
	NetworkRebuildBuild = "https://docs.oss-rebuild.dev/builds/NetworkRebuild@v0.1"
)

// goodLevels are the levels of a comparison that are good news, best first: the
// rebuilt artifact is the shipped one, but for what is named.
func goodLevels() []string {
	return []string{"bit-identical", "identical-after-graft", "equal-after-declared-normalisation"}
}
