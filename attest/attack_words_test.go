package attest_test

import (
	"bytes"
	"fmt"
	"slices"
	"strings"

	"github.com/proffer-audit/proffer/attest"
	"github.com/proffer-audit/proffer/attest/bundle/mint"
	"github.com/proffer-audit/proffer/attest/trust"
)

// bySeveral signs a payload as an envelope of a key, and as a bundle of an
// identity.
func (w *world) bySeveral(name string, want attest.Code, payload []byte) {
	w.attack(name+", envelope", want, w.keyed(), dsse(payload, w.second))
	w.attack(name+", identity", want, w.named(), w.as(payload))
}

func (w *world) subjectConfusion() {
	good, other := hexSum("app 1.0"), hexSum("app 2.0")
	for name, tt := range map[string]struct {
		subject string
		want    attest.Code
	}{
		"right name, wrong digest":          {subjectJSON("app 2.0"), attest.SubjectMismatch},
		"wrong sha512 beside right sha256":  {fmt.Sprintf(`[{"digest":{"sha256":%q,"sha512":%q}}]`, good, sum512("app 2.0")), attest.SubjectMismatch},
		"wrong sha256 beside right sha512":  {fmt.Sprintf(`[{"digest":{"sha256":%q,"sha512":%q}}]`, other, sum512("app 1.0")), attest.SubjectMismatch},
		"right one first, contradicted":     {fmt.Sprintf(`[{"digest":{"sha256":%q}},{"digest":{"sha256":%q,"sha512":%q}}]`, good, good, sum512("app 2.0")), attest.SubjectMismatch},
		"sha512 under the name of sha256":   {fmt.Sprintf(`[{"digest":{"sha256":%q}}]`, sum512("app 1.0")), attest.BadStatement},
		"in capitals":                       {fmt.Sprintf(`[{"digest":{"sha256":%q}}]`, strings.ToUpper(good)), attest.BadStatement},
		"truncated":                         {fmt.Sprintf(`[{"digest":{"sha256":%q}}]`, good[:62]), attest.BadStatement},
		"with a prefix":                     {fmt.Sprintf(`[{"digest":{"sha256":%q}}]`, "sha256:"+good), attest.BadStatement},
		"under an unknown algorithm":        {fmt.Sprintf(`[{"digest":{"sha0":%q}}]`, good), attest.SubjectMismatch},
		"in the name":                       {fmt.Sprintf(`[{"digest":{"sha256":%q},"name":%q}]`, other, "sha256:"+good), attest.SubjectMismatch},
		"in the URI":                        {fmt.Sprintf(`[{"digest":{"sha256":%q},"uri":%q}]`, other, "sha256:"+good), attest.SubjectMismatch},
		"none":                              {`[]`, attest.BadStatement},
		"without a digest":                  {`[{"digest":{},"name":"app"}]`, attest.BadStatement},
		"only sha1":                         {fmt.Sprintf(`[{"digest":{"sha1":%q}}]`, good[:40]), attest.SubjectMismatch},
		"algorithm in capitals":             {fmt.Sprintf(`[{"digest":{"SHA256":%q}}]`, good), attest.BadStatement},
		"digest twice, the right one last":  {fmt.Sprintf(`[{"digest":{"sha256":%q,"sha256":%q}}]`, other, good), attest.BadStatement},
		"digest twice, the right one first": {fmt.Sprintf(`[{"digest":{"sha256":%q,"sha256":%q}}]`, good, other), attest.BadStatement},
	} {
		w.bySeveral(name, tt.want, stated(tt.subject, slsa1, buildJSON))
	}
	w.attack("product of a link", attest.SubjectMismatch, w.keyed(), link("rebuild app", "app 2.0", w.second))
	w.twin(w.keyed(), dsse(stated(fmt.Sprintf(`[{"digest":{"sha256":%q}},{"digest":{"sha256":%q,"sha512":%q},"name":"whatever"}]`, other, good, sum512("app 1.0")), slsa1, buildJSON), w.second))
	w.twin(w.named(), w.as(built("app 1.0")))
}

