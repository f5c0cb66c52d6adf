package source

import (
	"fmt"
	"strings"

	"github.com/proffer-audit/proffer/audit/source/link"
	"github.com/proffer-audit/proffer/reports/safetext"
)

// limits says what the analysis of this source did not do.
func limits(res Result) []safetext.Text {
	var out []safetext.Text
	say := func(format string, args ...any) { out = append(out, safetext.Sprintf(format, args...)) }
	if l := res.Link; l != nil {
		say("Go capabilities hold for one configuration, %s, as read by %s", l.Config, orUnknown(l.Go))
		say("a capability says that code may come to a function, not with which data: no data flow is followed from a source of secrets to a connection")
		say("calls made through reflection, package unsafe, assembly, cgo or a plugin are not followed; what is only ever called so is not charged")
		say("the standard library is taken at the word of the rules where they call a package opaque")
		say("addresses that are computed, decoded, configured or received are not recovered")
		if n := count(res.Uncovered); n > 0 {
			say("%d source files are outside the analysed build: named in the result, read as bytes only", n)
		}
	} else {
		say("no Go packages were analysed: nothing is said about capabilities")
	}
	if b := res.Bytes; b != nil {
		if others := otherLanguages(res); others != "" {
			say("in other languages only characters, opaque matter and URLs were looked at: %s", others)
		}
		say("code that hides its purpose in plain sight (time, place or input that triggers it, home-made cryptography, fixed keys) is not looked for")
		say("archives inside the source are named, not opened")
		if len(b.Unread) > 0 {
			say("%d paths were not read, or not to their end", len(b.Unread))
		}
	} else {
		say("the files were not looked at one by one: nothing is said about characters, opaque matter and URLs")
	}
	return out
}

func count(list []Uncovered) int {
	n := 0
	for _, u := range list {
		if u.Why != WhyTest {
			n++
		}
	}
	return n
}

func orUnknown(version string) string {
	if version == "" {
		return "a toolchain that does not say its version"
	}
	return version
}

// otherLanguages counts the files in languages that no pass understands.
func otherLanguages(res Result) string {
	var parts []string
	for _, l := range res.Bytes.Languages {
		switch l.Name {
		case "Go", "Gomod", "Markdown", "Text", "binary", "other text", "unread", "Patch", "CSV":
		default:
			parts = append(parts, fmt.Sprintf("%s (%d)", l.Name, l.Files))
		}
	}
	return strings.Join(parts, ", ")
}

// gapsOf is everything that was to be done and was not.
func gapsOf(res Result) []link.Gap {
	gaps := res.Gaps
	if res.Link != nil {
		gaps = append(gaps[:len(gaps):len(gaps)], res.Link.Gaps...)
	}
	return gaps
}
