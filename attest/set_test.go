package attest_test

import (
	"bytes"
	"crypto/sha512"
	"encoding/hex"
	"fmt"
	"reflect"
	"strings"
	"testing"

	"github.com/proffer-audit/proffer/attest"
	"github.com/proffer-audit/proffer/attest/claim"
	"github.com/proffer-audit/proffer/attest/trust"
)

// whole is an artifact that is one subject: itself.
func whole(contents string) []attest.Subject {
	return []attest.Subject{{Name: contents, Digests: digests(contents), Whole: true}}
}

func digests(contents string) map[string]string {
	sum := sha512.Sum512([]byte(contents))
	return map[string]string{"sha256": hexSum(contents), "sha512": hex.EncodeToString(sum[:])}
}

// withFiles is an artifact and what is listed inside.
func withFiles(contents string, files ...string) []attest.Subject {
	all := whole(contents)
	for _, f := range files {
		all = append(all, attest.Subject{Name: f, Digests: digests(f)})
	}
	return all
}

func rebuilders(threshold int, distinctBy []string, principals ...trust.Principal) trust.Role {
	return trust.Role{Name: trust.Rebuilder, Threshold: threshold, DistinctBy: distinctBy, Principals: principals}
}

func byKey(name, organisation string, s signer) trust.Principal {
	return trust.Principal{Name: name, Organisation: organisation, Key: s.pub}
}

func offer(name string, b []byte) attest.Named {
	return attest.Named{Name: name, Role: trust.Rebuilder, Artifact: "x", Bytes: b}
}

// only gives the verdict of the set's one role.
func only(t testing.TB, set attest.Set) attest.RoleVerdict {
	t.Helper()
	v := attest.VerifySet(set)
	if len(v.Roles) != 1 {
		t.Fatalf("%d roles", len(v.Roles))
	}
	return v.Roles[0]
}

// refusals writes "bundle code" for each.
func refusals(v attest.RoleVerdict) string {
	var all []string
	for _, r := range v.Refusals {
		all = append(all, r.Bundle+" "+string(r.Code))
	}
	return strings.Join(all, ", ")
}

func counted(v attest.RoleVerdict) string {
	var all []string
	for _, a := range v.Counted {
		all = append(all, a.Principal+" on "+a.Subject)
	}
	return strings.Join(all, ", ")
}

