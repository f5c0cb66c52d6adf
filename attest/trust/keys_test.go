package trust_test

import (
	"bytes"
	"crypto"
	//lint:ignore SA1019 a kind of key that must be refused
	"crypto/dsa"
	"crypto/ecdh"
	"crypto/ecdsa"
	"crypto/ed25519"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/rsa"
	"crypto/sha256"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/asn1"
	"encoding/hex"
	"encoding/pem"
	"errors"
	"strings"
	"testing"

	"github.com/sigstore/sigstore/pkg/cryptoutils"

	"github.com/proffer-audit/proffer/attest/trust"
)

// code is the code of a refusal, or "" where there was none.
func code(t *testing.T, err error) trust.Code {
	t.Helper()
	if err == nil {
		return ""
	}
	var e *trust.Error
	if !errors.As(err, &e) {
		t.Fatalf("error %v is not an *Error", err)
	}
	return e.Code
}

func must[T any](v T, err error) func(*testing.T) T {
	return func(t *testing.T) T {
		t.Helper()
		if err != nil {
			t.Fatal(err)
		}
		return v
	}
}

func ecKey(t *testing.T, c elliptic.Curve) *ecdsa.PrivateKey {
	return must(ecdsa.GenerateKey(c, rand.Reader))(t)
}

// publicPEM encodes without any of the checks under test.
func publicPEM(t *testing.T, key crypto.PublicKey) []byte {
	der := must(x509.MarshalPKIXPublicKey(key))(t)
	return pem.EncodeToMemory(&pem.Block{Type: "PUBLIC KEY", Bytes: der})
}

func privatePEM(t *testing.T, key any) []byte {
	der := must(x509.MarshalPKCS8PrivateKey(key))(t)
	return pem.EncodeToMemory(&pem.Block{Type: "PRIVATE KEY", Bytes: der})
}

