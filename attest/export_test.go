package attest

import "github.com/proffer-audit/proffer/attest/trust"

// OwnVerifier is VerifyOwnIdentity with the policy read once.
func OwnVerifier(p trust.Principal, roots map[string][]byte) (func(data []byte) error, error) {
	known, err := readIdentity(p, roots)
	return func(data []byte) error {
		_, _, err := known.verifyOwn(data)
		return err
	}, err
}
