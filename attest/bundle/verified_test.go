package bundle_test

import (
	"crypto/rand"
	"crypto/rsa"
	"crypto/sha256"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/hex"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/proffer-audit/proffer/attest/bundle"
	"github.com/proffer-audit/proffer/attest/bundle/mint"
	"github.com/proffer-audit/proffer/attest/trust"
)

func id(sum [sha256.Size]byte) string { return "sha256:" + hex.EncodeToString(sum[:]) }

// TestVerified: everything that a set of bundles is counted by is there.
func TestVerified(t *testing.T) {
	a := mint.New(mint.Options{Seed: t.Name()})
	root, err := bundle.NewRoot(a.TrustedRoot())
	check(t, err)
	data := a.Bundle(mint.Request{Payload: says("x"), Identity: release(), LeafKey: mint.NewKey(mint.P256, "leaf"), Via: []*mint.Log{a.Rekor1, a.Rekor2}})
	b, err := bundle.Read(data, 0)
	check(t, err)
	v, err := bundle.VerifyCertificate(b, root, bundle.Contents([]byte("x")), bundle.Strict())
	check(t, err)
	if want := id(mint.NewKey(mint.P256, "leaf").ID()); v.KeyID != want {
		t.Errorf("key %s, want %s", v.KeyID, want)
	}
	if want := id(sha256.Sum256(a.CA.Root.Raw)); v.CA != want {
		t.Errorf("CA %s, want %s", v.CA, want)
	}
	logs := []string{id(a.Rekor1.Key.ID()), id(a.Rekor2.Key.ID())}
	slices.Sort(logs)
	if !slices.Equal(v.Logs, logs) || len(v.CTLogs) != 1 {
		t.Errorf("logs %v, certificate logs %v", v.Logs, v.CTLogs)
	}
	if len(v.Authorities) != 1 || v.Authorities[0].ID != id(sha256.Sum256(a.TSA.Root.Raw)) || v.Authorities[0].URI != a.TSA.URI ||
		v.Authorities[0].Signer != id(sha256.Sum256(a.TSA.Leaf.RawSubjectPublicKeyInfo)) {
		t.Errorf("authorities %+v", v.Authorities)
	}
	want := []bundle.Observation{
		{At: a.Now, Source: bundle.ByLog, By: id(a.Rekor1.Key.ID())}, {At: a.Now, Source: bundle.ByTimestamp, By: v.Authorities[0].ID},
	}
	if !slices.Equal(v.Times, want) {
		t.Errorf("times %+v, want %+v", v.Times, want)
	}
	if v.PayloadType != "application/vnd.in-toto+json" || string(v.Payload) != string(says("x")) || v.Statement == nil {
		t.Errorf("content %q %q", v.PayloadType, v.Payload)
	}
	ci := release().CI
	if got := *v.Identity; got.SAN != release().Name() || got.Issuer != release().Issuer || got.BuildSignerDigest != ci.BuildSignerDigest ||
		got.SourceRepositoryURI != ci.SourceRepositoryURI || got.RunnerEnvironment != ci.RunnerEnvironment || got.BuildTrigger != ci.BuildTrigger ||
		got.GitHubWorkflowSHA != ci.WorkflowSHA || got.SourceRepositoryVisibilityAtSigning != ci.SourceRepositoryVisibility ||
		got.SourceRepositoryIdentifier != ci.SourceRepositoryID || got.RunInvocationURI != ci.RunInvocationURI {
		t.Errorf("identity %+v", got)
	}
}

// TestAccepts: every form of bundle, signer and entry.
func TestAccepts(t *testing.T) {
	a := mint.New(mint.Options{Seed: t.Name(), Before: 12345})
	bare := mint.New(mint.Options{Seed: t.Name() + "bare", LogKind: mint.P256, TSA: mint.TSAOptions{Curve: mint.P384, Bare: true}})
	two := []*mint.Log{a.Rekor2}
	for name, r := range map[string]mint.Request{
		"v0.1":                  {Payload: says("x"), Version: "0.1"},
		"v0.1 without proof":    {Payload: says("x"), Version: "0.1", Wrong: mint.Wrong{NoProof: true}},
		"v0.2 message":          {Message: []byte("x"), Version: "0.2"},
		"intoto":                {Payload: says("x"), Entry: mint.Intoto2},
		"dsse in Rekor v2":      {Payload: says("x"), Via: two, Entry: mint.DSSE2},
		"both logs":             {Message: []byte("x"), Via: []*mint.Log{a.Rekor1, a.Rekor2}},
		"P-384":                 {Payload: says("x"), Leaf: mint.P384},
		"P-384 message":         {Message: []byte("x"), Leaf: mint.P384},
		"P-521, Rekor v2":       {Payload: says("x"), Leaf: mint.P521, Via: two},
		"Ed25519":               {Payload: says("x"), Leaf: mint.Ed25519},
		"no promise":            {Payload: says("x"), Wrong: mint.Wrong{NoPromise: true}},
		"other name":            {Payload: says("x"), Identity: mint.Identity{Other: "alice!acme.example", Issuer: "https://issuer.example", OnlyV2: true}},
		"long after":            {Payload: says("x"), At: a.Now.Add(300 * 24 * time.Hour)},
		"bare stamp, P-256 log": {Payload: says("x"), Via: []*mint.Log{bare.Rekor2}, Stamps: []*mint.TSA{bare.TSA}},
	} {
		t.Run(name, func(t *testing.T) {
			if r.Identity.Issuer == "" {
				r.Identity = release()
			}
			authority := a
			if strings.HasPrefix(name, "bare") {
				authority = bare
			}
			root, err := bundle.NewRoot(authority.TrustedRoot())
			check(t, err)
			b, err := bundle.Read(authority.Bundle(r), 0)
			check(t, err)
			v, err := bundle.VerifyCertificate(b, root, bundle.Contents([]byte("x")), bundle.Strict())
			check(t, err)
			check(t, v.Is(r.Identity.Name(), r.Identity.Issuer))
		})
	}
}

