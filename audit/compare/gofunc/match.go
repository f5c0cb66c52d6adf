package gofunc

// matchFunctions pairs the functions of both sides by name. Several may have
// one name: the wrapper of an assembly function has the name of what it wraps,
// and all instances of a generic function have one.
func matchFunctions(a, b *side) {
	a.match, b.match = unmatched(len(a.funcs)), unmatched(len(b.funcs))
	groupsB := make(map[string][]int32, len(b.funcs))
	for i := range b.funcs {
		groupsB[b.funcs[i].name] = append(groupsB[b.funcs[i].name], int32(i)) //nolint:gosec // below maxRows
	}
	groupsA := make(map[string][]int32)
	for i := range a.funcs {
		name := a.funcs[i].name
		if g := groupsB[name]; len(g) == 1 && len(groupsA[name]) == 0 {
			// Most names are there once; a second function of this name in a
			// undoes the pair below.
			groupsA[name] = append(groupsA[name], int32(i)) //nolint:gosec // below maxRows
		} else if len(g) > 0 {
			groupsA[name] = append(groupsA[name], int32(i)) //nolint:gosec // below maxRows
		}
	}
	for name, g := range groupsA {
		matchGroup(a, b, g, groupsB[name])
	}
}

func unmatched(n int) []int32 {
	m := make([]int32, n)
	for i := range m {
		m[i] = -1
	}
	return m
}

// matchGroup pairs functions of one name: in order if that pairs equal kinds
// and sizes, by kind, line and size if that pairs all of them, and in order
// otherwise.
func matchGroup(a, b *side, ga, gb []int32) {
	alike := func(x, y *function) bool {
		return x.id == y.id && x.line == y.line && x.end-x.entry == y.end-y.entry
	}
	pair := func(i, j int32) { a.match[i], b.match[j] = j, i }
	if len(ga) > 1 && len(ga) == len(gb) && len(ga) < 256 {
		if perm, ok := permute(a, b, ga, gb, alike); ok {
			for k, i := range ga {
				pair(i, gb[perm[k]])
			}
			return
		}
	}
	k := 0
	for _, i := range ga {
		for j := k; j < min(k+maxSkipped, len(gb)); j++ {
			if a.funcs[i].id == b.funcs[gb[j]].id {
				pair(i, gb[j])
				k = j + 1
				break
			}
		}
	}
}

// maxSkipped is how many functions of another kind may stand between two that
// are paired.
const maxSkipped = 64

func permute(a, b *side, ga, gb []int32, alike func(x, y *function) bool) ([]int, bool) {
	perm, used := make([]int, len(ga)), make([]bool, len(gb))
	for k, i := range ga {
		found := false
		for off := range gb {
			j := (k + off) % len(gb) // in order, if it can be
			if !used[j] && alike(&a.funcs[i], &b.funcs[gb[j]]) {
				perm[k], used[j], found = j, true, true
				break
			}
		}
		if !found {
			return nil, false
		}
	}
	return perm, true
}
