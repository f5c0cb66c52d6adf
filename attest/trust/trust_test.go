package trust_test

import (
	"crypto/elliptic"
	"math/big"
	"reflect"
	"strings"
	"testing"

	"github.com/proffer-audit/proffer/attest/trust"
)

type bigInt = big.Int

func newInt(n int64) *bigInt { return big.NewInt(n) }

const (
	workflow = "https://github.com/acme/agent/.github/workflows/release.yml@refs/heads/main"
	issuer   = "https://token.actions.githubusercontent.com"
)

func TestPrincipalValidate(t *testing.T) {
	key := publicPEM(t, ecKey(t, elliptic.P256()).Public())
	for _, tt := range []struct {
		name string
		p    trust.Principal
		want trust.Code
	}{
		{"key", trust.Principal{Name: "r", Key: key}, ""},
		{"key with a root for its timestamps", trust.Principal{Name: "r", Key: key, Root: "public-good"}, ""},
		{"identity", trust.Principal{Name: "r", Identity: workflow, Issuer: issuer, Root: "public-good"}, ""},
		{"identity of a build", trust.Principal{Name: "r", Identity: workflow, Issuer: issuer, Root: "public-good", CI: trust.CI{Runner: "github-hosted"}}, ""},
		{"match", trust.Principal{Name: "r", Match: `https://github\.com/acme/.*`, Issuer: issuer, Root: "public-good"}, ""},

		{"no name", trust.Principal{Key: key}, trust.BadPrincipal},
		{"nothing to know it by", trust.Principal{Name: "r"}, trust.BadPrincipal},
		{"key and identity", trust.Principal{Name: "r", Key: key, Identity: workflow, Issuer: issuer, Root: "x"}, trust.BadPrincipal},
		{"identity and match", trust.Principal{Name: "r", Identity: workflow, Match: "x", Issuer: issuer, Root: "x"}, trust.BadPrincipal},
		{"identity without issuer", trust.Principal{Name: "r", Identity: workflow, Root: "x"}, trust.BadPrincipal},
		{"identity without root", trust.Principal{Name: "r", Identity: workflow, Issuer: issuer}, trust.BadPrincipal},
		{"key with a build behind it", trust.Principal{Name: "r", Key: key, CI: trust.CI{Runner: "self-hosted"}}, trust.BadPrincipal},
		{"line break in a demand", trust.Principal{Name: "r", Identity: workflow, Issuer: issuer, Root: "x", CI: trust.CI{SourceRef: "refs/heads/main\n"}}, trust.BadPrincipal},
		{"key with issuer", trust.Principal{Name: "r", Key: key, Issuer: issuer}, trust.BadPrincipal},
		{"invisible character in the name", trust.Principal{Name: "r\u200b", Key: key}, trust.BadPrincipal},
		{"line break in the identity", trust.Principal{Name: "r", Identity: "a\nb", Issuer: issuer, Root: "x"}, trust.BadPrincipal},
		{"pattern does not compile", trust.Principal{Name: "r", Match: `(`, Issuer: issuer, Root: "x"}, trust.BadPrincipal},
		{"not a key", trust.Principal{Name: "r", Key: []byte("x")}, trust.BadKey},
		{"weak key", trust.Principal{Name: "r", Key: publicPEM(t, ecKey(t, elliptic.P224()).Public())}, trust.WeakKey},
		{"everybody", trust.Principal{Name: "r", Match: `.*`, Issuer: issuer, Root: "x"}, trust.WideMatch},
	} {
		t.Run(tt.name, func(t *testing.T) {
			err := tt.p.Validate()
			if got := code(t, err); got != tt.want {
				t.Errorf("got %q (%v), want %q", got, err, tt.want)
			}
		})
	}
}

