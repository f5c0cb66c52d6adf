package rebuild

import (
	"bytes"
	"io"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"golang.org/x/mod/sumdb/dirhash"

	"github.com/proffer-audit/proffer/audit/compare/cause"
	"github.com/proffer-audit/proffer/audit/evidence"
	"github.com/proffer-audit/proffer/audit/sandbox"
	"github.com/proffer-audit/proffer/reports"
)

const depModule = "example.org/dep"

// depProxy writes a module proxy with two versions of a module, and gives their
// lines of a go.sum, by version.
func depProxy(t *testing.T, store *evidence.Memory, dir string) (modules []Module, sums map[string]string) {
	t.Helper()
	sums = map[string]string{}
	for _, version := range []string{"v1.0.0", "v1.1.0"} {
		mod := "module " + depModule + "\n\ngo 1.21\n"
		prefix := depModule + "@" + version + "/"
		packed := zipOf(t, prefix+"go.mod", mod, prefix+"dep.go", "package dep\n\nconst Version = \""+version+"\"\n")
		at := "cache/download/" + depModule + "/@v/" + version
		write(t, dir, at+".zip", string(packed))
		write(t, dir, at+".mod", mod)
		write(t, dir, at+".info", `{"Version":"`+version+`"}`)
		zip, err := dirhash.HashZip(filepath.Join(dir, filepath.FromSlash(at+".zip")), dirhash.Hash1)
		if err != nil {
			t.Fatal(err)
		}
		goMod, err := dirhash.Hash1([]string{"go.mod"}, func(string) (io.ReadCloser, error) { return io.NopCloser(strings.NewReader(mod)), nil })
		if err != nil {
			t.Fatal(err)
		}
		sums[version] = depModule + " " + version + " " + zip + "\n" + depModule + " " + version + "/go.mod " + goMod + "\n"
		m := Module{Path: depModule, Version: version, Zip: keep(t, store, "zip", packed).Digest}
		if version == "v1.0.0" {
			m.Mod = keep(t, store, "mod", []byte(mod)).Digest // the other is pinned by its zip alone
		}
		modules = append(modules, m)
	}
	return modules, sums
}

// tinyWorkspace rebuilds a program that was built in a workspace, whose other
// member asked for a newer dependency and is not in the source.
func tinyWorkspace(t *testing.T, sb *sandbox.Sandbox, store *evidence.Memory, job Job) {
	proxy := t.TempDir()
	modules, sums := depProxy(t, store, proxy)
	source := map[string]string{
		"go.mod":  tinyMod + "\nrequire " + depModule + " v1.0.0\n",
		"go.sum":  sums["v1.0.0"],
		"main.go": "package main\n\nimport \"" + depModule + "\"\n\nfunc main() { println(dep.Version) }\n",
	}
	dir := t.TempDir()
	var packed []string
	for name, content := range source {
		write(t, dir, "tiny/"+name, content)
		packed = append(packed, "tiny@v1/"+name, content)
	}
	write(t, dir, "other/go.mod", "module example.org/other\n\ngo 1.21\n\nrequire "+depModule+" v1.1.0\n")
	write(t, dir, "other/go.sum", sums["v1.1.0"])
	write(t, dir, "go.work", "go 1.21\n\nuse (\n\t./tiny\n\t./other\n)\n")
	cache := t.TempDir()
	for key, value := range map[string]string{
		"CGO_ENABLED": "0", "GOENV": "off", "GOFLAGS": "-modcacherw", "GOTOOLCHAIN": "local", "GOWORK": filepath.Join(dir, "go.work"),
		"GOPROXY": "file://" + filepath.ToSlash(filepath.Join(proxy, "cache", "download")), "GOSUMDB": "off", "GOMODCACHE": cache,
	} {
		t.Setenv(key, value)
	}
	out := filepath.Join(t.TempDir(), "tiny")
	hostGo(t, "build", "-C", filepath.Join(dir, "tiny"), "-trimpath", "-o", out, ".")
	shipped, err := os.ReadFile(out)
	if err != nil {
		t.Fatal(err)
	}
	if !bytes.Contains(shipped, []byte("v1.1.0")) {
		t.Fatal("the program does not hold the newer dependency")
	}
	job.Artifact.Blob, job.Modules, job.CounterBuilds = keep(t, store, "tiny", shipped), modules, DefaultCounterBuilds
	job.Source.Blob = keep(t, store, "source", zipOf(t, packed...))
	job.Recipe = Recipe{Command: []string{"go", "build", "-trimpath", "-o", "out/tiny", "."}, Output: "out/tiny", Workspace: []string{depModule}}
	if r := ran(t, sb, store, job); r.Level != reports.BitIdentical || !r.Recognised() {
		t.Errorf("%s %s %q %+v", r.Level, r.Reason, r.Opaque, r.Search)
	}
	job.Recipe.Workspace = nil
	if r := ran(t, sb, store, job); r.Level != reports.Explained || !slices.Equal(kinds(r), []string{cause.KindWorkspace}) {
		t.Errorf("%s %s %+v", r.Level, r.Reason, r.Search)
	}
	pinned := string(WithListed([]byte(strings.TrimSuffix(sums["v1.0.0"], "\n")), shipped))
	if want := strings.SplitAfter(sums["v1.1.0"], "\n")[0]; !strings.HasPrefix(pinned, sums["v1.0.0"]) || !strings.HasSuffix(pinned, want) {
		t.Errorf("pinned by the program:\n%s", pinned)
	}
}
