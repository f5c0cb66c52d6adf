// Package archive reads archives in place: the bytes are in memory, nothing is
// unpacked in order to look at it, and what an archive says about itself is
// compared with what it holds.
//
// zip, tar, tar.gz and gz are read; any other data is one plain file. Limits
// count output, never declared sizes. Everything by which two readers of one
// archive could come to different contents, or by which unpacking could reach
// outside its folder, is an Anomaly with a class: it is reported and the walk
// goes on. What cannot be read as what it claims to be is a *FormatError; what
// is larger than the caller allows is a *LimitError.
//
// Extract writes regular files and directories only, through os.Root, with
// mode 0644 or 0755. Links, devices and set-uid bits are never created.
//
// # Tree digest
//
// A tree is named by "tree-sha256:" and the hexadecimal SHA-256 of its
// canonical listing: one line for every regular file and symbolic link, sorted
// by path as bytes, each
//
//	<mark> <sha256>  <path>\n
//
// where mark is "x" for a file with any execute bit, "-" for one without and
// "l" for a symbolic link, sha256 is that of the file's content or of the
// link's target, in lower-case hexadecimal, and path is relative, with slashes.
// Directories, times, owners and further mode bits do not enter. A tree with
// anything else in it (device, socket, a name that is not UTF-8 or holds a
// control character) has no digest.
package archive
