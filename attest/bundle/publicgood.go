package bundle

import (
	_ "embed" // the root below
)

//go:embed public_good.json
var publicGood string

// PublicGoodID is the SHA-256 of PublicGood.
const PublicGoodID = "sha256:6494e21ea73fa7ee769f85f57d5a3e6a08725eae1e38c755fc3517c9e6bc0b66"

// PublicGood is the trusted_root.json of sigstore's public-good instance, from
// the targets of its TUF repository as they were in August 2026. It is data, and
// trusted only by who names it.
func PublicGood() []byte { return []byte(publicGood) }
