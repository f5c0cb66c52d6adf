package attest_test

import (
	"bytes"
	"testing"

	"github.com/sigstore/sigstore-go/pkg/testing/data"

	"github.com/proffer-audit/proffer/attest"
	"github.com/proffer-audit/proffer/attest/trust"
)

// FuzzVerify is run with -fuzzminimizetime 5x: signatures are random, and the
// search for a smaller input would not end. It holds that no bundle makes a verifier panic or answer something
// that nobody signed, and that our own bundle has no second form.
func FuzzVerify(f *testing.F) {
	v := newVirtual(f)
	roots := map[string][]byte{"own": v.trustedRoot(f)}
	s := newSigner(f)
	payload := provenance(f, "app")
	own := s.attest(f, payload)
	f.Add(own)
	f.Add(v.attestAs(f, alice, issuer, payload, signOptions{}))
	f.Add(v.keyBundle(f, s, payload, signOptions{}))
	f.Add([]byte(`{"mediaType":"application/vnd.dev.sigstore.bundle.v0.3+json"}`))
	if public, err := data.Bundle(&testing.T{}, "sigstore.js@2.0.0-provenance.sigstore.json").MarshalJSON(); err == nil {
		f.Add(public)
	}
	roles := []trust.Role{rebuilders(1, nil, byKey("a", "", s), trust.Principal{Name: "ci", Identity: alice, Issuer: issuer, Root: "own"})}
	f.Fuzz(func(t *testing.T, b []byte) {
		if _, got, err := attest.VerifyOwn(b, s.pub); code(t, err) == "" && !bytes.Equal(b, own) {
			t.Fatalf("own bundle has a second form, of %s", got)
		}
		if _, got, err := attest.VerifyKey(b, s.pub); code(t, err) == "" && !bytes.Equal(got, payload) {
			t.Fatalf("key: %s was never signed", got)
		}
		if _, got, err := attest.VerifyIdentity(b, identity(alice, issuer, "own"), roots); code(t, err) == "" && !bytes.Equal(got, payload) {
			t.Fatalf("identity: %s was never signed", got)
		}
		set := attest.Set{Bundles: []attest.Named{offer("b", b)}, Subjects: whole("app"), Roles: roles, Roots: roots}
		if r := only(t, set); r.Met == (len(r.Refusals) > 0) {
			t.Fatalf("neither counted nor refused: %+v", r)
		}
	})
}

// FuzzCanonicalise holds that the one form of a bundle is one: written again it
// stays as it is.
func FuzzCanonicalise(f *testing.F) {
	a := newVirtual(f)
	for _, b := range ownKeyless(f, a.Authority) {
		f.Add(b)
	}
	f.Add([]byte(`{"mediaType":"application/vnd.dev.sigstore.bundle.v0.3+json","verificationMaterial":{"certificate":{"rawBytes":"AA=="}},"dsseEnvelope":{"payload":"","payloadType":"","signatures":[{"sig":""}]}}`))
	f.Fuzz(func(t *testing.T, b []byte) {
		one, err := attest.Canonicalise(b)
		if code(t, err) != "" {
			return
		}
		two, err := attest.Canonicalise(one)
		if err != nil || !bytes.Equal(one, two) {
			t.Fatalf("%s has another form %s (%v)", one, two, err)
		}
	})
}
