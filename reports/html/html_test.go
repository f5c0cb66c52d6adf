package html

import (
	"bytes"
	"encoding/json"
	"fmt"
	"math"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"

	"golang.org/x/net/html"

	"github.com/proffer-audit/proffer/reports"
	"github.com/proffer-audit/proffer/reports/safetext"
)

func page(t testing.TB, r reports.Report, run *reports.Run) (*html.Node, string) {
	t.Helper()
	raw, err := Render(r, run, sampleDigests())
	if err != nil {
		t.Fatal(err)
	}
	doc, err := html.Parse(bytes.NewReader(raw))
	if err != nil {
		t.Fatal(err)
	}
	return doc, string(raw)
}

func walk(n *html.Node, visit func(*html.Node)) {
	visit(n)
	for c := n.FirstChild; c != nil; c = c.NextSibling {
		walk(c, visit)
	}
}

func elements(doc *html.Node, names ...string) []*html.Node {
	var out []*html.Node
	walk(doc, func(n *html.Node) {
		if n.Type == html.ElementNode && (len(names) == 0 || slices.Contains(names, n.Data)) {
			out = append(out, n)
		}
	})
	return out
}

func attr(n *html.Node, name string) string {
	for _, a := range n.Attr {
		if a.Key == name {
			return a.Val
		}
	}
	return ""
}

func words(n *html.Node) string {
	var b strings.Builder
	walk(n, func(n *html.Node) {
		if n.Type == html.TextNode && n.Parent.Data != "style" {
			b.WriteString(n.Data)
		}
	})
	return strings.Join(strings.Fields(b.String()), " ")
}

func TestDeterministic(t *testing.T) {
	_, first := page(t, sample(), sampleRun())
	for range 5 {
		if _, again := page(t, sample(), sampleRun()); again != first {
			t.Fatal("the same report gives another page")
		}
	}
}

// The page loads nothing, runs nothing and links nowhere else.
func TestSelfContained(t *testing.T) {
	doc, _ := page(t, sample(), sampleRun())
	ids := map[string]int{}
	for _, n := range elements(doc) {
		if slices.Contains([]string{"script", "iframe", "object", "embed", "img", "link", "form", "base", "svg", "input", "button"}, n.Data) {
			t.Errorf("the page has a %s", n.Data)
		}
		for _, a := range n.Attr {
			if strings.HasPrefix(a.Key, "on") || a.Key == "style" || a.Key == "src" {
				t.Errorf("%s has %s=%q", n.Data, a.Key, a.Val)
			}
			if a.Key == "id" {
				ids[a.Val]++
			}
		}
	}
	for id, n := range ids {
		if n != 1 {
			t.Errorf("id %s occurs %d times", id, n)
		}
	}
	links := elements(doc, "a")
	for _, a := range links {
		target, ok := strings.CutPrefix(attr(a, "href"), "#")
		if !ok || ids[target] != 1 {
			t.Errorf("link to %q", attr(a, "href"))
		}
	}
	if len(links) < 20 {
		t.Errorf("only %d links", len(links))
	}
}

func TestPolicyAllowsTheStyle(t *testing.T) {
	doc, _ := page(t, sample(), sampleRun())
	styles := elements(doc, "style")
	if len(styles) != 1 || styles[0].FirstChild.Data != style {
		t.Fatal("the style in the page is not the one that was hashed")
	}
	var got string
	for _, m := range elements(doc, "meta") {
		if attr(m, "http-equiv") == "Content-Security-Policy" {
			got = attr(m, "content")
		}
	}
	if got != policy() || !strings.HasPrefix(got, "default-src 'none'; style-src 'sha256-") {
		t.Errorf("policy %q", got)
	}
}

