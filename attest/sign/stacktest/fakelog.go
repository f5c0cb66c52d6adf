package stacktest

import (
	"crypto"
	"crypto/rand"
	"crypto/sha256"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"net/http"

	"github.com/proffer-audit/proffer/attest/statement"
)

// entryBody is an entry of Rekor v2 as it stands in the log.
type entryBody struct {
	APIVersion string `json:"apiVersion"`
	Kind       string `json:"kind"`
	Spec       struct {
		HashedRekord struct {
			Data struct {
				Algorithm string `json:"algorithm"`
				Digest    []byte `json:"digest"`
			} `json:"data"`
			Signature json.RawMessage `json:"signature"`
		} `json:"hashedRekordV002"`
	} `json:"spec"`
}

// take answers as Rekor v2 does. Each entry is alone in a log of its own: what a
// client gets is a proof in a tree of one leaf.
func (f *fake) take(w http.ResponseWriter, r *http.Request) {
	var req struct {
		R struct {
			Digest    []byte          `json:"digest"`
			Signature json.RawMessage `json:"signature"`
		} `json:"hashedRekordRequestV002"`
	}
	if err := json.NewDecoder(r.Body).Decode(&req); err != nil || len(req.R.Digest) == 0 {
		answer(w, http.StatusBadRequest, map[string]string{"message": "want an entry"})
		return
	}
	body := entryBody{APIVersion: "0.0.2", Kind: "hashedrekord"}
	body.Spec.HashedRekord.Data.Algorithm = map[int]string{32: "SHA2_256", 48: "SHA2_384", 64: "SHA2_512"}[len(req.R.Digest)]
	body.Spec.HashedRekord.Data.Digest, body.Spec.HashedRekord.Signature = req.R.Digest, req.R.Signature
	raw, err := statement.Canonical(body)
	if err != nil {
		answer(w, http.StatusBadRequest, map[string]string{"message": err.Error()})
		return
	}
	leaf := sha256.Sum256(append([]byte{0}, raw...)) // RFC 6962, 2.1
	note, id, err := f.checkpoint(leaf[:])
	if err != nil {
		answer(w, http.StatusInternalServerError, map[string]string{"message": err.Error()})
		return
	}
	answer(w, http.StatusCreated, map[string]any{
		"logIndex": "0", "logId": map[string]any{"keyId": id}, "kindVersion": map[string]string{"kind": body.Kind, "version": body.APIVersion},
		"canonicalizedBody": raw,
		"inclusionProof":    map[string]any{"logIndex": "0", "treeSize": "1", "rootHash": leaf[:], "hashes": []string{}, "checkpoint": map[string]string{"envelope": note}},
	})
}

// checkpoint signs a tree of one leaf as a note (c2sp.org/tlog-checkpoint).
func (f *fake) checkpoint(root []byte) (note string, id []byte, err error) {
	if id, err = logID(f.log.Public()); err != nil {
		return "", nil, err
	}
	text := fmt.Sprintf("%s\n1\n%s\n", f.origin, base64.StdEncoding.EncodeToString(root))
	sum := sha256.Sum256([]byte(text))
	sig, err := f.log.Sign(rand.Reader, sum[:], crypto.SHA256)
	if err != nil {
		return "", nil, err
	}
	return text + "\n— " + f.origin + " " + base64.StdEncoding.EncodeToString(append(id[:4:4], sig...)) + "\n", id, nil
}
