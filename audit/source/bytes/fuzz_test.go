package bytes

import (
	"slices"
	"testing"
	"unicode/utf8"
)

// FuzzInspect shows any bytes under any name to all passes.
func FuzzInspect(f *testing.F) {
	for _, name := range []string{"a.go", "a.js", "a.py", "a.html", "a.lua", "a.md", "a.png", "Makefile", "noext"} {
		f.Add(name, []byte("package a // https://a.invalid \u202e\nvar \u0430b = \"1.2.3.4:5\""))
		f.Add(name, []byte("\xff\xfe\x2e\x20'\x00'\x00"))
		f.Add(name, []byte("'''\"\\"))
	}
	set := ruleSet(f)
	f.Fuzz(func(t *testing.T, name string, content []byte) {
		lang, known := set.Languages.Of(name)
		res := result{file: File{Path: name, Language: lang.Name, Place: set.Places.Of(name), Size: int64(len(content))}}
		inspect(&res, content, lang, known, true, set)
		for _, m := range res.marks {
			if m.Line < 1 || m.Column < 1 || m.Count < 1 {
				t.Errorf("mark %+v", m)
			}
		}
		for _, m := range res.mentions {
			if m.host == "" || m.Line < 1 || len(m.Text) > MaxMention {
				t.Errorf("mention %+v of %q", m.Mention, m.host)
			}
		}
	})
}

// FuzzLex checks that the spans of every lexer cover a file without gap or overlap.
func FuzzLex(f *testing.F) {
	f.Add([]byte("a /* b */ 'c' `d` # e\n-- f ; \"g\\\"\" <!-- h -->"))
	f.Fuzz(func(t *testing.T, content []byte) {
		for _, name := range []string{"c", "hash", "dash", "lisp", "quote", "markup", "plain"} {
			end := 0
			for _, s := range lex(content, syntaxOf(name)) {
				if s.end < end {
					t.Fatalf("%s: a span ends at %d after %d", name, s.end, end)
				}
				end = s.end
			}
			if end != len(content) {
				t.Fatalf("%s: spans end at %d of %d", name, end, len(content))
			}
		}
	})
}

// FuzzSkeleton checks that a skeleton is its own skeleton, and as many runes long.
func FuzzSkeleton(f *testing.F) {
	f.Add("p\u0430yload")
	f.Add("\U0001d41a\uff21")
	set := ruleSet(f)
	f.Fuzz(func(t *testing.T, word string) {
		s, changed := set.Confusables.Skeleton(word)
		again, more := set.Confusables.Skeleton(s)
		if more || again != s || !changed && utf8.ValidString(word) && s != word {
			t.Errorf("%q: skeleton %q, of that %q", word, s, again)
		}
		if utf8.RuneCountInString(s) != utf8.RuneCountInString(word) {
			t.Errorf("%q: skeleton %q has another length", word, s)
		}
		if scripts := set.Confusables.Scripts(word); !slices.IsSorted(scripts) {
			t.Errorf("scripts %v", scripts)
		}
	})
}
