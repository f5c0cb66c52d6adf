package bundle

import (
	"bytes"
	"crypto"
	"crypto/sha256"
	"crypto/x509"
	"encoding/base64"
	"encoding/hex"
	"encoding/json"
	"encoding/pem"

	"github.com/proffer-audit/proffer/attest/strictjson"
)

// entryBody is the canonicalized body of an entry.
type entryBody struct {
	APIVersion string          `json:"apiVersion"`
	Kind       string          `json:"kind"`
	Spec       json.RawMessage `json:"spec"`
}

type hashValue struct {
	Algorithm string `json:"algorithm"`
	Value     string `json:"value"` // hexadecimal
}

// hashedrekordV1 is the spec of hashedrekord 0.0.1.
type hashedrekordV1 struct {
	Data struct {
		Hash hashValue `json:"hash"`
	} `json:"data"`
	Signature struct {
		Content   []byte `json:"content"`
		PublicKey struct {
			Content []byte `json:"content"` // PEM
		} `json:"publicKey"`
	} `json:"signature"`
}

// dsseV1 is the spec of dsse 0.0.1.
type dsseV1 struct {
	EnvelopeHash hashValue `json:"envelopeHash"`
	PayloadHash  hashValue `json:"payloadHash"`
	Signatures   []struct {
		Signature []byte `json:"signature"`
		Verifier  []byte `json:"verifier"` // PEM
	} `json:"signatures"`
}

// intotoV2 is the spec of intoto 0.0.2. Its signature is base64 twice.
type intotoV2 struct {
	Content struct {
		Envelope struct {
			Payload     []byte `json:"payload"`
			PayloadType string `json:"payloadType"`
			Signatures  []struct {
				KeyID     string `json:"keyid"`
				PublicKey []byte `json:"publicKey"` // PEM
				Sig       []byte `json:"sig"`
			} `json:"signatures"`
		} `json:"envelope"`
		Hash        hashValue `json:"hash"`
		PayloadHash hashValue `json:"payloadHash"`
	} `json:"content"`
}

// subject is what an entry of Rekor v1 is about.
type subject struct {
	sig, pem []byte
	hash     hashValue
	message  bool // the hash is of an artifact, not of a payload
}

// checkBody reads the entry and wants it to be about this bundle: this
// signature, under this key, over this content. v2 reports a Rekor v2 entry.
func (c *check) checkBody(e *logEntry) (v2 bool, err error) {
	kind, version := e.KindVersion.Kind, e.KindVersion.Version
	if version == "0.0.2" && (kind == "hashedrekord" || kind == "dsse") {
		return true, c.checkBodyV2(e)
	}
	var body entryBody
	if err := strictjson.Unmarshal(e.Body, &body, strictjson.Limits{Bytes: len(e.Body)}); err != nil {
		return false, refuseFor(BadEntry, err, "body of log entry")
	}
	if body.Kind != kind || body.APIVersion != version {
		return false, refuse(BadEntry, "log entry is %.40q %.40q, and said to be %.40q %.40q", body.Kind, body.APIVersion, kind, version)
	}
	about, err := readSubject(kind+" "+version, body.Spec)
	if err != nil {
		return false, err
	}
	return false, c.checkAbout(about)
}

func readSubject(kind string, spec []byte) (subject, error) {
	limits := strictjson.Limits{Bytes: max(len(spec), 1)}
	switch kind {
	case "hashedrekord 0.0.1":
		var s hashedrekordV1
		if err := strictjson.Unmarshal(spec, &s, limits); err != nil {
			return subject{}, refuseFor(BadEntry, err, "log entry %s", kind)
		}
		return subject{s.Signature.Content, s.Signature.PublicKey.Content, s.Data.Hash, true}, nil
	case "dsse 0.0.1":
		var s dsseV1
		if err := strictjson.Unmarshal(spec, &s, limits); err != nil {
			return subject{}, refuseFor(BadEntry, err, "log entry %s", kind)
		}
		if len(s.Signatures) != 1 {
			return subject{}, refuse(BadEntry, "log entry of %d signatures, not exactly one", len(s.Signatures))
		}
		return subject{s.Signatures[0].Signature, s.Signatures[0].Verifier, s.PayloadHash, false}, nil
	case "intoto 0.0.2":
		var s intotoV2
		if err := strictjson.Unmarshal(spec, &s, limits); err != nil {
			return subject{}, refuseFor(BadEntry, err, "log entry %s", kind)
		}
		sigs := s.Content.Envelope.Signatures
		if len(sigs) != 1 {
			return subject{}, refuse(BadEntry, "log entry of %d signatures, not exactly one", len(sigs))
		}
		sig, err := base64.StdEncoding.Strict().DecodeString(string(sigs[0].Sig))
		if err != nil {
			return subject{}, refuse(BadEntry, "signature in log entry %s is not base64 twice", kind)
		}
		return subject{sig, sigs[0].PublicKey, s.Content.PayloadHash, false}, nil
	}
	return subject{}, refuse(BadEntry, "log entry of unknown kind %.80q", kind)
}

