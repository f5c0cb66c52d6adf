// Package workspace lays out what a command in the sandbox works on: the source,
// the Go toolchain and the modules, unpacked from evidence into a scratch folder
// of which nothing else has a share.
//
// A Layout holds
//
//	source/     the source tree
//	toolchain/  the toolchain, as GOROOT
//	modules/    the modules, as a file: module proxy
//	scratch/    home, temporary files and caches, empty
//
// and when source and toolchain are one blob, toolchain/ is both.
//
// What a vendor could smuggle past a reviewer is taken out on the way and said:
// files equal to a shipped one (a build could copy them instead of compiling),
// also when they lie inside an archive; metadata of version control (its hooks,
// filters and configuration would run); links and special files.
//
// GoEnv builds the environment of a Go command from nothing.
package workspace
