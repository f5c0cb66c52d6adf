// Package graft puts the vendor's signature onto the file that was built again,
// so that the two can be compared by digest.
//
// Its noun is the Graft. To strip a signature before comparing asks everybody to
// believe in what was stripped. A graft asks for nothing: the result has the
// shipped file's digest, or it has not. Four kinds are known: Authenticode (PE),
// Mach-O code signatures (thin and universal), APK signing blocks and signed
// JARs.
//
// What is taken from the shipped file lies in Graft.Area and nowhere else.
// Fields that follow from the rest (the PE checksum, sizes of __LINKEDIT, offsets
// of a zip directory) are computed for the grafted file, never copied; where the
// shipped file holds another value, the digests differ and a finding says why.
//
// A signature area is also a place where nobody looks: a verifier skips padding,
// unauthenticated attributes, spare blobs and unknown blocks, and a graft carries
// them over. So each byte of it is accounted for, and what is not signature is a
// Finding. identical-after-graft without security-relevant findings says that the
// shipped file is the rebuilt one and a signature, and nothing else.
//
// Signatures are not trust here. Who signed is reported, and whether the
// signature is one of these bytes; whether that signer is to be trusted is the
// policy's question.
package graft
