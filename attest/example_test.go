package attest_test

import (
	"context"
	"fmt"

	"github.com/proffer-audit/proffer/attest"
	"github.com/proffer-audit/proffer/attest/claim"
	"github.com/proffer-audit/proffer/attest/statement"
	"github.com/proffer-audit/proffer/attest/trust"
)

// A rebuilder signs what it built; a reviewer who demands two rebuilders learns
// who is missing.
func ExampleVerifySet() {
	private, public, err := trust.NewKey(nil)
	if err != nil {
		panic(err)
	}
	key, err := trust.LoadKey(private, nil)
	if err != nil {
		panic(err)
	}
	_, other, err := trust.NewKey(nil)
	if err != nil {
		panic(err)
	}

	app := map[string]string{"sha256": "ca978112ca1bbdcafac231b39a23dc4da786eff8147c4e72b9807785afee48bb"}
	build, err := claim.NewProvenance(claim.Build{
		BuilderID: "https://rebuilder.example", BuildType: "https://rebuilder.example/go", External: map[string]any{},
	})
	if err != nil {
		panic(err)
	}
	payload, err := statement.New(claim.ProvenanceType, []statement.Subject{{Name: "app", Digest: app}}, build)
	if err != nil {
		panic(err)
	}
	bundle, err := attest.Sign(context.Background(), key, statement.PayloadType, payload)
	if err != nil {
		panic(err)
	}

	verdict := attest.VerifySet(attest.Set{
		Bundles:  []attest.Named{{Name: "one.sigstore.json", Role: trust.Rebuilder, Bytes: bundle}},
		Subjects: []attest.Subject{{Name: "app", Digests: app, Whole: true}},
		Roles: []trust.Role{{Name: trust.Rebuilder, Threshold: 2, DistinctBy: []string{trust.ByOrganisation}, Principals: []trust.Principal{
			{Name: "r1", Organisation: "o1", Key: public},
			{Name: "r2", Organisation: "o2", Key: other},
		}}},
	})
	role := verdict.Roles[0]
	fmt.Println(role.Met, role.Count, role.Counted[0].Principal, role.Counted[0].Builder)
	fmt.Println(role.Missing)
	// Output:
	// false 1 r1 https://rebuilder.example
	// 1 more rebuilder of: r2 (organisation o2)
}
