// Package engine runs the steps of an audit. A step is a pure function of
// digests; its result is remembered under a key made of its kind, version, tool,
// parameters and inputs, so that to resume after a crash, to reuse work between
// audits and to audit again after a change are one mechanism: run the plan again.
package engine
