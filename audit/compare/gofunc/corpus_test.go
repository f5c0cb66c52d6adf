package gofunc_test

import (
	"fmt"
	"math/rand/v2"
	"slices"
	"strings"
)

// A program is a small Go module of three packages whose functions are made
// from shapes with seeded contents, so that a copy with one field of one shape
// changed is a program of which it is known what changed.
type program struct {
	shapes []*shape
	vars   []*variable
	// order swaps two initialisers that both run at start.
	order bool
	// imports are further packages that main keeps alive.
	imports []string
}

// A shape is one top-level function.
type shape struct {
	pkg, name string
	kind      string
	noinline  bool
	n         []int     // numbers
	s         []string  // strings
	f         []float64 // floating-point constants
	callees   []string  // qualified, for kind "caller"
	extra     bool      // one more statement
}

// A variable is a package-level variable with a static initial value.
type variable struct {
	pkg, name, kind string
	n               []int
	s               string
}

// linkName is the variable's name in a symbol table.
func (v *variable) linkName() string {
	if v.pkg == "main" {
		return "main." + v.name
	}
	return modulePath + "/" + v.pkg + "." + v.name
}

const modulePath = "corpus.example/prog"

func kinds() []string {
	return []string{
		"arith", "text", "table", "switch", "float", "iface", "itab", "global", "error",
		"closure", "map", "generic", "method", "bytes", "pointer", "defer", "std", "branch", "bits",
	}
}

// linkName is the function's name in pclntab.
func (s *shape) linkName() string {
	p := s.pkg
	if p != "main" {
		p = modulePath + "/" + p
	}
	switch s.kind {
	case "method":
		return p + "." + s.name + "T.Do"
	case "generic":
		return p + "." + s.name + "G"
	}
	return p + "." + s.name
}

func (s *shape) entry() string { return qualify(s.pkg, s.name) }

func qualify(pkg, name string) string {
	if pkg == "main" {
		return name
	}
	return pkg + "." + name
}

func literal(r *rand.Rand) string {
	words := strings.Fields("licence granted denied gateway telemetry signature update channel session operator" +
		" quorum threshold revoked archive payload inspect harbour lantern meadow quartz")
	n := 1 + r.IntN(6)
	parts := make([]string, n)
	for i := range parts {
		parts[i] = words[r.IntN(len(words))]
	}
	return fmt.Sprintf("%s-%d", strings.Join(parts, " "), r.IntN(10_000))
}

// newProgram makes the program of a seed.
func newProgram(seed uint64, perKind int, imports ...string) *program {
	r := rand.New(rand.NewPCG(seed, 1))
	p := &program{imports: imports}
	pkgs := []string{"alpha", "beta", "main"}
	for i := range perKind {
		for _, k := range kinds() {
			s := &shape{pkg: pkgs[r.IntN(3)], kind: k, noinline: r.IntN(2) == 0}
			s.name = fmt.Sprintf("F%s%d", strings.ToUpper(k[:1])+k[1:], i)
			for range 14 {
				s.n = append(s.n, 3+r.IntN(1<<(3+r.IntN(16))))
				s.s = append(s.s, literal(r))
			}
			s.f = []float64{1 + r.Float64(), 10 * r.Float64()}
			p.shapes = append(p.shapes, s)
		}
	}
	// Callers come last and call what is in their package or below it.
	for i := range 3 * perKind {
		c := &shape{pkg: "main", kind: "caller", name: fmt.Sprintf("FCaller%d", i), noinline: r.IntN(2) == 0}
		for range 3 {
			c.callees = append(c.callees, p.shapes[r.IntN(len(p.shapes))].entry())
		}
		c.n = []int{r.IntN(1000)}
		p.shapes = append(p.shapes, c)
	}
	for i := range 3 * perKind {
		k := []string{"int", "string", "slice", "array", "words"}[i%5]
		v := &variable{pkg: pkgs[r.IntN(3)], name: fmt.Sprintf("V%s%d", k, i), kind: k, s: literal(r)}
		for range 6 {
			v.n = append(v.n, 1+r.IntN(1<<20))
		}
		p.vars = append(p.vars, v)
	}
	return p
}

