// Package attest answers who signed what, and signs.
//
// Its unit is the set. VerifySet takes every bundle that a submission offers
// for one artifact and the roles of the reviewer's policy, and says for each
// role which distinct principals spoke in it, which bundles were refused and
// why, and what is still missing. It counts parties and not signatures, for one
// and the same subject, and its answer depends neither on order nor on a clock.
//
// sigstore-go does the verification underneath. Around it stand the rules that
// it leaves to its caller: sizes are capped before parsing, statements have one
// strict reading, every digest must agree, a log entry or timestamp that does
// not verify is a refusal and not an ornament, and trust comes from the policy
// alone.
//
// What this program signs itself (Sign) has one canonical form; VerifyOwn
// refuses every other, so that no byte of it can change.
package attest
