package rebuild

import (
	"time"

	"github.com/proffer-audit/proffer/audit/archive"
	"github.com/proffer-audit/proffer/audit/compare"
	"github.com/proffer-audit/proffer/audit/compare/cause"
	"github.com/proffer-audit/proffer/audit/evidence"
	"github.com/proffer-audit/proffer/audit/workspace"
	"github.com/proffer-audit/proffer/reports"
)

// The codes of a Result: why there is no comparison, or only part of one.
const (
	// About the artifact: what is claimed of it does not hold.
	ArtifactUnreadable = "artifact-unreadable"
	FileMissing        = "file-missing"
	FileDigestDiffers  = "file-digest"
	// About the recipe: it was not run.
	RecipeInvalid    = "recipe-invalid"
	NeedsPaths       = "needs-paths"
	ToolchainPatched = "toolchain-patched"
	SourceUnreadable = "source-unreadable"
	NoRecipe         = "no-recipe" // none was given, and none was found
	// About the build: it ran.
	CommandFailed = "build-failed"
	NoOutput      = "no-output"
	LimitHit      = "limit-hit"
)

// Result is what building again gave. It is the same for the same job wherever
// it is run to its end; one with LimitHit holds for one run only.
type Result struct {
	// Code says why there is no comparison; "" when there is one.
	Code   string `json:"code,omitempty"`
	Reason string `json:"reason,omitempty"`
	// Level is "" when nothing was built.
	Level      reports.Level   `json:"level,omitempty"`
	Comparison *compare.Result `json:"comparison,omitempty"`
	// Search is what counter-builds found, where the file is not the same.
	Search *cause.Outcome `json:"search,omitempty"`
	// SearchLimit is the limit that ended the search early; it holds for one run.
	SearchLimit string `json:"searchLimit,omitempty"`
	// Recipe is one that gave the shipped bytes where the job's own did not, with
	// the toolchain it takes; Patch is the patch of that toolchain, if proffer
	// made it.
	Recipe *Recipe              `json:"recipe,omitempty"`
	Made   *Toolchain           `json:"madeBy,omitempty"`
	Patch  *evidence.Descriptor `json:"patch,omitempty"`
	// Variations are the further builds in other worlds.
	Variations []Varied `json:"variations,omitempty"`

	File      string               `json:"file"` // inside the artifact, "" when the artifact is the file
	Artifact  evidence.Descriptor  `json:"artifact"`
	Shipped   evidence.Descriptor  `json:"shipped"`
	Rebuilt   *evidence.Descriptor `json:"rebuilt,omitempty"`
	Source    evidence.Digest      `json:"source"`
	Toolchain evidence.Digest      `json:"toolchain"`
	// Log is what the commands printed; only for a recognised compile, whose
	// output is the same every time.
	Log      *evidence.Descriptor `json:"log,omitempty"`
	Failure  []string             `json:"failure,omitempty"`  // last lines of what a failed command printed
	LimitHit string               `json:"limitHit,omitempty"` // cpu, wall, memory …

	// Opaque says why the recipe is no recognised compile; empty when it is.
	Opaque  []string `json:"opaque"`
	Stamp   *VCS     `json:"stamp,omitempty"` // that was replayed
	Patches []string `json:"patches,omitempty"`
	// Itself says that the file is a tool that it takes to build it: it was left
	// where it was, and built itself.
	Itself bool `json:"itself,omitempty"`

	Removed   []workspace.Node  `json:"removed"`   // shipped files taken out of the trees
	Dropped   []workspace.Node  `json:"dropped"`   // version control metadata
	Left      []workspace.Node  `json:"left"`      // links and special files
	Odd       []workspace.Node  `json:"odd"`       // anomalies of the trees
	Anomalies []archive.Anomaly `json:"anomalies"` // of the artifact
	Coverage  []Covered         `json:"coverage"`  // by path
}

// Recognised reports whether the recipe was a compile that proffer knows.
func (r Result) Recognised() bool { return len(r.Opaque) == 0 }

// Built reports whether there is a file to compare.
func (r Result) Built() bool { return r.Comparison != nil }

// The ways in which a member of an artifact is accounted for.
const (
	ByRebuild = "rebuilt"
	BySource  = "source"
	Uncovered = "uncovered"
)

// Covered says where one file of the artifact comes from.
type Covered struct {
	Path   string          `json:"path"`
	By     string          `json:"by"`
	Digest evidence.Digest `json:"digest"`
	Source string          `json:"source,omitempty"` // path in the source, by BySource
	// Runs marks a file that runs or makes something run: a program, a script,
	// a manifest with install hooks.
	Runs bool `json:"runs,omitempty"`
}

// Usage is what a run cost, for the run record.
type Usage struct {
	Commands int
	UserCPU  time.Duration
	SysCPU   time.Duration
	MaxRSS   int64  // bytes, of the largest process
	Log      []byte // what the commands printed, paths replaced, in the order of this run
}
