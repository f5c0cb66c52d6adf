package submission

import "github.com/proffer-audit/proffer/audit/strictyaml"

// TrustInSubmission is the code of a submission that has a field for something
// that only the reviewer decides.
const TrustInSubmission strictyaml.Code = "trust-in-submission"

const trustHint = "only the reviewer's policy decides what is trusted, demanded, waived and checked, and when; remove the field"

// trustKeys are the words, in any case, by which a manifest would choose trust,
// thresholds, waivers, checks or time. None is a key of the format.
func trustKeys() []string {
	return []string{
		// what is trusted
		"trust", "trusted", "trustRoot", "trustRoots", "trustedRoot", "trustedRoots", "roots", "root-of-trust", "anchors",
		"key", "keys", "publicKey", "publicKeys", "certificate", "certificates", "identity", "identities", "issuer",
		"issuers", "principals", "roles", "logs", "toolchains", "signer", "signers",
		// what is demanded
		"policy", "policies", "require", "requires", "required", "requirements", "threshold", "thresholds", "distinctBy",
		"quorum", "minimum", "level", "levels", "evidenceClass", "independent", "witness", "failOn", "deny", "mustDeclare",
		"variations", "sandbox", "limits", "mode", "disclosure",
		// what is let pass
		"waiver", "waivers", "waive", "exceptions", "exempt", "ignore", "ignored", "skip", "allow", "suppress", "outcome",
		"outcomes", "verdict", "verdicts", "result",
		// which checks, against what, and when
		"check", "checks", "concern-checks", "databases", "database", "osv", "asOf", "as-of", "now", "clock", "clocks",
		"sequence", "previous",
	}
}
