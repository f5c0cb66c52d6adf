package attest

import (
	"bytes"
	"encoding/base64"
	"slices"
	"strconv"
	"strings"

	"github.com/proffer-audit/proffer/attest/statement"
	"github.com/proffer-audit/proffer/attest/strictjson"
	"github.com/proffer-audit/proffer/attest/trust"
)

// keylessBundle is a sigstore bundle v0.3 around an envelope that somebody signed
// under a certificate, and nothing in it that no signature covers.
type keylessBundle struct {
	MediaType string          `json:"mediaType"`
	Material  keylessMaterial `json:"verificationMaterial"`
	Envelope  ownEnvelope     `json:"dsseEnvelope"`
}

type keylessMaterial struct {
	Certificate struct {
		Raw []byte `json:"rawBytes"`
	} `json:"certificate"`
	Entries []keylessEntry `json:"tlogEntries,omitempty"`
	Stamps  *keylessStamps `json:"timestampVerificationData,omitempty"`
}

type keylessStamps struct {
	Stamps []keylessStamp `json:"rfc3161Timestamps"`
}

type keylessStamp struct {
	Signed []byte `json:"signedTimestamp"`
}

// keylessEntry is a log entry. Numbers are written as protobuf writes them: as
// texts, and not at all where they are zero.
type keylessEntry struct {
	Index string `json:"logIndex,omitempty"`
	Log   struct {
		ID []byte `json:"keyId"`
	} `json:"logId"`
	Kind struct {
		Kind    string `json:"kind"`
		Version string `json:"version"`
	} `json:"kindVersion"`
	Integrated string          `json:"integratedTime,omitempty"`
	Promise    *keylessPromise `json:"inclusionPromise,omitempty"`
	Proof      *keylessProof   `json:"inclusionProof"`
	Body       []byte          `json:"canonicalizedBody"`
}

type keylessPromise struct {
	SET []byte `json:"signedEntryTimestamp"`
}

type keylessProof struct {
	Index      string   `json:"logIndex,omitempty"`
	Root       []byte   `json:"rootHash"`
	Size       string   `json:"treeSize"`
	Hashes     [][]byte `json:"hashes,omitempty"`
	Checkpoint struct {
		Envelope string `json:"envelope"`
	} `json:"checkpoint"`
}

// Canonicalise writes a bundle that was signed under a certificate in the one
// form that VerifyOwnIdentity takes: canonical JSON, and without whatever no
// signature covers, such as the signatures of a log's witnesses and the
// certificates that a timestamp drags along. The bundle means the same to every
// verifier; nothing is verified here. The error is an *Error: a bundle of another
// kind, or with parts that cannot be covered.
func Canonicalise(data []byte) ([]byte, error) {
	b, err := readKeyless(data)
	if err != nil {
		return nil, err
	}
	out, err := statement.Canonical(b)
	if err != nil {
		return nil, refuseFor(Unreadable, err, "bundle")
	}
	return out, nil
}

// readKeyless reads a bundle and drops what its one form does not have.
func readKeyless(data []byte) (*keylessBundle, error) {
	var b keylessBundle
	if len(data) > MaxOwn {
		return nil, refuse(TooLarge, "bundle has %d bytes, the limit is %d", len(data), MaxOwn)
	}
	// Keys that are not known, such as a key id, are dropped; case variants of
	// those that are, refused.
	if err := strictjson.Unmarshal(data, &b, strictjson.Limits{Bytes: MaxOwn, AllowUnknown: true}); err != nil {
		return nil, refuseFor(Unreadable, err, "not a bundle of ours")
	}
	if b.MediaType != mediaType {
		return nil, refuse(Unreadable, "media type is %.80q, not %s", b.MediaType, mediaType)
	}
	if n := len(b.Envelope.Signatures); n != 1 {
		return nil, refuse(Unreadable, "%d signatures where one is due", n)
	}
	if len(b.Material.Certificate.Raw) == 0 {
		return nil, refuse(UntrustedSigner, "bundle without the certificate of a signer")
	}
	for i := range b.Material.Entries {
		if err := b.Material.Entries[i].narrow(); err != nil {
			return nil, err
		}
	}
	if b.Material.Stamps == nil {
		return &b, nil
	}
	if len(b.Material.Stamps.Stamps) == 0 {
		b.Material.Stamps = nil
		return &b, nil
	}
	for i := range b.Material.Stamps.Stamps {
		s := &b.Material.Stamps.Stamps[i]
		var ok bool
		if s.Signed, ok = canonicalStamp(s.Signed); !ok {
			return nil, refuse(NotCanonical, "a timestamp that has no one form")
		}
	}
	return &b, nil
}

