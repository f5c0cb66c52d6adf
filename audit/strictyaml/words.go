package strictyaml

import (
	"strings"
	"unicode"
)

// fold maps strings that differ only in case to one string, over all of
// Unicode: each character becomes the smallest of those that fold together.
func fold(s string) string {
	return strings.Map(func(r rune) rune {
		least := r
		for next := unicode.SimpleFold(r); next != r; next = unicode.SimpleFold(next) {
			least = min(least, next)
		}
		return least
	}, s)
}

// suggest hints at the known word that was probably meant, or lists them all.
func suggest(word string, known []string) string {
	best, least := "", 3
	for _, k := range known {
		if d := distance(fold(word), fold(k)); d < least && d*2 <= len(k) {
			best, least = k, d
		}
	}
	switch {
	case best != "":
		return `did you mean "` + best + `"?`
	case len(known) == 0:
		return ""
	case len(known) == 1:
		return `known here: "` + known[0] + `"`
	}
	return "known here: " + strings.Join(known, ", ")
}

// maxCompared keeps distance cheap: no known word is as long.
const maxCompared = 64

// distance counts the insertions, deletions, replacements and swaps of
// neighbours that turn a into b. A long word is as far away as it is long.
func distance(a, b string) int {
	if len(a) > maxCompared || len(b) > maxCompared {
		return max(len(a), len(b))
	}
	two, one, now := make([]int, len(b)+1), make([]int, len(b)+1), make([]int, len(b)+1)
	for j := range now {
		one[j] = j
	}
	for i := 1; i <= len(a); i++ {
		now[0] = i
		for j := 1; j <= len(b); j++ {
			cost := 1
			if a[i-1] == b[j-1] {
				cost = 0
			}
			now[j] = min(one[j]+1, now[j-1]+1, one[j-1]+cost)
			if i > 1 && j > 1 && a[i-1] == b[j-2] && a[i-2] == b[j-1] {
				now[j] = min(now[j], two[j-2]+1)
			}
		}
		two, one, now = one, now, two
	}
	return one[len(b)]
}