// TestKeys: bundles that a key alone signed, of every kind of key.
func TestKeys(t *testing.T) {
	a := mint.New(mint.Options{Seed: t.Name()})
	root, err := bundle.NewRoot(a.TrustedRoot())
	check(t, err)
	large, err := rsa.GenerateKey(rand.Reader, 2048)
	check(t, err)
	keys := map[string]*mint.Key{"RSA": mint.KeyOf(large)}
	for _, k := range []mint.Kind{mint.P256, mint.P384, mint.P521, mint.Ed25519} {
		keys[string(k)] = mint.NewKey(k, "key")
	}
	for name, key := range keys {
		t.Run(name, func(t *testing.T) {
			pub, err := trust.ParsePublic(key.PEM())
			check(t, err)
			for _, r := range []mint.Request{
				{Payload: says("x"), Key: key},
				{Message: []byte("x"), Key: key},
				{Payload: says("x"), Key: key, Via: []*mint.Log{a.Rekor1}},
				{Payload: says("x"), Key: key, Stamps: []*mint.TSA{a.TSA}},
			} {
				b, err := bundle.Read(a.Bundle(r), 0)
				check(t, err)
				with := root
				if len(r.Via)+len(r.Stamps) == 0 {
					with = nil
				}
				v, err := bundle.VerifyKey(b, pub, with, bundle.Contents([]byte("x")), bundle.Demand{Logs: len(r.Via), Observers: len(r.Via) + len(r.Stamps), All: true})
				check(t, err)
				if v.KeyID != pub.ID() || v.Identity != nil || v.CA != "" {
					t.Errorf("%+v", v)
				}
			}
		})
	}
}

// TestDemands: without All, what cannot be checked is passed over, and counts
// for nothing.
func TestDemands(t *testing.T) {
	a, other := mint.New(mint.Options{Seed: t.Name(), Curve: mint.P256}), mint.New(mint.Options{Seed: t.Name() + "2", Name: "other.example"})
	root, err := bundle.NewRoot(a.TrustedRoot())
	check(t, err)
	lax := bundle.Demand{SCTs: 1, Logs: 1, Observers: 1}
	more := func(change func(*bundle.Demand)) bundle.Demand { d := lax; change(&d); return d }
	for name, tt := range map[string]struct {
		r    mint.Request
		d    bundle.Demand
		want bundle.Code
	}{
		"foreign log":               {mint.Request{Via: []*mint.Log{a.Rekor1, other.Rekor1}}, lax, ""},
		"foreign log counts not":    {mint.Request{Via: []*mint.Log{a.Rekor1, other.Rekor1}}, more(func(d *bundle.Demand) { d.Logs = 2 }), bundle.LogMissing},
		"foreign log alone":         {mint.Request{Via: []*mint.Log{other.Rekor1}}, lax, bundle.UnknownLog},
		"two logs":                  {mint.Request{Via: []*mint.Log{a.Rekor1, a.Rekor2}}, more(func(d *bundle.Demand) { d.Logs, d.Observers = 2, 2 }), ""},
		"one log twice":             {mint.Request{Via: []*mint.Log{a.Rekor1, a.Rekor1}}, more(func(d *bundle.Demand) { d.Logs = 2 }), bundle.LogMissing},
		"one log twice, strictly":   {mint.Request{Via: []*mint.Log{a.Rekor1, a.Rekor1}}, bundle.Strict(), bundle.DuplicateEntry},
		"foreign authority":         {mint.Request{Stamps: []*mint.TSA{a.TSA, other.TSA}}, lax, ""},
		"foreign authority alone":   {mint.Request{Via: []*mint.Log{a.Rekor2}, Stamps: []*mint.TSA{other.TSA}}, lax, bundle.UntrustedTimestamper},
		"one authority twice":       {mint.Request{Stamps: []*mint.TSA{a.TSA, a.TSA}}, more(func(d *bundle.Demand) { d.Stamps = 2 }), bundle.TimestampMissing},
		"three observers":           {mint.Request{}, more(func(d *bundle.Demand) { d.Observers = 3 }), bundle.TimestampMissing},
		"foreign certificate log":   {mint.Request{CTs: []*mint.CT{a.CT, other.CT}}, lax, ""},
		"two certificate logs":      {mint.Request{CTs: []*mint.CT{a.CT, other.CT}}, more(func(d *bundle.Demand) { d.SCTs = 2 }), bundle.SCTMissing},
		"one certificate log twice": {mint.Request{CTs: []*mint.CT{a.CT, a.CT}}, more(func(d *bundle.Demand) { d.SCTs = 2 }), bundle.SCTMissing},
	} {
		t.Run(name, func(t *testing.T) {
			tt.r.Payload, tt.r.Identity = says("x"), release()
			err := ours(root, a.Bundle(tt.r), asked("x"), tt.d)
			if got := code(t, err); got != tt.want {
				t.Errorf("%q (%v), want %q", got, err, tt.want)
			}
		})
	}
}

