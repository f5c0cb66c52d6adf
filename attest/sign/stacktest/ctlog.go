package stacktest

import (
	"crypto"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/sha256"
	"crypto/x509"
	"encoding/json"
	"net/http"
	"time"

	ct "github.com/google/certificate-transparency-go"
	cttls "github.com/google/certificate-transparency-go/tls"
)

// A ctLog is a certificate log that promises and keeps nothing: all that a
// certificate authority asks of one is a signed certificate timestamp (RFC 6962).
type ctLog struct{ key *ecdsa.PrivateKey }

func newCTLog() (*ctLog, error) {
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	return &ctLog{key}, err
}

func (l *ctLog) id() ([sha256.Size]byte, error) {
	spki, err := x509.MarshalPKIXPublicKey(l.key.Public())
	return sha256.Sum256(spki), err
}

// public is the key that the log is known by.
func (l *ctLog) public() crypto.PublicKey { return l.key.Public() }

func (l *ctLog) handle(mux *http.ServeMux) {
	mux.HandleFunc("POST /test/ct/v1/add-pre-chain", func(w http.ResponseWriter, r *http.Request) {
		var req ct.AddChainRequest
		if err := json.NewDecoder(r.Body).Decode(&req); err != nil || len(req.Chain) < 2 {
			answer(w, http.StatusBadRequest, map[string]string{"error": "want a chain"})
			return
		}
		chain := make([]ct.ASN1Cert, len(req.Chain))
		for i, der := range req.Chain {
			chain[i] = ct.ASN1Cert{Data: der}
		}
		got, err := l.promise(chain)
		if err != nil {
			answer(w, http.StatusBadRequest, map[string]string{"error": err.Error()})
			return
		}
		answer(w, http.StatusOK, got)
	})
}

// promise signs the timestamp of a pre-certificate.
func (l *ctLog) promise(chain []ct.ASN1Cert) (*ct.AddChainResponse, error) {
	at := uint64(time.Now().UnixMilli())
	leaf, err := ct.MerkleTreeLeafFromRawChain(chain, ct.PrecertLogEntryType, at)
	if err != nil {
		return nil, err
	}
	id, err := l.id()
	if err != nil {
		return nil, err
	}
	sct := ct.SignedCertificateTimestamp{SCTVersion: ct.V1, LogID: ct.LogID{KeyID: id}, Timestamp: at}
	data, err := ct.SerializeSCTSignatureInput(sct, ct.LogEntry{Leaf: *leaf})
	if err != nil {
		return nil, err
	}
	signed, err := cttls.CreateSignature(*l.key, cttls.SHA256, data)
	if err != nil {
		return nil, err
	}
	raw, err := cttls.Marshal(signed)
	return &ct.AddChainResponse{SCTVersion: ct.V1, ID: id[:], Timestamp: at, Signature: raw}, err
}
