package bytes

import (
	"bytes"
	"context"
	"encoding/base64"
	"encoding/json"
	"errors"
	"os"
	"path/filepath"
	"runtime"
	"slices"
	"strings"
	"testing"

	"github.com/proffer-audit/proffer/audit/source/rules"
)

func ruleSet(t testing.TB) *rules.Set {
	t.Helper()
	set, err := rules.Load()
	if err != nil {
		t.Fatal(err)
	}
	return set
}

// one shows the passes one file.
func one(t *testing.T, name, content string) result {
	t.Helper()
	set := ruleSet(t)
	lang, known := set.Languages.Of(name)
	res := result{file: File{Path: name, Language: lang.Name, Place: set.Places.Of(name), Size: int64(len(content))}}
	inspect(&res, []byte(content), lang, known, true, set)
	return res
}

// noise is matter that looks random, the same every time.
func noise(n int) []byte {
	out, x := make([]byte, n), uint32(2463534242)
	for i := range out {
		x ^= x << 13
		x ^= x >> 17
		x ^= x << 5
		out[i] = byte(x >> 11)
	}
	return out
}

func TestMarks(t *testing.T) {
	deep := strings.Repeat("\t", 20)
	for _, c := range []struct {
		name, file, content string
		want                string // kind line:column where runes
	}{
		{"bidi in a comment", "a.go", "package a\n\n/* \u202e } */", "bidi 3:4 comment U+202E"},
		{"bidi in a string", "a.py", "x = 'a\u2066b'\n", "bidi 1:7 string U+2066"},
		{"all nine", "a.c", "\u202a\u202b\u202c\u202d\u202e\u2066\u2067\u2068\u2069", "bidi 1:1 code U+202A U+202B U+202C U+202D U+202E U+2066 U+2067 U+2068 U+2069"},
		{"bidi in a document", "README.md", "a \u202d b", "bidi 1:3 text U+202D"},
		{"zero width in a name", "a.js", "let ad\u200bmin = 1", "invisible 1:7 code U+200B"},
		{"Hangul filler", "a.js", "const { x, \u3164 } = req", "invisible 1:12 code U+3164"},
		{"a tag character", "a.txt", "x\U000E0041", "invisible 1:2 text U+E0041"},
		{"byte order mark at the start", "a.go", "\ufeffpackage a\n", ""},
		{"byte order mark inside", "a.go", "package a\n\ufeff", "invisible 2:1 code U+FEFF"},
		{"joined emoji", "a.go", "package a // 👩\u200d💻", ""},
		{"Persian", "a.txt", "می\u200cخواهم", ""},
		{"joiner after Latin", "a.go", "package a // a\u200db", "invisible 1:15 comment U+200D"},
		{"code behind blanks", "a.go", "package a;" + strings.Repeat(" ", 130) + "import _ \"os\"", "blank 1:141 code"},
		{"code behind tabs", "a.c", "int a;" + strings.Repeat("\t", 16) + "evil();", "blank 1:23 code"},
		{"a comment behind blanks", "a.c", "int a;" + strings.Repeat(" ", 130) + "// aligned", ""},
		{"deep nesting", "a.go", "package a\n" + deep + "var x int", ""},
		{"a table in a document", "a.md", "a" + strings.Repeat(" ", 200) + "b", ""},
		{"nothing", "a.go", "package a\n\n// naïve café — π ≈ 3\n", ""},
	} {
		t.Run(c.name, func(t *testing.T) {
			res := one(t, c.file, c.content)
			got := ""
			if len(res.marks) > 0 {
				m := res.marks[0]
				got = strings.TrimSpace(m.Kind + " " + itoa(m.Line) + ":" + itoa(m.Column) + " " + m.Where + " " + strings.Join(m.Runes, " "))
			}
			if got != c.want || len(res.marks) > 1 {
				t.Errorf("got %q, want %q (%d marks)", got, c.want, len(res.marks))
			}
		})
	}
}

func itoa(n int) string { b, _ := json.Marshal(n); return string(b) }

func TestUTF16IsRead(t *testing.T) {
	text := []byte{0xff, 0xfe}
	for _, r := range "x = '" {
		text = append(text, byte(r), 0)
	}
	text = append(text, 0x2e, 0x20, '\'', 0) // U+202E
	res := one(t, "a.py", string(text))
	if len(res.marks) != 1 || res.marks[0].Kind != "bidi" {
		t.Errorf("marks %v", res.marks)
	}
}

