package bundle

import (
	"bytes"
	"crypto"
	"crypto/sha256"
	"crypto/x509"
	"encoding/base64"
	"encoding/hex"
	"encoding/pem"

	"github.com/proffer-audit/proffer/attest/strictjson"
)

// subject is what an entry of Rekor v1 is about.
type subject struct {
	sig, pem []byte
	hash     hashValue
	message  bool // the hash is of an artifact, not of a payload
}

// checkBody reads the entry and wants it to be about this bundle: this
// signature, under this key, over this content. v2 reports a Rekor v2 entry.
func (c *check) checkBody(e *logEntry) (v2 bool, err error) {
	if e.version == "0.0.2" && (e.kind == "hashedrekord" || e.kind == "dsse") {
		return true, c.checkBodyV2(e)
	}
	about, err := readBody(e.body, e.kind, e.version)
	if err != nil {
		return false, err
	}
	return false, c.checkAbout(about)
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
	if s.hash.algorithm != alg || s.hash.value != hex.EncodeToString(want) {
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
	b, kind := c.bundle, e.kind
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
	if bytes.Equal(e.body, want) {
		return nil
	}
	return c.whyOther(e.body, sum, signer)
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
