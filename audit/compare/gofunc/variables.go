package gofunc

import (
	"hash/maphash"
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
	known         []uint64 // the keys of forward, sorted
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
	clear(v.votes)
	v.known = slices.Sorted(maps.Keys(v.forward))
}

// likely drops votes for what has moved in another way than both neighbours:
// where a function was changed, the wrong instructions may have been paired.
func (v *variables) likely() {
	maps.DeleteFunc(v.votes, func(p [2]uint64, _ int) bool { return !v.movedAlike(p[0], p[1]) })
}

// movedAlike reports whether y is as far from x as a neighbouring variable of x
// is from its partner.
func (v *variables) movedAlike(x, y uint64) bool {
	i, _ := slices.BinarySearch(v.known, x)
	near := len(v.known) == 0
	for _, j := range []int{i - 1, i} {
		near = near || j >= 0 && j < len(v.known) && v.forward[v.known[j]]-v.known[j] == y-x
	}
	return near
}

// vote notes which variables a function pairs, if all else that it refers to is
// the same.
func (c *comparison) vote(w *walk, codeA []byte) bool {
	for k, x := range w.a {
		if !c.sameRef(x, w.b[k], codeA[x.pos:]) {
			return false
		}
	}
	for k, r := range w.a {
		c.votePair(r, w.b[k])
	}
	return true
}

func (c *comparison) votePair(r, s ref) {
	if x, y := r.target, s.target; !r.weak && c.a.funcAt(x) < 0 && c.a.opaque(x) && c.b.opaque(y) {
		c.vars.vote(x, y)
	}
}

// voteChanged lets the instructions that two versions of a function share say
// what the variables are that no other function knows of.
func (c *comparison) voteChanged(i int) {
	seed := maphash.MakeSeed()
	a, b := c.a.tokens(seed, &c.a.funcs[i]), c.b.tokens(seed, &c.b.funcs[c.a.match[i]])
	inA, inB := differing(len(a), len(b), func(i, j int) bool { return a[i].key == b[j].key })
	for i, j := 0, 0; i < len(a) && j < len(b); {
		switch {
		case inA[i]:
			i++
		case inB[j]:
			j++
		default:
			r, s := a[i].step.ref, b[j].step.ref
			_, known := c.vars.forward[r.target]
			_, knownBack := c.vars.back[s.target]
			if a[i].step.has && b[j].step.has && !known && !knownBack {
				c.votePair(r, s)
			}
			i, j = i+1, j+1
		}
	}
}

// movements counts by how far addresses have moved.
func (v *variables) movements(pairs [][2]uint64) map[uint64]int {
	m := map[uint64]int{}
	for _, p := range pairs {
		m[p[1]-p[0]] += v.votes[p]
	}
	return m
}
