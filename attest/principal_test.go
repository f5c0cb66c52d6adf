package attest_test

import (
	"errors"
	"testing"

	"github.com/proffer-audit/proffer/attest"
	"github.com/proffer-audit/proffer/attest/bundle"
	"github.com/proffer-audit/proffer/attest/trust"
)

func TestIsPrincipal(t *testing.T) {
	who := bundle.Identity{SAN: "https://ci.example/build", Issuer: "https://issuer.example", RunnerEnvironment: "github-hosted"}
	exact := trust.Principal{Name: "ci", Identity: who.SAN, Issuer: who.Issuer}
	match := trust.Principal{Name: "ci", Match: `https://ci\.example/[a-z]+`, Issuer: who.Issuer}
	with := func(p trust.Principal, change func(*trust.Principal)) trust.Principal {
		change(&p)
		return p
	}
	for _, tt := range []struct {
		name string
		p    trust.Principal
		want attest.Code
	}{
		{"exact", exact, ""},
		{"match", match, ""},
		{"runner", with(exact, func(p *trust.Principal) { p.CI.Runner = "github-hosted" }), ""},
		{"other name", with(exact, func(p *trust.Principal) { p.Identity += "r" }), attest.WrongIdentity},
		{"other issuer", with(exact, func(p *trust.Principal) { p.Issuer += "/" }), attest.WrongIdentity},
		{"part of the name matches", with(match, func(p *trust.Principal) { p.Match = `https://ci\.example/b` }), attest.WrongIdentity},
		{"other runner", with(exact, func(p *trust.Principal) { p.CI.Runner = "self-hosted" }), attest.WrongBuild},
		{"what the certificate does not say", with(exact, func(p *trust.Principal) { p.CI.SourceRef = "refs/heads/main" }), attest.WrongBuild},
		{"nobody", trust.Principal{Issuer: who.Issuer}, attest.BadPolicy},
		{"no issuer", with(exact, func(p *trust.Principal) { p.Issuer = "" }), attest.BadPolicy},
		{"no pattern", with(match, func(p *trust.Principal) { p.Match = "(" }), attest.BadPolicy},
	} {
		t.Run(tt.name, func(t *testing.T) {
			err := attest.IsPrincipal(who, tt.p)
			var e *attest.Error
			if errors.As(err, &e); tt.want == "" && err != nil || tt.want != "" && (e == nil || e.Code != tt.want) {
				t.Errorf("%v, want %q", err, tt.want)
			}
		})
	}
}
