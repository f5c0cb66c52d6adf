// Package envelope opens the files in which attestations travel, and hands on
// what is inside them, one Item for each attestation.
//
// It says nothing about trust: an Item is what a file holds and not what anybody
// believes. A sigstore bundle stays bytes, for the package that verifies
// bundles; a raw DSSE envelope and an in-toto link come with what was signed and
// with their signatures, and Item.VerifyKey asks whether one key made one of
// them.
//
// The files that are known, told apart by the keys of their top-level object and
// never by their name:
//
//	a sigstore bundle                    verificationMaterial
//	a DSSE envelope                      payload, payloadType
//	an in-toto link (Metablock)          signed
//	an attestations document             attestations: the npm registry's, with a
//	                                     predicateType beside each bundle, or that
//	                                     of GitHub's attestations API
//	lines (JSON Lines)                   one of the first three on each line
//
// What is decided strictly: one reading of every JSON value (strictjson); no
// byte order mark; no blank line, but for the end of line that ends the file;
// nothing after a value on its line; one kind of attestation in a file; an
// object with the marks of two kinds is refused. Wrappers of registries may
// carry keys that are not known here, because they are not signed and not read;
// a DSSE envelope or a link may not. Sizes are capped before anything is
// parsed.
package envelope