// replay offers what was said of another version, or for another artifact.
func (w *world) replay() {
	for version, contents := range map[string]string{"an older version": "app 0.9", "a newer one": "app 1.1", "a prefix": "app 1", "another file": "tool 1.0"} {
		w.bySeveral("of "+version, attest.SubjectMismatch, built(contents))
		w.attack("of "+version+", link", attest.SubjectMismatch, w.keyed(), link("rebuild app", contents, w.second))
		w.attack("of "+version+", bundle", attest.SubjectMismatch, w.keyed(), w.keyBundle(built(contents), w.second))
	}
	elsewhere := file(dsse(built("app 1.0"), w.second))
	elsewhere.Artifact = "tool"
	w.scene("offered for another artifact", attest.SubjectMismatch, false, nil, []trust.Principal{w.first(), w.keyed()}, w.spoken(), elsewhere)
	mixed := slices.Concat(dsse(built("app 0.9"), w.second), []byte("\n"), dsse(built("app 1.1"), w.second), []byte("\n"))
	w.attack("every version but this", attest.SubjectMismatch, w.keyed(), mixed)
	w.twin(w.keyed(), slices.Concat(mixed, dsse(built("app 1.0"), w.second), []byte("\n")))
}

func (w *world) wrongRole() {
	w.attack("auditor as rebuilder", attest.RoleNotClaimed, w.keyed(), dsse(built("app 1.0"), w.third))
	w.attack("auditor as rebuilder, bundle", attest.RoleNotClaimed, w.keyed(), w.keyBundle(built("app 1.0"), w.third))
	w.attack("vendor as rebuilder", attest.RoleNotClaimed, w.named(), w.own.Bundle(mint.Request{Payload: built("app 1.0"), Identity: vendorCI()}))
	for role, want := range map[string]attest.Code{
		"Rebuilder": attest.RoleNotTrusted, "rebuilder ": attest.RoleNotTrusted, "builder": attest.RoleNotTrusted, "": attest.RoleNotTrusted, "agency": attest.RoleNotTrusted,
		trust.Auditor: "", trust.Vendor: "",
	} {
		evil := file(dsse(built("app 1.0"), w.second))
		evil.Role = role
		w.scene(fmt.Sprintf("offered as %q", role), want, false, nil, []trust.Principal{w.first(), w.keyed()}, w.spoken(), evil)
	}
	w.twin(w.keyed(), dsse(built("app 1.0"), w.second))
}

