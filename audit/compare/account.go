package compare

import (
	"bytes"
	"cmp"
	"fmt"
	"maps"
	"slices"

	"github.com/proffer-audit/proffer/audit/compare/sections"
	"github.com/proffer-audit/proffer/reports"
	"github.com/proffer-audit/proffer/reports/safetext"
)

// maxEvidence is how many places one class names, maxFindings how many findings
// one member gets: a hostile file must not be able to fill a report.
const (
	maxEvidence = 6
	maxFindings = 60
)

// tally is one class in the making.
type tally struct {
	bytes  int64
	places []string
	count  int
}

// account gives every differing byte to the class of its region, and settles
// level, findings and normalisations. The error is one of this program's: bytes
// that do not add up.
func (n *node) account() error {
	byFrom := func(x, y judged) int { return cmp.Compare(x.From, y.From) }
	slices.SortStableFunc(n.ja, byFrom)
	slices.SortStableFunc(n.jb, byFrom)
	tallies := map[ClassName]*tally{}
	total := n.tally(tallies, n.ja, true)
	if n.graft == nil {
		total += n.tally(tallies, n.jb, false)
	} else {
		n.tally(tallies, n.jb, false)
		past, err := n.beyond(tallies)
		if err != nil {
			return err
		}
		total += past
	}
	if total != n.result.DifferingBytes {
		return fmt.Errorf("compare: %q: %d of %d differing bytes were given a class", n.path, total, n.result.DifferingBytes)
	}
	n.tell()
	n.settle(tallies)
	return nil
}

// tally counts the differing bytes of the regions of one file: of the rebuilt
// one, only those past the end of the shipped.
func (n *node) tally(tallies map[ClassName]*tally, list []judged, shipped bool) int64 {
	end := int64(len(n.shipped))
	var total int64
	for _, j := range list {
		var count int64
		if shipped {
			end := int64(len(n.rebuilt))
			count = differ(n.shipped[j.From:j.To], n.rebuilt[min(j.From, end):min(j.To, end)])
			total += count
			s := n.signed(j.From, j.To)
			n.give(tallies, judged{Region: j.Region, class: Signature, evidence: "as on the shipped file"}, s)
			count -= s
		} else if n.graft == nil {
			count = max(0, j.To-max(j.From, end))
			total += count
		}
		n.least = worse(n.least, n.standings[j.class].level)
		n.give(tallies, j, count)
	}
	return total
}

// give books differing bytes of a region. One without any has nothing to show,
// and is passed over unless its class decides the verdict.
func (n *node) give(tallies map[ClassName]*tally, j judged, count int64) {
	if count == 0 && !n.graver(j.class) {
		return
	}
	t := tallies[j.class]
	if t == nil {
		t = &tally{}
		tallies[j.class] = t
	}
	if count == 0 && slices.Contains(t.places, placeOf(j)) {
		return // the other file's side of it
	}
	t.bytes += count
	if t.count++; len(t.places) < maxEvidence && !slices.Contains(t.places, placeOf(j)) {
		t.places = append(t.places, placeOf(j))
	}
}

// beyond counts what the rebuilt file has past the end of the shipped one, where
// a graft stands between the two. Its regions have the classes that regions of
// the same key have in the grafted file.
func (n *node) beyond(tallies map[ClassName]*tally) (int64, error) {
	end := int64(len(n.shipped))
	if int64(len(n.rebuilt)) <= end {
		return 0, nil
	}
	raw, err := n.mapOf(n.rebuilt, "rebuilt")
	if err != nil {
		return 0, err
	}
	classes := map[string]judged{}
	for _, j := range n.jb {
		if _, ok := classes[j.Key]; !ok {
			classes[j.Key] = j
		}
	}
	var total int64
	for _, r := range raw.Regions {
		count := max(0, r.To-max(r.From, end))
		j, ok := classes[r.Key]
		switch {
		case r.Role == sections.Signed:
			j = judged{Region: r, class: Signature, evidence: "of the rebuilt file, taken off"}
		case !ok:
			j = judged{Region: r, class: Unexplained}
		}
		total += count
		if count > 0 {
			n.least = worse(n.least, n.standings[j.class].level)
			n.give(tallies, j, count)
		}
	}
	return total, nil
}

// graver reports whether a class matters to the verdict even where no byte at
// its position differs.
func (n *node) graver(c ClassName) bool { return n.standings[c].level == reports.Unexplained }

func placeOf(j judged) string {
	if j.evidence == "" {
		return j.Key
	}
	return j.Key + ": " + j.evidence
}

