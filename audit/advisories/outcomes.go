package advisories

import (
	"fmt"
	"maps"
	"slices"
	"strings"
	"time"

	"github.com/proffer-audit/proffer/audit/inventory"
	"github.com/proffer-audit/proffer/reports"
	"github.com/proffer-audit/proffer/reports/safetext"
)

// The rules under which matches are reported.
const (
	RuleKnown     = "advisories.known"
	RuleMalicious = "advisories.malicious"
	RuleWithdrawn = "advisories.withdrawn"
)

// The codes of the check's reasons.
const (
	CodeNoDatabase  = "no-database"
	CodeFindings    = "known-flaws"
	CodeFaults      = "database-faults"
	CodeMissing     = "ecosystem-missing"
	CodeEmpty       = "database-empty"
	CodeStale       = "database-stale"
	CodeUndated     = "database-undated"
	CodeNoInventory = "inventory-incomplete"
	CodeUndecided   = "version-unknown"
)

// A Demand is what the policy asks.
type Demand struct {
	FailOn    reports.Severity // findings as severe, or more, fail the check; "" fails on all
	Malicious bool             // a malicious package fails the check whatever FailOn says
	MaxAge    time.Duration    // of the newest record at the evaluation instant; 0 is not asked
}

// A Question asks what is known against the components of one artifact.
type Question struct {
	Artifact  string
	Inventory inventory.Inventory
	DB        *DB    // nil when there is none
	Absent    string // with a nil DB: why
	Demand    Demand
	AsOf      time.Time // the evaluation instant
	Evidence  []string  // digests, such as the inventory's; the database's is added
}

const hint = "hint: give a database with --osv DIR|FILE, or allow the connection to the public OSV archive"

// checkLimits is what the check never does, in the words of the report.
func checkLimits(db *DB) []safetext.Text {
	out := []safetext.Text{
		safetext.Of("Reachability is not computed: an advisory counts whether or not the product can reach the flawed code."),
		safetext.Of("An advisory without a severity counts as high until it is scored; the Go vulnerability database scores none."),
		safetext.Of("Only flaws that a record names are known; what nobody has reported is not found."),
		safetext.Of("A module counts that the source declares, even if the binary's build information does not list it."),
	}
	if db == nil {
		return out
	}
	out = append(out, safetext.Of("Database: "+db.Label()+"."))
	if db.Sample() > 0 {
		out = append(out, safetext.Sprintf("The database is a hand-made sample of %d records and no survey of known flaws.", db.Sample()))
	}
	return out
}

// Outcomes answers the question as check advisories/<artifact>, with a finding
// for each flaw of each component.
func Outcomes(q Question) reports.Outcomes {
	check := reports.Check{ID: "advisories/" + q.Artifact, Limits: checkLimits(q.DB)}
	out := reports.Outcomes{Findings: []reports.Finding{}}
	if q.DB == nil {
		check.Status, check.Code = reports.NotRun, CodeNoDatabase
		check.Reason = safetext.Of("no advisory database: " + orElse(q.Absent, "none was given") + "; " + hint)
		check.Evidence = sorted(q.Evidence)
		out.Checks = []reports.Check{check}
		return out
	}
	check.EvidenceClass = reports.E2
	check.Evidence = sorted(append(slices.Clone(q.Evidence), string(q.DB.Digest())))
	inv := inventory.Merge(q.Inventory)
	matches := Match(q.DB, inv.Components)
	for _, g := range Groups(matches.Hits) {
		out.Findings = append(out.Findings, finding(check, g))
	}
	check.Status, check.Code, check.Reason = judge(q, inv, matches, out.Findings)
	for _, g := range Groups(matches.Withdrawn) {
		out.Findings = append(out.Findings, withdrawn(check, g))
	}
	out.Checks = []reports.Check{check}
	return out
}

