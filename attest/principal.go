package attest

import (
	"crypto/x509"
	"errors"
	"regexp"
	"slices"

	"github.com/sigstore/sigstore-go/pkg/root"

	"github.com/proffer-audit/proffer/attest/bundle"
	"github.com/proffer-audit/proffer/attest/trust"
)

// anchor is a trusted root, made ready.
type anchor struct {
	*bundle.Root
	authorities []string // root certificates for signers, by "sha256:" and digest
	logs        []string // transparency logs, by "sha256:" and digest of the key
	stampers    [][]byte // certificates of timestamp authorities, as DER; nil for one that the root leaves to its timestamps
	err         error    // why it cannot be used
}

// anchors reads every root once.
func anchors(roots map[string][]byte) map[string]*anchor {
	all := map[string]*anchor{}
	for name, data := range roots {
		if len(data) == 0 {
			continue
		}
		a := &anchor{}
		if a.Root, a.err = bundle.NewRoot(data); a.err == nil {
			a.err = a.list(data)
		}
		all[name] = a
	}
	return all
}

// list names the authorities and logs that a signature may come to rest on:
// what is missing from a set may be asked of them.
func (a *anchor) list(data []byte) error {
	tr, err := trust.ParseRoot(data)
	if err != nil {
		return err
	}
	for _, ca := range tr.FulcioCertificateAuthorities() {
		if f, ok := ca.(*root.FulcioCertificateAuthority); ok {
			a.authorities = append(a.authorities, digestOf(f.Root.Raw))
		}
	}
	for _, l := range tr.RekorLogs() {
		spki, err := x509.MarshalPKIXPublicKey(l.PublicKey)
		if err != nil {
			return errors.New("the key of a log cannot be used")
		}
		a.logs = append(a.logs, digestOf(spki))
	}
	for _, tsa := range tr.TimestampingAuthorities() {
		var leaf []byte
		if t, ok := tsa.(*root.SigstoreTimestampingAuthority); ok && t.Leaf != nil {
			leaf = t.Leaf.Raw
		}
		a.stampers = append(a.stampers, leaf)
	}
	slices.Sort(a.authorities)
	slices.Sort(a.logs)
	a.authorities, a.logs = slices.Compact(a.authorities), slices.Compact(a.logs)
	return nil
}

// principal is one entry of the policy, made ready to verify with.
type principal struct {
	trust.Principal
	id      string
	key     *trust.Public  // nil for an identity
	root    *anchor        // nil for a key alone
	pattern *regexp.Regexp // of a match
}

func readPrincipal(p trust.Principal, roots map[string]*anchor) (*principal, error) {
	if err := p.Validate(); err != nil {
		return nil, refuseFor(BadPolicy, err, "policy")
	}
	id, err := p.ID()
	if err != nil {
		return nil, refuseFor(BadPolicy, err, "policy")
	}
	k := &principal{Principal: p, id: id}
	if p.Root != "" {
		a := roots[p.Root]
		if a == nil {
			return nil, refuse(BadPolicy, "trust root %.80q is not given", p.Root)
		}
		if a.err != nil {
			return nil, refuseFor(BadPolicy, a.err, "trust root %.80q", p.Root)
		}
		k.root = a
	}
	if len(p.Key) > 0 {
		if k.key, err = trust.ParsePublic(p.Key); err != nil {
			return nil, refuseFor(BadPolicy, err, "policy")
		}
		return k, nil
	}
	return k, k.readPattern()
}

// recognises says whether the item is this principal's, from signature, root and
// name alone. What it refuses has the code of the first thing that is wrong in
// that order: a name under a foreign root means nothing.
func (k *principal) recognises(it *item) error {
	if k.key != nil {
		return k.recognisesKey(it)
	}
	if it.bundle == nil || it.bundle.Certificate() == nil {
		return refuse(UntrustedSigner, "signed with a key, not as identity %.80q", k.Name)
	}
	if _, err := it.verify(k.root.Root); err != nil && aboutSigner(err) {
		return err
	}
	who, _ := it.bundle.Claim()
	return k.isIdentity(who)
}

