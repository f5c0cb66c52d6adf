package rebuild

import (
	"fmt"
	"slices"
	"strings"

	"github.com/proffer-audit/proffer/audit/compare/cause"
	"github.com/proffer-audit/proffer/reports"
	"github.com/proffer-audit/proffer/reports/safetext"
)

// Verdict is what the reviewer's policy says about a rebuild.
type Verdict struct {
	Require reports.Level // least level that passes; "" means bit-identical
	// ToolchainTrusted says that the policy trusts the toolchain, with a proof
	// that holds.
	ToolchainTrusted bool
	ToolchainNote    string // why, or why not
}

// Outcomes judges a result: the check rebuild/<subject>, and what was seen.
func Outcomes(subject string, r Result, v Verdict) reports.Outcomes {
	if v.Require == "" {
		v.Require = reports.BitIdentical
	}
	o := &judge{subject: subject, result: r, verdict: v}
	o.check = reports.Check{
		ID: "rebuild/" + subject, Level: r.Level, Code: r.Code, EvidenceClass: reports.E3,
		Evidence: o.evidence(), Limits: limits(r),
	}
	if r.Built() {
		o.check.Comparison = r.Comparison.Report()
	}
	o.judge()
	o.findings()
	if o.capped() {
		o.check.Cap = reports.PartlySupported
	}
	return reports.Outcomes{Checks: []reports.Check{o.check}, Findings: o.found}
}

// judge is the judgement of one result in the making.
type judge struct {
	subject string
	result  Result
	verdict Verdict
	check   reports.Check
	found   []reports.Finding
}

// judge sets status and reason.
func (o *judge) judge() {
	r := o.result
	say := func(s reports.Status, format string, args ...any) {
		o.check.Status, o.check.Reason = s, safetext.Sprintf(format, args...)
	}
	switch {
	case r.LimitHit != "":
		say(reports.Incomplete, "the build was stopped: %s", r.Reason)
	case r.Code == NeedsPaths || r.Code == RecipeInvalid || r.Code == ToolchainPatched || r.Code == SourceUnreadable || r.Code == NoRecipe:
		say(reports.NotRun, "%s", r.Reason)
		o.check.EvidenceClass = ""
	case r.Code != "":
		say(reports.Fail, "%s", r.Reason)
	case !r.Built():
		say(reports.Incomplete, "nothing was compared")
	case r.Level.AtLeast(o.verdict.Require):
		say(reports.Pass, "%s", o.words())
	default:
		say(reports.Fail, "%s; the policy demands %s", o.words(), o.verdict.Require)
		o.check.Code = string(r.Level)
	}
	if r.Code == ArtifactUnreadable || r.Code == FileMissing || r.Code == FileDigestDiffers {
		o.check.EvidenceClass = reports.E2
	}
	o.judgeVariations()
}

// judgeVariations lowers a pass where the policy asked for a second build in
// another world and it came out otherwise, or could not be made.
func (o *judge) judgeVariations() {
	differs, unmade := o.result.varied(VariedDiffers), o.result.varied(VariedNotMade)
	if o.check.Status != reports.Pass {
		return
	}
	switch {
	case len(differs) > 0:
		o.check.Status, o.check.Code = reports.Fail, codeNotDeterministic
		o.check.Reason = safetext.Sprintf("%s; but another build with another %s gives another file", o.words(), list(differs, 9))
	case len(unmade) > 0:
		o.check.Status, o.check.Code = reports.Incomplete, codeNotVaried
		o.check.Reason = safetext.Sprintf("%s; the policy demands variations that could not be made here: %s", o.words(), list(unmade, 9))
	}
}

// The codes of a check whose build was varied.
const (
	codeNotDeterministic = "not-deterministic"
	codeNotVaried        = "variation-not-made"
)

// varied lists the variations with an outcome.
func (r Result) varied(outcome string) []string {
	var names []string
	for _, v := range r.Variations {
		if v.Outcome == outcome {
			names = append(names, v.Name)
		}
	}
	return names
}

// words tells the comparison in one sentence.
func (o *judge) words() string {
	r := o.result
	c := r.Comparison
	how := "a recognised compile"
	if !r.Recognised() {
		how = "an opaque recipe"
	}
	if r.Level == reports.BitIdentical {
		return fmt.Sprintf("built again from source by %s: bit-identical, %d bytes", how, c.ShippedSize)
	}
	said := fmt.Sprintf("built again from source by %s: %s; shipped %d bytes, rebuilt %d, %d differ, first at %d",
		how, r.Level, c.ShippedSize, c.RebuiltSize, c.DifferingBytes, c.FirstDifference)
	if f := c.Functions; f != nil && !r.proven() {
		said += "; " + c.Sentence().String()
	}
	return said + o.searched()
}

