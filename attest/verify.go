package attest

import (
	"encoding/hex"
	"errors"
	"strings"
	"time"

	"github.com/sigstore/sigstore-go/pkg/root"
	"github.com/sigstore/sigstore-go/pkg/verify"
	"github.com/sigstore/sigstore/pkg/signature"

	"github.com/proffer-audit/proffer/attest/statement"
	"github.com/proffer-audit/proffer/attest/trust"
)

// VerifyKey verifies a bundle that a key signed, with the public key as PEM, and
// returns what was signed. Log entries and timestamps are refused: without a
// root there is nothing to check them against. The error is an *Error.
func VerifyKey(bundle, public []byte) (payloadType string, payload []byte, err error) {
	pub, err := trust.ParsePublic(public)
	if err != nil {
		return "", nil, refuseFor(BadPolicy, err, "public key")
	}
	return verifyKey(bundle, MaxBundle, pub)
}

func verifyKey(data []byte, limit int, pub *trust.Public) (string, []byte, error) {
	o, err := open(data, limit)
	if err != nil {
		return "", nil, err
	}
	if o.leaf != nil {
		return "", nil, refuse(UntrustedSigner, "signed with a certificate, not with key %s", pub.ID())
	}
	if o.signedBy(pub.Key) != nil {
		return "", nil, refuse(BadSignature, "the signature is not that of key %s", pub.ID())
	}
	if o.logEntries+o.timestamps > 0 {
		return "", nil, errUnchecked()
	}
	material, err := keyMaterial(pub)
	if err != nil {
		return "", nil, err
	}
	// Not Verifier.Verify: the payload need not be a statement, and no artifact
	// is known here. This is the part of it that checks the envelope.
	sig, err := o.entity.SignatureContent()
	if err != nil {
		return "", nil, refuseBy(Unreadable, err, "signature is missing or broken")
	}
	content, err := o.entity.VerificationContent()
	if err != nil {
		return "", nil, refuseBy(Unreadable, err, "verification material is missing or broken")
	}
	if err := verify.VerifySignature(sig, content, material); err != nil {
		return "", nil, refuseBy(BadSignature, err, "sigstore does not verify the signature with key %s", pub.ID())
	}
	return o.payloadType, o.payload, nil
}

func errUnchecked() *Error {
	return refuse(UnexpectedMaterial, "bundle carries log entries or timestamps, and the policy names no root to check them with")
}

// VerifyIdentity verifies a statement that was signed under a short-lived
// certificate: the principal's identity or match and its issuer, under the root
// that the principal names among roots (trusted_root.json by name). It demands
// a certificate timestamp, a log entry and an observer's timestamp. The error is
// an *Error.
func VerifyIdentity(bundle []byte, p trust.Principal, roots map[string][]byte) (payloadType string, payload []byte, err error) {
	if len(p.Key) > 0 {
		return "", nil, refuse(BadPolicy, "principal %.80q is a key, not an identity", p.Name)
	}
	known, err := readPrincipal(p, rootReader(roots))
	if err != nil {
		return "", nil, err
	}
	o, err := open(bundle, MaxBundle)
	if err != nil {
		return "", nil, err
	}
	if err := known.recognises(o); err != nil {
		return "", nil, err
	}
	st, err := o.statement()
	if err != nil {
		return "", nil, err
	}
	// No artifact is known: the statement's own subjects stand in, which makes
	// the library compare its reading of them with ours.
	if err := known.verify(o, st.Subjects); err != nil {
		return "", nil, err
	}
	return o.payloadType, o.payload, nil
}

// statement reads the payload, in the one reading that all of the program uses.
func (o *opened) statement() (*statement.Statement, error) {
	if o.payloadType != statement.PayloadType {
		return nil, refuse(BadStatement, "payload is %.80q, not a statement", o.payloadType)
	}
	st, err := statement.Parse(o.payload)
	if err != nil {
		return nil, refuseFor(BadStatement, err, "payload")
	}
	return st, nil
}

