package attest_test

import (
	"bytes"
	"context"
	"crypto/ecdsa"
	"crypto/ed25519"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/rsa"
	"crypto/x509"
	"encoding/asn1"
	"encoding/base64"
	"encoding/json"
	"encoding/pem"
	"math/big"
	"strings"
	"testing"

	"github.com/proffer-audit/proffer/attest"
	"github.com/proffer-audit/proffer/attest/statement"
	"github.com/proffer-audit/proffer/attest/trust"
)

func loadPrivate(t *testing.T, key any) *trust.Key {
	t.Helper()
	der, err := x509.MarshalPKCS8PrivateKey(key)
	check(t, err)
	k, err := trust.LoadKey(pem.EncodeToMemory(&pem.Block{Type: "PRIVATE KEY", Bytes: der}), nil)
	check(t, err)
	return k
}

func TestSignAndVerify(t *testing.T) {
	ec := func(c elliptic.Curve) any {
		k, err := ecdsa.GenerateKey(c, rand.Reader)
		check(t, err)
		return k
	}
	_, ed, err := ed25519.GenerateKey(rand.Reader)
	check(t, err)
	rsaKey, err := rsa.GenerateKey(rand.Reader, 2048)
	check(t, err)
	for name, private := range map[string]any{
		"P-256": ec(elliptic.P256()), "P-384": ec(elliptic.P384()), "P-521": ec(elliptic.P521()), "Ed25519": ed, "RSA": rsaKey,
	} {
		t.Run(name, func(t *testing.T) {
			s := signer{key: loadPrivate(t, private)}
			s.pub = s.key.PublicPEM()
			for payloadType, payload := range map[string][]byte{
				statement.PayloadType:  provenance(t, "a"),
				"application/run+json": []byte(`{"at":1}`),
			} {
				b := s.sign(t, payloadType, payload)
				if !statement.IsCanonical(b) {
					t.Errorf("bundle is not canonical: %s", b)
				}
				for verifier, verify := range map[string]func(b, p []byte) (string, []byte, error){"VerifyKey": attest.VerifyKey, "VerifyOwn": attest.VerifyOwn} {
					gotType, got, err := verify(b, s.pub)
					if err != nil || gotType != payloadType || !bytes.Equal(got, payload) {
						t.Errorf("%s: %s, %q, %v", verifier, gotType, got, err)
					}
				}
			}
		})
	}
}

func TestSignRefuses(t *testing.T) {
	s := newSigner(t)
	for name, tt := range map[string]struct {
		payloadType string
		payload     []byte
	}{
		"nothing":                     {"application/x", nil},
		"no type":                     {"", []byte("x")},
		"not a statement":             {statement.PayloadType, []byte(`{}`)},
		"statement with two readings": {statement.PayloadType, bytes.Replace(provenance(t, "a"), []byte(`"predicateType"`), []byte(`"Subject":[],"predicateType"`), 1)},
		"statement not canonical":     {statement.PayloadType, append(provenance(t, "a"), '\n')},
	} {
		t.Run(name, func(t *testing.T) {
			if b, err := attest.Sign(context.Background(), s.key, tt.payloadType, tt.payload); err == nil {
				t.Errorf("signed %s", b)
			}
		})
	}
	ctx, cancel := context.WithCancel(context.Background())
	cancel()
	if _, err := attest.Sign(ctx, s.key, "application/x", []byte("x")); err == nil {
		t.Error("signed after the context ended")
	}
}

// edit changes a bundle as JSON and writes it in canonical form again.
func edit(t *testing.T, b []byte, change func(m map[string]any)) []byte {
	t.Helper()
	var m map[string]any
	check(t, json.Unmarshal(b, &m))
	change(m)
	out, err := statement.Canonical(m)
	check(t, err)
	return out
}

func in(m map[string]any, path ...string) map[string]any {
	for _, p := range path {
		m = m[p].(map[string]any)
	}
	return m
}

// otherS gives the second form of an ECDSA signature.
func otherS(t *testing.T, sig string) string {
	t.Helper()
	raw, err := base64.StdEncoding.DecodeString(sig)
	check(t, err)
	var v struct{ R, S *big.Int }
	_, err = asn1.Unmarshal(raw, &v)
	check(t, err)
	v.S.Sub(elliptic.P256().Params().N, v.S)
	raw, err = asn1.Marshal(v)
	check(t, err)
	return base64.StdEncoding.EncodeToString(raw)
}

