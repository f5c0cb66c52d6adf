package claim_test

import (
	"fmt"

	"github.com/proffer-audit/proffer/attest/claim"
	"github.com/proffer-audit/proffer/attest/envelope"
	"github.com/proffer-audit/proffer/attest/trust"
)

// A rebuilder's link, from the file to what it may count for.
func Example() {
	file := []byte(`{"signatures":[{"keyid":"","sig":"00"}],"signed":{"_type":"link","name":"rebuild tool.deb",
		"materials":{},"products":{"tool.deb":{"sha256":"ca978112ca1bbdcafac231b39a23dc4da786eff8147c4e72b9807785afee48bb"}},
		"environment":null,"byproducts":{},"command":[]}}`)
	items, err := envelope.Open(file, envelope.Limits{})
	if err != nil {
		fmt.Println(err)
		return
	}
	c, err := claim.ReadLink(items[0].Link)
	if err != nil {
		fmt.Println(err)
		return
	}
	fmt.Println(c.Kind, c.Verdict, c.Subjects[0].Name)
	fmt.Println("rebuilder:", c.Speaks(trust.Rebuilder))
	fmt.Println("builder:", c.Speaks(trust.Builder))
	// Output:
	// link neutral tool.deb
	// rebuilder: <nil>
	// builder: a builder is asked for how it was built; this is link (https://in-toto.io/attestation/link/v0.3)
}
