package compare

import (
	"bytes"
	"errors"
	"path"
	"slices"
	"strings"

	"github.com/proffer-audit/proffer/audit/compare/sections"
	"github.com/proffer-audit/proffer/reports"
	"github.com/proffer-audit/proffer/reports/safetext"
)

// outcome is what comparing the contents of one member gave.
type outcome struct {
	class    ClassName
	evidence string
}

// contents judges the content of a member that both files have, by what it
// unpacks to.
func (n *node) contents(ra, rb sections.Region) error {
	key := [2]int{ra.Member, rb.Member}
	o := n.children[key]
	if o == nil {
		var err error
		if o, err = n.descend(n.a.Members[ra.Member-1], n.b.Members[rb.Member-1]); err != nil {
			return err
		}
		n.children[key] = o
	}
	n.ja = append(n.ja, judged{Region: ra, class: o.class, evidence: o.evidence, told: true})
	n.jb = append(n.jb, judged{Region: rb, class: o.class, evidence: o.evidence, told: true})
	return nil
}

// descend compares what two members unpack to.
func (n *node) descend(ma, mb sections.Member) (*outcome, error) {
	ca, err := n.unpack(ma)
	if err != nil {
		return &outcome{Unexplained, err.Error()}, nil
	}
	ca = bytes.Clone(ca) // what a reader hands out may be reused
	cb, err := n.unpack(mb)
	if err != nil {
		return &outcome{Unexplained, err.Error()}, nil
	}
	if bytes.Equal(ca, cb) {
		return &outcome{Compression, "the same after unpacking"}, nil
	}
	if ma.Link {
		return &outcome{LinkTarget, "the link points elsewhere"}, nil
	}
	r, err := n.nodeOf(inside(n.path, ma.Path), n.depth+1, ca, cb)
	if err != nil {
		return nil, err
	}
	n.result.Members = append(n.result.Members, Member{Path: safetext.Of(ma.Path), In: "both", Result: &r})
	switch {
	case n.installs(ma.Path):
		n.find(InstallScript, ma.Path, "member", "")
		return &outcome{InstallScript, "runs when the package is installed or removed"}, nil
	case r.Unexplained() > 0:
		return &outcome{Unexplained, string(r.Level)}, nil
	}
	return &outcome{InMember, string(r.Level)}, nil
}

// installs reports whether a member is a script that a Debian package runs
// (Debian Policy, chapter 6).
func (n *node) installs(p string) bool {
	scripts := []string{"preinst", "postinst", "prerm", "postrm", "config"}
	return strings.Contains("!/"+n.path, "!/control.tar") && slices.Contains(scripts, path.Base(p))
}

// unpack is the content of a member; what is too large is said.
func (n *node) unpack(m sections.Member) ([]byte, error) {
	data, err := m.Content()
	var limit *sections.LimitError
	if errors.As(err, &limit) {
		n.limit = limit
	}
	if err != nil {
		n.result.note("%.200s is not looked into: %v", m.Path, err)
	}
	return data, err
}

// inside is the path of a member, from the outermost file.
func inside(outer, member string) string {
	if member == "" {
		return outer
	}
	if outer == "" {
		return member
	}
	return outer + "!/" + strings.ReplaceAll(member, "!/", "%21/")
}

// order says what a different order of members means: nothing where members are
// found by name, and much where a link or a second member of one name makes the
// later one count.
func (n *node) order() {
	inA, inB := n.paths(n.a), n.paths(n.b)
	common := func(list []string, other map[string]int) []string {
		return slices.DeleteFunc(slices.Clone(list), func(p string) bool { return other[p] == 0 })
	}
	duplicates := n.membership(inA, inB)
	a, b := common(inA, counted(inB)), common(inB, counted(inA))
	if slices.Equal(a, b) || duplicates {
		return
	}
	class, why := Order, "members stand in another order"
	for _, m := range slices.Concat(n.a.Members, n.b.Members) {
		if m.Link {
			class, why = Ambiguous, "the order differs, and among the members is a link: "+m.Path
		}
	}
	if twice(inA) || twice(inB) {
		class, why = Ambiguous, "the order differs, and a name stands twice"
	}
	for _, side := range []*[]judged{&n.ja, &n.jb} {
		for i, j := range *side {
			if j.class == Moved && j.Path != "" {
				(*side)[i].class, (*side)[i].evidence, (*side)[i].told = class, why, class != Order
			}
		}
	}
	if class == Ambiguous {
		n.find(Ambiguous, "", "order of the members", why)
	}
}

