package rebuild

import (
	"context"
	"encoding/json"
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/proffer-audit/proffer/audit/evidence"
	"github.com/proffer-audit/proffer/audit/sandbox"
	"github.com/proffer-audit/proffer/audit/workspace"
	"github.com/proffer-audit/proffer/reports"
)

// registries skips a test that needs the module proxy of `go env`.
func registries(t *testing.T) {
	t.Helper()
	if os.Getenv("PROFFER_TEST_REGISTRIES") != "1" {
		t.Skip("SKIPPED, NOT TESTED: needs the registries; set PROFFER_TEST_REGISTRIES=1")
	}
}

// download obtains a module with the reviewer's own go command.
func download(t *testing.T, store *evidence.Memory, path, version string) (workspace.Archive, Module) {
	t.Helper()
	raw, err := sandbox.HostTool(context.Background(), "go", "mod", "download", "-json", path+"@"+version)
	if err != nil {
		t.Fatal(err)
	}
	var got struct{ Zip, GoMod, Info string }
	if err := json.Unmarshal(raw, &got); err != nil {
		t.Fatal(err)
	}
	m := Module{Path: path, Version: version}
	var size int
	for file, d := range map[string]*evidence.Digest{got.Zip: &m.Zip, got.GoMod: &m.Mod, got.Info: &m.Info} {
		data, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		if *d, err = store.PutBytes(data); err != nil {
			t.Fatal(err)
		}
		if file == got.Zip {
			size = len(data)
		}
	}
	return Archive{
		Blob:  evidence.Descriptor{Name: path, Digest: m.Zip, Size: int64(size)},
		Strip: workspace.ModulePrefix(path, version), URI: "pkg:golang/" + path + "@" + version,
	}, m
}

func TestGofmtOfTheToolchain(t *testing.T) {
	registries(t)
	const want = "sha256:198a3d0a83314900388906b849ef9f6238cc8112fc8230fd4be466d90cc4e0e5"
	store := evidence.NewMemory()
	toolchain, _ := download(t, store, "golang.org/toolchain", "v0.0.1-go1.26.5.linux-amd64")
	job := Job{
		Artifact: Artifact{Blob: toolchain.Blob}, File: toolchain.Strip + "/bin/gofmt", FileDigest: want,
		Source: toolchain, Toolchain: toolchain,
		Recipe: Recipe{
			Command: []string{"go", "build", "-C", "src", "-trimpath", "-ldflags=-w", "-gcflags=cmd/...=-dwarf=false", "-o", "out/gofmt", "cmd/gofmt"},
			Output:  "src/out/gofmt",
		},
	}
	for _, tier := range []sandbox.Tier{sandbox.Namespaces, sandbox.Landlock} {
		t.Run(string(tier), func(t *testing.T) {
			sb := openSandbox(t, sandbox.Options{Force: tier})
			r, usage, err := Run(context.Background(), sb, store, t.TempDir(), job)
			if err != nil {
				t.Fatal(err)
			}
			t.Logf("%s %s: %v CPU, %d commands; opaque %q; removed %v", r.Level, r.Reason, usage.UserCPU+usage.SysCPU, usage.Commands, r.Opaque, r.Removed)
			if r.Level != reports.BitIdentical || string(r.Rebuilt.Digest) != want || !r.Recognised() {
				t.Errorf("%+v\n%s", r.Comparison, usage.Log)
			}
		})
	}
}

func TestEsbuild(t *testing.T) {
	registries(t)
	const want = "sha256:bab29b2ca7a9e89b67cf720b77b2d743f9f31f5cf0d5bd74ee8c8de30ced7014"
	dir := t.TempDir()
	if _, err := sandbox.HostTool(context.Background(), "npm", "pack", "--pack-destination", dir, "@esbuild/linux-x64@0.25.12"); err != nil {
		t.Skipf("SKIPPED, NOT TESTED: npm gives no tarball: %v", err)
	}
	shipped, err := os.ReadFile(filepath.Join(dir, "esbuild-linux-x64-0.25.12.tgz"))
	if err != nil {
		t.Fatal(err)
	}
	store := evidence.NewMemory()
	toolchain, _ := download(t, store, "golang.org/toolchain", "v0.0.1-go1.23.12.linux-amd64")
	source, _ := download(t, store, "github.com/evanw/esbuild", "v0.25.12")
	_, sys := download(t, store, "golang.org/x/sys", "v0.0.0-20220715151400-c0bba94af5f8")
	d, err := store.PutBytes(shipped)
	if err != nil {
		t.Fatal(err)
	}
	job := Job{
		Artifact: Artifact{Blob: evidence.Descriptor{Name: "esbuild.tgz", Digest: d, Size: int64(len(shipped))}},
		File:     "package/bin/esbuild", FileDigest: want,
		Source: source, Toolchain: toolchain, Modules: []Module{sys},
		Recipe: Recipe{
			Command: []string{"go", "build", "-trimpath", "-ldflags=-s -w", "-o", "out/esbuild", "./cmd/esbuild"},
			Output:  "out/esbuild",
			VCS: &VCS{
				Revision: "208f539945b145e7c9d6d844290f81c3fe5af320",
				Time:     time.Date(2025, 11, 1, 23, 34, 16, 0, time.UTC),
			},
		},
	}
	sb := openSandbox(t, sandbox.Options{})
	r, usage, err := Run(context.Background(), sb, store, t.TempDir(), job)
	if err != nil {
		t.Fatal(err)
	}
	t.Logf("%s %s: %v CPU; opaque %q; coverage %+v", r.Level, r.Reason, usage.UserCPU+usage.SysCPU, r.Opaque, r.Coverage)
	if r.Level != reports.BitIdentical || string(r.Rebuilt.Digest) != want || !r.Recognised() {
		t.Errorf("%+v\n%s", r.Comparison, usage.Log)
	}
}