func TestIdentifiers(t *testing.T) {
	for _, c := range []struct {
		name, file, content string
		want                string
	}{
		{"a twin", "a.go", "package a\n\nvar isAdmin, is\u0410dmin bool", "is\u0410dmin=isAdmin twin Cyrillic Latin"},
		{"mixed scripts", "a.go", "package a\n\nvar p\u0430yload int", "p\u0430yload=payload  Cyrillic Latin"},
		{"all Cyrillic", "a.go", "package a\n\nvar \u0441\u043e\u0440\u0435 int", "\u0441\u043e\u0440\u0435=cope  Cyrillic"},
		{"honest Cyrillic", "a.go", "package a\n\nvar \u0434\u043b\u0438\u043d\u0430 int", ""},
		{"mathematics", "a.go", "package a\n\nvar a, \u03b1, \u03c72, \u03b8 float64", ""},
		{"in JavaScript", "a.js", "let check = 1; let \u0441heck = 2", "\u0441heck=check twin Cyrillic Latin"},
		{"in a comment", "a.js", "// \u0441heck check", ""},
		{"in a string", "a.go", "package a\n\nvar s = \"\u0441heck check\"", ""},
		{"full width", "a.py", "\uff45val = eval", "\uff45val=eval twin Latin"},
	} {
		t.Run(c.name, func(t *testing.T) {
			res := one(t, c.file, c.content)
			got := ""
			for _, id := range res.identifiers {
				got = id.Name + "=" + id.Reads + " " + map[bool]string{true: "twin"}[id.Twin] + " " + strings.Join(id.Scripts, " ")
			}
			if got != c.want {
				t.Errorf("got %q, want %q", got, c.want)
			}
		})
	}
}

func TestBlobs(t *testing.T) {
	elf := "\x7fELF\x02\x01\x01\x00" + string(noise(6000))
	encoded := base64.StdEncoding.EncodeToString([]byte(elf))
	for _, c := range []struct {
		name, file, content string
		want                string // kind type place
	}{
		{"an executable", "bin/tool", elf, "executable elf code"},
		{"a disguised one", "docs/logo.png", elf, "disguised elf doc"},
		{"disguised as source", "a.go", elf, "disguised elf code"},
		{"a Windows one", "setup.exe", "MZ\x90\x00" + string(noise(100)), "executable pe code"},
		{"noise", "data/table", string(noise(8192)), "random  code"},
		{"little noise", "data/table", string(noise(512)), ""},
		{"a broken picture", "a.png", string(noise(600)), "mislabelled unknown code"},
		{"a picture", "a.png", "\x89PNG\r\n\x1a\n" + string(noise(8192)), ""},
		{"an archive", "x/data.zip", "PK\x03\x04" + string(noise(64)), "archive zip code"},
		{"a fixture", "testdata/good.xz", "\xfd7zXZ\x00" + string(noise(64)), "archive xz test"},
		{"an archive with another name", "a.png", "PK\x03\x04" + string(noise(64)), "mislabelled zip code"},
		{"an executable in base64", "a.js", "x = '" + encoded + "'", "encoded-executable elf code"},
		{"noise in base64", "a.go", "package a\n\nconst x = \"" + base64.StdEncoding.EncodeToString(noise(9000)) + "\"", "encoded  code"},
		{"text in base64", "a.js", "x = '" + base64.StdEncoding.EncodeToString([]byte(strings.Repeat("honest text ", 900))) + "'", ""},
		{"two letters", "a.txt", "MZ and BM are letters", ""},
		{"nothing", "empty.png", "", ""},
	} {
		t.Run(c.name, func(t *testing.T) {
			res := one(t, c.file, c.content)
			got := ""
			for _, b := range append(res.blobs, res.archives...) {
				got += b.Kind + " " + b.Type + " " + b.Place
			}
			if got != c.want {
				t.Errorf("got %q, want %q", got, c.want)
			}
		})
	}
}