func TestVerifyOwnRefuses(t *testing.T) {
	s, other := newSigner(t), newSigner(t)
	good := s.attest(t, provenance(t, "a"))
	firstSig := func(m map[string]any) map[string]any {
		return in(m, "dsseEnvelope")["signatures"].([]any)[0].(map[string]any)
	}
	for _, tt := range []struct {
		name   string
		bundle []byte
		pub    []byte
		want   attest.Code
	}{
		{"white space after", append(bytes.Clone(good), '\n'), s.pub, attest.NotCanonical},
		{"white space inside", bytes.Replace(good, []byte(","), []byte(", "), 1), s.pub, attest.NotCanonical},
		{"an escape for a letter", bytes.Replace(good, []byte("in-toto"), []byte(`in\u002dtoto`), 1), s.pub, attest.NotCanonical},
		{"another key", good, other.pub, attest.UntrustedSigner},
		{"another key's bundle under our hint", edit(t, other.attest(t, provenance(t, "a")), func(m map[string]any) {
			in(m, "verificationMaterial")["publicKey"] = map[string]any{"hint": hintOf(t, good)}
		}), s.pub, attest.BadSignature},
		{"second form of the signature", edit(t, good, func(m map[string]any) {
			firstSig(m)["sig"] = otherS(t, firstSig(m)["sig"].(string))
		}), s.pub, attest.NotCanonical},
		{"signature is not DER", edit(t, good, func(m map[string]any) { firstSig(m)["sig"] = "AAAA" }), s.pub, attest.NotCanonical},
		{"other payload", edit(t, good, func(m map[string]any) {
			in(m, "dsseEnvelope")["payload"] = base64.StdEncoding.EncodeToString(provenance(t, "b"))
		}), s.pub, attest.BadSignature},
		{"other payload type", edit(t, good, func(m map[string]any) { in(m, "dsseEnvelope")["payloadType"] = "text/plain" }), s.pub, attest.BadSignature},
		{"other media type", edit(t, good, func(m map[string]any) { m["mediaType"] = "application/vnd.dev.sigstore.bundle+json;version=0.3" }), s.pub, attest.Unreadable},
		{"two signatures", edit(t, good, func(m map[string]any) {
			in(m, "dsseEnvelope")["signatures"] = []any{firstSig(m), firstSig(m)}
		}), s.pub, attest.Unreadable},
		{"no signature", edit(t, good, func(m map[string]any) { in(m, "dsseEnvelope")["signatures"] = []any{} }), s.pub, attest.Unreadable},
		{"unknown field", edit(t, good, func(m map[string]any) { m["note"] = "x" }), s.pub, attest.Unreadable},
		{"key id beside the signature", edit(t, good, func(m map[string]any) { firstSig(m)["keyid"] = "x" }), s.pub, attest.Unreadable},
		{"a log entry", edit(t, good, func(m map[string]any) { in(m, "verificationMaterial")["tlogEntries"] = []any{} }), s.pub, attest.Unreadable},
		{"not a bundle", []byte("{}"), s.pub, attest.Unreadable},
		{"empty", nil, s.pub, attest.Unreadable},
		{"not a key", good, []byte("x"), attest.BadPolicy},
		{"huge", bytes.Repeat([]byte(" "), attest.MaxOwn+1), s.pub, attest.TooLarge},
	} {
		t.Run(tt.name, func(t *testing.T) {
			gotType, payload, err := attest.VerifyOwn(tt.bundle, tt.pub)
			if got := code(t, err); got != tt.want {
				t.Fatalf("got %q (%v), want %q", got, err, tt.want)
			}
			if payload != nil || gotType != "" {
				t.Error("a payload that was not verified came back")
			}
		})
	}
}

func hintOf(t *testing.T, b []byte) string {
	t.Helper()
	var m map[string]any
	check(t, json.Unmarshal(b, &m))
	return in(m, "verificationMaterial", "publicKey")["hint"].(string)
}

