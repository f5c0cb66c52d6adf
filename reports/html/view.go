package html

import (
	"fmt"
	"html/template"
	"maps"
	"slices"
	"strings"

	"github.com/proffer-audit/proffer/reports"
)

// view is the report arranged for the page: references resolved, lists grouped.
// All its text has gone through safetext.
type view struct {
	Policy   string
	Style    template.CSS
	Title    string
	Mode     string
	Verdict  verdict
	Result   reports.Result
	Report   reports.Report
	Digests  Digests
	Counts   []count
	Open     []ref // checks that did not pass, failures first
	Concerns []concern
	Checks   []check
	Compared []check // those with a comparison
	Groups   []group
	Inputs   []input
	Evidence []cited
	Declared []declaredTable
	Run      *reports.Run
	Missing  int // response items without an answer
}

type count struct {
	Name  string
	Items []countItem
}

type countItem struct {
	Word string
	N    int
}

// A ref is something that a concern or claim leans on. Anchor is "" when the
// report does not hold it.
type ref struct {
	Anchor string
	ID     string
	Word   string // status of a check, severity of a finding
	Text   string
}

type concern struct {
	reports.Concern
	Anchor        string
	Supporting    []ref
	Contradicting []ref
	Missing       []ref
}

type check struct {
	reports.Check
	Anchor   string
	Findings int
}

type group struct {
	Severity string
	Title    string
	Anchor   string
	Findings []finding
}

type finding struct {
	reports.Finding
	Anchor string
	Check  ref
	Place  string
	Facts  []fact
}

type fact struct{ Name, Value string }

type input struct{ Name, Digest string }

// cited is what one check rests on, as far as the page lists it.
type cited struct {
	Check   string
	Digests []string
	More    int
}

// maxCited is how many digests of one check the page lists: a check over a large
// source cites thousands.
const maxCited = 20

type declaredTable struct {
	Name, Anchor string
	Rows         []reports.DeclaredRow
}

func newView(r reports.Report, run *reports.Run, d Digests) view {
	refs := references(r)
	v := view{
		Policy:  policy(),
		Style:   template.CSS(style), // our own file
		Title:   title(r),
		Mode:    modeWords(r.Mode),
		Verdict: verdictOf(r.Result),
		Result:  r.Result,
		Report:  r,
		Digests: d,
		Run:     run,
		Inputs:  inputs(r.Inputs),
		Declared: []declaredTable{
			{"Endpoints", "declared-endpoints", r.Declared.Endpoints},
			{"Capabilities", "declared-capabilities", r.Declared.Capabilities},
			{"Channels", "declared-channels", r.Declared.Channels},
		},
	}
	findings := map[string]int{}
	for _, f := range r.Findings {
		findings[f.Check]++
	}
	for i, c := range r.Checks {
		v.Checks = append(v.Checks, check{c, anchor("check", i), findings[c.ID]})
		if c.Comparison != nil {
			v.Compared = append(v.Compared, v.Checks[i])
		}
		if n := min(len(c.Evidence), maxCited); n > 0 {
			v.Evidence = append(v.Evidence, cited{c.ID, c.Evidence[:n], len(c.Evidence) - n})
		}
	}
	for i, c := range r.Concerns {
		v.Concerns = append(v.Concerns, concern{c, anchor("concern", i), resolve(refs, c.Supporting), resolve(refs, c.Contradicting), resolve(refs, c.Missing)})
	}
	v.Groups = groups(r.Findings, refs)
	v.Counts = counts(r)
	v.Open = notPassed(r.Checks, refs)
	for _, i := range r.Items {
		if i.Missing {
			v.Missing++
		}
	}
	return v
}

// CheckID is the id of the check with an anchor.
func (v view) CheckID(anchor string) string {
	for _, c := range v.Checks {
		if c.Anchor == anchor {
			return c.ID
		}
	}
	return ""
}

func title(r reports.Report) string {
	var names []string
	for _, p := range r.Products {
		names = append(names, strings.TrimSpace(p.Name.String()+" "+p.Version.String()))
	}
	if len(names) == 0 {
		names = append(names, r.Submission.ID)
	}
	return "Mitigation report: " + strings.Join(names, ", ")
}

func anchor(kind string, i int) string { return fmt.Sprintf("%s-%d", kind, i+1) }

