package rebuild

import (
	"context"
	"errors"
	"os"
	"path/filepath"
	"testing"

	"github.com/proffer-audit/proffer/audit/sandbox"
)

func TestMain(m *testing.M) {
	if code, ok := sandbox.Child(map[string]sandbox.Worker{GitRole: GitStandIn}); ok {
		os.Exit(code)
	}
	if filepath.Base(os.Args[0]) == "git" { // see tiny
		os.Exit(GitStandIn(context.Background(), os.Args[1:], os.Stdin, os.Stdout, os.Stderr))
	}
	os.Exit(m.Run())
}

// openSandbox opens the best sandbox, or skips loudly where there is none.
func openSandbox(t *testing.T, o sandbox.Options) *sandbox.Sandbox {
	t.Helper()
	sb, err := sandbox.Open(context.Background(), o)
	if none := new(sandbox.UnavailableError); errors.As(err, &none) {
		t.Skipf("SKIPPED, NOT TESTED: nothing isolates here: %v", err)
	}
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := sb.Close(); err != nil {
			t.Error(err)
		}
	})
	return sb
}
