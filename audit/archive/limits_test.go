package archive_test

import (
	"bytes"
	"compress/gzip"
	"errors"
	"fmt"
	"io"
	"testing"

	"github.com/proffer-audit/proffer/audit/archive"
)

func TestLimits(t *testing.T) {
	big := string(bytes.Repeat([]byte("0123456789abcdef"), 1<<14)) // 256 KiB
	zeros := string(make([]byte, 80<<20))
	var many []string
	for i := range 50 {
		many = append(many, fmt.Sprintf("f%d", i), "")
	}
	overlap := []entry{{name: "kernel", content: big}}
	for i := range 60 {
		overlap = append(overlap, entry{name: fmt.Sprintf("f%d", i), content: big, at: 1})
	}
	for _, tt := range []struct {
		name, code string
		data       []byte
		lim        archive.Limits
	}{
		{"zip entries", "entries", zipOf(t, many...), archive.Limits{Entries: 49}},
		{"tar entries", "entries", tarOf(t, many...), archive.Limits{Entries: 49}},
		{"zip per file", "per-file", zipOf(t, "a", big), archive.Limits{PerFile: 1 << 17}},
		{"tar per file", "per-file", tarOf(t, "a", big), archive.Limits{PerFile: 1 << 17}},
		{"gz per file", "per-file", gz(t, []byte(big)), archive.Limits{PerFile: 1 << 17}},
		{"plain per file", "per-file", []byte(big), archive.Limits{PerFile: 1 << 17}},
		{"zip output", "output", zipOf(t, "a", big, "b", big), archive.Limits{Output: 1<<18 + 1}},
		{"tgz output", "output", gz(t, tarOf(t, "a", big, "b", big)), archive.Limits{Output: 1<<18 + 1}},
		{"overlapping zip bomb", "output", craft(overlap, ""), archive.Limits{Output: 4 << 20}},
		{"zip ratio", "ratio", zipOf(t, "a", zeros), archive.Limits{}},
		{"tgz ratio", "ratio", gz(t, tarOf(t, "a", zeros)), archive.Limits{}},
		{"gz ratio", "ratio", gz(t, []byte(zeros)), archive.Limits{}},
		{"gz of zeros after a tar", "ratio", gz(t, append(tarOf(t, "a", "x"), zeros...)), archive.Limits{}},
	} {
		t.Run(tt.name, func(t *testing.T) {
			_, err := archive.Walk(tt.data, "x", tt.lim, new(seen).visit)
			limit := new(archive.LimitError)
			if !errors.As(err, &limit) || limit.Code != tt.code {
				t.Errorf("want a limit for %s, got %v", tt.code, err)
			}
		})
	}
	if _, err := archive.Walk(zipOf(t, many...), "x", archive.Limits{Entries: 50}, new(seen).visit); err != nil {
		t.Errorf("at the limit: %v", err)
	}
}

// TestDeclaredSizesAreNotBelieved announces 4 GiB in 5 bytes: refused for what
// it holds, with no memory spent on what it says.
func TestDeclaredSizesAreNotBelieved(t *testing.T) {
	data := craft([]entry{{name: "a", content: "hello", grow: 0xfffffff0 - 5}}, "")
	_, err := archive.Walk(data, "x.zip", archive.Limits{}, new(seen).visit)
	if format := new(archive.FormatError); !errors.As(err, &format) || format.Code != "content" {
		t.Errorf("got %v", err)
	}
}

// TestNestedBombIsBounded: what a bomb inside may put out counts for the whole.
func TestNestedBombIsBounded(t *testing.T) {
	var packed bytes.Buffer
	w := gzip.NewWriter(&packed)
	if _, err := io.CopyN(w, zero{}, 96<<20); err != nil {
		t.Fatal(err)
	}
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	_, err := archive.Nested(zipOf(t, "bomb.gz", packed.String()), "x.zip", archive.Limits{}, new(seen).visit)
	if limit := new(archive.LimitError); !errors.As(err, &limit) || limit.Code != "ratio" {
		t.Errorf("got %v", err)
	}
}

type zero struct{}

func (zero) Read(p []byte) (int, error) { clear(p); return len(p), nil }
