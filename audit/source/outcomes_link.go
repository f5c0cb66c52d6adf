package source

import (
	"cmp"
	"fmt"
	"slices"
	"strings"

	"github.com/proffer-audit/proffer/audit/source/bytes"
	"github.com/proffer-audit/proffer/audit/source/link"
	"github.com/proffer-audit/proffer/audit/source/rules"
	"github.com/proffer-audit/proffer/reports"
	"github.com/proffer-audit/proffer/reports/safetext"
)

// capabilities gives each capability of the vendor's own code one finding.
func (w *writer) capabilities(l *link.Report) {
	has := map[string]bool{}
	for _, c := range l.Capabilities {
		has[c.Name] = true
	}
	for _, c := range l.Capabilities {
		it := item{rule: "source.capability", as: "source.capability", place: c.Name, location: callSite(c.Path)}
		it.message = fmt.Sprintf("%s: %s", c.Name, reached(c))
		if slices.Contains(w.pol.Deny, c.Name) {
			it.rule = "source.capability-denied"
			it.message = "denied by the policy: " + it.message
		}
		it.trace = trace(c.Path)
		it.concerns = w.concerns(c.Name, has)
		it.facts = map[string]string{
			"capability": c.Name, "functions": fmt.Sprint(c.Functions), "first": strings.Join(c.First, ", "),
			"fromEntryPoint": fmt.Sprint(c.Entry), "modules": modulesWith(l, c.Name),
		}
		w.add(it)
	}
}

func reached(c link.Capability) string {
	switch {
	case c.Functions == 0:
		return "a file that is left out imports C"
	case c.Entry:
		return fmt.Sprintf("%d own functions reach it, an entry point among them", c.Functions)
	}
	return fmt.Sprintf("%d own functions reach it; no entry point was seen to", c.Functions)
}

// concerns are those of a capability; to run programs and to reach the network
// together is what an updater is made of.
func (w *writer) concerns(name string, has map[string]bool) []string {
	c, err := rules.ParseCapability(name)
	if err != nil {
		return nil
	}
	list := slices.Clone(w.set.Concerns[c])
	if has["EXEC"] && has["NETWORK"] && (name == "EXEC" || name == "NETWORK") {
		list = append(list, "C5")
	}
	return list
}

// callSite is where the vendor's code leaves its own functions on a path.
func callSite(path []link.Hop) *reports.Location {
	for _, h := range slices.Backward(path) {
		if h.Own && h.File != "" {
			return at(h.File, h.Line)
		}
	}
	return nil
}

func trace(path []link.Hop) []safetext.Text {
	var out []safetext.Text
	for _, h := range path {
		if h.File == "" {
			out = append(out, safetext.Of(h.Function))
			continue
		}
		out = append(out, safetext.Sprintf("%s (%s:%d)", h.Function, h.File, h.Line))
	}
	return out
}

func modulesWith(l *link.Report, name string) string {
	var out []string
	for _, m := range l.Modules {
		if n := m.Capabilities[name]; n > 0 {
			out = append(out, fmt.Sprintf("%s (%d)", m.Path, n))
		}
	}
	return strings.Join(out, ", ")
}

// linknames gives the vendor's go:linkname directives one finding.
func (w *writer) linknames(l *link.Report) {
	var items []item
	for _, n := range l.Linknames {
		if strings.Contains(n.File, "@") { // a dependency, in the module cache
			continue
		}
		items = append(items, item{
			rule: "source.linkname", place: n.File + ":" + n.Local, location: at(n.File, n.Line),
			message: fmt.Sprintf("%s is linked to %s, past the compiler's checks", n.Local, cmp.Or(n.Target, "a name of its own")),
		})
	}
	w.spread("source.linkname", items)
}

// uncovered is one finding for all source files that the analysed build leaves
// out; each is named in the result.
func (w *writer) uncovered(res Result) {
	facts, counts, hints := map[string]string{}, map[string]int{}, map[string]bool{}
	var first *reports.Location
	var names []string
	for _, u := range res.Uncovered {
		counts[u.Why]++
		if u.Why == WhyTest {
			continue
		}
		for _, h := range u.Hints {
			hints[h] = true
		}
		if first == nil {
			first = at(u.File, 0)
		}
		names = append(names, u.File)
	}
	if len(names) == 0 {
		return
	}
	for why, n := range counts {
		facts[why] = fmt.Sprint(n)
	}
	facts["files"], facts["count"] = strings.Join(names, ", "), fmt.Sprint(len(names))
	facts["importsHintAt"] = strings.Join(sorted(hints), ", ")
	w.add(item{
		rule: "source.uncovered-files", place: "all", location: first, facts: facts,
		message: fmt.Sprintf("%d source files are not part of the analysed build, the first %s", len(names), names[0]),
	})
}

