package sandbox

import (
	"os"
	"testing"
)

// TestMain is a program that runs sandboxes: the first line is what main has.
// The second makes it a program on a machine that refuses something.
func TestMain(m *testing.M) {
	if code, ok := Child(testWorkers()); ok {
		os.Exit(code)
	}
	if code, ok := otherPart(); ok {
		os.Exit(code)
	}
	os.Exit(m.Run())
}
