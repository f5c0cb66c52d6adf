// Package strictyaml reads a document: a small, strict subset of YAML decoded
// into Go structs, in which every refusal knows its file, line and column.
//
// The subset has mappings, lists, strings, booleans and whole numbers in
// decimal. It has no anchors, aliases, tags, merges, directives and no second
// document, so a text means what it shows. Sizes are bounded: MaxBytes,
// MaxDepth, MaxNodes. Characters that make a text read differently to a person
// and to a program (NUL, byte order marks, the line breaks of other alphabets,
// bare carriage returns, bidirectional controls) are refused where they stand.
//
// A destination is a struct whose exported fields carry tags:
//
//	Name string            `yaml:"name,required"`     // present and not empty
//	Kind string            `yaml:"kind" enum:"a,b"`   // one of these words
//	Env  map[string]string `yaml:"env"`
//	By   map[string]int    `yaml:"by" keys:"x,y"`     // the keys are words of a list
//	Note string            `yaml:"-"`                 // not part of the document
//
// Nothing is converted for convenience: a number is not a string, "yes" is not
// a boolean, an empty value is not an empty list. Keys that are unknown, stand
// twice, or differ from a known key or from a sibling only in case are refused.
// What a document leaves out keeps the value that the destination had, so a
// caller puts its defaults there before decoding.
//
// Types that implement encoding.TextUnmarshaler are read from a string or from
// an unquoted date; time.Duration is read in Go's notation ("168h").
package strictyaml
