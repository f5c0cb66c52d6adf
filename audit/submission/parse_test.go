package submission

import (
	"errors"
	"os"
	"reflect"
	"strings"
	"testing"

	"github.com/proffer-audit/proffer/audit/strictyaml"
	"github.com/proffer-audit/proffer/audit/strictyaml/schematest"
)

func full(t testing.TB) string {
	t.Helper()
	data, err := os.ReadFile("testdata/full.yaml")
	if err != nil {
		t.Fatal(err)
	}
	return string(data)
}

func TestFull(t *testing.T) {
	s, err := Parse("full.yaml", []byte(full(t)))
	if err != nil {
		t.Fatal(err)
	}
	allSet(t, reflect.ValueOf(*s), "")
	if got := s.Builds[0].Command[3]; got != "-ldflags=-s -w" {
		t.Errorf("an argument was read as %q", got)
	}
	e := s.Errorf("x", "artifacts[1].digest", "", "why")
	if e.Line != 40 || e.Column != 13 || e.File != "full.yaml" {
		t.Errorf("artifacts[1].digest is said to stand at %d:%d of %s", e.Line, e.Column, e.File)
	}
}

// allSet holds that the example really has every field: each is set in some
// element of its list.
func allSet(t *testing.T, v reflect.Value, path string) {
	for i := range v.NumField() {
		f := v.Type().Field(i)
		if !f.IsExported() || f.Name == "Modified" || v.Type().PkgPath() != reflect.TypeFor[Submission]().PkgPath() {
			continue
		}
		field, name := v.Field(i), path+"."+f.Name
		switch {
		case field.IsZero():
			t.Errorf("the example has no %s", name)
		case field.Kind() == reflect.Pointer:
			allSet(t, field.Elem(), name)
		case field.Kind() == reflect.Struct:
			allSet(t, field, name)
		case field.Kind() == reflect.Slice && field.Type().Elem().Kind() == reflect.Struct:
			allSet(t, merged(field), name+"[]")
		}
	}
}

// merged is a struct with each field taken from the first element that has it.
func merged(list reflect.Value) reflect.Value {
	out := reflect.New(list.Type().Elem()).Elem()
	for i := range list.Len() {
		for j := range out.NumField() {
			if out.Field(j).CanSet() && out.Field(j).IsZero() {
				out.Field(j).Set(list.Index(i).Field(j))
			}
		}
	}
	return out
}

func TestSchema(t *testing.T) {
	schematest.Agrees(t, Schema(), reflect.TypeFor[Submission]())
	schematest.Validates(t, Schema(), []byte(full(t)))
	if schematest.Validate(t, Schema(), []byte(strings.Replace(full(t), "version: 2", "trust: {}\nversion: 2", 1))) == nil {
		t.Error("the schema lets a trust field pass")
	}
}

const (
	sum  = "4444444444444444444444444444444444444444444444444444444444444444"
	gosu = "h1:/yCM7qVQu6sYYUewQ39rtTtRMYMHdbP9oNjgp+lEV9w="
)

