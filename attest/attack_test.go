package attest_test

import (
	"crypto/sha512"
	"encoding/base64"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"math/rand/v2"
	"reflect"
	"slices"
	"strings"
	"sync"
	"testing"

	"github.com/proffer-audit/proffer/attest"
	"github.com/proffer-audit/proffer/attest/bundle/mint"
	"github.com/proffer-audit/proffer/attest/trust"
)

// attackSeed is what every attack and its twin follow from.
const attackSeed = "attacks 1"

// scene is one attack on a role that two rebuilders must meet, one of whom has
// honestly spoken; or its benign twin, which meets it.
type scene struct {
	family, name string
	set          attest.Set
	benign       bool
	want         attest.Code // of the refusal of the file "zz evil"; "" where the file counts and still does not suffice
}

// world is who there is: a sigstore that the policy trusts, another one, and one
// of the attacker's that looks like the first; and some keys.
type world struct {
	own, other, evil *mint.Authority
	honest           *mint.Key
	second, third    *mint.Key
	stranger         *mint.Key
	r                *rand.Rand
	scenes           []scene
	family           string
}

const ciIssuer = mint.GitHubIssuer

// rebuilderCI is the identity of the second rebuilder, where it is one.
func rebuilderCI() mint.Identity {
	return mint.GitHub("rebuild/farm", "rebuild.yml", "refs/heads/main", strings.Repeat("c", 40))
}

func newWorld() *world {
	o := mint.Options{Seed: attackSeed + " own", Curve: mint.P256}
	foreign, evil := o, o
	foreign.Seed, foreign.Name, evil.Seed = attackSeed+" other", "other.example", attackSeed+" evil"
	key := func(name string) *mint.Key { return mint.NewKey(mint.P256, attackSeed+name) }
	return &world{
		own: mint.New(o), other: mint.New(foreign), evil: mint.New(evil),
		honest: key("honest"), second: key("second"), third: key("third"), stranger: key("stranger"),
		r: rand.New(rand.NewPCG(1, 2)),
	}
}

// rootsOf are the trusted roots of a scene: "other" stands in those alone that
// name it, for the sake of speed.
func (w *world) rootsOf(principals []trust.Principal) map[string][]byte {
	roots := map[string][]byte{"own": w.own.TrustedRoot()}
	if slices.ContainsFunc(principals, func(p trust.Principal) bool { return p.Root == "other" }) {
		roots["other"] = w.other.TrustedRoot()
	}
	return roots
}

// The principals of most scenes.
func (w *world) first() trust.Principal {
	return trust.Principal{Name: "first", Organisation: "o1", Key: w.honest.PEM()}
}

func (w *world) keyed() trust.Principal {
	return trust.Principal{Name: "second", Organisation: "o2", Key: w.second.PEM()}
}

func (w *world) named() trust.Principal {
	return trust.Principal{Name: "second", Organisation: "o2", Identity: rebuilderCI().URI, Issuer: ciIssuer, Root: "own"}
}

// file is what the attacker offers.
func file(b []byte) attest.Named {
	return attest.Named{Name: "zz evil", Role: trust.Rebuilder, Artifact: "app", Bytes: b}
}

// says signs a statement as the first rebuilder, who is honest.
func (w *world) spoken() attest.Named {
	return attest.Named{Name: "honest", Role: trust.Rebuilder, Artifact: "app", Bytes: dsse(built("app 1.0"), w.honest)}
}

// scene adds an attack, or a twin.
func (w *world) scene(name string, want attest.Code, benign bool, distinctBy []string, principals []trust.Principal, files ...attest.Named) {
	w.scenes = append(w.scenes, scene{family: w.family, name: name, want: want, benign: benign, set: attest.Set{
		Artifact: "app", Bundles: files, Roots: w.rootsOf(principals),
		Subjects: []attest.Subject{{Name: "app", Digests: digests("app 1.0"), Whole: true}},
		Roles: []trust.Role{
			{Name: trust.Rebuilder, Threshold: 2, DistinctBy: distinctBy, Principals: principals},
			{Name: trust.Auditor, Principals: []trust.Principal{{Name: "auditor", Key: w.third.PEM()}}},
			{Name: trust.Vendor, Principals: []trust.Principal{{Name: "vendor", Identity: vendorCI().URI, Issuer: ciIssuer, Root: "own"}}},
		},
	}})
}

func vendorCI() mint.Identity {
	return mint.GitHub("acme/agent", "release.yml", "refs/tags/v1.0", strings.Repeat("a", 40))
}

// attack offers one file as the second rebuilder's, beside the honest first.
func (w *world) attack(name string, want attest.Code, second trust.Principal, evil []byte) {
	w.scene(name, want, false, nil, []trust.Principal{w.first(), second}, w.spoken(), file(evil))
}

func (w *world) twin(second trust.Principal, good []byte) {
	w.scene("benign", "", true, nil, []trust.Principal{w.first(), second}, w.spoken(), file(good))
}

