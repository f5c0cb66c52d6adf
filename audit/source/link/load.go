package link

import (
	"context"
	"fmt"
	"go/ast"
	"go/parser"
	"go/token"
	"go/types"
	"os"
	"path/filepath"
	"runtime"
	"slices"
	"strings"
	"sync"

	"golang.org/x/tools/go/packages"

	"github.com/proffer-audit/proffer/audit/source/rules"
)

// A Request says what to analyse, and with what. All paths are absolute and, but
// for Dir, need not be below one another.
type Request struct {
	Source   string   // the source's root
	Dir      string   // the main module's folder, relative to Source
	GOROOT   string   // the analysing toolchain
	ModCache string   // where the go command unpacks modules; used to name their files
	Env      []string // the whole environment of the go command
	Patterns []string // packages, as the go command takes them
	GOOS     string
	GOARCH   string
	Tags     []string
	Limits   Limits
}

// Limits bound the load. Zero means the default.
type Limits struct {
	PackageBytes int64 // Go source of one package; default 64 MiB
	ClosureBytes int64 // Go source of all packages that are read; default 512 MiB
}

func (l Limits) withDefaults() Limits {
	if l.PackageBytes == 0 {
		l.PackageBytes = 64 << 20
	}
	if l.ClosureBytes == 0 {
		l.ClosureBytes = 512 << 20
	}
	return l
}

// origin says where a package comes from.
type origin int

const (
	own origin = iota
	module
	standard
)

// A unit is one package on its way to SSA form.
type unit struct {
	meta    *packages.Package
	origin  origin
	reading rules.Reading
	files   []*ast.File
	info    *types.Info
	types   *types.Package
	broken  string // why it gets no SSA form, as found before type-checking
	failure string // the same, as found by type-checking
	done    chan struct{}
}

// closure is every package of the program, dependencies before dependants.
type closure struct {
	fset  *token.FileSet
	units []*unit
	byID  map[string]*unit
	names namer
	gaps  []Gap
}

// load lists, parses and type-checks. Only what prevents any answer is an error.
func load(ctx context.Context, req Request, set *rules.Set, phase func(string)) (*closure, error) {
	c := &closure{fset: token.NewFileSet(), byID: map[string]*unit{}, names: newNamer(req)}
	phase("list packages")
	roots, err := packages.Load(&packages.Config{
		Context: ctx,
		Mode: packages.NeedName | packages.NeedFiles | packages.NeedImports | packages.NeedDeps |
			packages.NeedModule | packages.NeedEmbedFiles,
		Env:        req.Env,
		Dir:        filepath.Join(req.Source, filepath.FromSlash(req.Dir)),
		Fset:       c.fset,
		BuildFlags: tagFlags(req.Tags),
	}, req.Patterns...)
	if err != nil {
		return nil, fmt.Errorf("list packages %s: %w", strings.Join(req.Patterns, " "), err)
	}
	slices.SortFunc(roots, func(a, b *packages.Package) int { return strings.Compare(a.ID, b.ID) })
	c.order(roots, set)
	if !slices.ContainsFunc(c.units, func(u *unit) bool { return u.origin == own && len(u.meta.GoFiles) > 0 }) {
		c.gaps = append(c.gaps, Gap{strings.Join(req.Patterns, " "), "no Go package of the main module matches in this configuration"})
	}
	if err := c.parse(ctx, req.Limits.withDefaults(), phase); err != nil {
		return nil, err
	}
	phase("type-check")
	c.check(ctx, types.SizesFor("gc", req.GOARCH))
	if err := ctx.Err(); err != nil {
		return nil, fmt.Errorf("type-check: %w", err)
	}
	return c, nil
}

func tagFlags(tags []string) []string {
	if len(tags) == 0 {
		return nil
	}
	return []string{"-tags=" + strings.Join(tags, ",")}
}

// order puts the packages in a fixed order, dependencies first, and says where
// each comes from.
func (c *closure) order(roots []*packages.Package, set *rules.Set) {
	var visit func(p *packages.Package)
	visit = func(p *packages.Package) {
		if c.byID[p.ID] != nil {
			return
		}
		u := &unit{meta: p, origin: c.names.origin(p), done: make(chan struct{})}
		c.byID[p.ID] = u
		if u.origin == standard {
			u.reading = set.Std.Reading(p.PkgPath)
		}
		for _, path := range sortedKeys(p.Imports) {
			visit(p.Imports[path])
		}
		for _, e := range p.Errors {
			c.gap(u, c.names.scrub(e.Msg))
		}
		slices.Sort(p.GoFiles)
		c.units = append(c.units, u)
	}
	for _, p := range roots {
		visit(p)
	}
}

// gap records the first reason for which a package is not analysed.
func (c *closure) gap(u *unit, why string) {
	if u.broken == "" {
		u.broken = why
		c.gaps = append(c.gaps, Gap{u.meta.PkgPath, why})
	}
}

