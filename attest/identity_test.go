package attest_test

import (
	"bytes"
	"crypto/elliptic"
	"encoding/base64"
	"encoding/json"
	"testing"

	"github.com/sigstore/sigstore-go/pkg/testing/data"

	"github.com/proffer-audit/proffer/attest"
	"github.com/proffer-audit/proffer/attest/trust"
)

const (
	npmWorkflow = "https://github.com/sigstore/sigstore-js/.github/workflows/release.yml@refs/heads/main"
	ghIssuer    = "https://token.actions.githubusercontent.com"
)

func identity(san, issuer, root string) trust.Principal {
	return trust.Principal{Name: "p", Identity: san, Issuer: issuer, Root: root}
}

// A bundle that the public log holds, under the public root.
func TestVerifyIdentityPublicGood(t *testing.T) {
	b, err := data.Bundle(t, "sigstore.js@2.0.0-provenance.sigstore.json").MarshalJSON()
	check(t, err)
	publicGood, err := data.TrustedRoot(t, "public-good.json").MarshalJSON()
	check(t, err)
	roots := map[string][]byte{"public-good": publicGood, "own": newVirtual(t).trustedRoot(t)}
	match := func(pattern string) trust.Principal {
		return trust.Principal{Name: "p", Match: pattern, Issuer: ghIssuer, Root: "public-good"}
	}
	for _, tt := range []struct {
		name string
		p    trust.Principal
		want attest.Code
	}{
		{"exact", identity(npmWorkflow, ghIssuer, "public-good"), ""},
		{"match", match(`https://github\.com/sigstore/sigstore-js/\.github/workflows/[a-z]+\.yml@refs/heads/main`), ""},

		{"a prefix is not a match", match(`https://github\.com/sigstore/sigstore-js/\.github/workflows/release`), attest.WrongIdentity},
		{"a part is not a match", match(`sigstore-js`), attest.WrongIdentity},
		{"another name", identity(npmWorkflow+"x", ghIssuer, "public-good"), attest.WrongIdentity},
		{"a name in another case", identity("https://github.com/Sigstore/sigstore-js/.github/workflows/release.yml@refs/heads/main", ghIssuer, "public-good"), attest.WrongIdentity},
		{"another issuer", identity(npmWorkflow, "https://accounts.example", "public-good"), attest.WrongIdentity},
		{"another root", identity(npmWorkflow, ghIssuer, "own"), attest.UntrustedRoot},
		{"a root that is not given", identity(npmWorkflow, ghIssuer, "elsewhere"), attest.BadPolicy},
		{"everybody", match(`.*`), attest.BadPolicy},
		{"no issuer", trust.Principal{Name: "p", Identity: npmWorkflow, Root: "public-good"}, attest.BadPolicy},
		{"a key", trust.Principal{Name: "p", Key: newSigner(t).pub}, attest.BadPolicy},
	} {
		t.Run(tt.name, func(t *testing.T) {
			payloadType, payload, err := attest.VerifyIdentity(b, tt.p, roots)
			if got := code(t, err); got != tt.want {
				t.Fatalf("got %q (%v), want %q", got, err, tt.want)
			}
			if (err == nil) != (payloadType == "application/vnd.in-toto+json" && len(payload) > 0) {
				t.Errorf("payload %s, %d bytes", payloadType, len(payload))
			}
		})
	}
}

// flip changes the last letter but two of a base64 field, wherever it stands.
func flip(t *testing.T, b []byte, path ...string) []byte {
	t.Helper()
	return edit(t, b, func(m map[string]any) {
		parent := in(m, path[:len(path)-1]...)
		name := path[len(path)-1]
		raw, err := base64.StdEncoding.DecodeString(parent[name].(string))
		check(t, err)
		raw[len(raw)/2] ^= 1
		parent[name] = base64.StdEncoding.EncodeToString(raw)
	})
}

