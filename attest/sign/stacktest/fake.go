package stacktest

import (
	"crypto"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/asn1"
	"encoding/base64"
	"encoding/json"
	"encoding/pem"
	"errors"
	"fmt"
	"io"
	"maps"
	"math/big"
	"net/http"
	"net/http/httptest"
	"net/url"
	"slices"
	"strings"
	"time"

	"github.com/digitorus/timestamp"
	ct "github.com/google/certificate-transparency-go"
	cttls "github.com/google/certificate-transparency-go/tls"
	ctx509 "github.com/google/certificate-transparency-go/x509"
)

// An authority is a key with a certificate, and the root above it.
type authority struct {
	key        *ecdsa.PrivateKey
	cert, root *x509.Certificate
}

// A fake plays the services in this process.
type fake struct {
	ct      *ctLog
	issuer  *issuer
	ca, tsa authority
	log     *ecdsa.PrivateKey
	origin  string
}

// New plays all services in this process.
func New() (*Stack, error) {
	s, err := begin()
	if err != nil {
		return nil, err
	}
	f := &fake{ct: s.ct, issuer: s.issuer}
	if f.ca, err = newAuthority("certificates", x509.ExtKeyUsageCodeSigning, true); err != nil {
		return nil, errors.Join(err, s.Close())
	}
	if f.tsa, err = newAuthority("timestamps", x509.ExtKeyUsageTimeStamping, false); err != nil {
		return nil, errors.Join(err, s.Close())
	}
	if f.log, err = ecdsa.GenerateKey(elliptic.P256(), rand.Reader); err != nil {
		return nil, errors.Join(err, s.Close())
	}
	mux := http.NewServeMux()
	mux.HandleFunc("POST /api/v2/signingCert", f.certify(true))
	mux.HandleFunc("POST /unlogged/api/v2/signingCert", f.certify(false))
	mux.HandleFunc("POST /api/v2/log/entries", f.take)
	mux.HandleFunc("POST /api/v1/timestamp", f.stamp)
	server := httptest.NewServer(mux)
	s.stop = append(s.stop, func() error { server.Close(); return nil })
	u, err := url.Parse(server.URL)
	if err != nil {
		return nil, errors.Join(err, s.Close())
	}
	f.origin = u.Hostname()
	s.Addresses.Authority, s.Addresses.Log, s.Addresses.Timestamp = server.URL, server.URL, server.URL+"/api/v1/timestamp"
	s.Addresses.Unlogged = server.URL + "/unlogged"
	p := parts{ca: []*x509.Certificate{f.ca.cert, f.ca.root}, ca2: []*x509.Certificate{f.ca.cert, f.ca.root}, tsa: []*x509.Certificate{f.tsa.cert, f.tsa.root}, log: f.log.Public(), from: time.Now().Add(-time.Hour)}
	if p.id, err = logID(p.log); err != nil {
		return nil, errors.Join(err, s.Close())
	}
	return s, s.describe(p)
}

// newAuthority makes a root and, below it, an authority for one use.
func newAuthority(name string, use x509.ExtKeyUsage, ca bool) (authority, error) {
	from, to := time.Now().Add(-time.Hour), time.Now().Add(24*time.Hour)
	rootKey, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		return authority{}, err
	}
	id, err := logID(rootKey.Public())
	if err != nil {
		return authority{}, err
	}
	name = fmt.Sprintf("%s %x", name, id[:4]) // two authorities of a kind have two names
	template := &x509.Certificate{
		SerialNumber: big.NewInt(1), Subject: pkix.Name{CommonName: name + " root", Organization: []string{"test"}}, NotBefore: from, NotAfter: to,
		IsCA: true, BasicConstraintsValid: true, KeyUsage: x509.KeyUsageCertSign,
	}
	root, err := issue(template, template, rootKey.Public(), rootKey)
	if err != nil {
		return authority{}, err
	}
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		return authority{}, err
	}
	below := &x509.Certificate{
		SerialNumber: big.NewInt(2), Subject: pkix.Name{CommonName: name, Organization: []string{"test"}}, NotBefore: from, NotAfter: to,
		BasicConstraintsValid: true, IsCA: ca, KeyUsage: x509.KeyUsageDigitalSignature,
	}
	if ca {
		below.KeyUsage, below.ExtKeyUsage = x509.KeyUsageCertSign, []x509.ExtKeyUsage{use}
	} else if err := critical(below, use); err != nil {
		return authority{}, err
	}
	cert, err := issue(below, root, key.Public(), rootKey)
	return authority{key, cert, root}, err
}