// wrongPredicate says something else than that the artifact was built, or no.
func (w *world) wrongPredicate() {
	good := hexSum("app 1.0")
	rebuild := func(buildType, dependencies, byproducts, external string) string {
		return fmt.Sprintf(`{"buildDefinition":{"buildType":"https://docs.oss-rebuild.dev/builds/%s","externalParameters":%s,"resolvedDependencies":%s},"runDetails":{"builder":{"id":"x"},"byproducts":%s}}`, buildType, external, dependencies, byproducts)
	}
	pair := func(upstream string) string {
		return fmt.Sprintf(`[{"name":"rebuild/app","digest":{"sha256":%q}},{"name":"https://r.example/app","digest":{"sha256":%q}}]`, good, upstream)
	}
	const candidate, stabilized = `{"candidate":"rebuild/app","target":"https://r.example/app"}`, `[{"name":"stabilized/app"}]`
	for name, tt := range map[string]struct {
		predicateType, predicate string
		want                     attest.Code
	}{
		"VSA FAILED":                    {"https://slsa.dev/verification_summary/v1", `{"verificationResult":"FAILED"}`, attest.PredicateFailed},
		"VSA failed in another case":    {"https://slsa.dev/verification_summary/v1", `{"verificationResult":"passed"}`, attest.PredicateFailed},
		"VSA PASSED":                    {"https://slsa.dev/verification_summary/v1", `{"verificationResult":"PASSED"}`, attest.PredicateRefused},
		"VSA without a word":            {"https://slsa.dev/verification_summary/v1", `{}`, attest.BadStatement},
		"comparison, unexplained":       {"https://github.com/proffer-audit/proffer/predicates/rebuild-comparison/v1", `{"level":"unexplained"}`, attest.PredicateFailed},
		"comparison, explained":         {"https://github.com/proffer-audit/proffer/predicates/rebuild-comparison/v1", `{"level":"explained"}`, attest.PredicateFailed},
		"comparison, build failed":      {"https://github.com/proffer-audit/proffer/predicates/rebuild-comparison/v1", `{"level":"build-failed"}`, attest.PredicateFailed},
		"tests failed":                  {"https://in-toto.io/attestation/test-result/v0.1", `{"result":"FAILED","configuration":[]}`, attest.PredicateFailed},
		"tests warned":                  {"https://in-toto.io/attestation/test-result/v0.1", `{"result":"WARNED","configuration":[]}`, attest.PredicateFailed},
		"report not met":                {"https://github.com/proffer-audit/proffer/predicates/mitigation-report/v1", `{"result":"not-met"}`, attest.PredicateFailed},
		"npm publish":                   {"https://github.com/npm/attestation/tree/main/specs/publish/v0.1", `{"name":"app","version":"1.0","registry":"https://r.example"}`, attest.PredicateRefused},
		"unknown":                       {"https://mallory.example/rebuilt/v1", `{"rebuilt":true}`, attest.PredicateRefused},
		"provenance in another case":    {"https://slsa.dev/Provenance/v1", buildJSON, attest.PredicateRefused},
		"provenance of no builder":      {slsa1, `{"buildDefinition":{"buildType":"x"},"runDetails":{}}`, attest.BadStatement},
		"provenance with two builders":  {slsa1, `{"buildDefinition":{"buildType":"x"},"runDetails":{"builder":{"id":"y","id":"z"}}}`, attest.BadStatement},
		"equivalence of something else": {slsa1, rebuild("ArtifactEquivalence@v0.1", pair(hexSum("app 2.0")), stabilized, candidate), attest.BadStatement},
		"equivalence of one side":       {slsa1, rebuild("ArtifactEquivalence@v0.1", `[]`, stabilized, candidate), attest.BadStatement},
		"equivalence of other names":    {slsa1, rebuild("ArtifactEquivalence@v0.1", pair(good), stabilized, `{"candidate":"rebuild/other","target":"https://r.example/app"}`), attest.BadStatement},
		"rebuild without its recipe":    {slsa1, rebuild("Rebuild@v0.1", `[]`, `[]`, `{}`), attest.BadStatement},
		"network rebuild":               {slsa1, rebuild("NetworkRebuild@v0.1", `{}`, `{}`, `{}`), attest.PredicateRefused},
	} {
		w.bySeveral(name, tt.want, stated(subjectJSON("app 1.0"), tt.predicateType, tt.predicate))
	}
	w.attack("link of another step", attest.PredicateRefused, w.keyed(), link("upload app", "app 1.0", w.second))
	w.twin(w.keyed(), dsse(stated(subjectJSON("app 1.0"), slsa1, rebuild("ArtifactEquivalence@v0.1", pair(good), stabilized, candidate)), w.second))
	w.twin(w.keyed(), dsse(stated(subjectJSON("app 1.0"), slsa1, rebuild("Rebuild@v0.1", `[]`, `[{"name":"a"},{"name":"b"},{"name":"c"}]`, `{}`)), w.second))
	w.twin(w.keyed(), dsse(stated(subjectJSON("app 1.0"), "https://slsa.dev/provenance/v0.2", `{"builder":{"id":"x"},"buildType":"y"}`), w.second))
	w.twin(w.keyed(), link("rebuild app", "app 1.0", w.second))
}

// patterns signs under names that a careless pattern would let in.
func (w *world) patterns() {
	match := w.named()
	match.Identity, match.Match = "", `https://github\.com/rebuild/[a-z]+/\.github/workflows/rebuild\.yml@refs/(heads|tags)/[a-z0-9.]+`
	as := func(name string) []byte {
		r := order()
		r.Identity.URI = name
		return w.own.Bundle(r)
	}
	const file, ref = "https://github.com/rebuild/farm/.github/workflows/rebuild.yml", "@refs/heads/main"
	for name, san := range map[string]string{
		"with a tail":            file + ref + "-mallory/x",
		"with a head":            "https://mallory.example/?u=" + file + ref,
		"with a user":            "https://github.com@mallory.example/rebuild/farm/.github/workflows/rebuild.yml" + ref,
		"dot for anything":       "https://githubxcom/rebuild/farm/.github/workflows/rebuild.yml" + ref,
		"another owner":          "https://github.com/mallory/farm/.github/workflows/rebuild.yml" + ref,
		"the owner further down": "https://github.com/mallory/rebuild/farm/.github/workflows/rebuild.yml" + ref,
		"a repository below":     "https://github.com/rebuild/farm/x/.github/workflows/rebuild.yml" + ref,
		"another workflow":       "https://github.com/rebuild/farm/.github/workflows/evil.yml" + ref,
		"a pull request":         file + "@refs/pull/1/merge",
		"in another case":        strings.Replace(file, "rebuild/farm", "Rebuild/Farm", 1) + ref,
		"without TLS":            strings.Replace(file, "https", "http", 1) + ref,
		"with an empty ref":      file + "@refs/heads/",
		"escaped":                strings.Replace(file, "farm", "f%61rm", 1) + ref,
		"with a query":           file + ref + "?x",
		"with a fragment":        file + ref + "#" + ref,
	} {
		w.attack(name, attest.WrongIdentity, match, as(san))
	}
	for name, san := range map[string]string{"a line break behind": "ann@farm.example\n", "a line break before": "\nann@farm.example", "two lines": "ann@farm.example\nann@farm.example", "a zero behind": "ann@farm.example\x00", "a space": "ann@farm.example "} {
		p := w.named()
		p.Identity, p.Match = "", `ann@farm\.example`
		r := order()
		r.Identity = mint.Identity{Other: san, Issuer: ciIssuer}
		w.attack(name, attest.WrongIdentity, p, w.own.Bundle(r))
	}
	for _, wide := range []string{`.*`, `.+`, `^.*$`, `(?s:.*)`, `https://github.com/.*`, `farm|.*`, `.*rebuild.*|`, `[^x]+`, `a)|(?:.*`, `https://.*\.yml@.*`} {
		p := match
		p.Match = wide
		w.attack("pattern "+wide, attest.BadPolicy, p, as(file+ref))
	}
	w.twin(match, as(file+ref))
	w.twin(match, as(strings.Replace(file, "farm", "plant", 1)+"@refs/tags/v1.0"))
}