func TestPattern(t *testing.T) {
	for _, tt := range []struct {
		match string
		want  trust.Code
	}{
		{`https://github\.com/acme/agent/\.github/workflows/[a-z]+\.yml@refs/tags/v.*`, ""},
		{`.+@acme\.example`, ""},
		{`(?i)release@acme\.example`, ""},
		{`a|b`, ""},

		{`.*`, trust.WideMatch},
		{`.+`, trust.WideMatch},
		{`^.*$`, trust.WideMatch},
		{`(?s:.*)`, trust.WideMatch},
		{`[\s\S]*`, trust.WideMatch},
		{`[^ ]+`, trust.WideMatch},
		{`.{1,500}`, trust.WideMatch},
		{`.{40,}`, trust.WideMatch},
		{`https://.*`, trust.WideMatch},
		{`https://github.com/.*`, trust.WideMatch},
		{`https://gitlab\.com/.+`, trust.WideMatch},
		{`.*@.*`, trust.WideMatch},
		{`.*/\.github/workflows/release\.yml@.*`, trust.WideMatch},
		{`acme|.*`, trust.WideMatch},
		{`(acme)?`, trust.WideMatch},
		{`()`, trust.WideMatch},
		{`a)|(?:.*`, trust.BadPrincipal},
		{`[`, trust.BadPrincipal},
		{strings.Repeat("a", 2000), trust.BadPrincipal},
		{``, trust.BadPrincipal},
	} {
		t.Run(tt.match, func(t *testing.T) {
			anchored, err := trust.Principal{Name: "r", Match: tt.match}.Pattern()
			if got := code(t, err); got != tt.want {
				t.Fatalf("got %q (%v), want %q", got, err, tt.want)
			}
			if err == nil && anchored != `^(?:`+tt.match+`)$` {
				t.Errorf("anchored as %s", anchored)
			}
		})
	}
}

// Every demand has a number of its own, and is listed by its name.
func TestDemands(t *testing.T) {
	if d := (trust.CI{}).Demands(); len(d) != 0 {
		t.Errorf("nothing demands %v", d)
	}
	c := trust.CI{
		SourceRepository: "a", SourceRepositoryID: "b", SourceRepositoryDigest: "c", SourceRef: "d", SourceOwner: "e", SourceOwnerID: "f", Runner: "g",
		BuildSignerURI: "h", BuildSignerDigest: "i", BuildConfigURI: "j", BuildConfigDigest: "k", BuildTrigger: "l", Visibility: "m",
	}
	seen := map[string]bool{}
	last := 0
	for _, d := range c.Demands() {
		if d.OID <= last || seen[d.Want] || d.Name == "" {
			t.Errorf("%+v stands in no order, or twice", d)
		}
		seen[d.Want], last = true, d.OID
	}
	if want := reflect.TypeFor[trust.CI]().NumField(); len(seen) != want {
		t.Errorf("%d demands of %d", len(seen), want)
	}
}

// One public key is one principal under any name and in any spelling of its
// file; identity and issuer together are another.
func TestPrincipalID(t *testing.T) {
	key := publicPEM(t, ecKey(t, elliptic.P256()).Public())
	id := func(p trust.Principal) string { return must(p.ID())(t) }
	a := id(trust.Principal{Name: "a", Key: key})
	b := id(trust.Principal{Name: "b", Organisation: "o", Key: append([]byte("\n\n"), strings.ReplaceAll(string(key), "\n", "\r\n")...)})
	if a != b {
		t.Errorf("one key has two ids: %s, %s", a, b)
	}
	seen := map[string]bool{a: true}
	for _, p := range []trust.Principal{
		{Key: publicPEM(t, ecKey(t, elliptic.P256()).Public())},
		{Identity: "x", Issuer: "y"},
		{Identity: "x", Issuer: "z"},
		{Identity: `x" issuer "y`, Issuer: ""},
		{Match: "x", Issuer: "y"},
	} {
		if got := id(p); seen[got] {
			t.Errorf("%s is not its own", got)
		} else {
			seen[got] = true
		}
	}
	for _, p := range []trust.Principal{{Name: "n"}, {Name: "n", Key: []byte("x")}} {
		if got, err := p.ID(); err == nil {
			t.Errorf("%+v has id %s", p, got)
		}
	}
}

