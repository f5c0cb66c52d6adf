package audit

import (
	"fmt"
	"runtime/debug"
	"slices"
	"strings"

	"github.com/proffer-audit/proffer/audit/evidence"
)

// Version is proffer's own. A report names it, and a replay by another version
// is not comparable.
const Version = "0.1.0"

// dependencies is the digest of the sums of the modules that this program is
// made of. The digest of the binary itself differs by build folder, so it stands
// in the run record.
func dependencies() (string, error) {
	info, ok := debug.ReadBuildInfo()
	if !ok {
		return "", fmt.Errorf("this program has no build information: build it as a module")
	}
	var lines []string
	for _, m := range info.Deps {
		for m.Replace != nil {
			m = m.Replace
		}
		lines = append(lines, m.Path+" "+m.Version+" "+m.Sum+"\n")
	}
	slices.Sort(lines)
	return string(evidence.Of([]byte(strings.Join(lines, "")))), nil
}
