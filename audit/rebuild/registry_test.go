package rebuild

import (
	"context"
	"encoding/json"
	"os"
	"testing"

	"github.com/proffer-audit/proffer/audit/evidence"
	"github.com/proffer-audit/proffer/audit/sandbox"
	"github.com/proffer-audit/proffer/audit/workspace"
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