func sorted(m map[string]bool) []string {
	out := make([]string, 0, len(m))
	for k := range m {
		out = append(out, k)
	}
	slices.Sort(out)
	return out
}

// An endpoint is one host as the source names it.
type endpoint struct {
	host     string
	used     bool // handed to a function that connects or resolves
	literals int
	where    *reports.Location
	texts    []string
}

// observe joins the hosts of string literals with the addresses that network
// functions are given, by host. Identifiers that look like URLs, this machine,
// and names of objects are left out.
func observe(res Result) map[string]*endpoint {
	seen := map[string]*endpoint{}
	if res.Bytes != nil {
		for _, h := range res.Bytes.Hosts {
			if h.Built == 0 || h.Class != "" && h.Class != "reserved" {
				continue
			}
			e := &endpoint{host: h.Name, literals: h.Built}
			for _, m := range h.First {
				if e.where == nil {
					e.where = at(m.File, m.Line)
				}
				e.texts = append(e.texts, m.Text)
			}
			seen[h.Name] = e
		}
	}
	if res.Link == nil {
		return seen
	}
	for _, u := range res.Link.Endpoints {
		host := bytes.HostOf(u.Address)
		if u.Kind == "listen" || host == "" || host == "localhost" || strings.HasPrefix(host, "127.") || host == "::1" {
			continue
		}
		if seen[host] == nil {
			seen[host] = &endpoint{host: host}
		}
		e := seen[host]
		if !e.used {
			e.used, e.where = true, at(u.File, u.Line)
		}
		e.texts = append(e.texts, u.Address)
	}
	return seen
}

func hostsOf(seen map[string]*endpoint) []string {
	out := make([]string, 0, len(seen))
	for h := range seen {
		out = append(out, h)
	}
	slices.Sort(out)
	return out
}

// maxHosts bounds the hosts that have a finding of their own; those that network
// functions are given come first.
const maxHosts = 40

func (w *writer) endpoints(seen map[string]*endpoint, b *bytes.Report) {
	hosts := hostsOf(seen)
	slices.SortStableFunc(hosts, func(a, b string) int { return order(seen[b].used) - order(seen[a].used) })
	var rest []string
	for i, h := range hosts {
		if i >= maxHosts {
			rest = append(rest, h)
			continue
		}
		e := seen[h]
		w.add(item{
			rule: "source.endpoint", place: h, location: e.where,
			message: fmt.Sprintf("%s: %s", h, e.state()), facts: e.facts(),
		})
	}
	w.others("more", "%d more hosts in string literals", rest)
	if b == nil {
		return
	}
	var elsewhere []string
	for _, h := range b.Hosts {
		if seen[h.Name] == nil && h.Class == "" {
			elsewhere = append(elsewhere, h.Name)
		}
	}
	w.others("elsewhere", "%d hosts are named only in comments, documents, tests or outside the analysed build", elsewhere)
}

func (w *writer) others(place, format string, hosts []string) {
	if len(hosts) == 0 {
		return
	}
	w.add(item{
		rule: "source.endpoint-elsewhere", as: "source.endpoint", place: place, message: fmt.Sprintf(format, len(hosts)),
		facts: map[string]string{"count": fmt.Sprint(len(hosts)), "hosts": strings.Join(hosts, ", ")},
	})
}

func order(used bool) int {
	if used {
		return 1
	}
	return 0
}

func (e *endpoint) state() string {
	if e.used {
		return "the source connects to it or resolves it"
	}
	return fmt.Sprintf("named in %d string literals; no constant flow into a network function was seen", e.literals)
}

func (e *endpoint) facts() map[string]string {
	state := "literal"
	if e.used {
		state = "used"
	}
	return map[string]string{
		"host": e.host, "state": state, "literals": fmt.Sprint(e.literals), "texts": strings.Join(e.texts, " "),
	}
}
