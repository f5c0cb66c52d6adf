package source

import (
	"fmt"
	"slices"
	"strings"

	"github.com/proffer-audit/proffer/reports"
	"github.com/proffer-audit/proffer/reports/safetext"
)

// declared sets what the vendor declared against what was seen. What was seen of
// capabilities is taken from the findings, so that the two cannot disagree.
func (w *writer) declared(seen map[string]*endpoint) Rows {
	return Rows{Endpoints: w.declaredEndpoints(seen), Capabilities: w.declaredCapabilities()}
}

func (w *writer) declaredCapabilities() []reports.DeclaredRow {
	observed := map[string]reports.Finding{}
	for _, f := range w.findings {
		if f.Rule == "source.capability" {
			observed[f.Facts["capability"].String()] = f
		}
	}
	names := slices.Clone(w.pol.DeclaredCapabilities)
	for name := range observed {
		names = append(names, name)
	}
	slices.Sort(names)
	rows := []reports.DeclaredRow{}
	for _, name := range slices.Compact(names) {
		f, ok := observed[name]
		row := reports.DeclaredRow{
			Name: safetext.Of(name), Observed: ok, Declared: slices.Contains(w.pol.DeclaredCapabilities, name),
			Where: place(f.Location),
		}
		rows = append(rows, row)
		switch {
		case row.Observed && !row.Declared && slices.Contains(w.pol.MustDeclare, name):
			w.add(item{
				rule: "declared.capability", place: name, location: f.Location, trace: f.Trace, concerns: f.Concerns,
				message: "the vendor did not declare that the product has the capability " + name,
				facts:   map[string]string{"capability": name},
			})
		case row.Declared && !row.Observed:
			w.add(item{
				rule: "declared.unused", place: "capability " + name,
				message: "declared and not seen: the capability " + name, facts: map[string]string{"capability": name},
			})
		}
	}
	return rows
}

func (w *writer) declaredEndpoints(seen map[string]*endpoint) []reports.DeclaredRow {
	rows := []reports.DeclaredRow{}
	met := map[string]bool{}
	alone, rest := 0, []string{}
	for _, host := range hostsOf(seen) {
		e := seen[host]
		pattern := w.covering(host)
		met[pattern] = true
		rows = append(rows, reports.DeclaredRow{Name: safetext.Of(host), Declared: pattern != "", Observed: true, Where: place(e.where)})
		switch {
		case pattern != "":
		case !e.used && alone >= maxHosts:
			rest = append(rest, host)
		default:
			if !e.used {
				alone++
			}
			w.undeclared(e)
		}
	}
	if len(rest) > 0 {
		w.add(item{
			rule: "declared.endpoint", place: "more", message: fmt.Sprintf("%d more undeclared hosts in string literals", len(rest)),
			facts: map[string]string{"count": fmt.Sprint(len(rest)), "hosts": strings.Join(rest, ", ")},
		})
	}
	for _, pattern := range slices.Compact(slices.Sorted(slices.Values(w.pol.DeclaredEndpoints))) {
		if met[pattern] {
			continue
		}
		rows = append(rows, reports.DeclaredRow{Name: safetext.Of(pattern), Declared: true})
		w.add(item{
			rule: "declared.unused", place: "endpoint " + pattern,
			message: "declared and not seen as a constant: the endpoint " + pattern, facts: map[string]string{"host": pattern},
		})
	}
	slices.SortFunc(rows, func(a, b reports.DeclaredRow) int { return strings.Compare(a.Name.String(), b.Name.String()) })
	return rows
}

func (w *writer) undeclared(e *endpoint) {
	rule, what := "declared.endpoint", "names"
	if e.used {
		rule, what = "declared.endpoint-used", "connects to or resolves"
	}
	w.add(item{
		rule: rule, as: "declared.endpoint", place: e.host, location: e.where,
		message: fmt.Sprintf("the source %s %s, which the vendor did not declare", what, e.host), facts: e.facts(),
	})
}

// covering is the declared host that covers a host, or "".
func (w *writer) covering(host string) string {
	for _, d := range w.pol.DeclaredEndpoints {
		lower := strings.ToLower(d)
		if lower == host {
			return d
		}
		if suffix, ok := strings.CutPrefix(lower, "*"); ok && len(suffix) > 1 && suffix[0] == '.' && strings.HasSuffix(host, suffix) {
			return d
		}
	}
	return ""
}

func place(l *reports.Location) safetext.Text {
	switch {
	case l == nil:
		return safetext.Text{}
	case l.Line == 0:
		return l.Path
	}
	return safetext.Sprintf("%s:%d", l.Path, l.Line)
}

// declaredCheck is the check on the vendor's declarations.
func (w *writer) declaredCheck(res Result, seen map[string]*endpoint) reports.Check {
	c := reports.Check{
		ID: w.check, Status: reports.Pass, EvidenceClass: reports.E2, Evidence: w.evidence(), Cap: bestOutcome,
		Limits: []safetext.Text{
			safetext.Of("endpoints were seen as constants only: a host that is computed, configured or received is not compared"),
			safetext.Of("channels are not compared"),
		},
	}
	undeclared := 0
	for _, f := range w.findings {
		if f.Check == w.check && f.Rule != "declared.unused" {
			undeclared++
		}
	}
	worst := w.worst(w.check)
	switch {
	case worst != nil:
		c.Status, c.Code, c.Reason = reports.Fail, "undeclared", worst.Message
	case res.Bytes == nil || res.Link == nil || len(gapsOf(res)) > 0:
		c.Status, c.Code = reports.Incomplete, "gaps"
		c.Reason = safetext.Of("not all of the source was analysed, so what it can do and where it connects is known in part")
	default:
		c.Code = "compared"
		c.Reason = safetext.Sprintf("%d hosts were seen; %d findings about what was not declared are below the policy's severity", len(seen), undeclared)
	}
	return c
}
