package attest

import (
	"fmt"
	"math/bits"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/proffer-audit/proffer/attest/trust"
)

// invent makes a role with up to seven parties of few organisations and issuers,
// some of which have spoken, some through several signers.
func invent(r *rand.Rand) (*role, []*party, []candidate) {
	known := &role{Role: trust.Role{Name: trust.Rebuilder, Threshold: 1 + r.IntN(4)}}
	for _, by := range []string{trust.ByOrganisation, trust.ByIssuer} {
		if r.IntN(2) == 0 {
			known.DistinctBy = append(known.DistinctBy, by)
		}
	}
	var parties []*party
	var spoken []candidate
	for i := range 1 + r.IntN(7) {
		p := &party{id: fmt.Sprint("id", i), name: fmt.Sprint("p", i), issuer: fmt.Sprint("i", r.IntN(4))}
		for range 1 + r.IntN(2) {
			if o := fmt.Sprint("o", r.IntN(5)); !slices.Contains(p.organisations, o) {
				p.organisations = append(p.organisations, o)
			}
		}
		slices.Sort(p.organisations)
		parties = append(parties, p)
		if r.IntN(2) == 0 {
			continue
		}
		for s := range 1 + r.IntN(2) {
			spoken = append(spoken, candidate{party: p, signer: fmt.Sprint("s", (r.IntN(3)+s)%4)})
		}
	}
	return known, parties, spoken
}

// brute tries every subset and gives the largest independent one, and the
// cheapest cost of one of the wanted size (-1 if none).
func brute(r *role, all []candidate, want int, must *party) (most, cheapest int) {
	cheapest = -1
	for set := range 1 << len(all) {
		cost, has, ok := 0, must == nil, true
		for i := 0; i < len(all) && ok; i++ {
			if set>>i&1 == 0 {
				continue
			}
			cost += all[i].cost
			has = has || all[i].party == must && all[i].cost > 0
			for k := range i {
				ok = ok && (set>>k&1 == 0 || !r.conflict(all[i], all[k]))
			}
		}
		if !ok {
			continue
		}
		n := bits.OnesCount(uint(set))
		most = max(most, n)
		if n == want && has && (cheapest < 0 || cost < cheapest) {
			cheapest = cost
		}
	}
	return most, cheapest
}

func TestIndependentEqualsBruteForce(t *testing.T) {
	for seed := range uint64(3000) {
		r, parties, spoken := invent(rand.New(rand.NewPCG(seed, 7)))
		most, _ := brute(r, spoken, 0, nil)
		if got := r.independent(spoken, 0); len(got) != most {
			t.Fatalf("seed %d: %d independent, brute force finds %d", seed, len(got), most)
		}
		if most >= r.Threshold {
			continue
		}
		all := slices.Clone(spoken)
		for _, p := range parties {
			if !slices.ContainsFunc(spoken, func(c candidate) bool { return c.party == p }) {
				all = append(all, candidate{party: p, signer: p.id, cost: 1})
			}
		}
		want := ""
		if could, cheapest := brute(r, all, r.Threshold, nil); cheapest < 0 {
			want = fmt.Sprintf("the policy lists too few independent principals: %d of rebuilder demanded, %d could count", r.Threshold, could)
		} else {
			var names []string
			for _, p := range parties {
				if _, with := brute(r, all, r.Threshold, p); with == cheapest {
					names = append(names, p.shown())
				}
			}
			want = fmt.Sprintf("%d more rebuilder of: %s", cheapest, strings.Join(names, ", "))
		}
		if got := r.missing(parties, spoken); got != want {
			t.Fatalf("seed %d: missing %q, brute force says %q", seed, got, want)
		}
	}
}

// A large policy of nothing but conflicts ends soon, and never overcounts.
func TestSearchIsBounded(t *testing.T) {
	r := &role{Role: trust.Role{Name: trust.Rebuilder, Threshold: 40, DistinctBy: []string{trust.ByOrganisation}}}
	var all []candidate
	for i := range 60 {
		p := &party{id: fmt.Sprint(i), name: fmt.Sprint(i), organisations: []string{fmt.Sprint("a", i%30), fmt.Sprint("b", (i*7)%31)}}
		all = append(all, candidate{party: p, signer: p.id})
	}
	start := time.Now()
	got := r.independent(all, 0)
	if took := time.Since(start); took > 20*time.Second {
		t.Errorf("took %v", took)
	}
	for i, a := range got {
		for _, b := range got[:i] {
			if r.conflict(a, b) {
				t.Errorf("%s and %s are not independent", a.party.name, b.party.name)
			}
		}
	}
	if len(got) == 0 {
		t.Error("nobody counted")
	}
}
