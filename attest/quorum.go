package attest

import (
	"slices"
	"strings"

	"github.com/proffer-audit/proffer/attest/trust"
)

// party is one principal of a role: every entry of the policy with one ID. Its
// organisations are those of all its entries, so that listing one key twice
// cannot make it independent of either.
type party struct {
	id            string
	name          string // the first of its names
	organisations []string
	issuer        string // a key is its own
	shownIssuer   string // empty for a key
}

// parties merges the entries of a role, in the order of their first names.
func (r *role) parties() []*party {
	var all []*party
	byID := map[string]*party{}
	for _, k := range r.known {
		p, ok := byID[k.id]
		if !ok {
			p = &party{id: k.id, name: k.Name, issuer: k.Issuer, shownIssuer: k.Issuer}
			if k.key != nil {
				p.issuer = k.id
			}
			byID[k.id] = p
			all = append(all, p)
		}
		if !slices.Contains(p.organisations, k.Organisation) {
			p.organisations = append(p.organisations, k.Organisation)
			slices.Sort(p.organisations)
		}
	}
	return all
}

func (p *party) organisation() string { return strings.Join(p.organisations, ", ") }

// candidate is a party that may be counted, through one signer: a match can be
// spoken for by several, and one signer can fit several entries.
type candidate struct {
	party  *party
	signer string
	cost   int // 0 if it has spoken, 1 if its word is only imagined
}

// conflict reports whether two candidates cannot both be counted.
func (r *role) conflict(a, b candidate) bool {
	if a.party == b.party || a.signer == b.signer {
		return true
	}
	if r.Distinct(trust.ByIssuer) && a.party.issuer == b.party.issuer {
		return true
	}
	return r.Distinct(trust.ByOrganisation) && slices.ContainsFunc(a.party.organisations, func(o string) bool {
		return slices.Contains(b.party.organisations, o)
	})
}

// maxSearch bounds the search for independent parties, in steps. Policies have a
// handful of principals and need a few hundred; past the bound a role is judged
// by the best that was found, which can only undercount.
const maxSearch = 1 << 15

// search looks for independent candidates. Candidates stand in groups, one per
// party; at most one of a group is taken.
type search struct {
	role   *role
	groups [][]candidate
	want   int // stop at so many; 0 looks for the most
	steps  int
	taken  []candidate
	best   []candidate
	cost   int // of best; the search lowers it once want is reached
}

// independent finds the largest set of independent candidates, or, where want is
// set, a cheapest set of that size (nil if there is none). Of equals the first
// in the order of the candidates is taken, so that the answer is one.
func (r *role) independent(all []candidate, want int) []candidate {
	s := &search{role: r, want: want, cost: len(all) + 1}
	for _, c := range all {
		if n := len(s.groups); n > 0 && s.groups[n-1][0].party == c.party {
			s.groups[n-1] = append(s.groups[n-1], c)
			continue
		}
		s.groups = append(s.groups, []candidate{c})
	}
	s.walk(0, 0)
	if want > 0 && len(s.best) < want {
		return nil
	}
	return s.best
}

func (s *search) walk(group, cost int) {
	s.steps++
	if s.better(cost) {
		s.best, s.cost = slices.Clone(s.taken), cost
	}
	if group == len(s.groups) || s.hopeless(group, cost) {
		return
	}
	for _, c := range s.groups[group] {
		if slices.ContainsFunc(s.taken, func(t candidate) bool { return s.role.conflict(t, c) }) {
			continue
		}
		s.taken = append(s.taken, c)
		s.walk(group+1, cost+c.cost)
		s.taken = s.taken[:len(s.taken)-1]
	}
	s.walk(group+1, cost)
}

func (s *search) better(cost int) bool {
	if s.want == 0 {
		return len(s.taken) > len(s.best)
	}
	return len(s.taken) == s.want && cost < s.cost
}

// hopeless cuts branches that cannot beat the best any more.
func (s *search) hopeless(group, cost int) bool {
	reach := len(s.taken) + s.room(group)
	if s.want == 0 {
		return s.steps > maxSearch || reach <= len(s.best)
	}
	return s.steps > maxSearch || reach < s.want || cost >= s.cost || len(s.taken) == s.want
}

// room bounds from above how many more can be taken: by the groups left, and by
// the organisations or issuers left where these must differ.
func (s *search) room(group int) int {
	left := s.groups[group:]
	room := len(left)
	if s.role.Distinct(trust.ByOrganisation) {
		room = min(room, s.fresh(left, func(p *party) []string { return p.organisations }))
	}
	if s.role.Distinct(trust.ByIssuer) {
		room = min(room, s.fresh(left, func(p *party) []string { return []string{p.issuer} }))
	}
	return room
}

// fresh counts the values that the groups left have and the taken do not.
func (s *search) fresh(left [][]candidate, values func(*party) []string) int {
	seen := map[string]bool{}
	for _, c := range s.taken {
		for _, v := range values(c.party) {
			seen[v] = true
		}
	}
	n := 0
	for _, g := range left {
		for _, v := range values(g[0].party) {
			if !seen[v] {
				seen[v] = true
				n++
			}
		}
	}
	return n
}
