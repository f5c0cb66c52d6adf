package rebuild

import (
	"github.com/proffer-audit/proffer/audit/evidence"
	"github.com/proffer-audit/proffer/audit/workspace"
)

// cover says for each file of the artifact where it comes from. rebuilt is the
// digest of what was built and found equal, or "". Only what a reviewer can read
// counts as reviewed: a program or an archive in the source tree explains
// nothing.
func cover(s *shipped, rebuilt evidence.Digest, source []workspace.File) []Covered {
	reviewed := map[evidence.Digest]string{}
	for _, f := range source { // sorted: the first path stands
		if _, ok := reviewed[f.Digest]; f.Text && !ok {
			reviewed[f.Digest] = f.Path
		}
	}
	list := make([]Covered, 0, len(s.members))
	for _, m := range s.members {
		c := Covered{Path: m.path, By: Uncovered, Digest: m.digest, Runs: m.runs}
		if from, ok := reviewed[m.digest]; ok {
			c.By, c.Source = BySource, from
		}
		if rebuilt != "" && m.digest == rebuilt {
			c.By, c.Source = ByRebuild, ""
		}
		list = append(list, c)
	}
	return list
}
