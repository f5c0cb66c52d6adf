package attest_test

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"strings"
	"testing"

	"github.com/proffer-audit/proffer/attest"
	"github.com/proffer-audit/proffer/attest/claim"
	"github.com/proffer-audit/proffer/attest/statement"
	"github.com/proffer-audit/proffer/attest/trust"
)

// code is the code of a refusal, or "" where there was none.
func code(t testing.TB, err error) attest.Code {
	t.Helper()
	if err == nil {
		return ""
	}
	var e *attest.Error
	if !errors.As(err, &e) {
		t.Fatalf("error %v is not an *Error", err)
	}
	if strings.ContainsAny(e.Error(), "\x00\x1b\n\u202e") {
		t.Fatalf("error text is not safe: %q", e.Error())
	}
	return e.Code
}

// signer is a key of the tests' own.
type signer struct {
	key *trust.Key
	pub []byte
}

func newSigner(t testing.TB) signer {
	t.Helper()
	private, public, err := trust.NewKey(nil)
	check(t, err)
	key, err := trust.LoadKey(private, nil)
	check(t, err)
	return signer{key, public}
}

func (s signer) sign(t testing.TB, payloadType string, payload []byte) []byte {
	t.Helper()
	b, err := attest.Sign(context.Background(), s.key, payloadType, payload)
	check(t, err)
	return b
}

// attest signs a statement.
func (s signer) attest(t testing.TB, payload []byte) []byte {
	t.Helper()
	return s.sign(t, statement.PayloadType, payload)
}

func hexSum(s string) string {
	sum := sha256.Sum256([]byte(s))
	return hex.EncodeToString(sum[:])
}

// subject is something called by its contents.
func subject(contents string) statement.Subject {
	return statement.Subject{Name: "their name of " + contents, Digest: map[string]string{"sha256": hexSum(contents)}}
}

// provenance is a statement of a build of these contents.
func provenance(t testing.TB, contents ...string) []byte {
	t.Helper()
	p, err := claim.NewProvenance(claim.Build{BuilderID: "https://builder.example", BuildType: "https://builder.example/type", External: map[string]string{}})
	check(t, err)
	return says(t, claim.ProvenanceType, p, contents...)
}

// says is a statement with any predicate.
func says(t testing.TB, predicateType string, predicate any, contents ...string) []byte {
	t.Helper()
	var subjects []statement.Subject
	for _, c := range contents {
		subjects = append(subjects, subject(c))
	}
	payload, err := statement.New(predicateType, subjects, predicate)
	check(t, err)
	return payload
}
