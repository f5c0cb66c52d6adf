// Package audit is the audit itself: it turns a submission, a policy and a
// profile into a plan of steps, runs it, and makes the report. It is the one
// place that knows the order of an audit.
//
// Steps are of two kinds. An observation looks at the world (a transfer) and
// says what was obtained; it judges nothing. Every other step is a pure function
// of digests. Replay runs the same plan with the observations of a dossier, so
// that the report comes out again, byte for byte, wherever it is run.
package audit
