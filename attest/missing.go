package attest

import (
	"fmt"
	"slices"
	"strings"

	"github.com/proffer-audit/proffer/attest/trust"
)

// missing names the smallest evidence that would meet the role: how many more
// must speak, and which of the policy's principals would do.
func (r *role) missing(parties []*party, spoken []candidate) string {
	var all []candidate
	for _, p := range parties {
		var own []candidate
		for _, c := range spoken {
			if c.party == p {
				own = append(own, c)
			}
		}
		all = append(all, own...)
		all = append(all, r.imagined(p, own)...)
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
		if name := c.shown(spoken); !slices.Contains(names, name) {
			names = append(names, name)
		}
	}
	return fmt.Sprintf("%d more %s of: %s", need, r.Name, strings.Join(names, ", "))
}

// imagined lists what a party could still say: one word for each root and log
// that its signature may rest on, where these count, and else one word; and
// nothing that it has said. A pattern may always find another signer, and an
// identity another key; a key cannot.
func (r *role) imagined(p *party, own []candidate) []candidate {
	if p.key && len(own) > 0 {
		return nil
	}
	roots, logs := []string{""}, []string{""}
	if r.Distinct(trust.ByRoot) && len(p.roots) > 0 {
		roots = p.roots
	}
	if r.Distinct(trust.ByLog) && len(p.logs) > 0 {
		logs = p.logs
	}
	var out []candidate
	for _, root := range roots {
		for _, log := range logs {
			c := candidate{party: p, signer: p.id, root: root, cost: 1}
			if p.many {
				c.signer = "another of " + p.id
			}
			if p.key {
				c.key = p.roots[0]
			}
			if log != "" {
				c.logs = []string{log}
			}
			if !slices.ContainsFunc(own, func(o candidate) bool {
				return !p.many && o.key == "" && o.root == c.root && slices.Equal(o.logs, c.logs)
			}) {
				out = append(out, c)
			}
		}
	}
	return out
}

// completes reports whether candidate i is part of some cheapest set.
func (r *role) completes(all []candidate, i, need int) bool {
	rest := slices.Clone(all)
	rest[i].cost = 0 // taken first: cheap enough to be preferred, and checked below
	chosen := r.independent(rest, r.Threshold)
	return chosen != nil && total(chosen) < need
}

func total(set []candidate) int {
	n := 0
	for _, c := range set {
		n += c.cost
	}
	return n
}

// shown is how a sentence names who could speak. Who has spoken already must do
// so in another way: by another signer of the pattern, on other grounds, or with a
// key that nobody else has.
func (c candidate) shown(spoken []candidate) string {
	name := c.party.shown()
	if !slices.ContainsFunc(spoken, func(s candidate) bool { return s.party == c.party }) {
		return name
	}
	switch {
	case c.party.many:
		return name + " by another signer"
	case c.root != "" || len(c.logs) > 0:
		return name + " under another root or log"
	}
	return name + " with another key"
}

// shown is how a sentence names a party.
func (p *party) shown() string {
	if o := p.organisation(); o != "" {
		return fmt.Sprintf("%s (organisation %s)", p.name, o)
	}
	return p.name
}
