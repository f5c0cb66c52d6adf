package attest_test

import (
	"bytes"
	"encoding/json"
	"fmt"
	"os"
	"strings"
	"sync"
	"sync/atomic"
	"testing"

	"github.com/proffer-audit/proffer/attest"
	"github.com/proffer-audit/proffer/attest/bundle/mint"
	"github.com/proffer-audit/proffer/attest/trust"
)

// ownKeyless are bundles of ours of every shape, in their one form.
func ownKeyless(t testing.TB, a *mint.Authority) map[string][]byte {
	t.Helper()
	id := mint.GitHub("acme/agent", "release.yml", "refs/tags/v1", strings.Repeat("a", 40))
	out := map[string][]byte{}
	for name, r := range map[string]mint.Request{
		"rekor 1":           {Payload: provenance(t, "a"), Stamps: []*mint.TSA{}},
		"rekor 1 and stamp": {Payload: provenance(t, "a")},
		"rekor 2":           {Payload: provenance(t, "a"), Via: []*mint.Log{a.Rekor2}},
		"both logs":         {Payload: []byte(`{"run":1}`), PayloadType: "application/run+json", Via: []*mint.Log{a.Rekor1, a.Rekor2}},
	} {
		r.Identity = id
		b, err := attest.Canonicalise(a.Bundle(r))
		check(t, err)
		out[name] = b
	}
	return out
}

func ciPrincipal() trust.Principal {
	return trust.Principal{Name: "p", Identity: mint.GitHub("acme/agent", "release.yml", "refs/tags/v1", "").URI, Issuer: mint.GitHubIssuer, Root: "own"}
}

// No byte of a bundle of ours can change. Every eighth is tried here; with
// PROFFER_TEST_MUTANTS every byte of bundles of every shape, with three values
// each, which takes minutes.
func TestVerifyOwnIdentityRefusesEveryMutant(t *testing.T) {
	all := os.Getenv("PROFFER_TEST_MUTANTS") != ""
	if !all {
		t.Log("NOT ALL: one shape, and one value for every eighth byte; set PROFFER_TEST_MUTANTS for all")
	}
	for authority, options := range map[string]mint.Options{
		"certificate in stamps": {},
		"bare stamps":           {TSA: mint.TSAOptions{Bare: true}, LogKind: mint.P256},
	} {
		options.Seed, options.Curve, options.Before = t.Name(), mint.P256, 5
		a := mint.New(options)
		roots := map[string][]byte{"own": a.TrustedRoot()}
		for name, b := range ownKeyless(t, a) {
			if !all && (name != "both logs" || authority != "certificate in stamps") {
				continue
			}
			t.Run(authority+"/"+name, func(t *testing.T) { everyMutant(t, b, roots, all) })
		}
	}
}

func everyMutant(t *testing.T, b []byte, roots map[string][]byte, all bool) {
	t.Helper()
	verify, err := attest.OwnVerifier(ciPrincipal(), roots)
	check(t, err)
	check(t, verify(b))
	var wg sync.WaitGroup
	var tried atomic.Int64
	step := 1
	if !all {
		step = 8
	}
	const parts = 4
	for part := range parts {
		wg.Go(func() {
			for i := part * step; i < len(b); i += parts * step {
				values := []byte{b[i] ^ 1, 'A', b[i] ^ 32}
				if !all {
					values = values[:1]
				}
				for _, c := range values {
					m := bytes.Clone(b)
					if m[i] = c; c == b[i] {
						continue
					}
					tried.Add(1)
					if verify(m) == nil {
						t.Errorf("byte %d of %d: %q for %q is accepted, in …%s…", i, len(b), c, b[i], b[max(0, i-40):min(len(b), i+20)])
					}
				}
			}
		})
	}
	wg.Wait()
	if int(tried.Load()) < len(b)/step {
		t.Errorf("%d mutants of %d bytes", tried.Load(), len(b))
	}
	t.Logf("%d mutants of %d bytes refused", tried.Load(), len(b))
}

