package sign

import (
	"bytes"
	"context"
	"crypto"
	"crypto/ed25519"
	"encoding/json"
	"io"

	"github.com/secure-systems-lab/go-securesystemslib/dsse"
	bundlepb "github.com/sigstore/protobuf-specs/gen/pb-go/bundle/v1"
	commonpb "github.com/sigstore/protobuf-specs/gen/pb-go/common/v1"
	dssepb "github.com/sigstore/protobuf-specs/gen/pb-go/dsse"
	"google.golang.org/protobuf/encoding/protojson"

	"github.com/proffer-audit/proffer/attest"
	"github.com/proffer-audit/proffer/attest/statement"
	"github.com/proffer-audit/proffer/attest/strictjson"
	"github.com/proffer-audit/proffer/attest/trust"
)

// MaxFile caps a file that is signed, in bytes: keys that hash by themselves
// want all of it in memory.
const MaxFile = 1 << 30

// MaxStatement caps a statement that is signed, in bytes.
const MaxStatement = statement.MaxBytes

const mediaType = "application/vnd.dev.sigstore.bundle.v0.3+json"

// Statement signs an in-toto statement, which must be canonical.
func (s *Signer) Statement(ctx context.Context, payload []byte) ([]byte, error) {
	return s.again(func() ([]byte, error) { return s.statement(ctx, payload) })
}

func (s *Signer) statement(ctx context.Context, payload []byte) ([]byte, error) {
	if _, err := statement.Parse(payload); err != nil {
		return nil, refuse(BadStatement, "this is not an in-toto statement").because(err).hint("sign a file as it is, without --in-toto")
	}
	if !statement.IsCanonical(payload) {
		return nil, refuse(BadStatement, "the statement is not in canonical form (RFC 8785)").hint("two spellings of one statement would have two signatures")
	}
	// The envelope is made by the one writer of envelopes, whatever is put beside it.
	bare, err := attest.Sign(ctx, s.key, statement.PayloadType, payload)
	if err != nil {
		return nil, err
	}
	if _, _, err := attest.VerifyOwn(bare, s.key.PublicPEM()); err != nil {
		return nil, refuse(NotVerified, "what was signed does not verify with the key").because(err)
	}
	if !s.Connects() {
		return bare, nil
	}
	sig, err := signatureOf(bare)
	if err != nil {
		return nil, err
	}
	e := entry{sig: sig, payload: payload, kind: statement.PayloadType}
	if hash := trust.HashOf(s.key.Public().Key); hash != 0 {
		e.digest = sum(hash, dsse.PAE(statement.PayloadType, payload))
	}
	b := &bundlepb.Bundle{MediaType: mediaType, Content: &bundlepb.Bundle_DsseEnvelope{DsseEnvelope: &dssepb.Envelope{
		Payload: payload, PayloadType: statement.PayloadType, Signatures: []*dssepb.Signature{{Sig: sig}},
	}}}
	return s.finish(ctx, b, e)
}

// File signs a file as it is.
func (s *Signer) File(ctx context.Context, r io.Reader) ([]byte, error) {
	data, err := io.ReadAll(io.LimitReader(r, MaxFile+1))
	if err != nil {
		return nil, err
	}
	if len(data) > MaxFile {
		return nil, refuse(Unsupported, "the file has more than %d bytes", MaxFile)
	}
	return s.again(func() ([]byte, error) { return s.file(ctx, data) })
}

func (s *Signer) file(ctx context.Context, data []byte) ([]byte, error) {
	if key, ok := s.key.Public().Key.(ed25519.PublicKey); ok {
		return s.whole(data, key)
	}
	sig, digest, err := s.signMessage(data)
	if err != nil {
		return nil, err
	}
	hash, name := digestHash(s.key.Public().Key)
	b := &bundlepb.Bundle{MediaType: mediaType, Content: &bundlepb.Bundle_MessageSignature{MessageSignature: &commonpb.MessageSignature{
		MessageDigest: &commonpb.HashOutput{Algorithm: name, Digest: sum(hash, data)}, Signature: sig,
	}}}
	return s.finish(ctx, b, entry{sig: sig, digest: digest})
}

