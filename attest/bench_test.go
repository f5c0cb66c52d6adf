package attest_test

import (
	"fmt"
	"testing"

	"github.com/proffer-audit/proffer/attest"
	"github.com/proffer-audit/proffer/attest/bundle/mint"
	"github.com/proffer-audit/proffer/attest/trust"
)

// manyBundles are a set of so many bundles, each under a certificate of its own.
func manyBundles(n int) (attest.Set, *mint.Authority) {
	a := mint.New(mint.Options{Seed: "bench", Before: 1 << 29})
	set := attest.Set{
		Subjects: whole("app 1.0"), Roots: map[string][]byte{"own": a.TrustedRoot()},
		Roles: []trust.Role{rebuilders(1, nil, trust.Principal{Name: "ci", Identity: rebuilderCI().URI, Issuer: ciIssuer, Root: "own"})},
	}
	for i := range n {
		set.Bundles = append(set.Bundles, offer(fmt.Sprint(i), a.Bundle(mint.Request{Payload: built("app 1.0"), Identity: rebuilderCI(), Stamps: []*mint.TSA{}})))
	}
	return set, a
}

// BenchmarkVerifySet verifies 64 bundles as one set; BenchmarkStock does so with
// sigstore-go, its root read once.
func BenchmarkVerifySet(b *testing.B) {
	set, _ := manyBundles(64)
	for _, workers := range []int{1, 2} {
		b.Run(fmt.Sprint(workers), func(b *testing.B) {
			set.Workers = workers
			for b.Loop() {
				if v := attest.VerifySet(set); !v.Roles[0].Met {
					b.Fatal(v)
				}
			}
		})
	}
}

func BenchmarkStock(b *testing.B) {
	set, _ := manyBundles(64)
	verify := stockVerifier(b, set.Roots["own"], set.Roles[0].Principals[0])
	for b.Loop() {
		for _, n := range set.Bundles {
			check(b, verify(n.Bytes))
		}
	}
}
