package sign_test

import (
	"bytes"
	"crypto/sha256"
	"encoding/base64"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/proffer-audit/proffer/attest"
	"github.com/proffer-audit/proffer/attest/bundle"
	"github.com/proffer-audit/proffer/attest/claim"
	"github.com/proffer-audit/proffer/attest/sign"
	"github.com/proffer-audit/proffer/attest/sign/stacktest"
	"github.com/proffer-audit/proffer/attest/statement"
	"github.com/proffer-audit/proffer/attest/trust"
)

// edit changes the JSON of a bundle or of a root.
func edit(t testing.TB, raw []byte, change func(map[string]any)) []byte {
	t.Helper()
	var m map[string]any
	check(t, json.Unmarshal(raw, &m))
	change(m)
	out, err := json.Marshal(m)
	check(t, err)
	return out
}

// at walks to a member; a number is an index.
func at(m any, path ...any) any {
	for _, p := range path {
		switch p := p.(type) {
		case string:
			m = m.(map[string]any)[p]
		case int:
			m = m.([]any)[p]
		}
	}
	return m
}

func object(m any, path ...any) map[string]any { return at(m, path...).(map[string]any) }

// flipped changes one bit of a base64 member: of the byte at a part of its
// length, in hundredths.
func flipped(t testing.TB, m map[string]any, name string, hundredth int) {
	t.Helper()
	raw, err := base64.StdEncoding.DecodeString(m[name].(string))
	check(t, err)
	raw[min(len(raw)*hundredth/100, len(raw)-1)] ^= 1
	m[name] = base64.StdEncoding.EncodeToString(raw)
}

// A cast is four roles that have signed with one sigstore, and what they signed.
type cast struct {
	stack, other     *stacktest.Stack
	vendor           []byte // the vendor's own build job: provenance of the agent
	again, elsewhere []byte // the same once more; under another sigstore
	unlogged         []byte // under a certificate that no log has
	file             []byte // a file, not a statement
	workflow         string
	contents         string
}

const agent = "the agent"

func hexSum(s string) string {
	sum := sha256.Sum256([]byte(s))
	return hex.EncodeToString(sum[:])
}

func provenanceOf(t testing.TB, contents, builder string) []byte {
	t.Helper()
	p, err := claim.NewProvenance(claim.Build{
		BuilderID: builder, BuildType: "https://example.org/build/v1", External: map[string]any{"source": "x"},
	})
	check(t, err)
	raw, err := statement.New(claim.ProvenanceType, []statement.Subject{{Name: "agent", Digest: map[string]string{"sha256": hexSum(contents)}}}, p)
	check(t, err)
	return raw
}

func newCast(t *testing.T, s, other *stacktest.Stack) *cast {
	t.Helper()
	c := &cast{stack: s, other: other, contents: agent}
	token, workflow := s.Workflow("acme/agent", "release.yml", "refs/heads/main")
	c.workflow = workflow
	raw := provenanceOf(t, agent, workflow)
	sign1 := func(one *sign.Signer) []byte {
		b, err := one.Statement(t.Context(), raw)
		check(t, err)
		return b
	}
	one := signer(t, s, token)
	c.vendor, c.again = sign1(one), sign1(signer(t, s, token))
	foreign, _ := other.Workflow("acme/agent", "release.yml", "refs/heads/main")
	c.elsewhere = sign1(signer(t, other, foreign))
	var err error
	c.file, err = one.File(t.Context(), strings.NewReader(agent))
	check(t, err)
	c.unlogged = c.signUnlogged(t, raw)
	return c
}

// signUnlogged puts together what the signer itself refuses to hand out: a
// bundle under a certificate that no certificate log has.
func (c *cast) signUnlogged(t *testing.T, raw []byte) []byte {
	t.Helper()
	token, _ := c.stack.Workflow("acme/agent", "release.yml", "refs/heads/main")
	parsed, err := sign.ParseToken(token)
	check(t, err)
	opt := options(t, c.stack)
	opt.Services.Authority.URL = c.stack.Addresses.Unlogged
	one, err := sign.Identity(t.Context(), parsed, opt)
	check(t, err)
	if _, err := one.Statement(t.Context(), raw); sign.CodeOf(err) != sign.NotVerified {
		t.Fatalf("handed out without a certificate timestamp: %v", err)
	}
	b, err := sign.Unchecked(t.Context(), one, raw)
	check(t, err)
	return b
}

