package cms_test

import (
	"bytes"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/rsa"
	"crypto/x509"
	"crypto/x509/pkix"
	"math/big"
	"slices"
	"testing"

	"github.com/proffer-audit/proffer/audit/compare/graft/cms"
	"github.com/proffer-audit/proffer/audit/compare/graft/signtest"
)

// TestPublicKeyOperations: a message of many signatures costs no more of them
// than the limit, and says what was not checked.
func TestPublicKeyOperations(t *testing.T) {
	s := newSigner(t, true)
	m := attached()
	m.Unsigned = func(value []byte) [][]byte {
		token, err := s.Timestamp(value)
		if err != nil {
			t.Fatal(err)
		}
		return slices.Repeat([][]byte{signtest.Attribute(signtest.OID(1, 3, 6, 1, 4, 1, 311, 3, 3, 1), token)}, 300)
	}
	got, err := cms.Parse(sign(t, s, m), nil)
	if err != nil {
		t.Fatal(err)
	}
	if !slices.Contains(codes(got), cms.SignatureUnchecked) || got.Signers[0].Timestamps != 300 {
		t.Errorf("%d findings, %+v", len(got.Findings), got.Signers)
	}
}

// TestManyOfOneName: certificates of one name are each compared once with each.
func TestManyOfOneName(t *testing.T) {
	s := newSigner(t, true)
	m := attached()
	for range 60 {
		c, err := signtest.Certificate("Vendor Release root", nil)
		if err != nil {
			t.Fatal(err)
		}
		m.Certs = append(m.Certs, c)
	}
	got, err := cms.Parse(sign(t, s, m), nil)
	if err != nil {
		t.Fatal(err)
	}
	n := 0
	for _, code := range codes(got) {
		if code == cms.CertificateUnrelated {
			n++
		}
	}
	if n != 60 || !got.Signers[0].Valid {
		t.Errorf("%d of 60 certificates are unrelated", n)
	}
	m.Certs = append(m.Certs, m.Certs[0], m.Certs[0], m.Certs[0])
	if _, err := cms.Parse(sign(t, s, m), nil); err == nil {
		t.Error("65 certificates were read")
	}
}

func TestLargeCertificates(t *testing.T) {
	s := newSigner(t, true)
	large, err := signtest.Certificate("large", bytes.Repeat([]byte("x"), 65<<10))
	if err != nil {
		t.Fatal(err)
	}
	m := attached()
	m.Certs = [][]byte{large}
	got, err := cms.Parse(sign(t, s, m), nil)
	if err != nil || !slices.Contains(codes(got), cms.CertificateUnreadable) {
		t.Errorf("%v, %v", err, got)
	}
	m.Certs = nil

	// A key that would take seconds: nothing is computed with it.
	n := new(big.Int).Lsh(big.NewInt(1), 20_000)
	pub := &rsa.PublicKey{N: n.Add(n, big.NewInt(1)), E: 65537}
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	template := &x509.Certificate{SerialNumber: big.NewInt(9), Subject: pkix.Name{CommonName: "slow"}, NotBefore: s.Cert.NotBefore, NotAfter: s.Cert.NotAfter}
	raw, err := x509.CreateCertificate(rand.Reader, template, s.CA, pub, s.CAKey)
	if err != nil {
		t.Fatal(err)
	}
	cert, err := x509.ParseCertificate(raw)
	if err != nil {
		t.Fatal(err)
	}
	slow := &signtest.Signer{Key: key, Cert: cert, CAKey: s.CAKey, CA: s.CA}
	got, err = cms.Parse(sign(t, slow, m), nil)
	if err != nil || !slices.Contains(codes(got), cms.SignatureUnchecked) || got.Signers[0].Valid {
		t.Errorf("%v, %v", err, got)
	}
}
