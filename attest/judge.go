package attest

import (
	"errors"
	"slices"

	"github.com/proffer-audit/proffer/attest/bundle"
	"github.com/proffer-audit/proffer/attest/claim"
	"github.com/proffer-audit/proffer/attest/statement"
)

// voice is one signer's statement that passed every check of its own: whose it
// may be, and of which subjects it speaks.
type voice struct {
	item     *item
	by       []*principal // entries of the role that it verifies for; at least one
	signer   string       // who signed: the key, or the exact name and issuer
	key      string       // "sha256:" and the digest of the key that signed
	root     string       // of a certificate, its root by digest; of a key, the key
	logs     []string     // transparency logs that vouch for it, by the digests of their keys
	claim    claim.Claim
	subjects []string // names of the set's subjects
}

// hear puts one item through every check for one role. The order of the checks
// is the order in which a refusal is worth reading: who signed it, what it says,
// of what, whether logs confirm it, and whether that is good news. An item that
// several keys signed is a voice for each.
func (j *judge) hear(r *role, it *item) ([]*voice, error) {
	if it.err != nil {
		return nil, it.err
	}
	by, err := j.recognise(r, it)
	if err != nil {
		return nil, err
	}
	st, err := it.statement()
	if err != nil {
		return nil, err
	}
	names, err := j.match(st.subjects)
	if err != nil {
		return nil, err
	}
	voices, err := speakers(by, it)
	if err != nil {
		return nil, err
	}
	said, err := st.read()
	if err != nil {
		return nil, err
	}
	if err := said.Speaks(r.Name); err != nil {
		return nil, err
	}
	for _, v := range voices {
		v.claim, v.subjects = said, names
	}
	return voices, nil
}

// speakers verifies an item in full for each entry that recognises it, and makes
// one voice of those that mean one signer. The error is that of an entry, where
// none is left.
func speakers(by []*principal, it *item) ([]*voice, error) {
	var voices []*voice
	var worst error
	for _, k := range by {
		ok, err := k.verify(it)
		if err != nil {
			worst = err
			continue
		}
		signer := k.signer(it)
		i := slices.IndexFunc(voices, func(v *voice) bool { return v.signer == signer })
		if i < 0 {
			i = len(voices)
			voices = append(voices, newVoice(it, signer, ok))
		}
		voices[i].by = append(voices[i].by, k)
	}
	if len(voices) == 0 {
		return nil, worst
	}
	return voices, nil
}

func newVoice(it *item, signer string, ok *bundle.Verified) *voice {
	v := &voice{item: it, signer: signer, key: ok.KeyID, root: ok.CA, logs: ok.Logs}
	if v.root == "" {
		v.root = ok.KeyID
	}
	return v
}

// telling orders the refusals of several principals: the one that came furthest
// says most about the item.
var telling = [...]Code{
	UntrustedSigner, UntrustedRoot, Code(bundle.WrongUsage), Code(bundle.BadCertificate), WrongIdentity, WrongBuild, BadSignature,
}

// recognise finds the entries of the role whose item this is. An item that only
// another role's entries recognise was offered for the wrong role.
func (j *judge) recognise(r *role, it *item) ([]*principal, error) {
	var by []*principal
	refused := error(refuse(UntrustedSigner, "the policy lists nobody for role %s", r.Name))
	rank := -1
	for _, k := range r.known {
		err := k.recognises(it)
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
			if other.Name != r.Name && k.recognises(it) == nil {
				return nil, refuse(RoleNotClaimed, "signed by %.80q, whom the policy trusts as %s and not as %s", k.Name, other.Name, r.Name)
			}
		}
	}
	return nil, refused
}

// match finds the set's subjects among those of a statement.
func (j *judge) match(subjects []statement.Subject) (names []string, err error) {
	st := statement.Statement{Subjects: subjects}
	for _, s := range j.subjects {
		_, err := st.Match(s.Digests)
		var e *statement.Error
		switch {
		case err == nil:
			names = append(names, s.Name)
		case errors.As(err, &e) && e.Code == statement.NoMatch:
		default:
			return nil, refuseFor(SubjectMismatch, err, "as to %.80q", s.Name)
		}
	}
	if len(names) == 0 {
		return nil, refuse(SubjectMismatch, "none of its %d subjects is the artifact or a listed file", len(subjects))
	}
	return names, nil
}

// hearing is what came of one item.
type hearing struct {
	voices []*voice
	err    error
}

// role judges one role: what was heard of every item that claims it is counted.
func (j *judge) role(r *role) RoleVerdict {
	v := RoleVerdict{Role: r.Name, Threshold: r.Threshold, Demanded: r.Threshold != 0}
	if r.problem != nil {
		v.Refusals = append(v.Refusals, Refusal{Code: asError(r.problem).Code, Reason: asError(r.problem).Reason})
		v.Missing = asError(r.problem).Reason
		return v
	}
	var voices []*voice
	for i, it := range j.items {
		if it.file.Role != r.Name {
			continue
		}
		if err := j.heard[i].err; err != nil {
			v.Refusals = append(v.Refusals, it.refusal(err))
			continue
		}
		voices = append(voices, j.heard[i].voices...)
	}
	j.count(r, voices, &v)
	slices.SortStableFunc(v.Refusals, byBundle)
	return v
}

func (it *item) refusal(err error) Refusal {
	e := asError(err)
	return Refusal{Bundle: it.file.Name, Place: it.place, Code: e.Code, Reason: e.Reason}
}
