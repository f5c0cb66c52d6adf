package attest_test

import (
	"fmt"
	"testing"

	"github.com/sigstore/sigstore-go/pkg/bundle"
	"github.com/sigstore/sigstore-go/pkg/root"
	"github.com/sigstore/sigstore-go/pkg/verify"

	"github.com/proffer-audit/proffer/attest/trust"
)

// stock verifies an envelope with sigstore-go, under the policy of the
// public-good instance.
func stock(t testing.TB, trusted, data []byte, p trust.Principal) error {
	t.Helper()
	return stockVerifier(t, trusted, p)(data)
}

func stockVerifier(t testing.TB, trusted []byte, p trust.Principal) func(data []byte) error {
	t.Helper()
	material, err := root.NewTrustedRootFromJSON(trusted)
	check(t, err)
	v, err := verify.NewVerifier(material, verify.WithSignedCertificateTimestamps(1), verify.WithTransparencyLog(1), verify.WithObserverTimestamps(1))
	check(t, err)
	who, err := verify.NewShortCertificateIdentity(p.Issuer, "", p.Identity, "")
	check(t, err)
	return func(data []byte) error {
		var b bundle.Bundle
		if err := b.UnmarshalJSON(data); err != nil {
			return fmt.Errorf("parse: %w", err)
		}
		_, err := v.Verify(&b, verify.NewPolicy(verify.WithoutArtifactUnsafe(), verify.WithCertificateIdentity(who)))
		return err
	}
}
