package rebuild

import (
	"bytes"
	"regexp"
	"slices"
	"strings"
)

// maxFailure is how many lines of a failed command's output a result keeps.
const maxFailure = 40

// siblings are the other trees of a layout as cmd/go shows them from the source
// folder, when that is shorter than their path.
var siblings = regexp.MustCompile(`(?:\.\./)+(toolchain|modules|scratch)/`)

// buildFolder is the name of cmd/go's work folder, which is new every time.
var buildFolder = regexp.MustCompile(`\S*/go-build[0-9]+`)

// scrubber replaces placed paths, which differ between tiers and machines, by
// words.
type scrubber struct{ pairs [][2]string }

// newScrubber takes pairs of path and word. Longer paths come first, so that a
// folder inside another is told apart from it.
func newScrubber(pairs ...[2]string) scrubber {
	pairs = slices.DeleteFunc(slices.Clone(pairs), func(p [2]string) bool { return p[0] == "" || p[0] == "/" })
	slices.SortStableFunc(pairs, func(a, b [2]string) int { return len(b[0]) - len(a[0]) })
	return scrubber{pairs}
}

func (s scrubber) scrub(text []byte) []byte {
	for _, p := range s.pairs {
		text = bytes.ReplaceAll(text, []byte(p[0]), []byte(p[1]))
	}
	text = siblings.ReplaceAllFunc(text, func(m []byte) []byte {
		return append([]byte("$"), bytes.ToUpper(bytes.TrimLeft(m, "./"))...)
	})
	return buildFolder.ReplaceAll(text, []byte("$$WORK"))
}

// settled brings the output of go build into one order. Packages are compiled
// side by side, so the order of what is said about them is chance: blocks that
// start with "# package" are sorted, and the lines before the first one.
func settled(text []byte) []string {
	var head []string
	var blocks [][]string
	for line := range strings.SplitSeq(strings.TrimRight(string(text), "\n"), "\n") {
		switch {
		case line == "": // stands or falls with the order of blocks
		case strings.HasPrefix(line, "# "):
			blocks = append(blocks, []string{line})
		case len(blocks) > 0:
			blocks[len(blocks)-1] = append(blocks[len(blocks)-1], line)
		default:
			head = append(head, line)
		}
	}
	slices.Sort(head)
	slices.SortFunc(blocks, slices.Compare)
	for _, b := range blocks {
		head = append(head, b...)
	}
	return head
}

// tail is the end of a list of lines.
func tail(lines []string, n int) []string {
	if len(lines) > n {
		lines = lines[len(lines)-n:]
	}
	return slices.Clone(lines)
}