func (k *principal) recognisesKey(it *item) error {
	switch {
	case it.bundle != nil && it.bundle.Certificate() != nil:
		return refuse(UntrustedSigner, "signed with a certificate, not with the key of %.80q", k.Name)
	case it.signedBy(k.key):
		return nil
	case it.names(k.key):
		return refuse(BadSignature, "names the key of %.80q, and the signature is not that of this key", k.Name)
	}
	return refuse(UntrustedSigner, "not signed with the key of %.80q", k.Name)
}

// aboutSigner reports whether a bundle was refused for who signed it: then its
// certificate proves no name.
func aboutSigner(err error) bool {
	switch bundle.Code(asError(err).Code) {
	case bundle.BadSignature, bundle.UntrustedSigner, bundle.UntrustedRoot, bundle.WrongUsage, bundle.BadCertificate:
		return true
	}
	return false
}

// IsPrincipal holds what a verified certificate says of its subject against an
// identity of the policy: name or pattern, issuer, and the build that signed. The
// error is an *Error with WrongIdentity, WrongBuild or BadPolicy.
func IsPrincipal(who bundle.Identity, p trust.Principal) error {
	if p.Identity == "" && p.Match == "" || p.Issuer == "" {
		return refuse(BadPolicy, "principal %.80q is not an identity with its issuer", p.Name)
	}
	k := &principal{Principal: p}
	if err := k.readPattern(); err != nil {
		return err
	}
	return k.isIdentity(who)
}

// readPattern makes the pattern of a match ready.
func (k *principal) readPattern() error {
	if k.Match == "" {
		return nil
	}
	anchored, err := k.Pattern()
	if err != nil {
		return refuseFor(BadPolicy, err, "policy")
	}
	if k.pattern, err = regexp.Compile(anchored); err != nil {
		return refuseFor(BadPolicy, err, "policy")
	}
	return nil
}

// isIdentity holds a certificate's names against the policy's, exactly.
func (k *principal) isIdentity(who bundle.Identity) error {
	if who.Issuer != k.Issuer {
		return refuse(WrongIdentity, "signed as %.200q, vouched for by %.200q, not by %.200q", who.SAN, who.Issuer, k.Issuer)
	}
	if k.pattern != nil && !k.pattern.MatchString(who.SAN) || k.pattern == nil && who.SAN != k.Identity {
		return refuse(WrongIdentity, "signed as %.200q, which is not %.80q", who.SAN, k.Name)
	}
	for _, d := range k.CI.Demands() {
		if got := extension(who, d.OID); got != d.Want {
			return refuse(WrongBuild, "signed as %.80q, whose certificate says %s: %.200q, not %.200q", k.Name, d.Name, got, d.Want)
		}
	}
	return nil
}

// extension is the value of one of Fulcio's, by the last number of its
// identifier.
func extension(who bundle.Identity, oid int) string {
	switch oid {
	case 9:
		return who.BuildSignerURI
	case 10:
		return who.BuildSignerDigest
	case 11:
		return who.RunnerEnvironment
	case 12:
		return who.SourceRepositoryURI
	case 13:
		return who.SourceRepositoryDigest
	case 14:
		return who.SourceRepositoryRef
	case 15:
		return who.SourceRepositoryIdentifier
	case 16:
		return who.SourceRepositoryOwnerURI
	case 17:
		return who.SourceRepositoryOwnerIdentifier
	case 18:
		return who.BuildConfigURI
	case 19:
		return who.BuildConfigDigest
	case 20:
		return who.BuildTrigger
	case 22:
		return who.SourceRepositoryVisibilityAtSigning
	}
	return ""
}

// verify runs the full verification of an item that is recognised.
func (k *principal) verify(it *item) (*bundle.Verified, error) {
	if k.key == nil {
		return it.verify(k.root.Root)
	}
	if k.root == nil {
		return it.verifyKey(k.key, nil)
	}
	return it.verifyKey(k.key, k.root.Root)
}

// signer names who made an item that this principal recognises.
func (k *principal) signer(it *item) string {
	if k.key != nil {
		return k.id
	}
	who, _ := it.bundle.Claim()
	return trust.IdentityID(who.SAN, who.Issuer)
}
