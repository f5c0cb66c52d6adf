package rules

import (
	"encoding/hex"
	"fmt"
	"path"
	"slices"
	"strconv"
	"strings"
)

// A Language is what a file is written in.
type Language struct {
	Name  string
	Kind  string // code, build, markup, data or doc
	Lexer string // go, c, hash, dash, lisp, quote, markup or plain
}

// Languages knows a file's language by its name.
type Languages struct{ by map[string]Language }

// Of is the language of the file; ok is false for a name that says nothing.
func (l *Languages) Of(file string) (Language, bool) {
	base := strings.ToLower(path.Base(file))
	if lang, ok := l.by[base]; ok {
		return lang, true
	}
	if lang, ok := l.by[path.Ext(base)]; ok && path.Ext(base) != "" {
		return lang, true
	}
	stem, _, _ := strings.Cut(base, ".")
	stem, _, _ = strings.Cut(stem, "-")
	if lang, ok := l.by[stem]; ok && lang.Kind == "doc" {
		return lang, true
	}
	return Language{}, false
}

func (l *Languages) line(text string) error {
	f := strings.Fields(text)
	if len(f) < 4 {
		return fmt.Errorf("want NAME KIND LEXER .ext…, not %q", text)
	}
	if l.by == nil {
		l.by = map[string]Language{}
	}
	for _, key := range f[3:] {
		if old, ok := l.by[key]; ok {
			return fmt.Errorf("%s is %s and %s", key, old.Name, f[0])
		}
		l.by[key] = Language{Name: f[0], Kind: f[1], Lexer: f[2]}
	}
	return nil
}

// Place is where a file stands: "code", "test" or "doc".
type Place = string

// Places knows a file's place by its path.
type Places struct{ rules []placeRule }

type placeRule struct {
	place, kind string
	words       []string
}

// Of is the place of the file.
func (p *Places) Of(file string) Place {
	dir, base := path.Split(strings.ToLower(file))
	dirs := strings.Split(strings.Trim(dir, "/"), "/")
	for _, r := range p.rules {
		for _, w := range r.words {
			switch r.kind {
			case "dir":
				if slices.Contains(dirs, w) {
					return r.place
				}
			case "suffix":
				if strings.HasSuffix(base, w) {
					return r.place
				}
			case "name":
				if stem, _, _ := strings.Cut(base, "."); stem == w || strings.HasPrefix(stem, w+"-") {
					return r.place
				}
			}
		}
	}
	return "code"
}

func (p *Places) line(text string) error {
	f := strings.Fields(text)
	if len(f) < 3 || !slices.Contains([]string{"dir", "suffix", "name"}, f[1]) {
		return fmt.Errorf("want PLACE dir|suffix|name WORD…, not %q", text)
	}
	p.rules = append(p.rules, placeRule{f[0], f[1], f[2:]})
	return nil
}

// Type is what the first bytes of a file say.
type Type struct {
	Class string // exec, archive, media or font
	Name  string
}

// Magic knows a file's type by its first bytes.
type Magic struct {
	rules []magicRule
	ext   map[string][]Type
}

type magicRule struct {
	Type
	offset int
	want   []int // -1 matches any byte
}

// MagicBytes is how much of a file's beginning Of looks at.
const MagicBytes = 512

// Of is the type that head, the first bytes of a file, shows.
func (m *Magic) Of(head []byte) (Type, bool) {
	for _, r := range m.rules {
		if r.matches(head) {
			return r.Type, true
		}
	}
	return Type{}, false
}

// Claimed are the types that a file of that name says it is.
func (m *Magic) Claimed(file string) []Type { return m.ext[strings.ToLower(path.Ext(file))] }

func (r magicRule) matches(head []byte) bool {
	if len(head) < r.offset+len(r.want) {
		return false
	}
	for i, w := range r.want {
		if w >= 0 && int(head[r.offset+i]) != w {
			return false
		}
	}
	return true
}

func (m *Magic) line(text string) error {
	f := strings.Fields(text)
	if len(f) < 4 || len(f[3])%2 != 0 {
		return fmt.Errorf("want CLASS NAME OFFSET HEX, not %q", text)
	}
	offset, err := strconv.Atoi(f[2])
	if err != nil {
		return fmt.Errorf("offset %q: %w", f[2], err)
	}
	r := magicRule{Type: Type{f[0], f[1]}, offset: offset}
	for i := 0; i < len(f[3]); i += 2 {
		if f[3][i:i+2] == "??" {
			r.want = append(r.want, -1)
			continue
		}
		b, err := hex.DecodeString(f[3][i : i+2])
		if err != nil {
			return fmt.Errorf("byte %q: %w", f[3][i:i+2], err)
		}
		r.want = append(r.want, int(b[0]))
	}
	m.rules = append(m.rules, r)
	for _, ext := range f[4:] {
		if m.ext == nil {
			m.ext = map[string][]Type{}
		}
		m.ext[ext] = append(m.ext[ext], r.Type)
	}
	return nil
}
