package attest_test

import (
	"testing"
	"time"

	"github.com/proffer-audit/proffer/attest"
	"github.com/proffer-audit/proffer/attest/statement"
)

func TestNewProvenance(t *testing.T) {
	b := attest.Build{
		BuilderID: "https://builder.example", BuildType: "https://builder.example/type",
		External: map[string]any{"command": []string{"go", "build"}},
		Internal: map[string]any{"cpu": 2},
		Dependencies: []attest.Resource{
			{URI: "pkg:golang/b@v1", Digest: map[string]string{"goModuleH1": "00"}},
			{URI: "pkg:golang/a@v1", Digest: map[string]string{"sha256": "bb"}},
			{URI: "pkg:golang/a@v1", Digest: map[string]string{"sha256": "aa"}},
		},
		Byproducts: []attest.Resource{{Name: "log", MediaType: "text/plain"}},
		Invocation: "run",
		Started:    time.Date(2026, 11, 21, 2, 0, 0, 5, time.FixedZone("", 3600)),
	}
	p, err := attest.NewProvenance(b)
	check(t, err)
	got, err := statement.Canonical(p)
	check(t, err)
	const want = `{"buildDefinition":{"buildType":"https://builder.example/type","externalParameters":{"command":["go","build"]},"internalParameters":{"cpu":2},` +
		`"resolvedDependencies":[{"digest":{"sha256":"aa"},"uri":"pkg:golang/a@v1"},{"digest":{"sha256":"bb"},"uri":"pkg:golang/a@v1"},{"digest":{"goModuleH1":"00"},"uri":"pkg:golang/b@v1"}]},` +
		`"runDetails":{"builder":{"id":"https://builder.example"},"byproducts":[{"mediaType":"text/plain","name":"log"}],"metadata":{"invocationId":"run","startedOn":"2026-11-21T01:00:00Z"}}}`
	if string(got) != want {
		t.Errorf("got\n%s\nwant\n%s", got, want)
	}
	b.Started, b.Invocation = time.Time{}, ""
	p, err = attest.NewProvenance(b)
	check(t, err)
	if p.Details.Metadata != nil {
		t.Error("metadata out of nowhere")
	}
}

func TestNewProvenanceRefuses(t *testing.T) {
	for name, b := range map[string]attest.Build{
		"no builder":             {BuildType: "x", External: 1},
		"no build type":          {BuilderID: "x", External: 1},
		"no external parameters": {BuilderID: "x", BuildType: "y"},
	} {
		if _, err := attest.NewProvenance(b); err == nil {
			t.Errorf("%s: written", name)
		}
	}
}
