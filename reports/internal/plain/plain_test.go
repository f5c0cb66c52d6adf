package plain

import (
	"testing"

	"github.com/proffer-audit/proffer/reports"
	"github.com/proffer-audit/proffer/reports/safetext"
)

func TestCopy(t *testing.T) {
	in := reports.Report{
		AsOf:     "a\x1bb",
		Sequence: 1 << 40,
		Inputs:   reports.Inputs{Databases: map[string]string{"k\u202e": "v\u200b"}},
		Findings: []reports.Finding{{ID: "x\x00", Facts: map[string]safetext.Text{"\xff": safetext.Of("fine")}}},
	}
	out, err := Copy(in)
	if err != nil {
		t.Fatal(err)
	}
	if out.AsOf != "a[U+001B]b" || out.Sequence != 1<<40 || out.Inputs.Databases["k[U+202E]"] != "v[U+200B]" ||
		out.Findings[0].ID != "x[U+0000]" || out.Findings[0].Facts["\ufffd"].String() != "fine" {
		t.Errorf("%+v", out)
	}
	if in.AsOf != "a\x1bb" || in.Inputs.Databases["k\u202e"] == "" {
		t.Error("the original was changed")
	}
	if _, err := Copy(func() {}); err == nil {
		t.Error("a function was copied")
	}
}
