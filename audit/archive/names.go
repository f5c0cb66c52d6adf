package archive

import (
	"fmt"
	"path"
	"strings"
	"unicode"
	"unicode/utf8"

	"golang.org/x/text/unicode/norm"
)

const (
	maxName      = 4096 // bytes of a path that can be created everywhere on Linux
	maxComponent = 255
)

// cleaned turns a name as an archive gives it into a safe relative path, with
// the classes of what was wrong with it. A trailing slash is dropped: the
// caller knows that it names a directory.
func cleaned(raw string) (clean string, escaped bool, classes []string) {
	name := strings.TrimSuffix(raw, "/")
	name = strings.TrimPrefix(name, "./")
	classes, escaped = judge(name)
	if escaped {
		name = escape(name)
	}
	clean = path.Clean(name)
	if name == "" {
		clean = "."
	}
	return clean, escaped, classes
}

// judge lists what is wrong with a name, and whether it must not be used as a
// path at all.
func judge(name string) (classes []string, unusable bool) {
	bad := func(class string, use bool) {
		classes = append(classes, class)
		unusable = unusable || !use
	}
	if strings.HasPrefix(name, "/") {
		bad(NameAbsolute, false)
	}
	if hasDotDot(name) || strings.ContainsRune(name, '\\') && hasDotDot(strings.ReplaceAll(name, `\`, "/")) {
		bad(NameDotDot, false)
	}
	if strings.ContainsRune(name, '\\') {
		bad(NameBackslash, false)
	}
	if strings.ContainsRune(name, 0) {
		bad(NameNUL, false)
	} else if strings.ContainsFunc(name, unicode.IsControl) {
		bad(NameControl, false)
	}
	if len(name) > 1 && name[1] == ':' && (name[0]|0x20 >= 'a' && name[0]|0x20 <= 'z') {
		bad(NameDrive, false)
	}
	if !utf8.ValidString(name) {
		bad(NameEncoding, false)
	}
	if len(name) > maxName || longestComponent(name) > maxComponent {
		bad(NameLong, false)
	}
	if reserved(name) {
		bad(NameReserved, true)
	}
	if !unusable && name != "" && name != "." && path.Clean(name) != name {
		bad(NameUnclean, true)
	}
	return classes, unusable
}

func hasDotDot(name string) bool {
	return strings.Contains(name, "..") && components(name, func(c string) bool { return c == ".." })
}

// components reports whether any component of name satisfies f.
func components(name string, f func(string) bool) bool {
	for c := range strings.SplitSeq(name, "/") {
		if f(c) {
			return true
		}
	}
	return false
}

func longestComponent(name string) int {
	n := 0
	components(name, func(c string) bool { n = max(n, len(c)); return false })
	return n
}

// reserved reports whether a component is a device, or no name at all, on
// Windows.
func reserved(name string) bool {
	return components(name, func(c string) bool {
		if c == "" || c == "." || c == ".." {
			return false
		}
		if strings.ContainsAny(c, `<>:"|?*`) || strings.HasSuffix(c, ".") || strings.HasSuffix(c, " ") {
			return true
		}
		stem, _, _ := strings.Cut(c, ".")
		return reservedStem(strings.TrimRight(stem, " "))
	})
}

func reservedStem(stem string) bool {
	if len(stem) < 3 || len(stem) > 7 {
		return false
	}
	switch s := strings.ToUpper(stem); s {
	case "CON", "PRN", "AUX", "NUL", "CONIN$", "CONOUT$":
		return true
	default:
		digit, port := strings.CutPrefix(s, "COM")
		if !port {
			digit, port = strings.CutPrefix(s, "LPT")
		}
		return port && (len(digit) == 1 && digit[0] >= '0' && digit[0] <= '9' ||
			digit == "¹" || digit == "²" || digit == "³")
	}
}

// escape makes a name harmless and keeps it readable: what must not stand in a
// path is written as %XX.
func escape(name string) string {
	var b strings.Builder
	for i, c := range strings.Split(name, "/") {
		if i > 0 {
			b.WriteByte('/')
		}
		switch {
		case c == ".." || c == "" || c == ".":
			b.WriteString(percent(c, true))
		default:
			b.WriteString(percent(c, false))
		}
	}
	// A leading slash became an empty first component.
	if s := b.String(); !strings.HasPrefix(s, "/") {
		return s
	}
	return "%2F" + strings.TrimLeft(b.String(), "/")
}

func percent(c string, all bool) string {
	var b strings.Builder
	for i := 0; i < len(c); {
		r, n := utf8.DecodeRuneInString(c[i:])
		if all || r == '%' || r == '\\' || r == ':' || unicode.IsControl(r) || r == utf8.RuneError && n == 1 {
			for _, x := range []byte(c[i : i+n]) {
				fmt.Fprintf(&b, "%%%02X", x)
			}
		} else {
			b.WriteString(c[i : i+n])
		}
		i += n
	}
	return b.String()
}

// names remembers what an archive has named so far, to notice that two names
// are one on some file system.
type names struct {
	seen map[string]named // by folded NFC form
	told map[string]bool  // directories whose collision was reported
}

type named struct {
	path string
	dir  bool
}

func newNames() *names { return &names{seen: map[string]named{}, told: map[string]bool{}} }

// add books a path and returns the class of what it collides with, and with
// which earlier path.
func (s *names) add(p string, dir bool) (class, with string) {
	key := folded(p)
	old, ok := s.seen[key]
	if ok && !(old.path == p && old.dir && dir) {
		return collision(old, named{p, dir}), old.path
	}
	if !ok {
		s.seen[key] = named{p, dir}
	}
	for parent := path.Dir(p); parent != "."; parent = path.Dir(parent) {
		key := folded(parent)
		old, ok := s.seen[key]
		if ok && old.path == parent && old.dir {
			break // so are its own parents
		}
		if ok && s.told[parent] {
			break
		}
		if ok {
			s.told[parent] = true
			return collision(old, named{parent, true}), old.path
		}
		s.seen[key] = named{parent, true}
	}
	return "", ""
}

func collision(a, b named) string {
	switch {
	case a.path == b.path && a.dir != b.dir:
		return FileAndDirectory
	case a.path == b.path:
		return Duplicate
	case norm.NFC.String(a.path) == norm.NFC.String(b.path):
		return DuplicateNFC
	default:
		return DuplicateCase
	}
}

// folded is the form under which file systems that ignore case and Unicode
// normalisation compare names.
func folded(p string) string {
	ascii := true
	upper := false
	for i := range len(p) {
		if p[i] >= utf8.RuneSelf {
			ascii = false
			break
		}
		upper = upper || p[i] >= 'A' && p[i] <= 'Z'
	}
	if ascii && !upper {
		return p
	}
	if ascii {
		return strings.ToLower(p)
	}
	return norm.NFC.String(strings.Map(foldRune, norm.NFC.String(p)))
}

// foldRune is the smallest rune of r's case-folding orbit, the same for every
// rune of the orbit; ASCII letters become lower case as in the fast path.
func foldRune(r rune) rune {
	least := r
	for f := unicode.SimpleFold(r); f != r; f = unicode.SimpleFold(f) {
		least = min(least, f)
	}
	if least >= 'A' && least <= 'Z' {
		return least + 'a' - 'A'
	}
	return least
}
