// Package html renders a report as one self-contained page: no script, nothing
// loaded, no link that leaves it. It reads in any browser, on paper and at a
// width of 320 pixels.
//
// The page says what the report says, with every check's limits beside its
// status and every concern's limits word for word. It has no score, and no word
// for a concern that is settled.
package html
