package fetch

import (
	"bytes"
	"encoding/json"

	"github.com/proffer-audit/proffer/attest/strictjson"
	"github.com/proffer-audit/proffer/audit/engine"
	"github.com/proffer-audit/proffer/audit/evidence"
)

// Event is the engine's: progress for a watcher.
type Event = engine.Event

// Outcome says what a transfer came to.
type Outcome string

// The outcomes of a transfer.
const (
	Obtained   Outcome = "obtained" // the pinned bytes are in the store
	Mismatched Outcome = "mismatch" // a place served other bytes, and none the right ones
	Missing    Outcome = "missing"  // no place served anything
)

// The media types of what this package keeps.
const (
	MediaBytes = "application/octet-stream"
	MediaZip   = "application/zip"
	MediaTree  = "application/x-tar"
	MediaText  = "text/plain; charset=utf-8"
	MediaJSON  = "application/json"
	MediaProof = "application/vnd.proffer.sumdb-proof.v1+json"
)

// An Observation is the whole truth about what was obtained. It holds no
// address, host or time. For one pin it is the same on every machine, but for
// the parts that no pin covers: Info, which is what a proxy says, and Proof,
// which tells of the database as it stood when it was asked.
type Observation struct {
	PURL    string  `json:"purl,omitempty"`
	Outcome Outcome `json:"outcome"`
	// Pin is the digest that was asked for, in the spelling of Pin.String.
	Pin string `json:"pin"`
	// Code says why there is nothing, or not the right thing; "" when obtained.
	Code Code `json:"code,omitempty"`
	// Blob is what was obtained. With a mismatch it is what came instead, if it
	// was small enough to keep.
	Blob *evidence.Descriptor `json:"blob,omitempty"`
	// Observed is the digest of what came instead, in the pin's algorithm where
	// it has one there, otherwise as sha256. For npm it may be what the registry
	// says that the content is, when that already differs.
	Observed string `json:"observed,omitempty"`

	// Mod is the module's go.mod; VerifyProof authenticates it.
	Mod *evidence.Descriptor `json:"mod,omitempty"`
	// Info is what the proxy says about the module's origin. Nothing proves it.
	Info *evidence.Descriptor `json:"info,omitempty"`
	// Proof is the checksum database's proof for a Go module.
	Proof *evidence.Descriptor `json:"proof,omitempty"`
	// ProofCode says why a Go module has no proof; "" when it has one.
	ProofCode Code `json:"proofCode,omitempty"`
	// ProofDetail explains ProofCode to a person, or is "".
	ProofDetail string `json:"proofDetail,omitempty"`

	// Integrity is what the npm registry states, in its own spelling.
	Integrity string `json:"integrity,omitempty"`
	// Attestations is what the npm registry serves besides, as it came.
	Attestations *evidence.Descriptor `json:"attestations,omitempty"`
	// AttestationsCode says why there are none; NotAvailable means that this
	// registry serves none, not that there are none.
	AttestationsCode Code `json:"attestationsCode,omitempty"`
}

// documentLimits bound an observation or a module set that is read back.
func documentLimits() strictjson.Limits { return strictjson.Limits{Bytes: 16 << 20, Depth: 8} }

// ParseObservation reads the JSON of an Observation strictly: no unknown or
// repeated key, and no other spelling than the one that Marshal writes.
func ParseObservation(data []byte) (Observation, error) {
	var o Observation
	if err := parseOwn(data, &o); err != nil {
		return Observation{}, err
	}
	return o, nil
}

// parseOwn reads a document of this package: strictly, and only as it writes it.
func parseOwn(data []byte, into any) error {
	if err := strictjson.Unmarshal(data, into, documentLimits()); err != nil {
		return refuse(BadDocument, "", "the document does not read").because(err)
	}
	again, err := json.Marshal(into)
	if err != nil {
		return refuse(BadDocument, "", "the document does not read").because(err)
	}
	if !bytes.Equal(again, data) {
		return refuse(BadDocument, "", "the document is not as this program writes it")
	}
	return nil
}