// critical gives a timestamp authority its one use, critical as RFC 3161 wants.
func critical(c *x509.Certificate, use x509.ExtKeyUsage) error {
	if use != x509.ExtKeyUsageTimeStamping {
		return errors.New("not the use of a timestamp authority")
	}
	raw, err := asn1.Marshal([]asn1.ObjectIdentifier{{1, 3, 6, 1, 5, 5, 7, 3, 8}})
	c.ExtraExtensions = []pkix.Extension{{Id: asn1.ObjectIdentifier{2, 5, 29, 37}, Critical: true, Value: raw}}
	return err
}

func issue(template, parent *x509.Certificate, pub crypto.PublicKey, key crypto.Signer) (*x509.Certificate, error) {
	der, err := x509.CreateCertificate(rand.Reader, template, parent, pub, key)
	if err != nil {
		return nil, err
	}
	return x509.ParseCertificate(der)
}

// claims are those parts of a token that the certificate says.
type claims struct {
	Issuer string `json:"iss"`
	Email  string `json:"email"`
	Job    string `json:"job_workflow_ref"`
	Source string `json:"repository"`
	Runner string `json:"runner_environment"`
}

// certify answers as Fulcio does. It reads the token without verifying it.
func (f *fake) certify(logged bool) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) { f.answerRequest(w, r, logged) }
}

func (f *fake) answerRequest(w http.ResponseWriter, r *http.Request, logged bool) {
	var req struct {
		R struct {
			Key struct {
				Content string `json:"content"`
			} `json:"publicKey"`
		} `json:"publicKeyRequest"`
	}
	token := strings.TrimPrefix(r.Header.Get("Authorization"), "Bearer ")
	part := strings.Split(token, ".")
	if json.NewDecoder(r.Body).Decode(&req) != nil || len(part) != 3 {
		answer(w, http.StatusBadRequest, map[string]string{"message": "want a token"})
		return
	}
	var claims claims
	body, err := base64.RawURLEncoding.DecodeString(part[1])
	if err != nil || json.Unmarshal(body, &claims) != nil || claims.Issuer != NamedIssuer && !strings.HasPrefix(claims.Issuer, f.issuer.base) {
		// A service that quotes what it was sent: no client may pass that on.
		answer(w, http.StatusUnauthorized, map[string]string{"message": "no such issuer: " + token})
		return
	}
	block, _ := pem.Decode([]byte(req.R.Key.Content))
	if block == nil {
		answer(w, http.StatusBadRequest, map[string]string{"message": "want a key"})
		return
	}
	pub, err := x509.ParsePKIXPublicKey(block.Bytes)
	if err == nil {
		var leaf []byte
		if leaf, err = f.leaf(pub, claims, logged); err == nil {
			list := []string{encode(leaf), encode(f.ca.cert.Raw), encode(f.ca.root.Raw)}
			answer(w, http.StatusOK, map[string]any{"signedCertificateEmbeddedSct": map[string]any{"chain": map[string]any{"certificates": list}}})
			return
		}
	}
	answer(w, http.StatusBadRequest, map[string]string{"message": err.Error()})
}

func encode(der []byte) string {
	return string(pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: der}))
}

