package sign

import (
	"context"
	"encoding/json"
	"net/http"
	"strings"

	rekorpb "github.com/sigstore/protobuf-specs/gen/pb-go/rekor/v1"
	"google.golang.org/protobuf/encoding/protojson"

	"github.com/proffer-audit/proffer/attest/wire"
)

// An entry is what a log is to witness.
type entry struct {
	sig     []byte
	digest  []byte // of what was signed, under the hash of the key
	payload []byte // of an envelope; nil for a file
	kind    string // payload type of an envelope
	cert    []byte // DER, nil where a key signed
}

// hashedRekord is the body of POST /api/v2/log/entries of Rekor v2, which logs
// envelopes too by the digest of what was signed.
type hashedRekord struct {
	Request struct {
		Digest    []byte `json:"digest"`
		Signature struct {
			Content  []byte   `json:"content"`
			Verifier verifier `json:"verifier"`
		} `json:"signature"`
	} `json:"hashedRekordRequestV002"`
}

type verifier struct {
	Certificate *rawBytes `json:"x509Certificate,omitempty"`
	PublicKey   *rawBytes `json:"publicKey,omitempty"`
	Details     string    `json:"keyDetails"`
}

type rawBytes struct {
	Raw []byte `json:"rawBytes"`
}

// maxEntry caps a log's answer, in bytes.
const maxEntry = 4 << 20

// log has a transparency log take a signature in, and gives the proof.
func (s *Signer) log(ctx context.Context, at Service, e entry) (*rekorpb.TransparencyLogEntry, error) {
	if at.Version == 1 {
		return s.logV1(ctx, at, e)
	}
	details := keyDetails(s.key.Public().Key)
	if details == "" {
		return nil, refuse(Unsupported, "the transparency log takes no keys of this kind").hint("sign with an ECDSA or RSA key")
	}
	var req hashedRekord
	req.Request.Digest, req.Request.Signature.Content = e.digest, e.sig
	v := verifier{Details: details}
	if e.cert != nil {
		v.Certificate = &rawBytes{e.cert}
	} else {
		v.PublicKey = &rawBytes{s.spki()}
	}
	req.Request.Signature.Verifier = v
	body, err := json.Marshal(req)
	if err != nil {
		return nil, err
	}
	_, raw, err := s.send(ctx, wire.Request{
		Method: http.MethodPost, URL: strings.TrimSuffix(at.URL, "/") + "/api/v2/log/entries", Body: body,
		Header: map[string]string{"Content-Type": "application/json"},
		Max:    maxEntry, Want: []int{http.StatusCreated, http.StatusOK},
	})
	if err != nil {
		return nil, &Error{Code: BadAnswer, What: "ask the transparency log", Err: err}
	}
	var t rekorpb.TransparencyLogEntry
	if err := protojson.Unmarshal(raw, &t); err != nil || t.GetInclusionProof() == nil {
		return nil, refuse(BadAnswer, "the transparency log's answer is no proof of inclusion")
	}
	return &t, nil
}
