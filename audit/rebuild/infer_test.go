package rebuild

import (
	"context"
	"fmt"
	"math/rand/v2"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/proffer-audit/proffer/audit/evidence"
	"github.com/proffer-audit/proffer/audit/sandbox"
	"github.com/proffer-audit/proffer/reports"
)

// The module whose builds are to be inferred. It imports nothing of the standard
// library, so that little is compiled.
func inferModule() map[string]string {
	return map[string]string{
		"go.mod":                      "module example.org/agent\n\ngo 1.24\n",
		"cmd/agent/main.go":           "package main\n\nimport \"example.org/agent/internal/version\"\n\nvar date = \"unknown\"\n\nvar channel string\n\nfunc main() { println(\"agent\", version.Line(), date, channel, extra) }\n",
		"cmd/agent/extra.go":          "//go:build extra\n\npackage main\n\nconst extra = true\n",
		"cmd/agent/plain.go":          "//go:build !extra\n\npackage main\n\nconst extra = false\n",
		"cmd/other/main.go":           "package main\n\nfunc main() { println(\"other\") }\n",
		"internal/version/version.go": "package version\n\nvar (\n\tVersion = \"v0.0.0\"\n\tcommit  string\n)\n\nfunc Line() string { return Version + \" \" + commit }\n",
		"Makefile":                    "build:\n\tgo build -trimpath -ldflags=\"-s -w -X main.date=$(DATE)\" ./cmd/agent\n",
	}
}

// madeBuild is a build whose flags a seed chose.
type madeBuild struct {
	seed  uint64
	flags []string
	env   map[string]string
	stamp *VCS
}

func (m madeBuild) String() string {
	return fmt.Sprintf("seed %d: %q %v stamp %v", m.seed, m.flags, m.env, m.stamp)
}

func makeBuild(seed uint64) madeBuild {
	r := rand.New(rand.NewPCG(seed, 1))
	pick := func(list ...string) string { return list[r.IntN(len(list))] }
	m := madeBuild{seed: seed, env: map[string]string{}}
	if r.IntN(4) > 0 {
		m.flags = append(m.flags, "-trimpath")
	}
	var ld []string
	if s := pick("", "-s -w", "-s -w", "-w -s", "-s", "-w"); s != "" {
		ld = append(ld, s)
	}
	for _, x := range []string{"main.date=2026-0%d-11T10:00:00Z", "example.org/agent/internal/version.Version=v1.%d.0", "main.channel=stable-%d", "example.org/agent/internal/version.commit=abc%ddef"} {
		if r.IntN(3) == 0 {
			ld = append(ld, pick("-X ", "-X=")+fmt.Sprintf(x, r.IntN(9)+1))
		}
	}
	if r.IntN(3) == 0 {
		ld = append(ld, "-buildid=")
	}
	r.Shuffle(len(ld), func(i, k int) { ld[i], ld[k] = ld[k], ld[i] })
	if len(ld) > 0 {
		m.flags = append(m.flags, "-ldflags="+strings.Join(ld, " "))
	}
	if r.IntN(4) == 0 {
		m.flags = append(m.flags, "-tags=extra")
	}
	m.env["GOAMD64"] = pick("v1", "v1", "v1", "v3")
	switch r.IntN(8) {
	case 0:
		m.env["GOOS"] = "windows"
	case 1:
		m.env["GOARCH"] = "arm64"
		delete(m.env, "GOAMD64")
	}
	if r.IntN(2) == 0 {
		m.stamp = &VCS{Revision: strings.Repeat(strconv.Itoa(r.IntN(10)), 40), Time: time.Date(2026, 2, r.IntN(28)+1, 4, 5, 6, 0, time.UTC), Modified: r.IntN(3) == 0, Tag: pick("", "v1.2.3")}
	}
	return m
}

// make builds with the Go at hand, as a vendor would.
func (m madeBuild) make(t *testing.T) []byte {
	t.Helper()
	dir := t.TempDir()
	for p, content := range inferModule() {
		write(t, dir, p, content)
	}
	if m.stamp != nil {
		asGit(t, *m.stamp)
		write(t, dir, ".git/HEAD", "")
	}
	for key, value := range map[string]string{"CGO_ENABLED": "0", "GOENV": "off", "GOFLAGS": "", "GOWORK": "off", "GOTOOLCHAIN": "local"} {
		t.Setenv(key, value)
	}
	for key, value := range m.env {
		t.Setenv(key, value)
	}
	out := filepath.Join(t.TempDir(), "agent")
	argv := append([]string{"build", "-C", dir}, m.flags...)
	hostGo(t, append(argv, "-o", out, "./cmd/agent")...)
	shipped, err := os.ReadFile(out)
	if err != nil {
		t.Fatal(err)
	}
	return shipped
}

// TestInfer lets builds be made whose flags a seed chose, and wants the recipe
// back from binary and source alone: bit-identity for four of five, each with at
// most six builds.
func TestInfer(t *testing.T) {
	seeds := 3
	if os.Getenv("PROFFER_TEST_INFER") == "1" {
		seeds = 24
	} else if testing.Short() {
		t.Skip("SKIPPED, NOT TESTED: compiles the Go runtime")
	} else {
		t.Skip("SKIPPED, NOT TESTED: builds many programs; set PROFFER_TEST_INFER=1")
	}
	store := evidence.NewMemory()
	sb := openSandbox(t, sandbox.Options{})
	module := t.TempDir()
	var source []string
	for p, content := range inferModule() {
		write(t, module, p, content)
		source = append(source, "agent@v1/"+p, content)
	}
	var toolchain Archive
	t.Run("toolchain", func(t *testing.T) { toolchain = tinyToolchain(t, store, module, "./cmd/agent") })
	warm := warmCache(t)
	same := 0
	for seed := range uint64(seeds) {
		t.Run(strconv.FormatUint(seed, 10), func(t *testing.T) {
			m := makeBuild(seed)
			shipped := m.make(t)
			job := Job{
				Artifact: Artifact{Blob: keep(t, store, "agent", shipped)}, Infer: true, CounterBuilds: DefaultCounterBuilds,
				Source:    Archive{Blob: keep(t, store, "source", zipOf(t, source...)), Strip: "agent@v1"},
				Toolchain: toolchain, warm: warm,
			}
			r, usage, err := Run(context.Background(), sb, store, t.TempDir(), job)
			if err != nil {
				t.Fatal(err)
			}
			t.Logf("%v\n%s %s\ntrials %+v", m, r.Level, r.Reason, r.Search.Trials)
			if r.Level != reports.BitIdentical {
				t.Logf("NOT FOUND: remain %q lacks %q undone %q\n%s", r.Search.Remain, r.Search.Lacks, r.Search.Undone, usage.Log)
				return
			}
			same++
			t.Logf("recipe %q env %v", r.Recipe.Command, r.Recipe.Env)
		})
	}
	t.Logf("%d of %d bit-identical", same, seeds)
	if same*100 < seeds*80 {
		t.Errorf("%d of %d", same, seeds)
	}
}

// warmCache is a build cache that stays where PROFFER_TEST_STATE names a folder.
func warmCache(t *testing.T) string {
	t.Helper()
	state := os.Getenv("PROFFER_TEST_STATE")
	if state == "" {
		return t.TempDir()
	}
	dir := filepath.Join(state, "gocache")
	if err := os.MkdirAll(dir, 0o755); err != nil {
		t.Fatal(err)
	}
	return dir
}