// No byte of our own bundle can change: every byte, two masks.
func TestVerifyOwnRefusesEveryMutant(t *testing.T) {
	s := newSigner(t)
	good := s.attest(t, provenance(t, "a"))
	refused := 0
	for i := range good {
		for _, mask := range []byte{0x01, 0x20} {
			mutant := bytes.Clone(good)
			mutant[i] ^= mask
			if _, _, err := attest.VerifyOwn(mutant, s.pub); code(t, err) == "" {
				t.Errorf("byte %d (%q) xor %#x still verifies", i, good[i], mask)
			} else {
				refused++
			}
		}
		if _, _, err := attest.VerifyOwn(good[:i], s.pub); err == nil {
			t.Errorf("cut at %d still verifies", i)
		}
	}
	if refused != 2*len(good) {
		t.Errorf("%d of %d mutants refused", refused, 2*len(good))
	}
}

func TestVerifyKeyRefuses(t *testing.T) {
	s, other := newSigner(t), newSigner(t)
	good := s.attest(t, provenance(t, "a"))
	v := newVirtual(t)
	for _, tt := range []struct {
		name   string
		bundle []byte
		pub    []byte
		want   attest.Code
	}{
		{"another key", good, other.pub, attest.BadSignature},
		{"signed with a certificate", v.attestAs(t, alice, issuer, provenance(t, "a"), signOptions{}), s.pub, attest.UntrustedSigner},
		{"duplicate key in the bundle", bytes.Replace(good, []byte(`"mediaType"`), []byte(`"mediaType":"x","mediaType"`), 1), s.pub, attest.Unreadable},
		{"two spellings of one field", bytes.Replace(good, []byte(`"mediaType"`), []byte(`"media_type":"application/vnd.dev.sigstore.bundle.v0.3+json","mediaType"`), 1), s.pub, attest.Unreadable},
		{"a bare message signature", []byte(`{"mediaType":"application/vnd.dev.sigstore.bundle.v0.3+json","verificationMaterial":{"publicKey":{"hint":"x"}},"messageSignature":{"messageDigest":{"algorithm":"SHA2_256","digest":"AA=="},"signature":"AA=="}}`), s.pub, attest.Unreadable},
		{"two signatures", bytes.Replace(good, []byte(`"signatures":[`), []byte(`"signatures":[{"sig":"AAAA"},`), 1), s.pub, attest.Unreadable},
		{"a timestamp that nobody can check", bytes.Replace(good, []byte(`"verificationMaterial":{`), []byte(`"verificationMaterial":{"timestampVerificationData":{"rfc3161Timestamps":[{"signedTimestamp":"AAAA"}]},`), 1), s.pub, attest.UnexpectedMaterial},
		{"no payload", edit(t, good, func(m map[string]any) { in(m, "dsseEnvelope")["payload"] = "" }), s.pub, attest.Unreadable},
		{"no payload type", edit(t, good, func(m map[string]any) { in(m, "dsseEnvelope")["payloadType"] = "" }), s.pub, attest.Unreadable},
		{"empty signature", edit(t, good, func(m map[string]any) { in(m, "dsseEnvelope")["signatures"] = []any{map[string]any{"sig": ""}} }), s.pub, attest.Unreadable},
		{"a certificate that is none", bytes.Replace(good, []byte(`"publicKey":{"hint":"`+hintOf(t, good)+`"}`), []byte(`"certificate":{"rawBytes":"AAAA"}`), 1), s.pub, "bad-certificate"},
		{"unsupported version", bytes.Replace(good, []byte("bundle.v0.3"), []byte("bundle.v0.9"), 1), s.pub, "unknown-version"},
		{"no material", bytes.Replace(good, []byte(`"publicKey"`), []byte(`"x509CertificateChain"`), 1), s.pub, attest.Unreadable},
		{"empty", nil, s.pub, attest.Unreadable},
		{"not JSON", []byte("bundle"), s.pub, attest.Unreadable},
		{"not a key", good, []byte("x"), attest.BadPolicy},
		{"huge", []byte(strings.Repeat(" ", attest.MaxBundle+1)), s.pub, attest.TooLarge},
	} {
		t.Run(tt.name, func(t *testing.T) {
			_, payload, err := attest.VerifyKey(tt.bundle, tt.pub)
			if got := code(t, err); got != tt.want || payload != nil {
				t.Errorf("got %q (%v), want %q", got, err, tt.want)
			}
		})
	}
}
