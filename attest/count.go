package attest

import (
	"cmp"
	"fmt"
	"slices"
	"strings"

	"github.com/proffer-audit/proffer/reports/safetext"
)

func byBundle(a, b Refusal) int {
	return cmp.Or(strings.Compare(a.Bundle, b.Bundle), strings.Compare(string(a.Code), string(b.Code)), strings.Compare(a.Principal, b.Principal))
}

// target is one thing that must be vouched for, and the names of the subjects
// that vouch for it: itself, and the whole that it is part of.
type target struct {
	name string
	by   []string
}

// targets lists every file, or the whole where no file is listed. A role is met
// when it is met for each: two rebuilders of two different files are not two
// rebuilders of the artifact.
func (j *judge) targets() []target {
	var whole []string
	var files []target
	for _, s := range j.subjects {
		if s.Whole {
			whole = append(whole, s.Name)
		}
	}
	for _, s := range j.subjects {
		if !s.Whole {
			files = append(files, target{s.Name, append([]string{s.Name}, whole...)})
		}
	}
	if len(files) > 0 {
		return files
	}
	for _, name := range whole {
		files = append(files, target{name, []string{name}})
	}
	return files
}

// seat is a party that counts for a target.
type seat struct {
	target string
	party  *party
}

// tally is what came of counting one role.
type tally struct {
	seated map[seat]bool
	as     map[*voice]*party // the voices that stand for a seat, and whose they are
}

// count fills in who counts, who does not and why, and what is missing.
func (j *judge) count(r *role, voices []*voice, v *RoleVerdict) {
	parties, targets := r.parties(), j.targets()
	shared := sharedKeys(parties, voices)
	t := tally{map[seat]bool{}, map[*voice]*party{}}
	gaps := map[string][]string{} // missing sentence to targets
	var order []string
	v.Count = len(parties)
	for _, target := range targets {
		candidates := r.spoken(parties, voices, target, shared)
		chosen := r.independent(candidates, 0)
		v.Count = min(v.Count, len(chosen))
		for _, c := range chosen {
			t.seated[seat{target.name, c.party}] = true
			if t.as[c.voice] == nil {
				t.as[c.voice] = c.party
			}
		}
		if len(chosen) < r.Threshold {
			gap := r.missing(parties, candidates)
			if gaps[gap] == nil {
				order = append(order, gap)
			}
			gaps[gap] = append(gaps[gap], target.name)
		}
	}
	v.Met = v.Demanded && len(order) == 0
	for i, gap := range order {
		if len(targets) > 1 {
			order[i] = fmt.Sprintf("%s, for %s", gap, strings.Join(gaps[gap], ", "))
		}
	}
	v.Missing = safetext.Of(strings.Join(order, "; "))
	t.report(r, voices, parties, targets, v)
}

// sharedKeys finds the keys that more than one signer used, or that the policy
// lists and an identity used: whoever holds such a key can speak as each of them.
func sharedKeys(parties []*party, voices []*voice) map[string]bool {
	signer, shared := map[string]string{}, map[string]bool{}
	for _, p := range parties {
		if p.key {
			signer[p.roots[0]] = p.id
		}
	}
	for _, v := range voices {
		if first, ok := signer[v.key]; ok && first != v.signer {
			shared[v.key] = true
		}
		signer[v.key] = v.signer
	}
	return shared
}

// speaks reports whether the voice can be counted for the target as the party.
func (v *voice) speaks(t target, p *party) bool {
	return slices.ContainsFunc(v.by, func(k *principal) bool { return k.id == p.id }) &&
		slices.ContainsFunc(v.subjects, func(s string) bool { return slices.Contains(t.by, s) })
}

// spoken lists the candidates that have spoken for a target, by party, then by
// signer and by what the signature rests on; of equal voices the first.
func (r *role) spoken(parties []*party, voices []*voice, t target, shared map[string]bool) []candidate {
	var all []candidate
	for _, p := range parties {
		var own []candidate
		seen := map[string]bool{}
		plain := map[string]bool{} // what signers rest on who fit this party alone
		for _, v := range voices {
			if !v.speaks(t, p) {
				continue
			}
			c := r.candidate(p, v, shared)
			through := c.through()
			if seen[through] {
				continue
			}
			seen[through] = true
			// Signers that fit this party alone are all the same to the search.
			alike := c
			alike.signer = ""
			if v.fitsOne() && plain[alike.through()] {
				continue
			}
			plain[alike.through()] = plain[alike.through()] || v.fitsOne()
			own = append(own, c)
		}
		slices.SortStableFunc(own, func(a, b candidate) int { return strings.Compare(a.through(), b.through()) })
		all = append(all, fewOfEach(own, len(parties))...)
	}
	return all
}

// fewOfEach keeps so many of the candidates that rest on the same: the other
// parties can take all but one of so many signers, and more change nothing, so
// that nobody can widen the search by signing often.
func fewOfEach(own []candidate, few int) []candidate {
	kept := map[string]int{}
	return slices.DeleteFunc(own, func(c candidate) bool {
		c.signer = ""
		kept[c.through()]++
		return kept[c.through()] > few
	})
}

// fitsOne reports whether the voice can be that of one party only.
func (v *voice) fitsOne() bool {
	return !slices.ContainsFunc(v.by, func(k *principal) bool { return k.id != v.by[0].id })
}

// report says of each voice for what it counts, or why it does not.
func (t tally) report(r *role, voices []*voice, parties []*party, targets []target, v *RoleVerdict) {
	for _, voice := range voices {
		if as := t.as[voice]; as != nil {
			v.Counted = append(v.Counted, voice.attested(r.Name, as)...)
			continue
		}
		again := true
		for _, target := range targets {
			for _, p := range parties {
				if voice.speaks(target, p) {
					again = again && t.seated[seat{target.name, p}]
				}
			}
		}
		name := voice.by[0].Name
		err := refuse(NotIndependent, "%.80q is not independent of those who count", name)
		if again {
			err = refuse(DuplicatePrincipal, "%.80q has spoken for this already", name)
		}
		refused := voice.item.refusal(err)
		refused.Principal = name
		v.Refusals = append(v.Refusals, refused)
	}
}

// attested lists what a voice that counts says, one entry for each subject.
func (v *voice) attested(role string, p *party) []Attested {
	a := Attested{
		Bundle: v.item.file.Name, BundleDigest: v.item.file.digest, Place: v.item.place,
		Role: role, Principal: p.name, Organisation: p.organisation(), Issuer: p.shownIssuer,
		PredicateType: v.claim.PredicateType, Kind: v.claim.Kind, Builder: v.claim.By, BuildType: v.claim.BuildType,
		Logs: v.logs,
	}
	if !p.key {
		a.Root = v.root
	}
	all := make([]Attested, 0, len(v.subjects))
	for _, s := range v.subjects {
		a.Subject = s
		all = append(all, a)
	}
	return all
}
