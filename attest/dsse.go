package attest

import (
	"crypto"
	"crypto/ecdsa"
	"encoding/asn1"
	"errors"
	"fmt"
	"math/big"
	"strconv"
)

// pae is the pre-authentication encoding of DSSE: what is signed, with lengths
// before type and payload, so that neither runs into the other.
func pae(payloadType string, payload []byte) []byte {
	b := []byte("DSSEv1 ")
	b = strconv.AppendInt(b, int64(len(payloadType)), 10)
	b = append(b, ' ')
	b = append(b, payloadType...)
	b = append(b, ' ')
	b = strconv.AppendInt(b, int64(len(payload)), 10)
	b = append(b, ' ')
	return append(b, payload...)
}

var errSignature = errors.New("the signature does not fit key and payload")

// ecSignature is the DER form of an ECDSA signature.
type ecSignature struct{ R, S *big.Int }

// lowS gives the one of the two equivalent ECDSA signatures (r, s) and
// (r, n-s) whose s is the smaller: anybody can turn one into the other, and our
// own bundles must not have a second form. Other signatures pass unchanged.
func lowS(key crypto.PublicKey, sig []byte) ([]byte, error) {
	ec, ok := key.(*ecdsa.PublicKey)
	if !ok {
		return sig, nil
	}
	var v ecSignature
	if rest, err := asn1.Unmarshal(sig, &v); err != nil || len(rest) > 0 {
		return nil, errSignature
	}
	n := ec.Curve.Params().N
	if new(big.Int).Lsh(v.S, 1).Cmp(n) > 0 {
		v.S.Sub(n, v.S)
	}
	out, err := asn1.Marshal(v)
	if err != nil {
		return nil, fmt.Errorf("encode signature: %w", err)
	}
	return out, nil
}
