// Package rebuild builds the source again, in the sandbox, and sets the result
// against the file that was shipped.
//
// Its noun is the Job: one shipped file, the source, toolchain and modules it is
// said to come from (all by digest), and the vendor's recipe. Run gives a Result,
// which depends on the job alone: no path, time, host or duration is in it.
//
// # What a recipe may say
//
// A recipe is lists of arguments, never a shell line. They run in the source
// folder, with the environment of workspace.GoEnv and the recipe's own variables
// on top. "go" is the pinned toolchain's; no other program than the toolchain's
// is there, unless the source brings it. Output is relative to the source folder,
// below it, and a regular file when the commands have ended. Where source and
// toolchain are one blob there is one tree, which is GOROOT and the working
// folder; `go build -C src …` then builds a part of the toolchain itself.
//
// # What a rebuild proves
//
// A recipe could produce the shipped bytes without compiling anything: copy them,
// decode them, fetch them from a hiding place. So every file equal to a shipped
// one is taken out of the trees first, also inside archives, and only a
// recognised compile counts in full: `go build` with flags, linker flags and
// variables from a list (flags_table.go), no further commands, no object files in
// the packages that are linked. Anything else is an opaque recipe: its result is
// reported, and can support a concern only in part.
//
// # Why a file is not the same
//
// Where the recipe gives another file, package cause proposes what else to build,
// and each proposal is carried out in the same trees: at most CounterBuilds, with
// one build cache for each toolchain. A cause is claimed when the bytes are then the
// same; the result says explained, names what the recipe lacks and holds the recipe
// that gave the file. Otherwise it says how the nearest build still differs. With
// Infer there is no recipe to begin with.
//
// # Toolchains that were changed
//
// Patches are applied to the source of the pinned toolchain, in a second tree, and
// the named tools built from it by the stock one. A linker that writes no build info
// is tried as a cause where the shipped file has none. Either is a finding, and caps
// what the rebuild can support.
//
// # Variations
//
// A policy may ask for a second build in another world: a fresh layout, with other
// folders, names, settings and times. Where the file comes out otherwise, each
// variation is made alone to find the guilty one. One that cannot be made is named.
// A limit or a weak tier that ends a search or a variation early makes the result
// hold for one run only (SearchLimit).
//
// # Version control
//
// cmd/go stamps a binary with what git says of the working tree. There is no git
// and no working tree in the sandbox: GitStandIn answers from the claim in the
// manifest. The stamp is therefore replayed, not verified.
package rebuild
