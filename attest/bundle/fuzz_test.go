package bundle_test

import (
	"math/rand/v2"
	"testing"

	"github.com/proffer-audit/proffer/attest/bundle"
	"github.com/proffer-audit/proffer/attest/bundle/mint"
)

// seeds adds one honest bundle of every form.
func seeds(f *testing.F, a *mint.Authority) {
	for i := range forms() {
		f.Add(a.Bundle(request(a, i, "x")))
	}
	f.Add(a.Bundle(mint.Request{Payload: says("x"), Identity: release(), Version: "0.1"}))
	f.Add(a.Bundle(mint.Request{Payload: says("x"), Identity: release(), Version: "0.2", Entry: mint.Intoto2}))
	f.Add(a.Bundle(mint.Request{Payload: says("x"), Key: mint.NewKey(mint.P256, "k"), Via: []*mint.Log{a.Rekor1}}))
}

// FuzzRead holds that no bytes make Read panic, and that what it reads has a
// content and a signer.
func FuzzRead(f *testing.F) {
	seeds(f, mint.New(mint.Options{Seed: "fuzz", Curve: mint.P256}))
	f.Fuzz(func(t *testing.T, data []byte) {
		b, err := bundle.Read(data, 1<<20)
		if code(t, err) != "" {
			return
		}
		if _, payload, ok := b.Envelope(); ok && len(payload) == 0 {
			t.Fatal("an envelope without a payload")
		}
		if who, ok := b.Claim(); ok != (b.Certificate() != nil) || ok && who.SAN == "" {
			t.Fatalf("signer %+v", who)
		}
	})
}

// FuzzVerify holds that what is accepted here is accepted by sigstore-go, and
// that both believe in what was signed and in nothing else.
func FuzzVerify(f *testing.F) {
	a := mint.New(mint.Options{Seed: "fuzz", Curve: mint.P256, Before: 1000})
	seeds(f, a)
	root, err := bundle.NewRoot(a.TrustedRoot())
	check(f, err)
	s := newStock(f, a.TrustedRoot())
	f.Fuzz(func(t *testing.T, data []byte) {
		for _, candidate := range [][]byte{data, mutate(rand.New(rand.NewPCG(uint64(len(data)), 3)), append(data, ' '))} {
			if code(t, ours(root, candidate, asked("y"), bundle.Strict())) == "" {
				t.Fatalf("believed about something that was never signed: %s", candidate)
			}
			if code(t, ours(root, candidate, asked("x"), bundle.Strict())) != "" {
				continue
			}
			if err := s.verify(candidate, asked("x")); err != nil {
				t.Fatalf("accepted, and refused by sigstore-go (%v): %s", err, candidate)
			}
		}
	})
}

// FuzzTimestamp holds that what is taken for a timestamp here, by DER alone, is one
// for what sigstore-go reads timestamps with.
func FuzzTimestamp(f *testing.F) {
	a := mint.New(mint.Options{Seed: "fuzz", Curve: mint.P256})
	honest := a.Bundle(mint.Request{Payload: says("x"), Identity: release(), Via: []*mint.Log{a.Rekor2}})
	root, err := bundle.NewRoot(a.TrustedRoot())
	check(f, err)
	s := newStock(f, a.TrustedRoot())
	edit(f, honest, func(m object) {
		f.Add(unb64(f, m.at("verificationMaterial", "timestampVerificationData", "rfc3161Timestamps", 0)["signedTimestamp"].(string)))
	})
	f.Fuzz(func(t *testing.T, stamp []byte) {
		changed := edit(t, honest, func(m object) {
			m.at("verificationMaterial", "timestampVerificationData", "rfc3161Timestamps", 0)["signedTimestamp"] = b64(stamp)
		})
		if code(t, ours(root, changed, asked("x"), bundle.Strict())) != "" {
			return
		}
		if err := s.verify(changed, asked("x")); err != nil {
			t.Fatalf("timestamp accepted, and refused by sigstore-go (%v): %x", err, stamp)
		}
	})
}
