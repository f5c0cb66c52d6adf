// Package cause says what would have to be true of a build for it to give a
// shipped Go program, and in which order to try it.
//
// Its noun is the Search. Read takes the facts that a program states or betrays
// (build info, the file table of its pclntab, its sections, its build IDs).
// A Search starts from them, or from what a recipe says, and proposes one Build
// after another; whoever can build hands back a Trial for each. Nothing here
// builds: the package is a function of bytes.
//
// # When a cause is one
//
// A cause is claimed only when a build with it gave the shipped bytes. Until
// then there are the nearest trial, and what still differs.
//
// # What is hidden, and how it is found
//
//   - -trimpath keeps -ldflags out of the build info. -s and -w show in the
//     sections, -buildid= in the build ID. A string set by -X is found by a probe:
//     a build in which every string variable of the source holds a marker. Where
//     the probe's code loads a marker, the shipped program's same code loads the
//     value.
//   - The order and the spelling of linker flags is in no byte of a program but in
//     its build ID, whose first part is a hash. cmd/go tells what it hashed
//     (GODEBUG=gocachehash=1), so that other flags can be hashed instead of built.
//   - Paths are in the file table: the standard library's gives GOROOT, a
//     module's with its version the module cache, the rest the source folder.
package cause
