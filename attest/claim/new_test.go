package claim_test

import (
	"encoding/json"
	"errors"
	"maps"
	"strings"
	"testing"
	"time"

	"github.com/proffer-audit/proffer/attest/claim"
	"github.com/proffer-audit/proffer/attest/statement"
)

func canonical(t *testing.T, v any) string {
	t.Helper()
	raw, err := statement.Canonical(v)
	if err != nil {
		t.Fatal(err)
	}
	return string(raw)
}

func TestNewProvenance(t *testing.T) {
	b := claim.Build{
		BuilderID: "https://builder.example", BuildType: "https://builder.example/type",
		External: map[string]any{"command": []string{"go", "build"}},
		Internal: map[string]any{"cpu": 2},
		Dependencies: []claim.Resource{
			{URI: "pkg:golang/b@v1", Digest: map[string]string{"goModuleH1": "00"}},
			{URI: "pkg:golang/a@v1", Digest: map[string]string{"sha256": "bb"}},
			{URI: "pkg:golang/a@v1", Digest: map[string]string{"sha256": "aa"}},
		},
		Byproducts: []claim.Resource{{Name: "log", MediaType: "text/plain", Content: []byte("hi")}},
		Invocation: "run",
		Started:    time.Date(2026, 11, 21, 2, 0, 0, 5, time.FixedZone("", 3600)),
	}
	p, err := claim.NewProvenance(b)
	if err != nil {
		t.Fatal(err)
	}
	const want = `{"buildDefinition":{"buildType":"https://builder.example/type","externalParameters":{"command":["go","build"]},"internalParameters":{"cpu":2},` +
		`"resolvedDependencies":[{"digest":{"sha256":"aa"},"uri":"pkg:golang/a@v1"},{"digest":{"sha256":"bb"},"uri":"pkg:golang/a@v1"},{"digest":{"goModuleH1":"00"},"uri":"pkg:golang/b@v1"}]},` +
		`"runDetails":{"builder":{"id":"https://builder.example"},"byproducts":[{"content":"aGk=","mediaType":"text/plain","name":"log"}],"metadata":{"invocationId":"run","startedOn":"2026-11-21T01:00:00Z"}}}`
	if got := canonical(t, p); got != want {
		t.Errorf("got\n%s\nwant\n%s", got, want)
	}
	b.Started, b.Invocation = time.Time{}, ""
	if p, err = claim.NewProvenance(b); err != nil || p.Details.Metadata != nil {
		t.Errorf("metadata out of nowhere: %v", err)
	}
	for name, b := range map[string]claim.Build{
		"no builder":             {BuildType: "x", External: 1},
		"no build type":          {BuilderID: "x", External: 1},
		"no external parameters": {BuilderID: "x", BuildType: "y"},
	} {
		if _, err := claim.NewProvenance(b); err == nil {
			t.Errorf("%s: written", name)
		}
	}
}

func sha256Of(hex string) map[string]string { return map[string]string{"sha256": hex} }

// equal is an equality that may be written.
func equal(level string) claim.Equality {
	e := claim.Equality{
		BuilderID: "https://builder.example", Artifact: "app.tgz", TargetURI: "pkg:npm/app@1.0.0", Level: level,
		Target: sha256Of(hexA), Candidate: sha256Of(hexA), Stabilised: sha256Of(hexA), Internal: map[string]any{"recognised": true},
	}
	if level != "bit-identical" {
		e.Candidate = sha256Of(hexB)
	}
	return e
}

