// Package rules holds what the source passes look for, as data: which function
// gives which capability, which parts of the Go standard library are summarised
// instead of read, which letters look alike, which file is in which language,
// which hosts need no second look, and how severe each rule is.
//
// The tables are text files under data, embedded in the program; their digest
// stands in every report. This package only reads them.
package rules