func TestVerifySetCounts(t *testing.T) {
	a, b, c := newSigner(t), newSigner(t), newSigner(t)
	pa := provenance(t, "app")
	both := rebuilders(2, []string{"principal", "organisation", "issuer"}, byKey("a", "o1", a), byKey("b", "o2", b))
	three := rebuilders(2, []string{"organisation"}, byKey("a", "o1", a), byKey("b", "o1", b), byKey("c", "o2", c))
	for _, tt := range []struct {
		name     string
		role     trust.Role
		subjects []attest.Subject
		bundles  []attest.Named
		met      bool
		counted  string
		refusals string
		missing  string
	}{
		{
			"two of two", both, whole("app"),
			[]attest.Named{offer("1", a.attest(t, pa)), offer("2", b.attest(t, pa))},
			true, "a on app, b on app", "", "",
		},
		{
			"one of two", both, whole("app"),
			[]attest.Named{offer("1", a.attest(t, pa))},
			false, "a on app", "", "1 more rebuilder of: b (organisation o2)",
		},
		{
			"none", both, whole("app"), nil,
			false, "", "", "2 more rebuilder of: a (organisation o1), b (organisation o2)",
		},
		{
			"one party twice", both, whole("app"),
			[]attest.Named{offer("1", a.attest(t, pa)), offer("2", a.attest(t, pa))},
			false, "a on app", "2 duplicate-principal", "1 more rebuilder of: b (organisation o2)",
		},
		{
			"one bundle twice", both, whole("app"),
			[]attest.Named{offer("2", a.attest(t, pa)), offer("1", a.attest(t, pa))},
			false, "a on app", "2 duplicate-principal", "1 more rebuilder of: b (organisation o2)",
		},
		{
			"one key under two names", rebuilders(2, []string{"organisation"}, byKey("a", "o1", a), byKey("z", "o2", signer{a.key, bytes.ReplaceAll(a.pub, []byte("\n"), []byte("\r\n"))})), whole("app"),
			[]attest.Named{offer("1", a.attest(t, pa)), offer("2", a.attest(t, pa))},
			false, "a on app", "2 duplicate-principal", "the policy lists too few independent principals: 2 of rebuilder demanded, 1 could count",
		},
		{
			"one organisation", three, whole("app"),
			[]attest.Named{offer("1", a.attest(t, pa)), offer("2", b.attest(t, pa))},
			false, "a on app", "2 not-independent", "1 more rebuilder of: c (organisation o2)",
		},
		{
			"one organisation, and another", three, whole("app"),
			[]attest.Named{offer("1", a.attest(t, pa)), offer("2", b.attest(t, pa)), offer("3", c.attest(t, pa))},
			true, "a on app, c on app", "2 not-independent", "",
		},
		{
			"either of two would do", three, whole("app"),
			[]attest.Named{offer("3", c.attest(t, pa))},
			false, "c on app", "", "1 more rebuilder of: a (organisation o1), b (organisation o1)",
		},
		{
			"one key shared by two organisations joins them",
			rebuilders(2, []string{"organisation"}, byKey("a", "o1", a), byKey("a2", "o2", a), byKey("b", "o2", b), byKey("c", "o3", c)), whole("app"),
			[]attest.Named{offer("1", a.attest(t, pa)), offer("2", b.attest(t, pa))},
			false, "a on app", "2 not-independent", "1 more rebuilder of: c (organisation o3)",
		},
		{
			"files: each needs its own two", both, withFiles("pkg", "f", "g"),
			[]attest.Named{offer("1", a.attest(t, provenance(t, "f", "g"))), offer("2", b.attest(t, provenance(t, "f")))},
			false, "a on f, a on g, b on f", "", "1 more rebuilder of: b (organisation o2), for g",
		},
		{
			"files: two of two different files are no two", both, withFiles("pkg", "f", "g"),
			[]attest.Named{offer("1", a.attest(t, provenance(t, "f"))), offer("2", b.attest(t, provenance(t, "g")))},
			false, "a on f, b on g", "", "1 more rebuilder of: b (organisation o2), for f; 1 more rebuilder of: a (organisation o1), for g",
		},
		{
			"files: the whole vouches for each", both, withFiles("pkg", "f", "g"),
			[]attest.Named{offer("1", a.attest(t, provenance(t, "pkg"))), offer("2", b.attest(t, provenance(t, "f", "g")))},
			true, "a on pkg, b on f, b on g", "", "",
		},
		{
			"files: two statements of one party cover two files", both, withFiles("pkg", "f", "g"),
			[]attest.Named{offer("1", a.attest(t, provenance(t, "f"))), offer("2", a.attest(t, provenance(t, "g"))), offer("3", b.attest(t, provenance(t, "pkg")))},
			true, "a on f, a on g, b on pkg", "", "",
		},
		{
			"not demanded", rebuilders(0, nil, byKey("a", "", a)), whole("app"),
			[]attest.Named{offer("1", a.attest(t, pa))},
			false, "a on app", "", "",
		},
		{
			"nobody listed", rebuilders(1, nil), whole("app"),
			[]attest.Named{offer("1", a.attest(t, pa))},
			false, "", "1 untrusted-signer", "the policy lists too few independent principals: 1 of rebuilder demanded, 0 could count",
		},
	} {
		t.Run(tt.name, func(t *testing.T) {
			v := only(t, attest.Set{Artifact: "x", Bundles: tt.bundles, Subjects: tt.subjects, Roles: []trust.Role{tt.role}})
			if v.Met != tt.met || counted(v) != tt.counted || refusals(v) != tt.refusals || v.Missing.String() != tt.missing {
				t.Errorf("met %v, counted %q, refused %q, missing %q", v.Met, counted(v), refusals(v), v.Missing)
			}
			if v.Demanded != (tt.role.Threshold > 0) || v.Threshold != tt.role.Threshold {
				t.Errorf("demanded %v, threshold %d", v.Demanded, v.Threshold)
			}
		})
	}
}