// ossRebuildReader reads an equivalence as oss-rebuild's own types do: loosely
// typed JSON, but exactly two dependencies, told apart by the prefix of their
// names, and exactly one byproduct.
func ossRebuildReader(payload []byte) (target, candidate, stabilised string, err error) {
	type descriptor struct {
		Name   string            `json:"name"`
		Digest map[string]string `json:"digest"`
	}
	var st struct {
		Type          string `json:"_type"`
		PredicateType string `json:"predicateType"`
		Predicate     struct {
			Definition struct {
				BuildType    string            `json:"buildType"`
				External     map[string]string `json:"externalParameters"`
				Dependencies []descriptor      `json:"resolvedDependencies"`
			} `json:"buildDefinition"`
			Details struct {
				Byproducts []descriptor `json:"byproducts"`
			} `json:"runDetails"`
		} `json:"predicate"`
	}
	if err := json.Unmarshal(payload, &st); err != nil {
		return "", "", "", err
	}
	d := st.Predicate.Definition
	if st.Type != "https://in-toto.io/Statement/v1" || st.PredicateType != "https://slsa.dev/provenance/v1" ||
		d.BuildType != "https://docs.oss-rebuild.dev/builds/ArtifactEquivalence@v0.1" || len(d.External) != 2 {
		return "", "", "", errors.New("unexpected type")
	}
	if len(d.Dependencies) != 2 || len(st.Predicate.Details.Byproducts) != 1 {
		return "", "", "", errors.New("unexpected descriptor count")
	}
	for _, r := range d.Dependencies {
		if strings.HasPrefix(r.Name, "rebuild/") {
			candidate = r.Name + " " + r.Digest["sha256"]
		} else {
			target = r.Name + " " + r.Digest["sha256"]
		}
	}
	return target, candidate, st.Predicate.Details.Byproducts[0].Name, nil
}

func TestNewArtifactEquivalence(t *testing.T) {
	for level, read := range map[string]string{
		"bit-identical":                      "bit-identical",
		"identical-after-graft":              "equal-after-declared-normalisation",
		"equal-after-declared-normalisation": "equal-after-declared-normalisation",
	} {
		e := equal(level)
		p, subject, err := claim.NewArtifactEquivalence(e)
		if err != nil {
			t.Fatal(err)
		}
		payload, err := statement.New(claim.ProvenanceType, []statement.Subject{subject}, p)
		if err != nil {
			t.Fatal(err)
		}
		target, candidate, stabilised, err := ossRebuildReader(payload)
		if err != nil || target != "pkg:npm/app@1.0.0 "+hexA || candidate != "rebuild/app.tgz "+e.Candidate["sha256"] || stabilised != "stabilized/app.tgz" {
			t.Errorf("%s: oss-rebuild reads %s, %s, %s, %v", level, target, candidate, stabilised, err)
		}
		st, err := statement.Parse(payload)
		if err != nil {
			t.Fatal(err)
		}
		c, err := claim.Read(st)
		if err != nil || c.Kind != claim.Equivalence || c.Level != read || !maps.Equal(c.Subjects[0].Digest, e.Target) {
			t.Errorf("%s: read again as %+v, %v", level, c, err)
		}
	}
}

// What is not so cannot be written.
func TestNewArtifactEquivalenceRefuses(t *testing.T) {
	for name, change := range map[string]func(*claim.Equality){
		"explained":                   func(e *claim.Equality) { e.Level = "explained" },
		"unexplained":                 func(e *claim.Equality) { e.Level = "unexplained" },
		"build failed":                func(e *claim.Equality) { e.Level = "build-failed" },
		"no level":                    func(e *claim.Equality) { e.Level = "" },
		"identical, digests differ":   func(e *claim.Equality) { e.Candidate = sha256Of(hexB) },
		"identical, and became other": func(e *claim.Equality) { e.Stabilised = sha256Of(hexB) },
		"grafted, digests equal":      func(e *claim.Equality) { e.Level = "identical-after-graft" },
		"nothing to show for a graft": func(e *claim.Equality) { *e = equal("identical-after-graft"); e.Stabilised = nil },
		"weak digest alone":           func(e *claim.Equality) { e.Target = map[string]string{"sha1": hexA[:40]} },
		"digest in capitals":          func(e *claim.Equality) { e.Target = sha256Of(strings.ToUpper(hexA)) },
		"no target":                   func(e *claim.Equality) { e.TargetURI = "" },
		"target called a rebuild":     func(e *claim.Equality) { e.TargetURI = "rebuild/app.tgz" },
		"no artifact":                 func(e *claim.Equality) { e.Artifact = "" },
		"no builder":                  func(e *claim.Equality) { e.BuilderID = "" },
	} {
		e := equal("bit-identical")
		change(&e)
		if _, _, err := claim.NewArtifactEquivalence(e); err == nil {
			t.Errorf("%s: written", name)
		}
	}
}

