package audit

import (
	"context"
	"fmt"
	"maps"
	"net/url"
	"path"
	"slices"
	"strings"

	"github.com/package-url/packageurl-go"

	"github.com/proffer-audit/proffer/attest/claim"
	"github.com/proffer-audit/proffer/attest/statement"
	"github.com/proffer-audit/proffer/audit/evidence"
	"github.com/proffer-audit/proffer/audit/rebuild"
	"github.com/proffer-audit/proffer/reports"
	"github.com/proffer-audit/proffer/reports/safetext"
)

// The attestations of a rebuilder, by the word that stands in their file names.
const (
	AttestedProvenance  = "provenance"  // SLSA provenance v1, about what was built here
	AttestedEquivalence = "equivalence" // ArtifactEquivalence@v0.1, about the shipped file; only when it is so
	AttestedComparison  = "comparison"  // our comparison, about the shipped file
	AttestedSummary     = "summary"     // SLSA verification summary: the policy's verdict on the rebuild, PASSED or FAILED
)

// AttestedNames lists the attestations that a rebuild can give, in their order.
func AttestedNames() []string {
	return []string{AttestedProvenance, AttestedEquivalence, AttestedComparison, AttestedSummary}
}

// Attestation is one signed statement of a rebuilder.
type Attestation struct {
	Name   string // one of AttestedNames
	Bundle []byte // a sigstore bundle
}

// Attest signs what a rebuild found, as a rebuilder calling itself by the URI
// builder. A file that was built has provenance and a comparison; a build that
// failed has a comparison that says so. An equivalence is there when and only
// when the file is the shipped one, to the last bit or after what was declared.
// The summary says PASSED or FAILED as the policy's check of the rebuild did;
// there is none where that check did not come to a verdict.
//
// Nothing is signed for a build that was not carried out to its end: that says
// nothing about the file.
func Attest(ctx context.Context, p *Partial, r Rebuilt, builder string, signer Signer) ([]Attestation, error) {
	a := &attesting{partial: p, rebuilt: r, builder: builder, signer: signer}
	for _, step := range [...]func(context.Context) error{a.provenance, a.equivalence, a.comparison, a.summary} {
		if err := step(ctx); err != nil {
			return nil, fmt.Errorf("attest the rebuild of %s: %w", r.Artifact, err)
		}
	}
	return a.signed, nil
}

// attesting is one rebuild being attested.
type attesting struct {
	partial *Partial
	rebuilt Rebuilt
	builder string
	signer  Signer
	signed  []Attestation
}

func (a *attesting) sign(ctx context.Context, name, predicateType string, subject statement.Subject, predicate any) error {
	raw, err := statement.New(predicateType, []statement.Subject{subject}, predicate)
	if err != nil {
		return err
	}
	bundle, err := a.signer.Statement(ctx, raw)
	if err != nil {
		return err
	}
	a.signed = append(a.signed, Attestation{name, bundle})
	return nil
}

// file is what the shipped file is called: vendor text, made safe.
func (a *attesting) file() string {
	name := a.rebuilt.Artifact
	if f := a.rebuilt.Result.File; f != "" {
		name = path.Base(f)
	}
	return safetext.Of(name).String()
}

// resource is what the shipped file is called outside: the artifact's address,
// and the path in it.
func (a *attesting) resource() string {
	uri := a.rebuilt.URI
	if uri == "" {
		uri = "urn:proffer:artifact:" + url.PathEscape(a.rebuilt.Artifact)
	}
	if f := a.rebuilt.Result.File; f != "" {
		uri += "#" + (&url.URL{Path: f}).EscapedPath()
	}
	return uri
}

// recipe is the one that gave the file: the submission's, or where it has none
// the one that was found.
func (a *attesting) recipe() rebuild.Recipe {
	if found := a.rebuilt.Result.Recipe; found != nil && len(a.rebuilt.Recipe.Command) == 0 {
		return *found
	}
	return a.rebuilt.Recipe
}

func (a *attesting) shipped() statement.Subject {
	return statement.Subject{Name: a.file(), Digest: sha256Set(a.rebuilt.Result.Shipped.Digest)}
}

func sha256Set(d evidence.Digest) map[string]string { return map[string]string{"sha256": d.Hex()} }

