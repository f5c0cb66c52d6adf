package rules

import (
	"fmt"
	"strconv"
	"strings"
	"unicode"
)

// Confusables maps letters onto the ASCII letter that they are drawn like.
type Confusables struct {
	ascii map[rune]byte
	weak  map[rune]bool
	math  [2]rune
}

// ASCII is the letter that r is drawn like.
func (c *Confusables) ASCII(r rune) (byte, bool) {
	if r < 0x80 {
		return 0, false
	}
	if c.math[0] <= r && r <= c.math[1] {
		i := (r - c.math[0]) % 52
		if i < 26 {
			return 'A' + byte(i), true
		}
		return 'a' + byte(i-26), true
	}
	b, ok := c.ascii[r]
	return b, ok
}

// Skeleton is word with every look-alike replaced, and whether any was.
func (c *Confusables) Skeleton(word string) (string, bool) {
	var b strings.Builder
	changed := false
	for _, r := range word {
		if a, ok := c.ASCII(r); ok {
			b.WriteByte(a)
			changed = true
			continue
		}
		b.WriteRune(r)
	}
	return b.String(), changed
}

// Strong reports that word has a look-alike that is more than a mathematician's
// letter.
func (c *Confusables) Strong(word string) bool {
	for _, r := range word {
		if _, ok := c.ASCII(r); ok && !c.weak[r] {
			return true
		}
	}
	return false
}

// Scripts are the scripts of the letters of word, sorted; digits, marks and
// underscores belong to none, and the scripts that Japanese and Korean mix by
// habit count as one.
func (c *Confusables) Scripts(word string) []string {
	var found []string
	for _, s := range scripts {
		for _, r := range word {
			if unicode.IsLetter(r) && unicode.Is(s.table, r) {
				if len(found) == 0 || found[len(found)-1] != s.name {
					found = append(found, s.name)
				}
				break
			}
		}
	}
	return found
}

// scripts are those whose letters are mixed into identifiers to deceive, and the
// common ones beside them; same names stand together.
var scripts = [...]struct {
	name  string
	table *unicode.RangeTable
}{
	{"Arabic", unicode.Arabic},
	{"Armenian", unicode.Armenian},
	{"Cherokee", unicode.Cherokee},
	{"Coptic", unicode.Coptic},
	{"Cyrillic", unicode.Cyrillic},
	{"Devanagari", unicode.Devanagari},
	{"East Asian", unicode.Han},
	{"East Asian", unicode.Hangul},
	{"East Asian", unicode.Hiragana},
	{"East Asian", unicode.Katakana},
	{"Georgian", unicode.Georgian},
	{"Greek", unicode.Greek},
	{"Hebrew", unicode.Hebrew},
	{"Latin", unicode.Latin},
	{"Lisu", unicode.Lisu},
	{"Thai", unicode.Thai},
}

func (c *Confusables) line(text string) error {
	f := strings.Fields(text)
	if c.ascii == nil {
		c.ascii, c.weak = map[rune]byte{}, map[rune]bool{}
	}
	if len(f) < 3 {
		return fmt.Errorf("want LETTER SCRIPT U+XXXX, not %q", text)
	}
	switch f[0] {
	case "weak":
		return c.runes(f[2:], func(_ int, r rune) error {
			if _, ok := c.ascii[r]; !ok {
				return fmt.Errorf("%U is weak and stands for nothing", r)
			}
			c.weak[r] = true
			return nil
		})
	case "math":
		return c.runes(f[1:], func(i int, r rune) error { c.math[i%2] = r; return nil })
	case "range":
		if len(f) != 4 {
			return fmt.Errorf("want range SCRIPT U+FIRST LETTERS, not %q", text)
		}
		return c.runes(f[2:3], func(_ int, first rune) error {
			for i := range len(f[3]) {
				c.ascii[first+rune(i)] = f[3][i]
			}
			return nil
		})
	}
	if len(f[0]) != 1 {
		return fmt.Errorf("letter %q is not one ASCII letter", f[0])
	}
	return c.runes(f[2:], func(_ int, r rune) error {
		if old, ok := c.ascii[r]; ok {
			return fmt.Errorf("%U stands for %c and %s", r, old, f[0])
		}
		c.ascii[r] = f[0][0]
		return nil
	})
}

func (c *Confusables) runes(words []string, each func(int, rune) error) error {
	for i, w := range words {
		hex, ok := strings.CutPrefix(w, "U+")
		n, err := strconv.ParseUint(hex, 16, 21)
		if !ok || err != nil {
			return fmt.Errorf("code point %q: want U+XXXX", w)
		}
		if err := each(i, rune(n)); err != nil {
			return err
		}
	}
	return nil
}
