package main

import (
	"os"
	"testing"

	"github.com/rogpeppe/go-internal/testscript"

	"github.com/proffer-audit/proffer/audit"
	"github.com/proffer-audit/proffer/audit/sandbox"
	"github.com/proffer-audit/proffer/audit/sandbox/sandboxtest"
)

// TestMain makes the test program be three things: what the sandbox starts
// inside, `proffer` itself for the scripts, and the tests.
func TestMain(m *testing.M) {
	if code, ok := sandbox.Child(audit.Workers()); ok {
		os.Exit(code)
	}
	if code, ok := sandboxtest.Elsewhere(); ok {
		os.Exit(code)
	}
	testscript.Main(tests{m}, map[string]func(){"proffer": func() {
		rename()
		main()
	}})
}

// tests takes the lab away when all tests are done.
type tests struct{ m *testing.M }

// Run runs the tests.
func (t tests) Run() int {
	code := t.m.Run()
	if err := removeLab(); err != nil {
		println("the lab could not be removed:", err.Error())
		return max(code, 1)
	}
	return code
}