func TestAccessible(t *testing.T) {
	doc, _ := page(t, sample(), sampleRun())
	if lang := attr(elements(doc, "html")[0], "lang"); lang != "en" {
		t.Errorf("lang %q", lang)
	}
	for _, name := range []string{"header", "nav", "main", "footer", "h1", "title"} {
		if n := elements(doc, name); len(n) != 1 || words(n[0]) == "" {
			t.Errorf("%d elements %s", len(n), name)
		}
	}
	level := 0
	for _, h := range elements(doc, "h1", "h2", "h3", "h4", "h5", "h6") {
		now := int(h.Data[1] - '0')
		if now > level+1 || words(h) == "" {
			t.Errorf("heading %s %q after level %d", h.Data, words(h), level)
		}
		level = now
	}
	tables := elements(doc, "table")
	for _, table := range tables {
		captions := elements(table, "caption")
		if len(captions) != 1 || words(captions[0]) == "" {
			t.Errorf("a table has %d captions", len(captions))
			continue
		}
		for _, th := range elements(table, "th") {
			if s := attr(th, "scope"); (s != "col" && s != "row") || words(th) == "" {
				t.Errorf("header %q has scope %q", words(th), s)
			}
		}
		region := table.Parent
		if attr(region, "role") != "region" || attr(region, "tabindex") != "0" || attr(region, "aria-labelledby") != attr(captions[0], "id") {
			t.Errorf("the table %q does not scroll in a named region that takes the focus", words(captions[0]))
		}
	}
	if len(tables) < 12 {
		t.Errorf("only %d tables", len(tables))
	}
}

// luminance is the relative luminance of WCAG 2.
func luminance(t *testing.T, hex string) float64 {
	t.Helper()
	n, err := strconv.ParseUint(strings.TrimPrefix(hex, "#"), 16, 32)
	if err != nil {
		t.Fatal(err)
	}
	channel := func(v uint64) float64 {
		c := float64(v&0xff) / 255
		if c <= 0.04045 {
			return c / 12.92
		}
		return math.Pow((c+0.055)/1.055, 2.4)
	}
	return 0.2126*channel(n>>16) + 0.7152*channel(n>>8) + 0.0722*channel(n)
}

func TestContrast(t *testing.T) {
	variable := regexp.MustCompile(`--([a-z-]+): (#[0-9a-f]{6});`)
	blocks := strings.Split(style, ":root {")
	if len(blocks) != 4 {
		t.Fatalf("%d colour schemes", len(blocks)-1)
	}
	for i, block := range blocks[1:] {
		colours := map[string]float64{}
		for _, m := range variable.FindAllStringSubmatch(block[:strings.Index(block, "}")], -1) {
			colours[m[1]] = luminance(t, m[2])
		}
		for _, pair := range [][2]string{
			{"ink", "ground"},
			{"soft", "ground"},
			{"link", "ground"},
			{"ink", "panel"},
			{"soft", "panel"},
			{"good", "good-ground"},
			{"bad", "bad-ground"},
			{"open", "open-ground"},
			{"plain", "plain-ground"},
			{"ink", "good-ground"},
			{"ink", "bad-ground"},
			{"ink", "open-ground"},
			{"ink", "plain-ground"},
		} {
			a, b := colours[pair[0]], colours[pair[1]]
			if ratio := (max(a, b) + 0.05) / (min(a, b) + 0.05); ratio < 4.5 {
				t.Errorf("scheme %d: %s on %s has contrast %.2f", i, pair[0], pair[1], ratio)
			}
		}
	}
}

// The page says all that the report says.
func TestComplete(t *testing.T) {
	r, run := sample(), sampleRun()
	doc, _ := page(t, r, run)
	all := words(doc)
	var want []string
	for _, c := range r.Checks {
		want = append(want, c.ID, string(c.Status), c.Reason.String())
		for _, l := range c.Limits {
			want = append(want, l.String())
		}
	}
	for _, c := range r.Concerns {
		want = append(want, c.ID+" "+string(c.Outcome), c.Statement.String())
		for _, l := range c.Limits {
			want = append(want, l.String())
		}
	}
	for _, f := range r.Findings {
		want = append(want, f.ID, f.Rule, f.Message.String())
	}
	want = append(want, "internal/tele/send.go, line 88", "net/http.(*Client).Do", "undeclared", "1 of 2 items", "Attach evidence",
		"Updates after this version", "The server side was not offered", "not sold to agencies", "R. Viewer", "2026-12-01",
		r.Inputs.Submission, r.Inputs.Databases["osv"], r.Inputs.Documents["release procedure"], r.Replay.Evidence, digest("c"),
		"proffer verify dossier.oci.tar --key signer.pub --replay", "landlock", "mounted paths", "see other processes", "cdn.example", run.Binary)
	for _, s := range want {
		if !strings.Contains(all, s) {
			t.Errorf("the page does not say %q", s)
		}
	}
	for _, s := range []string{"cleared", "Overall", "overall", "rating", "%!"} {
		if strings.Contains(all, s) {
			t.Errorf("the page says %q", s)
		}
	}
}