// leaf makes a certificate of ten minutes, with its certificate timestamp unless
// it is not logged.
func (f *fake) leaf(pub crypto.PublicKey, who claims, logged bool) ([]byte, error) {
	serial, err := rand.Int(rand.Reader, new(big.Int).Lsh(big.NewInt(1), 120))
	if err != nil {
		return nil, err
	}
	c := &x509.Certificate{
		SerialNumber: serial, NotBefore: time.Now().Add(-time.Second), NotAfter: time.Now().Add(10 * time.Minute),
		KeyUsage: x509.KeyUsageDigitalSignature, ExtKeyUsage: []x509.ExtKeyUsage{x509.ExtKeyUsageCodeSigning},
	}
	says := map[int]string{8: who.Issuer}
	if c.EmailAddresses = []string{who.Email}; who.Job != "" {
		u, err := url.Parse("https://github.com/" + who.Job)
		if err != nil {
			return nil, err
		}
		c.EmailAddresses, c.URIs = nil, []*url.URL{u}
		says[11], says[12] = who.Runner, "https://github.com/"+who.Source
	}
	for _, n := range slices.Sorted(maps.Keys(says)) {
		value, err := asn1.MarshalWithParams(says[n], "utf8")
		if err != nil {
			return nil, err
		}
		c.ExtraExtensions = append(c.ExtraExtensions, pkix.Extension{Id: asn1.ObjectIdentifier{1, 3, 6, 1, 4, 1, 57264, 1, n}, Value: value})
	}
	if !logged {
		return x509.CreateCertificate(rand.Reader, c, f.ca.cert, pub, f.ca.key)
	}
	pre := *c
	pre.ExtraExtensions = append(append([]pkix.Extension{}, c.ExtraExtensions...), pkix.Extension{
		Id: asn1.ObjectIdentifier(ctx509.OIDExtensionCTPoison), Critical: true, Value: asn1.NullBytes,
	})
	der, err := x509.CreateCertificate(rand.Reader, &pre, f.ca.cert, pub, f.ca.key)
	if err != nil {
		return nil, err
	}
	promised, err := f.ct.promise([]ct.ASN1Cert{{Data: der}, {Data: f.ca.cert.Raw}})
	if err != nil {
		return nil, err
	}
	list, err := sctList(promised)
	if err != nil {
		return nil, err
	}
	c.ExtraExtensions = append(c.ExtraExtensions, pkix.Extension{Id: asn1.ObjectIdentifier(ctx509.OIDExtensionCTSCT), Value: list})
	return x509.CreateCertificate(rand.Reader, c, f.ca.cert, pub, f.ca.key)
}

// sctList is the extension that holds one certificate timestamp (RFC 6962, 3.3).
func sctList(r *ct.AddChainResponse) ([]byte, error) {
	sct, err := r.ToSignedCertificateTimestamp()
	if err != nil {
		return nil, err
	}
	one, err := cttls.Marshal(*sct)
	if err != nil {
		return nil, err
	}
	list, err := cttls.Marshal(ctx509.SignedCertificateTimestampList{SCTList: []ctx509.SerializedSCT{{Val: one}}})
	if err != nil {
		return nil, err
	}
	return asn1.Marshal(list)
}

// stamp answers as a timestamp authority does (RFC 3161).
func (f *fake) stamp(w http.ResponseWriter, r *http.Request) {
	raw, err := io.ReadAll(io.LimitReader(r.Body, 1<<16))
	if err != nil {
		answer(w, http.StatusBadRequest, nil)
		return
	}
	req, err := timestamp.ParseRequest(raw)
	if err != nil {
		answer(w, http.StatusBadRequest, nil)
		return
	}
	ts := timestamp.Timestamp{
		HashAlgorithm: req.HashAlgorithm, HashedMessage: req.HashedMessage, Time: time.Now(), Nonce: req.Nonce,
		Policy: asn1.ObjectIdentifier{1, 2, 3, 4, 1}, Ordering: false, AddTSACertificate: req.Certificates,
	}
	out, err := ts.CreateResponseWithOpts(f.tsa.cert, f.tsa.key, crypto.SHA256)
	if err != nil {
		answer(w, http.StatusInternalServerError, nil)
		return
	}
	w.Header().Set("Content-Type", "application/timestamp-reply")
	w.WriteHeader(http.StatusCreated)
	_, _ = w.Write(out) // the client notices a broken answer
}
