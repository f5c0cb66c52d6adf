// Package link answers what a Go program can do: it joins the functions of a
// main module, of its dependencies and of the standard library into one graph,
// and follows that graph backwards from the functions that touch the world.
//
// The load is metadata from the go command (go list, which compiles nothing),
// then parsing and type-checking here, in one fixed order. Standard library
// packages that the rules call opaque contribute declarations only, which halves
// time and memory: what their functions give stands in the rules. Everything
// else, and every line of the vendor and of its dependencies, gets SSA form and
// VTA call resolution (golang.org/x/tools). A function value or method that the
// standard library calls back is charged to whoever made the value, so that
// every user of sync.Once is not charged with what one of them does in it.
//
// Vendor code is never executed. What is not answered is named: files that the
// analysed configuration leaves out, assembly, cgo, linkname directives,
// packages that do not type-check, and what is called only through reflection.
package link
