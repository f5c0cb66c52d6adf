// Package advisories matches components against OSV records: which known flaws
// and which malicious packages are in a product.
//
// A Pack is the database as evidence: the records of the ecosystems that were
// asked for, byte for byte as they came, in one deterministic tar, with what
// was wrong with the archives they came in. A DB is a pack that was read. The
// audit reads the pack that it has just made, and a replay reads the one in the
// dossier, so both see the same records and the same faults.
//
// Matching is osv-scanner's: by ecosystem, normalised name and version, with
// the comparator of osv-scalibr. It finds what osv-scanner finds; where it finds
// more, Hit.Cause says why.
//
// Nothing is silently clean. A record that cannot be read, is of a newer schema
// or has fields that this reader does not know is counted and named, an archive
// that is absent, empty or truncated is a fault of its ecosystem alone, and a
// check over a database with faults is incomplete. The answer for one ecosystem
// never hides the findings of another.
//
// Flaws without a severity count as high until somebody scores them: the Go
// vulnerability database scores nothing, and a missing score is not a low one.
package advisories
