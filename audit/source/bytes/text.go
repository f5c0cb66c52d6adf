package bytes

import (
	"bytes"
	"fmt"
	"slices"
	"sort"
	"unicode"
	"unicode/utf16"
	"unicode/utf8"

	"github.com/proffer-audit/proffer/audit/source/rules"
)

// sniffed is how much of a file decides whether it is text.
const sniffed = 8 << 10

// looksLikeText reports whether content is text: no NUL and few other controls
// at its beginning.
func looksLikeText(content []byte) bool {
	head := content[:min(len(content), sniffed)]
	controls := 0
	for _, c := range head {
		if c == 0 {
			return false
		}
		if c < 0x20 && c != '\n' && c != '\r' && c != '\t' && c != '\f' && c != 0x1b && c != '\v' {
			controls++
		}
	}
	if controls*50 > len(head) {
		return false
	}
	return utf8.Valid(head) || mostlyValid(head)
}

// mostlyValid allows for a rune cut at the end, and for the odd Latin-1 letter.
func mostlyValid(head []byte) bool {
	bad := 0
	for i := 0; i < len(head); {
		r, n := utf8.DecodeRune(head[i:])
		if r == utf8.RuneError && n == 1 {
			bad++
		}
		i += n
	}
	return bad*20 <= len(head)
}

// decodeUTF16 is content as UTF-8, if a byte order mark says that it is UTF-16.
func decodeUTF16(content []byte) ([]byte, bool) {
	if len(content) < 4 || len(content)%2 != 0 {
		return nil, false
	}
	little := content[0] == 0xff && content[1] == 0xfe
	if !little && !(content[0] == 0xfe && content[1] == 0xff) {
		return nil, false
	}
	units := make([]uint16, 0, len(content)/2)
	for i := 2; i+1 < len(content); i += 2 {
		lo, hi := content[i], content[i+1]
		if !little {
			lo, hi = hi, lo
		}
		units = append(units, uint16(lo)|uint16(hi)<<8)
	}
	return []byte(string(utf16.Decode(units))), true
}

// document is one text file on its way through the passes.
type document struct {
	res     *result
	content []byte
	lang    rules.Language
	built   bool
	set     *rules.Set
	spans   []span // by need
	lines   []int  // offsets of line beginnings, by need
	wide    bool   // has runes beyond ASCII
}

// where is what stands at an offset.
func (d *document) where(offset int) spanKind {
	if d.spans == nil {
		d.spans = lex(d.content, syntaxOf(d.lang.Lexer))
	}
	i := sort.Search(len(d.spans), func(i int) bool { return d.spans[i].end > offset })
	if i == len(d.spans) {
		return inText
	}
	return d.spans[i].kind
}

// position is the line and column of an offset, both from 1.
func (d *document) position(offset int) (line, column int) {
	if d.lines == nil {
		d.lines = []int{0}
		for i, c := range d.content {
			if c == '\n' {
				d.lines = append(d.lines, i+1)
			}
		}
	}
	i := sort.SearchInts(d.lines, offset+1) - 1
	return i + 1, offset - d.lines[i] + 1
}

func (d *document) hasNonASCII() bool {
	for _, c := range d.content {
		if c >= utf8.RuneSelf {
			d.wide = true
			break
		}
	}
	return d.wide
}

// runes looks for bidi controls and invisible characters.
func (d *document) runes() {
	var bidi, invisible *Mark
	before := rune(0)
	for i := 0; i < len(d.content); {
		if c := d.content[i]; c < utf8.RuneSelf {
			before = rune(c)
			i++
			continue
		}
		r, n := utf8.DecodeRune(d.content[i:])
		switch {
		case isBidi(r):
			bidi = d.mark(bidi, "bidi", i, r)
		case isInvisible(r) && !(r == 0xFEFF && i == 0) && !joinsLetters(before, r):
			invisible = d.mark(invisible, "invisible", i, r)
		}
		before = r
		i += n
	}
	for _, m := range []*Mark{bidi, invisible} {
		if m != nil {
			slices.Sort(m.Runes)
			d.res.marks = append(d.res.marks, *m)
		}
	}
}

