package fetch

import (
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"github.com/proffer-audit/proffer/audit/evidence"
)

// These fetch for real, from the registries that this machine is set up for.
// Where those are internal mirrors, PROFFER_TEST_ALLOW_PRIVATE=1 must say so as
// well: the guard is not left out because a test would like to pass.
func registries(t *testing.T) *Client {
	t.Helper()
	if os.Getenv("PROFFER_TEST_REGISTRIES") != "1" {
		t.Skip("NOT RUN: set PROFFER_TEST_REGISTRIES=1 to fetch from the configured registries")
	}
	env := map[string]string{}
	for _, name := range []string{"GOPROXY", "GOSUMDB", "GONOSUMDB", "GONOPROXY", "GOPRIVATE", "GOROOT"} {
		out, err := exec.Command("go", "env", name).Output()
		if err != nil {
			t.Fatal(err)
		}
		env[name] = strings.TrimSpace(string(out))
	}
	c, err := New(Options{
		Store: evidence.NewMemory(), Scratch: t.TempDir(), GoEnv: env,
		AllowPrivate: os.Getenv("PROFFER_TEST_ALLOW_PRIVATE") == "1",
		Logs:         []LogKey{knownLog(t, env)},
	})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { c.Close() })
	return c
}

// knownLog is the database that GOSUMDB names, with the key that the go command
// has for it built in.
func knownLog(t *testing.T, env map[string]string) LogKey {
	t.Helper()
	name, _, _ := strings.Cut(env["GOSUMDB"], "+")
	if strings.Contains(env["GOSUMDB"], "+") {
		return LogKey{Name: name, Key: strings.Fields(env["GOSUMDB"])[0]}
	}
	source, err := os.ReadFile(filepath.Join(env["GOROOT"], "src/cmd/go/internal/modfetch/key.go"))
	if err != nil {
		t.Fatal(err)
	}
	key := regexp.MustCompile(`"(` + regexp.QuoteMeta(name) + `\+[^"]+)"`).FindSubmatch(source)
	if key == nil {
		t.Fatalf("the go command has no key for the database %s", name)
	}
	return LogKey{Name: name, Key: string(key[1])}
}

func TestRegistryGoModule(t *testing.T) {
	c := registries(t)
	const gosum = "golang.org/x/mod v0.42.0 h1:"
	goSum, err := os.ReadFile("../../go.sum")
	if err != nil {
		t.Fatal(err)
	}
	_, rest, ok := strings.Cut(string(goSum), gosum)
	if !ok {
		t.Fatal("this module's go.sum has no x/mod v0.42.0")
	}
	pin, _, _ := strings.Cut(rest, "\n")
	o, recs, err := c.Get(t.Context(), Request{PURL: "pkg:golang/golang.org/x/mod@v0.42.0", Digest: "h1:" + pin}, nil)
	if err != nil || o.Outcome != Obtained {
		t.Fatalf("%+v, %v: %s", o, err, errorsOf(recs))
	}
	if err := VerifyPin(c.opt.Store, o, o.Pin); err != nil {
		t.Fatal(err)
	}
	p, err := VerifyProof(c.opt.Store, o, c.opt.Logs)
	if err != nil {
		t.Fatal(err)
	}
	t.Logf("proven under %d records by a proof of %d bytes: %s", p.Tree, o.Proof.Size, p.H1)
}

func TestRegistryModules(t *testing.T) {
	c := registries(t)
	gosum := []byte(`golang.org/x/mod v0.3.0 h1:RM4zey1++hCTbCVQfnWeKs9/IEsaBLA8vTkd0WVtmH4=
golang.org/x/mod v0.3.0/go.mod h1:s0Qsj1ACt9ePp/hMypM3fl4fZqREWJwdYDEqhRiZZUA=
golang.org/x/xerrors v0.0.0-20191011141410-1b5146add898/go.mod h1:I/5z698sn9Ka8TeJc9MKroUUfqBBauWjQqLJ2OPfmY0=
`)
	set, recs, err := c.Modules(t.Context(), gosum, nil)
	if err != nil {
		t.Fatal(err)
	}
	if err := VerifyModules(c.opt.Store, gosum, set); err != nil {
		t.Fatalf("%v: %s", err, errorsOf(recs))
	}
	proven, err := VerifyModulesProof(c.opt.Store, set, c.opt.Logs)
	if err != nil || len(proven) != 2 {
		t.Fatalf("%d proven, %v: %s", len(proven), err, errorsOf(recs))
	}
}

func TestRegistryNPM(t *testing.T) {
	c := registries(t)
	const purl = "pkg:npm/%40esbuild/linux-x64@0.25.12"
	d, recs, err := c.Discover(t.Context(), purl, nil)
	if err != nil || d.Observation.Outcome != Obtained {
		t.Fatalf("%+v, %v: %s", d, err, errorsOf(recs))
	}
	o, recs, err := c.Get(t.Context(), Request{PURL: purl, Digest: d.Observation.Pin}, nil)
	if err != nil || o.Outcome != Obtained {
		t.Fatalf("%+v, %v: %s", o, err, errorsOf(recs))
	}
	if err := VerifyPin(c.opt.Store, o, o.Pin); err != nil {
		t.Fatal(err)
	}
	t.Logf("%s, %d bytes, attestations %q", o.Pin, o.Blob.Size, o.AttestationsCode)
}
