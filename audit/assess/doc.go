// Package assess weighs what the checks of an audit found: a Verdict on each
// concern of the profile, each claim and mitigation of the vendor, and on the
// audit as a whole.
//
// # Outcomes of concerns
//
// A check bears on a concern when the profile lists its kind there. Transfers of
// papers (fetch/document/…, fetch/sbom/…, fetch/vex/…, fetch/attestation/…)
// bear on none: they say nothing about the product. A concern's outcome is the
// first of these that holds:
//
//   - not-answerable-technically, when the profile says so;
//   - contradicted, when a check that bears on it failed for a reason that bears
//     on it (see below), or a finding of severity high or worse lists it;
//   - not-assessed, when a check that it needs, or one that bears on it and is
//     owed, is absent, not-run or incomplete (but for the two kinds of incomplete
//     that hold down, below), when a needed one is not-applicable, when it needs
//     a kind of which there is no check, or when nothing that bears on it passed
//     except transfers;
//   - partly-supported, when something holds it down: a check's cap, evidence
//     weaker than the profile wants, a transfer that is whole but not proven, an
//     incomplete rebuild of which the level is known and at least explained, a
//     rebuild below identical-after-graft, a source check that failed over other
//     concerns, a source that is partial by the vendor's own word, a medium
//     finding that lists the concern, or a profile that names no needed kind;
//   - supported.
//
// Which reasons bear: a failed rebuild does by its level (unexplained,
// build-failed and none contradict; explained and better hold down), because
// the level that passes is the policy's and the evidence is not. A failed check
// of kind source, declared or claims answers many questions at once: it
// contradicts the concerns that its findings list, or all when none lists any.
// A failure of any other kind contradicts every concern that it bears on.
//
// What could not be seen might have failed. That is why an absent check leaves
// a concern not-assessed, and not partly-supported by the rest: otherwise it
// would pay to withhold whatever fails. Outcomes are ordered not-assessed <
// contradicted < partly-supported < supported, and taking away a check, or
// turning it into one that did not run, raises none. This holds as long as Owed
// lists what the plan owes and findings list concerns that their check's kind
// bears on by the profile.
//
// Waivers change no outcome of a concern. They bear on the Result alone.
//
// # Result
//
// The result is not-met when a check that the policy demands failed and not all
// of the findings that made it fail are waived, when bytes did not have their
// pinned digest, when a rebuild passed below the demanded level, or when an
// unwaived finding is as severe as the policy fails on; incomplete when nothing
// failed and a demanded or owed check was not carried out whole; met otherwise.
package assess
