package bytes

import (
	"go/parser"
	"go/scanner"
	"go/token"
	"net/netip"
	"slices"
	"strconv"
	"strings"
	"unicode/utf8"
)

// golang goes over a Go file token by token: names, string literals, comments.
func (d *document) golang() {
	d.imports()
	fset := token.NewFileSet()
	file := fset.AddFile("", -1, len(d.content))
	var s scanner.Scanner
	// What does not scan is skipped byte by byte by the scanner itself; the link
	// pass names the file if it was to be compiled.
	s.Init(file, d.content, nil, scanner.ScanComments)
	for {
		pos, tok, lit := s.Scan()
		switch tok {
		case token.EOF:
			return
		case token.IDENT:
			if d.wide && !isASCII(lit) {
				d.identifier(lit, file.Offset(pos))
			}
		case token.STRING:
			d.literal(lit, file.Offset(pos))
		case token.COMMENT:
			d.urlsIn(lit, file.Offset(pos), inComment)
		}
	}
}

// imports reads the package clause and the imports.
func (d *document) imports() {
	f, err := parser.ParseFile(token.NewFileSet(), "", d.content, parser.ImportsOnly|parser.SkipObjectResolution)
	if f == nil || err != nil {
		return
	}
	d.res.file.Package = f.Name.Name
	for _, imp := range f.Imports {
		if path, err := strconv.Unquote(imp.Path.Value); err == nil {
			d.res.file.Imports = append(d.res.file.Imports, path)
		}
	}
	slices.Sort(d.res.file.Imports)
}

func isASCII(s string) bool {
	for i := range len(s) {
		if s[i] >= utf8.RuneSelf {
			return false
		}
	}
	return true
}

// literal looks at one string literal: URLs in it, or a host that is all of it.
func (d *document) literal(lit string, offset int) {
	if strings.IndexByte(lit, '.') < 0 && strings.IndexByte(lit, ':') < 0 && strings.IndexByte(lit, '\\') < 0 {
		return
	}
	text, err := strconv.Unquote(lit)
	if err != nil {
		return
	}
	if d.urlsIn(text, offset, inString) > 0 || len(text) > 255 {
		return
	}
	if host, ok := d.bareHost(text); ok {
		d.add(host, "", text, offset, inString)
	}
}

// urlsIn mentions the URLs of a piece of text that stands at an offset.
func (d *document) urlsIn(text string, offset int, where spanKind) int {
	n := 0
	for i := 0; ; {
		j := strings.Index(text[i:], "://")
		if j < 0 {
			return n
		}
		at := i + j
		i = at + len("://")
		start := schemeStart([]byte(text[:at]), at)
		if start == at {
			continue
		}
		n++
		d.mention(text[start:urlEnd([]byte(text), i)], min(offset+start, len(d.content)), where)
	}
}

// bareHost is the host, if a whole literal is one: an address, a name with a
// port, or a name under a common top-level domain.
func (d *document) bareHost(text string) (string, bool) {
	if strings.ContainsAny(text, " /\\%$@") {
		return "", false
	}
	host, ok := hostOf(text)
	if !ok {
		addr, err := netip.ParseAddr(text)
		return addr.String(), err == nil && strings.Count(text, ":") >= 3
	}
	if _, err := netip.ParseAddr(host); err == nil || strings.Contains(text, ":") {
		return host, true
	}
	return host, host == text && d.set.Hosts.BareName(host)
}
