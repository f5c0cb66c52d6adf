package mint

import (
	"crypto/sha256"
	"encoding/base64"
	"encoding/hex"
	"encoding/json"
	"encoding/pem"
	"fmt"
	"strings"
	"time"
)

// EntryKind is the form in which a log keeps an entry.
type EntryKind string

// The kinds of entry. A Rekor v1 log takes the first three, a Rekor v2 log the
// others.
const (
	DSSE1         EntryKind = "dsse/0.0.1"
	Intoto2       EntryKind = "intoto/0.0.2"
	HashedRekord1 EntryKind = "hashedrekord/0.0.1"
	HashedRekord2 EntryKind = "hashedrekord/0.0.2"
	DSSE2         EntryKind = "dsse/0.0.2" // of early Rekor v2 clients; sigstore-go refuses it
)

// signed is what was signed, and by whom.
type signed struct {
	key         *Key
	cert        []byte // DER, or nil where a key signs alone
	payloadType string
	payload     []byte // of an envelope
	message     []byte // of a message signature
	sig         []byte
}

// pae is what an envelope's signature covers (DSSE protocol).
func pae(payloadType string, payload []byte) []byte {
	return append(fmt.Appendf(nil, "DSSEv1 %d %s %d ", len(payloadType), payloadType, len(payload)), payload...)
}

// covered is what the signature covers.
func (s signed) covered() []byte {
	if s.message != nil {
		return s.message
	}
	return pae(s.payloadType, s.payload)
}

// verifierPEM is the certificate or the public key as PEM.
func (s signed) verifierPEM() []byte {
	if s.cert != nil {
		return pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: s.cert})
	}
	return s.key.PEM()
}

type object = map[string]any

// body is the canonical JSON of an entry: encoding/json sorts keys, and no text
// in it needs more than that.
func (s signed) body(kind EntryKind) []byte {
	name, version, _ := strings.Cut(string(kind), "/")
	var spec object
	switch kind {
	case DSSE1:
		spec = object{
			"envelopeHash": hexHash(s.envelope()), "payloadHash": hexHash(s.payload),
			"signatures": []object{{"signature": s.sig, "verifier": s.verifierPEM()}},
		}
	case Intoto2:
		inner := base64.StdEncoding.EncodeToString(s.sig)
		spec = object{"content": object{
			"envelope": object{
				"payloadType": s.payloadType,
				"signatures":  []object{{"publicKey": s.verifierPEM(), "sig": []byte(inner)}},
			},
			"hash": hexHash(s.envelope()), "payloadHash": hexHash(s.payload),
		}}
	case HashedRekord1:
		algorithm := strings.ToLower(strings.ReplaceAll(s.key.hashName(), "SHA2_", "SHA"))
		spec = object{
			"data":      object{"hash": object{"algorithm": algorithm, "value": hex.EncodeToString(s.key.digest(s.covered()))}},
			"signature": object{"content": s.sig, "publicKey": object{"content": s.verifierPEM()}},
		}
	case HashedRekord2:
		spec = object{"hashedRekordV002": object{
			"data":      object{"algorithm": s.key.hashName(), "digest": s.key.digest(s.covered())},
			"signature": object{"content": s.sig, "verifier": s.verifier()},
		}}
	case DSSE2:
		sum := sha256.Sum256(s.payload)
		spec = object{"dsseV002": object{
			"payloadHash": object{"algorithm": "SHA2_256", "digest": sum[:]},
			"signatures":  []object{{"content": s.sig, "verifier": s.verifier()}},
		}}
	default:
		panic(fmt.Sprintf("mint: no entry of kind %q", kind))
	}
	return must(json.Marshal(object{"apiVersion": version, "kind": name, "spec": spec}))
}

// verifier is the signer in the form of Rekor v2.
func (s signed) verifier() object {
	if s.cert != nil {
		return object{"keyDetails": s.key.details(), "x509Certificate": object{"rawBytes": s.cert}}
	}
	return object{"keyDetails": s.key.details(), "publicKey": object{"rawBytes": s.key.spki}}
}

// envelope is the DSSE envelope as JSON.
func (s signed) envelope() []byte {
	return must(json.Marshal(object{
		"payload": s.payload, "payloadType": s.payloadType, "signatures": []object{{"sig": s.sig}},
	}))
}

func hexHash(data []byte) object {
	sum := sha256.Sum256(data)
	return object{"algorithm": "sha256", "value": hex.EncodeToString(sum[:])}
}

// entry logs a signature and returns the entry as a bundle shows it.
func (l *Log) entry(s signed, kind EntryKind, at time.Time, w Wrong) object {
	shown := s
	if w.OtherEntry {
		shown = s.other()
	}
	body := shown.body(kind)
	p := l.tree.append(body)
	if w.OtherProof {
		p = l.tree.append(s.other().body(kind))
	}
	name, version, _ := strings.Cut(string(kind), "/")
	e := object{
		"logIndex": decimal(p.index), "logId": object{"keyId": l.id},
		"kindVersion":       object{"kind": name, "version": version},
		"canonicalizedBody": body,
	}
	if l.Protocol == Rekor1 {
		e["integratedTime"] = decimal(uint64(at.Unix())) //nolint:gosec // after 1970
		if !w.NoPromise {
			about := p.index
			if w.OtherPromise {
				about++
			}
			e["inclusionPromise"] = object{"signedEntryTimestamp": l.promise(body, at, about)}
		}
	}
	if !w.NoProof {
		e["inclusionProof"] = l.shown(p, w)
	}
	return e
}

// shown is a proof as a bundle shows it.
func (l *Log) shown(p proof, w Wrong) object {
	origin, key := l.Host, l.Key
	if w.CheckpointOrigin != "" {
		origin = w.CheckpointOrigin
	}
	if w.CheckpointKey != nil {
		key = w.CheckpointKey
	}
	path := p.path
	if path == nil {
		path = [][]byte{}
	}
	return object{
		"logIndex": decimal(p.index), "treeSize": decimal(p.size), "rootHash": p.root, "hashes": path,
		"checkpoint": object{"envelope": l.checkpoint(p, origin, key)},
	}
}

// other is another signature of the same signer.
func (s signed) other() signed {
	if s.message != nil {
		s.message = append([]byte("another "), s.message...)
	} else {
		s.payload = append([]byte(" "), s.payload...)
	}
	s.sig = s.key.Sign(s.covered())
	return s
}

// decimal is a 64-bit number as protobuf's JSON has it.
func decimal(n uint64) string { return fmt.Sprint(n) }
