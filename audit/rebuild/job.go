package rebuild

import (
	"time"

	"github.com/proffer-audit/proffer/audit/archive"
	"github.com/proffer-audit/proffer/audit/evidence"
	"github.com/proffer-audit/proffer/audit/sandbox"
	"github.com/proffer-audit/proffer/audit/workspace"
)

// Archive is a tree kept packed in one blob.
type Archive = workspace.Archive

// Module is one pinned dependency.
type Module = workspace.Module

// Job is one shipped file and what it is said to be built from.
type Job struct {
	Artifact Artifact
	// File is the path of the shipped file inside the artifact, as the archive
	// has it; "" when the artifact is the file.
	File string
	// FileDigest is what the manifest says the file's digest is, or "".
	FileDigest evidence.Digest

	Recipe    Recipe
	Source    Archive
	Toolchain Archive
	Modules   []Module
	// Targets are digests of further shipped files that no tree may hold. The
	// file, the artifact, and the programs in it are always among them.
	Targets []evidence.Digest
	// Patches are changes to the toolchain's source that the vendor declares, and
	// Tools the commands to build again from it, such as cmd/link.
	Patches []Patch
	Tools   []string
	// CounterBuilds is how many builds may be spent on the cause of a difference;
	// 0 for none.
	CounterBuilds int
	// Infer looks for a recipe: the job's own has none.
	Infer bool
	// Variations are the respects in which to build a second time.
	Variations []string
	Limits     Limits

	// warm is a build cache of the host's that stays, for tests: what vendors are
	// built from never shares one.
	warm string
}

// DefaultCounterBuilds is how many builds the cause of a difference is worth.
const DefaultCounterBuilds = 6

// Patch is a file in unified diff format.
type Patch struct {
	Name string // what messages call it
	Blob evidence.Descriptor
}

// Artifact is what was shipped.
type Artifact struct {
	Blob evidence.Descriptor
	URI  string // what it is called outside, such as its purl
}

// Limits bound one job. The zero value means the defaults of the packages.
type Limits struct {
	Archive archive.Limits
	Command sandbox.Limits // of each command
}

// Recipe is how the vendor says it builds.
type Recipe struct {
	Prepare     [][]string        `json:"prepare,omitempty"`
	Command     []string          `json:"command"`
	Postprocess [][]string        `json:"postprocess,omitempty"`
	Env         map[string]string `json:"env,omitempty"`
	Output      string            `json:"output"` // relative to the source folder
	VCS         *VCS              `json:"vcs,omitempty"`
	Paths       *Paths            `json:"paths,omitempty"`
	Platform    string            `json:"platform,omitempty"` // os/arch that is claimed, such as "linux/amd64"
	// Workspace are modules, path or path@version, that a member of the vendor's
	// workspace required; without a version, the one that the shipped file lists.
	Workspace []string `json:"workspace,omitempty"`
}

// Toolchain is how a toolchain was changed, in a recipe that was found.
type Toolchain struct {
	Version string            `json:"version"` // such as go1.26.5
	Patches []evidence.Digest `json:"patches,omitempty"`
	Tools   []string          `json:"tools,omitempty"`
}

// VCS is the stamp that the build asks git for.
type VCS struct {
	Revision string    `json:"revision"` // 40 or 64 hex digits
	Time     time.Time `json:"time"`
	Modified bool      `json:"modified"`
	// Tag is a version tag at the revision, Base the latest one before it. Go
	// 1.24 and later stamp a version made of them. When both are empty they are
	// taken from the version that the shipped file carries.
	Tag  string `json:"tag,omitempty"`
	Base string `json:"base,omitempty"`
}

// Paths are absolute paths of the vendor's builder, at which the trees are
// mounted because the binary records them. An empty one stays where it is.
type Paths struct {
	Source    string `json:"source,omitempty"`
	Modules   string `json:"modules,omitempty"` // the module cache
	Toolchain string `json:"toolchain,omitempty"`
}
