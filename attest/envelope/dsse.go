package envelope

import (
	"encoding/base64"
	"strconv"
	"strings"
)

// dsseEnvelope is a DSSE envelope (DSSE v1.0.2, envelope.md). Its optional
// extension of a signature is refused with every other unknown key: nothing here
// could verify what it adds.
type dsseEnvelope struct {
	Payload     string          `json:"payload"`
	PayloadType string          `json:"payloadType"`
	Signatures  []dsseSignature `json:"signatures"`
}

type dsseSignature struct {
	KeyID string `json:"keyid"`
	Sig   string `json:"sig"`
}

// maxPayloadType and maxKeyID cap words of the signer's, in bytes.
const (
	maxPayloadType = 256
	maxKeyID       = 1024
)

func (o *opener) dsse(value []byte, place string) (Item, error) {
	var env dsseEnvelope
	if err := o.exactly(value, &env, place, BadEnvelope); err != nil {
		return Item{}, err
	}
	it := Item{Kind: DSSE, Place: place, Raw: value, PayloadType: env.PayloadType}
	if n := len(env.PayloadType); n < 1 || n > maxPayloadType {
		return Item{}, refuse(BadEnvelope, place, "payloadType has %d bytes, it may have 1 to %d", n, maxPayloadType)
	}
	payload, ok := decode64(env.Payload)
	if !ok || len(payload) == 0 {
		return Item{}, refuse(BadEnvelope, place, "payload is missing or not base64 with its one padding")
	}
	it.Payload = payload
	if err := countSignatures(len(env.Signatures), place, BadEnvelope); err != nil {
		return Item{}, err
	}
	for i, s := range env.Signatures {
		sig, ok := decode64(s.Sig)
		if !ok || len(sig) == 0 || len(s.KeyID) > maxKeyID {
			return Item{}, refuse(BadEnvelope, place, "signature %d is missing, not base64, or has a key id of more than %d bytes", i, maxKeyID)
		}
		it.Signatures = append(it.Signatures, Signature{KeyID: s.KeyID, Sig: sig})
	}
	return it, nil
}

func countSignatures(n int, place string, code Code) error {
	switch {
	case n == 0:
		return refuse(code, place, "no signature")
	case n > MaxSignatures:
		return refuse(TooMany, place, "%d signatures, the limit is %d", n, MaxSignatures)
	}
	return nil
}

// decode64 reads base64 in either alphabet, as DSSE allows, and in the one
// spelling of what it holds: padded, with no stray bits and no line breaks.
func decode64(s string) ([]byte, bool) {
	if strings.ContainsAny(s, "\r\n") {
		return nil, false
	}
	enc := base64.StdEncoding
	if strings.ContainsAny(s, "-_") {
		enc = base64.URLEncoding
	}
	b, err := enc.Strict().DecodeString(s)
	return b, err == nil
}

// pae is the pre-authentication encoding of DSSE: what is signed, with lengths
// before type and payload, so that neither runs into the other.
func pae(payloadType string, payload []byte) []byte {
	b := make([]byte, 0, len(payloadType)+len(payload)+48)
	b = append(b, "DSSEv1 "...)
	b = strconv.AppendInt(b, int64(len(payloadType)), 10)
	b = append(b, ' ')
	b = append(b, payloadType...)
	b = append(b, ' ')
	b = strconv.AppendInt(b, int64(len(payload)), 10)
	b = append(b, ' ')
	return append(b, payload...)
}
