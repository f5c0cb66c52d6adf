package audit

import (
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/proffer-audit/proffer/audit/evidence"
	"github.com/proffer-audit/proffer/audit/rebuild"
	"github.com/proffer-audit/proffer/audit/submission"
)

// TestRecipeYAML: what is printed is what a manifest may say, to the letter.
func TestRecipeYAML(t *testing.T) {
	tool := submission.Toolchain{PURL: "pkg:golang/golang.org/toolchain@v0.0.1-go1.26.5.linux-amd64", Digest: "h1:/yCM7qVQu6sYYUewQ39rtTtRMYMHdbP9oNjgp+lEV9w="}
	patch := evidence.Descriptor{Digest: evidence.Of([]byte("patch"))}
	found := Inferred{
		Offered: Offered{Name: "agent", File: "bin/agent", From: "source"},
		Result: rebuild.Result{
			Patch: &patch, Made: &rebuild.Toolchain{Version: "go1.26.5", Tools: []string{"cmd/link"}},
			Recipe: &rebuild.Recipe{
				Command: []string{"go", "build", "-ldflags=-X 'main.v=a: \"b\" #\u202e'", "-o", "out/agent", "./cmd/agent"}, Output: "out/agent",
				Env:   map[string]string{"CGO_ENABLED": "0", "GOAMD64": "v3"},
				VCS:   &rebuild.VCS{Revision: strings.Repeat("a", 40), Time: time.Date(2026, 1, 2, 3, 4, 5, 0, time.UTC), Modified: true},
				Paths: &rebuild.Paths{Source: "/ci/agent", Toolchain: "/usr/local/go"}, Workspace: []string{"example.org/dep@v1.1.0"},
			},
		},
	}
	text := recipeYAML(found, tool, "go.sum")
	for _, r := range text {
		if r > '~' || r < ' ' && r != '\n' {
			t.Errorf("%U in %s", r, text)
		}
	}
	manifest := `apiVersion: proffer/v1
kind: Submission
id: x
version: 1
respondent: {name: X}
matter: {profile: bod-17-01}
products: [{name: x, version: "1"}]
sources: [{name: source, locations: ["file:s"], digest: "tree-sha256:` + zeros + `", completeness: full}]
artifacts: [{name: agent, locations: ["file:a"], digest: "sha256:` + zeros + `", kind: binary, files: [{path: bin/agent, digest: "sha256:` + ones + `"}]}]
` + text
	s, err := submission.Parse("x.yaml", []byte(manifest))
	if err != nil {
		t.Fatalf("%v\n%s", err, text)
	}
	want := submission.Build{
		Artifact: "agent", File: "bin/agent", Source: "source", Modules: "go.sum",
		Toolchain: submission.Toolchain{PURL: tool.PURL, Digest: tool.Digest, Patches: []submission.Pinned{{Location: "file:" + PatchFile, Digest: string(patch.Digest)}}, Rebuild: []string{"cmd/link"}},
		VCS:       &submission.Stamp{Revision: strings.Repeat("a", 40), Time: time.Date(2026, 1, 2, 3, 4, 5, 0, time.UTC), Modified: true},
		Paths:     submission.Paths{Source: "/ci/agent", Toolchain: "/usr/local/go"},
		Env:       found.Result.Recipe.Env, Command: found.Result.Recipe.Command, Output: "out/agent", Workspace: found.Result.Recipe.Workspace,
	}
	got := s.Builds[0]
	for _, pair := range [][2]any{{want.Command, got.Command}, {want.Env, got.Env}, {want.Toolchain.Patches, got.Toolchain.Patches}, {want.Toolchain.Rebuild, got.Toolchain.Rebuild}, {want.VCS, got.VCS}, {want.Paths, got.Paths}, {want.Workspace, got.Workspace}, {want.File, got.File}, {want.Modules, got.Modules}} {
		if diff := cmp.Diff(pair[0], pair[1]); diff != "" {
			t.Error(diff)
		}
	}
}