func TestParsePublic(t *testing.T) {
	rsaKey := must(rsa.GenerateKey(rand.Reader, 2048))(t)
	weakRSA := must(rsa.GenerateKey(rand.Reader, 1024))(t)
	edPub, _, err := ed25519.GenerateKey(rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	good := publicPEM(t, ecKey(t, elliptic.P256()).Public())
	withHeader := bytes.Replace(good, []byte("KEY-----\n"), []byte("KEY-----\nA: b\n\n"), 1)
	for _, tt := range []struct {
		name string
		in   []byte
		want trust.Code
	}{
		{"P-256", good, ""},
		{"P-384", publicPEM(t, ecKey(t, elliptic.P384()).Public()), ""},
		{"P-521", publicPEM(t, ecKey(t, elliptic.P521()).Public()), ""},
		{"Ed25519", publicPEM(t, edPub), ""},
		{"RSA 2048", publicPEM(t, rsaKey.Public()), ""},
		{"white space around", append([]byte(" \n\t"), append(good, "\r\n \n"...)...), ""},
		{"line ends of Windows", bytes.ReplaceAll(good, []byte("\n"), []byte("\r\n")), ""},

		{"P-224", publicPEM(t, ecKey(t, elliptic.P224()).Public()), trust.WeakKey},
		{"RSA 1024", publicPEM(t, weakRSA.Public()), trust.WeakKey},
		{"RSA of 8200 bits", publicPEM(t, &rsa.PublicKey{N: new(bigInt).Lsh(rsaKey.N, 8200-2048), E: 65537}), trust.WeakKey},
		{"X25519", publicPEM(t, must(ecdh.X25519().GenerateKey(rand.Reader))(t).Public()), trust.WeakKey},
		{"DSA", dsaPEM(t), trust.WeakKey},

		{"empty", nil, trust.BadKey},
		{"no PEM", []byte("key"), trust.BadKey},
		{"text before", append([]byte("my key:\n"), good...), trust.BadKey},
		{"text after", append(bytes.Clone(good), "x"...), trust.BadKey},
		{"two blocks", append(bytes.Clone(good), good...), trust.BadKey},
		{"broken block before", append([]byte("-----BEGIN PUBLIC KEY-----\n!\n"), good...), trust.BadKey},
		{"headers", withHeader, trust.BadKey},
		{"private key", privatePEM(t, rsaKey), trust.BadKey},
		{"PKCS#1", pem.EncodeToMemory(&pem.Block{Type: "RSA PUBLIC KEY", Bytes: x509.MarshalPKCS1PublicKey(&rsaKey.PublicKey)}), trust.BadKey},
		{"not DER", pem.EncodeToMemory(&pem.Block{Type: "PUBLIC KEY", Bytes: []byte("x")}), trust.BadKey},
		{"another DER form of an RSA key", paddedRSA(t, &rsaKey.PublicKey), trust.BadKey},
		{"huge file", bytes.Repeat([]byte("\n"), 1<<20), trust.BadKey},
	} {
		t.Run(tt.name, func(t *testing.T) {
			p, err := trust.ParsePublic(tt.in)
			if got := code(t, err); got != tt.want {
				t.Fatalf("got %q (%v), want %q", got, err, tt.want)
			}
			if err != nil {
				return
			}
			der := must(x509.MarshalPKIXPublicKey(p.Key))(t)
			sum := sha256.Sum256(der)
			if p.ID() != "sha256:"+hex.EncodeToString(sum[:]) {
				t.Errorf("ID %s", p.ID())
			}
			again, err := trust.ParsePublic(p.PEM())
			if err != nil || again.ID() != p.ID() {
				t.Errorf("PEM does not read back: %v", err)
			}
		})
	}
}

// paddedRSA encodes an RSA key with one more number behind modulus and
// exponent, which crypto/x509 overlooks: one key under a second digest.
func paddedRSA(t *testing.T, key *rsa.PublicKey) []byte {
	inner := must(asn1.Marshal(struct {
		N, E, Extra *bigInt
	}{key.N, newInt(int64(key.E)), newInt(7)}))(t)
	der := must(asn1.Marshal(struct {
		Algorithm pkix.AlgorithmIdentifier
		Key       asn1.BitString
	}{
		pkix.AlgorithmIdentifier{Algorithm: asn1.ObjectIdentifier{1, 2, 840, 113549, 1, 1, 1}, Parameters: asn1.NullRawValue},
		asn1.BitString{Bytes: inner, BitLength: 8 * len(inner)},
	}))(t)
	if _, err := x509.ParsePKIXPublicKey(der); err != nil {
		t.Fatalf("crypto/x509 refuses the padded key by itself: %v", err)
	}
	return pem.EncodeToMemory(&pem.Block{Type: "PUBLIC KEY", Bytes: der})
}

func dsaPEM(t *testing.T) []byte {
	var k dsa.PrivateKey
	if err := dsa.GenerateParameters(&k.Parameters, rand.Reader, dsa.L1024N160); err != nil {
		t.Fatal(err)
	}
	if err := dsa.GenerateKey(&k, rand.Reader); err != nil {
		t.Fatal(err)
	}
	y := must(asn1.Marshal(k.Y))(t)
	params := must(asn1.Marshal(struct{ P, Q, G *bigInt }{k.P, k.Q, k.G}))(t)
	der := must(asn1.Marshal(struct {
		Algorithm pkix.AlgorithmIdentifier
		Key       asn1.BitString
	}{
		pkix.AlgorithmIdentifier{Algorithm: asn1.ObjectIdentifier{1, 2, 840, 10040, 4, 1}, Parameters: asn1.RawValue{FullBytes: params}},
		asn1.BitString{Bytes: y, BitLength: 8 * len(y)},
	}))(t)
	return pem.EncodeToMemory(&pem.Block{Type: "PUBLIC KEY", Bytes: der})
}

func TestNewKey(t *testing.T) {
	for _, pass := range []string{"", "correct horse"} {
		private, public, err := trust.NewKey([]byte(pass))
		if err != nil {
			t.Fatal(err)
		}
		if got := strings.Contains(string(private), "ENCRYPTED SIGSTORE PRIVATE KEY"); got != (pass != "") {
			t.Errorf("passphrase %q: encrypted is %v", pass, got)
		}
		key, err := trust.LoadKey(private, []byte(pass))
		if err != nil {
			t.Fatal(err)
		}
		if !bytes.Equal(key.PublicPEM(), public) {
			t.Error("the public key is another one")
		}
		ec, ok := key.Signer().Public().(*ecdsa.PublicKey)
		if !ok || ec.Curve != elliptic.P256() {
			t.Errorf("key is %T", key.Signer().Public())
		}
		// The tools of sigstore read the same file.
		theirs, err := cryptoutils.UnmarshalPEMToPrivateKey(private, cryptoutils.StaticPasswordFunc([]byte(pass)))
		if err != nil || !ec.Equal(theirs.(crypto.Signer).Public()) {
			t.Errorf("sigstore does not read the key: %v", err)
		}
	}
}

func TestNewKeysDiffer(t *testing.T) {
	_, a, errA := trust.NewKey(nil)
	_, b, errB := trust.NewKey(nil)
	if errA != nil || errB != nil || bytes.Equal(a, b) {
		t.Errorf("two new keys are equal, or failed: %v, %v", errA, errB)
	}
}

func TestLoadKey(t *testing.T) {
	encrypted, _, err := trust.NewKey([]byte("right"))
	if err != nil {
		t.Fatal(err)
	}
	_, edKey, err := ed25519.GenerateKey(rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	edit := func(old, new string) []byte {
		block, _ := pem.Decode(encrypted)
		return pem.EncodeToMemory(&pem.Block{Type: block.Type, Bytes: bytes.Replace(block.Bytes, []byte(old), []byte(new), 1)})
	}
	cosign := bytes.ReplaceAll(encrypted, []byte("SIGSTORE"), []byte("COSIGN"))
	damaged := func() []byte {
		block, _ := pem.Decode(encrypted)
		i := bytes.LastIndex(block.Bytes, []byte(`":"`)) + 3
		block.Bytes[i] ^= 1 // 'A' and '@' apart, base64 stays base64 for most letters
		if block.Bytes[i] == '@' || block.Bytes[i] == '.' {
			block.Bytes[i] = 'B'
		}
		return pem.EncodeToMemory(block)
	}
	for _, tt := range []struct {
		name string
		in   []byte
		pass string
		want trust.Code
	}{
		{"encrypted", encrypted, "right", ""},
		{"under cosign's older name", cosign, "right", ""},
		{"in the clear", privatePEM(t, edKey), "", ""},
		{"in the clear, passphrase at hand", privatePEM(t, edKey), "unused", ""},

		{"no passphrase", encrypted, "", trust.PassphraseNeeded},
		{"wrong passphrase", encrypted, "wrong", trust.WrongPassphrase},
		{"file changed", damaged(), "right", trust.WrongPassphrase},

		{"work factor chosen by the file", edit(`"N":65536`, `"N":1073741824`), "right", trust.BadKey},
		{"other cipher", edit("nacl/secretbox", "none/secretbox"), "right", trust.BadKey},
		{"short nonce", edit(`"nonce":"`, `"nonce":"AAAA`), "right", trust.BadKey},
		{"two ciphertexts", edit(`"ciphertext"`, `"ciphertext":"","ciphertext"`), "right", trust.BadKey},
		{"not JSON inside", pem.EncodeToMemory(&pem.Block{Type: "ENCRYPTED SIGSTORE PRIVATE KEY", Bytes: []byte("x")}), "right", trust.BadKey},
		{"not PKCS#8 inside", pem.EncodeToMemory(&pem.Block{Type: "PRIVATE KEY", Bytes: []byte("x")}), "", trust.BadKey},
		{"a public key", publicPEM(t, edKey.Public()), "", trust.BadKey},
		{"a key that cannot sign", privatePEM(t, must(ecdh.X25519().GenerateKey(rand.Reader))(t)), "", trust.BadKey},
		{"no PEM", []byte("x"), "", trust.BadKey},
		{"P-224", privatePEM(t, ecKey(t, elliptic.P224())), "", trust.WeakKey},
	} {
		t.Run(tt.name, func(t *testing.T) {
			key, err := trust.LoadKey(tt.in, []byte(tt.pass))
			if got := code(t, err); got != tt.want {
				t.Fatalf("got %q (%v), want %q", got, err, tt.want)
			}
			if err == nil && key.Signer() == nil {
				t.Error("a key without a signer")
			}
		})
	}
}
