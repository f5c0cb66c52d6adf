package fetch

import (
	"bytes"

	"golang.org/x/mod/module"
	modzip "golang.org/x/mod/zip"

	"github.com/proffer-audit/proffer/audit/evidence"
)

// VerifyPin hashes what an observation claims to have obtained and holds it
// against the pin. It is pure: it reads blobs, and nothing else. The error is an
// *Error with code BadPin, Mismatch or BadZip, one with the observation's own
// code where nothing was obtained, or evidence's.
func VerifyPin(r evidence.Reader, o Observation, pin string) error {
	want, err := ParsePin(pin)
	if err != nil {
		return err
	}
	if o.Pin != want.String() {
		return refuse(BadPin, o.PURL, "the observation is of %.120q, asked for is %s", o.Pin, want)
	}
	if o.Outcome != Obtained || o.Blob == nil {
		return notObtained(o)
	}
	got, err := hashAs(r, o, want.Algorithm)
	if err != nil {
		return err
	}
	if got != want.String() {
		return refuse(Mismatch, o.PURL, "the content has digest %s, pinned is %s", got, want)
	}
	return nil
}

func notObtained(o Observation) error {
	code := o.Code
	if o.Outcome == Mismatched || code == "" {
		code = Mismatch
	}
	if o.Outcome == Missing {
		return refuse(code, o.PURL, "it was not obtained")
	}
	return refuse(code, o.PURL, "what came has digest %s, pinned is %s", o.Observed, o.Pin)
}

// hashAs is the digest of an observation's content in one algorithm.
func hashAs(r evidence.Reader, o Observation, alg Algorithm) (string, error) {
	switch alg {
	case H1:
		m, err := moduleOf(o)
		if err != nil {
			return "", err
		}
		return moduleHash(r, *o.Blob, m)
	case Tree:
		packed, err := r.Read(o.Blob.Digest, DefaultMaxBytes)
		if err != nil {
			return "", err
		}
		digest, err := treeOfTar(packed, DefaultMaxBytes)
		if err != nil {
			return "", refuse(Mismatch, o.PURL, "the packed tree does not read").because(err)
		}
		return digest, nil
	default:
		got, _, err := hashBlob(r, o.Blob.Digest, alg)
		if err != nil {
			return "", err
		}
		return got.String(), nil
	}
}

// moduleHash is the h1: of a module zip in evidence.
func moduleHash(r evidence.Reader, d evidence.Descriptor, m module.Version) (string, error) {
	zip, err := r.Read(d.Digest, modzip.MaxZipFile)
	if err != nil {
		return "", err
	}
	return hashModuleZip(bytes.NewReader(zip), int64(len(zip)), m)
}

func moduleOf(o Observation) (module.Version, error) {
	p, err := parsePURL(o.PURL)
	if err != nil {
		return module.Version{}, err
	}
	if p.typ != typeGo {
		return module.Version{}, refuse(BadPURL, o.PURL, "not a Go module")
	}
	return p.module()
}

// A Proven is what a checksum database published about a module version.
type Proven struct {
	Log     string // the database's name
	Tree    int64  // number of records under the signed head
	Path    string
	Version string
	H1      string // of the module zip
	GoModH1 string // of its go.mod
}

// VerifyProof shows, from the observation's blobs alone, that a log which the
// caller trusts has published exactly this digest for this module: the head's
// signature, the record's inclusion, the module zip's h1 and, where the
// observation has it, that of go.mod. It is pure and needs no network. The error
// is an *Error with one of the proof codes, or evidence's.
func VerifyProof(r evidence.Reader, o Observation, logs []LogKey) (Proven, error) {
	m, err := moduleOf(o)
	if err != nil {
		return Proven{}, err
	}
	if o.Proof == nil {
		return Proven{}, noProof(o.PURL, failure{o.ProofCode, o.ProofDetail})
	}
	set, err := verifyProofBlob(r, *o.Proof, []module.Version{m}, logs)
	if err != nil {
		return Proven{}, err
	}
	p := set[m]
	if err := matchZip(r, o, m, p); err != nil {
		return Proven{}, err
	}
	if o.Mod != nil {
		if err := matchGoMod(r, *o.Mod, p); err != nil {
			return Proven{}, err
		}
	}
	return p, nil
}

func noProof(where string, why failure) error {
	if why.code == "" {
		return refuse(ProofMissing, where, "no proof by a checksum database")
	}
	return refuse(why.code, where, "no proof by a checksum database: %s", why.detail)
}

// verifyProofBlob proves modules from one blob by the key of a trusted log.
func verifyProofBlob(r evidence.Reader, d evidence.Descriptor, mods []module.Version, logs []LogKey) (map[module.Version]Proven, error) {
	data, err := r.Read(d.Digest, maxProof)
	if err != nil {
		return nil, err
	}
	doc, err := parseProof(data)
	if err != nil {
		return nil, err
	}
	var keys []string
	for _, l := range logs {
		if l.Name == doc.Log {
			keys = append(keys, l.verifierKey())
		}
	}
	if len(keys) == 0 {
		return nil, refuse(ProofUnknownLog, "", "the proof is by the log %.80q, which the policy does not name", doc.Log).
			hint("name it under trust.logs, if it is to be trusted")
	}
	var first error
	for _, key := range keys {
		set, err := doc.verify(mods, key)
		if err == nil {
			return provenSet(doc, set, key)
		}
		if first == nil {
			first = err
		}
	}
	return nil, first
}

func provenSet(doc *proofDoc, set map[module.Version]published, key string) (map[module.Version]Proven, error) {
	head, _, err := openHead(doc.Head, key)
	if err != nil {
		return nil, refuse(ProofInvalid, "", "the tree head is not signed by the log").because(err)
	}
	out := make(map[module.Version]Proven, len(set))
	for m, p := range set {
		out[m] = Proven{Log: doc.Log, Tree: head.N, Path: m.Path, Version: m.Version, H1: p.h1, GoModH1: p.goModH1}
	}
	return out, nil
}

// matchZip holds what the log published against the pin; where the pin is of
// another kind, against the zip itself.
func matchZip(r evidence.Reader, o Observation, m module.Version, p Proven) error {
	pin, err := ParsePin(o.Pin)
	if err != nil {
		return err
	}
	have := o.Pin
	if pin.Algorithm != H1 {
		if o.Blob == nil {
			return refuse(ProofMissing, o.PURL, "there is no module zip to hold the proof against")
		}
		if have, err = moduleHash(r, *o.Blob, m); err != nil {
			return err
		}
	}
	if have != p.H1 {
		return refuse(ProofMismatch, o.PURL, "the log %s published %s, pinned is %s", p.Log, p.H1, have)
	}
	return nil
}

func matchGoMod(r evidence.Reader, d evidence.Descriptor, p Proven) error {
	where := p.Path + "@" + p.Version + "/go.mod"
	data, err := r.Read(d.Digest, maxMod)
	if err != nil {
		return err
	}
	h1, err := hashGoMod(data)
	if err != nil {
		return refuse(ProofMismatch, where, "it has no digest").because(err)
	}
	if h1 != p.GoModH1 {
		return refuse(ProofMismatch, where, "the log %s published %s, obtained is %s", p.Log, p.GoModH1, h1)
	}
	return nil
}