// verifyVendor is how the vendor's bundle is verified: everything demanded.
func (c *cast) verifyVendor(raw, root []byte, identity, issuer, contents string) error {
	r, err := bundle.NewRoot(root)
	if err != nil {
		return err
	}
	b, err := bundle.Read(raw, bundle.MaxBundle)
	if err != nil {
		return err
	}
	about, err := bundle.Digest("sha256:" + hexSum(contents))
	if err != nil {
		return err
	}
	v, err := bundle.VerifyCertificate(b, r, about, bundle.Strict())
	if err != nil {
		return err
	}
	return v.Is(identity, issuer)
}

// A sabotage is one thing done to what the vendor signed, to the root, or to the
// question, and the one reason for which it must be refused.
type sabotage struct {
	name             string
	bundle           func(map[string]any)
	raw              []byte // instead of an edited bundle
	root             func(map[string]any)
	identity, issuer string
	contents         string
	want             bundle.Code
}

func ended(m map[string]any) { m["end"] = "2020-01-01T00:00:00Z"; m["start"] = "2019-01-01T00:00:00Z" }

func (c *cast) sabotages(t *testing.T) []sabotage {
	var again, foreign map[string]any
	check(t, json.Unmarshal(c.again, &again))
	check(t, json.Unmarshal(c.elsewhere, &foreign))
	var otherRoot map[string]any
	check(t, json.Unmarshal(c.other.TrustedRoot, &otherRoot))
	material := func(m map[string]any) map[string]any { return object(m, "verificationMaterial") }
	entry := func(m map[string]any) map[string]any { return object(m, "verificationMaterial", "tlogEntries", 0) }
	proof := func(m map[string]any) map[string]any { return object(entry(m), "inclusionProof") }
	stamps := func(m map[string]any) map[string]any {
		return object(m, "verificationMaterial", "timestampVerificationData")
	}
	stamp := func(m map[string]any) map[string]any { return object(stamps(m), "rfc3161Timestamps", 0) }
	body := func(m map[string]any, change func(map[string]any)) {
		raw, err := base64.StdEncoding.DecodeString(entry(m)["canonicalizedBody"].(string))
		check(t, err)
		entry(m)["canonicalizedBody"] = base64.StdEncoding.EncodeToString(edit(t, raw, change))
	}
	note := func(m map[string]any, from, to string) {
		cp := object(proof(m), "checkpoint")
		cp["envelope"] = strings.Replace(cp["envelope"].(string), from, to, 1)
	}
	noteLine := func(m map[string]any, i int) string {
		return strings.Split(object(proof(m), "checkpoint")["envelope"].(string), "\n")[i]
	}
	return []sabotage{
		{name: "another identity", identity: "https://github.com/acme/agent/.github/workflows/other.yml@refs/heads/main", want: bundle.WrongIdentity},
		{name: "another issuer", issuer: c.stack.People, want: bundle.WrongIdentity},
		{name: "a root that others made", root: func(m map[string]any) { m["certificateAuthorities"] = otherRoot["certificateAuthorities"] }, want: bundle.UntrustedRoot},
		{name: "another log", root: func(m map[string]any) { m["tlogs"] = otherRoot["tlogs"] }, want: bundle.UnknownLog},
		{name: "another certificate log", root: func(m map[string]any) { m["ctlogs"] = otherRoot["ctlogs"] }, want: bundle.SCTUnknownLog},
		{name: "a certificate log with another key", root: func(m map[string]any) {
			object(m, "ctlogs", 0)["publicKey"] = object(otherRoot, "ctlogs", 0)["publicKey"]
		}, want: bundle.SCTBadSignature},
		{name: "another timestamp authority", root: func(m map[string]any) { m["timestampAuthorities"] = otherRoot["timestampAuthorities"] }, want: bundle.UntrustedTimestamper},
		{name: "certificate authority withdrawn", root: func(m map[string]any) {
			ended(object(m, "certificateAuthorities", 0, "validFor"))
			ended(object(m, "certificateAuthorities", 1, "validFor"))
		}, want: bundle.UntrustedRoot},
		{name: "certificate log withdrawn", root: func(m map[string]any) { ended(object(m, "ctlogs", 0, "publicKey", "validFor")) }, want: bundle.SCTOutsideLog},
		{name: "timestamp authority withdrawn", root: func(m map[string]any) { ended(object(m, "timestampAuthorities", 0, "validFor")) }, want: bundle.TimestamperNotValid},
		{name: "log withdrawn", root: func(m map[string]any) { ended(object(m, "tlogs", 0, "publicKey", "validFor")) }, want: bundle.LogNotValid},
		{name: "an altered log", root: func(m map[string]any) { flipped(t, object(m, "tlogs", 0, "logId"), "keyId", 50) }, want: bundle.UnknownLog},

		{name: "no certificate timestamp", raw: c.unlogged, want: bundle.SCTMissing},
		{name: "no timestamp", bundle: func(m map[string]any) { delete(material(m), "timestampVerificationData") }, want: bundle.TimestampMissing},
		{name: "no log entry", bundle: func(m map[string]any) { delete(material(m), "tlogEntries") }, want: bundle.LogMissing},
		{name: "no proof of inclusion", bundle: func(m map[string]any) { delete(entry(m), "inclusionProof") }, want: bundle.InclusionMissing},
		{name: "no checkpoint", bundle: func(m map[string]any) { delete(proof(m), "checkpoint") }, want: bundle.BadCheckpoint},
		{name: "no certificate", bundle: func(m map[string]any) { delete(material(m), "certificate") }, want: bundle.Unreadable},
		{name: "a key for a certificate", bundle: func(m map[string]any) {
			delete(material(m), "certificate")
			material(m)["publicKey"] = map[string]any{"hint": "x"}
		}, want: bundle.UntrustedSigner},

		{name: "the log entry of another", bundle: func(m map[string]any) { material(m)["tlogEntries"] = material(again)["tlogEntries"] }, want: bundle.EntryOtherSignature},
		{name: "the certificate of another", bundle: func(m map[string]any) { material(m)["certificate"] = material(again)["certificate"] }, want: bundle.BadSignature},
		{name: "the timestamp of another", bundle: func(m map[string]any) {
			material(m)["timestampVerificationData"] = material(again)["timestampVerificationData"]
		}, want: bundle.TimestampOther},
		{name: "an entry of a foreign log", bundle: func(m map[string]any) { material(m)["tlogEntries"] = material(foreign)["tlogEntries"] }, want: bundle.UnknownLog},
		{name: "the same entry twice", bundle: func(m map[string]any) {
			material(m)["tlogEntries"] = []any{entry(m), entry(m)}
		}, want: bundle.DuplicateEntry},
		{name: "the same timestamp twice", bundle: func(m map[string]any) {
			stamps(m)["rfc3161Timestamps"] = []any{stamp(m), stamp(m)}
		}, want: bundle.TimestamperTwice},

		{name: "altered payload", bundle: func(m map[string]any) { flipped(t, object(m, "dsseEnvelope"), "payload", 60) }, want: bundle.BadSignature},
		{name: "altered payload type", bundle: func(m map[string]any) { object(m, "dsseEnvelope")["payloadType"] = "text/plain" }, want: bundle.BadSignature},
		{name: "altered certificate", bundle: func(m map[string]any) { flipped(t, object(m, "verificationMaterial", "certificate"), "rawBytes", 99) }, want: bundle.UntrustedRoot},
		{name: "cut certificate", bundle: func(m map[string]any) {
			cert := object(m, "verificationMaterial", "certificate")
			cert["rawBytes"] = cert["rawBytes"].(string)[:40]
		}, want: bundle.BadCertificate},
		{name: "altered timestamp", bundle: func(m map[string]any) { flipped(t, stamp(m), "signedTimestamp", 99) }, want: bundle.TimestampSignature},
		{name: "a timestamp that is none", bundle: func(m map[string]any) { stamp(m)["signedTimestamp"] = "AAAA" }, want: bundle.BadTimestamp},
		{name: "an entry of another kind", bundle: func(m map[string]any) { body(m, func(b map[string]any) { b["kind"] = "dsse" }) }, want: bundle.BadEntry},
		{name: "an entry about something else", bundle: func(m map[string]any) {
			body(m, func(b map[string]any) { flipped(t, object(b, "spec", "hashedRekordV002", "data"), "digest", 50) })
		}, want: bundle.EntryOtherPayload},
		{name: "an entry about another certificate", bundle: func(m map[string]any) {
			body(m, func(b map[string]any) {
				object(b, "spec", "hashedRekordV002", "signature", "verifier")["x509Certificate"] = material(again)["certificate"]
			})
		}, want: bundle.EntryOtherKey},
		{name: "a proof that leads elsewhere", bundle: func(m map[string]any) {
			sum := base64.StdEncoding.EncodeToString(make([]byte, sha256.Size))
			hashes, _ := proof(m)["hashes"].([]any)
			proof(m)["hashes"] = append(hashes, sum)
		}, want: bundle.BadInclusion},
		{name: "another root hash", bundle: func(m map[string]any) { flipped(t, proof(m), "rootHash", 50) }, want: bundle.CheckpointMismatch},
		{name: "a checkpoint of another origin", bundle: func(m map[string]any) { note(m, noteLine(m, 0)+"\n", "elsewhere.example\n") }, want: bundle.CheckpointOrigin},
		{name: "a checkpoint of another size", bundle: func(m map[string]any) { note(m, "\n"+noteLine(m, 1)+"\n", "\n1000\n") }, want: bundle.CheckpointSignature},
		{name: "a checkpoint that is none", bundle: func(m map[string]any) { object(proof(m), "checkpoint")["envelope"] = "x" }, want: bundle.BadCheckpoint},

		{name: "replayed for another artifact", contents: "another agent", want: bundle.SubjectMismatch},
		{name: "a file replayed for another", raw: c.file, contents: "another agent", want: bundle.DigestMismatch},
		{name: "a newer form", bundle: func(m map[string]any) { m["mediaType"] = "application/vnd.dev.sigstore.bundle.v9+json" }, want: bundle.UnknownVersion},
		{name: "two readings", raw: bytes.Replace(c.vendor, []byte(`"mediaType"`), []byte(`"mediaType":"x","mediaType"`), 1), want: bundle.Unreadable},
		{name: "endless", raw: append(bytes.Repeat([]byte(" "), bundle.MaxBundle), c.vendor...), want: bundle.TooLarge},
	}
}

