package rebuild

import (
	"slices"

	"github.com/proffer-audit/proffer/audit/evidence"
)

// BuildType names this kind of rebuild in a SLSA provenance statement.
const BuildType = "https://github.com/proffer-audit/proffer/build-types/go-rebuild/v1"

// ProvenanceData is the buildDefinition and the byproducts of a SLSA v1
// provenance for a rebuild. Who builds, when and under which id is the signer's
// to say.
type ProvenanceData struct {
	BuildType            string         `json:"buildType"`
	ExternalParameters   map[string]any `json:"externalParameters"` // what the vendor chose
	InternalParameters   map[string]any `json:"internalParameters"` // what the rebuilder chose
	ResolvedDependencies []Resource     `json:"resolvedDependencies"`
	Byproducts           []Resource     `json:"byproducts"`
}

// Resource is an in-toto resource descriptor.
type Resource struct {
	Name   string            `json:"name,omitempty"`
	URI    string            `json:"uri,omitempty"`
	Digest map[string]string `json:"digest,omitempty"`
}

// Provenance tells how a result came about. The subject of the statement is the
// rebuilt file; the shipped one is named as what it was compared with.
func Provenance(job Job, r Result) ProvenanceData {
	p := ProvenanceData{
		BuildType: BuildType,
		ExternalParameters: map[string]any{
			"artifact": map[string]any{"uri": job.Artifact.URI, "digest": digestSet(job.Artifact.Blob.Digest), "file": job.File},
			"recipe":   job.Recipe,
		},
		InternalParameters: map[string]any{
			"network":    "none",
			"recognised": r.Recognised(),
			"opaque":     r.Opaque,
			"removed":    r.Removed,
			"dropped":    r.Dropped,
			"stamp":      r.Stamp,
		},
		ResolvedDependencies: []Resource{
			{Name: "source", URI: job.Source.URI, Digest: digestSet(job.Source.Blob.Digest)},
			{Name: "toolchain", URI: job.Toolchain.URI, Digest: digestSet(job.Toolchain.Blob.Digest)},
		},
		Byproducts: []Resource{{Name: "shipped", Digest: digestSet(r.Shipped.Digest)}},
	}
	for _, m := range sortedModules(job.Modules) {
		uri := "pkg:golang/" + m.Path + "@" + m.Version
		for what, d := range map[string]evidence.Digest{"module": m.Zip, "go.mod": m.Mod} {
			if d != "" {
				p.ResolvedDependencies = append(p.ResolvedDependencies, Resource{Name: what, URI: uri, Digest: digestSet(d)})
			}
		}
	}
	slices.SortStableFunc(p.ResolvedDependencies[2:], func(a, b Resource) int {
		return slices.Compare([]string{a.URI, a.Name}, []string{b.URI, b.Name})
	})
	if r.Log != nil {
		p.Byproducts = append(p.Byproducts, Resource{Name: "log", Digest: digestSet(r.Log.Digest)})
	}
	return p
}

func sortedModules(list []Module) []Module {
	sorted := slices.Clone(list)
	slices.SortFunc(sorted, func(a, b Module) int {
		return slices.Compare([]string{a.Path, a.Version}, []string{b.Path, b.Version})
	})
	return sorted
}

func digestSet(d evidence.Digest) map[string]string {
	if d == "" {
		return map[string]string{}
	}
	return map[string]string{"sha256": d.Hex()}
}