// dsse is a raw envelope.
func dsse(payload []byte, keys ...*mint.Key) []byte {
	return mint.Envelope("application/vnd.in-toto+json", payload, keys...)
}

// keyBundle is a bundle that a key signed.
func (w *world) keyBundle(payload []byte, k *mint.Key) []byte {
	return w.own.Bundle(mint.Request{Payload: payload, Key: k})
}

// as signs as the second rebuilder's identity.
func (w *world) as(payload []byte) []byte {
	return w.own.Bundle(mint.Request{Payload: payload, Identity: rebuilderCI()})
}

// stated is a statement with any subject, predicate type and predicate, each as
// JSON.
func stated(subject, predicateType, predicate string) []byte {
	return fmt.Appendf(nil, `{"_type":"https://in-toto.io/Statement/v1","predicate":%s,"predicateType":%q,"subject":%s}`, predicate, predicateType, subject)
}

// subjectJSON is a list of one subject under sha256.
func subjectJSON(contents string) string {
	return fmt.Sprintf(`[{"digest":{"sha256":%q},"name":"app"}]`, hexSum(contents))
}

const (
	slsa1     = "https://slsa.dev/provenance/v1"
	buildJSON = `{"buildDefinition":{"buildType":"https://b.example/t","externalParameters":{}},"runDetails":{"builder":{"id":"https://b.example"}}}`
)

// built is a statement that something was built.
func built(contents string) []byte { return stated(subjectJSON(contents), slsa1, buildJSON) }

func sum512(s string) string {
	sum := sha512.Sum512([]byte(s))
	return hex.EncodeToString(sum[:])
}

// link is a rebuilderd link over one product, signed over its canonical JSON.
func link(step, contents string, k *mint.Key) []byte {
	signed := fmt.Sprintf(`{"_type":"link","byproducts":{},"command":[],"environment":{},"materials":{},"name":%q,"products":{"app":{"sha256":%q}}}`, step, hexSum(contents))
	return fmt.Appendf(nil, `{"signatures":[{"keyid":"x","sig":%q}],"signed":%s}`, hex.EncodeToString(k.Sign([]byte(signed))), signed)
}

// reshape changes a file as JSON.
func reshape(b []byte, change func(m map[string]any)) []byte {
	var m map[string]any
	if err := json.Unmarshal(b, &m); err != nil {
		panic(err)
	}
	change(m)
	out, err := json.Marshal(m)
	if err != nil {
		panic(err)
	}
	return out
}

func b64(b []byte) string { return base64.StdEncoding.EncodeToString(b) }

// everyAttack builds all scenes, once.
var everyAttack = sync.OnceValue(func() *world {
	w := newWorld()
	for _, f := range []struct {
		name string
		make func(*world)
	}{
		{"one key, two entries", (*world).oneKey},
		{"one signature, many times", (*world).repeated},
		{"one party, many formats", (*world).oneParty},
		{"signed again", (*world).signedAgain},
		{"two issuers", (*world).twoIssuers},
		{"dependence", (*world).dependence},
		{"one log", (*world).oneLog},
		{"one organisation", (*world).oneOrganisation},
		{"vendor's own root", (*world).ownRoot},
		{"out of time", (*world).outOfTime},
		{"false confirmation", (*world).falseConfirmation},
		{"subject confusion", (*world).subjectConfusion},
		{"replay", (*world).replay},
		{"wrong role", (*world).wrongRole},
		{"wrong predicate", (*world).wrongPredicate},
		{"another build", (*world).anotherBuild},
		{"patterns", (*world).patterns},
		{"spelling", (*world).spelling},
		{"payload type", (*world).payloadType},
		{"two readings", (*world).twoReadings},
		{"files", (*world).files},
	} {
		w.family = f.name
		f.make(w)
	}
	return w
})

// TestAttacks: no attack is accepted, each is refused under its own code, and the
// benign twin of each family is accepted.
func TestAttacks(t *testing.T) {
	w := everyAttack()
	attacks, twins, families := 0, map[string]int{}, map[string]int{}
	codes := map[attest.Code]int{}
	for _, s := range w.scenes {
		families[s.family]++
		t.Run(s.family+"/"+s.name, func(t *testing.T) {
			v := attest.VerifySet(s.set)
			i := slices.IndexFunc(v.Roles, func(r attest.RoleVerdict) bool { return r.Role == trust.Rebuilder })
			role := v.Roles[i]
			if s.benign {
				twins[s.family]++
				if !role.Met || role.Count < 2 {
					t.Fatalf("the benign twin is refused: %+v, %s", role.Refusals, role.Missing)
				}
				return
			}
			attacks++
			codes[s.want]++
			if role.Met || role.Count > 1 {
				t.Fatalf("ACCEPTED: %+v", role.Counted)
			}
			if got := codesOf(append(role.Refusals, v.Refusals...)); s.want == "" && got != "" || s.want != "" && got != string(s.want) {
				t.Errorf("refused as %q, want %q: %+v", got, s.want, role.Refusals)
			}
		})
	}
	if attacks < 200 {
		t.Errorf("only %d attacks", attacks)
	}
	for f := range families {
		if twins[f] == 0 {
			t.Errorf("family %s has no twin: its test cannot fail", f)
		}
	}
	t.Logf("%d attacks in %d families, under %d codes: %v", attacks, len(families), len(codes), codes)
}