func code(e *bundle.Error) bundle.Code {
	if e == nil {
		return ""
	}
	return e.Code
}

func testSabotage(t *testing.T, s, other *stacktest.Stack) {
	c := newCast(t, s, other)
	if err := c.verifyVendor(c.vendor, s.TrustedRoot, c.workflow, s.Workflows, agent); err != nil {
		t.Fatalf("untouched: %v", err)
	}
	if err := c.verifyVendor(c.file, s.TrustedRoot, c.workflow, s.Workflows, agent); err != nil {
		t.Fatalf("untouched file: %v", err)
	}
	var codes []string
	list := c.sabotages(t)
	for _, x := range list {
		t.Run(x.name, func(t *testing.T) {
			raw, root := c.vendor, s.TrustedRoot
			if x.raw != nil {
				raw = x.raw
			}
			if x.bundle != nil {
				raw = edit(t, raw, x.bundle)
			}
			if x.root != nil {
				root = edit(t, root, x.root)
			}
			or := func(a, b string) string {
				if a != "" {
					return a
				}
				return b
			}
			err := c.verifyVendor(raw, root, or(x.identity, c.workflow), or(x.issuer, s.Workflows), or(x.contents, agent))
			var e *bundle.Error
			if !errors.As(err, &e) || e.Code != x.want {
				t.Fatalf("got %s (%v), want %s", code(e), err, x.want)
			}
			codes = append(codes, string(e.Code))
		})
	}
	set := c.testSet(t)
	codes = append(codes, set...)
	slices.Sort(codes)
	distinct := slices.Compact(slices.Clone(codes))
	t.Logf("%d scenarios refused for %d reasons: %s", len(codes), len(distinct), strings.Join(distinct, " "))
	if len(codes) < 40 || len(distinct) < 30 {
		t.Errorf("%d scenarios and %d reasons are too few", len(codes), len(distinct))
	}
}

