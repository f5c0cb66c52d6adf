package attest

import (
	"slices"
	"strings"

	"github.com/proffer-audit/proffer/attest/trust"
)

// party is one principal of a role: every entry of the policy with one ID. Its
// organisations are those of all its entries, and of whoever shares one of them
// through such an entry, so that listing one key twice cannot make it, or its
// fellows, independent.
type party struct {
	id            string
	name          string // the first of its names
	organisations []string
	group         int      // parties with one number belong together by organisation
	issuer        string   // a key is its own
	shownIssuer   string   // empty for a key
	many          bool     // a pattern: several signers fit it
	key           bool     // a key, which is its own root
	roots         []string // root certificates that a signature of its may come to rest on
	logs          []string // transparency logs that may vouch for it
}

// parties merges the entries of a role, in the order of their first names.
func (r *role) parties() []*party {
	var all []*party
	byID := map[string]*party{}
	for _, k := range r.known {
		p, ok := byID[k.id]
		if !ok {
			p = &party{id: k.id, name: k.Name, issuer: k.Issuer, shownIssuer: k.Issuer, many: k.pattern != nil, key: k.key != nil}
			if k.key != nil {
				p.issuer, p.roots = k.id, []string{k.key.ID()}
			}
			byID[k.id] = p
			all = append(all, p)
		}
		p.organisations = merged(p.organisations, []string{k.Organisation})
		if k.key == nil {
			p.roots, p.logs = merged(p.roots, k.root.authorities), merged(p.logs, k.root.logs)
		}
	}
	groupByOrganisation(all)
	return all
}

// merged is the sorted union.
func merged(a, b []string) []string {
	out := slices.Concat(a, b)
	slices.Sort(out)
	return slices.Compact(out)
}

// groupByOrganisation joins parties that share an organisation, directly or
// through others.
func groupByOrganisation(all []*party) {
	for i, p := range all {
		p.group = i
		for _, q := range all[:i] {
			if q.group == p.group || !slices.ContainsFunc(p.organisations, func(o string) bool { return slices.Contains(q.organisations, o) }) {
				continue
			}
			from, to := q.group, p.group
			for _, other := range all[:i+1] {
				if other.group == from {
					other.group = to
				}
			}
		}
	}
}

func (p *party) organisation() string { return strings.Join(p.organisations, ", ") }

// candidate is a party that may be counted, through one signer's voice: a match
// can be spoken for by several, and one signer can fit several entries.
type candidate struct {
	party  *party
	signer string
	key    string   // that signed, where several signers share it
	root   string   // of the signature, where these must differ
	logs   []string // of the signature, where these must differ
	voice  *voice   // nil where its word is only imagined
	cost   int      // 0 if it has spoken, 1 if its word is only imagined
}

// through is how a voice is told from others of its signer by what may be in
// conflict.
func (c candidate) through() string {
	return strings.Join(append([]string{c.signer, c.key, c.root}, c.logs...), "\x00")
}

// candidate makes one of a voice, with what the role's independence looks at.
func (r *role) candidate(p *party, v *voice, shared map[string]bool) candidate {
	c := candidate{party: p, signer: v.signer, voice: v}
	if shared[v.key] {
		c.key = v.key
	}
	if r.Distinct(trust.ByRoot) {
		c.root = v.root
	}
	if r.Distinct(trust.ByLog) {
		c.logs = v.logs
	}
	return c
}

// conflict reports whether two candidates cannot both be counted.
func (r *role) conflict(a, b candidate) bool {
	switch {
	case a.party == b.party || a.signer == b.signer:
		return true
	case a.key != "" && a.key == b.key:
		return true
	case a.root != "" && a.root == b.root:
		return true
	case r.Distinct(trust.ByIssuer) && a.party.issuer == b.party.issuer:
		return true
	case r.Distinct(trust.ByOrganisation) && a.party.group == b.party.group:
		return true
	}
	return slices.ContainsFunc(a.logs, func(l string) bool { return slices.Contains(b.logs, l) })
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
// the values left of whatever must differ.
func (s *search) room(group int) int {
	room := len(s.groups) - group
	if s.role.Distinct(trust.ByOrganisation) {
		room = min(room, fresh(s, group, func(c candidate) int { return c.party.group }))
	}
	if s.role.Distinct(trust.ByIssuer) {
		room = min(room, fresh(s, group, func(c candidate) string { return c.party.issuer }))
	}
	if s.role.Distinct(trust.ByRoot) {
		room = min(room, fresh(s, group, func(c candidate) string { return c.root }))
	}
	return room
}

// fresh counts the values that the groups left have and the taken do not.
func fresh[T comparable](s *search, group int, value func(candidate) T) int {
	seen := map[T]bool{}
	for _, c := range s.taken {
		seen[value(c)] = true
	}
	before := len(seen)
	for _, g := range s.groups[group:] {
		for _, c := range g {
			seen[value(c)] = true
		}
	}
	return len(seen) - before
}
