// Package sign makes sigstore bundles: with a key, in a file or in a key
// management service, or as an identity.
//
// Its noun is the Signer. A Signer by key signs alone, or with log entries and
// timestamps beside the signature. A Signer by identity makes a key that lives
// as long as it does, has a certificate authority (Fulcio) bind it to the
// identity that a token names, and lets a transparency log (Rekor) and timestamp
// authorities (RFC 3161) witness the signature. Where and how it connects is in
// attest/wire. What it hands out is canonical JSON, and has been verified under
// the trust root of the one who asked for it.
//
// A token is a secret: it goes to the certificate authority and nowhere else,
// and no error, log or report holds it.
package sign
