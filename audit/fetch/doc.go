// Package fetch obtains the bytes that an audit is about. Its noun is the
// transfer: one attempt to get one blob from one place, held to one digest.
//
// Every byte arrives against a pin. A location is only a place where the same
// digest may be found, so a mirror that serves something else is recorded and
// the next one is tried. What was obtained is an Observation: the same words on
// every machine for the same pins, with no address, host or time in it. How it
// was obtained (addresses, peers, attempts) goes into reports.Fetch, which
// belongs to the record of one run.
//
// Connections are made to public addresses only, judged at the moment of
// dialling, unless the reviewer allows private ones. Registry addresses come
// from the reviewer's own configuration and stand nowhere in this package: the
// go command's settings for Go modules, npm's for npm packages.
//
// For Go modules an observation carries the checksum database's answer and the
// tiles that prove it, so that VerifyProof can show, offline and for ever, that
// the log's owner published this digest under this name and version.
package fetch