// differ counts positions that hold different bytes; positions that b does not
// have are different.
func differ(a, b []byte) int64 {
	common := min(len(a), len(b))
	count := int64(len(a) - common)
	if bytes.Equal(a[:common], b[:common]) {
		return count
	}
	for i := range common {
		if a[i] != b[i] {
			count++
		}
	}
	return count
}

// tell makes the findings: one for each region whose class has one. A record that
// the two files share is told once, from the shipped file's side.
func (n *node) tell() {
	seen := map[string]bool{}
	for _, list := range [][]judged{n.ja, n.jb} {
		for _, j := range list {
			if j.told || n.standings[j.class].severity == "" || seen[string(j.class)+j.Key] {
				continue
			}
			seen[string(j.class)+j.Key] = true
			n.find(j.class, j.Path, j.Key, j.evidence)
		}
	}
}

// find books a finding about a region.
func (n *node) find(c ClassName, member, place, why string) {
	s := n.standings[c]
	f := Finding{
		Rule: "compare." + string(c), Severity: s.severity, Class: c,
		Path: safetext.Of(inside(n.path, member)), Place: safetext.Of(place),
	}
	where := place
	if member != "" && place == "member" {
		where = member
	}
	text := fmt.Sprintf("%s: %s", s.message, where)
	if why != "" {
		text += " (" + why + ")"
	}
	f.Message = safetext.Of(text)
	n.result.Found = append(n.result.Found, f)
}

// settle fills the result from the tallies and from the members.
func (n *node) settle(tallies map[ClassName]*tally) {
	r := &n.result
	level := worse(n.least, reports.IdenticalGraft)
	named := declared()
	for _, c := range sortedKeys(tallies) {
		t := tallies[c]
		r.Classes = append(r.Classes, Class{c, t.bytes, evidence(t), c.SecurityRelevant()})
		if c != Unexplained {
			r.Accounted += t.bytes
		}
		if d, ok := named[c]; ok {
			r.Normalisations = append(r.Normalisations, Normalisation{ID: d.id, Version: d.version, Reason: d.reason, BytesHidden: t.bytes})
		}
	}
	slices.SortStableFunc(r.Classes, func(a, b Class) int { return cmp.Compare(b.Bytes, a.Bytes) })
	for _, m := range r.Members {
		if m.Result != nil {
			level = worse(level, m.Result.Level)
			r.Found = append(r.Found, m.Result.Found...)
			r.adopt(m.Result.Normalisations)
		}
	}
	if len(r.Found) > 0 {
		level = reports.Unexplained
	}
	r.cut()
	slices.SortFunc(r.Normalisations, func(a, b Normalisation) int { return cmp.Compare(a.ID, b.ID) })
	slices.SortFunc(r.Members, func(a, b Member) int { return cmp.Compare(a.Path.String(), b.Path.String()) })
	r.Level = level
}

// adopt adds what was hidden in a member to what was hidden here.
func (r *Result) adopt(list []Normalisation) {
	for _, m := range list {
		i := slices.IndexFunc(r.Normalisations, func(o Normalisation) bool { return o.ID == m.ID && o.Version == m.Version })
		if i < 0 {
			r.Normalisations = append(r.Normalisations, m)
			continue
		}
		r.Normalisations[i].BytesHidden += m.BytesHidden
	}
}

// cut keeps the worst findings and says how many more there are.
func (r *Result) cut() {
	slices.SortStableFunc(r.Found, func(a, b Finding) int {
		switch {
		case a.Severity == b.Severity:
			return cmp.Or(cmp.Compare(a.Path.String(), b.Path.String()), cmp.Compare(a.Place.String(), b.Place.String()))
		case a.Severity.AtLeast(b.Severity):
			return -1
		}
		return 1
	})
	if more := len(r.Found) - maxFindings; more > 0 {
		r.Found = r.Found[:maxFindings]
		r.note("%d more findings are not listed", more)
	}
}

func evidence(t *tally) []safetext.Text {
	list := make([]safetext.Text, 0, len(t.places)+1)
	for _, p := range t.places {
		list = append(list, safetext.Of(p))
	}
	if more := t.count - len(t.places); more > 0 {
		list = append(list, safetext.Sprintf("and %d more", more))
	}
	return list
}

func worse(a, b reports.Level) reports.Level {
	if a.AtLeast(b) {
		return b
	}
	return a
}

func sortedKeys[K cmp.Ordered, V any](m map[K]V) []K { return slices.Sorted(maps.Keys(m)) }
