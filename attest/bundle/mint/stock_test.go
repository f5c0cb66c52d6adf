package mint_test

import (
	"bytes"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"sync"
	"testing"
	"time"

	"github.com/sigstore/sigstore-go/pkg/bundle"
	"github.com/sigstore/sigstore-go/pkg/root"
	"github.com/sigstore/sigstore-go/pkg/verify"
	"github.com/sigstore/sigstore/pkg/signature"

	"github.com/proffer-audit/proffer/attest/bundle/mint"
)

const commit = "0123456789abcdef0123456789abcdef01234567"

func check(t testing.TB, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

func release() mint.Identity {
	return mint.GitHub("acme/agent", "release.yml", "refs/tags/v1.2.3", commit)
}

func statement(of string) []byte {
	sum := sha256.Sum256([]byte(of))
	return fmt.Appendf(nil, `{"_type":"https://in-toto.io/Statement/v1","predicate":{},"predicateType":"https://example.org/p","subject":[{"digest":{"sha256":"%s"},"name":"a"}]}`, hex.EncodeToString(sum[:]))
}

// stock verifies with sigstore-go: the identity, one certificate timestamp, one
// log entry and one observer's timestamp.
func stock(t testing.TB, trusted, data []byte, id mint.Identity, artifact string) error {
	t.Helper()
	material, err := root.NewTrustedRootFromJSON(trusted)
	check(t, err)
	var b bundle.Bundle
	if err := b.UnmarshalJSON(data); err != nil {
		return fmt.Errorf("parse: %w", err)
	}
	v, err := verify.NewVerifier(material, verify.WithSignedCertificateTimestamps(1), verify.WithTransparencyLog(1), verify.WithObserverTimestamps(1))
	check(t, err)
	who, err := verify.NewShortCertificateIdentity(id.Issuer, "", id.Name(), "")
	check(t, err)
	_, err = v.Verify(&b, verify.NewPolicy(verify.WithArtifact(bytes.NewReader([]byte(artifact))), verify.WithCertificateIdentity(who)))
	return err
}

func TestStockAccepts(t *testing.T) {
	a := mint.New(mint.Options{Seed: t.Name(), Before: 12345})
	small := mint.New(mint.Options{Seed: t.Name() + "small", Curve: mint.P256, LogKind: mint.P256, TSA: mint.TSAOptions{Curve: mint.P384, Bare: true}})
	one, two, both := []*mint.Log{a.Rekor1}, []*mint.Log{a.Rekor2}, []*mint.Log{a.Rekor1, a.Rekor2}
	for name, r := range map[string]mint.Request{
		"dsse":                {Payload: statement("x")},
		"dsse without stamp":  {Payload: statement("x"), Stamps: []*mint.TSA{}},
		"message":             {Message: []byte("x")},
		"v0.1":                {Payload: statement("x"), Version: "0.1", Wrong: mint.Wrong{NoProof: true}},
		"v0.2":                {Payload: statement("x"), Version: "0.2"},
		"v0.2 message":        {Message: []byte("x"), Version: "0.2"},
		"intoto":              {Payload: statement("x"), Entry: mint.Intoto2},
		"rekor 2":             {Payload: statement("x"), Via: two},
		"rekor 2 message":     {Message: []byte("x"), Via: two},
		"both logs":           {Message: []byte("x"), Via: both},
		"P-384 leaf":          {Payload: statement("x"), Leaf: mint.P384},
		"P-384 leaf, rekor 2": {Payload: statement("x"), Leaf: mint.P384, Via: two},
		"P-384 leaf, message": {Message: []byte("x"), Leaf: mint.P384},
		"P-521 leaf":          {Payload: statement("x"), Leaf: mint.P521},
		"email":               {Payload: statement("x"), Identity: mint.Email("alice@acme.example", "https://issuer.example")},
		"other name":          {Payload: statement("x"), Identity: mint.Identity{Other: "alice!acme.example", Issuer: "https://issuer.example", OnlyV2: true}},
		"later":               {Payload: statement("x"), At: a.Now.Add(300 * 24 * time.Hour)},
		"no promise":          {Payload: statement("x"), Wrong: mint.Wrong{NoPromise: true}},
	} {
		t.Run(name, func(t *testing.T) {
			if r.Identity.Issuer == "" {
				r.Identity = release()
			}
			if r.Via == nil {
				r.Via = one
			}
			check(t, stock(t, a.TrustedRoot(), a.Bundle(r), r.Identity, "x"))
			// Again, further into the logs.
			check(t, stock(t, a.TrustedRoot(), a.Bundle(r), r.Identity, "x"))
			if err := stock(t, small.TrustedRoot(), a.Bundle(r), r.Identity, "x"); err == nil {
				t.Error("accepted under another authority's root")
			}
			if r.Message == nil {
				r.Via = []*mint.Log{small.Rekor2}
				r.Entry = ""
				check(t, stock(t, small.TrustedRoot(), small.Bundle(mint.Request{Payload: r.Payload, Identity: r.Identity, Via: r.Via}), r.Identity, "x"))
			}
		})
	}
}

// Each lie must be one that a verifier sees, and all else must be right.
func TestStockRefuses(t *testing.T) {
	a := mint.New(mint.Options{Seed: t.Name()})
	namesake := mint.New(mint.Options{Seed: t.Name() + "2"})
	old := mint.Window{Start: a.Now.Add(-3000 * time.Hour), End: a.Now.Add(-2000 * time.Hour)}
	early := mint.Window{Start: a.Now.Add(2000 * time.Hour), End: a.Now.Add(3000 * time.Hour)}
	with := func(o mint.Options) *mint.Authority {
		o.Seed = t.Name()
		return mint.New(o)
	}
	for name, tt := range map[string]struct {
		authority, trusted *mint.Authority
		namesake           bool // everything is trusted but the CA, which only looks the same
		v2                 bool
		stamped            bool // the timestamp is the only observer's
		wrong              mint.Wrong
		want               string
	}{
		"leaf expired":         {v2: true, wrong: mint.Wrong{Leaf: old}, want: "failed to verify leaf certificate"},
		"leaf not yet valid":   {v2: true, wrong: mint.Wrong{Leaf: early}, want: "failed to verify leaf certificate"},
		"CA expired":           {trusted: with(mint.Options{CA: mint.CAOptions{Trusted: old}}), want: "failed to verify leaf certificate"},
		"middle expired":       {authority: with(mint.Options{CA: mint.CAOptions{Middle: old}}), trusted: with(mint.Options{CA: mint.CAOptions{Middle: old}}), want: "failed to verify leaf certificate"},
		"root not yet valid":   {authority: with(mint.Options{CA: mint.CAOptions{Root: early}}), trusted: with(mint.Options{CA: mint.CAOptions{Root: early}}), want: "failed to verify leaf certificate"},
		"namesake":             {authority: namesake, namesake: true, want: "failed to verify leaf certificate"},
		"SCT of another":       {wrong: mint.Wrong{OtherSCT: true}, want: "failed to verify signed certificate timestamp"},
		"SCT log expired":      {trusted: with(mint.Options{CTLog: old}), want: "failed to verify signed certificate timestamp"},
		"SCT before the log":   {trusted: with(mint.Options{CTLog: mint.Window{Start: a.Now}}), wrong: mint.Wrong{SCTAt: a.Now.Add(-time.Hour)}, want: "failed to verify signed certificate timestamp"},
		"entry of another":     {wrong: mint.Wrong{OtherEntry: true}, want: "failed to verify log inclusion"},
		"entry of another, v2": {v2: true, wrong: mint.Wrong{OtherEntry: true}, want: "failed to verify log inclusion"},
		"proof of another":     {wrong: mint.Wrong{OtherProof: true}, want: "failed to verify log inclusion"},
		"proof of another, v2": {v2: true, wrong: mint.Wrong{OtherProof: true}, want: "failed to verify log inclusion"},
		"promise of another":   {wrong: mint.Wrong{OtherPromise: true}, want: "failed to verify log inclusion"},
		"checkpoint key":       {wrong: mint.Wrong{CheckpointKey: namesake.Rekor1.Key}, want: "failed to verify log inclusion"},
		"checkpoint key, v2":   {v2: true, wrong: mint.Wrong{CheckpointKey: namesake.Rekor2.Key}, want: "failed to verify log inclusion"},
		"checkpoint origin":    {v2: true, wrong: mint.Wrong{CheckpointOrigin: "other.example"}, want: "failed to verify log inclusion"},
		"log expired":          {trusted: with(mint.Options{Rekor1: old}), want: "failed to verify log inclusion"},
		"logged outside":       {wrong: mint.Wrong{LoggedAt: a.Now.Add(time.Hour)}, want: "failed to verify log inclusion"},
		"stamp of another":     {v2: true, stamped: true, wrong: mint.Wrong{OtherStamp: true}, want: "failed to verify timestamps"},
		"stamped too late":     {v2: true, stamped: true, wrong: mint.Wrong{StampAt: a.Now.Add(time.Hour)}, want: "failed to verify leaf certificate"},
		"TSA expired":          {trusted: with(mint.Options{TSA: mint.TSAOptions{Trusted: old}}), v2: true, stamped: true, want: "failed to verify timestamps"},
		"TSA leaf expired":     {authority: with(mint.Options{TSA: mint.TSAOptions{Leaf: old}}), trusted: with(mint.Options{TSA: mint.TSAOptions{Leaf: old}}), v2: true, stamped: true, want: "failed to verify timestamps"},
		"another signature":    {wrong: mint.Wrong{OtherSignature: true}, want: "failed to verify signature"},
		"twice":                {wrong: mint.Wrong{Twice: true}, want: "failed to verify log inclusion"},
		"neither promise nor proof": {
			wrong: mint.Wrong{NoPromise: true, NoProof: true}, want: "parse",
		},
	} {
		t.Run(name, func(t *testing.T) {
			from, trusted := tt.authority, tt.trusted
			if from == nil {
				from = a
			}
			if trusted == nil {
				trusted = a
			}
			r := mint.Request{Payload: statement("x"), Identity: release(), Wrong: tt.wrong}
			if tt.v2 {
				r.Via = []*mint.Log{from.Rekor2}
			}
			if !tt.stamped && !tt.v2 {
				r.Stamps = []*mint.TSA{}
			}
			names := trusted.Root()
			if tt.namesake {
				names = namesake.Root()
				names.CAs = trusted.Root().CAs
			}
			err := stock(t, names.JSON(), from.Bundle(r), r.Identity, "x")
			if err == nil || !bytes.HasPrefix([]byte(err.Error()), []byte(tt.want)) {
				t.Errorf("got %v, want %q", err, tt.want)
			}
		})
	}
	for name, r := range map[string]mint.Request{
		"no SCT":        {CTs: []*mint.CT{}},
		"no log":        {Via: []*mint.Log{}},
		"no time":       {Via: []*mint.Log{a.Rekor2}, Stamps: []*mint.TSA{}},
		"dsse 0.0.2":    {Via: []*mint.Log{a.Rekor2}, Entry: mint.DSSE2},
		"wrong kind":    {Entry: mint.HashedRekord1},
		"log's alias":   {Via: []*mint.Log{a.Rekor2.As("alias.example")}},
		"foreign log":   {Via: []*mint.Log{namesake.Rekor1}},
		"foreign stamp": {Via: []*mint.Log{a.Rekor2}, Stamps: []*mint.TSA{namesake.TSA}},
		"foreign CT":    {CTs: []*mint.CT{namesake.CT}},
	} {
		t.Run(name, func(t *testing.T) {
			r.Payload, r.Identity = statement("x"), release()
			if stock(t, a.TrustedRoot(), a.Bundle(r), r.Identity, "x") == nil {
				t.Error("accepted")
			}
		})
	}
}

// A key signs alone, and with log and timestamp.
func TestStockAcceptsKeys(t *testing.T) {
	a := mint.New(mint.Options{Seed: t.Name()})
	trusted, err := root.NewTrustedRootFromJSON(a.TrustedRoot())
	check(t, err)
	for _, kind := range []mint.Kind{mint.P256, mint.P384, mint.P521, mint.Ed25519} {
		for name, r := range map[string]mint.Request{
			"alone":  {},
			"logged": {Via: []*mint.Log{a.Rekor1}, Stamps: []*mint.TSA{a.TSA}},
		} {
			t.Run(string(kind)+" "+name, func(t *testing.T) {
				r.Key, r.Payload = mint.NewKey(kind, t.Name()), statement("x")
				var b bundle.Bundle
				check(t, b.UnmarshalJSON(a.Bundle(r)))
				sv, err := signature.LoadDefaultVerifier(r.Key.Signer.Public())
				check(t, err)
				key := root.NewExpiringKey(sv, time.Time{}, time.Time{})
				material := root.TrustedMaterialCollection{root.NewTrustedPublicKeyMaterial(func(string) (root.TimeConstrainedVerifier, error) { return key, nil }), trusted}
				options := []verify.VerifierOption{verify.WithNoObserverTimestamps()}
				if len(r.Via) > 0 {
					options = []verify.VerifierOption{verify.WithObserverTimestamps(2), verify.WithTransparencyLog(1)}
				}
				v, err := verify.NewVerifier(material, options...)
				check(t, err)
				_, err = v.Verify(&b, verify.NewPolicy(verify.WithArtifact(bytes.NewReader([]byte("x"))), verify.WithKey()))
				check(t, err)
			})
		}
	}
}

// The same seed is the same sigstore, and the same order the same bytes.
func TestSeed(t *testing.T) {
	mintOne := func(seed string) ([]byte, []byte) {
		a := mint.New(mint.Options{Seed: seed})
		a.Bundle(mint.Request{Message: []byte("before"), Identity: release()})
		return a.TrustedRoot(), a.Bundle(mint.Request{Payload: statement("x"), Identity: release(), Via: []*mint.Log{a.Rekor1, a.Rekor2}})
	}
	root1, bundle1 := mintOne("1")
	root2, bundle2 := mintOne("1")
	if !bytes.Equal(root1, root2) || !bytes.Equal(bundle1, bundle2) {
		t.Error("two authorities of one seed differ")
	}
	if root3, bundle3 := mintOne("3"); bytes.Equal(root1, root3) || bytes.Equal(bundle1, bundle3) {
		t.Error("two seeds make one authority")
	}
}

// Every certificate has what Fulcio writes for a workflow.
func TestExtensions(t *testing.T) {
	a := mint.New(mint.Options{Seed: t.Name()})
	id := release()
	var b bundle.Bundle
	check(t, b.UnmarshalJSON(a.Bundle(mint.Request{Payload: statement("x"), Identity: id})))
	material, err := root.NewTrustedRootFromJSON(a.TrustedRoot())
	check(t, err)
	v, err := verify.NewVerifier(material, verify.WithObserverTimestamps(1))
	check(t, err)
	got, err := v.Verify(&b, verify.NewPolicy(verify.WithoutArtifactUnsafe(), verify.WithoutIdentitiesUnsafe()))
	check(t, err)
	c := got.Signature.Certificate
	if c.SubjectAlternativeName != id.URI || c.Issuer != mint.GitHubIssuer || c.SourceRepositoryURI != id.CI.SourceRepositoryURI ||
		c.SourceRepositoryDigest != commit || c.SourceRepositoryRef != id.CI.SourceRepositoryRef || c.BuildSignerURI != id.URI ||
		c.BuildSignerDigest != commit || c.RunnerEnvironment != mint.GitHubHosted || c.BuildTrigger != "push" ||
		c.GithubWorkflowSHA != commit || c.SourceRepositoryVisibilityAtSigning != "public" || c.RunInvocationURI != id.CI.RunInvocationURI {
		t.Errorf("certificate says %+v", c)
	}
}

func TestManyAtOnce(t *testing.T) {
	a := mint.New(mint.Options{Seed: t.Name()})
	trusted := a.TrustedRoot()
	var wg sync.WaitGroup
	for i := range 8 {
		wg.Go(func() {
			for j := range 4 {
				r := mint.Request{Payload: statement("x"), Identity: release()}
				if (i+j)%2 == 0 {
					r.Via = []*mint.Log{a.Rekor2}
				}
				if err := stock(t, trusted, a.Bundle(r), r.Identity, "x"); err != nil {
					t.Error(err)
				}
			}
		})
	}
	wg.Wait()
}

func BenchmarkBundle(b *testing.B) {
	for _, curve := range []mint.Kind{mint.P384, mint.P256} {
		b.Run(string(curve), func(b *testing.B) {
			a := mint.New(mint.Options{Seed: b.Name(), Curve: curve, Before: 1 << 29})
			payload, id := statement("x"), release()
			for b.Loop() {
				a.Bundle(mint.Request{Payload: payload, Identity: id})
			}
		})
	}
}
