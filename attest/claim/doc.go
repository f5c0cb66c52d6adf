// Package claim holds the one typed model of what attestations say: who says
// what about which digest.
//
// Read turns a statement into a Claim, whatever format its predicate has: SLSA
// provenance v1 and v0.2, the statements of oss-rebuild, verification summaries,
// test results, our own comparison and report, simple verification results,
// publish and release attestations of registries, CycloneDX documents with their
// declarations, in-toto links. ReadLink does so for the classic link that
// rebuilderd signs.
//
// Every text in a Claim is the signer's own word, capped in length and not made
// safe to show. A Claim is not evidence by itself: who signed it, and whether
// the policy trusts them, others have found out. Claim.Speaks says what a claim
// may count for: a signed "no" speaks for nobody, and who is asked how a thing
// was built is answered only by claims of having built it.
//
// New… write the predicates that this program signs.
package claim