// whole signs a file with a key that hashes by itself. Logs and timestamps of
// such a signature are not had: they speak of digests.
func (s *Signer) whole(data []byte, key ed25519.PublicKey) ([]byte, error) {
	if s.Connects() {
		return nil, refuse(Unsupported, "the transparency log takes no keys of this kind").hint("sign with an ECDSA or RSA key")
	}
	sig, _, err := s.signMessage(data)
	if err != nil {
		return nil, err
	}
	if !ed25519.Verify(key, data, sig) {
		return nil, refuse(NotVerified, "what was signed does not verify with the key")
	}
	return write(&bundlepb.Bundle{
		MediaType: mediaType, Content: &bundlepb.Bundle_MessageSignature{MessageSignature: &commonpb.MessageSignature{
			MessageDigest: &commonpb.HashOutput{Algorithm: commonpb.HashAlgorithm_SHA2_256, Digest: sum(crypto.SHA256, data)}, Signature: sig,
		}},
		VerificationMaterial: &bundlepb.VerificationMaterial{Content: &bundlepb.VerificationMaterial_PublicKey{
			PublicKey: &commonpb.PublicKeyIdentifier{Hint: s.hint()},
		}},
	})
}

// again signs once more where a log has an entry whose proof was lost.
func (s *Signer) again(once func() ([]byte, error)) ([]byte, error) {
	out, err := once()
	if conflict(err) {
		return once()
	}
	return out, err
}

// finish adds who signed and who witnessed it, verifies the whole and writes it.
func (s *Signer) finish(ctx context.Context, b *bundlepb.Bundle, e entry) ([]byte, error) {
	m := &bundlepb.VerificationMaterial{}
	b.VerificationMaterial = m
	if s.leaf != nil {
		e.cert = s.leaf.Raw
		m.Content = &bundlepb.VerificationMaterial_Certificate{Certificate: &commonpb.X509Certificate{RawBytes: s.leaf.Raw}}
	} else {
		m.Content = &bundlepb.VerificationMaterial_PublicKey{PublicKey: &commonpb.PublicKeyIdentifier{Hint: s.hint()}}
	}
	for _, at := range s.opt.Services.Timestamps {
		raw, err := s.stamp(ctx, at, e.sig)
		if err != nil {
			return nil, err
		}
		if m.TimestampVerificationData == nil {
			m.TimestampVerificationData = &bundlepb.TimestampVerificationData{}
		}
		list := &m.TimestampVerificationData.Rfc3161Timestamps
		*list = append(*list, &commonpb.RFC3161SignedTimestamp{SignedTimestamp: raw})
	}
	for _, at := range s.opt.Services.Logs {
		logged, err := s.log(ctx, at, e)
		if err != nil {
			return nil, err
		}
		m.TlogEntries = append(m.TlogEntries, logged)
	}
	raw, err := write(b)
	if err != nil {
		return nil, err
	}
	if s.leaf != nil && e.payload != nil {
		// The form in which no byte of what we sign can change.
		if raw, err = attest.Canonicalise(raw); err != nil {
			return nil, refuse(BadAnswer, "what the services gave has no one form").because(err)
		}
	}
	return raw, s.check(raw)
}

// write is the canonical form of a bundle.
func write(b *bundlepb.Bundle) ([]byte, error) {
	raw, err := protojson.Marshal(b)
	if err != nil {
		return nil, refuse(NotVerified, "write the bundle")
	}
	out, err := statement.Canonical(json.RawMessage(raw))
	if err != nil {
		return nil, err
	}
	return bytes.TrimSpace(out), nil
}

// signatureOf reads the signature out of an envelope of our own writing.
func signatureOf(bundle []byte) ([]byte, error) {
	var b struct {
		Envelope struct {
			Signatures []struct {
				Sig []byte `json:"sig"`
			} `json:"signatures"`
		} `json:"dsseEnvelope"`
	}
	if err := strictjson.Check(bundle, strictjson.Limits{Bytes: attest.MaxOwn}); err != nil {
		return nil, err
	}
	if err := json.Unmarshal(bundle, &b); err != nil || len(b.Envelope.Signatures) != 1 {
		return nil, refuse(NotVerified, "read the envelope again")
	}
	return b.Envelope.Signatures[0].Sig, nil
}
