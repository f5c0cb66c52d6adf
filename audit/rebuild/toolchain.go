package rebuild

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path"
	"path/filepath"
	"slices"
	"strings"

	"github.com/proffer-audit/proffer/audit/evidence"
	"github.com/proffer-audit/proffer/audit/workspace"
)

func patchNames(list []Patch) []string {
	names := make([]string, 0, len(list))
	for _, p := range list {
		names = append(names, string(p.Blob.Digest))
	}
	return names
}

// patched makes the toolchain that the vendor declares: the pinned one with the
// patches applied, and the named tools built again from it, in the sandbox.
func (j *running) patched(ctx context.Context) error {
	if len(j.job.Patches) == 0 {
		return nil
	}
	var list [][]byte
	for _, p := range j.job.Patches {
		data, err := j.store.Read(p.Blob.Digest, max(p.Blob.Size, 1))
		if err != nil {
			return fmt.Errorf("read the patch %.80q: %w", p.Name, err)
		}
		list = append(list, data)
	}
	if j.layout.Same {
		return problemf(RecipeInvalid, "source and toolchain are one, so the toolchain cannot be patched beside the source")
	}
	dir, err := j.patch(ctx, "toolchain-patched", list, j.job.Tools)
	if errors.Is(err, workspace.ErrPatch) {
		return problemf(ToolchainPatched, "the toolchain cannot be patched as the recipe says: %v", err)
	}
	j.toolchain = dir
	return err
}

// patch makes a patched toolchain in a folder of the layout. The tools are built
// by the stock toolchain, as its own makers build them. Builds with it share the
// cache of the stock toolchain when only the linker's source was changed: cmd/go
// keys what is compiled by a version that a patch does not touch.
func (j *running) patch(ctx context.Context, name string, diffs [][]byte, tools []string) (string, error) {
	var list []workspace.Patch
	for _, d := range diffs {
		p, err := workspace.ParsePatch(d)
		if err != nil {
			return "", err
		}
		list = append(list, p)
	}
	dir, err := j.layout.PatchToolchain(name, list)
	if err != nil {
		return "", err
	}
	if err := j.box.Grant(dir); err != nil {
		return "", err
	}
	if !onlyLinker(list) {
		j.cache = "gocache-" + string(evidence.Of(slices.Concat(diffs...)).Hex()[:16])
		if err := os.MkdirAll(filepath.Join(j.layout.Scratch, j.cache), 0o755); err != nil {
			return "", err
		}
	}
	for _, tool := range tools {
		if err := j.tool(ctx, dir, tool); err != nil {
			return "", err
		}
	}
	return dir, nil
}

func onlyLinker(list []workspace.Patch) bool {
	for _, p := range list {
		if slices.ContainsFunc(p.Paths(), func(name string) bool { return !strings.HasPrefix(name, "src/cmd/link/") }) {
			return false
		}
	}
	return true
}

// tool builds one tool of a patched toolchain and puts it in its place.
func (j *running) tool(ctx context.Context, dir, command string) error {
	if _, err := workspace.ToolPath(dir, command); err != nil {
		return err
	}
	s := setting{toolchain: dir, cache: "gocache-tools", world: world{suffix: j.world.suffix, host: j.world.host, umask: j.world.umask, env: j.world.env}}
	built := filepath.Join(j.layout.Scratch, "tools", path.Base(command))
	for _, d := range []string{filepath.Dir(built), filepath.Join(j.layout.Scratch, s.cache)} {
		if err := os.MkdirAll(d, 0o755); err != nil {
			return err
		}
	}
	if err := j.box.Grant(filepath.Dir(built)); err != nil {
		return err
	}
	p, err := j.placed(s)
	if err != nil {
		return err
	}
	program, err := p.program("go")
	if err != nil {
		return err
	}
	argv := []string{program, "build", "-C", path.Join(p.Toolchain, "src"), "-trimpath", "-ldflags=-w", "-o", path.Join(p.Scratch, "tools", path.Base(command)), command}
	res, err := j.inside(ctx, p, argv, p.env)
	if err != nil {
		return fmt.Errorf("build %s in the sandbox: %w", command, err)
	}
	if res.LimitHit != "" {
		j.result.LimitHit = res.LimitHit
		return problemf(LimitHit, "building %s came to the limit for %s", command, res.LimitHit)
	}
	if res.Exit != 0 {
		j.result.Failure = tail(settled(p.scrub.scrub(res.Stderr)), maxFailure)
		return fmt.Errorf("%w: the patched %s does not build: %s", workspace.ErrPatch, command, list(tail(j.result.Failure, 2), 2))
	}
	return workspace.ReplaceTool(dir, command, built)
}

// infoLine is the call by which Go's linker writes build info into a program
// (cmd/link/internal/ld/main.go, since Go 1.18).
const (
	infoFile = "src/cmd/link/internal/ld/main.go"
	infoLine = "\tctxt.buildinfo()"
)

// withoutInfo is a patch of the layout's toolchain that keeps its linker from
// writing build info.
func (j *running) withoutInfo() ([]byte, bool) {
	content, err := os.ReadFile(filepath.Join(j.layout.Toolchain, filepath.FromSlash(infoFile)))
	if err != nil {
		return nil, false
	}
	return workspace.LinePatch(infoFile, content, infoLine, "\t// ctxt.buildinfo()")
}
