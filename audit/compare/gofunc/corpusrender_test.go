package gofunc_test

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"
)

// render is the Go source of a function of the shape's name that takes and
// gives an int.
func (s *shape) render() string {
	var b strings.Builder
	if s.noinline && s.kind != "method" && s.kind != "generic" {
		b.WriteString("//go:noinline\n")
	}
	more := ""
	if s.extra {
		more = fmt.Sprintf("\tx ^= %d\n", s.n[13])
	}
	fn := func(body string, args ...any) {
		fmt.Fprintf(&b, "func %s(x int) int {\n%s\t%s\n}\n", s.name, more, fmt.Sprintf(body, args...))
	}
	n, t := s.n, s.s
	switch s.kind {
	case "arith":
		fn("return (x*%d + %d) ^ (x >> 3)", n[0], n[1])
	case "text":
		fn("y := itoa(x)\n\tif y == %q {\n\t\treturn len(y)\n\t}\n\treturn len(join(y, %q))", t[1], t[0])
	case "table":
		fn("t := [...]int{%d, %d, %d, %d, %d, %d, %d, %d}\n\treturn t[x&7]", n[0], n[1], n[2], n[3], n[4], n[5], n[6], n[7])
	case "switch":
		fmt.Fprintf(&b, "func %s(x int) int {\n%s\ty := %q\n\tswitch x {\n", s.name, more, t[0])
		for i := range 10 {
			fmt.Fprintf(&b, "\tcase %d:\n\t\ty = join(y, %q)\n", i, t[1+i])
		}
		b.WriteString("\t}\n\treturn len(y)\n}\n")
	case "float":
		fn("y := float64(x)*%v + %v\n\treturn int(y)", s.f[0], s.f[1])
	case "iface":
		fn("if x > %d {\n\t\treturn sink(kindA(x))\n\t}\n\treturn sink(kindB(x))", n[0])
	case "itab":
		fn("return show(kindA(x + %d))", n[0])
	case "global":
		fn("counter%d += x\n\treturn counter%d * %d", n[1]%4, n[2]%4, n[0])
	case "error":
		fn("if x > %d {\n\t\treturn fail(%q, x)\n\t}\n\treturn x", n[0], t[0])
	case "closure":
		fn("return each(x, func(y int) int { return y*%d + x })", n[0])
	case "map":
		fmt.Fprintf(&b, "func %s(x int) int {\n%s\tm := map[string]int{%q: %d", s.name, more, t[0], n[0])
		for i := 1; i < 30; i++ {
			fmt.Fprintf(&b, ", %q: %d", fmt.Sprint(s.name, t[i%14], i), i)
		}
		b.WriteString("}\n\treturn m[itoa(x)]\n}\n")
	case "generic":
		fmt.Fprintf(&b, "//go:noinline\nfunc %sG[T int | float64](x T) T {\n", s.name)
		if s.extra {
			b.WriteString("\tx += 77\n")
		}
		fmt.Fprintf(&b, "\treturn x*%d + %d\n}\n\n", n[0], n[1])
		fmt.Fprintf(&b, "//go:noinline\nfunc %s(x int) int { return %sG(x) + int(%sG(float64(x))) }\n", s.name, s.name, s.name)
	case "method":
		noinline := ""
		if s.noinline {
			noinline = "//go:noinline\n"
		}
		fmt.Fprintf(&b, "type %sT struct{ a, b int }\n\n%sfunc (t %sT) Do(x int) int {\n%s\treturn t.a*x + t.b ^ %d\n}\n\n", s.name, noinline, s.name, more, n[0])
		fmt.Fprintf(&b, "//go:noinline\nfunc %s(x int) int { return do(%sT{x, 3}, x) }\n", s.name, s.name)
	case "bytes":
		fn("return len(append(buffer(x), %q...))", t[0]+" "+t[1]+" "+t[2])
	case "pointer":
		fn("return keep(&config{name: %q, port: %d + x, next: &config{name: %q}})", t[0], n[0], t[1])
	case "defer":
		fn("defer func() { counter0 += %d }()\n\treturn len(join(%q, itoa(x)))", n[0], t[0])
	case "std":
		fn("return len(upper(itoa(x)+%q)) + contains(%q, itoa(x))", t[0], t[1])
	case "branch":
		fn("for i := range x {\n\t\tif i*i > %d {\n\t\t\treturn len(join(itoa(i), %q))\n\t\t}\n\t}\n\treturn %d", n[0], t[0], n[1])
	case "bits":
		fn("u := uint64(x)\n\treturn int(u<<7|u>>57) & %d", n[0])
	case "caller":
		fn("return %s(x) + %s(x+%d) ^ %s(x)", s.callees[0], s.callees[1], s.n[0], s.callees[2])
	}
	return b.String()
}

func (v *variable) render() string {
	switch v.kind {
	case "int":
		return fmt.Sprintf("var %s = %d\n", v.name, v.n[0])
	case "string":
		return fmt.Sprintf("var %s = %q\n", v.name, v.s)
	case "slice":
		return fmt.Sprintf("var %s = []int{%d, %d, %d, 4}\n", v.name, v.n[0], v.n[1], v.n[2])
	case "array":
		return fmt.Sprintf("var %s = [5]uint32{%d, %d, %d}\n", v.name, v.n[0], v.n[1], v.n[2])
	default:
		return fmt.Sprintf("var %s = []string{%q, \"%d\", \"%d\", \"%d\"}\n", v.name, v.s, v.n[0], v.n[1], v.n[2])
	}
}