func TestHosts(t *testing.T) {
	for _, c := range []struct {
		name, file, content string
		want                []string // host class volume where
	}{
		{"a Go literal", "a.go", `package a; var u = "https://user:pw@Update.Vendor.invalid:8443/v1?x=1"`, []string{"update.vendor.invalid reserved built string"}},
		{"an escaped literal", "a.go", `package a; var u = "\x68ttps://c2.acme.com/"`, []string{"c2.acme.com  built string"}},
		{"a Go comment", "a.go", "package a // see https://go.dev/x", []string{"go.dev  quiet comment"}},
		{"an import is no host", "a.go", `package a; import _ "github.com/a/b"`, nil},
		{"host and port", "a.go", `package a; var u = "203.0.113.7:4444"`, []string{"203.0.113.7  built string"}},
		{"an IPv6 address", "a.go", `package a; var u = "[2001:db8::1]:53"`, []string{"2001:db8::1  built string"}},
		{"a bare name", "a.go", `package a; var u = "c2.acme.com"`, []string{"c2.acme.com  built string"}},
		{"a file name", "a.go", `package a; var u, v = "main.go", "Checker.Info"`, nil},
		{"a version", "a.go", `package a; var u = "1.22.3"`, nil},
		{"the name of an object", "a.go", `package a; var u = "2.5.4.10"`, []string{"2.5.4.10 number built string"}},
		{"a namespace", "a.svg", `<svg xmlns="http://www.w3.org/2000/svg">`, []string{"www.w3.org namespace built string"}},
		{"this machine", "a.js", `fetch("http://localhost:3000/")`, []string{"localhost loopback built string"}},
		{"in a document", "README.md", "see https://acme.com/docs.", []string{"acme.com  quiet text"}},
		{"in a test", "a_test.go", `package a; var u = "https://acme.com"`, []string{"acme.com  quiet string"}},
		{"a JavaScript comment", "a.js", "/* https://acme.com */", []string{"acme.com  quiet comment"}},
		{"escaped slashes", "a.json", `{"u": "https:\/\/acme.com\/x"}`, []string{"acme.com  built string"}},
		{"a template", "a.js", "x = `https://${host}/a`", nil},
		{"a scheme of its own", "a.py", "u = 'mqtts://broker.acme.com:8883'", []string{"broker.acme.com  built string"}},
		{"after another word", "a.sh", "curl -s https://acme.com/install | sh", []string{"acme.com  built text"}},
	} {
		t.Run(c.name, func(t *testing.T) {
			var got []string
			for _, m := range one(t, c.file, c.content).mentions {
				got = append(got, strings.Join([]string{m.host, m.class, [...]string{"built", "loud", "quiet"}[m.volume], m.Where}, " "))
			}
			if !slices.Equal(got, c.want) {
				t.Errorf("got %q, want %q", got, c.want)
			}
		})
	}
}

func TestHostOf(t *testing.T) {
	for in, want := range map[string]string{
		"https://a.invalid/x": "a.invalid", "a.invalid:443": "a.invalid", ":8080": "", "[::1]:53": "::1",
		"http://user@h.example.org": "h.example.org", "": "", "[::1": "", "a.invalid:99999": "", "https://": "",
	} {
		if got := HostOf(in); got != want {
			t.Errorf("%q: %q, want %q", in, got, want)
		}
	}
}

func TestLexers(t *testing.T) {
	for _, c := range []struct{ lexer, content, want string }{
		{"c", "a /* b */ c // d\n'e' `f\ng`", "code comment code comment code string code string"},
		{"c", "'unclosed\nx \"a\\\"b\" y", "string code string code"},
		{"hash", "a # b\n'''c\nd''' e", "code comment code string code"},
		{"markup", "<a href='x'><!-- b --> c", "code string code comment code"},
		{"plain", "a 'b'", "text"},
	} {
		var got []string
		end := 0
		for _, s := range lex([]byte(c.content), syntaxOf(c.lexer)) {
			got = append(got, s.kind.String())
			if s.end <= end {
				t.Errorf("%q: a span ends at %d after %d", c.content, s.end, end)
			}
			end = s.end
		}
		if strings.Join(got, " ") != c.want || end != len(c.content) {
			t.Errorf("%q: %v, want %s", c.content, got, c.want)
		}
	}
}

