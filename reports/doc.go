// Package reports holds the words of an audit's answer: Report, Check, Finding,
// Concern, and the run record beside them. Every wing of proffer speaks in them;
// the package itself knows neither how an audit runs nor how it is signed.
//
// A Report is a pure function of what was audited, by which policy, under which
// profile, with which databases and which version of proffer. Nothing of one run
// only (time, host, path, duration, sandbox tier) is in it: that is Run.
package reports
