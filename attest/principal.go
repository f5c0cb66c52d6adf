package attest

import (
	"regexp"

	"github.com/sigstore/sigstore-go/pkg/root"
	"github.com/sigstore/sigstore-go/pkg/verify"

	"github.com/proffer-audit/proffer/attest/statement"
	"github.com/proffer-audit/proffer/attest/trust"
)

// principal is one entry of the policy, made ready to verify with.
type principal struct {
	trust.Principal
	id       string
	key      *trust.Public        // nil for an identity
	material root.TrustedMaterial // key, root, or both
	pattern  *regexp.Regexp       // of a match
	identity verify.CertificateIdentity
}

// rootSource gives a trust root by its name in the policy.
type rootSource func(name string) (root.TrustedMaterial, error)

// rootReader reads each root once.
func rootReader(roots map[string][]byte) rootSource {
	read := map[string]root.TrustedMaterial{}
	return func(name string) (root.TrustedMaterial, error) {
		if r, ok := read[name]; ok {
			return r, nil
		}
		data, ok := roots[name]
		if !ok {
			return nil, refuse(BadPolicy, "trust root %.80q is not given", name)
		}
		r, err := trust.ParseRoot(data)
		if err != nil {
			return nil, refuseFor(BadPolicy, err, "trust root %.80q", name)
		}
		read[name] = r
		return r, nil
	}
}

func readPrincipal(p trust.Principal, readRoot rootSource) (*principal, error) {
	if err := p.Validate(); err != nil {
		return nil, refuseFor(BadPolicy, err, "policy")
	}
	id, err := p.ID()
	if err != nil {
		return nil, refuseFor(BadPolicy, err, "policy")
	}
	k := &principal{Principal: p, id: id}
	if len(p.Key) > 0 {
		return k, k.readKey(readRoot)
	}
	if k.material, err = readRoot(p.Root); err != nil {
		return nil, err
	}
	anchored := ""
	if p.Match != "" {
		if anchored, err = p.Pattern(); err != nil {
			return nil, refuseFor(BadPolicy, err, "policy")
		}
		if k.pattern, err = regexp.Compile(anchored); err != nil {
			return nil, refuseFor(BadPolicy, err, "policy")
		}
	}
	if k.identity, err = verify.NewShortCertificateIdentity(p.Issuer, "", p.Identity, anchored); err != nil {
		return nil, refuseBy(BadPolicy, err, "sigstore does not take the identity of %.80q", p.Name)
	}
	return k, nil
}

func (k *principal) readKey(readRoot rootSource) error {
	pub, err := trust.ParsePublic(k.Key)
	if err != nil {
		return refuseFor(BadPolicy, err, "policy")
	}
	k.key = pub
	if k.material, err = keyMaterial(pub); err != nil || k.Root == "" {
		return err
	}
	r, err := readRoot(k.Root)
	if err != nil {
		return err
	}
	k.material = root.TrustedMaterialCollection{k.material, r}
	return nil
}

// recognises says whether the bundle is this principal's, from signature, root
// and name alone. What it refuses has the code of the first thing that is wrong
// in that order: a name under a foreign root means nothing.
func (k *principal) recognises(o *opened) error {
	if k.key != nil {
		switch {
		case o.leaf != nil:
			return refuse(UntrustedSigner, "signed with a certificate, not with the key of %.80q", k.Name)
		case o.signedBy(k.key.Key) == nil:
			return nil
		case o.entity.VerificationMaterial.GetPublicKey().GetHint() == hint(k.key):
			return refuse(BadSignature, "names the key of %.80q, and the signature is not that of this key", k.Name)
		}
		return refuse(UntrustedSigner, "not signed with the key of %.80q", k.Name)
	}
	if o.leaf == nil {
		return refuse(UntrustedSigner, "signed with a key, not as identity %.80q", k.Name)
	}
	leaf := o.cleanLeaf()
	if _, err := verify.VerifyLeafCertificate(leaf.NotBefore, leaf, k.material); err != nil {
		return refuseBy(UntrustedRoot, err, "the certificate does not come from root %.80q", k.Root)
	}
	if o.issuer != k.Issuer {
		return refuse(WrongIdentity, "signed as %.200q, vouched for by %.200q, not by %.200q", o.san, o.issuer, k.Issuer)
	}
	if k.pattern != nil && !k.pattern.MatchString(o.san) || k.pattern == nil && o.san != k.Identity {
		return refuse(WrongIdentity, "signed as %.200q, which is not %.80q", o.san, k.Name)
	}
	return nil
}

// verify runs the full verification of a bundle that is recognised, for the
// subjects that matched.
func (k *principal) verify(o *opened, subjects []statement.Subject) error {
	wanted, err := artifacts(subjects)
	if err != nil {
		return err
	}
	switch {
	case k.key == nil:
		return verifyObserved(o, k.material, wanted, verify.WithCertificateIdentity(k.identity))
	case k.Root != "":
		return verifyObserved(o, k.material, wanted, verify.WithKey())
	case o.logEntries+o.timestamps > 0:
		return errUnchecked()
	}
	return verifyKeyAlone(o, k.material, wanted)
}