func TestVerifyIdentityVirtual(t *testing.T) {
	v, stranger := newVirtual(t), newVirtual(t)
	roots := map[string][]byte{"own": v.trustedRoot(t)}
	payload := provenance(t, "a")
	good := v.attestAs(t, alice, issuer, payload, signOptions{})
	sigPath := func(b []byte) []byte {
		return edit(t, b, func(m map[string]any) {
			sigs := in(m, "dsseEnvelope")["signatures"].([]any)
			raw, err := base64.StdEncoding.DecodeString(sigs[0].(map[string]any)["sig"].(string))
			check(t, err)
			raw[len(raw)-1] ^= 1
			sigs[0] = map[string]any{"sig": base64.StdEncoding.EncodeToString(raw)}
		})
	}
	firstEntry := func(m map[string]any) map[string]any {
		return in(m, "verificationMaterial")["tlogEntries"].([]any)[0].(map[string]any)
	}
	stamps := func(m map[string]any) map[string]any {
		return in(m, "verificationMaterial", "timestampVerificationData")
	}
	for _, tt := range []struct {
		name   string
		bundle []byte
		want   attest.Code
	}{
		{"good", good, ""},
		{"log entry without a timestamp authority", v.attestAs(t, alice, issuer, payload, signOptions{noTimestamp: true}), ""},
		{"a name of another kind", v.attestAs(t, alice, issuer, payload, signOptions{otherName: true}), ""},

		{"larger curve", v.attestAs(t, alice, issuer, payload, signOptions{curve: elliptic.P384(), noLog: true}), "log-entry-missing"},
		{"larger curve, payload changed", flip(t, v.attestAs(t, alice, issuer, payload, signOptions{curve: elliptic.P384(), noLog: true}), "dsseEnvelope", "payload"), attest.BadSignature},
		{"another name", v.attestAs(t, bob, issuer, payload, signOptions{}), attest.WrongIdentity},
		{"another issuer", v.attestAs(t, alice, "https://issuer.example/x", payload, signOptions{}), attest.WrongIdentity},
		{"self-made root, right name", stranger.attestAs(t, alice, issuer, payload, signOptions{}), attest.UntrustedRoot},
		{"self-made root, our log", stranger.attestAs(t, alice, issuer, payload, signOptions{log: v}), attest.UntrustedRoot},
		{"signed with a key", newSigner(t).attest(t, payload), attest.UntrustedSigner},
		{"payload changed", flip(t, good, "dsseEnvelope", "payload"), attest.BadSignature},
		{"signature changed", sigPath(good), attest.BadSignature},
		{"payload type changed", edit(t, good, func(m map[string]any) { in(m, "dsseEnvelope")["payloadType"] = "x/y" }), attest.BadSignature},
		{"certificate of another", edit(t, good, func(m map[string]any) {
			other := v.attestAs(t, alice, issuer, payload, signOptions{})
			var o map[string]any
			check(t, json.Unmarshal(other, &o))
			in(m, "verificationMaterial")["certificate"] = in(o, "verificationMaterial")["certificate"]
		}), attest.BadSignature},

		{"no certificate timestamp", v.attestAs(t, alice, issuer, payload, signOptions{noSCT: true}), "sct-missing"},
		{"no log entry", v.attestAs(t, alice, issuer, payload, signOptions{noLog: true}), "log-entry-missing"},
		{"neither log entry nor timestamp", v.attestAs(t, alice, issuer, payload, signOptions{noLog: true, noTimestamp: true}), "log-entry-missing"},
		{"another log", v.attestAs(t, alice, issuer, payload, signOptions{log: stranger}), "unknown-log"},
		{"log entry of another bundle", edit(t, good, func(m map[string]any) {
			var o map[string]any
			check(t, json.Unmarshal(v.attestAs(t, alice, issuer, payload, signOptions{}), &o))
			in(m, "verificationMaterial")["tlogEntries"] = in(o, "verificationMaterial")["tlogEntries"]
		}), "entry-other-signature"},
		{"log entry twice", edit(t, good, func(m map[string]any) {
			in(m, "verificationMaterial")["tlogEntries"] = []any{firstEntry(m), firstEntry(m)}
		}), "duplicate-log-entry"},
		{"an entry of a foreign log beside the good one", edit(t, good, func(m map[string]any) {
			var o map[string]any
			check(t, json.Unmarshal(v.attestAs(t, alice, issuer, payload, signOptions{log: stranger}), &o))
			in(m, "verificationMaterial")["tlogEntries"] = []any{firstEntry(m), firstEntry(o)}
		}), "unknown-log"},
		{"log time changed", edit(t, good, func(m map[string]any) { firstEntry(m)["integratedTime"] = "1600000000" }), "log-not-valid"},
		{"timestamp of another signature", edit(t, good, func(m map[string]any) {
			var o map[string]any
			check(t, json.Unmarshal(v.attestAs(t, alice, issuer, payload, signOptions{}), &o))
			in(m, "verificationMaterial")["timestampVerificationData"] = stamps(o)
		}), "timestamp-other-signature"},
		{"timestamp that is none", edit(t, good, func(m map[string]any) {
			stamps(m)["rfc3161Timestamps"] = []any{map[string]any{"signedTimestamp": "AAAA"}}
		}), "bad-timestamp"},
		{"the same timestamp twice", edit(t, good, func(m map[string]any) {
			list := stamps(m)["rfc3161Timestamps"].([]any)
			stamps(m)["rfc3161Timestamps"] = append(list, list...)
		}), "duplicate-timestamp-authority"},

		{"not a statement", v.attestAs(t, alice, issuer, []byte("text"), signOptions{payloadType: "text/plain"}), attest.BadStatement},
		{"a statement with two readings", v.attestAs(t, alice, issuer, bytes.Replace(payload, []byte(`"predicateType"`), []byte(`"Subject":[],"predicateType"`), 1), signOptions{}), attest.BadStatement},
	} {
		t.Run(tt.name, func(t *testing.T) {
			_, got, err := attest.VerifyIdentity(tt.bundle, identity(alice, issuer, "own"), roots)
			if c := code(t, err); c != tt.want {
				t.Fatalf("got %q (%v), want %q", c, err, tt.want)
			}
			if err == nil && !bytes.Equal(got, payload) {
				t.Errorf("payload %s", got)
			}
		})
	}
}
