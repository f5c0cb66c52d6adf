package sign

import (
	"context"

	"github.com/secure-systems-lab/go-securesystemslib/dsse"
	bundlepb "github.com/sigstore/protobuf-specs/gen/pb-go/bundle/v1"
	commonpb "github.com/sigstore/protobuf-specs/gen/pb-go/common/v1"
	dssepb "github.com/sigstore/protobuf-specs/gen/pb-go/dsse"
	rekorpb "github.com/sigstore/protobuf-specs/gen/pb-go/rekor/v1"

	"github.com/proffer-audit/proffer/attest/statement"
)

// Unchecked signs a statement and hands it out unverified: what a signer does
// that is not this one.
func Unchecked(ctx context.Context, s *Signer, payload []byte) ([]byte, error) {
	sig, digest, err := s.signMessage(dsse.PAE(statement.PayloadType, payload))
	if err != nil {
		return nil, err
	}
	logged, err := s.log(ctx, s.opt.Services.Logs[0], entry{sig: sig, digest: digest, payload: payload, kind: statement.PayloadType, cert: s.leaf.Raw})
	if err != nil {
		return nil, err
	}
	stamp, err := s.stamp(ctx, s.opt.Services.Timestamps[0], sig)
	if err != nil {
		return nil, err
	}
	return write(&bundlepb.Bundle{
		MediaType: mediaType,
		Content: &bundlepb.Bundle_DsseEnvelope{DsseEnvelope: &dssepb.Envelope{
			Payload: payload, PayloadType: statement.PayloadType, Signatures: []*dssepb.Signature{{Sig: sig}},
		}},
		VerificationMaterial: &bundlepb.VerificationMaterial{
			Content:     &bundlepb.VerificationMaterial_Certificate{Certificate: &commonpb.X509Certificate{RawBytes: s.leaf.Raw}},
			TlogEntries: []*rekorpb.TransparencyLogEntry{logged},
			TimestampVerificationData: &bundlepb.TimestampVerificationData{
				Rfc3161Timestamps: []*commonpb.RFC3161SignedTimestamp{{SignedTimestamp: stamp}},
			},
		},
	})
}
