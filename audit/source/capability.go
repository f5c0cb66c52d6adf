package source

import "github.com/proffer-audit/proffer/audit/source/rules"

// RulesDigest names the rule data that this program reads sources by, and the
// error of reading it.
func RulesDigest() (string, error) {
	set, err := rules.Load()
	if err != nil {
		return "", err
	}
	return set.Digest, nil
}

// CheckCapability reports whether a capability of that name exists. A policy or
// a submission that names another is to be refused, before anything is read by it.
func CheckCapability(name string) error {
	_, err := rules.ParseCapability(name)
	return err
}
