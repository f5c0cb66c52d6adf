package attest_test

import (
	"bytes"
	"fmt"
	"math/rand/v2"
	"reflect"
	"slices"
	"strings"
	"sync"
	"testing"

	"github.com/proffer-audit/proffer/attest"
	"github.com/proffer-audit/proffer/attest/claim"
	"github.com/proffer-audit/proffer/attest/statement"
	"github.com/proffer-audit/proffer/attest/trust"
)

func TestVerifySetBadPolicy(t *testing.T) {
	s := newSigner(t)
	good := attest.Set{
		Bundles: []attest.Named{offer("b", s.attest(t, provenance(t, "app")))}, Subjects: whole("app"),
		Roles: []trust.Role{rebuilders(1, nil, byKey("a", "", s))},
	}
	for name, change := range map[string]func(*attest.Set){
		"no subjects": func(set *attest.Set) { set.Subjects = nil },
		"subject misspelt": func(set *attest.Set) {
			set.Subjects[0].Digests = map[string]string{"sha256": strings.ToUpper(hexSum("app"))}
		},
		"weak subject":         func(set *attest.Set) { set.Subjects[0].Digests = map[string]string{"sha1": hexSum("app")[:40]} },
		"two subjects, a name": func(set *attest.Set) { set.Subjects = append(set.Subjects, set.Subjects[0]) },
		"role twice":           func(set *attest.Set) { set.Roles = append(set.Roles, set.Roles[0]) },
		"unknown role":         func(set *attest.Set) { set.Roles[0].Name = "friend" },
		"root not given": func(set *attest.Set) {
			set.Roles[0].Principals = append(set.Roles[0].Principals, trust.Principal{Name: "x", Identity: alice, Issuer: issuer, Root: "r"})
		},
		"root unreadable": func(set *attest.Set) {
			set.Roles[0].Principals = append(set.Roles[0].Principals, trust.Principal{Name: "x", Identity: alice, Issuer: issuer, Root: "r"})
			set.Roots = map[string][]byte{"r": []byte("{}")}
		},
		"weak principal": func(set *attest.Set) { set.Roles[0].Principals[0].Key = []byte("x") },
	} {
		t.Run(name, func(t *testing.T) {
			set := good
			set.Subjects, set.Roles = slices.Clone(good.Subjects), slices.Clone(good.Roles)
			set.Roles[0].Principals = slices.Clone(set.Roles[0].Principals)
			change(&set)
			for _, r := range attest.VerifySet(set).Roles {
				if r.Met || len(r.Refusals) != 1 || r.Refusals[0].Code != attest.BadPolicy || r.Refusals[0].Bundle != "" || r.Missing.IsZero() {
					t.Errorf("got %+v", r)
				}
			}
		})
	}
	if !only(t, good).Met {
		t.Error("the policy under change is not good itself")
	}
}

func TestVerifySetOtherRolesAndArtifacts(t *testing.T) {
	s := newSigner(t)
	b := s.attest(t, provenance(t, "app"))
	v := attest.VerifySet(attest.Set{
		Artifact: "x", Subjects: whole("app"), Roles: []trust.Role{rebuilders(1, nil, byKey("a", "", s))},
		Bundles: []attest.Named{
			{Name: "friend", Role: "friend", Artifact: "x", Bytes: b},
			{Name: "vendor", Role: trust.Vendor, Artifact: "x", Bytes: b},
			{Name: "elsewhere", Role: trust.Rebuilder, Artifact: "y", Bytes: b},
		},
	})
	if v.Roles[0].Met || refusals(v.Roles[0]) != "elsewhere subject-mismatch" {
		t.Errorf("got %+v", v.Roles[0])
	}
	if refusals(attest.RoleVerdict{Refusals: v.Refusals}) != "friend role-not-trusted, vendor role-not-trusted" {
		t.Errorf("got %+v", v.Refusals)
	}
}