func (p *program) clone() *program {
	c := &program{order: p.order, imports: slices.Clone(p.imports)}
	for _, s := range p.shapes {
		d := *s
		d.n, d.s, d.f, d.callees = slices.Clone(s.n), slices.Clone(s.s), slices.Clone(s.f), slices.Clone(s.callees)
		c.shapes = append(c.shapes, &d)
	}
	for _, v := range p.vars {
		d := *v
		d.n = slices.Clone(v.n)
		c.vars = append(c.vars, &d)
	}
	return c
}

// calls is the call graph by name in pclntab, for the proof that a function is
// an inliner.
func (p *program) calls() map[string][]string {
	byEntry := map[string]string{}
	for _, s := range p.shapes {
		byEntry[s.entry()] = s.linkName()
	}
	g := map[string][]string{}
	for _, s := range p.shapes {
		entry := s.pkg + "." + s.name
		if s.pkg != "main" {
			entry = modulePath + "/" + s.pkg + "." + s.name
		}
		if s.linkName() != entry {
			g[entry] = append(g[entry], s.linkName())
		}
		for _, c := range s.callees {
			callee := byEntry[c]
			g[entry] = append(g[entry], callee)
			// The entry function of a method or a generic function stands
			// between the caller and the shape.
			if i := strings.LastIndexByte(c, '.'); i >= 0 {
				g[entry] = append(g[entry], modulePath+"/"+c)
			} else {
				g[entry] = append(g[entry], "main."+c)
			}
		}
		g["main.main"] = append(g["main.main"], entry, s.linkName())
	}
	return g
}

// A truth is what a mutation changed.
type truth struct {
	functions []string // names in pclntab
	data      []string // names of variables
	note      string
}

// mutate changes one thing.
func (p *program) mutate(r *rand.Rand, what string) truth {
	switch what {
	case "variable":
		v := p.vars[r.IntN(len(p.vars))]
		if v.kind == "string" {
			v.s = v.s[:len(v.s)-1] + "!"
		} else {
			v.n[r.IntN(3)]++
		}
		return truth{data: []string{v.linkName()}, note: "variable " + v.linkName()}
	case "order":
		p.order = !p.order
		return truth{functions: []string{"main.init"}, note: "init order"}
	case "import":
		p.imports = append(p.imports, "hash/crc32")
		return truth{functions: []string{"main.main"}, note: "import"}
	}
	s := p.shapes[r.IntN(len(p.shapes))]
	how := s.change(r, p)
	return truth{functions: []string{s.linkName()}, note: s.linkName() + ": " + how}
}

// change alters one field of the shape that its source shows.
func (s *shape) change(r *rand.Rand, p *program) string {
	if s.kind == "caller" {
		for {
			i, other := r.IntN(3), p.shapes[r.IntN(len(p.shapes))]
			if other.kind != "caller" && other.entry() != s.callees[i] {
				s.callees[i] = other.entry()
				return "calls another"
			}
		}
	}
	if s.kind == "global" && r.IntN(2) == 0 {
		s.n[1]++
		return "another global variable"
	}
	switch r.IntN(3) {
	case 0:
		s.extra = !s.extra
		return "one more statement"
	case 1:
		if usesStrings(s.kind) {
			if r.IntN(2) == 0 {
				s.s[0] = s.s[0][:len(s.s[0])-1] + "!"
				return "a string of the same length"
			}
			s.s[0] += " and more"
			return "a longer string"
		}
	}
	if s.kind == "float" {
		s.f[r.IntN(2)] += 0.5
		return "a floating-point constant"
	}
	if usesNumbers(s.kind) {
		s.n[0] += 1 + r.IntN(5)
		return "a number"
	}
	s.s[0] = s.s[0][:len(s.s[0])-1] + "!"
	return "a string of the same length"
}

func usesStrings(kind string) bool {
	return slices.Contains([]string{"text", "switch", "error", "map", "bytes", "pointer", "defer", "std", "branch"}, kind)
}

func usesNumbers(kind string) bool {
	return !slices.Contains([]string{"text", "switch", "bytes", "std"}, kind)
}
