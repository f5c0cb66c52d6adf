// Package attest answers who signed what, and signs.
//
// Its unit is the set. VerifySet takes every file of attestations that a
// submission offers for one artifact and the roles of the reviewer's policy, and
// says for each role which distinct principals spoke in it, which attestations
// were refused and why, and what is still missing. A file may hold many
// statements and a statement many signatures: each signer of each is a voice. It
// counts parties and not voices, for one and the same subject, independent in
// what the policy names (organisation, issuer, root, log), and its answer depends
// neither on order nor on a clock nor on how many are verified at a time.
//
// The packages beneath do one thing each: envelope opens files, bundle verifies
// one sigstore bundle, claim says what a statement says, trust holds whom the
// policy lists. What they refuse is a Refusal here, under their code: nothing is
// skipped, and trust comes from the policy alone.
//
// What this program signs itself with a key (Sign) has one canonical form, and so
// has what it signs as an identity (Canonicalise); VerifyOwn and
// VerifyOwnIdentity refuse every other, so that no byte of it can change.
package attest
