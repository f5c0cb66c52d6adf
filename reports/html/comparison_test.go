package html

import (
	"flag"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/proffer-audit/proffer/reports"
	"github.com/proffer-audit/proffer/reports/safetext"
)

var rewrite = flag.Bool("rewrite", false, "write what the tests got into testdata")

// comparedCheck is a rebuild that gave another file.
func comparedCheck() reports.Check {
	text := safetext.Of
	return reports.Check{
		ID: "rebuild/windows-x64", Status: reports.Fail, Level: reports.Unexplained, Code: "unexplained", EvidenceClass: reports.E3,
		Evidence: []string{digest("e")}, Limits: []safetext.Text{},
		Reason: text("built again from source by a recognised compile: unexplained; 1 of 10,151 functions differs: main.checkLicence, main.go:19"),
		Comparison: &reports.Comparison{
			Answer:      text("1 of 10,151 functions differs: main.checkLicence, main.go:19"),
			ShippedSize: 12_601_344, RebuiltSize: 12_601_280, DifferingBytes: 4_173_738, Accounted: 4_173_738,
			Classes: []reports.ByteClass{
				{Class: "moved", Bytes: 3_100_100, Evidence: []safetext.Text{text("section .rodata"), text("and 12 more")}},
				{Class: "relocated", Bytes: 1_073_330, Evidence: []safetext.Text{text("section .text: every operand that differs refers to the same thing")}},
				{Class: "changed-code", Bytes: 250, Evidence: []safetext.Text{text("section .text: code main.checkLicence")}, SecurityRelevant: true},
				{Class: "build-id", Bytes: 58, Evidence: []safetext.Text{text("section .note.go.buildid: recomputed on both sides")}},
			},
			Functions: &reports.FunctionCounts{Total: 10_151, Same: 9_371, Relocated: 779, Changed: 1},
			Changed: []reports.ChangedFunction{{
				Name: text("main.checkLicence<script>"), Status: "changed", Place: reports.Location{Path: text("main.go"), Line: 19},
				ShippedSize: 256, RebuiltSize: 192, Why: text("now calls net/http.Get; now uses \"https://example.net/unlock\""),
			}},
			Causes:         []reports.BuildCause{{Kind: "toolchain", Detail: text("go1.26.5 in the place of go1.26.4"), Proven: true}},
			Normalisations: []reports.Normalised{{ID: "time", Version: 1, Reason: text("a packer writes when a member was made; no content depends on it"), BytesHidden: 12}},
			Members:        []safetext.Text{text("package/bin/agent.exe: unexplained")}, More: 2,
		},
	}
}

// A reviewer finds the changed function, the classes and the cause in one place,
// linked from the check.
func TestComparison(t *testing.T) {
	r := sample()
	_, raw := page(t, r, nil)
	anchor := anchor("check", len(r.Checks)-1)
	_, section, ok := strings.Cut(raw, `<h3 id="compared-`+anchor+`">`)
	section, _, ok2 := strings.Cut(section, "</section>")
	if !ok || !ok2 || !strings.Contains(raw, `<a href="#compared-`+anchor+`">`) {
		t.Fatal("the page has no comparison, or no link to it")
	}
	if strings.Contains(section, "<script>") {
		t.Error("a function's name became an element")
	}
	file := filepath.Join("testdata", "comparison.html")
	if *rewrite {
		if err := os.WriteFile(file, []byte(section), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	want, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(string(want), section); diff != "" {
		t.Errorf("testdata/comparison.html (-want +got):\n%s", diff)
	}
	r.Checks = r.Checks[:len(r.Checks)-1]
	if _, without := page(t, r, nil); strings.Contains(without, "compared-") {
		t.Error("a report without a comparison shows one")
	}
}