// codesOf lists the codes of the attacker's file, and of the policy.
func codesOf(refusals []attest.Refusal) string {
	var codes []string
	for _, r := range refusals {
		if r.Bundle == "zz evil" || r.Bundle == "" {
			codes = append(codes, string(r.Code))
		}
	}
	slices.Sort(codes)
	return strings.Join(slices.Compact(codes), " ")
}

// Every scene has one verdict, in any order of anything and by any number of
// workers.
func TestAttacksInAnyOrder(t *testing.T) {
	w := everyAttack()
	for i, s := range w.scenes {
		want := attest.VerifySet(s.set)
		set := disordered(rand.New(rand.NewPCG(uint64(i), 3)), s.set)
		if got := attest.VerifySet(set); !reflect.DeepEqual(got, want) {
			t.Errorf("%s/%s: with %d workers %+v, in order %+v", s.family, s.name, set.Workers, got, want)
		}
	}
}

// disordered shuffles every list of a set, and takes any number of workers.
func disordered(r *rand.Rand, s attest.Set) attest.Set {
	s.Bundles, s.Subjects, s.Roles = shuffled(r, s.Bundles), shuffled(r, s.Subjects), shuffled(r, s.Roles)
	for i := range s.Roles {
		s.Roles[i].Principals = shuffled(r, s.Roles[i].Principals)
		s.Roles[i].DistinctBy = shuffled(r, s.Roles[i].DistinctBy)
	}
	s.Workers = 1 + r.IntN(attest.MaxWorkers)
	return s
}

// A set of many files, of every format and outcome, has one verdict over a
// thousand shuffles and every number of workers.
func TestThousandShuffles(t *testing.T) {
	w := everyAttack()
	ci := w.named()
	set := attest.Set{
		Artifact: "app", Roots: w.rootsOf(nil),
		Subjects: []attest.Subject{{Name: "app", Digests: digests("app 1.0"), Whole: true}, {Name: "bin/a", Digests: digests("a")}, {Name: "bin/b", Digests: digests("b")}},
		Roles: []trust.Role{
			{Name: trust.Rebuilder, Threshold: 3, DistinctBy: trust.Independences(), Principals: []trust.Principal{
				w.first(), ci, {Name: "third", Organisation: "o3", Key: w.third.PEM()}, {Name: "fourth", Organisation: "o1", Key: w.second.PEM()},
			}},
			{Name: trust.Vendor, Threshold: 1, Principals: []trust.Principal{{Name: "vendor", Match: `https://github\.com/acme/.+`, Issuer: ciIssuer, Root: "own"}}},
		},
	}
	lines := slices.Concat(dsse(built("a"), w.third, w.second), []byte("\n"), dsse(built("b"), w.third), []byte("\n"), dsse(built("other"), w.third), []byte("\n"))
	for name, b := range map[string][]byte{
		"one": w.spoken().Bytes, "lines": lines, "link": link("rebuild app", "a", w.second), "ci": w.as(built("app 1.0")),
		"stranger": dsse(built("a"), w.stranger), "broken": []byte("{"), "failed": dsse(stated(subjectJSON("a"), "https://slsa.dev/verification_summary/v1", `{"verificationResult":"FAILED"}`), w.honest),
		"again": w.keyBundle(built("a"), w.honest),
	} {
		set.Bundles = append(set.Bundles, attest.Named{Name: name, Role: trust.Rebuilder, Artifact: "app", Bytes: b})
	}
	set.Bundles = append(set.Bundles, attest.Named{Name: "vendor", Role: trust.Vendor, Artifact: "app", Bytes: w.own.Bundle(mint.Request{Payload: built("app 1.0"), Identity: vendorCI()})})
	want := attest.VerifySet(set)
	if !want.Roles[0].Met || want.Roles[0].Count != 3 || !want.Roles[1].Met || len(want.Roles[0].Refusals) < 5 {
		t.Fatalf("the set is not as meant: %+v", want)
	}
	workers := map[int]bool{}
	for seed := range uint64(1000) {
		s := disordered(rand.New(rand.NewPCG(seed, 5)), set)
		workers[s.Workers] = true
		if got := attest.VerifySet(s); !reflect.DeepEqual(got, want) {
			t.Fatalf("seed %d, %d workers: %+v, want %+v", seed, s.Workers, got, want)
		}
	}
	if len(workers) != attest.MaxWorkers {
		t.Errorf("only %d numbers of workers", len(workers))
	}
}