func (n *node) paths(l *sections.Layout) []string {
	list := make([]string, len(l.Members))
	for i, m := range l.Members {
		list[i] = m.Path
	}
	return list
}

func counted(list []string) map[string]int {
	count := map[string]int{}
	for _, p := range list {
		count[p]++
	}
	return count
}

func twice(list []string) bool {
	for _, n := range counted(list) {
		if n > 1 {
			return true
		}
	}
	return false
}

// membership finds members that only one file has, or has more often, and gives
// their regions the class that says so. It reports whether one stands more often.
func (n *node) membership(inA, inB []string) (duplicates bool) {
	a, b := counted(inA), counted(inB)
	classes := map[string]ClassName{}
	for p, k := range a {
		switch {
		case b[p] == 0:
			classes[p] = addedClass(n.a.Format, p)
		case k > b[p]:
			classes[p] = Duplicate
		}
	}
	for p, k := range b {
		switch {
		case a[p] == 0:
			classes[p] = missingClass(n.a.Format, p)
		case k > a[p]:
			classes[p] = Duplicate
		}
	}
	for _, side := range []*[]judged{&n.ja, &n.jb} {
		for i, j := range *side {
			if c, ok := classes[j.Path]; ok && j.Path != "" && j.class != Moved {
				(*side)[i].class, (*side)[i].told = c, true
			}
		}
	}
	for _, p := range sortedKeys(classes) {
		c := classes[p]
		in := "both"
		switch {
		case b[p] == 0:
			in = "shipped"
		case a[p] == 0:
			in = "rebuilt"
		}
		if in != "both" {
			n.result.Members = append(n.result.Members, Member{Path: safetext.Of(p), In: in})
		}
		duplicates = duplicates || c == Duplicate
		n.find(c, p, "member", "")
	}
	return duplicates
}

// signatureFile reports whether a member of a JAR or APK belongs to its
// signature (JAR File Specification, "Signed JAR File").
func signatureFile(f sections.Format, p string) bool {
	if f != sections.Zip || !strings.EqualFold(path.Dir(p), "META-INF") {
		return false
	}
	base := strings.ToUpper(path.Base(p))
	return slices.Contains([]string{".SF", ".RSA", ".DSA", ".EC"}, path.Ext(base)) || strings.HasPrefix(base, "SIG-")
}

func addedClass(f sections.Format, p string) ClassName {
	if signatureFile(f, p) {
		return ForeignSigned
	}
	return AddedMember
}

func missingClass(f sections.Format, p string) ClassName {
	if signatureFile(f, p) {
		return DroppedSigned
	}
	return MissingMember
}

// manifests settles members that list the digests of their own archive: where
// both lists are right, they follow from the members, which are judged by
// themselves.
func (n *node) manifests() {
	if n.a.Format != sections.Zip {
		return
	}
	for i, m := range n.result.Members {
		p := m.Path.String()
		if m.In != "both" || path.Base(p) != "RECORD" || !strings.HasSuffix(path.Dir(p), ".dist-info") {
			continue
		}
		c, why := recordClass(n.a, n.b, p)
		n.result.Members[i].Result = settled(m.Result, c, why)
		for _, side := range []*[]judged{&n.ja, &n.jb} {
			for k, j := range *side {
				if j.Path == p && j.Member > 0 {
					(*side)[k].class, (*side)[k].evidence = c, why
				}
			}
		}
		if c == WrongRecord {
			n.find(c, p, "member", why)
		}
	}
}

// settled replaces the account of a member by one class.
func settled(r *Result, c ClassName, why string) *Result {
	s := *r
	s.Level = reports.EqualNormalised
	if c.SecurityRelevant() {
		s.Level = reports.Unexplained
	}
	s.Found, s.Normalisations = []Finding{}, []Normalisation{}
	if s.Accounted = s.DifferingBytes; c == Unexplained {
		s.Accounted = 0
	}
	s.Classes = []Class{{c, s.DifferingBytes, []safetext.Text{safetext.Of(why)}, c.SecurityRelevant()}}
	return &s
}
