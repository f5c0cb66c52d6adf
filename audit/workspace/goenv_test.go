package workspace_test

import (
	"slices"
	"strings"
	"testing"

	"github.com/proffer-audit/proffer/audit/workspace"
)

func TestGoEnvIsBuiltFromNothing(t *testing.T) {
	t.Setenv("GOFLAGS", "-toolexec=evil")
	t.Setenv("LD_PRELOAD", "evil.so")
	p := workspace.Placement{Source: "/p/source", Toolchain: "/p/go", Modules: "/p/modules", Scratch: "/p/scratch", Tools: "/p/bin"}
	env := workspace.GoEnv(p, map[string]string{"GOOS": "windows", "GOFLAGS": ""})
	for _, want := range []string{
		"GOENV=off", "GOFLAGS=", "GOOS=windows", "GOWORK=off", "GOTOOLCHAIN=local", "GOVCS=*:off", "GOTELEMETRY=off",
		"GOPACKAGESDRIVER=off", "CGO_ENABLED=0", "GOSUMDB=off", "LC_ALL=C", "TZ=UTC", "GOROOT=/p/go",
		"GOPROXY=file:///p/modules/cache/download", "PATH=/p/go/bin:/p/bin", "HOME=/p/scratch/home",
		"TMPDIR=/p/scratch/tmp", "GOCACHE=/p/scratch/gocache", "GOMODCACHE=/p/scratch/gomodcache", "GOPATH=/p/scratch/gopath",
	} {
		if !slices.Contains(env, want) {
			t.Errorf("no %s in %q", want, env)
		}
	}
	for _, line := range env {
		if strings.Contains(line, "evil") {
			t.Errorf("from outside: %s", line)
		}
	}
	if !slices.IsSorted(env) {
		t.Error("not sorted")
	}
	p.Tools, p.ModuleCache = "", "/build/gomod"
	env = workspace.GoEnv(p, nil)
	if !slices.Contains(env, "PATH=/p/go/bin") || !slices.Contains(env, "GOMODCACHE=/build/gomod") || !slices.Contains(env, "GOFLAGS=-mod=readonly") {
		t.Errorf("%q", env)
	}
}

func TestReserved(t *testing.T) {
	for key, want := range map[string]bool{
		"PATH": true, "HOME": true, "GOPROXY": true, "GOROOT": true, "GOENV": true, "GOWORK": true, "GOTOOLCHAIN": true, "GOVCS": true,
		"GOOS": false, "GOARCH": false, "GOFLAGS": false, "CGO_ENABLED": false, "CC": false,
	} {
		if got := workspace.Reserved(key); got != want {
			t.Errorf("%s: %v", key, got)
		}
	}
	if v, ok := workspace.Fixed("GOTOOLCHAIN"); v != "local" || !ok {
		t.Errorf("GOTOOLCHAIN: %q, %v", v, ok)
	}
	if _, ok := workspace.Fixed("PATH"); ok {
		t.Error("PATH is not the same in every layout")
	}
}