// Each row replaces one text of the full example and names the place of the
// refusal by the line's beginning (trimmed) and what stands at the column.
var refusals = []struct {
	name, old, new string
	code           strictyaml.Code
	line           string // beginning of the refused line, after the replacement
	at             string // the text at the refused column
	hint           string
}{
	// form
	{"unknown key", "kind: Submission", "kind: Submission\nproduct: x", strictyaml.UnknownKey, "product:", "product: x", `"products"`},
	{"case variant", "digest: sha256:555", "Digest: sha256:555", strictyaml.CaseVariantKey, "Digest:", "Digest: sha256", `"digest"`},
	{"other apiVersion", "proffer/v1", "proffer/v2", strictyaml.InvalidValue, "apiVersion", "proffer/v2", "proffer/v1"},
	{"a policy", "kind: Submission", "kind: Policy", strictyaml.InvalidValue, "kind", "Policy", "Submission"},
	{"version as a fraction", "version: 1.2.3\n", "version: 1.2\n", strictyaml.WrongType, "version: 1.2", "1.2", `quote it: "1.2"`},
	{"version zero", "version: 2\n", "version: 0\n", strictyaml.InvalidValue, "version", "0", "version 1"},
	{"no respondent", "respondent:\n  name: Acme", "respondent:\n  contact: Acme", strictyaml.DuplicateKey, "contact: response", "contact: respo", ""},
	{"nameless respondent", "  name: Acme\n", "", strictyaml.Missing, "aliases", "aliases: [Acme", `add "name"`},
	// what a vendor must not say
	{"trust root", "kind: Submission", "kind: Submission\ntrust: {roots: []}", TrustInSubmission, "trust:", "trust: {roots:", "only the reviewer's policy"},
	{"policy", "kind: Submission", "kind: Submission\nPolicy: x", TrustInSubmission, "Policy:", "Policy: x", "only the reviewer's policy"},
	{"waivers", "kind: Submission", "kind: Submission\nwaivers: []", TrustInSubmission, "waivers:", "waivers: []", ""},
	{"evaluation instant", "kind: Submission", "kind: Submission\nasof: 2020-01-01", TrustInSubmission, "asof:", "asof: 2020-01-", ""},
	{"checks", "kind: Submission", "kind: Submission\nchecks: [source]", TrustInSubmission, "checks:", "checks: [sourc", ""},
	{"demands", "kind: Submission", "kind: Submission\nrequire: {}", TrustInSubmission, "require:", "require: {}", ""},
	{"threshold of a role", "artifact: linux-x64, role: rebuilder}", "artifact: linux-x64, role: rebuilder, threshold: 1}", TrustInSubmission, "attestations:", "threshold: 1}]", ""},
	{"key of an attestation", "attestations: [{location", "attestations: [{key: mine.pem, location", TrustInSubmission, "attestations:", "key: mine.pem,", ""},
	{"waiver of a build", "    command: [compile]", "    skip: true\n    command: [compile]", TrustInSubmission, "skip:", "skip: true", ""},
	// header
	{"id with capitals", "id: acme-agent-2026", "id: Acme", strictyaml.InvalidValue, "id:", "Acme", "lower-case"},
	{"supersedes by another digest", "supersedes: sha256:", "supersedes: tree-sha256:", strictyaml.InvalidValue, "supersedes", "tree-sha256:11", "sha256"},
	{"profile by a path", "profile: bod-17-01", "profile: ../bod-17-01", strictyaml.InvalidValue, "matter", "../bod-17-01, ", ""},
	{"no date", "2026-11-01}", "2026-11-31}", strictyaml.InvalidValue, "matter", "2026-11-31}", ""},
	{"no products", "products:\n  - name: agent\n    version: 1.2.3\n", "products: []\nx:\n  - name: agent\n", strictyaml.Missing, "products", "[]", ""},
	{"product without version", "    version: 1.2.3\n", "", strictyaml.Missing, "- name: agent", "name: agent", `add "version"`},
	{"identifier that is none", `"pkg:npm/agent@1.2.3"`, `agent`, strictyaml.InvalidValue, "identifiers", "agent, \"cpe:2.", "purl"},
	{"identifier with a bad purl", `"pkg:npm/agent@1.2.3"`, `"pkg:npm"`, strictyaml.InvalidValue, "identifiers", "\"pkg:npm\", \"cp", "pkg:type"},
	{"short cpe", "1.2.3:*:*:*:*:*:*:*", "1.2.3", strictyaml.InvalidValue, "identifiers", "\"cpe:2.3:a:acm", "eleven"},
	{"embeds with a bad purl", "engine@v0.9.0", "engine@%zz", strictyaml.InvalidValue, "embeds", "\"pkg:golang/ex", ""},
	{"empty product embedded in", "embeddedIn: [Suite]", `embeddedIn: [""]`, strictyaml.InvalidValue, "embeddedIn", "\"\"]", ""},
	// sources and artifacts
	{"name with a slash", "name: rules.db", "name: a/b", strictyaml.InvalidValue, "- name: a/b", "a/b", ""},
	{"name used twice", "name: rules.db", "name: linux-x64", strictyaml.InvalidValue, "- name: linux-x64", "linux-x64", "once"},
	{"artifact called as a source", "name: rules.db", "name: rules", strictyaml.InvalidValue, "- name: rules", "rules", "once"},
	{"no purl and no location", "    locations: [file:rules.db]\n", "", strictyaml.Missing, "- name: rules.db", "name: rules.db", "locations"},
	{"empty locations", "[file:rules.db]", "[]", strictyaml.Missing, "- name: rules.db", "name: rules.db", ""},
	{"no digest", "    digest: sha256:5555555555555555555555555555555555555555555555555555555555555555\n", "", strictyaml.Missing, "- name: rules.db", "name: rules.db", `add "digest"`},
	{"unknown digest", "digest: sha256:555", "digest: md5:555", strictyaml.InvalidValue, "digest: md5", "md5:5555555555", "h1:"},
	{"short digest", "digest: sha256:5555", "digest: sha256:555", strictyaml.InvalidValue, "digest: sha256:555", "sha256:5555555", ""},
	{"sha256 for a Go module", gosu + "\n    completeness", "sha256:" + sum + "\n    completeness", strictyaml.InvalidValue, "digest: sha256", "sha256:4444444", "h1:"},
	{"h1 for an npm package", "path: tools/esbuild}", "path: x}\n      - {purl: \"pkg:npm/esbuild@0.25.12\", digest: \"" + gosu + "\", path: y}", strictyaml.InvalidValue, "- {purl: \"pkg:npm/esbuild@0.25.12\", digest: \"h1", "\"h1:/yCM7qVQu6", "sha256:"},
	{"sha256 for a commit", "digest: tree-sha256:222", "digest: sha256:222", strictyaml.InvalidValue, "digest: sha256:222", "sha256:2222222", "tree-sha256"},
	{"purl that is none", "purl: pkg:npm/%40acme/agent-linux-x64@1.2.3", "purl: npm/agent", strictyaml.InvalidValue, "purl", "npm/agent", "pkg:type"},
	{"purl in another case", "purl: pkg:npm/%40acme", "purl: PKG:npm/%40acme", strictyaml.InvalidValue, "purl", "PKG:npm/%40acm", ""},
	{"purl with slashes", "purl: pkg:npm/%40acme", "purl: pkg://npm/%40acme", strictyaml.InvalidValue, "purl", "pkg://npm/%40a", ""},
	{"purl without version", "agent-linux-x64@1.2.3", "agent-linux-x64", strictyaml.InvalidValue, "purl", "pkg:npm/%40acm", "version"},
	{"purl that names a place", "agent-linux-x64@1.2.3", "agent-linux-x64@1.2.3?repository_url=evil.example", strictyaml.InvalidValue, "purl", "pkg:npm/%40acm", "locations"},
	{"purl with a subpath", "example.org/Agent@v1.2.3", "example.org/Agent@v1.2.3#cmd", strictyaml.InvalidValue, "purl", "pkg:golang/exa", "locations"},
	{"Go module without a v", "example.org/Agent@v1.2.3", "example.org/Agent@1.2.3", strictyaml.InvalidValue, "purl", "pkg:golang/exa", "v1.2.3"},
	{"Go module path that is none", "example.org/Agent@v1.2.3", "localhost/Agent@v1.2.3", strictyaml.InvalidValue, "purl", "pkg:golang/loc", ""},
	{"unknown kind", "kind: rules", "kind: rule", strictyaml.InvalidValue, "kind: rule", "rule", `"rules"`},
	{"unknown system", "platform: linux/amd64\n    files", "platform: linx/amd64\n    files", strictyaml.InvalidValue, "platform", "linx/amd64", "Go's names"},
	{"platform with npm's name", "platform: linux/amd64\n    files", "platform: linux/x64\n    files", strictyaml.InvalidValue, "platform", "linux/x64", "Go's names"},
	{"completeness left out", "    completeness: full\n", "", strictyaml.Missing, "- name: agent", "name: agent", `add "completeness"`},
	{"partial without reasons", "    omitted: [{path: vendor/partner, reason: belongs to a partner}]\n", "", strictyaml.Missing, "- name: rules", "name: rules", `add "omitted"`},
	{"full with something omitted", "completeness: partial", "completeness: full", strictyaml.InvalidValue, "omitted", "[{path: vendor", "partial"},
	{"omitted twice", "reason: belongs to a partner}", "reason: a}, {path: vendor/partner, reason: b}", strictyaml.InvalidValue, "omitted", "vendor/partner", "once"},
	{"omitted above", "path: vendor/partner", "path: ../partner", strictyaml.InvalidValue, "omitted", "../partner, re", ""},
	{"member path that climbs", "path: package/bin/agent,", "path: ../bin/agent,", strictyaml.InvalidValue, "files", "../bin/agent, ", ""},
	{"member twice", "[{path: package/bin/agent, digest: sha256:" + sum + "}]", "[{path: a, digest: sha256:" + sum + "}, {path: a, digest: sha256:" + sum + "}]", strictyaml.InvalidValue, "files", "a, digest: sha", "once"},
	{"member with a module's digest", "digest: sha256:444", "digest: tree-sha256:444", strictyaml.InvalidValue, "files", "tree-sha256:44", "sha256"},
	// locations
	{"http", `"https://mirror.example/agent.zip"`, `"http://mirror.example/agent.zip"`, strictyaml.InvalidValue, "locations", "\"http://mirror", "https://"},
	{"no scheme", `"https://mirror.example/agent.zip"`, `agent.zip`, strictyaml.InvalidValue, "locations", "agent.zip, \"fi", ""},
	{"https without a host", `"https://mirror.example/agent.zip"`, `"https:///agent.zip"`, strictyaml.InvalidValue, "locations", "\"https:///agen", ""},
	{"https without slashes", `"https://mirror.example/agent.zip"`, `"https:agent.zip"`, strictyaml.InvalidValue, "locations", "\"https:agent.z", ""},
	{"password", `"https://mirror.example/agent.zip"`, `"https://u:p@mirror.example/agent.zip"`, strictyaml.InvalidValue, "locations", "\"https://u:p@m", "credentials"},
	{"fragment", `"https://mirror.example/agent.zip"`, `"https://mirror.example/agent.zip#x"`, strictyaml.InvalidValue, "locations", "\"https://mirro", ""},
	{"mirror twice", `"https://mirror.example/agent.zip"`, `"file:mirror/agent.zip"`, strictyaml.InvalidValue, "locations", "\"file:mirror/a", "once"},
	{"file that is absolute", `"file:mirror/agent.zip"`, `"file:/etc/passwd"`, strictyaml.InvalidValue, "locations", "\"file:/etc/pas", "relative to the manifest"},
	{"file with a host", `"file:mirror/agent.zip"`, `"file://host/agent.zip"`, strictyaml.InvalidValue, "locations", "\"file://host/a", ""},
	{"file URL", `"file:mirror/agent.zip"`, `"file:///etc/passwd"`, strictyaml.InvalidValue, "locations", "\"file:///etc/p", ""},
	{"file above", `"file:mirror/agent.zip"`, `"file:../agent.zip"`, strictyaml.InvalidValue, "locations", "\"file:../agent", ""},
	{"file above, later", `"file:mirror/agent.zip"`, `"file:a/../../agent.zip"`, strictyaml.InvalidValue, "locations", "\"file:a/../../", ""},
	{"file above, encoded", `"file:mirror/agent.zip"`, `"file:%2e%2e/agent.zip"`, strictyaml.InvalidValue, "locations", "\"file:%2e%2e/a", ""},
	{"file above, for Windows", `"file:mirror/agent.zip"`, `"file:..\\agent.zip"`, strictyaml.InvalidValue, "locations", "\"file:..\\\\agen", ""},
	{"file on a drive", `"file:mirror/agent.zip"`, `"file:C:/agent.zip"`, strictyaml.InvalidValue, "locations", "\"file:C:/agent", ""},
	{"file that is the folder itself", `"file:mirror/agent.zip"`, `"file:."`, strictyaml.InvalidValue, "locations", "\"file:.\"]", ""},
	{"file without a name", `"file:mirror/agent.zip"`, `"file:"`, strictyaml.InvalidValue, "locations", "\"file:\"]", ""},
	{"git by a short commit", "#208f53990c1c4e8b8b2d7d6f1a3f5a7c9e0b1d2f\"", "#208f5399\"", strictyaml.InvalidValue, "locations", "\"git+https://c", "commit"},
	{"git by a branch", "#208f53990c1c4e8b8b2d7d6f1a3f5a7c9e0b1d2f\"", "#main\"", strictyaml.InvalidValue, "locations", "\"git+https://c", "commit"},
	{"git over ssh", "git+https://code.example", "git+ssh://code.example", strictyaml.InvalidValue, "locations", "\"git+ssh://cod", "git+https"},
	{"oci by a tag", "agent@sha256:3333333333333333333333333333333333333333333333333333333333333333", "agent:v1", strictyaml.InvalidValue, "locations", "\"oci://registr", "sha256"},
	// builds
	{"build of nothing", "- artifact: rules.db", "- artifact: rules-db", strictyaml.InvalidValue, "- artifact: rules-db", "rules-db", "linux-x64 rules.db"},
	{"build from nothing", "    source: rules\n", "    source: rule\n", strictyaml.InvalidValue, "source: rule", "rule", "agent rules"},
	{"build of an unknown file", "file: package/bin/agent", "file: package/agent", strictyaml.InvalidValue, "file: package/agent", "package/agent", "files"},
	{"build of an archive as a whole", "    file: package/bin/agent\n", "", strictyaml.InvalidValue, "- artifact: linux-x64", "artifact: linu", "files"},
	{"build of a file that is not listed", "    source: rules\n", "    file: inner\n    source: rules\n", strictyaml.InvalidValue, "file: inner", "inner", "digest"},
	{"two builds of one file", "- artifact: rules.db\n", "- artifact: linux-x64\n    file: package/bin/agent\n", strictyaml.InvalidValue, "- artifact: linux-x64", "artifact: linu", "one recipe"},
	{"toolchain without an origin", "{locations: [file:compiler.tar], digest: tree", "{digest: tree", strictyaml.Missing, "toolchain", "{digest: tree-", "locations"},
	{"toolchain on an unknown platform", "      platform: linux/amd64\n", "      platform: linux\n", strictyaml.InvalidValue, "platform: linux", "linux", ""},
	{"patch without a rebuild", "      rebuild: [cmd/link]\n", "", strictyaml.InvalidValue, "purl: pkg:golang/golang.org/toolchain", "purl: pkg:gola", "tool is built"},
	{"rebuild of what is no tool", "rebuild: [cmd/link]", "rebuild: [../link]", strictyaml.InvalidValue, "rebuild", "../link]", "cmd/link"},
	{"patch with a tree's digest", "digest: sha256:666", "digest: tree-sha256:666", strictyaml.InvalidValue, "patches", "tree-sha256:66", ""},
	{"lock file above", "modules: go.sum", "modules: ../go.sum", strictyaml.InvalidValue, "modules", "../go.sum", ""},
	{"output that is absolute", "output: rules.db", "output: /rules.db", strictyaml.InvalidValue, "output: /", "/rules.db", ""},
	{"command as a shell's line", "command: [compile]", "command: compile all", strictyaml.WrongType, "command: compile", "compile all", "[a, b]"},
	{"command without words", "command: [compile]", "command: []", strictyaml.Missing, "command: []", "[]", ""},
	{"command without a program", "command: [compile]", `command: [""]`, strictyaml.InvalidValue, "command: [", "[\"\"]", "go, build"},
	{"number as an argument", "command: [compile]", `command: [compile, -j, 4]`, strictyaml.WrongType, "command: [", "4]", `quote it: "4"`},
	{"prepare without words", "prepare: [[go,", "prepare: [[], [go,", strictyaml.InvalidValue, "prepare", "[], [go, gener", ""},
	{"postprocess without words", "postprocess: [[strip,", "postprocess: [[], [strip,", strictyaml.InvalidValue, "postprocess", "[], [strip, ou", ""},
	{"relative path of the builder", "modules: /build/gomod", "modules: build/gomod", strictyaml.InvalidValue, "paths", "build/gomod, t", "/build/agent"},
	{"path of the builder that climbs", "source: /build/agent", "source: /build/../etc", strictyaml.InvalidValue, "paths", "/build/../etc,", ""},
	{"path of the builder that is the root", "toolchain: /usr/local/go}", "toolchain: /}", strictyaml.InvalidValue, "paths", "/}", ""},
	{"number in the environment", `CGO_ENABLED: "0"`, `CGO_ENABLED: 0`, strictyaml.WrongType, "env", "0}", `quote it: "0"`},
	{"odd name in the environment", `CGO_ENABLED: "0"`, `CGO-ENABLED: "0"`, strictyaml.InvalidValue, "env", "\"0\"}", "underscore"},
	{"stamp with a short commit", "vcs: {revision: 208f53990c1c4e8b8b2d7d6f1a3f5a7c9e0b1d2f", "vcs: {revision: \"208f5399\"", strictyaml.InvalidValue, "vcs", "\"208f5399\", ti", "40"},
	{"stamp without a time", ", time: 2026-01-01T00:00:00Z", "", strictyaml.Missing, "vcs", "{revision: 208", `add "time"`},
	{"root by a tag", "root: {location: \"file:root.tar\"", "root: {location: \"docker:debian\"", strictyaml.InvalidValue, "root", "\"docker:debian", ""},
	{"input from nowhere", "{location: \"file:icon.ico\", digest: sha256:888", "{digest: sha256:888", strictyaml.Missing, "- {digest", "{digest: sha25", ""},
	{"input from above", "file:icon.ico", "file:../icon.ico", strictyaml.InvalidValue, "- {location: \"file:..", "\"file:../icon.", ""},
	{"input to above", "path: assets/icon.ico", "path: /assets/icon.ico", strictyaml.InvalidValue, "- {location", "/assets/icon.i", ""},
	{"two inputs at one place", "path: tools/esbuild", "path: assets/icon.ico", strictyaml.InvalidValue, "- {purl", "assets/icon.ic", "once"},
	{"workspace with a path on disk", "workspace: [example.org/tools,", "workspace: [./tools,", strictyaml.InvalidValue, "workspace", "./tools, examp", "example.org"},
	{"workspace at no version", "example.org/more@v1.0.0", "example.org/more@latest", strictyaml.InvalidValue, "workspace", "example.org/mo", ""},
	{"nondeterminism without a reason", ", why: made by a parallel tool", "", strictyaml.Missing, "nondeterminism", "{what: order o", `add "why"`},
	// statements
	{"attestation of nothing", "artifact: linux-x64, role: rebuilder", "artifact: linux, role: rebuilder", strictyaml.InvalidValue, "attestations", "linux, role: r", "linux-x64"},
	{"attestation in no role", "role: rebuilder", "role: friend", strictyaml.InvalidValue, "attestations", "friend}]", "rebuilder"},
	{"attestation from above", "file:r1.sigstore.json", "file:../r1.sigstore.json", strictyaml.InvalidValue, "attestations", "\"file:../r1.si", ""},
	{"attestation with a module's digest", "digest: sha256:aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa", "digest: " + gosu, strictyaml.InvalidValue, "attestations", "h1:/yCM7qVQu6s", "sha256"},
	{"attestation twice", "role: rebuilder}]", "role: rebuilder}, {location: \"file:r2\", digest: sha256:aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa, artifact: linux-x64, role: rebuilder}]", strictyaml.InvalidValue, "attestations", "{location: \"fi", "once"},
	{"sbom of nothing", "artifact: linux-x64}", "artifact: all}", strictyaml.InvalidValue, "- {location: \"file:sbom.json\"", "all}", ""},
	{"vex without a digest", "vex: [{location: \"file:vex.json\", digest: sha256:cccccccccccccccccccccccccccccccccccccccccccccccccccccccccccccccc}]", "vex: [{location: \"file:vex.json\"}]", strictyaml.Missing, "vex", "{location: \"fi", `add "digest"`},
	{"vex from nowhere", "file:vex.json", "vex.json", strictyaml.InvalidValue, "vex", "\"vex.json\", di", ""},
	// declarations
	{"unknown channel", "kind: update", "kind: updates", strictyaml.InvalidValue, "- kind: updates", "updates", `"update"`},
	{"channel without a host", "endpoint: https://update.acme.example/v1", "endpoint: update", strictyaml.InvalidValue, "endpoint", "update", "scheme"},
	{"country by name", "jurisdiction: US", "jurisdiction: USA", strictyaml.InvalidValue, "jurisdiction", "USA", "ISO 3166-1"},
	{"host with a scheme", "host: update.acme.example", "host: \"https://update.acme.example\"", strictyaml.InvalidValue, "- {host: \"https", "\"https://updat", "lower case"},
	{"host in capitals", "host: update.acme.example", "host: Update.acme.example", strictyaml.InvalidValue, "- {host: Update", "Update.acme.ex", "lower case"},
	{"host in another alphabet", "host: update.acme.example", "host: ädvice.example", strictyaml.InvalidValue, "- {host: ädvice", "ädvice.example", "xn--"},
	{"host with an odd port", ":8443", ":08443", strictyaml.InvalidValue, "- {host: \"*.cdn", "\"*.cdn.acme.ex", ""},
	{"host twice", "host: \"192.0.2.1\"", "host: update.acme.example", strictyaml.InvalidValue, "- {host: update.acme.example, purpose: time", "update.acme.ex", "once"},
	{"capability in small letters", "name: NETWORK", "name: network", strictyaml.InvalidValue, "capabilities", "network, why: ", "capitals"},
	{"capability twice", "why: it downloads updates}", "why: a}, {name: NETWORK, why: b}", strictyaml.InvalidValue, "capabilities", "NETWORK, why: ", "once"},
	{"capability without a reason", ", why: it downloads updates", "", strictyaml.Missing, "capabilities", "{name: NETWORK", ""},
	// claims, mitigations, documents
	{"claim without an id", "id: K1", "id: \"1\"", strictyaml.InvalidValue, "- {id: \"1\"", "\"1\", text: the", "capital"},
	{"claim on no concern", "concerns: [C8]", "concerns: [backdoor]", strictyaml.InvalidValue, "- {id: K1", "backdoor], kin", "C8"},
	{"claim backed by nothing", "evidence: [linux-x64,", "evidence: [linux,", strictyaml.InvalidValue, "- {id: K1", "linux, rebuild", "kind/subject"},
	{"claim backed by no check", "rebuild/linux-x64, M1", "rebuilt/linux-x64, M1", strictyaml.InvalidValue, "- {id: K1", "rebuilt/linux-", "kind/subject"},
	{"claim of no kind", "kind: technical", "kind: true", strictyaml.WrongType, "- {id: K1", "true, evidence", ""},
	{"mitigation twice", "id: M2", "id: M1", strictyaml.InvalidValue, "- {id: M1, concern: C6", "M1, concern: C", "once"},
	{"mitigation of no concern", "concern: C5", "concern: misuse", strictyaml.InvalidValue, "- {id: M1", "misuse, measur", "C8"},
	{"planned without a date", ", due: 2027-03-01", "", strictyaml.Missing, "- {id: M2", "{id: M2, conce", `add "due"`},
	{"in place with a date", "status: in-place", "status: in-place, due: 2027-03-01", strictyaml.InvalidValue, "- {id: M1", "2027-03-01, ve", ""},
	{"public document nowhere", ", location: \"file:release.pdf\"", "", strictyaml.Missing, "- {title: Release", "{title: Releas", `add "location"`},
	{"document above", "file:release.pdf", "file:/release.pdf", strictyaml.InvalidValue, "- {title: Release", "\"file:/release", ""},
	{"document of no confidentiality", "confidentiality: restricted", "confidentiality: secret", strictyaml.InvalidValue, "- {title: Key", "secret}", "restricted"},
	{"document with a bad digest", "digest: sha256:eeee", "digest: sha256:EEEE", strictyaml.InvalidValue, "- {title: Key", "sha256:EEEEeee", "sha256"},
	{"exclusion without a reason", ", why: shared with other products", "", strictyaml.Missing, "exclusions", "{what: the bui", `add "why"`},
}

func TestRefusals(t *testing.T) {
	base := full(t)
	for _, tt := range refusals {
		t.Run(tt.name, func(t *testing.T) {
			if strings.Count(base, tt.old) == 0 {
				t.Fatalf("the example has no %q", tt.old)
			}
			text := strings.Replace(base, tt.old, tt.new, 1)
			_, err := Parse("s.yaml", []byte(text))
			var e *strictyaml.Error
			if !errors.As(err, &e) {
				t.Fatalf("accepted, or another error: %v", err)
			}
			line := strings.Split(text, "\n")[e.Line-1]
			at := string([]rune(line)[e.Column-1:])
			if e.Code != tt.code || !strings.HasPrefix(strings.TrimSpace(line), tt.line) || !strings.HasPrefix(at, tt.at) {
				t.Errorf("%s at %q in the line %q, want %s at %q in %q\n%v", e.Code, at, line, tt.code, tt.at, tt.line, e)
			}
			if !strings.Contains(e.Hint, tt.hint) {
				t.Errorf("hint %q does not say %q", e.Hint, tt.hint)
			}
		})
	}
}
