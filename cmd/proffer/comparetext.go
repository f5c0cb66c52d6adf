package main

import (
	"fmt"
	"strings"

	"github.com/proffer-audit/proffer/audit/compare"
	"github.com/proffer-audit/proffer/reports"
	"github.com/proffer-audit/proffer/reports/safetext"
)

// The most of a kind that a person is shown; --json has everything.
const (
	shownFunctions = 10
	shownPlaces    = 3
	shownMembers   = 12
	maxPlace       = 96 // bytes of one place
)

// text is a comparison for a person: the answer first, then what it rests on.
func (c comparison) text() string {
	var b strings.Builder
	row := func(name, format string, args ...any) {
		fmt.Fprintf(&b, "%-11s %s\n", name, fmt.Sprintf(format, args...))
	}
	fmt.Fprintf(&b, "%s\n\n", capital(c.Answer.String()))
	format := ""
	if c.DifferingBytes > 0 {
		format = ", " + string(c.Format)
	}
	row("shipped", "%s, %s%s", c.Shipped, compare.InBytes(c.ShippedSize), format)
	row("rebuilt", "%s, %s", c.Rebuilt, compare.InBytes(c.RebuiltSize))
	if c.DifferingBytes > 0 {
		row("difference", "%s, of which %s accounted for", compare.InBytes(c.DifferingBytes), isAre(c.Accounted))
	}
	row("level", "%s; %s passes", c.Level, atLeast(c.Least))
	c.functionText(&b)
	classText(&b, c.account, "")
	c.memberText(&b)
	c.findingText(&b)
	for _, g := range c.Grafts {
		row("graft", "%s signature of %s put onto the rebuilt file: %s", g.Kind, compare.InBytes(g.Bytes), sameOrNot(g.Equal))
	}
	for _, n := range c.Normalisations {
		row("normalised", "%s@%d hides %s: %s", n.ID, n.Version, compare.InBytes(n.BytesHidden), n.Reason)
	}
	c.causeText(&b)
	for _, n := range c.Notes {
		row("note", "%s", n)
	}
	row("result", "%s (exit %d)", c.Result, c.Exit)
	return b.String()
}

func capital(s string) string {
	if s == "" || strings.ContainsAny(s[:1], "0123456789") {
		return s
	}
	return strings.ToUpper(s[:1]) + s[1:]
}

func isAre(n int64) string {
	if n == 1 {
		return "1 is"
	}
	return compare.Grouped(n) + " are"
}

func atLeast(l reports.Level) string {
	if l == reports.BitIdentical {
		return "only " + string(l)
	}
	return string(l) + " or better"
}

func sameOrNot(equal bool) string {
	if equal {
		return "bit-identical"
	}
	return "still different"
}

func (c comparison) functionText(b *strings.Builder) {
	f := c.account.Functions
	if f == nil {
		return
	}
	fmt.Fprintf(b, "functions   %s: %s the same, %s the same but for addresses, %s changed\n",
		compare.Grouped(int64(f.Total)), compare.Grouped(int64(f.Same)), compare.Grouped(int64(f.Relocated)), compare.Grouped(int64(len(f.Changed))))
	for i, g := range f.Changed {
		if i == shownFunctions {
			fmt.Fprintf(b, "  … and %d more: see --json\n", len(f.Changed)-shownFunctions)
			break
		}
		place := ""
		if g.Line > 0 {
			place = fmt.Sprintf(" at %s:%d", g.File, g.Line)
		}
		fmt.Fprintf(b, "  %-8s  %s%s, shipped %d bytes, rebuilt %d\n", g.Status, g.Name, place, g.ShippedSize, g.RebuiltSize)
		if !g.Why.IsZero() {
			fmt.Fprintf(b, "            %s\n", g.Why)
		}
	}
}

// classText lists classes; what a normaliser must not hide is marked.
func classText(b *strings.Builder, r compare.Result, indent string) {
	if len(r.Classes) == 0 {
		return
	}
	if indent == "" {
		b.WriteString("\nwhat the differing bytes are\n")
	}
	for _, k := range r.Classes {
		mark := " "
		if k.SecurityRelevant {
			mark = "!"
		}
		fmt.Fprintf(b, "%s%s %12s  %-18s  %s\n", indent, mark, compare.Grouped(k.Bytes), k.Class, places(k.Evidence))
	}
}

func places(list []safetext.Text) string {
	var shown []string
	for _, p := range list[:min(len(list), shownPlaces)] {
		s := p.String()
		if len(s) > maxPlace {
			s = strings.ToValidUTF8(s[:maxPlace], "") + "…"
		}
		shown = append(shown, s)
	}
	if len(list) > shownPlaces {
		shown = append(shown, "…")
	}
	return strings.Join(shown, "; ")
}

// memberText shows the members that differ, as a tree.
func (c comparison) memberText(b *strings.Builder) {
	if len(c.Members) == 0 {
		return
	}
	b.WriteString("\nmembers that differ\n")
	members(b, c.Members, "  ")
}

func members(b *strings.Builder, list []compare.Member, indent string) {
	for i, m := range list {
		if i == shownMembers {
			fmt.Fprintf(b, "%s… and %d more: see --json\n", indent, len(list)-shownMembers)
			return
		}
		name := m.Path.String()
		if name == "" {
			name = "(its content)"
		}
		if m.Result == nil {
			fmt.Fprintf(b, "%s%s: only in the %s file\n", indent, name, m.In)
			continue
		}
		fmt.Fprintf(b, "%s%s: %s, %s of %s bytes differ\n", indent, name, m.Result.Level, compare.Grouped(m.Result.DifferingBytes), compare.Grouped(m.Result.ShippedSize))
		if len(m.Result.Members) == 0 {
			classText(b, *m.Result, indent)
		}
		members(b, m.Result.Members, indent+"  ")
	}
}

func (c comparison) findingText(b *strings.Builder) {
	d := document{Findings: c.Findings}
	for i, f := range d.Findings {
		if f.Location != nil {
			d.Findings[i].Message = safetext.Sprintf("%s: %s", f.Location.Path, f.Message)
		}
	}
	var list strings.Builder
	d.findingText(&list)
	b.WriteString(strings.Replace(list.String(), "see report.html", "see --json", 1) + "\n")
}

// causeText says what the difference comes from. Two files alone prove no cause.
func (c comparison) causeText(b *strings.Builder) {
	for _, k := range c.Causes {
		proof := "likely"
		if k.Proven {
			proof = "proven by a build"
		}
		fmt.Fprintf(b, "%-11s %s: %s (%s)\n", "cause", k.Kind, k.Detail, proof)
	}
	if len(c.Causes) == 0 && !c.Level.AtLeast(reports.EqualNormalised) {
		fmt.Fprintf(b, "%-11s not looked for: it takes a build from source; see `proffer help rebuild`\n", "cause")
	}
}
