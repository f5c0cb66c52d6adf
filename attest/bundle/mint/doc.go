// Package mint is a test authority: it issues what a sigstore would, offline,
// fast and from a seed. Tests and benchmarks use it, and nothing else may.
//
// An Authority has a certificate authority shaped like Fulcio's, a certificate
// log, a transparency log of each kind (Rekor v1 with promise, proof and
// checkpoint; Rekor v2 with proof and checkpoint) and a timestamp authority. Its
// TrustedRoot is the trusted_root.json under which Bundle's bundles verify.
// Request.Wrong makes it lie in one respect at a time.
//
// All formats are written here by hand, from the specifications, so that the
// code under test does not check itself. What is asked for wrongly panics: it is
// a mistake in a test. The same seed and the same requests in the same order are
// the same bytes; an Authority may be used by many goroutines, whose order then
// decides the places in its logs.
package mint