// searched tells what counter-builds found.
func (o *judge) searched() string {
	s := o.result.Search
	switch {
	case s == nil:
		return ""
	case s.Equal:
		return fmt.Sprintf("; %d counter-builds: the same to the last bit with %s", len(s.Trials), list(causeWords(s.Causes), 6))
	case len(s.Trials) == 0:
		return "; the file speaks of no other input that could be tried" + remaining(s.Remain, s.Undone)
	}
	return fmt.Sprintf("; %d counter-builds did not give the file", len(s.Trials)) + remaining(s.Remain, s.Undone)
}

func remaining(remain, undone []string) string {
	out := ""
	if len(remain) > 0 {
		out = "; nearest differs in " + list(remain, 4)
	}
	if len(undone) > 0 {
		out += "; not tried: " + list(undone, 4)
	}
	return out
}

func causeWords(causes []cause.Cause) []string {
	words := make([]string, len(causes))
	for i, c := range causes {
		words[i] = c.Words()
	}
	return words
}

// proven reports whether a counter-build gave the shipped bytes.
func (r Result) proven() bool { return r.Search != nil && r.Search.Equal }

// linkerChanged reports whether the shipped file takes a linker that somebody
// changed, which the recipe does not say.
func (r Result) linkerChanged() bool {
	return r.proven() && slices.ContainsFunc(r.Search.Causes, func(c cause.Cause) bool { return c.Kind == cause.KindNoBuildInfo && c.Is != "" })
}

// capped reports whether something keeps the check from supporting in full.
func (o *judge) capped() bool {
	return !o.result.Recognised() || o.result.Itself || !o.verdict.ToolchainTrusted || len(o.result.Patches) > 0 || o.result.linkerChanged() ||
		len(o.uncovered()) > 0 || len(o.result.Coverage) == 0
}

func (o *judge) uncovered() []Covered {
	var list []Covered
	for _, c := range o.result.Coverage {
		// What was to be rebuilt and is not equal has a finding of its own.
		if c.By == Uncovered && c.Digest != o.result.Shipped.Digest {
			list = append(list, c)
		}
	}
	return list
}

func (o *judge) evidence() []string {
	r := o.result
	set := []string{string(r.Artifact.Digest), string(r.Shipped.Digest), string(r.Source), string(r.Toolchain)}
	if r.Rebuilt != nil {
		set = append(set, string(r.Rebuilt.Digest))
	}
	if r.Log != nil {
		set = append(set, string(r.Log.Digest))
	}
	slices.Sort(set)
	return slices.DeleteFunc(slices.Compact(set), func(s string) bool { return s == "" })
}

// limits says what the check did not do.
func limits(r Result) []safetext.Text {
	say := []string{"The build was not repeated under variations (path, user, host, clock, parallelism), so determinism is not shown."}
	if len(r.Variations) > 0 {
		say = variationLimits(r.Variations)
	}
	if r.Level == reports.Unexplained && r.Search == nil {
		say = append(say, "No cause was looked for by counter-builds.")
	}
	if r.Code != "" {
		say = append(say, "Nothing was compared byte by byte.")
	}
	if r.Itself {
		say = append(say, "The file is a tool without which nothing is built: it was not taken out before the build, and built itself.")
	}
	if r.Stamp != nil {
		say = append(say, "The version control stamp was replayed from the manifest's claim; no repository was looked at.")
	}
	say = append(say, "That the source is what it claims to be rests on its digest; that it is harmless is not for this check to say.")
	texts := make([]safetext.Text, len(say))
	for i, s := range say {
		texts[i] = safetext.Of(s)
	}
	return texts
}

// variationLimits says for each variation how it was made, or why not.
func variationLimits(varied []Varied) []string {
	var say []string
	for _, v := range varied {
		text := "Varied, " + v.Name + ": " + v.How + "."
		if v.Outcome == VariedNotMade {
			text = "Not varied, " + v.Name + ": " + v.Why + "."
		}
		say = append(say, text)
	}
	return say
}

// list joins the first words of a list and counts the rest.
func list(words []string, most int) string {
	if len(words) <= most {
		return strings.Join(words, "; ")
	}
	return fmt.Sprintf("%s; and %d more", strings.Join(words[:most], "; "), len(words)-most)
}