// narrow drops from an entry what neither proof nor promise covers.
func (e *keylessEntry) narrow() error {
	if e.Proof == nil {
		return refuse(NotCanonical, "log entry without an inclusion proof")
	}
	first, _, _ := strings.Cut(e.Proof.Checkpoint.Envelope, "\n")
	host, tree, v1 := strings.Cut(first, " - ")
	if v1 && (e.Promise == nil || strings.Trim(tree, "0123456789") != "") {
		return refuse(NotCanonical, "log entry of Rekor v1 without the promise that covers its index")
	}
	if e.Promise == nil {
		e.Integrated = "" // nobody signs the time of an entry without a promise
	}
	for _, n := range []*string{&e.Index, &e.Integrated, &e.Proof.Index, &e.Proof.Size} {
		if *n == "0" {
			*n = ""
		}
		if v, err := strconv.ParseUint(*n, 10, 63); *n != "" && (err != nil || strconv.FormatUint(v, 10) != *n) {
			return refuse(NotCanonical, "a number of a log entry is written in another way")
		}
	}
	text, ok := oneSignature(e.Proof.Checkpoint.Envelope, host)
	if !ok {
		return refuse(NotCanonical, "checkpoint without exactly one signature of log %.80q", host)
	}
	e.Proof.Checkpoint.Envelope = text
	return nil
}

// oneSignature drops the signatures of a note (C2SP signed-note) but that of one
// name.
func oneSignature(note, name string) (string, bool) {
	i := strings.LastIndex(note, "\n\n")
	if i < 0 || !strings.HasSuffix(note, "\n") {
		return "", false
	}
	prefix, found := "\u2014 "+name+" ", ""
	for line := range strings.Lines(note[i+2:]) {
		b64, ok := strings.CutPrefix(line, prefix)
		if !ok {
			continue
		}
		raw, err := base64.StdEncoding.Strict().DecodeString(strings.TrimSuffix(b64, "\n"))
		if err != nil || found != "" {
			return "", false
		}
		found = prefix + base64.StdEncoding.EncodeToString(raw) + "\n"
	}
	return note[:i+2] + found, found != ""
}

// VerifyOwnIdentity verifies a bundle that this program signed as an identity:
// all that VerifyIdentity demands, of a payload of any type, and that no byte of
// the bundle can change: it must be in the form of Canonicalise, and a
// certificate that a timestamp carries must be one that the root names or that
// the root's authority signed. The error is an *Error.
func VerifyOwnIdentity(data []byte, p trust.Principal, roots map[string][]byte) (payloadType string, payload []byte, err error) {
	known, err := readIdentity(p, roots)
	if err != nil {
		return "", nil, err
	}
	return known.verifyOwn(data)
}

func (k *principal) verifyOwn(data []byte) (payloadType string, payload []byte, err error) {
	b, err := readKeyless(data)
	if err != nil {
		return "", nil, err
	}
	again, err := statement.Canonical(b)
	if err != nil || !bytes.Equal(again, data) {
		return "", nil, refuse(NotCanonical, "bundle is not in its canonical form")
	}
	v, err := k.verifyAlone(data, MaxOwn)
	if err != nil {
		return "", nil, err
	}
	if b.Material.Stamps == nil {
		return v.PayloadType, v.Payload, nil
	}
	for _, s := range b.Material.Stamps.Stamps {
		if cert := stampCertificate(s.Signed); cert != nil && !k.root.covers(cert) {
			return "", nil, refuse(NotCanonical, "a timestamp carries another certificate than the root's")
		}
	}
	return v.PayloadType, v.Payload, nil
}

// covers reports whether a timestamp's certificate is one that the root names.
// Where the root names its authority's own, nobody looks at the copy; where it
// does not, the copy is all there is, and its issuer's signature covers it.
func (a *anchor) covers(cert []byte) bool {
	return slices.ContainsFunc(a.stampers, func(leaf []byte) bool { return leaf == nil || bytes.Equal(leaf, cert) })
}
