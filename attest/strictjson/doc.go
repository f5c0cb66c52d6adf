// Package strictjson is the one JSON reader: bytes that it accepts have one
// reading, whichever program reads them next.
//
// encoding/json takes the last of two equal keys, matches keys to fields
// without regard to case, replaces broken text, and a Decoder stops before
// trailing data. Each of these lets one signed document say two things to two
// readers. This package walks the bytes first and refuses every such document
// by code, line and column; only then does encoding/json decode it.
//
// Refused beyond RFC 8259: two keys of one object that are equal, or equal
// without regard to case; text that is not UTF-8 and escapes that name half a
// character; numbers that a double cannot hold; nesting and size above a limit.
// With a struct to decode into: keys that no field has, keys that differ from a
// field only by case, null where the field has no empty value, byte strings
// with a second base64 spelling.
package strictjson