// judge decides the status. Findings that fail the policy come before what is
// incomplete, and the reason names both.
func judge(q Question, inv inventory.Inventory, m Matches, findings []reports.Finding) (reports.Status, string, safetext.Text) {
	failing := 0
	for _, f := range findings {
		if q.Demand.fails(f) {
			failing++
		}
	}
	lacks := shortfalls(q, inv, m)
	seen := fmt.Sprintf("%d advisories hold for %d components by %s", len(findings), len(inv.Components), q.DB.Label())
	if failing > 0 {
		reason := fmt.Sprintf("%s; %d of them fail the policy (%s)", seen, failing, q.Demand.words())
		return reports.Fail, CodeFindings, safetext.Of(reason + besides(lacks))
	}
	if len(lacks) > 0 {
		return reports.Incomplete, lacks[0].code, safetext.Of(shortfallWords(lacks) + "; besides: " + seen)
	}
	if len(findings) > 0 {
		seen += ", none that fails the policy (" + q.Demand.words() + ")"
	}
	return reports.Pass, "", safetext.Of(seen)
}

func (d Demand) fails(f reports.Finding) bool {
	return (d.Malicious && f.Rule == RuleMalicious) || f.Severity.AtLeast(d.FailOn)
}

func (d Demand) words() string {
	words := "any severity"
	if d.FailOn.Valid() {
		words = string(d.FailOn) + " or worse"
	}
	if d.Malicious {
		words += ", or malicious"
	}
	return words
}

// A shortfall is a reason why the check cannot be whole.
type shortfall struct{ code, words string }

func besides(lacks []shortfall) string {
	if len(lacks) == 0 {
		return ""
	}
	return "; besides: " + shortfallWords(lacks)
}

func shortfallWords(lacks []shortfall) string {
	var words []string
	for _, l := range lacks {
		words = append(words, l.words)
	}
	return strings.Join(words, "; ")
}

func shortfalls(q Question, inv inventory.Inventory, m Matches) []shortfall {
	var out []shortfall
	if q.DB.Count() == 0 {
		out = append(out, shortfall{CodeEmpty, "the database holds no readable record"})
	} else if missing := missingEcosystems(q.DB, inv); len(missing) > 0 {
		out = append(out, shortfall{CodeMissing, "the database holds no record of " + strings.Join(missing, ", ")})
	}
	if faults := faultsFor(q.DB, inv); len(faults) > 0 {
		out = append(out, shortfall{CodeFaults, faultWords(faults)})
	}
	out = append(out, age(q)...)
	switch {
	case len(inv.Components) == 0:
		out = append(out, shortfall{CodeNoInventory, "no component is known, so there is nothing to match"})
	case len(inv.Gaps) > 0:
		out = append(out, shortfall{CodeNoInventory, fmt.Sprintf("the inventory is not whole: %s: %s", inv.Gaps[0].Where, inv.Gaps[0].Detail)})
	}
	if len(m.Undecided) > 0 {
		out = append(out, shortfall{CodeUndecided, undecidedWords(m.Undecided)})
	}
	return out
}

func missingEcosystems(db *DB, inv inventory.Inventory) []string {
	var out []string
	for _, c := range inv.Components {
		base := baseEcosystem(c.Ecosystem)
		if !db.covers(base) && !slices.Contains(out, base) {
			out = append(out, base)
		}
	}
	slices.Sort(out)
	return out
}

// faultsFor are the faults that bear on the inventory: those of its ecosystems
// and those that cannot be laid to one.
func faultsFor(db *DB, inv inventory.Inventory) []Fault {
	var out []Fault
	for _, f := range db.faults {
		bears := func(c inventory.Component) bool { return baseEcosystem(c.Ecosystem) == baseEcosystem(f.Ecosystem) }
		if f.Ecosystem == "" || slices.ContainsFunc(inv.Components, bears) {
			out = append(out, f)
		}
	}
	return out
}

// faultWords counts the faults by class and names the first of each.
func faultWords(faults []Fault) string {
	counts, first := map[Class]int{}, map[Class]Fault{}
	var classes []Class
	for _, f := range faults {
		if counts[f.Class]++; counts[f.Class] == 1 {
			first[f.Class] = f
			classes = append(classes, f.Class)
		}
	}
	slices.Sort(classes)
	var words []string
	for _, c := range classes {
		words = append(words, fmt.Sprintf("%d %s (first: %s: %s)", counts[c], c, first[c].Where, first[c].Detail))
	}
	return "the database is not whole: " + strings.Join(words, ", ")
}