func (d *document) mark(m *Mark, kind string, offset int, r rune) *Mark {
	if m == nil {
		m = &Mark{Kind: kind, File: d.res.file.Path, Place: d.res.file.Place, Where: d.where(offset).String(), Runes: []string{}}
		m.Line, m.Column = d.position(offset)
	}
	m.Count++
	if name := fmt.Sprintf("U+%04X", r); r != 0 && !slices.Contains(m.Runes, name) {
		m.Runes = append(m.Runes, name)
	}
	return m
}

// isBidi reports the nine controls that change the direction in which text is
// shown.
func isBidi(r rune) bool {
	return 0x202A <= r && r <= 0x202E || 0x2066 <= r && r <= 0x2069
}

// isInvisible reports characters that take no room, or whose room is empty, and
// that no programming language needs.
func isInvisible(r rune) bool {
	switch {
	case 0x200B <= r && r <= 0x200F, 0x2060 <= r && r <= 0x2065, 0x206A <= r && r <= 0x206F,
		0xFFF9 <= r && r <= 0xFFFB, 0xE0000 <= r && r <= 0xE01EF:
		return true
	}
	switch r {
	case 0x00AD, 0x034F, 0x061C, 0x115F, 0x1160, 0x17B4, 0x17B5, 0x180E, 0x2028, 0x2029, 0x2800, 0x3164, 0xFEFF, 0xFFA0:
		return true
	}
	return false
}

// joinsLetters reports a zero-width joiner or non-joiner that shapes the script
// of the letter before it, or joins two emoji.
func joinsLetters(before, r rune) bool {
	if r != 0x200C && r != 0x200D {
		return false
	}
	return before == 0xFE0F || before >= 0x1F000 || before >= 0x0590 && (unicode.IsLetter(before) || unicode.IsMark(before))
}

// hiddenColumns is how far code must be pushed to the right of other code to
// count as hidden; hiddenIndent the same for a line that begins with the gap,
// where deep nesting is no trick.
const (
	hiddenColumns = 120
	hiddenIndent  = 240
)

// encodedRun is how long a run of base64 or hexadecimal digits must be to be
// looked into.
const encodedRun = 4096

// runs looks for long blanks before anything but a comment, and for long runs of encoded matter.
func (d *document) runs() {
	var blank *Mark
	code := d.lang.Kind == "code" || d.lang.Kind == "build"
	column, gap, digits := 0, 0, 0
	for i, c := range d.content {
		if isDigit64(c) {
			digits++
		} else {
			if digits >= encodedRun {
				d.encoded(i-digits, i)
			}
			digits = 0
		}
		switch c {
		case '\n', '\r':
			column, gap = 0, 0
			continue
		case ' ':
			gap++
			column++
			continue
		case '\t':
			step := 8 - column%8
			gap += step
			column += step
			continue
		}
		if gap >= hiddenColumns && code && (gap < column || gap >= hiddenIndent) && d.where(i) != inComment {
			blank = d.mark(blank, "blank", i, 0)
		}
		gap = 0
		column++
	}
	if digits >= encodedRun {
		d.encoded(len(d.content)-digits, len(d.content))
	}
	if blank != nil {
		d.res.marks = append(d.res.marks, *blank)
	}
}

// isDigit64 reports the characters of base64, its URL form, and hexadecimal.
func isDigit64(c byte) bool {
	return 'a' <= c && c <= 'z' || 'A' <= c && c <= 'Z' || '0' <= c && c <= '9' || c == '+' || c == '/' || c == '=' || c == '-' || c == '_'
}

// containsWord is the twin test's view of a file: whether an ASCII word occurs in it
// as a whole.
func containsWord(content []byte, word string) bool {
	for i := 0; ; {
		j := bytes.Index(content[i:], []byte(word))
		if j < 0 {
			return false
		}
		start, end := i+j, i+j+len(word)
		before, _ := utf8.DecodeLastRune(content[:start])
		after, _ := utf8.DecodeRune(content[end:])
		if !isWordRune(before) && !isWordRune(after) {
			return true
		}
		i = end
	}
}

func isWordRune(r rune) bool {
	return r == '_' || unicode.IsLetter(r) || unicode.IsDigit(r) || unicode.Is(unicode.Nl, r)
}
