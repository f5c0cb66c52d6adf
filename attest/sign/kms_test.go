package sign_test

import (
	"bytes"
	"context"
	"crypto"
	"crypto/ecdsa"
	"crypto/ed25519"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/rsa"
	"encoding/json"
	"errors"
	"testing"

	"github.com/sigstore/sigstore/pkg/signature/kms/cliplugin/common"

	"github.com/proffer-audit/proffer/attest"
	"github.com/proffer-audit/proffer/attest/sign"
	"github.com/proffer-audit/proffer/attest/statement"
	"github.com/proffer-audit/proffer/attest/trust"
)

// service plays a program of the plugin protocol.
func service(t *testing.T, secret crypto.Signer, change func(*common.PluginResp)) sign.Runner {
	t.Helper()
	key, err := trust.KeyOf(secret)
	check(t, err)
	return func(_ context.Context, program string, args []string, stdin []byte) ([]byte, error) {
		if program != "sigstore-kms-test-hsm" || len(args) != 2 || args[0] != "v1" {
			t.Errorf("started %s %v", program, args)
		}
		var a common.PluginArgs
		check(t, json.Unmarshal([]byte(args[1]), &a))
		if a.InitOptions.KeyResourceID != "slot/1" {
			t.Errorf("asks for %q", a.InitOptions.KeyResourceID)
		}
		var resp common.PluginResp
		switch a.MethodName {
		case common.PublicKeyMethodName:
			resp.PublicKey = &common.PublicKeyResp{PublicKeyPEM: key.PublicPEM()}
		case common.SignMessageMethodName:
			m := a.SignMessage.SignOptions.MessageOptions
			data, hash := stdin, crypto.Hash(0)
			if m.Digest != nil {
				data, hash = *m.Digest, *m.HashFunc
			}
			sig, err := secret.Sign(rand.Reader, data, hash)
			check(t, err)
			resp.SignMessage = &common.SignMessageResp{Signature: sig}
		}
		if change != nil {
			change(&resp)
		}
		return json.Marshal(resp)
	}
}

func TestKMS(t *testing.T) {
	p256, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	check(t, err)
	p384, err := ecdsa.GenerateKey(elliptic.P384(), rand.Reader)
	check(t, err)
	_, ed, err := ed25519.GenerateKey(rand.Reader)
	check(t, err)
	long, err := rsa.GenerateKey(rand.Reader, 2048)
	check(t, err)
	for name, secret := range map[string]crypto.Signer{"P-256": p256, "P-384": p384, "Ed25519": ed, "RSA": long} {
		t.Run(name, func(t *testing.T) {
			key, err := sign.KMS(t.Context(), "test-hsm://slot/1", service(t, secret, nil))
			check(t, err)
			b, err := sign.Bare(key).Statement(t.Context(), payload(t, "a"))
			check(t, err)
			kind, _, err := attest.VerifyOwn(b, key.PublicPEM())
			if err != nil || kind != statement.PayloadType {
				t.Fatalf("%v, %s", err, kind)
			}
			if _, err := sign.Bare(key).File(t.Context(), bytes.NewReader([]byte("file"))); err != nil {
				t.Fatal(err)
			}
		})
	}
}

func TestKMSRefusals(t *testing.T) {
	secret, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	check(t, err)
	text := func(s string, err error) sign.Runner {
		return func(context.Context, string, []string, []byte) ([]byte, error) { return []byte(s), err }
	}
	for _, tt := range []struct {
		name, key string
		run       sign.Runner
		want      sign.Code
	}{
		{"a path for a name", "../../bin/sh://x", nil, sign.BadKeyName},
		{"an option for a name", "-x://y", nil, sign.BadKeyName},
		{"no reference", "test-hsm://", nil, sign.BadKeyName},
		{"no program", "test-hsm://slot/1", text("", errors.New("not found")), sign.BadPlugin},
		{"prints nothing", "test-hsm://slot/1", text("", nil), sign.BadPlugin},
		{"prints two things", "test-hsm://slot/1", text(`{}{}`, nil), sign.BadPlugin},
		{"says no", "test-hsm://slot/1", text(`{"errorMessage":"locked"}`, nil), sign.BadPlugin},
		{"no key", "test-hsm://slot/1", text(`{}`, nil), sign.BadPlugin},
		{"a key that is none", "test-hsm://slot/1", text(`{"publicKey":{"publicKeyPEM":"eA=="}}`, nil), sign.BadPlugin},
		{"no signature", "test-hsm://slot/1", service(t, secret, func(r *common.PluginResp) { r.SignMessage = nil }), sign.BadPlugin},
		{"a wrong signature", "test-hsm://slot/1", service(t, secret, func(r *common.PluginResp) {
			if r.SignMessage != nil {
				r.SignMessage.Signature[9] ^= 1
			}
		}), sign.BadPlugin},
	} {
		t.Run(tt.name, func(t *testing.T) {
			key, err := sign.KMS(t.Context(), tt.key, tt.run)
			if err == nil {
				_, err = sign.Bare(key).Statement(t.Context(), payload(t, "a"))
			}
			if sign.CodeOf(err) != tt.want {
				t.Fatalf("got %v, want %q", err, tt.want)
			}
		})
	}
}
