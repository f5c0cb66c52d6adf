package sign

import (
	"bytes"
	"context"
	"crypto"
	"crypto/ecdsa"
	"crypto/ed25519"
	"crypto/rsa"
	"crypto/x509"
	"encoding/json"
	"encoding/pem"
	"net/http"
	"strings"

	"github.com/proffer-audit/proffer/attest/strictjson"
	"github.com/proffer-audit/proffer/attest/wire"
)

// certificateRequest is the body of POST /api/v2/signingCert.
type certificateRequest struct {
	PublicKeyRequest struct {
		PublicKey struct {
			Algorithm string `json:"algorithm"`
			Content   string `json:"content"` // PEM
		} `json:"publicKey"`
		Proof []byte `json:"proofOfPossession"`
	} `json:"publicKeyRequest"`
}

// certificateAnswer holds the chain, leaf first, under one of two names.
type certificateAnswer struct {
	Embedded chain `json:"signedCertificateEmbeddedSct"`
	Detached chain `json:"signedCertificateDetachedSct"`
}

type chain struct {
	Chain struct {
		Certificates []string `json:"certificates"`
	} `json:"chain"`
}

// certify has the authority bind the signer's key to the identity of the token.
// It gives the certificate as DER; only one for this very key is taken.
func (s *Signer) certify(ctx context.Context, token Token) (*x509.Certificate, error) {
	proof, _, err := s.signMessage([]byte(token.subject))
	if err != nil {
		return nil, err
	}
	var req certificateRequest
	req.PublicKeyRequest.PublicKey.Algorithm = algorithmName(s.key.Public().Key)
	req.PublicKeyRequest.PublicKey.Content = string(s.key.PublicPEM())
	req.PublicKeyRequest.Proof = proof
	body, err := json.Marshal(req)
	if err != nil {
		return nil, err
	}
	_, raw, err := s.send(ctx, wire.Request{
		Method: http.MethodPost, URL: strings.TrimSuffix(s.opt.Services.Authority.URL, "/") + "/api/v2/signingCert", Body: body,
		Header: map[string]string{"Authorization": "Bearer " + token.raw, "Content-Type": "application/json"},
		Max:    1 << 20, Want: []int{http.StatusOK, http.StatusCreated}, Secrets: secretsOf(token),
	})
	if err != nil {
		return nil, &Error{Code: BadAnswer, What: "ask the certificate authority", Err: err}
	}
	leaf, err := readChain(raw)
	if err != nil {
		return nil, err
	}
	der, err := x509.MarshalPKIXPublicKey(leaf.PublicKey)
	if err != nil || !bytes.Equal(pem.EncodeToMemory(&pem.Block{Type: "PUBLIC KEY", Bytes: der}), s.key.PublicPEM()) {
		return nil, refuse(BadAnswer, "the certificate authority certified another key than ours")
	}
	return leaf, nil
}

// readChain reads the leaf of an authority's answer.
func readChain(raw []byte) (*x509.Certificate, error) {
	var a certificateAnswer
	bad := refuse(BadAnswer, "the certificate authority's answer holds no certificate")
	if err := strictjson.Unmarshal(raw, &a, strictjson.Limits{AllowUnknown: true}); err != nil {
		return nil, bad
	}
	certs := a.Embedded.Chain.Certificates
	if len(certs) == 0 {
		certs = a.Detached.Chain.Certificates
	}
	if len(certs) == 0 {
		return nil, bad
	}
	block, _ := pem.Decode([]byte(certs[0]))
	if block == nil || block.Type != "CERTIFICATE" {
		return nil, bad
	}
	leaf, err := x509.ParseCertificate(block.Bytes)
	if err != nil {
		return nil, bad.because(err)
	}
	return leaf, nil
}

// algorithmName is how the authority calls a kind of key.
func algorithmName(key crypto.PublicKey) string {
	switch key.(type) {
	case *ecdsa.PublicKey:
		return "ECDSA"
	case ed25519.PublicKey:
		return "ED25519"
	case *rsa.PublicKey:
		return "RSA"
	}
	return ""
}

// secretsOf lists what a service must not be quoted with: the token, and its
// parts, of which the last one is the signature.
func secretsOf(t Token) []string { return append([]string{t.raw}, strings.Split(t.raw, ".")...) }
