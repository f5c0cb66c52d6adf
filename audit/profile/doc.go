// Package profile reads a Profile: one written-response process of an authority
// as dated data. A profile says who may answer and when, what an answer has to
// contain, which concerns it answers, which checks bear on each concern, and
// what no check can settle.
//
// A profile is the authority's, not the vendor's and not the reviewer's: it
// holds no trust, no threshold and no waiver. Every date stands with a citation
// and with the confidence of whoever wrote it down (quoted, summarised,
// unverified), and a clock that is unverified gives no date unless the caller
// accepts it.
package profile
