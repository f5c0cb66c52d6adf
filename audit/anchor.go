package audit

import (
	"bytes"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/sha256"
	"encoding/json"
	"errors"
	"slices"

	"github.com/secure-systems-lab/go-securesystemslib/dsse"

	"github.com/proffer-audit/proffer/attest"
	"github.com/proffer-audit/proffer/attest/bundle"
	"github.com/proffer-audit/proffer/attest/statement"
	"github.com/proffer-audit/proffer/attest/strictjson"
	"github.com/proffer-audit/proffer/attest/trust"
	"github.com/proffer-audit/proffer/audit/evidence"
)

// MaxBundle caps the bundle of a report, in bytes.
const MaxBundle = attest.MaxOwn

// Anchor is what the reviewer trusts beforehand. With neither keys nor
// identities, only the integrity of the dossier is checked, and nothing in it is
// anchored.
type Anchor struct {
	Keys [][]byte // PEM; the report may be signed by one of them
	// Identities may sign too, each under the root that it names among Roots
	// (trusted_root.json by name).
	Identities  []trust.Principal
	Roots       map[string][]byte
	Artifacts   []evidence.Digest
	MinSequence int // 0: not checked
}

func (a Anchor) none() bool { return len(a.Keys)+len(a.Identities) == 0 }

// checkSignatures checks who signed the report, and that the run record is
// signed by the same key.
func checkSignatures(v *Verification, p parts, anchor Anchor) error {
	b, err := bundle.Read(p.bundle, attest.MaxOwn)
	if err != nil {
		return refusal(CodeBadSignature, "read the signature of the report", err)
	}
	key := p.signer
	if b.Certificate() != nil {
		err = v.checkIdentity(b, p, anchor)
	} else {
		if len(anchor.Keys) > 0 {
			i := slices.IndexFunc(anchor.Keys, func(k []byte) bool { return sameKey(k, p.signer) })
			if i < 0 {
				return wrongSigner("the dossier names another signer than the ones asked for")
			}
			key, v.Anchored = anchor.Keys[i], true
		} else if !anchor.none() {
			return wrongSigner("the dossier is signed with a key, and an identity was asked for")
		}
		err = checkOwn("report", payloadStatement, p.bundle, p.report, key)
	}
	if err != nil {
		return err
	}
	return checkOwn("run record", payloadRun, p.runBundle, p.run, key)
}

func wrongSigner(what string) error { return refusal(CodeWrongSigner, what, nil) }

// checkOwn checks a signature by a bare key.
func checkOwn(what, payloadType string, signed, want, key []byte) error {
	typ, payload, err := attest.VerifyOwn(signed, key)
	if err != nil {
		return refusal(CodeBadSignature, "check the signature of the "+what, err)
	}
	if typ != payloadType || !bytes.Equal(payload, want) {
		return refusal(CodeInconsistent, "the signature is over another "+what, nil)
	}
	return nil
}

// sameKey tells whether two PEM public keys are one key.
func sameKey(a, b []byte) bool {
	x, err := trust.ParsePublic(a)
	if err != nil {
		return false
	}
	y, err := trust.ParsePublic(b)
	return err == nil && x.ID() == y.ID()
}

// checkIdentity checks a report that was signed under a certificate.
func (v *Verification) checkIdentity(b *bundle.Bundle, p parts, anchor Anchor) error {
	if !statement.IsCanonical(p.bundle) {
		return refusal(CodeNotCanonical, "the signature of the report is not in its canonical form", nil)
	}
	typ, payload, ok := b.Envelope()
	if !ok || typ != payloadStatement || !bytes.Equal(payload, p.report) {
		return refusal(CodeInconsistent, "the signature is over another report", nil)
	}
	public, ok := b.Certificate().PublicKey.(*ecdsa.PublicKey)
	named, err := trust.ParsePublic(p.signer)
	if err != nil || !ok || !public.Equal(named.Key) {
		return refusal(CodeInconsistent, "the certificate is for another key than the dossier names", err)
	}
	if who, ok := b.Claim(); ok {
		v.Identity, v.Issuer = who.SAN, who.Issuer
	}
	if anchor.none() {
		return checkEnvelope(p.bundle, p.report, public)
	}
	if len(anchor.Identities) == 0 {
		return wrongSigner("the dossier is signed as an identity, and a key was asked for")
	}
	return v.identify(b, p.bundle, anchor)
}