func TestVerifySetRefuses(t *testing.T) {
	a, stranger, auditor := newSigner(t), newSigner(t), newSigner(t)
	v, foreign := newVirtual(t), newVirtual(t)
	roots := map[string][]byte{"own": v.trustedRoot(t)}
	pa := provenance(t, "app")
	roles := []trust.Role{
		rebuilders(1, nil, byKey("a", "", a), trust.Principal{Name: "ci", Identity: alice, Issuer: issuer, Root: "own"}),
		{Name: trust.Auditor, Principals: []trust.Principal{byKey("auditor", "", auditor)}},
	}
	sum := hexSum("app")
	wrong512 := fmt.Appendf(nil, `{"_type":"https://in-toto.io/Statement/v1","subject":[{"name":"n","digest":{"sha256":%q,"sha512":%q}}],"predicateType":%q,"predicate":{}}`, sum, sum+sum, claim.ProvenanceType)
	twoReadings := bytes.Replace(pa, []byte(`"predicateType"`), []byte(`"Subject":[],"predicateType"`), 1)
	slsa := func(predicate any) []byte { return a.attest(t, says(t, claim.ProvenanceType, predicate, "app")) }
	m := func(kv ...any) map[string]any {
		out := map[string]any{}
		for i := 0; i < len(kv); i += 2 {
			out[kv[i].(string)] = kv[i+1]
		}
		return out
	}
	for _, tt := range []struct {
		name   string
		bundle []byte
		want   attest.Code
	}{
		{"key", a.attest(t, pa), ""},
		{"identity", v.attestAs(t, alice, issuer, pa, signOptions{}), ""},
		{"older provenance", a.attest(t, says(t, claim.ProvenanceV02Type, m("buildType", "x", "builder", m("id", "y")), "app")), ""},
		{"extended provenance", slsa(m("buildDefinition", m("buildType", "x", "extra", 1), "runDetails", m("builder", m("id", "y", "version", m())), "more", m())), ""},

		{"not a bundle", []byte("{}"), "unknown-format"},
		{"empty", nil, "bad-json"},
		{"huge", bytes.Repeat([]byte(" "), attest.MaxFile+1), attest.TooLarge},
		{"one attestation too large", fmt.Appendf(nil, `{"payloadType":"x","payload":%q,"signatures":[{"sig":"AAAA"}]}`, strings.Repeat("A", attest.MaxBundle)), attest.TooLarge},
		{"stranger's key", stranger.attest(t, pa), attest.UntrustedSigner},
		{"our hint on a stranger's signature", edit(t, stranger.attest(t, pa), func(b map[string]any) {
			in(b, "verificationMaterial")["publicKey"] = map[string]any{"hint": hintOf(t, a.attest(t, pa))}
		}), attest.BadSignature},
		{"payload changed", flip(t, a.attest(t, pa), "dsseEnvelope", "payload"), attest.BadSignature},
		{"identity, payload changed", flip(t, v.attestAs(t, alice, issuer, pa, signOptions{}), "dsseEnvelope", "payload"), attest.BadSignature},
		{"vendor's own root", foreign.attestAs(t, alice, issuer, pa, signOptions{}), attest.UntrustedRoot},
		{"another identity", v.attestAs(t, bob, issuer, pa, signOptions{}), attest.WrongIdentity},
		{"identity of another issuer", v.attestAs(t, alice, issuer+"/", pa, signOptions{}), attest.WrongIdentity},
		{"not logged", v.attestAs(t, alice, issuer, pa, signOptions{noLog: true}), "log-entry-missing"},
		{"timestamp on a key without a root", edit(t, a.attest(t, pa), func(b map[string]any) {
			in(b, "verificationMaterial")["timestampVerificationData"] = map[string]any{"rfc3161Timestamps": []any{map[string]any{"signedTimestamp": "AAAA"}}}
		}), attest.UnexpectedMaterial},
		{"the auditor as a rebuilder", auditor.attest(t, pa), attest.RoleNotClaimed},

		{"not a statement", a.sign(t, "text/plain", []byte("x")), attest.BadStatement},
		{"two readings", v.attestAs(t, alice, issuer, twoReadings, signOptions{}), attest.BadStatement},
		{"about something else", a.attest(t, provenance(t, "other")), attest.SubjectMismatch},
		{"wrong sha512 beside the right sha256", v.attestAs(t, alice, issuer, wrong512, signOptions{}), attest.SubjectMismatch},
		{"provenance without a builder", slsa(m("buildDefinition", m("buildType", "x"), "runDetails", m())), attest.BadStatement},
		{"provenance without a build type", slsa(m("buildDefinition", m(), "runDetails", m("builder", m("id", "y")))), attest.BadStatement},
		{"provenance with a field in another case", slsa(m("BuildDefinition", m("buildType", "x"), "runDetails", m("builder", m("id", "y")))), attest.BadStatement},
		{"not provenance", a.attest(t, says(t, "https://example.org/x", m(), "app")), attest.PredicateRefused},
		{"older provenance without a builder", a.attest(t, says(t, "https://slsa.dev/provenance/v0.2", m(), "app")), attest.BadStatement},
		{"comparison, good", a.attest(t, says(t, claim.ComparisonType, m("level", "bit-identical"), "app")), attest.PredicateRefused},
		{"comparison, bad", a.attest(t, says(t, claim.ComparisonType, m("level", "unexplained"), "app")), attest.PredicateFailed},
		{"summary that says no", a.attest(t, says(t, claim.SummaryType, m("verificationResult", "FAILED"), "app")), attest.PredicateFailed},
	} {
		t.Run(tt.name, func(t *testing.T) {
			got := attest.VerifySet(attest.Set{
				Artifact: "x", Bundles: []attest.Named{offer("b", tt.bundle)}, Subjects: withFiles("pkg", "app"), Roles: roles, Roots: roots,
			})
			role := got.Roles[1]
			if role.Role != trust.Rebuilder {
				t.Fatalf("roles are not in order: %s", role.Role)
			}
			if tt.want == "" {
				if !role.Met || len(role.Refusals) > 0 || len(role.Counted) != 1 {
					t.Fatalf("not counted: %+v", role)
				}
				return
			}
			if role.Met || role.Count != 0 || len(role.Counted) != 0 || refusals(role) != "b "+string(tt.want) {
				t.Fatalf("met %v, refused %+v, want %s", role.Met, role.Refusals, tt.want)
			}
		})
	}
}