// spelling varies a name that the policy has exactly.
func (w *world) spelling() {
	good := rebuilderCI().URI
	names := map[string]bool{}
	for len(names) < 12 {
		raw := []byte(good)
		for range 1 + w.r.IntN(3) {
			if i := w.r.IntN(len(raw)); raw[i] >= 'a' && raw[i] <= 'z' && i > 8 {
				raw[i] -= 'a' - 'A'
			}
		}
		if string(raw) != good {
			names[string(raw)] = true
		}
	}
	for _, other := range []string{good + "/", good + ".", good + "%20", strings.Replace(good, "rebuild/farm", "rebuild//farm", 1), strings.Replace(good, "github.com", "github.com:443", 1), good[:len(good)-1]} {
		names[other] = true
	}
	for name := range names {
		r := order()
		r.Identity.URI = name
		w.attack(fmt.Sprintf("%q", name), attest.WrongIdentity, w.named(), w.own.Bundle(r))
	}
	r := order()
	r.Identity.URI = strings.Replace(good, "farm", "f\u0430rm", 1) // a letter of another alphabet, which no URI has
	w.attack("homoglyph", "bad-certificate", w.named(), w.own.Bundle(r))
	w.twin(w.named(), w.own.Bundle(order()))
}

// payloadType calls a statement something else, before and after it is signed.
func (w *world) payloadType() {
	const right = "application/vnd.in-toto+json"
	for _, other := range []string{"text/plain", right + " ", strings.ToUpper(right), right + ";v=1", "application/json", "application/vnd.in-toto.provenance+json"} {
		w.attack(other+", envelope", attest.BadStatement, w.keyed(), mint.Envelope(other, built("app 1.0"), w.second))
		w.attack(other+", identity", attest.BadStatement, w.named(), w.own.Bundle(mint.Request{Payload: built("app 1.0"), PayloadType: other, Identity: rebuilderCI()}))
		w.attack(other+", renamed, envelope", attest.BadSignature, w.keyed(), bytes.Replace(mint.Envelope(other, built("app 1.0"), w.second), []byte(other), []byte(right), 1))
		w.attack(other+", renamed, identity", attest.BadSignature, w.named(),
			bytes.Replace(w.own.Bundle(mint.Request{Payload: built("app 1.0"), PayloadType: other, Identity: rebuilderCI()}), []byte(other), []byte(right), 1))
	}
	w.attack("length of the type moved into the payload", attest.BadSignature, w.keyed(), reshape(mint.Envelope(right+" 9", built("app 1.0"), w.second), func(m map[string]any) { m["payloadType"] = right }))
	w.attack("a message signature over the artifact", attest.Unreadable, w.named(), w.own.Bundle(mint.Request{Message: []byte("app 1.0"), Identity: rebuilderCI()}))
	w.twin(w.keyed(), mint.Envelope(right, built("app 1.0"), w.second))
	w.twin(w.keyed(), mint.Envelope("https://in-toto.io/Statement/v1", built("app 1.0"), w.second)) // as oss-rebuild once wrote
}

