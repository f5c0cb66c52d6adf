package bundle

import (
	"fmt"
	"strconv"
)

// document is the JSON of a bundle, as protobuf writes it. Of protobuf's several
// spellings of a key, a number or an enumeration only the one that it writes is
// read.
type document struct {
	MediaType string            `json:"mediaType"`
	Material  *material         `json:"verificationMaterial"`
	Envelope  *envelope         `json:"dsseEnvelope"`
	Message   *messageSignature `json:"messageSignature"`
}

type material struct {
	PublicKey   *publicKeyHint `json:"publicKey"`
	Chain       *x509Chain     `json:"x509CertificateChain"`
	Certificate *rawBytes      `json:"certificate"`
	Entries     []logEntry     `json:"tlogEntries"`
	Stamps      *stampList     `json:"timestampVerificationData"`
}

type publicKeyHint struct {
	Hint string `json:"hint"`
}

type x509Chain struct {
	Certificates []rawBytes `json:"certificates"`
}

type rawBytes struct {
	Raw []byte `json:"rawBytes"`
}

type stampList struct {
	Stamps []struct {
		Signed []byte `json:"signedTimestamp"`
	} `json:"rfc3161Timestamps"`
}

// logEntry is a TransparencyLogEntry of sigstore's protobuf-specs.
type logEntry struct {
	Index       integer      `json:"logIndex"`
	Log         *keyID       `json:"logId"`
	KindVersion *kindVersion `json:"kindVersion"`
	Integrated  integer      `json:"integratedTime"` // seconds since 1970; 0 is none
	Promise     *promise     `json:"inclusionPromise"`
	Proof       *proof       `json:"inclusionProof"`
	Body        []byte       `json:"canonicalizedBody"`
}

type keyID struct {
	ID []byte `json:"keyId"`
}

type kindVersion struct {
	Kind    string `json:"kind"`
	Version string `json:"version"`
}

type promise struct {
	SET []byte `json:"signedEntryTimestamp"`
}

type proof struct {
	Index      integer         `json:"logIndex"`
	Root       []byte          `json:"rootHash"`
	Size       integer         `json:"treeSize"`
	Hashes     [][]byte        `json:"hashes"`
	Checkpoint *checkpointText `json:"checkpoint"`
}

type checkpointText struct {
	Envelope string `json:"envelope"`
}

type envelope struct {
	Payload     []byte `json:"payload"`
	PayloadType string `json:"payloadType"`
	Signatures  []struct {
		Sig   []byte `json:"sig"`
		KeyID string `json:"keyid"`
	} `json:"signatures"`
}

type messageSignature struct {
	Digest *struct {
		Algorithm string `json:"algorithm"`
		Digest    []byte `json:"digest"`
	} `json:"messageDigest"`
	Signature []byte `json:"signature"`
}

// integer is an int64, which protobuf writes as a string and reads as a number
// as well.
type integer int64

// UnmarshalJSON reads decimal digits without a leading zero or plus.
func (i *integer) UnmarshalJSON(data []byte) error {
	text := string(data)
	if len(text) >= 2 && text[0] == '"' {
		text = text[1 : len(text)-1]
	}
	n, err := strconv.ParseInt(text, 10, 64)
	if err != nil || strconv.FormatInt(n, 10) != text {
		return fmt.Errorf("%.40q is not a whole number of 64 bits", text)
	}
	*i = integer(n)
	return nil
}
