package attest

import (
	"cmp"
	"fmt"
	"slices"
	"strings"

	"github.com/proffer-audit/proffer/reports/safetext"
)

func byBundle(a, b Refusal) int {
	return cmp.Or(strings.Compare(a.Bundle, b.Bundle), strings.Compare(string(a.Code), string(b.Code)))
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

// seat is what a voice can be counted for.
type seat struct {
	target string
	party  *party
	signer string
}

// count fills in who counts, who does not and why, and what is missing.
func (j *judge) count(r *role, voices []*voice, v *RoleVerdict) {
	parties, targets := r.parties(), j.targets()
	first := map[seat]*voice{}    // the voice that stands for a seat
	counted := map[seat]bool{}    // seats in the chosen sets
	gaps := map[string][]string{} // missing sentence to targets
	var order []string
	v.Count = len(parties)
	for _, t := range targets {
		candidates := spoken(parties, voices, t, first)
		chosen := r.independent(candidates, 0)
		v.Count = min(v.Count, len(chosen))
		for _, c := range chosen {
			counted[seat{t.name, c.party, c.signer}] = true
		}
		if len(chosen) < r.Threshold {
			gap := r.missing(parties, candidates)
			if gaps[gap] == nil {
				order = append(order, gap)
			}
			gaps[gap] = append(gaps[gap], t.name)
		}
	}
	v.Met = v.Demanded && len(order) == 0
	for i, gap := range order {
		if len(targets) > 1 {
			order[i] = fmt.Sprintf("%s, for %s", gap, strings.Join(gaps[gap], ", "))
		}
	}
	v.Missing = safetext.Of(strings.Join(order, "; "))
	j.report(r, voices, parties, targets, first, counted, v)
}

// speaks reports whether the voice can be counted for the target as the party.
func (v *voice) speaks(t target, p *party) bool {
	return slices.ContainsFunc(v.by, func(k *principal) bool { return k.id == p.id }) &&
		slices.ContainsFunc(v.subjects, func(s string) bool { return slices.Contains(t.by, s) })
}

// spoken lists the candidates that have spoken for a target, by party and then
// by signer, and notes the first voice of each.
func spoken(parties []*party, voices []*voice, t target, first map[seat]*voice) []candidate {
	var all []candidate
	for _, p := range parties {
		var signers []string
		plain := false
		for _, v := range voices {
			s := seat{t.name, p, v.signer}
			if !v.speaks(t, p) || first[s] != nil {
				continue
			}
			first[s] = v
			// Signers that fit this party alone are all the same to the search.
			if v.fitsOne() && plain {
				continue
			}
			plain = plain || v.fitsOne()
			signers = append(signers, v.signer)
		}
		slices.Sort(signers)
		// The other parties can take all but one of so many signers, so more
		// than that change nothing: nobody can widen the search by signing often.
		for _, s := range signers[:min(len(signers), len(parties))] {
			all = append(all, candidate{party: p, signer: s})
		}
	}
	return all
}

// fitsOne reports whether the voice can be that of one party only.
func (v *voice) fitsOne() bool {
	return !slices.ContainsFunc(v.by, func(k *principal) bool { return k.id != v.by[0].id })
}

// report says of each voice for what it counts, or why it does not.
func (j *judge) report(r *role, voices []*voice, parties []*party, targets []target, first map[seat]*voice, counted map[seat]bool, v *RoleVerdict) {
	present := map[seat]bool{} // parties that count for a target, by whichever signer
	for s := range counted {
		present[seat{target: s.target, party: s.party}] = true
	}
	for _, voice := range voices {
		var as *party
		again := true
		for _, t := range targets {
			for _, p := range parties {
				if !voice.speaks(t, p) {
					continue
				}
				if s := (seat{t.name, p, voice.signer}); as == nil && counted[s] && first[s] == voice {
					as = p
				}
				again = again && present[seat{target: t.name, party: p}]
			}
		}
		name := voice.by[0].Name
		switch {
		case as != nil:
			v.Counted = append(v.Counted, voice.attested(r.Name, as)...)
		case again:
			v.Refusals = append(v.Refusals, refusal(voice.bundle.Name, refuse(DuplicatePrincipal, "%.80q has spoken for this already", name)))
		default:
			v.Refusals = append(v.Refusals, refusal(voice.bundle.Name, refuse(NotIndependent, "%.80q is not independent of those who count", name)))
		}
	}
}

// attested lists what a voice that counts says, one entry for each subject.
func (v *voice) attested(role string, p *party) []Attested {
	var all []Attested
	for _, s := range v.subjects {
		all = append(all, Attested{
			Bundle: v.bundle.Name, BundleDigest: v.bundle.digest,
			Role: role, Principal: p.name, Organisation: p.organisation(), Issuer: p.shownIssuer,
			PredicateType: v.claim.predicateType, Builder: v.claim.builder, BuildType: v.claim.buildType,
			Subject: s,
		})
	}
	return all
}

// missing names the smallest evidence that would meet the role: how many more
// must speak, and which of the policy's principals would do.
func (r *role) missing(parties []*party, spoken []candidate) string {
	var all []candidate
	for _, p := range parties {
		said := false
		for _, c := range spoken {
			if c.party == p {
				all, said = append(all, c), true
			}
		}
		if !said {
			all = append(all, candidate{party: p, signer: p.id, cost: 1})
		}
	}
	fewest := r.independent(all, r.Threshold)
	if fewest == nil {
		return fmt.Sprintf("the policy lists too few independent principals: %d of %s demanded, %d could count",
			r.Threshold, r.Name, len(r.independent(all, 0)))
	}
	need := total(fewest)
	var names []string
	for i, c := range all {
		if c.cost == 0 || !r.completes(all, i, need) {
			continue
		}
		names = append(names, c.party.shown())
	}
	return fmt.Sprintf("%d more %s of: %s", need, r.Name, strings.Join(names, ", "))
}

// completes reports whether candidate i is part of some cheapest set.
func (r *role) completes(all []candidate, i, need int) bool {
	rest := []candidate{}
	for j, c := range all {
		if j == i {
			c.cost = 0 // taken first: cheap enough to be preferred, and checked below
		}
		rest = append(rest, c)
	}
	chosen := r.independent(rest, r.Threshold)
	return slices.ContainsFunc(chosen, func(c candidate) bool { return c.party == all[i].party }) && total(chosen) <= need-1
}

func total(set []candidate) int {
	n := 0
	for _, c := range set {
		n += c.cost
	}
	return n
}

// shown is how a sentence names a party.
func (p *party) shown() string {
	if o := p.organisation(); o != "" {
		return fmt.Sprintf("%s (organisation %s)", p.name, o)
	}
	return p.name
}