// references finds every check and finding by its id.
func references(r reports.Report) map[string]ref {
	out := map[string]ref{}
	for i, f := range r.Findings {
		out[f.ID] = ref{anchor("finding", i), f.ID, string(f.Severity), f.Message.String()}
	}
	for i, c := range r.Checks {
		out[c.ID] = ref{anchor("check", i), c.ID, string(c.Status), c.Reason.String()}
	}
	return out
}

func resolve(refs map[string]ref, ids []string) []ref {
	var out []ref
	for _, id := range ids {
		if known, ok := refs[id]; ok {
			out = append(out, known)
			continue
		}
		out = append(out, ref{ID: id, Text: "no such check or finding in this report"})
	}
	return out
}

// notPassed lists failures, then what could not be carried through.
func notPassed(checks []reports.Check, refs map[string]ref) []ref {
	var failed, open []string
	for _, c := range checks {
		switch c.Status {
		case reports.Pass, reports.NotApplicable:
		case reports.Fail:
			failed = append(failed, c.ID)
		default:
			open = append(open, c.ID)
		}
	}
	return resolve(refs, append(failed, open...))
}

// groups sorts findings by severity, worst first; a severity that is none of the
// five comes before all, so that it is not overlooked.
func groups(findings []reports.Finding, refs map[string]ref) []group {
	order := []reports.Severity{reports.Critical, reports.High, reports.Medium, reports.Low, reports.Note}
	byWord := map[string]*group{}
	words := []string{"unknown"}
	for _, s := range order {
		words = append(words, string(s))
	}
	for i, f := range findings {
		word := string(f.Severity)
		if !f.Severity.Valid() {
			word = "unknown"
		}
		if byWord[word] == nil {
			byWord[word] = &group{Severity: word, Title: severityTitle(word), Anchor: "severity-" + word}
		}
		byWord[word].Findings = append(byWord[word].Findings, newFinding(i, f, refs))
	}
	var out []group
	for _, w := range words {
		if g := byWord[w]; g != nil {
			out = append(out, *g)
		}
	}
	return out
}

func severityTitle(word string) string {
	if word == "unknown" {
		return "Unknown severity"
	}
	return strings.ToUpper(word[:1]) + word[1:]
}

func newFinding(i int, f reports.Finding, refs map[string]ref) finding {
	out := finding{Finding: f, Anchor: anchor("finding", i), Check: resolve(refs, []string{f.Check})[0]}
	if f.Location != nil {
		out.Place = f.Location.Path.String()
		if f.Location.Line > 0 {
			out.Place += fmt.Sprintf(", line %d", f.Location.Line)
		}
	}
	for _, k := range slices.Sorted(maps.Keys(f.Facts)) {
		out.Facts = append(out.Facts, fact{k, f.Facts[k].String()})
	}
	return out
}

func counts(r reports.Report) []count {
	concerns, checks, findings := map[string]int{}, map[string]int{}, map[string]int{}
	for _, c := range r.Concerns {
		concerns[string(c.Outcome)]++
	}
	for _, c := range r.Checks {
		checks[string(c.Status)]++
	}
	for _, f := range r.Findings {
		findings[string(f.Severity)]++
	}
	return []count{
		{"Concerns", counted(concerns, "contradicted", "partly-supported", "not-assessed", "not-answerable-technically", "supported")},
		{"Checks", counted(checks, "fail", "incomplete", "not-run", "pass", "not-applicable")},
		{"Findings", counted(findings, "critical", "high", "medium", "low", "note")},
	}
}

// counted lists the words in the given order, then those it does not name.
func counted(n map[string]int, order ...string) []countItem {
	var out []countItem
	for _, w := range order {
		if n[w] > 0 {
			out = append(out, countItem{w, n[w]})
		}
	}
	for _, w := range slices.Sorted(maps.Keys(n)) {
		if !slices.Contains(order, w) {
			out = append(out, countItem{w, n[w]})
		}
	}
	return out
}

func inputs(in reports.Inputs) []input {
	out := []input{{"submission", in.Submission}, {"policy", in.Policy}, {"profile", in.Profile}}
	for _, k := range slices.Sorted(maps.Keys(in.Databases)) {
		out = append(out, input{"database " + k, in.Databases[k]})
	}
	for _, k := range slices.Sorted(maps.Keys(in.Documents)) {
		out = append(out, input{"document " + k, in.Documents[k]})
	}
	return out
}