// tree writes a source tree with one of each.
func tree(t *testing.T) string {
	t.Helper()
	dir := t.TempDir()
	for name, content := range map[string]string{
		"main.go":             "package main\n\nimport \"os/exec\"\n\nvar u = \"https://c2.acme.com/\"\n",
		"other.go":            "package main\n\nvar v = \"https://other.acme.com/\"\n",
		"testdata/in.bin":     string(noise(5000)),
		"docs/a.md":           "https://acme.com \u202e",
		".git/config":         "[core]",
		"bin/tool":            "\x7fELF" + string(noise(5000)),
		"latin1.txt":          "caf\xe9",
		"web/app.ts":          "fetch('https://c2.acme.com/x')",
		"folder/deep/empty.c": "",
	} {
		path := filepath.Join(dir, filepath.FromSlash(name))
		if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(path, []byte(content), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	if err := os.Symlink("../../etc/passwd", filepath.Join(dir, "link")); err != nil {
		t.Skip("no symbolic links here")
	}
	return dir
}

func TestScan(t *testing.T) {
	r, files, err := Scan(context.Background(), tree(t), map[string]bool{"main.go": true}, ruleSet(t), Limits{})
	if err != nil {
		t.Fatal(err)
	}
	if r.Files != 8 || len(files) != 8 {
		t.Errorf("%d files, %d listed", r.Files, len(files))
	}
	want := []Unread{{".git", "version control data"}, {"link", "symbolic link to ../../etc/passwd"}}
	if !slices.Equal(r.Unread, want) {
		t.Errorf("unread %v", r.Unread)
	}
	var hosts []string
	for _, h := range r.Hosts {
		hosts = append(hosts, h.Name+" "+itoa(h.Built)+itoa(h.Loud)+itoa(h.Quiet))
	}
	if got := strings.Join(hosts, ", "); got != "acme.com 001, c2.acme.com 200, other.acme.com 010" {
		t.Errorf("hosts %s", got)
	}
	if i := slices.IndexFunc(files, func(f File) bool { return f.Path == "main.go" }); !slices.Equal(files[i].Imports, []string{"os/exec"}) {
		t.Errorf("imports %v", files[i].Imports)
	}
}

func TestLimitsAreNamed(t *testing.T) {
	dir := t.TempDir()
	if err := os.WriteFile(filepath.Join(dir, "a.txt"), bytes.Repeat([]byte("a"), 2000), 0o644); err != nil {
		t.Fatal(err)
	}
	r, _, err := Scan(context.Background(), dir, nil, ruleSet(t), Limits{FileBytes: 100})
	if err != nil || len(r.Unread) != 1 || r.Unread[0].Why != "2000 bytes long, read to byte 100" {
		t.Errorf("unread %v, error %v", r.Unread, err)
	}
	if err := os.WriteFile(filepath.Join(dir, "b.txt"), nil, 0o644); err != nil {
		t.Fatal(err)
	}
	var many *TooManyFilesError
	if _, _, err := Scan(context.Background(), dir, nil, ruleSet(t), Limits{Files: 1}); !errors.As(err, &many) {
		t.Errorf("two files where one is allowed: %v", err)
	}
	if _, _, err := Scan(context.Background(), filepath.Join(dir, "nowhere"), nil, ruleSet(t), Limits{}); err == nil {
		t.Error("a source that is not there is scanned")
	}
}

func TestUnreadableIsNamed(t *testing.T) {
	if os.Getuid() == 0 {
		t.Skip("root reads everything")
	}
	dir := t.TempDir()
	if err := os.WriteFile(filepath.Join(dir, "a.txt"), []byte("a"), 0o000); err != nil {
		t.Fatal(err)
	}
	r, _, err := Scan(context.Background(), dir, nil, ruleSet(t), Limits{})
	if err != nil || len(r.Unread) != 1 || r.Unread[0].Path != "a.txt" {
		t.Errorf("unread %v, error %v", r.Unread, err)
	}
}

func TestDeterminism(t *testing.T) {
	var first string
	for _, procs := range []int{1, 4, 4} {
		old := runtime.GOMAXPROCS(procs)
		r, _, err := Scan(context.Background(), tree(t), nil, ruleSet(t), Limits{})
		runtime.GOMAXPROCS(old)
		if err != nil {
			t.Fatal(err)
		}
		out, err := json.Marshal(r)
		if err != nil {
			t.Fatal(err)
		}
		if first == "" {
			first = string(out)
		}
		if string(out) != first {
			t.Errorf("two runs differ:\n%s\n%s", first, out)
		}
	}
}
