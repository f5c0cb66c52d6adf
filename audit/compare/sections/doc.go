// Package sections maps a file: every byte belongs to exactly one region, and
// each region has a key that names the same region in another file of its format
// and a role that says what a difference in it means.
//
// Programs (ELF, PE, Mach-O) are mapped by headers, tables, sections, the gaps
// between them that are mapped executable, mapped or not at all, signatures and
// what is appended. Containers (zip and what is built on it, tar, gzip, xz,
// zstd, ar and deb, rpm, cpio) are mapped by the fields of each record and the
// packed content of each member. Anything else is one region of content.
//
// The readers believe no offset or length: what lies outside the file, overlaps
// or does not add up makes the file one of unknown format with a note, or the
// bytes in question a region of their own. What a file says about itself and
// can be recomputed (checksums, build IDs) is recomputed; Region.Valid has the
// answer.
package sections
