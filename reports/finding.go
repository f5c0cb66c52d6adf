package reports

import (
	"crypto/sha256"
	"encoding/hex"
	"strings"
)

// FindingID names a finding by its rule and by what it is about (the subject, the
// place, whatever tells it from others of the rule). It is the same over runs and
// machines, so that a waiver holds.
func FindingID(rule string, about ...string) string {
	sum := sha256.Sum256([]byte(strings.Join(about, "\x00")))
	return rule + "/" + hex.EncodeToString(sum[:8])
}
