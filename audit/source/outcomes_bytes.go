package source

import (
	"fmt"
	"strings"

	"github.com/proffer-audit/proffer/audit/source/bytes"
	"github.com/proffer-audit/proffer/reports"
	"github.com/proffer-audit/proffer/reports/safetext"
)

func at(file string, line int) *reports.Location {
	return &reports.Location{Path: safetext.Of(file), Line: line}
}

// bytes turns what the byte passes saw into findings, one per rule and file.
func (w *writer) bytes(r *bytes.Report) {
	w.marks(r.Marks)
	w.identifiers(r.Identifiers)
	w.blobs(r.Blobs)
	w.archives(r.Archives)
	var unread []item
	for _, u := range r.Unread {
		unread = append(unread, item{
			rule: "source.unread", place: u.Path, location: at(u.Path, 0), message: "not read: " + u.Why,
		})
	}
	w.spread("source.unread", unread)
}

func (w *writer) marks(marks []bytes.Mark) {
	what := map[string]string{
		"bidi":      "controls that change the direction in which text is shown",
		"invisible": "characters that cannot be seen",
		"blank":     "code pushed out of sight behind blanks",
	}
	for _, kind := range []string{"bidi", "invisible", "blank"} {
		var items []item
		rule := "source." + kind
		for _, m := range marks {
			if m.Kind != kind {
				continue
			}
			items = append(items, item{
				rule: rule, place: m.File, quiet: m.Place != "code", location: at(m.File, m.Line),
				message: fmt.Sprintf("%s: %d, the first in column %d, in %s", what[kind], m.Count, m.Column, a(m.Where)),
				facts:   map[string]string{"runes": strings.Join(m.Runes, " "), "count": fmt.Sprint(m.Count), "where": m.Where},
			})
		}
		w.spread(rule, items)
	}
}

func a(where string) string {
	if where == "code" || where == "text" {
		return where
	}
	return "a " + where
}

func (w *writer) identifiers(list []bytes.Identifier) {
	var twins, others []item
	for _, id := range list {
		it := item{
			rule: "source.confusable", as: "source.confusable", place: id.File + ":" + id.Name, quiet: id.Place != "code",
			location: at(id.File, id.Line),
			message:  fmt.Sprintf("the name %s is written in %s and reads %s", id.Name, strings.Join(id.Scripts, " and "), id.Reads),
			facts: map[string]string{
				"name": id.Name, "codePoints": codePoints(id.Name), "reads": id.Reads,
				"scripts": strings.Join(id.Scripts, " "), "count": fmt.Sprint(id.Count),
			},
		}
		if id.Twin {
			it.rule = "source.confusable-twin"
			it.message += ", which is another name of the same file"
			twins = append(twins, it)
			continue
		}
		others = append(others, it)
	}
	w.spread("source.confusable-twin", twins)
	w.spread("source.confusable", others)
}

// codePoints spells out the letters of a name that are not ASCII.
func codePoints(name string) string {
	var out []string
	for _, r := range name {
		if r >= 0x80 {
			out = append(out, fmt.Sprintf("U+%04X", r))
		}
	}
	return strings.Join(out, " ")
}

func (w *writer) blobs(list []bytes.Blob) {
	what := map[string]string{
		"executable":         "an executable (%s) among the source",
		"disguised":          "an executable (%s) whose name says that it is something else",
		"mislabelled":        "content (%s) that is not what the file's name says",
		"random":             "content that looks encrypted or compressed, in no known format",
		"encoded":            "encoded content that looks encrypted, compressed or packed",
		"encoded-executable": "an executable (%s) encoded in text",
	}
	var loud, disguised []item
	for _, b := range list {
		message := what[b.Kind]
		if strings.Contains(message, "%s") {
			message = fmt.Sprintf(message, b.Type)
		}
		it := item{
			rule: "source.blob", as: "source.blob", place: fmt.Sprintf("%s:%d", b.File, b.Line), quiet: b.Place != "code",
			location: at(b.File, b.Line), message: message,
			facts: map[string]string{"kind": b.Kind, "type": b.Type, "size": fmt.Sprint(b.Size)},
		}
		if b.Line == 0 {
			it.place = b.File
		}
		if b.Entropy > 0 {
			it.facts["entropy"] = fmt.Sprintf("%.2f", b.Entropy)
		}
		if b.Kind == "disguised" || b.Kind == "encoded-executable" {
			it.rule = "source.blob-disguised"
			disguised = append(disguised, it)
			continue
		}
		loud = append(loud, it)
	}
	w.spread("source.blob-disguised", disguised)
	w.spread("source.blob", loud)
}

func (w *writer) archives(list []bytes.Blob) {
	var items []item
	for _, b := range list {
		items = append(items, item{
			rule: "source.archive", place: b.File, quiet: b.Place != "code", location: at(b.File, 0),
			message: fmt.Sprintf("an archive (%s) that was not opened", b.Type),
			facts:   map[string]string{"type": b.Type, "size": fmt.Sprint(b.Size)},
		})
	}
	w.spread("source.archive", items)
}
