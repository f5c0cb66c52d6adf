package rebuild

import (
	"fmt"
	"slices"
	"strings"

	"github.com/proffer-audit/proffer/audit/archive"
	"github.com/proffer-audit/proffer/audit/compare/cause"
	"github.com/proffer-audit/proffer/audit/workspace"
	"github.com/proffer-audit/proffer/reports"
	"github.com/proffer-audit/proffer/reports/safetext"
)

// concern is what a rebuild bears on: whether the product is built from the
// source that was shown.
const concern = "C8"

// The rules of findings.
const (
	RuleUnexplained        = "rebuild.unexplained"
	RuleBuildFailed        = "rebuild.build-failed"
	RuleArtifact           = "rebuild.artifact"
	RuleOpaqueRecipe       = "rebuild.opaque-recipe"
	RuleUntrustedToolchain = "rebuild.untrusted-toolchain"
	RulePatchedToolchain   = "rebuild.patched-toolchain"
	RuleUncoveredFile      = "rebuild.uncovered-file"
	RuleRemovedTarget      = "rebuild.removed-target"
	RuleDropped            = "rebuild.dropped-metadata"
	RuleLeftOut            = "rebuild.left-out"
	RuleStamp              = "rebuild.stamp-replayed"
	RuleArchiveAnomaly     = "rebuild.archive-anomaly"
	RuleMissingInput       = "rebuild.missing-input"
	RuleNotDeterministic   = "rebuild.not-deterministic"
)

// maxListed is how many places one finding names.
const maxListed = 20

// maxUncovered is how many uncovered files get a finding each.
const maxUncovered = 50

func (o *judge) findings() {
	o.found = []reports.Finding{}
	o.verdictFindings()
	o.causeFindings()
	o.recipeFindings()
	o.fileFindings()
	o.treeFindings()
	o.anomalyFindings()
}

// add books a finding. place is what tells it from others of its rule.
func (o *judge) add(rule string, s reports.Severity, path, place, format string, args ...any) {
	f := reports.Finding{
		ID: reports.FindingID(rule, o.check.ID, place), Rule: rule, Severity: s, Check: o.check.ID,
		Subject: safetext.Of(o.subject), Concerns: []string{concern},
		Message: safetext.Sprintf(format, args...), Evidence: o.check.Evidence,
	}
	if path != "" {
		f.Location = &reports.Location{Path: safetext.Of(path)}
	}
	o.found = append(o.found, f)
}

func (o *judge) verdictFindings() {
	r := o.result
	switch {
	case r.Built() && !r.Level.AtLeast(reports.Explained):
		o.add(RuleUnexplained, reports.High, r.File, r.File, "the shipped file is not what its source gives: %s", o.words())
		o.found = append(o.found, o.compared()...)
	case r.Code == CommandFailed || r.Code == NoOutput:
		message := r.Reason
		if len(r.Failure) > 0 {
			message += ": " + list(tail(r.Failure, 3), 3)
		}
		o.add(RuleBuildFailed, reports.High, r.File, r.File, "the recipe does not build the file: %s", message)
	case r.Code == ArtifactUnreadable || r.Code == FileMissing || r.Code == FileDigestDiffers:
		o.add(RuleArtifact, reports.High, r.File, r.Code, "the artifact is not what the manifest says: %s", r.Reason)
	}
}

func (o *judge) recipeFindings() {
	r := o.result
	if !r.Recognised() {
		o.add(RuleOpaqueRecipe, reports.Medium, "", "", "the recipe is no recognised compile, so an equal result proves less: %s", list(r.Opaque, 5))
	}
	if !o.verdict.ToolchainTrusted {
		o.add(RuleUntrustedToolchain, reports.High, "", "", "the toolchain %s is not one that the policy trusts: %s", r.Toolchain, o.verdict.ToolchainNote)
	}
	if len(r.Patches) > 0 {
		o.add(RulePatchedToolchain, reports.High, "", "", "the vendor builds with a patched toolchain: %s", list(r.Patches, 5))
	} else if r.linkerChanged() {
		o.add(RulePatchedToolchain, reports.High, "", "", "the vendor builds with a patched toolchain: the shipped file is what a linker gives that writes no build info; %s", o.disclosed())
	}
	if r.Stamp != nil {
		o.add(RuleStamp, reports.Note, "", "", "the stamp of revision %s at %s was replayed from the claim", r.Stamp.Revision, r.Stamp.Time.Format("2006-01-02T15:04:05Z07:00"))
	}
}

