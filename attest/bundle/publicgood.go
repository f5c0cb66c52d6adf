package bundle

import (
	_ "embed" // the roots below
)

//go:embed public_good.json
var publicGood string

//go:embed staging.json
var staging string

// The SHA-256 of PublicGood and of Staging.
const (
	PublicGoodID = "sha256:6494e21ea73fa7ee769f85f57d5a3e6a08725eae1e38c755fc3517c9e6bc0b66"
	StagingID    = "sha256:44deb991d4bbf2150751ccee235d9810bce4434383c26d8898c1bcadbace6ed8"
)

// PublicGood is the trusted_root.json of sigstore's public-good instance, from
// the targets of its TUF repository as they were in August 2026. It is data, and
// trusted only by who names it.
func PublicGood() []byte { return []byte(publicGood) }

// Staging is the trusted_root.json of the instance that sigstore tries itself
// out with, of the same day. It vouches for nothing.
func Staging() []byte { return []byte(staging) }
