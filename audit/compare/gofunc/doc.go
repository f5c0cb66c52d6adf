// Package gofunc says which functions of two programs differ.
//
// Its noun is the Verdict. A byte count cannot tell one changed function from a
// longer string that moved everything behind it. This package can: it takes the
// functions from the table that every Go program carries for its own stack
// traces (pclntab; present in stripped programs too), walks both machine codes
// side by side and compares operands by what they refer to. A call is the same
// when it calls the function of the same name, a load when the constant it
// loads has the same content, wherever the linker put them.
//
// The answer is deliberately one-sided. Whatever cannot be shown to be equal is
// reported as changed; a file that cannot be read as a Go program is an error
// (Error), never an empty Verdict. Bytes of executable memory that belong to no
// function are counted (Side.OutsideFunctions) and compared by content.
//
// What a variable holds at the start, what type descriptors say and the order of
// initialisers are compared too (Verdict.Data). Without symbols, a variable is
// known by the functions that refer to it. Two approximations remain: of data
// that only data refers to, without a length beside the pointer, the bytes up
// to the next place that something refers to are compared; and code of other
// languages in a stripped program counts as differing as soon as one of its
// operands cannot be followed.
//
// Read are ELF, PE and Mach-O for amd64 and arm64 with the pclntab of Go 1.20
// and later (magic 0xfffffff1; layouts of the runtime's symtab.go up to Go 1.27).
//
// Names, file names and strings in a Verdict are the vendor's text as found in
// the file: whoever prints them passes them through reports/safetext.
package gofunc
