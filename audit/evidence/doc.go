// Package evidence keeps the bytes that conclusions rest on, and carries them.
//
// A Store is a folder of blobs named by their SHA-256: written through a
// temporary file while they are hashed, mode 0444, and hashed again on every
// read into the very buffer that is then parsed. A Dossier is a report with its
// evidence in one file: an OCI image layout 1.1 in one uncompressed tar, which
// is the same bytes for the same content, opens with tar and sha256sum, and of
// which every byte is accounted for when it is read.
package evidence
