package audit

import (
	"context"
	"path"

	"github.com/proffer-audit/proffer/attest"
	"github.com/proffer-audit/proffer/attest/statement"
	"github.com/proffer-audit/proffer/attest/trust"
	"github.com/proffer-audit/proffer/audit/rebuild"
	"github.com/proffer-audit/proffer/reports/safetext"
)

// Attest signs what a build gave as SLSA provenance v1. The subject is the file
// that was built here, whatever was shipped.
func Attest(ctx context.Context, r Rebuilt, builder string, key *trust.Key) ([]byte, error) {
	p, err := attest.NewProvenance(attest.Build{
		BuilderID: builder, BuildType: r.Facts.BuildType,
		External: r.Facts.ExternalParameters, Internal: r.Facts.InternalParameters,
		Dependencies: resources(r.Facts.ResolvedDependencies), Byproducts: resources(r.Facts.Byproducts),
	})
	if err != nil {
		return nil, err
	}
	name := r.Artifact
	if r.Result.File != "" {
		name = path.Base(r.Result.File)
	}
	subject := statement.Subject{Name: safetext.Of(name).String(), Digest: map[string]string{"sha256": r.Result.Rebuilt.Digest.Hex()}}
	raw, err := statement.New(attest.ProvenanceType, []statement.Subject{subject}, p)
	if err != nil {
		return nil, err
	}
	return attest.Sign(ctx, key, statement.PayloadType, raw)
}

func resources(list []rebuild.Resource) []attest.Resource {
	out := make([]attest.Resource, 0, len(list))
	for _, r := range list {
		out = append(out, attest.Resource{Name: r.Name, URI: r.URI, Digest: r.Digest})
	}
	return out
}