func TestNewSummary(t *testing.T) {
	j := claim.Judgement{
		Verifier: "https://v.example", Versions: map[string]string{"proffer": "1"}, Time: time.Date(2026, 11, 21, 2, 0, 0, 0, time.FixedZone("", 7200)),
		Resource: "pkg:npm/app@1.0.0", Policy: claim.Resource{URI: "urn:p", Digest: sha256Of(hexB)},
		Inputs: []claim.Resource{{URI: "urn:b"}, {URI: "urn:a"}}, Passed: true, Levels: []string{"Z", "A"},
	}
	s, err := claim.NewSummary(j)
	if err != nil {
		t.Fatal(err)
	}
	want := `{"inputAttestations":[{"uri":"urn:a"},{"uri":"urn:b"}],"policy":{"digest":{"sha256":"` + hexB + `"},"uri":"urn:p"},"resourceUri":"pkg:npm/app@1.0.0",` +
		`"timeVerified":"2026-11-21T00:00:00Z","verificationResult":"PASSED","verifiedLevels":["A","Z"],"verifier":{"id":"https://v.example","version":{"proffer":"1"}}}`
	if got := canonical(t, s); got != want {
		t.Errorf("got\n%s\nwant\n%s", got, want)
	}
	j.Passed, j.Levels = false, nil
	if s, err = claim.NewSummary(j); err != nil || !strings.Contains(canonical(t, s), `"verificationResult":"FAILED","verifiedLevels":["FAILED"]`) {
		t.Errorf("%+v, %v", s, err)
	}
	if c, err := claim.Read(says(claim.SummaryType, canonical(t, s))); err != nil || c.Verdict != claim.No {
		t.Errorf("a failure is read as %+v, %v", c, err)
	}
	for name, change := range map[string]func(*claim.Judgement){
		"no verifier":            func(j *claim.Judgement) { j.Verifier = "" },
		"no time":                func(j *claim.Judgement) { j.Time = time.Time{} },
		"no resource":            func(j *claim.Judgement) { j.Resource = "" },
		"no policy":              func(j *claim.Judgement) { j.Policy.URI = "" },
		"passed without a level": func(j *claim.Judgement) { j.Passed = true },
		"failed with a level":    func(j *claim.Judgement) { j.Levels = []string{"A"} },
		"passed as failed":       func(j *claim.Judgement) { j.Passed, j.Levels = true, []string{"FAILED"} },
	} {
		bad := j
		change(&bad)
		if _, err := claim.NewSummary(bad); err == nil {
			t.Errorf("%s: written", name)
		}
	}
}

func TestNewComparison(t *testing.T) {
	c := claim.ComparisonV1{
		Target: claim.Resource{Name: "a", Digest: sha256Of(hexA)}, Candidate: &claim.Resource{Name: "rebuild/a", Digest: sha256Of(hexB)},
		Level: "explained", Recipe: sha256Of(hexB), Accounting: &claim.Accounting{DifferingBytes: 3, ByClass: map[string]int64{"build-id": 1, "time": 2}},
	}
	got, err := claim.NewComparison(c)
	if err != nil {
		t.Fatal(err)
	}
	for _, want := range []string{`"normalisations":[]`, `"variations":[]`, `"environment":{}`, `"byClass":{"build-id":1,"time":2}`} {
		if !strings.Contains(canonical(t, got), want) {
			t.Errorf("no %s in %s", want, canonical(t, got))
		}
	}
	for name, change := range map[string]func(*claim.ComparisonV1){
		"no level":  func(c *claim.ComparisonV1) { c.Level = "" },
		"no target": func(c *claim.ComparisonV1) { c.Target.Digest = nil },
		"no recipe": func(c *claim.ComparisonV1) { c.Recipe = nil },
		"bytes that nobody accounts for": func(c *claim.ComparisonV1) {
			c.Accounting = &claim.Accounting{DifferingBytes: 4, ByClass: map[string]int64{"time": 3}}
		},
	} {
		bad := c
		change(&bad)
		if _, err := claim.NewComparison(bad); err == nil {
			t.Errorf("%s: written", name)
		}
	}
}