func TestRoleValidate(t *testing.T) {
	p := func(name, org string) trust.Principal {
		return trust.Principal{Name: name, Organisation: org, Identity: name, Issuer: issuer, Root: "x"}
	}
	for _, tt := range []struct {
		name string
		r    trust.Role
		want trust.Code
	}{
		{"plain", trust.Role{Name: trust.Rebuilder, Threshold: 2, DistinctBy: []string{"principal", "organisation", "issuer"}, Principals: []trust.Principal{p("a", "o1"), p("b", "o2")}}, ""},
		{"not demanded", trust.Role{Name: trust.Vendor}, ""},
		{"unknown role", trust.Role{Name: "Rebuilder"}, trust.BadRole},
		{"negative threshold", trust.Role{Name: trust.Vendor, Threshold: -1}, trust.BadRole},
		{"unknown distinctBy", trust.Role{Name: trust.Vendor, DistinctBy: []string{"name"}}, trust.BadRole},
		{"independent in every way", trust.Role{Name: trust.Rebuilder, Threshold: 2, DistinctBy: trust.Independences(), Principals: []trust.Principal{p("a", "o1"), p("b", "o2")}}, ""},
		{"one organisation in two spellings", trust.Role{Name: trust.Rebuilder, Principals: []trust.Principal{p("a", "Acme Inc."), p("b", "ACME, inc")}}, trust.BadRole},
		{"one organisation in one spelling", trust.Role{Name: trust.Rebuilder, Principals: []trust.Principal{p("a", "Acme"), p("b", "Acme")}}, ""},
		{"two principals of one name", trust.Role{Name: trust.Vendor, Principals: []trust.Principal{p("a", ""), p("a", "")}}, trust.BadRole},
		{"organisation demanded and not named", trust.Role{Name: trust.Vendor, DistinctBy: []string{"organisation"}, Principals: []trust.Principal{p("a", "")}}, trust.BadRole},
		{"bad principal", trust.Role{Name: trust.Vendor, Principals: []trust.Principal{{Name: "a"}}}, trust.BadPrincipal},
	} {
		t.Run(tt.name, func(t *testing.T) {
			err := tt.r.Validate()
			if got := code(t, err); got != tt.want {
				t.Errorf("got %q (%v), want %q", got, err, tt.want)
			}
		})
	}
	for _, name := range trust.RoleNames() {
		if err := (trust.Role{Name: name}).Validate(); err != nil {
			t.Errorf("role %s: %v", name, err)
		}
	}
}

func TestErrorsNameTheEntry(t *testing.T) {
	r := trust.Role{Name: trust.Vendor, Principals: []trust.Principal{{Name: "ci", Match: ".*", Issuer: issuer, Root: "x"}}}
	err := r.Validate()
	if err == nil || !strings.HasPrefix(err.Error(), `role vendor: principal "ci": match pattern ".*" lets anybody in`) || !strings.Contains(err.Error(), "\nhint: ") {
		t.Errorf("got %v", err)
	}
}

func TestParseRoot(t *testing.T) {
	const empty = `{"mediaType":"application/vnd.dev.sigstore.trustedroot+json;version=0.1"}`
	for name, tt := range map[string]struct {
		in   string
		want trust.Code
	}{
		"no authorities":  {empty, ""},
		"empty":           {"", trust.BadRoot},
		"not JSON":        {"root", trust.BadRoot},
		"other type":      {`{"mediaType":"text/plain"}`, trust.BadRoot},
		"duplicate key":   {`{"mediaType":"x","mediaType":"application/vnd.dev.sigstore.trustedroot+json;version=0.1"}`, trust.BadRoot},
		"unknown field":   {`{"mediaType":"application/vnd.dev.sigstore.trustedroot+json;version=0.1","extra":1}`, trust.BadRoot},
		"broken contents": {`{"mediaType":"application/vnd.dev.sigstore.trustedroot+json;version=0.1","certificateAuthorities":[{"certChain":{"certificates":[{"rawBytes":"eHg="}]}}]}`, trust.BadRoot},
		"huge":            {strings.Repeat(" ", 5<<20) + empty, trust.BadRoot},
	} {
		t.Run(name, func(t *testing.T) {
			root, err := trust.ParseRoot([]byte(tt.in))
			if got := code(t, err); got != tt.want {
				t.Fatalf("got %q (%v), want %q", got, err, tt.want)
			}
			if err == nil && len(root.FulcioCertificateAuthorities()) != 0 {
				t.Error("authorities out of nowhere")
			}
		})
	}
}

func FuzzParsePublic(f *testing.F) {
	f.Add([]byte("-----BEGIN PUBLIC KEY-----\nMFkwEwYHKoZIzj0CAQYIKoZIzj0DAQcDQgAE\n-----END PUBLIC KEY-----\n"))
	_, pub, err := trust.NewKey(nil)
	if err != nil {
		f.Fatal(err)
	}
	f.Add(pub)
	f.Fuzz(func(t *testing.T, data []byte) {
		p, err := trust.ParsePublic(data)
		if err != nil {
			return
		}
		again, err := trust.ParsePublic(p.PEM())
		if err != nil || again.ID() != p.ID() {
			t.Fatalf("a key that was read does not read back: %v", err)
		}
	})
}
