package safetext

import (
	"encoding/json"
	"strings"
	"testing"
	"unicode/utf8"
)

func TestOf(t *testing.T) {
	for _, tt := range []struct{ name, in, want string }{
		{"plain", "agent 1.2.3 – Zürich", "agent 1.2.3 – Zürich"},
		{"terminal escape", "a\x1b[31mred", "a[U+001B][31mred"},
		{"newline and tab", "a\nb\tc", "a[U+000A]b[U+0009]c"},
		{"bidi override", "a\u202eb", "a[U+202E]b"},
		{"zero width", "ad\u200bmin", "ad[U+200B]min"},
		{"variation selector", "a\ufe0f", "a[U+FE0F]"},
		{"hangul filler", "\u3164", "[U+3164]"},
		{"no-break space", "a\u00a0b", "a[U+00A0]b"},
		{"C1 control", "\u0085", "[U+0085]"},
		{"broken UTF-8", "a\xffb", "a[byte FF]b"},
		{"replacement character itself", "\ufffd", "\ufffd"},
		{"tag character", "\U000E0041", "[U+E0041]"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			if got := Of(tt.in).String(); got != tt.want {
				t.Errorf("Of(%q) = %q, want %q", tt.in, got, tt.want)
			}
		})
	}
}

func TestCut(t *testing.T) {
	exact := strings.Repeat("x", MaxBytes)
	if got := Of(exact).String(); got != exact {
		t.Errorf("a text of exactly MaxBytes was changed")
	}
	got := Of(exact + "y").String()
	if len(got) > MaxBytes || !strings.HasSuffix(got, Ellipsis) {
		t.Errorf("a longer text has %d bytes and ends %q", len(got), got[len(got)-10:])
	}
}

func TestUnmarshalMakesSafe(t *testing.T) {
	var got Text
	if err := json.Unmarshal([]byte(`"a\u202eb"`), &got); err != nil {
		t.Fatal(err)
	}
	if got.String() != "a[U+202E]b" {
		t.Errorf("got %q", got)
	}
	if err := json.Unmarshal([]byte(`1`), &got); err == nil {
		t.Error("a number was read as a text")
	}
}

func FuzzOf(f *testing.F) {
	f.Add("plain")
	f.Add("\u202e\xff\x1b")
	f.Add(strings.Repeat("é\x00", MaxBytes))
	f.Fuzz(func(t *testing.T, s string) {
		once := Of(s)
		if len(once.String()) > MaxBytes || !utf8.ValidString(once.String()) {
			t.Fatalf("unsafe form of %q: %q", s, once)
		}
		for _, r := range once.String() {
			if !visible(r) {
				t.Fatalf("invisible %U in the form of %q", r, s)
			}
		}
		if twice := Of(once.String()); twice != once {
			t.Fatalf("not stable: %q then %q", once, twice)
		}
	})
}
