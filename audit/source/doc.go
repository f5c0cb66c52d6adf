// Package source says what a source tree can do and what it hides.
//
// Worker is the program's own role "source": it runs inside the sandbox, reads a
// Request, and writes a Result. The passes behind it are rooms of their own:
// bytes looks at every file of any language, link joins the Go packages into one
// graph, rules is the data that both go by. Outcomes turns a Result into checks
// and findings, outside the sandbox and without looking at the source again.
//
// A Result is a function of the source, the analysing toolchain and the rules:
// the same in every folder and at any parallelism. Vendor code is never executed.
package source
