// Package bytes reads every file of a source tree once, whatever its language,
// and reports what can be seen without understanding it: the inventory, bidi
// controls and invisible characters, identifiers that look like others, code
// pushed out of sight, executables and other opaque matter, archives, and the
// hosts that string literals name.
//
// Go files go through go/scanner; other languages through a small lexer that
// tells strings and comments from code and is no parser. Nothing is skipped
// silently: a symbolic link, a file that cannot be read or is too large is named.
package bytes
