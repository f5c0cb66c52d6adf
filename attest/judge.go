package attest

import (
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"slices"

	"github.com/proffer-audit/proffer/attest/statement"
	"github.com/proffer-audit/proffer/attest/trust"
)

func digestOf(data []byte) string {
	sum := sha256.Sum256(data)
	return "sha256:" + hex.EncodeToString(sum[:])
}

// asError finds the *Error; every error of this package is one.
func asError(err error) *Error {
	var e *Error
	if errors.As(err, &e) {
		return e
	}
	return refuseBy(Unreadable, err, "cannot be verified")
}

// voice is a bundle that passed every check of its own: whose it may be, and of
// which subjects it speaks.
type voice struct {
	bundle   *offered
	by       []*principal // entries of the role that it verifies for; at least one
	signer   string       // who signed: the key, or the exact name and issuer
	claim    claim
	subjects []string // names of the set's subjects
}

// hear puts one bundle through every check for one role. The order of the
// checks is the order in which a refusal is worth reading: who signed it, what
// it says, of what, whether logs confirm it, and whether that is good news.
func (j *judge) hear(r *role, b *offered) (*voice, error) {
	if b.err != nil {
		return nil, b.err
	}
	by, err := j.recognise(r, b.opened)
	if err != nil {
		return nil, err
	}
	st, err := b.opened.statement()
	if err != nil {
		return nil, err
	}
	names, matched, err := j.match(st)
	if err != nil {
		return nil, err
	}
	v := &voice{bundle: b, subjects: names}
	var worst error
	for _, k := range by {
		if err := k.verify(b.opened, matched); err != nil {
			worst = err
			continue
		}
		v.by, v.signer = append(v.by, k), k.signer(b.opened)
	}
	if len(v.by) == 0 {
		return nil, worst
	}
	if v.claim, err = readClaim(r.Name, st); err != nil {
		return nil, err
	}
	return v, nil
}

// signer names who made a bundle that this principal recognises.
func (k *principal) signer(o *opened) string {
	if k.key != nil {
		return k.id
	}
	return trust.IdentityID(o.san, o.issuer)
}

// telling orders the refusals of several principals: the one that came furthest
// says most about the bundle.
var telling = [...]Code{UntrustedSigner, UntrustedRoot, WrongIdentity, BadSignature}

// recognise finds the entries of the role whose bundle this is. A bundle that
// only another role's entries recognise was offered for the wrong role.
func (j *judge) recognise(r *role, o *opened) ([]*principal, error) {
	var by []*principal
	refused := error(refuse(UntrustedSigner, "the policy lists nobody for role %s", r.Name))
	rank := -1
	for _, k := range r.known {
		err := k.recognises(o)
		if err == nil {
			by = append(by, k)
			continue
		}
		if n := slices.Index(telling[:], asError(err).Code); n > rank {
			refused, rank = err, n
		}
	}
	if len(by) > 0 {
		return by, nil
	}
	for _, other := range j.roles {
		for _, k := range other.known {
			if other.Name != r.Name && k.recognises(o) == nil {
				return nil, refuse(RoleNotClaimed, "signed by %.80q, whom the policy trusts as %s and not as %s", k.Name, other.Name, r.Name)
			}
		}
	}
	return nil, refused
}

// match finds the set's subjects in a statement.
func (j *judge) match(st *statement.Statement) (names []string, matched []statement.Subject, err error) {
	for _, s := range j.subjects {
		got, err := st.Match(s.Digests)
		var e *statement.Error
		switch {
		case err == nil:
			names, matched = append(names, s.Name), append(matched, got)
		case errors.As(err, &e) && e.Code == statement.NoMatch:
		default:
			return nil, nil, refuseFor(SubjectMismatch, err, "as to %.80q", s.Name)
		}
	}
	if len(names) == 0 {
		return nil, nil, refuse(SubjectMismatch, "none of its %d subjects is the artifact or a listed file", len(st.Subjects))
	}
	return names, matched, nil
}

// role judges one role: hear every bundle that claims it, then count.
func (j *judge) role(r *role) RoleVerdict {
	v := RoleVerdict{Role: r.Name, Threshold: r.Threshold, Demanded: r.Threshold != 0}
	if r.problem != nil {
		v.Refusals = append(v.Refusals, refusal("", r.problem))
		v.Missing = asError(r.problem).Reason
		return v
	}
	var voices []*voice
	for _, b := range j.bundles {
		if b.Role != r.Name {
			continue
		}
		voice, err := j.hear(r, b)
		if err != nil {
			v.Refusals = append(v.Refusals, refusal(b.Name, err))
			continue
		}
		voices = append(voices, voice)
	}
	j.count(r, voices, &v)
	slices.SortStableFunc(v.Refusals, byBundle)
	return v
}
