package compare

import (
	"fmt"
	"strings"

	"github.com/proffer-audit/proffer/reports"
	"github.com/proffer-audit/proffer/reports/safetext"
)

// Sentence is the answer in one sentence.
func (r Result) Sentence() safetext.Text {
	if r.Level == reports.BitIdentical {
		return safetext.Sprintf("the files are the same to the last bit: %s bytes", Grouped(r.ShippedSize))
	}
	if path, f := r.changed(""); f != nil {
		in := ""
		if path != "" {
			in = " in " + path
		}
		return safetext.Of(f.sentence() + in)
	}
	if s := r.worst(); s != "" {
		return safetext.Of(s)
	}
	switch r.Level {
	case reports.IdenticalGraft:
		return safetext.Of("the shipped file is the rebuilt one with the vendor's signature on it, and nothing else")
	case reports.EqualNormalised:
		return safetext.Sprintf("the same content, packed otherwise: %s", r.hidden())
	case reports.Explained:
		return safetext.Sprintf("every differing byte is accounted for: %s", r.shares())
	}
	if r.unexplained() == 0 {
		return safetext.Of("parts of one file have no counterpart in the other")
	}
	return safetext.Sprintf("%s of the difference without an explanation", InBytes(r.unexplained()))
}

// changed finds the first program whose functions differ, in depth.
func (r Result) changed(path string) (string, *Functions) {
	if r.Functions != nil && len(r.Functions.Changed) > 0 {
		return path, r.Functions
	}
	for _, m := range r.Members {
		if m.Result == nil {
			continue
		}
		if p, f := m.Result.changed(inside(path, m.Path.String())); f != nil {
			return p, f
		}
	}
	return "", nil
}

// worst is the worst finding in words, and how many there are beside it.
func (r Result) worst() string {
	if len(r.Found) == 0 {
		return ""
	}
	f := r.Found[0]
	s := f.Message.String()
	if !f.Path.IsZero() && !strings.Contains(s, f.Path.String()) {
		s = f.Path.String() + ": " + s
	}
	switch more := len(r.Found) - 1; {
	case more == 1:
		s += ", and one more finding"
	case more > 1:
		s += fmt.Sprintf(", and %d more findings", more)
	}
	return s
}

// unexplained counts unexplained bytes where they can be counted: in the
// innermost members.
func (r Result) unexplained() int64 {
	var inner int64
	for _, m := range r.Members {
		if m.Result != nil {
			inner += m.Result.unexplained()
		}
	}
	if inner > 0 {
		return inner
	}
	return r.Unexplained()
}

func (r Result) hidden() string {
	var list []string
	for _, n := range r.Normalisations {
		list = append(list, fmt.Sprintf("%s (%s)", n.ID, InBytes(n.BytesHidden)))
	}
	if len(list) == 0 {
		return "only what follows from the rest differs"
	}
	return strings.Join(list, ", ")
}

func (r Result) shares() string {
	var list []string
	for _, c := range r.Classes {
		list = append(list, fmt.Sprintf("%s (%s)", c.Class, InBytes(c.Bytes)))
	}
	return strings.Join(list, ", ")
}

// Grouped writes a number with a comma between thousands.
func Grouped(n int64) string {
	s := fmt.Sprint(n)
	for i := len(s) - 3; i > 0 && s[i-1] != '-'; i -= 3 {
		s = s[:i] + "," + s[i:]
	}
	return s
}

// InBytes writes a number of bytes.
func InBytes(n int64) string {
	if n == 1 {
		return "1 byte"
	}
	return Grouped(n) + " bytes"
}