// provenance has the fields that oss-rebuild's Rebuild@v0.1 has, under a build
// type of our own: artifact, ecosystem, package and version; the strategy as
// build.json and its commands as steps.json. The subject is the file that was
// built here: it speaks of the shipped file exactly when the two are the same to
// the last bit.
func (a *attesting) provenance(ctx context.Context) error {
	r := a.rebuilt
	if r.Result.Rebuilt == nil {
		return nil
	}
	external := maps.Clone(r.Facts.ExternalParameters)
	external["shipped"], external["artifact"] = external["artifact"], a.file()
	if u, err := packageurl.FromString(r.URI); err == nil {
		external["ecosystem"], external["version"] = u.Type, u.Version
		external["package"] = strings.TrimPrefix(u.Namespace+"/"+u.Name, "/")
	}
	used := a.recipe()
	recipe, err := statement.Canonical(used)
	if err != nil {
		return err
	}
	steps, err := statement.Canonical(slices.Concat(used.Prepare, [][]string{used.Command}, used.Postprocess))
	if err != nil {
		return err
	}
	p, err := claim.NewProvenance(claim.Build{
		BuilderID: a.builder, BuildType: r.Facts.BuildType,
		External: external, Internal: r.Facts.InternalParameters,
		Dependencies: resources(r.Facts.ResolvedDependencies),
		Byproducts: append(resources(r.Facts.Byproducts),
			claim.Resource{Name: "build.json", MediaType: "application/json", Content: recipe},
			claim.Resource{Name: "steps.json", MediaType: "application/json", Content: steps}),
	})
	if err != nil {
		return err
	}
	subject := statement.Subject{Name: "rebuild/" + a.file(), Digest: sha256Set(r.Result.Rebuilt.Digest)}
	return a.sign(ctx, AttestedProvenance, claim.ProvenanceType, subject, p)
}

func resources(list []rebuild.Resource) []claim.Resource {
	out := make([]claim.Resource, 0, len(list))
	for _, r := range list {
		out = append(out, claim.Resource{Name: r.Name, URI: r.URI, Digest: r.Digest})
	}
	return out
}

// equivalence is signed when the file is the shipped one. After a graft both
// are, once treated, the shipped file itself. A declared normalisation makes a
// third file of them; without its digest there is nothing to sign.
func (a *attesting) equivalence(ctx context.Context) error {
	r := a.rebuilt.Result
	if r.Rebuilt == nil || r.Level != reports.BitIdentical && r.Level != reports.IdenticalGraft {
		return nil
	}
	p, subject, err := claim.NewArtifactEquivalence(claim.Equality{
		BuilderID: a.builder, Artifact: a.file(), TargetURI: a.resource(), Level: string(r.Level),
		Target: sha256Set(r.Shipped.Digest), Candidate: sha256Set(r.Rebuilt.Digest), Stabilised: sha256Set(r.Shipped.Digest),
		Internal: map[string]any{"level": r.Level, "recognised": r.Recognised(), "opaque": r.Opaque},
	})
	if err != nil {
		return err
	}
	return a.sign(ctx, AttestedEquivalence, claim.ProvenanceType, subject, p)
}

// summary turns the policy's check into a word that a generic consumer knows.
func (a *attesting) summary(ctx context.Context) error {
	status := a.rebuilt.Check.Status
	if status != reports.Pass && status != reports.Fail {
		return nil
	}
	j := claim.Judgement{
		Verifier: a.builder, Versions: map[string]string{"proffer": Version}, Time: a.partial.AsOf,
		Resource: a.resource(), Passed: status == reports.Pass,
		Policy: claim.Resource{URI: "urn:proffer:policy:" + url.PathEscape(a.partial.Policy), Digest: sha256Set(a.partial.PolicyDigest)},
	}
	if j.Passed {
		j.Levels = []string{levelWord(a.rebuilt.Result.Level)}
	}
	for _, s := range a.signed {
		j.Inputs = append(j.Inputs, claim.Resource{URI: "urn:proffer:attestation:" + s.Name, Digest: sha256Set(evidence.Of(s.Bundle))})
	}
	s, err := claim.NewSummary(j)
	if err != nil {
		return err
	}
	return a.sign(ctx, AttestedSummary, claim.SummaryType, a.shipped(), s)
}

// levelWord is a level as a word of a verification summary: those that begin with
// SLSA_ are the specification's own.
func levelWord(l reports.Level) string {
	return "PROFFER_REBUILD_" + strings.ToUpper(strings.ReplaceAll(string(l), "-", "_"))
}