func TestVerifyOwnIdentityRefuses(t *testing.T) {
	a := mint.New(mint.Options{Seed: t.Name()})
	roots := map[string][]byte{"own": a.TrustedRoot(), "other": mint.New(mint.Options{Seed: "other"}).TrustedRoot()}
	good := ownKeyless(t, a)["rekor 1 and stamp"]
	honest := a.Bundle(mint.Request{Payload: provenance(t, "a"), Identity: mint.GitHub("acme/agent", "release.yml", "refs/tags/v1", "")})
	change := func(f func(m map[string]any)) []byte { return edit(t, good, f) }
	entry := func(m map[string]any) map[string]any {
		return in(m, "verificationMaterial")["tlogEntries"].([]any)[0].(map[string]any)
	}
	p := ciPrincipal()
	for name, tt := range map[string]struct {
		bundle []byte
		p      trust.Principal
		want   attest.Code
	}{
		"good":                   {good, p, ""},
		"as a service writes it": {bytes.Replace(honest, []byte(`,"`), []byte(`, "`), 1), p, attest.NotCanonical},
		"white space":            {append(bytes.Clone(good), '\n'), p, attest.NotCanonical},
		"an unknown key":         {change(func(m map[string]any) { m["note"] = "x" }), p, attest.NotCanonical},
		"a key id":               {change(func(m map[string]any) { in(m, "dsseEnvelope")["signatures"].([]any)[0].(map[string]any)["keyid"] = "x" }), p, attest.NotCanonical},
		"a witness": {change(func(m map[string]any) {
			c := in(entry(m), "inclusionProof", "checkpoint")
			c["envelope"] = c["envelope"].(string) + "— witness AAAAAAAA\n"
		}), p, attest.NotCanonical},
		"an older form":          {a.Bundle(mint.Request{Payload: provenance(t, "a"), Identity: mint.GitHub("acme/agent", "release.yml", "refs/tags/v1", ""), Version: "0.2"}), p, attest.Unreadable},
		"another identity":       {good, trust.Principal{Name: "p", Identity: p.Identity + "x", Issuer: p.Issuer, Root: "own"}, attest.WrongIdentity},
		"another build":          {good, trust.Principal{Name: "p", Identity: p.Identity, Issuer: p.Issuer, Root: "own", CI: trust.CI{Runner: mint.SelfHosted}}, attest.WrongBuild},
		"another root":           {good, trust.Principal{Name: "p", Identity: p.Identity, Issuer: p.Issuer, Root: "other"}, attest.UntrustedRoot},
		"a key":                  {good, trust.Principal{Name: "p", Key: newSigner(t).pub}, attest.BadPolicy},
		"signed with a key":      {newSigner(t).attest(t, provenance(t, "a")), p, attest.UntrustedSigner},
		"an index without proof": {change(func(m map[string]any) { delete(entry(m), "inclusionPromise") }), p, attest.NotCanonical},
		"an entry without proof": {change(func(m map[string]any) { delete(entry(m), "inclusionProof") }), p, attest.NotCanonical},
	} {
		t.Run(name, func(t *testing.T) {
			_, payload, err := attest.VerifyOwnIdentity(tt.bundle, tt.p, roots)
			if got := code(t, err); got != tt.want {
				t.Errorf("got %q (%v), want %q", got, err, tt.want)
			}
			if (err == nil) != (len(payload) > 0) {
				t.Errorf("%d bytes of payload with %v", len(payload), err)
			}
		})
	}
}

// What Canonicalise writes means the same to a verifier that does not know of it,
// and has nothing left to drop.
func TestCanonicalise(t *testing.T) {
	a := mint.New(mint.Options{Seed: t.Name()})
	roots := map[string][]byte{"own": a.TrustedRoot()}
	for name, b := range ownKeyless(t, a) {
		again, err := attest.Canonicalise(b)
		check(t, err)
		if !bytes.Equal(again, b) {
			t.Errorf("%s: the one form has another", name)
		}
		if name == "both logs" {
			continue // not a statement, which is all that sigstore-go's envelopes hold
		}
		if err := stock(t, roots["own"], b, ciPrincipal()); err != nil {
			t.Errorf("%s: %v", name, err)
		}
	}
	witnessed := edit(t, a.Bundle(mint.Request{Payload: provenance(t, "a"), Identity: mint.GitHub("acme/agent", "release.yml", "refs/tags/v1", ""), Via: []*mint.Log{a.Rekor2}}), func(m map[string]any) {
		e := in(m, "verificationMaterial")["tlogEntries"].([]any)[0].(map[string]any)
		c := in(e, "inclusionProof", "checkpoint")
		c["envelope"] = c["envelope"].(string) + "\u2014 witness.example AAAAAAAA\n"
	})
	b, err := attest.Canonicalise(witnessed)
	check(t, err)
	if bytes.Contains(b, []byte("witness")) {
		t.Error("a witness stayed")
	}
	if _, _, err := attest.VerifyOwnIdentity(b, ciPrincipal(), roots); err != nil {
		t.Error(err)
	}
	for name, broken := range map[string]string{
		"nothing": "", "no bundle": "{}", "a message": string(a.Bundle(mint.Request{Message: []byte("x"), Identity: mint.Email("a@b.example", "https://i.example")})),
	} {
		if out, err := attest.Canonicalise([]byte(broken)); err == nil {
			t.Errorf("%s became %s", name, out)
		}
	}
	var shape struct {
		Type string `json:"mediaType"`
	}
	check(t, json.Unmarshal(b, &shape))
	if !strings.Contains(fmt.Sprint(shape), "v0.3") {
		t.Error(shape)
	}
}
