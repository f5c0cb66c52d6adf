package trust_test

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"testing"

	"github.com/proffer-audit/proffer/attest/trust"
)

func TestKeyOf(t *testing.T) {
	for _, tt := range []struct {
		name  string
		curve elliptic.Curve
		want  trust.Code
	}{
		{"trusted", elliptic.P256(), ""},
		{"weak", elliptic.P224(), trust.WeakKey},
	} {
		t.Run(tt.name, func(t *testing.T) {
			secret, err := ecdsa.GenerateKey(tt.curve, rand.Reader)
			if err != nil {
				t.Fatal(err)
			}
			key, err := trust.KeyOf(secret)
			if tt.want != "" {
				if e, ok := err.(*trust.Error); !ok || e.Code != tt.want {
					t.Fatalf("got %v, want %s", err, tt.want)
				}
				return
			}
			if err != nil {
				t.Fatal(err)
			}
			pub, err := trust.ParsePublic(key.PublicPEM())
			if err != nil || !secret.PublicKey.Equal(pub.Key) {
				t.Fatalf("another public key: %v", err)
			}
		})
	}
}