func TestVerifySetModel(t *testing.T) {
	v := newVirtual(t)
	b := v.attestAs(t, alice, issuer, provenance(t, "app", "unrelated"), signOptions{})
	got := only(t, attest.Set{
		Bundles: []attest.Named{offer("b", b)}, Subjects: whole("app"), Roots: map[string][]byte{"own": v.trustedRoot(t)},
		Roles: []trust.Role{rebuilders(1, nil, trust.Principal{Name: "ci", Organisation: "o", Identity: alice, Issuer: issuer, Root: "own"})},
	})
	want := []attest.Attested{{
		Bundle: "b", BundleDigest: "sha256:" + hexSum(string(b)), Role: trust.Rebuilder, Principal: "ci", Organisation: "o", Issuer: issuer,
		PredicateType: claim.ProvenanceType, Kind: claim.Provenance, Builder: "https://builder.example", BuildType: "https://builder.example/type",
		Root: "sha256:" + hexSum(string(v.CA.Root.Raw)), Logs: []string{"sha256:" + hexSum(string(v.Rekor1.Key.SPKI()))}, Subject: "app",
	}}
	if !reflect.DeepEqual(got.Counted, want) {
		t.Errorf("got %+v", got.Counted)
	}
}

func TestVerifySetKeyWithRoot(t *testing.T) {
	v, s := newVirtual(t), newSigner(t)
	roots := map[string][]byte{"own": v.trustedRoot(t)}
	role := rebuilders(1, nil, trust.Principal{Name: "a", Key: s.pub, Root: "own"})
	stamped := v.keyBundle(t, s, provenance(t, "app"), signOptions{})
	for name, tt := range map[string]struct {
		bundle []byte
		want   string
	}{
		"stamped":                    {stamped, ""},
		"not stamped":                {s.attest(t, provenance(t, "app")), "b timestamp-missing"},
		"stamped by somebody else":   {newVirtual(t).keyBundle(t, s, provenance(t, "app"), signOptions{}), "b untrusted-timestamp-authority"},
		"stamped, of another key":    {v.keyBundle(t, newSigner(t), provenance(t, "app"), signOptions{}), "b untrusted-signer"},
		"stamp moved to another one": {edit(t, s.attest(t, provenance(t, "app", "x")), func(m map[string]any) { moveStamps(t, stamped, m) }), "b timestamp-other-signature"},
	} {
		t.Run(name, func(t *testing.T) {
			got := only(t, attest.Set{Bundles: []attest.Named{offer("b", tt.bundle)}, Subjects: whole("app"), Roles: []trust.Role{role}, Roots: roots})
			if got.Met != (tt.want == "") || refusals(got) != tt.want {
				t.Errorf("met %v, refused %v", got.Met, got.Refusals)
			}
		})
	}
}

