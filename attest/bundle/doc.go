// Package bundle reads and verifies one sigstore bundle: a signature with the
// certificate or key, the log entries and the timestamps that go with it.
//
// Read takes untrusted bytes and believes nothing. NewRoot makes trust of a
// trusted_root.json. VerifyCertificate and VerifyKey put the two together and
// say in a Verified who signed, what, when, and which authorities and logs
// vouch for it, each named by the digest of its key, so that a set of bundles
// can be counted without one authority passing for two.
//
// The formats are those of sigstore's protobuf-specs (bundle v0.1 to v0.3), of
// RFC 6962 and C2SP tlog-checkpoint for the logs, of RFC 3161 and RFC 5652 for
// timestamps. Where a format leaves room, this package takes the narrow reading:
// one JSON, one base64, DER and not BER, and with Demand.All every entry and
// every timestamp that a bundle shows must verify.
//
// A verification opens no connection and reads no clock. It does its work with
// the standard library's cryptography; what is remembered between two of them,
// in the Root, is the parsed root and its verified chains.
package bundle