// identify finds the identity that signed among those that may. What it refuses
// has the reason of the one that came nearest.
func (v *Verification) identify(b *bundle.Bundle, signed []byte, anchor Anchor) error {
	var nearest error
	for _, p := range anchor.Identities {
		verified, err := verifyAs(b, p, anchor.Roots[p.Root], bundle.Artifact{})
		if err == nil {
			// The same again, and that no byte of the signature can change.
			if _, _, err := attest.VerifyOwnIdentity(signed, p, anchor.Roots); err != nil {
				return refusal(CodeNotCanonical, "check the form of the signature", err)
			}
			v.Anchored = true
			if len(verified.Times) > 0 {
				v.Signed = verified.Times[0].At
			}
			return nil
		}
		var e *bundle.Error
		if nearest == nil || errors.As(err, &e) && e.Code == bundle.WrongIdentity {
			nearest = err
		}
	}
	var e *bundle.Error
	if !errors.As(nearest, &e) {
		return nearest
	}
	if e.Code == bundle.WrongIdentity {
		return refusal(CodeWrongSigner, "check who signed the report", nearest)
	}
	return refusal(string(e.Code), "check the signature of the report", nearest)
}

// verifyAs verifies everything about a bundle, and that the principal made it.
func verifyAs(b *bundle.Bundle, p trust.Principal, trusted []byte, about bundle.Artifact) (*bundle.Verified, error) {
	root, err := bundle.NewRoot(trusted)
	if err != nil {
		return nil, err
	}
	v, err := bundle.VerifyCertificate(b, root, about, bundle.Strict())
	if err != nil {
		return nil, err
	}
	if err := names(v.Identity, p); err != nil {
		return nil, err
	}
	return v, nil
}

// VerifyBundle verifies a bundle that stands by itself: that one of the anchor's
// keys or identities signed it, and that it is about an artifact. The error is a
// *bundle.Error.
func VerifyBundle(b *bundle.Bundle, anchor Anchor, about bundle.Artifact) (*bundle.Verified, error) {
	var nearest error
	keep := func(err error) {
		var e *bundle.Error
		if nearest == nil || errors.As(err, &e) && e.Code != bundle.UntrustedSigner && e.Code != bundle.UntrustedRoot {
			nearest = err
		}
	}
	for _, k := range anchor.Keys {
		pub, err := trust.ParsePublic(k)
		if err != nil {
			return nil, err
		}
		v, err := bundle.VerifyKey(b, pub, nil, about, bundle.Demand{})
		if err == nil {
			return v, nil
		}
		keep(err)
	}
	for _, p := range anchor.Identities {
		v, err := verifyAs(b, p, anchor.Roots[p.Root], about)
		if err == nil {
			return v, nil
		}
		keep(err)
	}
	return nil, nearest
}

// names checks that a certificate names the principal, in the words of a bundle's
// refusal.
func names(id *bundle.Identity, p trust.Principal) error {
	err := attest.IsPrincipal(*id, p)
	if e, ok := errors.AsType[*attest.Error](err); ok && e.Code != attest.BadPolicy {
		return &bundle.Error{Code: bundle.WrongIdentity, Reason: e.Reason, Err: err}
	}
	return err
}

// checkEnvelope checks that a certificate's key signed, and nothing about who
// that is: all that can be said without an anchor. Our own certificates are for
// P-256.
func checkEnvelope(signed, report []byte, public *ecdsa.PublicKey) error {
	var b struct {
		Envelope struct {
			Signatures []struct {
				Sig []byte `json:"sig"`
			} `json:"signatures"`
		} `json:"dsseEnvelope"`
	}
	if err := strictjson.Check(signed, strictjson.Limits{Bytes: attest.MaxOwn}); err != nil {
		return refusal(CodeBadSignature, "read the signature of the report", err)
	}
	if err := json.Unmarshal(signed, &b); err != nil || len(b.Envelope.Signatures) != 1 || public.Curve != elliptic.P256() {
		return refusal(CodeBadSignature, "read the signature of the report", err)
	}
	sum := sha256.Sum256(dsse.PAE(payloadStatement, report))
	if !ecdsa.VerifyASN1(public, sum[:], b.Envelope.Signatures[0].Sig) {
		return refusal(CodeBadSignature, "the signature is not that of the certificate's key", nil)
	}
	return nil
}
