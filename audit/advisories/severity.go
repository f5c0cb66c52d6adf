package advisories

import (
	"fmt"
	"strings"

	gocvss20 "github.com/pandatix/go-cvss/20"
	gocvss30 "github.com/pandatix/go-cvss/30"
	gocvss31 "github.com/pandatix/go-cvss/31"
	gocvss40 "github.com/pandatix/go-cvss/40"

	"github.com/proffer-audit/proffer/reports"
)

// A Score is how bad a flaw is.
type Score struct {
	Severity reports.Severity
	Vector   string  // the CVSS vector that decided; "" when unscored
	Points   float64 // its score, 0 to 10
}

// Unscored says that no record gave a readable vector.
func (s Score) Unscored() bool { return s.Vector == "" }

// unscored is what a flaw counts as until somebody scores it.
const unscored = reports.High

// score takes the worst of all CVSS vectors, of whichever version; a vector that
// cannot be read counts as none.
func score(all []Severity) Score {
	out := Score{Severity: unscored}
	for _, s := range all {
		points, err := cvss(s)
		if err != nil {
			continue // left unscored, which counts as high
		}
		if out.Unscored() || points > out.Points {
			out = Score{band(points), s.Score, points}
		}
	}
	return out
}

// cvss computes the score of one vector: the base score in versions 2 and 3, the
// score of all metrics given in version 4.
func cvss(s Severity) (float64, error) {
	switch {
	case s.Type == "CVSS_V4" && strings.HasPrefix(s.Score, "CVSS:4.0/"):
		v, err := gocvss40.ParseVector(s.Score)
		if err != nil {
			return 0, fmt.Errorf("CVSS 4.0 vector %.80q: %w", s.Score, err)
		}
		return v.Score(), nil
	case s.Type == "CVSS_V3" && strings.HasPrefix(s.Score, "CVSS:3.1/"):
		v, err := gocvss31.ParseVector(s.Score)
		if err != nil {
			return 0, fmt.Errorf("CVSS 3.1 vector %.80q: %w", s.Score, err)
		}
		return v.BaseScore(), nil
	case s.Type == "CVSS_V3" && strings.HasPrefix(s.Score, "CVSS:3.0/"):
		v, err := gocvss30.ParseVector(s.Score)
		if err != nil {
			return 0, fmt.Errorf("CVSS 3.0 vector %.80q: %w", s.Score, err)
		}
		return v.BaseScore(), nil
	case s.Type == "CVSS_V2":
		v, err := gocvss20.ParseVector(s.Score)
		if err != nil {
			return 0, fmt.Errorf("CVSS 2.0 vector %.80q: %w", s.Score, err)
		}
		return v.BaseScore(), nil
	}
	return 0, fmt.Errorf("severity of type %.40q is not a CVSS vector", s.Type)
}

// band is the qualitative rating scale of CVSS 3 and 4, used for version 2 as
// well; "none" is a note.
func band(points float64) reports.Severity {
	switch {
	case points >= 9:
		return reports.Critical
	case points >= 7:
		return reports.High
	case points >= 4:
		return reports.Medium
	case points > 0:
		return reports.Low
	}
	return reports.Note
}
