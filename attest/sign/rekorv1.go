package sign

import (
	"context"
	"encoding/base64"
	"encoding/hex"
	"encoding/json"
	"encoding/pem"
	"net/http"
	"strings"

	commonpb "github.com/sigstore/protobuf-specs/gen/pb-go/common/v1"
	rekorpb "github.com/sigstore/protobuf-specs/gen/pb-go/rekor/v1"

	"github.com/proffer-audit/proffer/attest/wire"
)

// proposedEntry is the body of POST /api/v1/log/entries of Rekor v1.
type proposedEntry struct {
	APIVersion string `json:"apiVersion"`
	Kind       string `json:"kind"`
	Spec       any    `json:"spec"`
}

type hashedRekordV1 struct {
	Data struct {
		Hash struct {
			Algorithm string `json:"algorithm"`
			Value     string `json:"value"`
		} `json:"hash"`
	} `json:"data"`
	Signature struct {
		Content   []byte `json:"content"`
		PublicKey struct {
			Content []byte `json:"content"` // PEM
		} `json:"publicKey"`
	} `json:"signature"`
}

type dsseV1 struct {
	ProposedContent struct {
		Envelope  string   `json:"envelope"`  // JSON
		Verifiers [][]byte `json:"verifiers"` // PEM
	} `json:"proposedContent"`
}

// loggedEntry is one value of the answer, which is an object with one member.
type loggedEntry struct {
	Body           string `json:"body"`
	IntegratedTime int64  `json:"integratedTime"`
	LogID          string `json:"logID"`
	LogIndex       int64  `json:"logIndex"`
	Verification   struct {
		SignedEntryTimestamp []byte `json:"signedEntryTimestamp"`
		InclusionProof       *struct {
			Checkpoint string   `json:"checkpoint"`
			Hashes     []string `json:"hashes"`
			LogIndex   int64    `json:"logIndex"`
			RootHash   string   `json:"rootHash"`
			TreeSize   int64    `json:"treeSize"`
		} `json:"inclusionProof"`
	} `json:"verification"`
}

// logV1 is log for Rekor v1.
func (s *Signer) logV1(ctx context.Context, at Service, e entry) (*rekorpb.TransparencyLogEntry, error) {
	signerPEM := s.key.PublicPEM()
	if e.cert != nil {
		signerPEM = pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: e.cert})
	}
	proposed, err := propose(e, signerPEM)
	if err != nil {
		return nil, err
	}
	body, err := json.Marshal(proposed)
	if err != nil {
		return nil, err
	}
	_, raw, err := s.send(ctx, wire.Request{
		Method: http.MethodPost, URL: strings.TrimSuffix(at.URL, "/") + "/api/v1/log/entries", Body: body,
		Header: map[string]string{"Content-Type": "application/json", "Accept": "application/json"},
		Max:    maxEntry, Want: []int{http.StatusCreated, http.StatusOK},
	})
	if err != nil {
		return nil, &Error{Code: BadAnswer, What: "ask the transparency log", Err: err}
	}
	return readLoggedV1(raw)
}

func propose(e entry, signerPEM []byte) (proposedEntry, error) {
	if e.payload == nil {
		var spec hashedRekordV1
		spec.Data.Hash.Algorithm, spec.Data.Hash.Value = "sha256", hex.EncodeToString(e.digest)
		if len(e.digest) != 32 {
			return proposedEntry{}, refuse(Unsupported, "this transparency log takes files by SHA-256 alone").hint("sign with a P-256 or RSA key")
		}
		spec.Signature.Content, spec.Signature.PublicKey.Content = e.sig, signerPEM
		return proposedEntry{"0.0.1", "hashedrekord", spec}, nil
	}
	envelope, err := json.Marshal(map[string]any{
		"payload": e.payload, "payloadType": e.kind, "signatures": []map[string]any{{"sig": e.sig}},
	})
	var spec dsseV1
	spec.ProposedContent.Envelope, spec.ProposedContent.Verifiers = string(envelope), [][]byte{signerPEM}
	return proposedEntry{"0.0.1", "dsse", spec}, err
}

// readLoggedV1 turns the answer of Rekor v1 into what a bundle holds.
func readLoggedV1(raw []byte) (*rekorpb.TransparencyLogEntry, error) {
	bad := refuse(BadAnswer, "the transparency log's answer is no proof of inclusion")
	var answer map[string]loggedEntry
	if err := json.Unmarshal(raw, &answer); err != nil || len(answer) != 1 {
		return nil, bad
	}
	var l loggedEntry
	for _, v := range answer {
		l = v
	}
	body, err := base64.StdEncoding.DecodeString(l.Body)
	proof := l.Verification.InclusionProof
	var kind struct {
		APIVersion string `json:"apiVersion"`
		Kind       string `json:"kind"`
	}
	if err != nil || proof == nil || json.Unmarshal(body, &kind) != nil {
		return nil, bad
	}
	t := &rekorpb.TransparencyLogEntry{
		LogIndex: l.LogIndex, IntegratedTime: l.IntegratedTime, CanonicalizedBody: body,
		KindVersion:      &rekorpb.KindVersion{Kind: kind.Kind, Version: kind.APIVersion},
		InclusionPromise: &rekorpb.InclusionPromise{SignedEntryTimestamp: l.Verification.SignedEntryTimestamp},
		InclusionProof: &rekorpb.InclusionProof{
			LogIndex: proof.LogIndex, TreeSize: proof.TreeSize, Checkpoint: &rekorpb.Checkpoint{Envelope: proof.Checkpoint},
		},
	}
	id, err := hex.DecodeString(l.LogID)
	if err != nil {
		return nil, bad
	}
	t.LogId = &commonpb.LogId{KeyId: id}
	if t.InclusionProof.RootHash, err = hex.DecodeString(proof.RootHash); err != nil {
		return nil, bad
	}
	for _, h := range proof.Hashes {
		sum, err := hex.DecodeString(h)
		if err != nil {
			return nil, bad
		}
		t.InclusionProof.Hashes = append(t.InclusionProof.Hashes, sum)
	}
	return t, nil
}
