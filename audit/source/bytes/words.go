package bytes

import "unicode/utf8"

// words looks at the names in the code of a language that has no scanner here.
func (d *document) words() {
	if d.spans == nil {
		d.spans = lex(d.content, syntaxOf(d.lang.Lexer))
	}
	start := 0
	for _, s := range d.spans {
		if s.kind == inCode {
			d.wordsIn(start, s.end)
		}
		start = s.end
	}
}

func (d *document) wordsIn(start, end int) {
	for i := start; i < end; {
		r, n := utf8.DecodeRune(d.content[i:end])
		if !isWordRune(r) || r == utf8.RuneError {
			i += n
			continue
		}
		j, wide := i, false
		for j < end {
			r, n := utf8.DecodeRune(d.content[j:end])
			if !isWordRune(r) || r == utf8.RuneError && n == 1 {
				break
			}
			wide = wide || r >= utf8.RuneSelf
			j += n
		}
		if wide {
			d.identifier(string(d.content[i:j]), i)
		}
		i = j
	}
}

// identifier judges one name that has letters beyond ASCII. It is reported when
// it is drawn like another name of the file, or when it mixes scripts, or when
// all of it is drawn like an ASCII name. Letters that mathematics uses for itself
// need a longer name to count.
func (d *document) identifier(name string, offset int) {
	letters := &d.set.Confusables
	reads, changed := letters.Skeleton(name)
	if !changed {
		return
	}
	for i := range d.res.identifiers {
		if d.res.identifiers[i].Name == name {
			d.res.identifiers[i].Count++
			return
		}
	}
	n, strong := utf8.RuneCountInString(name), letters.Strong(name)
	ascii := isASCII(reads)
	twin := ascii && containsWord(d.content, reads) && (strong || n > 1)
	scripts := letters.Scripts(name)
	mixed := len(scripts) > 1 && (strong || n > 3)
	whole := ascii && n > 1 && strong
	if !twin && !mixed && !whole {
		return
	}
	line, _ := d.position(offset)
	d.res.identifiers = append(d.res.identifiers, Identifier{
		File: d.res.file.Path, Place: d.res.file.Place, Line: line,
		Name: name, Reads: reads, Scripts: scripts, Twin: twin, Count: 1,
	})
}