// age sets the newest record against the evaluation instant.
func age(q Question) []shortfall {
	if q.Demand.MaxAge <= 0 || q.DB.Count() == 0 {
		return nil
	}
	newest := q.DB.newestBy(q.AsOf)
	if newest.IsZero() || q.AsOf.IsZero() {
		return []shortfall{{CodeUndated, "the age of the database is not known: its records carry no date"}}
	}
	if old := q.AsOf.Sub(newest); old > q.Demand.MaxAge {
		return []shortfall{{CodeStale, fmt.Sprintf("the newest record is of %s, more than %s before the evaluation instant",
			newest.Format(time.RFC3339), q.Demand.MaxAge)}}
	}
	return nil
}

func undecidedWords(all []Undecided) string {
	const named = 3
	var words []string
	for i, u := range all {
		if i == named {
			words = append(words, fmt.Sprintf("and %d more", len(all)-named))
			break
		}
		words = append(words, u.String())
	}
	return "not decided for " + strings.Join(words, ", ")
}

func finding(check reports.Check, g Group) reports.Finding {
	f := base(check, RuleKnown, g)
	f.Severity = g.Score.Severity
	f.Message = safetext.Of(sentence(g))
	if g.Malicious {
		f.Rule, f.Severity = RuleMalicious, reports.Critical
		f.ID = reports.FindingID(f.Rule, check.ID, g.Component.Name, g.Component.Version, g.ID)
	}
	return f
}

func withdrawn(check reports.Check, g Group) reports.Finding {
	f := base(check, RuleWithdrawn, g)
	f.Severity = reports.Note
	f.Facts["withdrawn"] = safetext.Of(g.Hits[0].Record.Withdrawn)
	f.Message = safetext.Of("set aside, since its authors withdrew it: " + sentence(g))
	return f
}

func sentence(g Group) string {
	out := fmt.Sprintf("%s in %s %s: %s", g.ID, g.Component.Name, g.Component.Version, strings.TrimSuffix(orElse(g.Summary, "no summary"), "."))
	switch {
	case g.Malicious:
		return out + ". A malicious package: no version of it is good."
	case len(g.Fixed) == 0:
		return out + ". No fixed version is named."
	}
	return out + ". Fixed in " + strings.Join(g.Fixed, ", ") + "."
}

func base(check reports.Check, rule string, g Group) reports.Finding {
	var w inventory.Witness
	if len(g.Component.Witnesses) > 0 {
		w = g.Component.Witnesses[0]
	}
	facts := map[string]safetext.Text{
		"id":       safetext.Of(g.ID),
		"aliases":  safetext.Of(strings.Join(g.Aliases, " ")),
		"fixed":    safetext.Of(strings.Join(g.Fixed, " ")),
		"package":  safetext.Of(g.Component.Name),
		"version":  safetext.Of(g.Component.Version),
		"purl":     safetext.Of(g.Component.PURL),
		"where":    safetext.Of(where(g.Component)),
		"severity": safetext.Of("unscored"),
	}
	if !g.Score.Unscored() {
		facts["severity"] = safetext.Sprintf("%.1f %s", g.Score.Points, g.Score.Vector)
	}
	if len(g.Packages) > 0 {
		facts["affects"] = safetext.Of(strings.Join(g.Packages, " "))
	}
	maps.DeleteFunc(facts, func(_ string, t safetext.Text) bool { return t.IsZero() })
	if c := g.Hits[0].Cause; c != "" {
		facts["beyondOsvScanner"] = safetext.Of(string(c))
	}
	return reports.Finding{
		ID:       reports.FindingID(rule, check.ID, g.Component.Name, g.Component.Version, g.ID),
		Rule:     rule,
		Check:    check.ID,
		Subject:  safetext.Of(g.Component.PURL),
		Location: &reports.Location{Path: safetext.Of(w.Where), Line: w.Line},
		Concerns: []string{},
		Evidence: check.Evidence,
		Facts:    facts,
	}
}

func where(c inventory.Component) string {
	var out []string
	for _, w := range c.Witnesses {
		out = append(out, fmt.Sprintf("%s (%s)", w.Where, w.Kind))
	}
	return strings.Join(slices.Compact(out), ", ")
}

func sorted(digests []string) []string {
	out := slices.Compact(slices.Sorted(slices.Values(digests)))
	if out == nil {
		out = []string{}
	}
	return out
}

func orElse(s, other string) string {
	if s == "" {
		return other
	}
	return s
}
