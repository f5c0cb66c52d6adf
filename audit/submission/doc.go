// Package submission reads the vendor's manifest: what is offered for audit,
// where its bytes are and which digests they have, how the shipped files are
// built from the source, and what the vendor declares, claims and leaves out.
//
// A submission says nothing about trust. Keys, roots, thresholds, waivers, the
// list of checks and the evaluation instant come from the reviewer's policy; a
// submission that has a field for one of them is refused with the code
// trust-in-submission.
//
// All of it is the words of a party that may be hostile. Parse bounds and
// checks the form: names, digests, locations, paths and the references between
// the parts. Whether any of it is true is for the checks of an audit.
package submission
