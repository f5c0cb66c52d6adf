// Package signtest writes the signatures that tests of package graft read: CMS
// messages made from the standard library's keys and certificates, with room
// for everything that does not belong in one.
//
// Its noun is the Signer. It knows nothing of the packages that read
// signatures, so that an error in one of them is not made twice. Nothing but
// tests imports it.
package signtest