// TestTogether: a root is used by many at a time.
func TestTogether(t *testing.T) {
	a := mint.New(mint.Options{Seed: t.Name(), Curve: mint.P256})
	root, err := bundle.NewRoot(a.TrustedRoot())
	check(t, err)
	var wg sync.WaitGroup
	for i := range 24 {
		data := a.Bundle(request(a, i, "x"))
		wg.Go(func() {
			if err := ours(root, data, asked("x"), bundle.Strict()); err != nil {
				t.Error(err)
			}
		})
	}
	wg.Wait()
}

// TestRoots: the roots that come with the program are those that their digests
// name.
func TestRoots(t *testing.T) {
	for name, data := range map[string][]byte{bundle.PublicGoodID: bundle.PublicGood(), bundle.StagingID: bundle.Staging()} {
		root, err := bundle.NewRoot(data)
		check(t, err)
		if root.ID() != name {
			t.Errorf("%s, want %s", root.ID(), name)
		}
	}
}

// TestAbove: what an authority above the issuer may not do, the issuer may not
// do either, although the chain above it is verified once.
func TestAbove(t *testing.T) {
	a := mint.New(mint.Options{Seed: t.Name(), Curve: mint.P256})
	for name, tt := range map[string]struct {
		root func(*x509.Certificate)
		want bundle.Code
	}{
		"nothing forbidden": {nil, bundle.CertificateTimeNeeded},
		"the name allowed":  {func(c *x509.Certificate) { c.PermittedURIDomains = []string{"example.org"} }, bundle.CertificateTimeNeeded},
		"the name not":      {func(c *x509.Certificate) { c.PermittedURIDomains = []string{"example.com"} }, bundle.UntrustedRoot},
		"nobody below it":   {func(c *x509.Certificate) { c.MaxPathLenZero = true }, bundle.UntrustedRoot},
		"for servers":       {func(c *x509.Certificate) { c.ExtKeyUsage = []x509.ExtKeyUsage{x509.ExtKeyUsageServerAuth} }, bundle.BadRoot},
		"no authority":      {func(c *x509.Certificate) { c.IsCA = false }, bundle.BadRoot},
		"over before":       {func(c *x509.Certificate) { c.NotBefore, c.NotAfter = a.Now.AddDate(-9, 0, 0), a.Now.AddDate(-8, 0, 0) }, bundle.UntrustedRoot},
	} {
		t.Run(name, func(t *testing.T) {
			top := newCrafted(t, a.Now, pkix.Name{CommonName: "top"}, tt.root)
			middle := top.authority(t, a.Now, pkix.Name{CommonName: "middle"}, nil)
			root, err := bundle.NewRoot(middle.trustedBy(t, a.TrustedRoot(), top))
			if err == nil {
				err = ours(root, middle.bundle(t, says("x"), nil), asked("x"), bundle.Demand{})
			}
			if got := code(t, err); got != tt.want {
				t.Errorf("%q (%v), want %q", got, err, tt.want)
			}
		})
	}
}

// TestOneLogTwoNames: a log is known by its key, whatever it is called.
func TestOneLogTwoNames(t *testing.T) {
	a := mint.New(mint.Options{Seed: t.Name(), Curve: mint.P256})
	trusted, double := a.Root(), a.Rekor2.As("log.other.example")
	trusted.Logs = append(trusted.Logs, double)
	root, err := bundle.NewRoot(trusted.JSON())
	check(t, err)
	data := a.Bundle(mint.Request{Payload: says("x"), Identity: release(), Via: []*mint.Log{a.Rekor2, double}})
	if got := code(t, ours(root, data, asked("x"), bundle.Strict())); got != bundle.DuplicateEntry {
		t.Errorf("strictly: %q", got)
	}
	if got := code(t, ours(root, data, asked("x"), bundle.Demand{SCTs: 1, Logs: 2, Observers: 1})); got != bundle.LogMissing {
		t.Errorf("counted: %q", got)
	}
}