// One verdict for any order of anything, and from any number of goroutines.
func TestVerifySetOrder(t *testing.T) {
	v := newVirtual(t)
	keys := []signer{newSigner(t), newSigner(t), newSigner(t)}
	var principals []trust.Principal
	var bundles []attest.Named
	for i, k := range keys {
		principals = append(principals, byKey(fmt.Sprint("k", i), fmt.Sprint("o", i/2), k))
		for j, file := range []string{"pkg", "f", "g"} {
			bundles = append(bundles, offer(fmt.Sprintf("k%d-%d", i, j), k.attest(t, provenance(t, file))))
		}
	}
	principals = append(principals,
		trust.Principal{Name: "m1", Organisation: "o3", Match: `[a-z]+@acme\.example`, Issuer: issuer, Root: "own"},
		trust.Principal{Name: "m2", Organisation: "o4", Match: `(alice|erin)@acme\.example`, Issuer: issuer, Root: "own"})
	for _, who := range []string{"alice", "dave"} {
		bundles = append(bundles, offer(who, v.attestAs(t, who+"@acme.example", issuer, provenance(t, "pkg", "f"), signOptions{})))
	}
	bundles = append(bundles, offer("broken", []byte("{")), offer("stranger", newSigner(t).attest(t, provenance(t, "f"))))
	set := attest.Set{
		Artifact: "x", Bundles: bundles, Subjects: withFiles("pkg", "f", "g"), Roots: map[string][]byte{"own": v.trustedRoot(t)},
		Roles: []trust.Role{rebuilders(3, []string{"organisation"}, principals...), {Name: trust.Vendor, Principals: principals[:1]}},
	}
	want := attest.VerifySet(set)
	if !want.Roles[0].Met || want.Roles[0].Count != 4 {
		t.Fatalf("the set under shuffle is not as meant: %+v", want.Roles[0])
	}
	var wg sync.WaitGroup
	for seed := range uint64(40) {
		r := rand.New(rand.NewPCG(seed, 1))
		s := set
		s.Bundles, s.Subjects, s.Roles = shuffled(r, set.Bundles), shuffled(r, set.Subjects), shuffled(r, set.Roles)
		for i := range s.Roles {
			s.Roles[i].Principals = shuffled(r, s.Roles[i].Principals)
		}
		wg.Go(func() {
			if got := attest.VerifySet(s); !reflect.DeepEqual(got, want) {
				t.Errorf("seed %d: got %+v, want %+v", seed, got, want)
			}
		})
	}
	wg.Wait()
}

func shuffled[T any](r *rand.Rand, in []T) []T {
	out := slices.Clone(in)
	r.Shuffle(len(out), func(i, j int) { out[i], out[j] = out[j], out[i] })
	return out
}

func TestReasonsAreSafe(t *testing.T) {
	s := newSigner(t)
	payload := says(t, "https://example.org/x", map[string]string{}, "app")
	payload = bytes.Replace(payload, []byte("example.org/x"), []byte("example.org/<b>"), 1)
	v := only(t, attest.Set{
		Bundles:  []attest.Named{offer("b\x1b", s.attest(t, payload)), offer("c", []byte("{\"\u202e\":1}"))},
		Subjects: whole("app"), Roles: []trust.Role{rebuilders(1, nil, byKey("a\u00e9", "", s))},
	})
	for _, r := range v.Refusals {
		if strings.ContainsAny(r.Reason.String(), "\x1b\u202e\n") || r.Reason.IsZero() {
			t.Errorf("reason %q", r.Reason)
		}
	}
	if len(v.Refusals) != 2 {
		t.Errorf("refusals %+v", v.Refusals)
	}
}

// What a statement says about its subjects is matched by digest; the name in a
// verdict is the submission's.
func TestVerifySetNamesOurSubject(t *testing.T) {
	s := newSigner(t)
	payload, err := statement.New(claim.ProvenanceType, []statement.Subject{{Name: "something else", Digest: map[string]string{"sha256": hexSum("app")}}},
		map[string]any{"buildDefinition": map[string]string{"buildType": "x"}, "runDetails": map[string]any{"builder": map[string]string{"id": "y"}}})
	check(t, err)
	v := only(t, attest.Set{Bundles: []attest.Named{offer("b", s.attest(t, payload))}, Subjects: whole("app"), Roles: []trust.Role{rebuilders(1, nil, byKey("a", "", s))}})
	if counted(v) != "a on app" {
		t.Errorf("counted %s", counted(v))
	}
}