// testSet has two rebuilders and an auditor sign beside the vendor, and sabotages
// the set of what they signed.
func (c *cast) testSet(t *testing.T) (codes []string) {
	s := c.stack
	good := provenanceOf(t, agent, "https://rebuild.example")
	by := func(who string, raw []byte) []byte {
		b, err := signer(t, s, s.Person(who)).Statement(t.Context(), raw)
		check(t, err)
		return b
	}
	r1, r2, auditor := by("r1@one.example", good), by("r2@two.example", good), by("audit@house.example", good)
	person := func(name, organisation string) trust.Principal {
		return trust.Principal{Name: name, Organisation: organisation, Identity: name, Issuer: s.People, Root: "own"}
	}
	rebuilders := trust.Role{
		Name: trust.Rebuilder, Threshold: 2, DistinctBy: []string{"principal", "organisation"},
		Principals: []trust.Principal{person("r1@one.example", "one"), person("r2@two.example", "two"), person("r3@one.example", "one")},
	}
	vendor := trust.Role{Name: trust.Vendor, Threshold: 1, DistinctBy: []string{"principal"}, Principals: []trust.Principal{
		{Name: "ci", Organisation: "acme", Identity: c.workflow, Issuer: s.Workflows, Root: "own", CI: trust.CI{SourceRepository: "https://github.com/acme/agent", Runner: "github-hosted"}},
	}}
	foreign := vendor
	foreign.Principals = slices.Clone(vendor.Principals)
	foreign.Principals[0].CI.SourceRepository = "https://github.com/evil/agent"
	offer := func(name, role string, b []byte) attest.Named {
		return attest.Named{Name: name, Role: role, Artifact: "agent", Bytes: b}
	}
	set := func(role trust.Role, bundles ...attest.Named) attest.RoleVerdict {
		v := attest.VerifySet(attest.Set{
			Artifact: "agent", Bundles: bundles, Roles: []trust.Role{role}, Roots: map[string][]byte{"own": s.TrustedRoot},
			Subjects: []attest.Subject{{Name: "agent", Digests: map[string]string{"sha256": hexSum(agent)}, Whole: true}},
		})
		// What is said in a role that nobody demands is refused there.
		all := v.Roles[slices.IndexFunc(v.Roles, func(r attest.RoleVerdict) bool { return r.Role == role.Name })]
		all.Refusals = append(all.Refusals, v.Refusals...)
		for _, r := range v.Roles {
			if r.Role != role.Name {
				all.Refusals = append(all.Refusals, r.Refusals...)
			}
		}
		return all
	}
	if v := set(rebuilders, offer("1", trust.Rebuilder, r1), offer("2", trust.Rebuilder, r2)); !v.Met || v.Count != 2 {
		t.Errorf("two rebuilders: %+v", v)
	}
	if v := set(vendor, offer("v", trust.Vendor, c.vendor)); !v.Met {
		t.Errorf("the vendor: %+v", v)
	}
	r3 := by("r3@one.example", good)
	for _, x := range []struct {
		name    string
		role    trust.Role
		bundles []attest.Named
		want    attest.Code
	}{
		{"one party twice", rebuilders, []attest.Named{offer("1", trust.Rebuilder, r1), offer("1 again", trust.Rebuilder, by("r1@one.example", good))}, attest.DuplicatePrincipal},
		{"two of one house", rebuilders, []attest.Named{offer("1", trust.Rebuilder, r1), offer("3", trust.Rebuilder, r3)}, attest.NotIndependent},
		{"the auditor as a rebuilder", rebuilders, []attest.Named{offer("1", trust.Rebuilder, r1), offer("a", trust.Rebuilder, auditor)}, attest.WrongIdentity},
		{"offered in another role", rebuilders, []attest.Named{offer("1", trust.Vendor, r1)}, attest.RoleNotTrusted},
		{"about another artifact", rebuilders, []attest.Named{offer("1", trust.Rebuilder, by("r1@one.example", provenanceOf(t, "another", "https://rebuild.example")))}, attest.SubjectMismatch},
		{"the job of another repository", foreign, []attest.Named{offer("v", trust.Vendor, c.vendor)}, attest.WrongBuild},
	} {
		t.Run("set: "+x.name, func(t *testing.T) {
			v := set(x.role, x.bundles...)
			if v.Met {
				t.Fatalf("met: %+v", v)
			}
			i := slices.IndexFunc(v.Refusals, func(r attest.Refusal) bool { return r.Code == x.want })
			if i < 0 {
				t.Fatalf("refused for %s, want %s", fmt.Sprint(v.Refusals), x.want)
			}
			codes = append(codes, string(x.want))
		})
	}
	return codes
}

func TestSabotage(t *testing.T)     { testSabotage(t, played(t), played(t)) }
func TestSabotageReal(t *testing.T) { testSabotage(t, realStack(t), played(t)) }