// read is an expression of type int that uses the variable.
func (v *variable) read() string {
	switch q := qualify(v.pkg, v.name); v.kind {
	case "int":
		return q
	case "string":
		return "len(" + q + ") + int(" + q + "[len(os.Args)])"
	case "words":
		return "len(" + q + "[len(os.Args)])"
	default:
		return "int(" + q + "[len(os.Args)])"
	}
}

// helpers are in every package, so that no package imports another one but
// main.
const helpers = `
var counter0, counter1, counter2, counter3 int
var Version = "unset"

type kindA int
type kindB int
type config struct {
	name string
	port int
	next *config
}
type doer interface{ Do(int) int }

func (k kindA) String() string { return "A" + strconv.Itoa(int(k)) }
func (k kindB) String() string { return "B" + strconv.Itoa(int(k)) }

//go:noinline
func itoa(x int) string { return strconv.Itoa(x) }

//go:noinline
func join(a, b string) string { return a + b }

//go:noinline
func sink(v any) int { return len(fmt.Sprint(v)) }

//go:noinline
func show(v fmt.Stringer) int { return len(v.String()) }

//go:noinline
func fail(s string, x int) int { return len(fmt.Errorf("%s: %d", s, x).Error()) }

//go:noinline
func each(x int, f func(int) int) int { return f(x) + f(x+1) }

//go:noinline
func do(d doer, x int) int { return d.Do(x) }

//go:noinline
func buffer(x int) []byte { return make([]byte, x&15) }

//go:noinline
func keep(c *config) int { return len(c.name) + c.port + len(c.next.name) }

//go:noinline
func upper(s string) string { return strings.ToUpper(s) }

//go:noinline
func contains(a, b string) int {
	if strings.Contains(a, b) {
		return 1
	}
	return 0
}

func Counters() int { return counter0 + counter1*3 + counter2*5 + counter3*7 + len(Version) }
`

// write puts the module into dir.
func (p *program) write(dir string) error {
	files := map[string]string{"go.mod": "module " + modulePath + "\n\ngo 1.22\n"}
	for _, pkg := range []string{"alpha", "beta", "main"} {
		var b strings.Builder
		fmt.Fprintf(&b, "package %s\n\nimport (\n\t\"fmt\"\n\t\"strconv\"\n\t\"strings\"\n", pkg)
		if pkg == "main" {
			fmt.Fprintf(&b, "\t\"os\"\n\t%q\n\t%q\n", modulePath+"/alpha", modulePath+"/beta")
			for _, i := range p.imports {
				fmt.Fprintf(&b, "\t%q\n", i)
			}
		}
		b.WriteString(")\n" + helpers)
		if pkg == "main" {
			p.writeMain(&b)
		}
		for _, v := range p.vars {
			if v.pkg == pkg {
				b.WriteString("\n" + v.render())
			}
		}
		for _, s := range p.shapes {
			if s.pkg == pkg {
				b.WriteString("\n" + s.render())
			}
		}
		files[filepath.Join(strings.TrimPrefix(pkg, "main"), pkg+".go")] = b.String()
	}
	for name, content := range files {
		file := filepath.Join(dir, name)
		if err := os.MkdirAll(filepath.Dir(file), 0o755); err != nil {
			return err
		}
		if err := os.WriteFile(file, []byte(content), 0o600); err != nil {
			return err
		}
	}
	return nil
}

func (p *program) writeMain(b *strings.Builder) {
	first, second := "One", "Two"
	if p.order {
		first, second = second, first
	}
	fmt.Fprintf(b, "\nvar start%s = fmt.Sprint(%q, len(os.Args))\nvar start%s = fmt.Sprint(%q, len(os.Args))\n", first, first, second, second)
	fmt.Fprint(b, "\nfunc main() {\n\tx := len(os.Args)\n\ty := alpha.Counters() + beta.Counters() + Counters() + len(startOne+startTwo)\n")
	for _, i := range p.imports {
		if use := keeps()[i]; use != "" {
			fmt.Fprintf(b, "\ty += %s\n", use)
		}
	}
	for _, v := range p.vars {
		fmt.Fprintf(b, "\ty += %s\n", v.read())
	}
	for _, s := range p.shapes {
		fmt.Fprintf(b, "\ty ^= %s(x)\n", s.entry())
	}
	b.WriteString("\tfmt.Println(y)\n}\n")
}

// keeps are expressions that keep a package's code in the program.
func keeps() map[string]string {
	return map[string]string{
		"net/http":      `func() int { r, err := http.Get(strings.Join(os.Args, "")); if err != nil { return 1 }; return r.StatusCode }()`,
		"go/types":      `func() int { p := types.NewPackage(os.Args[0], "p"); err := types.NewChecker(&types.Config{}, nil, p, nil).Files(nil); return len(fmt.Sprint(err, p)) }()`,
		"html/template": `func() int { t := template.Must(template.New("x").Parse(os.Args[0])); t.Execute(os.Stdout, os.Args); return 1 }()`,
		"hash/crc32":    `int(crc32.ChecksumIEEE([]byte(os.Args[0])))`,
	}
}
