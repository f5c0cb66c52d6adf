// Package policy reads what the reviewer demands and trusts: roots, logs,
// toolchains, roles and their principals, the least that each kind of check
// must give, waivers, limits, and the one instant that an audit evaluates at.
//
// A policy is held or signed by the reviewer and never taken from a submission.
// What it leaves out has the strict value that stands in defaults.yaml, which
// is itself a document of this format; demands that go beyond the ordinary (a
// second witness, varied builds, denied capabilities) are made only by name.
//
// Parse reads the document alone. Resolve then brings in the files that it
// names: public keys and trusted roots.
package policy
