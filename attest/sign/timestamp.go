package sign

import (
	"bytes"
	"context"
	"crypto"
	"crypto/rand"
	"crypto/sha256"
	"math/big"
	"net/http"

	"github.com/digitorus/timestamp"

	"github.com/proffer-audit/proffer/attest/wire"
)

// stamp has a timestamp authority witness when a signature was there (RFC 3161).
func (s *Signer) stamp(ctx context.Context, at Service, sig []byte) ([]byte, error) {
	sum := sha256.Sum256(sig)
	nonce, err := rand.Int(rand.Reader, new(big.Int).Lsh(big.NewInt(1), 63))
	if err != nil {
		return nil, err
	}
	req := timestamp.Request{HashAlgorithm: crypto.SHA256, HashedMessage: sum[:], Nonce: nonce}
	body, err := req.Marshal()
	if err != nil {
		return nil, err
	}
	_, raw, err := s.send(ctx, wire.Request{
		Method: http.MethodPost, URL: at.URL, Body: body,
		Header: map[string]string{"Content-Type": "application/timestamp-query"},
		Max:    1 << 20, Want: []int{http.StatusOK, http.StatusCreated},
	})
	if err != nil {
		return nil, &Error{Code: BadAnswer, What: "ask the timestamp authority", Err: err}
	}
	got, err := timestamp.ParseResponse(raw)
	if err != nil {
		return nil, refuse(BadAnswer, "the timestamp authority's answer is no timestamp").because(err)
	}
	if !bytes.Equal(got.HashedMessage, sum[:]) || got.Nonce == nil || got.Nonce.Cmp(nonce) != 0 {
		return nil, refuse(BadAnswer, "the timestamp is not of this signature, or of an earlier request")
	}
	return raw, nil
}