// keyMaterial trusts one key, whatever hint a bundle gives: the hint is the
// bundle's own word.
func keyMaterial(pub *trust.Public) (root.TrustedMaterial, error) {
	v, err := signature.LoadVerifier(pub.Key, hashOf(pub.Key))
	if err != nil {
		return nil, refuseBy(BadPolicy, err, "key %s cannot verify", pub.ID())
	}
	key := root.NewExpiringKey(v, time.Time{}, time.Time{})
	return root.NewTrustedPublicKeyMaterial(func(string) (root.TimeConstrainedVerifier, error) { return key, nil }), nil
}

// verifyKeyAlone runs sigstore-go for a key without a root. It is the one place
// that switches timestamps off. That is sound because all three hold: the
// signature has been checked against a key that the policy lists by its own
// bytes, a listed key has no validity period for a timestamp to fall into, and
// WithKey refuses certificates, whose lifetime would need one.
func verifyKeyAlone(o *opened, material root.TrustedMaterial, subjects verify.ArtifactPolicyOption) error {
	v, err := verify.NewVerifier(material, verify.WithNoObserverTimestamps(), verify.WithoutStatementPredicate())
	if err != nil {
		return refuseBy(BadPolicy, err, "sigstore does not take the policy's material")
	}
	if _, err := v.Verify(o.entity, verify.NewPolicy(subjects, verify.WithKey())); err != nil {
		return refuseBy(BadSignature, err, "sigstore does not verify the bundle with the key")
	}
	return nil
}

// verifyObserved runs sigstore-go with every demand on logs and timestamps.
// WithoutStatementPredicate is safe only because statement.Parse has read the
// same payload before: the library's own reading of it is a loose one.
func verifyObserved(o *opened, material root.TrustedMaterial, subjects verify.ArtifactPolicyOption, who verify.PolicyOption) error {
	options := []verify.VerifierOption{verify.WithObserverTimestamps(1), verify.WithoutStatementPredicate()}
	if o.leaf != nil {
		options = append(options, verify.WithSignedCertificateTimestamps(1))
	}
	// Every entry that a bundle shows must verify, or it could be changed
	// without notice; a certificate needs at least one.
	if n := o.logEntries; n > 0 || o.leaf != nil {
		options = append(options, verify.WithTransparencyLog(max(n, 1)))
	}
	v, err := verify.NewVerifier(material, options...)
	if err != nil {
		return refuseBy(BadPolicy, err, "sigstore does not take the policy's material")
	}
	if _, err := v.Verify(o.entity, verify.NewPolicy(subjects, who)); err != nil {
		return refuseBy(NotLogged, err, "%s", unconfirmed(err))
	}
	good, bad, err := verify.VerifySignedTimestamp(o.entity, material)
	if err = errors.Join(append(bad, err)...); err != nil || len(good) != o.timestamps {
		return refuseBy(NotLogged, err, "bundle carries a timestamp that does not verify")
	}
	return nil
}

// unconfirmed says which confirmation failed. sigstore-go names the stage at the
// start of its error, and has no type for it.
func unconfirmed(err error) string {
	for _, stage := range [...]struct{ prefix, reason string }{
		{"failed to verify log inclusion", "its log entry is missing, or is not a trusted log's entry of this bundle"},
		{"failed to verify timestamps", "no trusted log or timestamp authority says when it was signed"},
		{"failed to verify leaf certificate", "its certificate was not valid when it was signed"},
		{"failed to verify signed certificate timestamp", "its certificate was not logged by a trusted certificate log"},
	} {
		if strings.HasPrefix(err.Error(), stage.prefix) {
			return stage.reason
		}
	}
	return "sigstore does not verify it"
}

// artifacts turns subjects that match into sigstore-go's demand for them, by
// the strong digests.
func artifacts(subjects []statement.Subject) (verify.ArtifactPolicyOption, error) {
	var digests []verify.ArtifactDigest
	for _, s := range subjects {
		for _, alg := range []string{"sha256", "sha512"} {
			if s.Digest[alg] == "" {
				continue
			}
			sum, err := hex.DecodeString(s.Digest[alg])
			if err != nil {
				return nil, refuseFor(BadStatement, err, "digest of %.80q", s.Name)
			}
			digests = append(digests, verify.ArtifactDigest{Algorithm: alg, Digest: sum})
		}
	}
	if len(digests) == 0 {
		return nil, refuse(BadStatement, "no subject has a sha256 or sha512 digest")
	}
	return verify.WithArtifactDigests(digests), nil
}
