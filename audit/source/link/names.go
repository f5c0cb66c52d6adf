package link

import (
	"go/token"
	"path/filepath"
	"strings"

	"golang.org/x/tools/go/packages"
)

// namer gives files names that are the same on every machine.
type namer struct {
	source, main, goroot, cache string
}

func newNamer(req Request) namer {
	clean := func(p string) string {
		if p == "" {
			return ""
		}
		return filepath.Clean(p) + string(filepath.Separator)
	}
	return namer{
		source: clean(req.Source),
		main:   clean(filepath.Join(req.Source, filepath.FromSlash(req.Dir))),
		goroot: clean(req.GOROOT),
		cache:  clean(req.ModCache),
	}
}

// path is the name under which a file is reported. The main module comes first:
// its source may lie in GOROOT, or be all of it.
func (n namer) path(file string) string {
	if strings.HasPrefix(file, n.main) {
		rest, _ := n.inSource(file)
		return rest
	}
	for _, base := range []struct{ dir, name string }{{n.goroot, "$GOROOT/"}, {n.source, ""}, {n.cache, ""}} {
		if rest, ok := strings.CutPrefix(file, base.dir); ok && base.dir != "" {
			return base.name + filepath.ToSlash(rest)
		}
	}
	return filepath.Base(file)
}

// inSource is the path of a file below the source, if it is there.
func (n namer) inSource(file string) (string, bool) {
	rest, ok := strings.CutPrefix(file, n.source)
	return filepath.ToSlash(rest), ok
}

// scrub takes this machine's folders out of a message.
func (n namer) scrub(msg string) string {
	return strings.NewReplacer(n.source, "", n.goroot, "$GOROOT/", n.cache, "").Replace(msg)
}

// origin is where a package comes from, by its module and the folder that its
// files are in: a package that only bears a standard name is not of the standard
// library.
func (n namer) origin(p *packages.Package) origin {
	if p.PkgPath == "unsafe" {
		return standard
	}
	if p.Module != nil && !p.Module.Main {
		return module
	}
	dir := p.Dir
	if dir == "" && len(p.GoFiles) > 0 {
		dir = filepath.Dir(p.GoFiles[0])
	}
	dir += string(filepath.Separator)
	if rest, ok := strings.CutPrefix(dir, n.main); ok {
		if rest = "/" + filepath.ToSlash(rest); !strings.Contains(rest, "/vendor/") {
			return own
		}
		return module
	}
	std := n.goroot + filepath.FromSlash("src/")
	if rest, ok := strings.CutPrefix(dir, std); ok && !strings.HasPrefix(filepath.ToSlash(rest), "cmd/") {
		return standard
	}
	return module
}

// line is where a position is.
func (n namer) line(fset *token.FileSet, pos token.Pos) (string, int) {
	if !pos.IsValid() {
		return "", 0
	}
	// A //line directive is the vendor's word: the file itself is what is cited.
	p := fset.PositionFor(pos, false)
	return n.path(p.Filename), p.Line
}
