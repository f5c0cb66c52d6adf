package attest

import (
	"github.com/proffer-audit/proffer/attest/bundle"
	"github.com/proffer-audit/proffer/attest/envelope"
	"github.com/proffer-audit/proffer/attest/trust"
)

// VerifyKey verifies a bundle that a key signed, with the public key as PEM, and
// returns what was signed. Log entries and timestamps are refused: without a
// root there is nothing to check them against. The error is an *Error.
func VerifyKey(data, public []byte) (payloadType string, payload []byte, err error) {
	pub, err := trust.ParsePublic(public)
	if err != nil {
		return "", nil, refuseFor(BadPolicy, err, "public key")
	}
	return verifyKey(data, MaxBundle, pub)
}

func verifyKey(data []byte, limit int, pub *trust.Public) (string, []byte, error) {
	b, err := readEnvelope(data, limit)
	if err != nil {
		return "", nil, err
	}
	v, err := bundle.VerifyKey(b, pub, nil, bundle.Artifact{}, bundle.Demand{All: true})
	if err != nil {
		return "", nil, asError(err)
	}
	return v.PayloadType, v.Payload, nil
}

// readEnvelope reads a bundle around a DSSE envelope.
func readEnvelope(data []byte, limit int) (*bundle.Bundle, error) {
	b, err := bundle.Read(data, limit)
	if err != nil {
		return nil, asError(err)
	}
	if _, _, ok := b.Envelope(); !ok {
		return nil, refuse(Unreadable, "signs a digest, and holds no statement")
	}
	return b, nil
}

// VerifyIdentity verifies a statement that was signed under a short-lived
// certificate: the principal's identity or match, its issuer and its demands on
// the build, under the root that the principal names among roots
// (trusted_root.json by name). It demands a certificate timestamp, a log entry
// and an observer's timestamp. The error is an *Error.
func VerifyIdentity(data []byte, p trust.Principal, roots map[string][]byte) (payloadType string, payload []byte, err error) {
	known, err := readIdentity(p, roots)
	if err != nil {
		return "", nil, err
	}
	v, err := known.verifyAlone(data, MaxBundle)
	if err != nil {
		return "", nil, err
	}
	if _, err := parseStatement(v.PayloadType, v.Payload); err != nil {
		return "", nil, err
	}
	return v.PayloadType, v.Payload, nil
}

// readIdentity makes one identity ready, with the one root that it names.
func readIdentity(p trust.Principal, roots map[string][]byte) (*principal, error) {
	if len(p.Key) > 0 {
		return nil, refuse(BadPolicy, "principal %.80q is a key, not an identity", p.Name)
	}
	return readPrincipal(p, anchors(map[string][]byte{p.Root: roots[p.Root]}))
}

// verifyAlone verifies one bundle as this identity's.
func (k *principal) verifyAlone(data []byte, limit int) (*bundle.Verified, error) {
	it := &item{Item: envelope.Item{Kind: envelope.Bundle}}
	var err error
	if it.bundle, err = readEnvelope(data, limit); err != nil {
		return nil, err
	}
	if err := k.recognises(it); err != nil {
		return nil, asError(err)
	}
	v, err := k.verify(it)
	if err != nil {
		return nil, asError(err)
	}
	return v, nil
}
