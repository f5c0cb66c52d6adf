package link

import (
	"cmp"
	"slices"

	"github.com/proffer-audit/proffer/audit/source/rules"
)

// local are the capabilities that stay with the function that has them: a caller
// of code that uses package unsafe does not use it.
const local = rules.UnsafePointer | rules.Cgo

// borrowed are the capabilities that count only where code outside the standard
// library asks for them: fmt looks at values by reflection in every program.
const borrowed = rules.Reflect | rules.Runtime

// flow is the part of what a callee can do that its caller can do too.
func flow(g *graph, caps rules.Capability, callee, caller int32) rules.Capability {
	if g.nodes[callee].cut {
		return 0
	}
	caps &^= local
	if g.nodes[caller].origin == standard {
		caps &^= borrowed
	}
	return caps
}

// callers is the graph turned round, as two arrays: the callers of function i
// are from[start[i]:start[i+1]], in order, with the edges they came by.
type callers struct {
	start []int32
	via   []edge
}

// turn sorts the edges by callee and caller, and keeps the first place of each pair.
func turn(g *graph) callers {
	slices.SortFunc(g.edges, func(a, b edge) int {
		return cmp.Or(cmp.Compare(a.to, b.to), cmp.Compare(a.from, b.from), cmp.Compare(a.pos, b.pos))
	})
	g.edges = slices.CompactFunc(g.edges, func(a, b edge) bool { return a.to == b.to && a.from == b.from })
	c := callers{start: make([]int32, len(g.nodes)+1), via: g.edges}
	for _, e := range g.edges {
		c.start[e.to+1]++
	}
	for i := range g.nodes {
		c.start[i+1] += c.start[i]
	}
	return c
}

func (c callers) of(i int32) []edge { return c.via[c.start[i]:c.start[i+1]] }

// reach is, for every function, what it can come to do: all capabilities at
// once, as bits that flow from callee to caller until nothing changes.
func reach(g *graph, c callers) []rules.Capability {
	caps := make([]rules.Capability, len(g.nodes))
	var queue []int32
	queued := make([]bool, len(g.nodes))
	for i := range g.nodes {
		if caps[i] = g.nodes[i].direct; caps[i] != 0 {
			queue, queued[i] = append(queue, int32(i)), true
		}
	}
	for head := 0; head < len(queue); head++ {
		i := queue[head]
		queued[i] = false
		for _, e := range c.of(i) {
			if more := flow(g, caps[i], i, e.from); caps[e.from]|more != caps[e.from] {
				caps[e.from] |= more
				if !queued[e.from] {
					queue, queued[e.from] = append(queue, e.from), true
				}
			}
		}
	}
	return caps
}

// unreached marks a function from which no sink is reached.
const unreached = int32(-1)

// steps is, for every function, how many calls it is from the nearest function
// that has the capability by itself, and the edge to take.
type steps struct {
	distance []int32
	next     []edge
}

// nearest walks the graph backwards from the functions with the capability. With
// equal distances the callee that comes first in the order of functions wins.
func nearest(g *graph, c callers, want rules.Capability, within func(*node) bool) steps {
	s := steps{distance: make([]int32, len(g.nodes)), next: make([]edge, len(g.nodes))}
	var level []int32
	for i := range g.nodes {
		s.distance[i] = unreached
		if g.nodes[i].direct&want != 0 && within(&g.nodes[i]) {
			s.distance[i] = 0
			level = append(level, int32(i))
		}
	}
	for d := int32(1); len(level) > 0; d++ {
		var above []int32
		for _, i := range level {
			for _, e := range c.of(i) {
				if s.distance[e.from] == unreached && (want&local != 0 || flow(g, want, i, e.from) != 0) {
					s.distance[e.from], s.next[e.from] = d, e
					above = append(above, e.from)
				}
			}
		}
		slices.Sort(above)
		level = above
	}
	return s
}
