package policy

import (
	"errors"
	"strings"
	"testing"

	"github.com/proffer-audit/proffer/audit/strictyaml"
)

const people = `match: 'https://github\.com/acme/.+'`

// Each row replaces one text of the full example and names the place of the
// refusal by the line's beginning (trimmed) and what stands at the column.
var refusals = []struct {
	name, old, new string
	code           strictyaml.Code
	line, at, hint string
}{
	{"unknown key", "sandbox: landlock", "sandbok: landlock", strictyaml.UnknownKey, "sandbok", "sandbok", `"sandbox"`},
	{"case variant", "asOf:", "asof:", strictyaml.CaseVariantKey, "asof", "asof", `"asOf"`},
	{"a submission", "kind: Policy", "kind: Submission", strictyaml.InvalidValue, "kind", "Submission", "Policy"},
	{"no id", "id: full\n", "", strictyaml.Missing, "apiVersion", "apiVersion", `add "id"`},
	{"id with a space", "id: full", "id: a b", strictyaml.InvalidValue, "id", "a b", ""},
	{"a day as the instant", "2026-11-21T02:00:00+02:00", "2026-11-21", strictyaml.InvalidValue, "asOf", "2026", "T00:00:00Z"},
	// roots
	{"root without a digest", ", digest: sha256:1111111111111111111111111111111111111111111111111111111111111111", "", strictyaml.Missing, "- {name: public-good", "{name", `add "digest"`},
	{"root by another digest", "digest: sha256:111", "digest: tree-sha256:111", strictyaml.InvalidValue, "- {name: public-good", "tree-sha256", "sha256"},
	{"root above the policy", "file: roots/", "file: ../", strictyaml.InvalidValue, "- {name: public-good", "../trusted", "not above it"},
	{"root anywhere", "file: roots/", "file: /roots/", strictyaml.InvalidValue, "- {name: public-good", "/roots", "relative"},
	{"root on a drive", "file: roots/", "file: C:roots/", strictyaml.InvalidValue, "- {name: public-good", "C:roots", "relative"},
	{"root twice", "  toolchains:", "    - {name: public-good, file: a, digest: sha256:1111111111111111111111111111111111111111111111111111111111111111}\n  toolchains:", strictyaml.InvalidValue, "- {name: public-good, file: a", "public-good", "once"},
	{"root with a name of no form", "- {name: public-good", "- {name: Public", strictyaml.InvalidValue, "- {name: Public", "Public", "lower-case"},
	// toolchains
	{"toolchain by a name alone", ", proof: checksum-database}", "}", strictyaml.Missing, "- {purl", "{purl", "proof"},
	{"toolchain by name and digest", `{digest: "tree`, `{purl: "pkg:golang/a", digest: "tree`, strictyaml.InvalidValue, `- {purl: "pkg:golang/a"`, "{purl", "digest"},
	{"toolchain by nothing", `{digest: "tree-sha256:2222222222222222222222222222222222222222222222222222222222222222"}`, "{}", strictyaml.InvalidValue, "- {}", "{}", ""},
	{"toolchain by a proof alone", `{digest: "tree-sha256:2222222222222222222222222222222222222222222222222222222222222222"}`, "{proof: checksum-database}", strictyaml.InvalidValue, "- {proof", "{proof", ""},
	{"digest with a proof", `{digest: "tree`, `{proof: checksum-database, digest: "tree`, strictyaml.InvalidValue, "- {proof", "checksum", ""},
	{"toolchain by a bad digest", `"tree-sha256:22`, `"tree-sha256:2`, strictyaml.InvalidValue, "- {digest", `"tree`, ""},
	{"toolchain at a version", "golang.org/toolchain", "golang.org/toolchain@v0.0.1", strictyaml.InvalidValue, "- {purl", `"pkg`, "without a version"},
	{"toolchain of npm", "pkg:golang/golang.org/toolchain", "pkg:npm/toolchain", strictyaml.InvalidValue, "- {purl", `"pkg`, "pkg:golang"},
	{"unknown proof", "proof: checksum-database", "proof: tls", strictyaml.InvalidValue, "- {purl", "tls", "checksum-database"},
	// logs
	{"log with a broken key", "+033de0ae+", "+033de0af+", strictyaml.InvalidValue, "- {name: sum", "sum.golang.org+", "name+hash+base64"},
	{"log with another's key", "{name: sum.golang.org", "{name: sum.example", strictyaml.InvalidValue, "- {name: sum", "sum.golang.org+", "name"},
	{"log twice", "  roles:\n", "    - {name: sum.golang.org, key: x}\n  roles:\n", strictyaml.InvalidValue, "- {name: sum.golang.org, key: x", "sum.golang.org", "once"},
	// roles
	{"unknown role", "    rebuilder:\n", "    rebuilders:\n", strictyaml.UnknownKey, "rebuilders", "rebuilders", `"rebuilder"`},
	{"role in another case", "    vendor:\n", "    Vendor:\n", strictyaml.CaseVariantKey, "Vendor", "Vendor", `"vendor"`},
	{"role without a threshold", "      threshold: 1\n", "", strictyaml.Missing, "principals:", "principals", `add "threshold"`},
	{"negative threshold", "threshold: 1", "threshold: -1", strictyaml.InvalidValue, "threshold: -1", "-1", "0 demands nothing"},
	{"threshold as a string", "threshold: 1", `threshold: "1"`, strictyaml.WrongType, "threshold", `"1"`, ""},
	{"threshold that cannot be met", "threshold: 2", "threshold: 3", Unsatisfiable, "threshold: 3", "3", "fewer"},
	{"demand that cannot be met", "rebuilder: 2}", "rebuilder: 3}", Unsatisfiable, "provenance", "3", "fewer"},
	{"demand of a role that nobody has", "rebuilder: 2}", "auditor: 1}", Unsatisfiable, "provenance", "1", "trust.roles"},
	{"negative demand", "{vendor: 0", "{vendor: -1", strictyaml.InvalidValue, "provenance", "-1", ""},
	{"one organisation twice", "organisation: o2", "organisation: o1", Unsatisfiable, "threshold: 2", "2", ""},
	{"one key twice", "key: keys/r2.pem", "key: keys/r1.pem", Unsatisfiable, "threshold: 2", "2", ""},
	{"no organisation", "organisation: o2, ", "", strictyaml.Missing, "- {name: r2", "{name", "organisation"},
	{"independence by default", "      distinctBy: [principal, organisation, issuer]\n      principals:\n        - {name: r1, organisation: o1,", "      principals:\n        - {name: r1,", strictyaml.Missing, "- {name: r1", "{name", "organisation"},
	{"one identity twice", "      threshold: 1\n", "      threshold: 2\n      distinctBy: [issuer]\n", Unsatisfiable, "threshold: 2", "2", ""},
	{"unknown independence", "[principal, organisation, issuer]", "[principal, country]", strictyaml.InvalidValue, "distinctBy", "country", "organisation"},
	{"independence twice", "[principal, organisation, issuer]", "[principal, principal]", strictyaml.InvalidValue, "distinctBy", "principal]", "once"},
	// principals
	{"name twice", "name: r2", "name: r1", strictyaml.InvalidValue, "- {name: r1, organisation: o2", "r1", "once"},
	{"known by nothing", ", key: keys/r2.pem", "", strictyaml.InvalidValue, "- {name: r2", "{name", "one of identity"},
	{"known by two", "key: keys/r2.pem", "key: keys/r2.pem, identity: a", strictyaml.InvalidValue, "- {name: r2", "{name", "one of identity"},
	{"key with an issuer", "key: keys/r2.pem", `key: keys/r2.pem, issuer: "https://a.example"`, strictyaml.InvalidValue, "- {name: r2", "{name", "leave out"},
	{"key with a build behind it", "key: keys/r2.pem", "key: keys/r2.pem, ci: {runner: self-hosted}", strictyaml.InvalidValue, "- {name: r2", "{runner", "leave it out"},
	{"key under no root", "key: keys/r2.pem, root: public-good", "key: keys/r2.pem, root: other", strictyaml.InvalidValue, "- {name: r2", "other", "trust.roots"},
	{"one organisation in two spellings", "organisation: o2", "organisation: O-1", strictyaml.InvalidValue, "- {name: r2", "O-1", "one way"},
	{"unknown demand", "            sourceRef:", "            sourceBranch:", strictyaml.UnknownKey, "sourceBranch", "sourceBranch", ""},
	{"demand in another case", "            sourceRef:", "            sourceref:", strictyaml.CaseVariantKey, "sourceref", "sourceref", `"sourceRef"`},
	{"demand of a pattern", "sourceRef: refs/tags/v1.2.4", "sourceRef: refs/tags/v.*", strictyaml.InvalidValue, "sourceRef", "refs/tags/v.*", "refs/heads"},
	{"demand of a short ref", "sourceRef: refs/tags/v1.2.4", "sourceRef: v1.2.4", strictyaml.InvalidValue, "sourceRef", "v1.2.4", "refs/tags"},
	{"demand of an unknown runner", "runner: github-hosted", "runner: hosted", strictyaml.InvalidValue, "runner", "hosted", "self-hosted"},
	{"demand of a short commit", "sourceRepositoryDigest: 0123456789abcdef0123456789abcdef01234567", "sourceRepositoryDigest: abcdef0", strictyaml.InvalidValue, "sourceRepositoryDigest", "abcdef0", "full commit"},
	{"demand of a commit in capitals", "buildSignerDigest: 0123456789abcdef", "buildSignerDigest: 0123456789ABCDEF", strictyaml.InvalidValue, "buildSignerDigest", "0123456789ABCDEF", "lower-case"},
	{"demand of a name for a repository", `sourceRepository: "https://github.com/acme/agent"`, "sourceRepository: acme/agent", strictyaml.InvalidValue, "sourceRepository", "acme/agent", "https://"},
	{"demand of a host for a repository", `sourceRepository: "https://github.com/acme/agent"`, `sourceRepository: "https://github.com/"`, strictyaml.InvalidValue, "sourceRepository", `"https://github.com/"`, "owner/repository"},
	{"demand of an owner without TLS", `sourceOwner: "https:`, `sourceOwner: "http:`, strictyaml.InvalidValue, "sourceOwner", `"http:`, "https://"},
	{"demand of two words", "buildTrigger: push", "buildTrigger: push or tag", strictyaml.InvalidValue, "buildTrigger", "push or", "event"},
	{"demand of a number", `sourceOwnerID: "2002"`, "sourceOwnerID: 2002", strictyaml.WrongType, "sourceOwnerID", "2002", ""},
	{"demand of anything", "buildConfigDigest: 0123456789abcdef0123456789abcdef01234567", `buildConfigDigest: "*"`, strictyaml.InvalidValue, "buildConfigDigest", `"*"`, ""},
	{"key above the policy", "key: keys/r2.pem", "key: ../r2.pem", strictyaml.InvalidValue, "- {name: r2", "../r2", "not above it"},
	{"key anywhere", "key: keys/r2.pem", "key: /etc/r2.pem", strictyaml.InvalidValue, "- {name: r2", "/etc", "relative"},
	{"key itself", "key: keys/r2.pem", `key: "-----BEGIN PUBLIC KEY-----\nMA==\n-----END PUBLIC KEY-----"`, strictyaml.InvalidValue, "- {name: r2", `"-----`, "relative"},
	{"identity without an issuer", people + `, issuer: "https://token.example"`, people, strictyaml.Missing, "- {name: acme-people", "{name", `add "issuer"`},
	{"issuer without TLS", people + `, issuer: "https:`, people + `, issuer: "http:`, strictyaml.InvalidValue, "- {name: acme-people", `"http:`, "https://"},
	{"identity without a root", `v1.2.3", issuer: "https://token.example", root: public-good}`, `v1.2.3", issuer: "https://token.example"}`, strictyaml.Missing, "- {name: acme-ci", "{name", `add "root"`},
	{"identity under no root", `v1.2.3", issuer: "https://token.example", root: public-good}`, `v1.2.3", issuer: "https://token.example", root: other}`, strictyaml.InvalidValue, "- {name: acme-ci", "other", "trust.roots"},
	{"pattern as an identity", `workflows/release.yml@refs/tags/v1.2.3"`, `workflows/.*"`, strictyaml.InvalidValue, "- {name: acme-ci", `"https`, "match:"},
	{"anchored pattern as an identity", `identity: "https`, `identity: "^https`, strictyaml.InvalidValue, "- {name: acme-ci", `"^https`, "match:"},
	// patterns
	{"pattern that is none", people, `match: '('`, strictyaml.InvalidValue, "- {name: acme-people", `'('`, "RE2"},
	{"pattern with a backreference", people, `match: '(a)\1'`, strictyaml.InvalidValue, "- {name: acme-people", `'(a)`, "RE2"},
	{"pattern that breaks out", people, `match: 'a)|(?:.*'`, strictyaml.InvalidValue, "- {name: acme-people", `'a)`, "RE2"},
	{"everything", people, `match: '.*'`, WideMatch, "- {name: acme-people", `'.*'`, "owner"},
	{"everything but nothing", people, `match: '.+'`, WideMatch, "- {name: acme-people", `'.+'`, "owner"},
	{"everything, with its own anchors", people, `match: '^.*$'`, WideMatch, "- {name: acme-people", `'^.*$'`, ""},
	{"everything by an alternative", people, `match: 'acme|.*'`, WideMatch, "- {name: acme-people", `'acme|`, ""},
	{"everything by a flag", people, `match: '(?s:.)*'`, WideMatch, "- {name: acme-people", `'(?s`, ""},
	{"everything by a class", people, `match: '[^,]+'`, WideMatch, "- {name: acme-people", `'[^`, ""},
	{"nothing matches too", people, `match: '(https://github\.com/acme/a)?'`, WideMatch, "- {name: acme-people", `'(https`, ""},
	{"any host", people, `match: 'https://.*'`, WideMatch, "- {name: acme-people", `'https`, "host"},
	{"any owner", people, `match: 'https://github\.com/.+'`, WideMatch, "- {name: acme-people", `'https`, "owner"},
	{"any address", people, `match: '[^@]+@[^@]+'`, WideMatch, "- {name: acme-people", `'[^@]`, ""},
	{"pattern without an end", people, "match: " + strings.Repeat("a", maxPattern+1), strictyaml.InvalidValue, "- {name: acme-people", "aaaa", ""},
	// demands
	{"no level", "rebuild: explained", "rebuild: reproducible", strictyaml.InvalidValue, "rebuild", "reproducible", "bit-identical"},
	{"no inventory", "inventory: partial", "inventory: none", strictyaml.InvalidValue, "inventory", "none", "complete"},
	{"no severity", "severity: high", "severity: hihg", strictyaml.InvalidValue, "advisories", "hihg", `"high"`},
	{"no reachability", "unless-disproved", "maybe", strictyaml.InvalidValue, "advisories", "maybe", "always"},
	{"word for a boolean", "malicious: true", "malicious: yes", strictyaml.WrongType, "advisories", "yes", "true or false"},
	{"age without a unit", "maxAge: 240h", "maxAge: 240", strictyaml.WrongType, "advisories", "240", "168h"},
	{"age in days", "maxAge: 240h", "maxAge: 10d", strictyaml.InvalidValue, "advisories", "10d", "168h"},
	{"age of nothing", "maxAge: 240h", "maxAge: 0h", strictyaml.InvalidValue, "advisories", "0h", ""},
	{"denied in small letters", "deny: [CGO]", "deny: [cgo]", strictyaml.InvalidValue, "source", "cgo", "capitals"},
	{"declared twice", "[NETWORK, EXEC]", "[NETWORK, NETWORK]", strictyaml.InvalidValue, "source", "NETWORK], fail", "once"},
	{"database without a digest", "osv: {digest: sha256:3333333333333333333333333333333333333333333333333333333333333333}", "osv: {}", strictyaml.Missing, "databases", "{}}", `add "digest"`},
	{"database by another digest", "osv: {digest: sha256:3", "osv: {digest: sha512:3", strictyaml.InvalidValue, "databases", "sha512", ""},
	// waivers
	{"waiver without an end", ", expires: 2027-01-01", "", strictyaml.Missing, "waivers", "{finding", `add "expires"`},
	{"waiver to no date", "expires: 2027-01-01", "expires: never", strictyaml.InvalidValue, "waivers", "never", "2026-11-21"},
	{"waiver without an approver", ", approver: reviewer", "", strictyaml.Missing, "waivers", "{finding", `add "approver"`},
	{"waiver by nobody", "approver: reviewer", `approver: ""`, strictyaml.Missing, "waivers", `""`, ""},
	{"waiver of everything", `finding: "advisory/GO-2026-1:abc"`, `finding: "advisory/*"`, strictyaml.InvalidValue, "waivers", `"advisory/*"`, "by its id"},
	{"waiver twice", "expires: 2027-01-01}]", "expires: 2027-01-01}, {finding: \"advisory/GO-2026-1:abc\", reason: a, approver: b, expires: 2028-01-01}]", strictyaml.InvalidValue, "waivers", `"advisory/GO-2026-1:abc", reason: a`, "once"},
	// the rest
	{"memory without a unit", "memory: 8GiB", "memory: 8", strictyaml.WrongType, "limits", "8", ""},
	{"memory with a decimal unit", "memory: 8GiB", "memory: 8GB", strictyaml.InvalidValue, "limits", "8GB", "GiB"},
	{"no time", "cpu: 2h", "cpu: -2h", strictyaml.InvalidValue, "limits", "-2h", ""},
	{"no wall time", "wall: 3h", "wall: 0s", strictyaml.InvalidValue, "limits", "0s", ""},
	{"no sandbox", "sandbox: landlock", "sandbox: none", strictyaml.InvalidValue, "sandbox", "none", "namespaces"},
	{"unknown variation", "[path, timezone]", "[path, moon]", strictyaml.InvalidValue, "variations", "moon", "timezone"},
	{"variation twice", "[path, timezone]", "[path, path]", strictyaml.InvalidValue, "variations", "path]", "once"},
	{"independent of oneself", "independent: 3", "independent: 1", strictyaml.InvalidValue, "independent", "1", "E3"},
	{"unknown disclosure", "disclosure: agency", "disclosure: none", strictyaml.InvalidValue, "disclosure", "none", "public"},
}

func TestRefusals(t *testing.T) {
	base := full(t)
	for _, tt := range refusals {
		t.Run(tt.name, func(t *testing.T) {
			if !strings.Contains(base, tt.old) {
				t.Fatalf("the example has no %q", tt.old)
			}
			text := strings.Replace(base, tt.old, tt.new, 1)
			_, err := Parse("p.yaml", []byte(text))
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

func TestMatchesThatAreAccepted(t *testing.T) {
	for _, m := range []string{
		`https://github\.com/acme/agent/\.github/workflows/.+`, `https://github\.com/acme/.*@refs/tags/v[0-9.]+`, `[^@]+@acme\.example`,
		`(?i)release@acme\.example`, `a@acme\.example|b@acme\.example`,
	} {
		text := strings.Replace(full(t), people, "match: '"+m+"'", 1)
		if _, err := Parse("p.yaml", []byte(text)); err != nil {
			t.Errorf("%s: %v", m, err)
		}
	}
}
