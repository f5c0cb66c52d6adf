package decision

import (
	"time"

	"github.com/proffer-audit/proffer/attest/bundle"
	"github.com/proffer-audit/proffer/audit/evidence"
)

// A Verifier checks a signature and says who made it.
type Verifier func(*bundle.Bundle) (*bundle.Verified, error)

// An Approval is one decision of a chain, with who signed it.
type Approval struct {
	Decision Decision
	Digest   evidence.Digest // of its bundle
	// Signer is the key's id; Identity and Issuer are set where an identity
	// signed. All are empty where nobody verified it.
	Signer, Identity, Issuer string
	Signed                   time.Time // when somebody trusted saw it; zero where nobody did
}

// Chain reads the decisions on a dossier and puts them into their order. It
// refuses any that is not about this dossier, is not signed by one who may
// decide, or does not follow from the one before; and one party deciding twice.
// A nil verifier checks the order only, and leaves the signers empty.
func Chain(dossier evidence.Digest, bundles [][]byte, verify Verifier) ([]Approval, error) {
	links := map[evidence.Digest]*Link{}
	var list []*Link
	for _, raw := range bundles {
		l, err := Read(raw)
		if err != nil {
			return nil, err
		}
		if l.Dossier != dossier {
			return nil, refuse(OtherDossier, "decision %s is about dossier %s, not %s", l.Digest, l.Dossier, dossier)
		}
		if links[l.Digest] != nil {
			return nil, refuse(Twice, "decision %s is there twice", l.Digest)
		}
		links[l.Digest] = l
		list = append(list, l)
	}
	ordered, err := order(list, links)
	if err != nil {
		return nil, err
	}
	var out []Approval
	signers := map[string]bool{}
	for _, l := range ordered {
		a := Approval{Decision: l.Decision, Digest: l.Digest}
		if verify != nil {
			if err := a.sign(l, verify, signers); err != nil {
				return nil, err
			}
		}
		out = append(out, a)
	}
	return out, nil
}

// order follows the links from the first decision.
func order(list []*Link, links map[evidence.Digest]*Link) ([]*Link, error) {
	var first *Link
	next := map[evidence.Digest]*Link{}
	for _, l := range list {
		before := l.Decision.Previous
		switch {
		case l.Decision.Profile != list[0].Decision.Profile:
			return nil, refuse(OtherProcess, "decision %s is under another profile than the others", l.Digest)
		case before == "" && first != nil:
			return nil, refuse(TwoStarts, "decisions %s and %s both follow none", first.Digest, l.Digest)
		case before == "":
			first = l
		case links[before] == nil:
			return nil, refuse(Gap, "decision %s follows %s, which is not there", l.Digest, before).hint("give every decision of the chain with --decision")
		case next[before] != nil:
			return nil, refuse(Fork, "decisions %s and %s both follow %s", next[before].Digest, l.Digest, before)
		default:
			next[before] = l
		}
	}
	if first == nil && len(list) > 0 {
		return nil, refuse(NoStart, "no decision is the first")
	}
	var out []*Link
	for l := first; l != nil; l = next[l.Digest] {
		out = append(out, l)
	}
	return out, nil
}

// sign fills in who signed, one party once.
func (a *Approval) sign(l *Link, verify Verifier, seen map[string]bool) error {
	v, err := verify(l.bundle)
	if err != nil {
		return refuse(BadSigner, "check the signature of decision %s", l.Digest).because(err).
			hint("name those who may decide with --decider, --decider-identity or --policy")
	}
	a.Signer = v.KeyID
	who := v.KeyID
	if v.Identity != nil {
		a.Identity, a.Issuer = v.Identity.SAN, v.Identity.Issuer
		who = a.Identity + "\n" + a.Issuer
	}
	if len(v.Times) > 0 {
		a.Signed = v.Times[0].At
	}
	if seen[who] {
		return refuse(Repeated, "one party signed two decisions of the chain, %s the later", l.Digest)
	}
	seen[who] = true
	return nil
}