// causeFindings name to the vendor what its recipe lacks, each proven by a build
// that gave the shipped bytes.
func (o *judge) causeFindings() {
	r := o.result
	if r.proven() && r.Level != reports.BitIdentical {
		for _, c := range r.Search.Causes {
			o.add(RuleMissingInput, reports.Medium, "", c.Kind+"\x00"+c.Is, "the recipe is not the one that the file was built by: %s", c.Words())
		}
	}
	if differs := r.varied(VariedDiffers); len(differs) > 0 {
		o.add(RuleNotDeterministic, reports.Medium, r.File, "", "the build is not deterministic: it depends on %s", list(differs, 9))
	}
}

// disclosed says where the source tells of a patched toolchain.
func (o *judge) disclosed() string {
	for _, c := range o.result.Search.Causes {
		if c.Kind == cause.KindNoBuildInfo && c.Where != "" {
			return "the patch is disclosed in the source, at " + c.Where
		}
	}
	return "the source does not disclose it"
}

// compared are the comparison's own findings, with their concern.
func (o *judge) compared() []reports.Finding {
	return o.result.Comparison.Findings(o.check.ID, o.subject, o.check.Evidence, concern)
}

// fileFindings names each uncovered file, what runs first. An artifact of
// thousands does not drown the rest: the last finding counts what is not named.
func (o *judge) fileFindings() {
	files := o.uncovered()
	slices.SortStableFunc(files, func(a, b Covered) int {
		switch {
		case a.Runs == b.Runs:
			return 0
		case a.Runs:
			return -1
		}
		return 1
	})
	for _, c := range files[:min(len(files), maxUncovered)] {
		severity, what := reports.Low, "is neither rebuilt nor equal to a reviewed source file"
		if c.Runs {
			severity, what = reports.Medium, "runs, or makes something run, and is neither rebuilt nor equal to a reviewed source file"
		}
		o.add(RuleUncoveredFile, severity, c.Path, c.Path, "%s %s", c.Path, what)
	}
	if more := len(files) - maxUncovered; more > 0 {
		o.add(RuleUncoveredFile, reports.Medium, "", "more", "%d more files are neither rebuilt nor equal to a reviewed source file", more)
	}
}

// treeFindings tells what was taken out of the trees before the build.
func (o *judge) treeFindings() {
	for _, group := range []struct {
		rule, what string
		severity   reports.Severity
		nodes      []workspace.Node
	}{
		{RuleRemovedTarget, "shipped files were taken out before the build", reports.Note, o.result.Removed},
		{RuleDropped, "version control metadata was taken out before the build", reports.Note, o.result.Dropped},
		{RuleLeftOut, "links and special files were not created for the build", reports.Low, o.result.Left},
	} {
		if len(group.nodes) == 0 {
			continue
		}
		places := make([]string, len(group.nodes))
		for i, n := range group.nodes {
			places[i] = n.Tree + ": " + n.Path
			if n.Detail != "" && group.rule == RuleRemovedTarget {
				places[i] += " (holds " + n.Detail + ")"
			}
		}
		o.add(group.rule, group.severity, group.nodes[0].Path, "", "%s: %s", group.what, list(places, maxListed))
	}
}

// graveAnomalies are those that an honest packer has no use for.
var graveAnomalies = []string{
	archive.NameAbsolute, archive.NameDotDot, archive.NameNUL, archive.NameDrive, archive.Duplicate, archive.FileAndDirectory,
	archive.IsSpecial, archive.SetID, archive.Capabilities, archive.ZipHeaderDiffers, archive.ZipAmbiguousEnd,
	archive.ZipPrefix, archive.ZipTrailing, archive.ZipOverlap, archive.ZipGap, archive.ZipSlack, archive.ZipUnicodePath,
	archive.TarTrailing, archive.GzipTrailing,
}

// anomalyFindings groups anomalies by where and class.
func (o *judge) anomalyFindings() {
	groups := map[[2]string][]string{}
	for _, a := range o.result.Anomalies {
		k := [2]string{"artifact", a.Class}
		groups[k] = append(groups[k], a.Path)
	}
	for _, n := range o.result.Odd {
		class, _, _ := strings.Cut(n.Detail, ":")
		k := [2]string{n.Tree, class}
		groups[k] = append(groups[k], n.Path)
	}
	keys := make([][2]string, 0, len(groups))
	for k := range groups {
		keys = append(keys, k)
	}
	slices.SortFunc(keys, func(a, b [2]string) int { return slices.Compare(a[:], b[:]) })
	for _, k := range keys {
		severity := reports.Low
		if slices.Contains(graveAnomalies, k[1]) {
			severity = reports.Medium
		}
		paths := groups[k]
		where := ""
		if joined := list(paths, 5); strings.Trim(joined, "; ") != "" {
			where = ": " + joined
		}
		o.add(RuleArchiveAnomaly, severity, paths[0], k[0]+"\x00"+k[1], "%s", fmt.Sprintf("%s: %d × %s%s", k[0], len(paths), k[1], where))
	}
}