// A pattern is one principal, however many names sign under it; a name that an
// entry lists exactly is another.
func TestVerifySetMatch(t *testing.T) {
	v := newVirtual(t)
	roots := map[string][]byte{"own": v.trustedRoot(t)}
	match := trust.Principal{Name: "anybody at acme", Match: `[a-z]+@acme\.example`, Issuer: issuer, Root: "own"}
	exact := trust.Principal{Name: "alice", Identity: alice, Issuer: issuer, Root: "own"}
	sign := func(name string) attest.Named {
		return offer(name, v.attestAs(t, name+"@acme.example", issuer, provenance(t, "app"), signOptions{}))
	}
	for _, tt := range []struct {
		name       string
		principals []trust.Principal
		bundles    []attest.Named
		count      int
		refusals   string
	}{
		{"two names, one pattern", []trust.Principal{match}, []attest.Named{sign("carol"), sign("dave")}, 1, "dave duplicate-principal"},
		{"one name, exact and pattern", []trust.Principal{match, exact}, []attest.Named{sign("alice")}, 1, ""},
		{"one name twice, exact and pattern", []trust.Principal{match, exact}, []attest.Named{sign("alice"), {Name: "again", Role: trust.Rebuilder, Bytes: sign("alice").Bytes}}, 1, ""},
		{"two names, exact and pattern", []trust.Principal{match, exact}, []attest.Named{sign("alice"), sign("dave")}, 2, ""},
		{"many names, one pattern", []trust.Principal{match, exact}, []attest.Named{sign("bert"), sign("carol"), sign("dave"), sign("erin")}, 1, "carol duplicate-principal, dave duplicate-principal, erin duplicate-principal"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			got := only(t, attest.Set{Bundles: tt.bundles, Subjects: whole("app"), Roles: []trust.Role{rebuilders(2, nil, tt.principals...)}, Roots: roots})
			if got.Count != tt.count || got.Met != (tt.count >= 2) {
				t.Errorf("count %d, met %v: %+v", got.Count, got.Met, got.Refusals)
			}
			if tt.refusals != "" && refusals(got) != tt.refusals {
				t.Errorf("refused %s", refusals(got))
			}
		})
	}
}