// twoReadings signs statements that two readers read differently.
func (w *world) twoReadings() {
	good := string(built("app 1.0"))
	other := subjectJSON("app 2.0")
	replace := func(old, with string) string { return strings.Replace(good, old, with, 1) }
	for name, payload := range map[string]string{
		"Subject beside subject":     replace(`"subject":`, `"Subject":`+other+`,"subject":`),
		"subject twice":              replace(`"subject":`, `"subject":`+other+`,"subject":`),
		"subject twice, good first":  replace(`}],"`, `}],"subject":`+other+`,"`) + " ",
		"predicateType twice":        replace(`"predicateType":`, `"predicateType":"https://x.example","predicateType":`),
		"unknown field":              replace(`"subject":`, `"note":1,"subject":`),
		"no predicateType":           replace(`"predicateType":"`+slsa1+`",`, ``),
		"predicateType in capitals":  replace(`"predicateType"`, `"PredicateType"`),
		"another _type":              replace(`Statement/v1`, `Statement/v2`),
		"no _type":                   replace(`"_type":"https://in-toto.io/Statement/v1",`, ``),
		"_type twice":                replace(`{"_type"`, `{"_type":"x","_type"`),
		"byte order mark":            "\ufeff" + good,
		"something behind":           good + `{"x":1}`,
		"a zero behind":              good + "\x00",
		"a comment":                  "/**/" + good,
		"a comma too many":           replace(`}]}`, `}],}`),
		"escaped key":                replace(`"subject":`, `"\u0073ubject":`+other+`,"subject":`),
		"invalid UTF-8":              replace(`"name":"app"`, "\"name\":\"a\xff\""),
		"lone surrogate":             replace(`"name":"app"`, `"name":"\ud800"`),
		"subject is no list":         replace(`"subject":`, `"subject":{"0":`) + "}",
		"subject's field in capital": replace(`"digest":`, `"Digest":`),
	} {
		if name == "subject twice, good first" {
			payload = strings.Replace(good, `]}`, `],"subject":`+other+`}`, 1)
		}
		w.bySeveral(name, attest.BadStatement, []byte(payload))
	}
	w.twin(w.keyed(), dsse([]byte(replace(`"name":"app"`, `"name":"\u0061pp"`)), w.second))
	w.twin(w.named(), w.as([]byte(good)))
}

// files hides an attestation in a file that two readers read differently.
func (w *world) files() {
	good := dsse(built("app 1.0"), w.second)
	for name, tt := range map[string]struct {
		b    []byte
		want attest.Code
	}{
		"payload twice":    {bytes.Replace(good, []byte(`"payload":`), []byte(`"payload":"e30=","payload":`), 1), "bad-json"},
		"Payload beside":   {bytes.Replace(good, []byte(`"payload":`), []byte(`"Payload":"e30=","payload":`), 1), "bad-json"},
		"key of two kinds": {bytes.Replace(good, []byte(`"payload":`), []byte(`"signed":{},"payload":`), 1), "ambiguous"},
		"unknown key":      {bytes.Replace(good, []byte(`"payload":`), []byte(`"x":1,"payload":`), 1), "bad-envelope"},
		"no signature":     {reshape(good, func(m map[string]any) { m["signatures"] = []any{} }), "bad-envelope"},
		"two signatures, bundle": {reshape(w.keyBundle(built("app 1.0"), w.second), func(m map[string]any) {
			list := in(m, "dsseEnvelope")["signatures"].([]any)
			in(m, "dsseEnvelope")["signatures"] = append(list, list...)
		}), attest.Unreadable},
		"blank line between":     {slices.Concat(good, []byte("\n\n"), good), "blank-line"},
		"two kinds on lines":     {slices.Concat(good, []byte("\n"), w.keyBundle(built("app 1.0"), w.second)), "ambiguous"},
		"npm calls it otherwise": {fmt.Appendf(nil, `{"attestations":[{"predicateType":"https://x.example","bundle":%s}]}`, w.keyBundle(built("app 1.0"), w.second)), "mislabelled"},
		"nothing":                {nil, "bad-json"},
		"a list":                 {[]byte("[]"), "bad-json"},
		"an older bundle":        {bytes.Replace(w.keyBundle(built("app 1.0"), w.second), []byte("v0.3"), []byte("v0.9"), 1), "unknown-version"},
		"too deep":               {[]byte(strings.Repeat("[", 100)), "bad-json"},
	} {
		w.attack(name, tt.want, w.keyed(), tt.b)
	}
	w.twin(w.keyed(), append(slices.Clone(good), '\n'))
}
