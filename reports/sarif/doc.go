// Package sarif renders a report's findings as SARIF 2.1.0, for the viewers and
// code hosts that read it.
//
// SARIF has results and nothing for what could not be checked, so every check
// that did not pass and has no finding of its own becomes a notification of the
// run, and a run with a check that did not complete is marked unsuccessful: a
// viewer must not show "no results" for "did not look".
package sarif