func TestResults(t *testing.T) {
	titles := map[string]bool{}
	for _, res := range []reports.Result{reports.Met, reports.NotMet, reports.ResultIncomplete, reports.Refused, reports.Invalid, reports.NotIsolated, "novel"} {
		r := sample()
		r.Result = res
		doc, _ := page(t, r, nil)
		for _, n := range elements(doc, "div") {
			if strings.HasPrefix(attr(n, "class"), "banner ") {
				titles[words(n)] = true
				if (attr(n, "class") == "banner good") != (res == reports.Met) {
					t.Errorf("%s looks %s", res, attr(n, "class"))
				}
			}
		}
	}
	if len(titles) != 7 {
		t.Errorf("banners %v", titles)
	}
}

// An empty report renders, and no empty list reads as good news.
func TestEmpty(t *testing.T) {
	doc, _ := page(t, reports.Report{}, nil)
	all := words(doc)
	for _, s := range []string{"No check was made.", "No finding was recorded. That says nothing about what was not checked", "no audit leaves none", "record of the run was not at hand"} {
		if !strings.Contains(all, s) {
			t.Errorf("the page does not say %q", s)
		}
	}
	bare := sampleRun()
	bare.Sandbox = nil
	doc, _ = page(t, sample(), bare)
	if !strings.Contains(words(doc), "No sandbox was used") {
		t.Error("a run without sandbox does not say so")
	}
}

// poison puts one text into every string of a value but those that are words of
// the report's own.
func poison[T any](t testing.TB, v T, with string) T {
	t.Helper()
	raw, err := json.Marshal(v)
	if err != nil {
		t.Fatal(err)
	}
	var tree any
	if err := json.Unmarshal(raw, &tree); err != nil {
		t.Fatal(err)
	}
	if raw, err = json.Marshal(poisoned(tree, "", with)); err != nil {
		t.Fatal(err)
	}
	var out T
	if err := json.Unmarshal(raw, &out); err != nil {
		t.Fatal(err)
	}
	return out
}

func poisoned(v any, key, with string) any {
	switch v := v.(type) {
	case string:
		if v == "" || slices.Contains([]string{"status", "severity", "outcome", "result", "verdict"}, key) {
			return v
		}
		return with
	case []any:
		for i := range v {
			v[i] = poisoned(v[i], key, with)
		}
	case map[string]any:
		for k := range v {
			v[k] = poisoned(v[k], k, with)
		}
	}
	return v
}

// skeleton is the page without its text: elements, and attributes that hold
// nothing of the report.
func skeleton(doc *html.Node) string {
	var b strings.Builder
	for _, n := range elements(doc) {
		fmt.Fprintf(&b, "%s %s %s %s\n", n.Data, attr(n, "class"), attr(n, "id"), attr(n, "href"))
	}
	return b.String()
}

func checkHostile(t *testing.T, hostile, want string) {
	t.Helper()
	run := poison(t, *sampleRun(), hostile)
	doc, raw := page(t, poison(t, sample(), hostile), &run)
	if got := skeleton(doc); got != want {
		t.Fatalf("%q changes the structure of the page", hostile)
	}
	for _, c := range raw {
		if c != '\n' && c != ' ' && safetext.Of(string(c)).String() != string(c) {
			t.Fatalf("%q lets %U into the page", hostile, c)
		}
	}
}

func benign(t testing.TB) string {
	run := poison(t, *sampleRun(), "x")
	doc, _ := page(t, poison(t, sample(), "x"), &run)
	return skeleton(doc)
}

// hostile are texts that a vendor could choose to mislead a reader.
func hostile() []string {
	return []string{
		"<script>alert(1)</script>", `"><img src=x onerror=alert(1)>`, `' onmouseover='alert(1)`, "</style><style>*{display:none}", "</title><h1>x</h1>", "<!--", "-->", "]]>",
		"javascript:alert(1)", "https://example.org/", "{{.Report}}", "&lt;script&gt;", "\x1b[2J\x1b]0;title\x07", "a\u202eb\u2066c", "\u200b\u00ad\ufeff", "\xff\xfe", "a\r\nb\tc", "=1+1", "[x](https://example.org)", "`x`", strings.Repeat("A", 5000),
	}
}

func TestHostile(t *testing.T) {
	want := benign(t)
	for _, h := range hostile() {
		checkHostile(t, h, want)
	}
}

func FuzzRender(f *testing.F) {
	for _, h := range hostile() {
		f.Add(h)
	}
	want := benign(f)
	f.Fuzz(func(t *testing.T, s string) {
		if strings.TrimSpace(s) != "" {
			checkHostile(t, s, want)
		}
	})
}
