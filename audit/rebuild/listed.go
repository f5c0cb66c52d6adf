package rebuild

import (
	"fmt"
	"slices"
	"strings"

	"github.com/proffer-audit/proffer/audit/compare/cause"
)

// WithListed adds to the lines of a go.sum the modules that a shipped Go program
// lists and the lines do not: it was built in a workspace, of which the source is
// only a part. A program that lists none adds nothing.
func WithListed(gosum, program []byte) []byte {
	f, err := cause.Read(program)
	if err != nil {
		return gosum
	}
	have := map[string]bool{}
	for line := range strings.Lines(string(gosum)) {
		if w := strings.Fields(line); len(w) == 3 {
			have[w[0]+" "+w[1]] = true
		}
	}
	out := slices.Clone(gosum)
	if len(out) > 0 && out[len(out)-1] != '\n' {
		out = append(out, '\n')
	}
	for _, m := range f.Deps {
		if m.Replace != nil {
			m = *m.Replace
		}
		if m.Sum != "" && !have[m.Path+" "+m.Version] {
			out = fmt.Appendf(out, "%s %s %s\n", m.Path, m.Version, m.Sum)
		}
	}
	return out
}
