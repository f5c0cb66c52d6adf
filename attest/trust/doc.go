// Package trust holds whom the reviewer trusts: principals, the roles they
// have, their keys, and the roots under which identities are believed.
//
// A principal is a party, not a signature: a public key, by the SHA-256 of its
// one DER form, or an identity together with the issuer that vouches for it.
// Two entries with one key are one principal, under whatever names. Everything
// here comes from the reviewer's policy; nothing in a submission reaches it.
package trust
