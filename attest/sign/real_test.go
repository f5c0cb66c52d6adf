package sign_test

import (
	"context"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/proffer-audit/proffer/attest"
	"github.com/proffer-audit/proffer/attest/sign"
	"github.com/proffer-audit/proffer/attest/sign/stacktest"
	"github.com/proffer-audit/proffer/attest/statement"
	"github.com/proffer-audit/proffer/attest/trust"
	"github.com/proffer-audit/proffer/attest/wire"
)

// realStack starts the real services, or skips.
func realStack(t *testing.T) *stacktest.Stack {
	t.Helper()
	bin := os.Getenv(stacktest.Variable)
	if bin == "" {
		t.Skipf("%s names no folder with %s: the real services are not tested", stacktest.Variable, strings.Join(stacktest.Programs(), ", "))
	}
	started := time.Now()
	s, err := stacktest.Start(t.Context(), bin, t.TempDir())
	check(t, err)
	t.Logf("the services are up after %v", time.Since(started).Round(time.Millisecond))
	t.Cleanup(func() { check(t, s.Close()) })
	return s
}

func check(t testing.TB, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

func options(t testing.TB, s *stacktest.Stack) sign.Options {
	t.Helper()
	services, err := sign.ParseConfig(s.SigningConfig, time.Now())
	check(t, err)
	return sign.Options{
		Client: wire.New(wire.Options{AllowPrivate: true}), Services: services, Root: s.TrustedRoot, Now: time.Now,
	}
}

func signer(t testing.TB, s *stacktest.Stack, token string) *sign.Signer {
	t.Helper()
	tok, err := sign.ParseToken(token)
	check(t, err)
	one, err := sign.Identity(context.Background(), tok, options(t, s))
	check(t, err)
	return one
}

func payload(t testing.TB, name string) []byte {
	t.Helper()
	raw, err := statement.New("https://example.org/test/v1", []statement.Subject{{Name: name, Digest: map[string]string{"sha256": strings.Repeat("ab", 32)}}}, map[string]string{"a": "b"})
	check(t, err)
	return raw
}

func TestRealIdentity(t *testing.T) {
	s := realStack(t)
	const alice = "alice@acme.example"
	roots := map[string][]byte{"own": s.TrustedRoot}
	one := signer(t, s, s.Person(alice))
	b, err := one.Statement(t.Context(), payload(t, "a"))
	check(t, err)
	who := trust.Principal{Name: "p", Identity: alice, Issuer: s.People, Root: "own"}
	if _, _, err := attest.VerifyIdentity(b, who, roots); err != nil {
		t.Fatal(err)
	}
	if !statement.IsCanonical(b) {
		t.Error("the bundle is not canonical")
	}
	who.Identity = "bob@acme.example"
	if _, _, err := attest.VerifyIdentity(b, who, roots); err == nil {
		t.Error("taken for another's")
	}
	check(t, os.WriteFile(filepath.Join(t.TempDir(), "x"), b, 0o600))
}
