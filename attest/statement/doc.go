// Package statement reads and writes in-toto statements: who is spoken of, and
// what is said about them.
//
// There is one reading. Matching, policy and report all take the Statement that
// Parse returns, so that a payload cannot name one subject to the verifier and
// another to the reader of its report. What would allow a second reading is
// refused by code: duplicate and case-variant keys, unknown fields, a missing
// predicate type, digests that are not lower-case hexadecimal of the length of
// their algorithm. There is one writing, too: the canonical JSON of RFC 8785.
package statement
