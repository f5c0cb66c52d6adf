package signtest

import (
	"crypto"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/rsa"
	"crypto/sha256"
	"crypto/x509"
	"crypto/x509/pkix"
	"math/big"
	"time"
)

// Signer is a key with a certificate that an authority of its own issued.
type Signer struct {
	Key   crypto.Signer
	Cert  *x509.Certificate
	CAKey crypto.Signer
	CA    *x509.Certificate
}

// New makes a signer with an RSA key, as jarsigner and signtool know them, or
// with one on P-256.
func New(name string, elliptical bool) (*Signer, error) {
	s := &Signer{}
	var err error
	if s.CAKey, err = newKey(true); err != nil {
		return nil, err
	}
	if s.Key, err = newKey(elliptical); err != nil {
		return nil, err
	}
	root := template(name+" root", 1)
	root.IsCA, root.BasicConstraintsValid = true, true
	if s.CA, err = issue(root, root, s.CAKey.Public(), s.CAKey); err != nil {
		return nil, err
	}
	s.Cert, err = issue(template(name, 2), s.CA, s.Key.Public(), s.CAKey)
	return s, err
}

// Certificate makes a certificate that is in nobody's chain and carries a
// payload in an extension.
func Certificate(name string, payload []byte) ([]byte, error) {
	key, err := newKey(true)
	if err != nil {
		return nil, err
	}
	t := template(name, 3)
	t.ExtraExtensions = []pkix.Extension{{Id: []int{1, 3, 6, 1, 4, 1, 55555, 1}, Value: payload}}
	c, err := issue(t, t, key.Public(), key)
	if err != nil {
		return nil, err
	}
	return c.Raw, nil
}

func newKey(elliptical bool) (crypto.Signer, error) {
	if elliptical {
		return ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	}
	return rsa.GenerateKey(rand.Reader, 2048)
}

func template(name string, serial int64) *x509.Certificate {
	return &x509.Certificate{
		SerialNumber: big.NewInt(serial),
		Subject:      pkix.Name{CommonName: name, Organization: []string{"Example Vendor"}},
		NotBefore:    time.Date(2024, 1, 1, 0, 0, 0, 0, time.UTC),
		NotAfter:     time.Date(2044, 1, 1, 0, 0, 0, 0, time.UTC),
		KeyUsage:     x509.KeyUsageDigitalSignature | x509.KeyUsageCertSign,
		ExtKeyUsage:  []x509.ExtKeyUsage{x509.ExtKeyUsageCodeSigning},
	}
}

func issue(t, parent *x509.Certificate, pub crypto.PublicKey, key crypto.Signer) (*x509.Certificate, error) {
	raw, err := x509.CreateCertificate(rand.Reader, t, parent, pub, key)
	if err != nil {
		return nil, err
	}
	return x509.ParseCertificate(raw)
}

// Sign signs a message's SHA-256 digest: PKCS#1 v1.5 for RSA, ASN.1 for ECDSA.
func (s *Signer) Sign(message []byte) ([]byte, error) {
	sum := sha256.Sum256(message)
	return s.Key.Sign(rand.Reader, sum[:], crypto.SHA256)
}
