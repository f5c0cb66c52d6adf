package graft

import (
	"cmp"
	"fmt"
	"slices"

	"github.com/proffer-audit/proffer/audit/compare/graft/cms"
	"github.com/proffer-audit/proffer/reports/safetext"
)

// Finding is a part of the signature area that is not signature, or a statement
// of the signature that does not hold. Offsets are bytes of the shipped file.
// Codes that start with "cms-" are those of package cms.
type Finding struct {
	Code             string `json:"code"`
	Offset           int64  `json:"offset"`
	Length           int64  `json:"length"`
	Message          string `json:"message"` // safe to show: vendor text has passed safetext
	SecurityRelevant bool   `json:"securityRelevant"`
}

// An Error says why there is no graft.
type Error struct {
	Code   string
	Detail string
}

// The codes of errors.
const (
	Unsigned      = "unsigned"       // the shipped file has no signature
	NotSignable   = "not-signable"   // the shipped file is of no kind that is known here
	DifferentKind = "different-kind" // the rebuilt file is of another kind
	AlreadySigned = "already-signed" // the rebuilt file has a signature of its own
	Malformed     = "malformed"      // a file is not what it claims to be
	Layout        = "layout"         // the rebuilt file has no room for the signature
	TooLarge      = "too-large"
	Unsupported   = "unsupported" // a form that is not read here
)

func (e *Error) Error() string {
	text := fmt.Sprintf("graft: %s: %s", e.Code, e.Detail)
	if h := e.hint(); h != "" {
		text += "\nhint: " + h
	}
	return text
}

func (e *Error) hint() string {
	switch e.Code {
	case AlreadySigned:
		return "build without the signing step: the vendor's signature is put onto the unsigned file"
	case DifferentKind:
		return "check that the recipe's output is the artifact it stands for"
	case TooLarge:
		return "raise the limit if the artifact is meant to be that large"
	}
	return ""
}

func refuse(code, format string, args ...any) *Error {
	return &Error{Code: code, Detail: safetext.Of(fmt.Sprintf(format, args...)).String()}
}

func (w *work) flag(code string, offset, length int64, format string, args ...any) {
	w.add(Finding{code, offset, length, safetext.Of(fmt.Sprintf(format, args...)).String(), true})
}

func (w *work) note(code string, offset, length int64, format string, args ...any) {
	w.add(Finding{code, offset, length, safetext.Of(fmt.Sprintf(format, args...)).String(), false})
}

// add keeps a finding, up to the limit. A security-relevant one that is dropped
// still makes the graft security-relevant, by the finding that counts them.
func (w *work) add(f Finding) {
	if len(w.graft.Findings) >= w.lim.Findings {
		w.dropped++
		return
	}
	w.graft.Findings = append(w.graft.Findings, f)
}

// slack judges bytes between parts of a signature: zeros up to a number are what
// alignment leaves, more than that is room, anything else is data.
func (w *work) slack(code string, from, to, zeros int64, what string) {
	if from >= to {
		return
	}
	data := w.shipped[from:to]
	if n := nonZero(data); n > 0 {
		w.flag(code, from, to-from, "%d of %d bytes %s are not zero", n, to-from, what)
	} else if to-from > zeros {
		w.flag(code, from, to-from, "%d zero bytes %s, where alignment leaves at most %d: room that no signature covers", to-from, what, zeros)
	}
}

func nonZero(data []byte) int {
	n := 0
	for _, b := range data {
		if b != 0 {
			n++
		}
	}
	return n
}

// area marks bytes of the shipped file as taken or derived.
func (w *work) area(from, to int64) {
	if to > from {
		w.graft.Area = append(w.graft.Area, Range{from, to - from})
	}
}

// fits holds a signature to its limit before it is read.
func (w *work) fits(size int64) error {
	if size > w.lim.Area {
		return refuse(TooLarge, "a signature of %d bytes, over the limit of %d", size, w.lim.Area)
	}
	return nil
}

func (w *work) done() (*Graft, error) {
	g := &w.graft
	g.Area = merged(g.Area)
	var size int64
	for _, r := range g.Area {
		size += r.Length
	}
	if err := w.fits(size); err != nil {
		return nil, err
	}
	slices.SortStableFunc(g.Findings, func(a, b Finding) int {
		return cmp.Or(cmp.Compare(a.Offset, b.Offset), cmp.Compare(a.Code, b.Code), cmp.Compare(a.Length, b.Length), cmp.Compare(a.Message, b.Message))
	})
	g.Findings = slices.Compact(g.Findings)
	if w.dropped > 0 {
		g.Findings = append(g.Findings, Finding{FindingsCut, 0, int64(len(w.shipped)), fmt.Sprintf("%d more findings are not listed", w.dropped), true})
	}
	return g, nil
}

func merged(list []Range) []Range {
	slices.SortFunc(list, func(a, b Range) int {
		return cmp.Or(cmp.Compare(a.Offset, b.Offset), cmp.Compare(a.Length, b.Length))
	})
	var out []Range
	for _, r := range list {
		if n := len(out); n > 0 && r.Offset <= out[n-1].Offset+out[n-1].Length {
			out[n-1].Length = max(out[n-1].Length, r.Offset+r.Length-out[n-1].Offset)
			continue
		}
		out = append(out, r)
	}
	return out
}

// take brings over what package cms found in a message that starts at offset.
func (w *work) take(m *cms.Message, offset int64) {
	for _, f := range m.Findings {
		w.add(Finding{f.Code, offset + int64(f.Offset), int64(f.Length), f.Message, f.SecurityRelevant})
	}
}

// safe is vendor text in a form that is safe to show.
func safe(s string) string { return safetext.Of(s).String() }
