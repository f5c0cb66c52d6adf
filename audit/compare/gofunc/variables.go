package gofunc

import (
	"maps"
	"slices"
)

// variables pairs the addresses of variables, which have no names in a stripped
// program. Functions whose instructions are the same refer to the same
// variables in the same order, unless one was exchanged for another; what most
// references say holds.
type variables struct {
	votes         map[[2]uint64]int
	forward, back map[uint64]uint64
}

// vote notes that one pair of operands refers to x and y.
func (v *variables) vote(x, y uint64) { v.votes[[2]uint64{x, y}]++ }

// settle makes the pairs: for each address the partner with most votes, in case
// of a tie the one that has moved as far as its neighbours have.
func (v *variables) settle() {
	pairs := slices.SortedFunc(maps.Keys(v.votes), func(p, q [2]uint64) int {
		if d := cmpUint(p[0], q[0]); d != 0 {
			return d
		}
		return cmpUint(p[1], q[1])
	})
	moved := v.movements(pairs)
	better := func(p, q [2]uint64) bool {
		if d := v.votes[p] - v.votes[q]; d != 0 {
			return d > 0
		}
		return moved[p[1]-p[0]] > moved[q[1]-q[0]]
	}
	best, bestBack := map[uint64][2]uint64{}, map[uint64][2]uint64{}
	for _, p := range pairs {
		if q, ok := best[p[0]]; !ok || better(p, q) {
			best[p[0]] = p
		}
		if q, ok := bestBack[p[1]]; !ok || better(p, q) {
			bestBack[p[1]] = p
		}
	}
	for x, p := range best {
		if bestBack[p[1]] == p {
			v.forward[x], v.back[p[1]] = p[1], x
		}
	}
	v.votes = nil
}

// movements counts by how far addresses have moved.
func (v *variables) movements(pairs [][2]uint64) map[uint64]int {
	m := map[uint64]int{}
	for _, p := range pairs {
		m[p[1]-p[0]] += v.votes[p]
	}
	return m
}
