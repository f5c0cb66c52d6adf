package bundle_test

import (
	"crypto"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/sha256"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/asn1"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"math/big"
	"net/url"
	"testing"
	"time"

	"github.com/proffer-audit/proffer/attest/bundle/mint"
)

// crafted is a certificate authority that issues what no honest one would.
type crafted struct {
	cert *x509.Certificate
	key  *ecdsa.PrivateKey
	now  time.Time
}

func newCrafted(t testing.TB, now time.Time, subject pkix.Name, change func(*x509.Certificate)) *crafted {
	t.Helper()
	return (*crafted)(nil).authority(t, now, subject, change)
}

// authority is one below c, or a root where c is nil.
func (c *crafted) authority(t testing.TB, now time.Time, subject pkix.Name, change func(*x509.Certificate)) *crafted {
	t.Helper()
	key := newKey(t)
	template := &x509.Certificate{
		SerialNumber: big.NewInt(1), Subject: subject, NotBefore: now.AddDate(-1, 0, 0), NotAfter: now.AddDate(1, 0, 0),
		IsCA: true, BasicConstraintsValid: true, KeyUsage: x509.KeyUsageCertSign,
	}
	if change != nil {
		change(template)
	}
	parent, signer := template, key
	if c != nil {
		parent, signer = c.cert, c.key
	}
	raw, err := x509.CreateCertificate(rand.Reader, template, parent, key.Public(), signer)
	check(t, err)
	cert, err := x509.ParseCertificate(raw)
	check(t, err)
	return &crafted{cert, key, now}
}

func newKey(t testing.TB) *ecdsa.PrivateKey {
	t.Helper()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	check(t, err)
	return key
}

// issue makes a certificate as a signer of sigstore has it, but for change.
func (c *crafted) issue(t testing.TB, key crypto.PublicKey, change func(*x509.Certificate)) *x509.Certificate {
	t.Helper()
	issuer, err := asn1.MarshalWithParams("https://issuer.example", "utf8")
	check(t, err)
	san, err := url.Parse("https://example.org/alice")
	check(t, err)
	template := &x509.Certificate{
		SerialNumber: big.NewInt(7), NotBefore: c.now.Add(-time.Minute), NotAfter: c.now.Add(10 * time.Minute),
		URIs: []*url.URL{san}, KeyUsage: x509.KeyUsageDigitalSignature, ExtKeyUsage: []x509.ExtKeyUsage{x509.ExtKeyUsageCodeSigning},
		ExtraExtensions: []pkix.Extension{{Id: asn1.ObjectIdentifier{1, 3, 6, 1, 4, 1, 57264, 1, 8}, Value: issuer}},
	}
	if change != nil {
		change(template)
	}
	raw, err := x509.CreateCertificate(rand.Reader, template, c.cert, key, c.key)
	check(t, err)
	cert, err := x509.ParseCertificate(raw)
	check(t, err)
	return cert
}

// bundle is a signed envelope that nobody confirms.
func (c *crafted) bundle(t testing.TB, payload []byte, change func(*x509.Certificate)) []byte {
	t.Helper()
	key := newKey(t)
	cert := c.issue(t, key.Public(), change)
	const payloadType = "application/vnd.in-toto+json"
	sum := sha256.Sum256(fmt.Appendf(nil, "DSSEv1 %d %s %d %s", len(payloadType), payloadType, len(payload), payload))
	sig, err := ecdsa.SignASN1(rand.Reader, key, sum[:])
	check(t, err)
	return fmt.Appendf(nil, `{"mediaType":"application/vnd.dev.sigstore.bundle.v0.3+json","verificationMaterial":{"certificate":{"rawBytes":%q}},"dsseEnvelope":{"payload":%q,"payloadType":%q,"signatures":[{"sig":%q}]}}`,
		b64(cert.Raw), b64(payload), payloadType, b64(sig))
}

// trustedBy puts the authority into a trusted_root.json, instead of its own:
// itself, and the authorities above it.
func (c *crafted) trustedBy(t testing.TB, trusted []byte, above ...*crafted) []byte {
	t.Helper()
	chain := []any{object{"rawBytes": b64(c.cert.Raw)}}
	for _, a := range above {
		chain = append(chain, object{"rawBytes": b64(a.cert.Raw)})
	}
	return edit(t, trusted, func(m object) {
		m.at("certificateAuthorities", 0)["certChain"] = object{"certificates": chain}
	})
}

func b64(b []byte) string { return base64.StdEncoding.EncodeToString(b) }

func unb64(t testing.TB, text string) []byte {
	t.Helper()
	raw, err := base64.StdEncoding.DecodeString(text)
	check(t, err)
	return raw
}

// object is a JSON object under edit.
type object map[string]any

// at goes down by keys and indexes, to an object.
func (m object) at(path ...any) object {
	var v any = map[string]any(m)
	for _, step := range path {
		switch s := step.(type) {
		case string:
			v = v.(map[string]any)[s]
		case int:
			v = v.([]any)[s]
		}
	}
	return v.(map[string]any)
}

// entry is the first log entry of a bundle.
func (m object) entry() object { return m.at("verificationMaterial", "tlogEntries", 0) }

// edit changes a JSON document.
func edit(t testing.TB, data []byte, change func(object)) []byte {
	t.Helper()
	var m map[string]any
	check(t, json.Unmarshal(data, &m))
	change(m)
	out, err := json.Marshal(m)
	check(t, err)
	return out
}

// editBody changes the body of the first log entry, as text.
func editBody(t testing.TB, data []byte, change func(body string) string) []byte {
	t.Helper()
	return edit(t, data, func(m object) {
		e := m.entry()
		body := string(unb64(t, e["canonicalizedBody"].(string)))
		after := change(body)
		if after == body {
			t.Fatal("the body is as it was")
		}
		e["canonicalizedBody"] = b64([]byte(after))
	})
}

// weakLeaf has a key on P-224, which X.509 knows and nobody here trusts.
func weakLeaf(t testing.TB, a *mint.Authority) *x509.Certificate {
	t.Helper()
	key, err := ecdsa.GenerateKey(elliptic.P224(), rand.Reader)
	check(t, err)
	return newCrafted(t, a.Now, pkix.Name{CommonName: "crafted"}, nil).issue(t, key.Public(), nil)
}
