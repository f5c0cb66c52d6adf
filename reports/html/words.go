package html

import (
	"fmt"
	"html/template"
	"strings"

	"github.com/proffer-audit/proffer/reports"
)

// functions are what the template calls.
func functions() template.FuncMap {
	return template.FuncMap{
		"look":    look,
		"outcome": outcomeWords,
		"list":    func(s []string) string { return strings.Join(s, ", ") },
		"yes":     yes,
		"number":  number,
		"grouped": grouped,
		"place":   place,
	}
}

// grouped writes a number with a comma between thousands.
func grouped(n any) string {
	s := fmt.Sprint(n)
	for i := len(s) - 3; i > 0 && s[i-1] != '-'; i -= 3 {
		s = s[:i] + "," + s[i:]
	}
	return s
}

// place is a location in one word.
func place(l reports.Location) string {
	if l.Line > 0 {
		return fmt.Sprintf("%s:%d", l.Path, l.Line)
	}
	return l.Path.String()
}

// number counts things in words: "1 finding", "2 findings".
func number(n int, thing string) string {
	if n == 1 {
		return "1 " + thing
	}
	return fmt.Sprintf("%d %ss", n, thing)
}

func yes(b bool) string {
	if b {
		return "yes"
	}
	return "no"
}

// look maps a word of the report to the look that the style has for it; a word
// that is not known looks neutral.
func look(word any) string {
	var s string
	switch w := word.(type) {
	case reports.Status:
		s = string(w)
	case reports.Severity:
		s = string(w)
	case reports.Outcome:
		s = string(w)
	case reports.Result:
		s = string(w)
	case string:
		s = w
	}
	switch s {
	case "pass", "supported", "met":
		return "good"
	case "fail", "contradicted", "not-met", "refused", "critical", "high", "unknown":
		return "bad"
	case "incomplete", "partly-supported", "not-run", "invalid", "not-isolated", "medium":
		return "open"
	}
	return "plain"
}

// A verdict is what the banner says of a result.
type verdict struct{ Title, Text string }

func verdictOf(r reports.Result) verdict {
	switch r {
	case reports.Met:
		return verdict{"The policy is met", "Every check that the policy demands has passed. This is not a statement that the product is safe; read the limits beside each answer."}
	case reports.NotMet:
		return verdict{"The policy is not met", "At least one check that the policy demands has failed. The findings say which, where, and by what evidence."}
	case reports.ResultIncomplete:
		return verdict{"Incomplete", "A check that the policy demands could not be carried through. What did not run never counts as a pass."}
	case reports.Refused:
		return verdict{"Refused", "Something offered is not what it was pinned to be, or is not authentic."}
	case reports.Invalid:
		return verdict{"Invalid", "An input could not be read as what it claims to be."}
	case reports.NotIsolated:
		return verdict{"Not isolated", "No sandbox was to be had, so nothing of the vendor's was run."}
	}
	return verdict{"Result: " + string(r), "This page does not know this result."}
}

// outcomeWords says in words what an outcome means.
func outcomeWords(o reports.Outcome) string {
	switch o {
	case reports.Supported:
		return "The evidence supports the vendor's position, within the limits below."
	case reports.PartlySupported:
		return "Some evidence supports the vendor's position; part of it is missing or weaker than demanded."
	case reports.Contradicted:
		return "Evidence stands against the vendor's position."
	case reports.NotAssessed:
		return "There is no evidence for or against: what bears on it did not run."
	case reports.NotAnswerableTechnically:
		return "No technical check can answer this; documents and judgement must."
	}
	return "This page does not know this outcome."
}

func modeWords(m reports.Mode) string {
	switch m {
	case reports.Independent:
		return "independent audit"
	case reports.SelfAssessment:
		return "self-assessment by the vendor: no independent party has audited"
	case reports.Agency:
		return "audit by the agency"
	}
	return string(m)
}
