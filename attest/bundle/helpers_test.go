package bundle_test

import (
	"crypto/sha256"
	"errors"
	"fmt"
	"testing"

	"github.com/proffer-audit/proffer/attest/bundle"
)

func check(t testing.TB, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

// code is the code of a refusal, or "" where there was none.
func code(t testing.TB, err error) bundle.Code {
	t.Helper()
	if err == nil {
		return ""
	}
	var e *bundle.Error
	if !errors.As(err, &e) {
		t.Fatalf("error %v is not an *Error", err)
	}
	return e.Code
}

// byDigest is an artifact of which only the SHA-256 is known.
func byDigest(t testing.TB, contents []byte) bundle.Artifact {
	t.Helper()
	a, err := bundle.Digest(fmt.Sprintf("sha256:%x", sha256.Sum256(contents)))
	check(t, err)
	return a
}
