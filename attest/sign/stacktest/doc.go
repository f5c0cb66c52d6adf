// Package stacktest gives tests a sigstore of their own, on loopback.
//
// Its noun is the Stack: an identity provider, a certificate authority with a
// certificate log, a transparency log and a timestamp authority, and the trust
// root and signing configuration that a user of them has. Start runs the real
// services, Fulcio, Rekor v2 and the timestamp server, from the programs in a
// folder; New plays them in this process, so that tests need no programs. The
// identity provider and the certificate log are played in both. Nothing in here
// is part of the program.
package stacktest
