package strictyaml

import (
	"errors"
	"strings"
	"testing"
	"time"
)

// Documents of the largest size that are made to be slow. Each is refused long
// before the five seconds that any hostile input may take.
func TestHostileDocumentsAreQuick(t *testing.T) {
	repeat := func(head, s string) string { return head + strings.Repeat(s, (MaxBytes-len(head))/len(s)) }
	for name, in := range map[string]string{
		"list in one line":       repeat("argv: [", "x,"),
		"keys in one line":       repeat("env: {", `"x",`),
		"list of wide text":      repeat("argv: [", "ä,"),
		"anchors":                repeat("argv: [", "&a b,"),
		"lists in lists":         repeat("argv: ", "["),
		"mappings in mappings":   repeat("", "{a: "),
		"dashes":                 repeat("", "- "),
		"question marks":         repeat("", "? "),
		"comments":               repeat("", "#\n"),
		"comments between items": repeat("argv:\n", " - b # x\n # y\n\n # z\n"),
		"documents":              repeat("", "--- a\n"),
		"exclamation marks":      repeat("name: ", "!"),
		"colons":                 repeat("a", ":"),
		"empty lines":            repeat("name: a", "\n") + "x",
		"a long key":             repeat("", "k"),
		"escapes":                repeat(`nam: "`, `\n`),
	} {
		t.Run(name, func(t *testing.T) {
			var into sample
			begin := time.Now()
			err := Unmarshal("f", []byte(in), &into)
			var e *Error
			if !errors.As(err, &e) {
				t.Errorf("accepted, or another error: %v", err)
			}
			if took := time.Since(begin); took > 5*time.Second {
				t.Errorf("took %v", took)
			}
		})
	}
}
