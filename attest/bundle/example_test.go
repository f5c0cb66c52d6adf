package bundle_test

import (
	"fmt"

	"github.com/proffer-audit/proffer/attest/bundle"
	"github.com/proffer-audit/proffer/attest/bundle/mint"
)

// The trusted root comes from the reviewer, the bundle from the vendor; whom the
// bundle must be signed by is for the caller to say.
func Example() {
	authority := mint.New(mint.Options{Seed: "example", Curve: mint.P256})
	trusted := authority.TrustedRoot()
	offered := authority.Bundle(mint.Request{
		Message: []byte("an artifact"), Identity: mint.Email("alice@acme.example", "https://issuer.example"),
	})

	root, err := bundle.NewRoot(trusted)
	if err != nil {
		fmt.Println(err)
		return
	}
	b, err := bundle.Read(offered, bundle.MaxBundle)
	if err != nil {
		fmt.Println(err)
		return
	}
	v, err := bundle.VerifyCertificate(b, root, bundle.Contents([]byte("an artifact")), bundle.Strict())
	if err != nil {
		fmt.Println(err)
		return
	}
	fmt.Println(v.Identity.SAN, v.Is("alice@acme.example", "https://issuer.example"))
	fmt.Println(v.Times[0].At.Format("2006-01-02"), v.Times[0].Source)
	fmt.Println(v.Is("mallory@acme.example", "https://issuer.example"))

	// Output:
	// alice@acme.example <nil>
	// 2026-03-01 log
	// signed as "alice@acme.example", not as "mallory@acme.example"
}
