package rebuild

import (
	"fmt"
	"slices"
	"strings"

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
	case r.Code == NeedsPaths || r.Code == RecipeInvalid || r.Code == ToolchainPatched || r.Code == SourceUnreadable:
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
	return fmt.Sprintf("built again from source by %s: %s; shipped %d bytes, rebuilt %d, %d differ, first at %d",
		how, r.Level, c.ShippedSize, c.RebuiltSize, c.DifferingBytes, c.FirstDifference)
}

// capped reports whether something keeps the check from supporting in full.
func (o *judge) capped() bool {
	return !o.result.Recognised() || !o.verdict.ToolchainTrusted || len(o.result.Patches) > 0 ||
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
	if r.Level == reports.Unexplained {
		say = append(say, "Differing bytes were counted, not explained: no function, section or cause is named.")
	}
	if r.Code != "" {
		say = append(say, "Nothing was compared byte by byte.")
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

// list joins the first words of a list and counts the rest.
func list(words []string, most int) string {
	if len(words) <= most {
		return strings.Join(words, "; ")
	}
	return fmt.Sprintf("%s; and %d more", strings.Join(words[:most], "; "), len(words)-most)
}
