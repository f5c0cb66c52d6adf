// Package decision is what an authority decides on a dossier, signed.
//
// Its noun is the Decision: an in-toto statement about a dossier, by the digest
// of the dossier, with one signature. Where several must approve, each signs a
// decision of its own that names the bundle of the one before by the digest of
// its bytes, so that nobody can be put in front, left out or exchanged later. A
// chain is read from its bundles alone, in whatever order they come.
package decision