// parse reads all files one after the other, so that positions are the same in
// every run.
func (c *closure) parse(ctx context.Context, lim Limits, phase func(string)) error {
	var total int64
	for _, u := range c.units {
		if err := ctx.Err(); err != nil {
			return fmt.Errorf("parse %s: %w", u.meta.PkgPath, err)
		}
		if u.meta.PkgPath == "unsafe" {
			continue
		}
		phase("parse " + u.meta.PkgPath)
		size, sources, err := readAll(u.meta.GoFiles)
		if err != nil {
			c.gap(u, c.names.scrub(err.Error()))
			continue
		}
		if total += size; size > lim.PackageBytes || total > lim.ClosureBytes {
			c.gap(u, fmt.Sprintf("limit: %d bytes of Go source in the package, %d with those before it", size, total))
			continue
		}
		mode := parser.SkipObjectResolution
		if u.origin != standard {
			mode |= parser.ParseComments
		}
		for i, name := range u.meta.GoFiles {
			f, err := parser.ParseFile(c.fset, name, sources[i], mode)
			if err != nil {
				c.gap(u, c.names.scrub(err.Error()))
			}
			if f != nil {
				u.files = append(u.files, f)
			}
		}
	}
	return nil
}

func readAll(names []string) (int64, [][]byte, error) {
	var size int64
	var all [][]byte
	for _, name := range names {
		b, err := os.ReadFile(name)
		if err != nil {
			return 0, nil, err
		}
		size += int64(len(b))
		all = append(all, b)
	}
	return size, all, nil
}

// check type-checks all packages, each after those that it imports, as many at
// a time as there are processors.
func (c *closure) check(ctx context.Context, sizes types.Sizes) {
	slots := make(chan struct{}, runtime.GOMAXPROCS(0))
	var wg sync.WaitGroup
	for _, u := range c.units {
		wg.Go(func() {
			defer close(u.done)
			for _, d := range u.meta.Imports {
				<-c.byID[d.ID].done
			}
			slots <- struct{}{}
			defer func() { <-slots }()
			if ctx.Err() == nil {
				u.failure = c.checkOne(u, sizes)
			}
		})
	}
	wg.Wait()
	for _, u := range c.units {
		if u.failure != "" {
			c.gap(u, c.names.scrub(u.failure))
		}
		if u.broken != "" {
			u.files, u.info = nil, nil
		}
	}
}

// checkOne type-checks one package and returns why it cannot be built, if so. A
// package that imports a broken one is broken: its types may have holes.
func (c *closure) checkOne(u *unit, sizes types.Sizes) (why string) {
	defer func() {
		// The type checker is not made for malice; what breaks it is a gap.
		if r := recover(); r != nil {
			why = fmt.Sprintf("the type checker failed: %v", r)
		}
	}()
	if u.meta.PkgPath == "unsafe" {
		u.types = types.Unsafe
		return ""
	}
	if u.reading != rules.Opaque {
		u.info = newInfo()
	}
	first := ""
	conf := types.Config{
		Importer:         importer{c, u},
		Sizes:            sizes,
		IgnoreFuncBodies: u.reading == rules.Opaque,
		Error: func(err error) {
			if first == "" {
				first = err.Error()
			}
		},
	}
	if m := u.meta.Module; m != nil && m.GoVersion != "" {
		conf.GoVersion = "go" + m.GoVersion
	}
	pkg, err := conf.Check(u.meta.PkgPath, c.fset, u.files, u.info)
	if err != nil && first == "" {
		first = err.Error()
	}
	u.types = pkg
	if u.reading == rules.Opaque {
		u.files = nil
	}
	if first == "" {
		for _, path := range sortedKeys(u.meta.Imports) {
			if d := c.byID[u.meta.Imports[path].ID]; d.failed() {
				return "imports " + d.meta.PkgPath + ", which is not analysed"
			}
		}
	}
	return first
}

// failed reports, once the unit is done, whether its types may have holes.
func (u *unit) failed() bool { return u.broken != "" || u.failure != "" }

func newInfo() *types.Info {
	return &types.Info{
		Types:        map[ast.Expr]types.TypeAndValue{},
		Defs:         map[*ast.Ident]types.Object{},
		Uses:         map[*ast.Ident]types.Object{},
		Implicits:    map[ast.Node]types.Object{},
		Instances:    map[*ast.Ident]types.Instance{},
		Scopes:       map[ast.Node]*types.Scope{},
		Selections:   map[*ast.SelectorExpr]*types.Selection{},
		FileVersions: map[*ast.File]string{},
	}
}

// importer gives a package the types of those that it imports.
type importer struct {
	c *closure
	u *unit
}

// Import implements types.Importer.
func (i importer) Import(path string) (*types.Package, error) {
	if path == "unsafe" {
		return types.Unsafe, nil
	}
	if path == "C" {
		return nil, fmt.Errorf("cgo is not analysed")
	}
	meta := i.u.meta.Imports[path]
	if meta == nil {
		return nil, fmt.Errorf("package %s was not listed", path)
	}
	if t := i.c.byID[meta.ID].types; t != nil {
		return t, nil
	}
	return nil, fmt.Errorf("package %s has no types", path)
}

func sortedKeys[V any](m map[string]V) []string {
	keys := make([]string, 0, len(m))
	for k := range m {
		keys = append(keys, k)
	}
	slices.Sort(keys)
	return keys
}
