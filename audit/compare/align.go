package compare

import (
	"bytes"
	"sort"
)

// stretch is n bytes at a that stand at b in the other file, as far as anchors
// say: what lies in it may still differ.
type stretch struct{ a, b, n int }

const (
	anchorLen  = 32 // bytes that must be equal, and stand once in the shipped part
	anchorStep = 16
	hashBase   = 1_000_003
)

// align finds which stretch of b each stretch of a is. Both start together and
// end together; between, unique blocks that both hold anchor the rest.
func align(a, b []byte) []stretch {
	if len(a) == len(b) && bytes.Equal(a, b) {
		return []stretch{{0, 0, len(a)}}
	}
	chain := monotone(anchors(a, b))
	list := []stretch{{0, 0, 0}}
	for _, c := range chain {
		last := &list[len(list)-1]
		if c.a-c.b == last.a-last.b {
			last.n = c.a + c.n - last.a
			continue
		}
		if c.a >= last.a+last.n && c.b >= last.b+last.n {
			list = append(list, c)
		}
	}
	if last := &list[len(list)-1]; len(a)-len(b) == last.a-last.b {
		last.n = len(a) - last.a
	} else {
		list = append(list, stretch{len(a), len(b), 0})
	}
	return list
}

// anchors are the blocks of a that stand once in a, where they stand in b.
func anchors(a, b []byte) []stretch {
	if len(a) < anchorLen || len(b) < anchorLen {
		return nil
	}
	at := map[uint64]int{}
	for i := 0; i+anchorLen <= len(a); i += anchorStep {
		block := a[i : i+anchorLen]
		if filler(block) {
			continue
		}
		h := hashOf(block)
		if _, twice := at[h]; twice {
			at[h] = -1
			continue
		}
		at[h] = i
	}
	top := uint64(1)
	for range anchorLen - 1 {
		top *= hashBase
	}
	var list []stretch
	h := hashOf(b[:anchorLen])
	for j := 0; ; j++ {
		if i, ok := at[h]; ok && i >= 0 && bytes.Equal(a[i:i+anchorLen], b[j:j+anchorLen]) {
			list = append(list, stretch{i, j, anchorLen})
		}
		if j+anchorLen >= len(b) {
			return list
		}
		h = (h-uint64(b[j])*top)*hashBase + uint64(b[j+anchorLen])
	}
}

func hashOf(block []byte) uint64 {
	var h uint64
	for _, c := range block {
		h = h*hashBase + uint64(c)
	}
	return h
}

// monotone is the longest chain of anchors that stand in the same order in both.
func monotone(list []stretch) []stretch {
	sort.SliceStable(list, func(i, j int) bool { return list[i].a < list[j].a })
	var tails []int // index of the last anchor of the best chain of each length
	before := make([]int, len(list))
	for i, s := range list {
		k := sort.Search(len(tails), func(k int) bool { return list[tails[k]].b >= s.b })
		before[i] = -1
		if k > 0 {
			before[i] = tails[k-1]
		}
		if k == len(tails) {
			tails = append(tails, i)
		} else {
			tails[k] = i
		}
	}
	chain := make([]stretch, len(tails))
	if len(tails) == 0 {
		return nil
	}
	for i, k := tails[len(tails)-1], len(tails)-1; i >= 0; i, k = before[i], k-1 {
		chain[k] = list[i]
	}
	return chain
}