// checkAbout holds an entry of Rekor v1 against the bundle.
func (c *check) checkAbout(s subject) error {
	b := c.bundle
	if s.message == b.envelope {
		return refuse(EntryOtherKind, "the kind of the log entry does not go with what the bundle holds")
	}
	if !bytes.Equal(s.sig, b.sig) {
		return refuse(EntryOtherSignature, "the log entry is about another signature")
	}
	if !c.isSigner(s.pem) {
		return refuse(EntryOtherKey, "the log entry is about another certificate or key")
	}
	alg, want := b.digestAlg, b.digest
	if b.envelope {
		sum := sha256.Sum256(b.payload)
		alg, want = "sha256", sum[:]
	}
	if s.hash.Algorithm != alg || s.hash.Value != hex.EncodeToString(want) {
		return refuse(EntryOtherPayload, "the log entry is about another payload or artifact")
	}
	return nil
}

// isSigner compares the PEM of an entry with the bundle's signer, as bytes of
// DER: two encodings are two signers.
func (c *check) isSigner(text []byte) bool {
	block, rest := pem.Decode(text)
	if block == nil || len(bytes.TrimSpace(rest)) > 0 {
		return false
	}
	if leaf := c.bundle.leaf; leaf != nil {
		return bytes.Equal(block.Bytes, leaf.Raw)
	}
	spki, err := x509.MarshalPKIXPublicKey(c.key)
	return err == nil && bytes.Equal(block.Bytes, spki)
}

// checkBodyV2 writes the one entry of Rekor v2 that this bundle can have, and
// wants the entry to be that.
func (c *check) checkBodyV2(e *logEntry) error {
	b, kind := c.bundle, e.KindVersion.Kind
	details, h, ok := keyDetails(c.key)
	if !ok {
		return refuse(EntryOtherKey, "Rekor v2 has no entries for such a key")
	}
	sum, alg := b.digest, b.digestAlg
	switch {
	case kind == "dsse" && !b.envelope:
		return refuse(EntryOtherKind, "the kind of the log entry does not go with what the bundle holds")
	case kind == "dsse":
		payload := sha256.Sum256(b.payload)
		sum, alg, h = payload[:], "sha256", crypto.SHA256
	case b.envelope:
		sum, alg = b.hashPAE(h.New()), digestName(h)
	}
	if alg != digestName(h) {
		return refuse(EntryOtherPayload, "the log entry cannot be about a %s under such a key", alg)
	}
	signer, form := c.signerDER()
	want := bodyV2(kind, h, sum, b.sig, details, form, signer)
	if bytes.Equal(e.Body, want) {
		return nil
	}
	return c.whyOther(e.Body, sum, signer)
}

// signerDER gives the certificate or key of the signer, and the name of its form
// in a Rekor v2 entry.
func (c *check) signerDER() (der []byte, form string) {
	if leaf := c.bundle.leaf; leaf != nil {
		return leaf.Raw, "x509Certificate"
	}
	spki, err := x509.MarshalPKIXPublicKey(c.key)
	if err != nil { // a key that was parsed is a key that can be written
		return nil, "publicKey"
	}
	return spki, "publicKey"
}

// bodyV2 is the canonical JSON of an entry of Rekor v2.
func bodyV2(kind string, h crypto.Hash, sum, sig []byte, details, form string, signer []byte) []byte {
	enc := base64.StdEncoding
	b := make([]byte, 0, enc.EncodedLen(len(signer)+len(sum)+len(sig))+320)
	hashed := func() {
		b = append(b, `{"algorithm":"`+protoHashName(h)+`","digest":"`...)
		b = append(enc.AppendEncode(b, sum), `"}`...)
	}
	signed := func() {
		b = append(b, `{"content":"`...)
		b = append(enc.AppendEncode(b, sig), `","verifier":{"keyDetails":"`+details+`","`+form+`":{"rawBytes":"`...)
		b = append(enc.AppendEncode(b, signer), `"}}}`...)
	}
	b = append(b, `{"apiVersion":"0.0.2","kind":"`+kind+`","spec":{"`...)
	if kind == "dsse" {
		b = append(b, `dsseV002":{"payloadHash":`...)
		hashed()
		b = append(b, `,"signatures":[`...)
		signed()
		return append(b, `]}}}`...)
	}
	b = append(b, `hashedRekordV002":{"data":`...)
	hashed()
	b = append(b, `,"signature":`...)
	signed()
	return append(b, `}}}`...)
}

// protoHashName is the name of a hash in sigstore's protobuf-specs.
func protoHashName(h crypto.Hash) string {
	switch h {
	case crypto.SHA384:
		return "SHA2_384"
	case crypto.SHA512:
		return "SHA2_512"
	}
	return "SHA2_256"
}

// whyOther says in what an entry differs from the one that is due.
func (c *check) whyOther(body, sum, signer []byte) error {
	has := func(what []byte) bool {
		return bytes.Contains(body, []byte(`"`+base64.StdEncoding.EncodeToString(what)+`"`))
	}
	switch {
	case strictjson.Check(body, strictjson.Limits{Bytes: len(body)}) != nil:
		return refuse(BadEntry, "body of log entry is not JSON with one reading")
	case !has(c.bundle.sig):
		return refuse(EntryOtherSignature, "the log entry is about another signature")
	case !has(signer):
		return refuse(EntryOtherKey, "the log entry is about another certificate or key")
	case !has(sum):
		return refuse(EntryOtherPayload, "the log entry is about another payload or artifact")
	}
	return refuse(BadEntry, "the log entry is not in the one form that its kind has")
}
