// Package tuf fetches trust roots from a TUF repository, on the connected side.
//
// Its noun is the Material: the trusted_root.json and the signing configuration
// that a repository vouches for, by signatures that lead back to a root.json
// which the reviewer got by another way. Metadata that is kept between two
// fetches is what notices a repository that goes back. Where there is no
// connection, a trust root is a file, pinned by its digest: nothing in this
// program fetches one by itself.
package tuf
