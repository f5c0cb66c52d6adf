package audit

import (
	"context"
	"slices"

	"github.com/proffer-audit/proffer/attest/claim"
	"github.com/proffer-audit/proffer/attest/statement"
	"github.com/proffer-audit/proffer/audit/compare"
	"github.com/proffer-audit/proffer/audit/evidence"
)

// comparison signs how far the shipped file and the rebuilt one are the same, and
// what each differing byte is put down to.
func (a *attesting) comparison(ctx context.Context) error {
	r := a.rebuilt.Result
	recipe, err := statement.Canonical(a.recipe())
	if err != nil {
		return err
	}
	c := claim.ComparisonV1{
		Target:      claim.Resource{Name: a.file(), URI: a.resource(), Digest: sha256Set(r.Shipped.Digest)},
		Level:       string(r.Level),
		Environment: a.rebuilt.Facts.InternalParameters,
		Recipe:      sha256Set(evidence.Of(recipe)),
	}
	if r.Rebuilt != nil {
		c.Candidate = &claim.Resource{Name: "rebuild/" + a.file(), Digest: sha256Set(r.Rebuilt.Digest)}
	}
	if r.Comparison != nil {
		account(&c, *r.Comparison)
	}
	for _, v := range r.Variations {
		c.Variations = append(c.Variations, claim.Variation{Name: v.Name, Outcome: v.Outcome})
	}
	if c, err = claim.NewComparison(c); err != nil {
		return err
	}
	return a.sign(ctx, AttestedComparison, claim.ComparisonType, a.shipped(), c)
}

// account carries the account of a difference over into the predicate. A cause
// that nobody has proven stays out: it would be signed as one.
func account(c *claim.ComparisonV1, r compare.Result) {
	c.Accounting = &claim.Accounting{DifferingBytes: r.DifferingBytes, ByClass: map[string]int64{}}
	rest := r.DifferingBytes
	for _, class := range r.Classes {
		c.Accounting.ByClass[string(class.Class)] += class.Bytes
		rest -= class.Bytes
	}
	if rest > 0 {
		c.Accounting.ByClass[string(compare.Unexplained)] += rest
	}
	for _, n := range r.Normalisations {
		c.Normalisations = append(c.Normalisations, claim.Normalisation(n))
	}
	for _, g := range r.Grafts {
		if !g.Equal {
			continue
		}
		c.Grafts = append(c.Grafts, claim.Graft{Kind: g.Kind, Bytes: g.Bytes})
	}
	for _, cause := range r.Causes {
		if cause.Proven {
			c.Causes = append(c.Causes, claim.Cause{Kind: cause.Kind, Detail: cause.Detail.String()})
		}
	}
	if f := r.Functions; f != nil {
		c.Functions = &claim.ComparedFunctions{Same: f.Same, RelocatedOnly: f.Relocated, Changed: []string{}}
		for _, fn := range f.Changed {
			c.Functions.Changed = append(c.Functions.Changed, fn.Name.String())
		}
		slices.Sort(c.Functions.Changed)
	}
}
